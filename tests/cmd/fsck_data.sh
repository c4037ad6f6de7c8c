#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fsck --data: the checksums of data besides. CLI 6.1.
. "$(dirname "$0")/fsck_lib.sh"

# Overwrites a byte of a sector by its complement.
spoil() { # IMAGE SECTOR
	local at=$(($2 * 512 + 100))
	printf "\\$(printf %o $((255 - $(od -An -tu1 -j $at -N 1 "$1"))))" |
		dd of="$1" bs=1 seek=$at conv=notrunc 2>/dev/null
}

# The copies of a file of 64 KiB in one extent: sets inum, and the sector on each member.
copies() {
	local key
	unpack 08-replicas2 >/dev/null
	inum=$(bcachefs stat --json dev0.img:dev1.img /sizes/t65536 | jq '.. | .inum? // empty' | head -n1)
	key=$(bcachefs list -b extents -s "$inum:0" -e "$inum:999" dev0.img dev1.img)
	first=$(sed -nE 's/.*ptr: 0:([0-9]+):([0-9]+) gen.*/\1 * 256 + \2/p' <<<"$key")
	second=$(sed -nE 's/.*ptr: 1:([0-9]+):([0-9]+) gen.*/\1 * 256 + \2/p' <<<"$key")
	[[ $first && $second ]] || fail "no such file: $key"
}

sound_data_is_status_0() {
	unpack 08-replicas2 >/dev/null
	run bcachefs fsck -n --data dev0.img dev1.img
	status 0
	no_err
	out ' 0 kinds of problems, 0 found'
	out '^dev1.img +3.95 MiB .* 100%  complete$'
	run bcachefs fsck -y --data --json dev0.img dev1.img
	status 0
	holds jq -es '.[1].bad_ranges == 0' "$work/out"
}

bad_data_is_named_by_path_and_an_error_that_is_left() {
	copies
	spoil dev1.img $((second))
	run bcachefs fsck -n dev0.img dev1.img
	status 0
	run bcachefs fsck -n --data dev0.img dev1.img
	status 4
	err ': still has errors$'
	out "^/sizes/t65536 \(subvolume 1, inode $inum\): bytes 0-65535: checksum, copy on dev1.img at sector $((second)) bad$"
	no_out LOST
	spoil dev0.img $((first))
	run bcachefs fsck -y --data --report=found dev0.img dev1.img
	status 4
	out "^/sizes/t65536 .* copy on dev0.img at sector $((first)) bad, LOST$"
	holds grep -q "^/sizes/t65536 .* copy on dev1.img at sector $((second)) bad, LOST$" found
}

keys_are_repaired_and_data_is_verified_in_one_go() {
	copies
	spoil dev1.img $((second))
	bcachefs kvdb --rw -c "update -q inodes 0:$inum:4294967295 bi_nlink=7" dev0.img dev1.img >/dev/null || fail kvdb
	run bcachefs fsck -y --data dev0.img dev1.img
	status 5
	out 'inode .* has wrong i_nlink'
	out "^/sizes/t65536 .* copy on dev1.img at sector $((second)) bad$"
	err ': errors fixed$'
	run bcachefs fsck -n dev0.img dev1.img
	status 0
}

cases
