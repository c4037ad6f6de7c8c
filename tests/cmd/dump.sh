#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# dump: its options, what it does with damage, and that nothing half is left. CLI 7.3.
. "$(dirname "$0")/dump_lib.sh"

# Overwrites bytes: scribble FILE OFFSET BYTES
scribble() {
	printf '%s' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# The byte at which a leaf of a btree begins: leaf BTREE DEVICE
leaf() {
	local sector
	sector=$(bcachefs list -m nodes -b "$1" -n 1 "$2" 2>/dev/null |
		sed -n 's/.* ptr: 0:\([0-9]*\):\([0-9]*\) .*/\1 \2/p' | head -n 1)
	bucket=$(bcachefs show-super --json "$2" | grep -o '"bucket_size_bytes":[0-9]*' | head -n 1 | cut -d: -f2)
	[[ $sector ]] || fail "no leaf of $1"
	echo $((${sector% *} * bucket + ${sector#* } * 512))
}

ours=$(compgen -A function)

files_are_named_for_members_and_only_for_the_owner() {
	unpack 09-targets >names
	run bcachefs dump -o bug dev*.img
	status 0
	no_out
	err '^needs [0-9.]+ [KM]iB$'
	err '^wrote bug\.2\.qcow2$'
	holds test "$(stat -c %a bug.0.qcow2 bug.1.qcow2 bug.2.qcow2)" = $'600\n600\n600'
	run bcachefs dump -q -o one.qcow2 dev1.img
	status 0
	holds test -e one.qcow2
}

what_is_there_is_kept_without_force() {
	unpack 11-fresh >names
	echo mine >bug.qcow2
	run bcachefs dump -o bug dev0.img
	status 1
	err_is 'bcachefs: bug.qcow2 already exists'
	holds test "$(<bug.qcow2)" = mine
	run bcachefs dump -q -f -o bug dev0.img
	status 0
	run bcachefs show-super bug.qcow2
	status 0
}

a_dry_run_says_the_size_and_writes_nothing() {
	unpack 11-fresh >names
	run bcachefs dump -n --json -o bug dev0.img
	status 0
	holds test ! -e bug.qcow2
	size=$(grep -o '"size_bytes":[0-9]*' "$work/out" | cut -d: -f2)
	run bcachefs dump -n -o bug dev0.img
	out '^Btree nodes: *[0-9]+$'
	bcachefs dump -q -o bug dev0.img
	holds test "$size" = "$(stat -c %s bug.qcow2)"
}

standard_output_takes_one_member_as_qcow2_and_several_as_tar() {
	unpack 09-targets >names
	bcachefs dump -q -o files dev*.img
	bcachefs dump -q -o one dev1.img 2>/dev/null
	bcachefs dump -q -o - dev*.img 2>/dev/null >all.tar || fail 'no tar'
	bcachefs dump -q -o - dev1.img 2>/dev/null >one || fail 'no stream'
	holds cmp one one.qcow2
	mkdir there
	holds tar -C there -xf all.tar
	for nr in 0 1 2; do
		holds cmp there/*."$nr".qcow2 files."$nr".qcow2
	done
	run bcachefs dump --json -o - dev1.img
	status 2
	run bcachefs dump dev1.img
	status 2
	err 'Please supply output filename'
}

a_compressed_dump_is_the_same_and_says_how_to_open_it() {
	unpack 10-crash-d >names
	bcachefs dump -q -o bug dev0.img
	run bcachefs dump -q -o small.zst dev0.img
	status 0
	holds test "$(stat -c %a small.qcow2.zst)" = 600
	holds test "$(stat -c %s small.qcow2.zst)" -lt "$(($(stat -c %s bug.qcow2) / 2))"
	run bcachefs list small.qcow2.zst
	status 1
	err_is "bcachefs: small.qcow2.zst: is compressed; try 'zstd -d' first"
	run bcachefs undump small.qcow2.zst
	status 1
	err "try 'zstd -d'"
	zstd -qd small.qcow2.zst
	holds cmp small.qcow2 bug.qcow2
}

an_encrypted_one_needs_its_passphrase_and_can_go_without_it_afterwards() {
	unpack_image "$top/tests/images/05-encrypted"
	printf 'wrong\n' >wrong
	run bcachefs dump --passphrase_file=wrong -o bug dev0.img
	status 1
	err 'incorrect passphrase'
	holds test ! -e bug.qcow2
	seen dev0.img >want
	run bcachefs dump --no-passphrase --passphrase_file=pw -o bug dev0.img
	status 1
	err 'without the passphrase\. Go on\?'
	holds test ! -e bug.qcow2
	run bcachefs dump -q -y --no-passphrase --passphrase_file=pw -o bug dev0.img
	status 0
	mv wrong pw
	seen bug.qcow2 >have
	diff <(grep -a u64s want) <(grep -a u64s have) >&3 || fail 'not the same keys'
	run bcachefs unlock -c bug.qcow2
	status 0
}

the_journal_can_be_left_out_but_for_what_is_replayed() {
	local name
	for name in 10-crash-d 139-opt-change-crash 14-quota; do
		rm -f ./*
		unpack "$name" >names
		bcachefs list -a dev0.img >want 2>/dev/null
		bcachefs dump -q -o all dev0.img
		run bcachefs dump -q --nojournal --json -o less dev0.img
		status 0
		holds test "$(stat -c %s less.qcow2)" -lt "$(stat -c %s all.qcow2)"
		bcachefs list -a less.qcow2 >have 2>/dev/null
		cmp want have >&3 || fail "$name is not seen the same"
	done
}

one_copy_of_each_node_is_enough() {
	unpack 139-removed >names
	bcachefs list -a dev*.img >want
	bcachefs dump -q -o all dev*.img
	run bcachefs dump -q --single-replica -o one dev*.img
	status 0
	holds test "$(cat one.*.qcow2 | wc -c)" -lt "$(cat all.*.qcow2 | wc -c)"
	run bcachefs list -a one.*.qcow2
	status 0
	no_err
	cmp want "$work/out" >&3 || fail 'not the same keys'
	run bcachefs list -m nodes one.*.qcow2
	out 'ptr: none|ptr: 255|invalid'
}

a_degraded_one_is_dumped_as_far_as_it_is_there() {
	unpack 09-missing-degraded >names
	bcachefs list -a dev0.img >want 2>/dev/null
	run bcachefs dump -o bug dev0.img
	status 0
	err 'missing members'
	bcachefs list -a bug.qcow2 >have 2>/dev/null
	cmp want have >&3 || fail 'not the same keys'
}

a_damaged_node_is_dumped_as_it_is() {
	local at
	unpack 14-quota >names
	at=$(leaf dirents dev0.img)
	scribble dev0.img $((at + 130)) damage # in the header, with which the first set's checksum begins
	run bcachefs dump -o bug dev0.img
	status 0
	err 'btree node at sector [0-9]+ is damaged: it is dumped as it is'
	bcachefs undump -q bug.qcow2
	holds cmp <(dd if=bug bs=512 skip=$((at / 512)) count=64 2>/dev/null) \
		<(dd if=dev0.img bs=512 skip=$((at / 512)) count=64 2>/dev/null)
	run bcachefs dump -f -s=filenames -o bug dev0.img
	status 0
	err 'is damaged: what cannot be told apart is zeroes'
	run grep -c lost+found bug.qcow2
	status 1
}

what_is_left_over_is_dumped_but_not_in_one_that_is_sanitised() {
	local at
	unpack 14-quota >names
	at=$(leaf dirents dev0.img)
	size=$(bcachefs show-super --json dev0.img | grep -o '"btree_node_size_bytes":[0-9]*' | cut -d: -f2)
	scribble dev0.img $((at + ${size:-131072} - 512)) 'left over in a node'
	bcachefs dump -q -o bug dev0.img
	holds grep -qa 'left over in a node' bug.qcow2
	bcachefs dump -q -f -s -o bug dev0.img
	run grep -c 'left over in a node' bug.qcow2
	status 1
}

a_damaged_superblock_copy_is_dumped_as_it_is() {
	unpack 14-quota >names
	scribble dev0.img 5000 damage
	run bcachefs dump -o bug dev0.img
	status 0
	err 'superblock at sector 8 is damaged'
	bcachefs undump -q bug.qcow2
	holds cmp -n 65536 bug dev0.img
}

sanitising_says_so_in_every_superblock_and_keeps_names_where_only_data_is_hidden() {
	unpack 14-quota >names
	bcachefs list -b dirents dev0.img >want
	bcachefs dump -q -s -o data dev0.img
	bcachefs list -b dirents data.qcow2 >have
	holds cmp want have
	bcachefs dump -q --sanitize=filenames -o hidden dev0.img
	run bcachefs list -b dirents hidden.qcow2
	status 0
	no_err
	out ' ver 0: X+ -> '
	bcachefs undump -q hidden.qcow2
	run bcachefs show-super --all-copies hidden
	status 0
	for options in '-s=names' '-s=data --xattrs' '--xattrs'; do
		run bcachefs dump $options -o bug dev0.img
		status 2
	done
}

lost_roots_are_looked_for_where_that_is_wanted() {
	unpack 14-quota >names
	at=$(leaf dirents dev0.img)
	bcachefs list -b inodes dev0.img >want
	bcachefs dump -q --scan-nodes -o bug dev0.img
	bcachefs list -b inodes bug.qcow2 >have
	holds cmp want have
}

a_failing_dump_leaves_no_file() {
	unpack 09-targets >names
	(ulimit -f 1000 && trap '' XFSZ && bcachefs dump -q -o bug dev*.img) 2>said && fail 'a full disk is no error'
	holds grep -q '^bcachefs: bug\.[0-2]\.qcow2' said
	holds test -z "$(compgen -G 'bug*')"
}

hostile_metadata_neither_crashes_nor_hangs_it() {
	local at i
	unpack 10-crash-d >names
	cp dev0.img whole
	for i in 1 2 3 4 5 6 7 8; do
		cp whole dev0.img
		at=$(leaf "$([[ $((i % 2)) = 0 ]] && echo extents || echo dirents)" dev0.img)
		head -c $((i * 700)) /dev/urandom | dd of=dev0.img bs=1 seek=$((at + i * 40)) conv=notrunc 2>/dev/null
		run timeout 60 "$program" dump -f -q -s=filenames --xattrs --single-replica -o bug dev0.img
		status 0
	done
}

cases
