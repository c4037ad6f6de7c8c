#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# device resize and resize-journal: members that grow and shrink, with what is in the way. CLI 8.8. What kernels make of the
# result: tests/vm/device.sh.
. "$(dirname "$0")/lib.sh"

unpacked() { # IMAGE
	rm -f -- *
	unpack "$1" >/dev/null
	rm -f manifest*
	devices=$(printf '%s\n' dev*.img | paste -sd:)
}

files() {
	bcachefs tar "$devices" / 2>/dev/null | sha256sum
}

# Nothing is to be repaired, and every counter and bucket is what a recount says.
whole() {
	run bcachefs fsck -n -q "$@" dev*.img
	status 0
	no_out
	[[ $# == 0 ]] || return 0
	run bcachefs fs usage --recount dev*.img
	status 0
}

# All is whole, and the files are what they were.
resized() { # FILES MESSAGE ARGUMENT...
	local before=$1 message=$2
	shift 2
	run bcachefs device resize "$@" "$devices"
	status 0
	no_out
	err "^$message$"
	whole
	holds test "$before" = "$(files)"
}

size() {
	stat -c %s "$1"
}

a_member_grows_and_shrinks_and_the_files_stay() {
	local name before
	for name in 03-mixed 06-snapshots 07-reflink 08-replicas2 09-targets 10-crash-b 14-quota; do
		unpacked "$name"
		before=$(files)
		resized "$before" 'dev0\.img: 300 MiB, was .*' --truncate dev0.img 300M
		holds test "$(size dev0.img)" = $((300 << 20))
		resized "$before" 'dev0\.img: 80\.0 MiB, was 300 MiB' --truncate 0 80M
		holds test "$(size dev0.img)" = $((80 << 20))
	done
}

what_lies_at_the_end_moves_away() {
	local before
	unpacked 03-mixed
	run bcachefs device resize --truncate 0 300M dev0.img
	head -c 100000000 /dev/urandom >data
	bcachefs put dev0.img data /first
	bcachefs put dev0.img data /second
	bcachefs rm dev0.img /first
	bcachefs device resize-journal 0 8M dev0.img
	before=$(files)
	resized "$before" 'dev0\.img: 160 MiB, was 300 MiB' --truncate 0 160M
	holds cmp data <(bcachefs cat dev0.img /second)
	run bcachefs show-super --all-copies dev0.img
	holds test "$(grep -c 'same as the default copy' "$work/out")" = 3
}

sizes_are_absolute_relative_least_and_most() {
	local before least
	unpacked 09-targets
	before=$(files)
	truncate -s 256M dev1.img
	resized "$before" 'dev1\.img: 256 MiB, was 128 MiB' hdd.b
	resized "$before" 'dev1\.img: 256 MiB already' hdd.b max
	resized "$before" 'dev1\.img: 192 MiB, was 256 MiB' dev1.img -64M
	resized "$before" 'dev1\.img: 224 MiB, was 192 MiB' dev1.img +32M
	holds test "$(size dev1.img)" = $((256 << 20))
	run bcachefs device resize --min hdd.b dev*.img
	status 0
	least=$(<"$work/out")
	resized "$before" 'dev1\.img: .*, was 224 MiB' --truncate dev1.img min
	holds test "$(size dev1.img)" = "$least"
	run bcachefs device resize dev1.img max dev*.img
	err 'already$'
}

what_cannot_be_is_refused() {
	local sum
	unpacked 03-mixed
	sum=$(sha256sum <dev0.img)
	run bcachefs device resize dev0.img 200M
	status 1
	err '^bcachefs: dev0\.img has 134217728 bytes only$'
	run bcachefs device resize dev0.img 10M
	status 1
	err '^bcachefs: dev0\.img: 10485760 bytes are too few, min 67108864$'
	run bcachefs device resize dev0.img -1T
	status 1
	err 'are too few'
	run bcachefs device resize dev0.img lots
	status 1
	err 'size: .*lots'
	run bcachefs device resize 3 64M dev0.img
	status 1
	err '3: no such member'
	holds test "$sum" = "$(sha256sum <dev0.img)"
	unpacked 139-fresh
	run bcachefs device resize dev0.img 64M
	status 1
	err 'version 1\.39; this program changes those up to 1\.28'
}

where_the_room_is_too_small_nothing_is_done() {
	local sum
	unpacked 03-mixed
	head -c 80000000 /dev/urandom >data
	bcachefs put dev0.img data /
	sum=$(sha256sum <dev0.img)
	run bcachefs device resize dev0.img 64M
	status 1
	err 'bytes are missing|no space|no room'
	holds test "$sum" = "$(sha256sum <dev0.img)"
}

data_goes_to_other_members_where_these_have_room() {
	local before
	unpacked 03-mixed
	head -c 80000000 /dev/urandom >data
	bcachefs put dev0.img data /
	image 200M dev1.img >/dev/null
	run bcachefs device add dev0.img dev1.img
	status 0
	devices=dev0.img:dev1.img
	before=$(files)
	resized "$before" 'dev0\.img: 64\.0 MiB, was 128 MiB' --truncate dev0.img 64M
}

a_journal_is_as_large_as_is_said() {
	local name before want
	for name in 03-mixed 08-replicas2 10-crash-b; do
		unpacked "$name"
		before=$(files)
		for want in 4M 1M 3M 16M; do
			run bcachefs device resize-journal dev0.img "$want" "$devices"
			status 0
			err "^dev0\\.img: journal of ${want%M}\\..* MiB, was "
			whole
			holds test "$before" = "$(files)"
		done
		run bcachefs device resize-journal dev0.img 16M "$devices"
		err 'journal of 16\.0 MiB already$'
		run bcachefs device resize-journal dev0.img 1K "$devices"
		err 'journal of 1\..* MiB, was 16\.0 MiB$'
		run bcachefs device resize-journal dev0.img 4G "$devices"
		status 1
		err '^bcachefs: dev0\.img: no room for a journal of 4294967296 bytes$'
		whole
	done
}

what_was_never_mounted_can_grow() {
	image 16M dev0.img >/dev/null
	bcachefs format -q --no_initialize --fs_size=10M dev0.img
	run bcachefs device resize dev0.img
	status 0
	err '^dev0\.img: 16\.0 MiB, was 10\.0 MiB$'
	run bcachefs device resize dev0.img 10M
	status 1
	err 'never mounted'
	run bcachefs device resize-journal dev0.img 1M
	status 1
	err 'never mounted'
}

an_encrypted_filesystem_wants_its_key() {
	image 64M dev0.img >/dev/null
	echo secret >secret
	bcachefs format -q --encrypted --passphrase_file=secret dev0.img
	run bcachefs device resize --passphrase_file=secret --truncate dev0.img 32M
	status 0
	err '^dev0\.img: 32\.0 MiB, was 64\.0 MiB$'
	whole --passphrase_file=secret
}

cases
