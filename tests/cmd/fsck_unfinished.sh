#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fsck ends what a crash interrupted, as a mount does: snapshots that are being deleted, operations that are logged. CLI 6.1;
# format reference 04 §10.2, 07 §4.14, §4.25.
. "$(dirname "$0")/fsck_lib.sh"

MAX=18446744073709551615

# File r of 300,000 bytes, in pieces of 64 sectors, in the root (inode 4098) and in subvolume v (4099), of which s is a snapshot.
files() {
	image 64M dev0.img >/dev/null
	bcachefs format -q --block_size=4k --encoded_extent_max=32k dev0.img
	head -c 300000 /dev/urandom >r
	bcachefs put -q dev0.img r /
	bcachefs subvolume create dev0.img /v
	bcachefs put -q dev0.img r /v
	bcachefs subvolume snapshot dev0.img /v /s
	root=$(inum /r) v=$(inum /v/r)
}

inum() { # PATH
	bcachefs ls -i dev0.img "$1" | cut -d' ' -f1
}

# The operation is ended, $root or $v is as the file want then, and s has what it had.
ended() { # PATH
	repairs logged_op_but_clean
	run bcachefs cat dev0.img "$1"
	holds cmp want "$work/out"
	run bcachefs cat dev0.img /s/r
	holds cmp r "$work/out"
	run bcachefs kvdb -c 'list logged_ops 0:0 0:U64_MAX' dev0.img
	no_out
}

a_file_that_was_being_cut_is_cut() {
	files
	head -c 100001 r >want
	damage "set -q logged_ops 0:1 logged_op_truncate subvol=1 inum=$root new_i_size=100001"
	ended /r
	damage "set -q logged_ops 0:1 logged_op_truncate subvol=2 inum=$v new_i_size=100001"
	ended /v/r
}

a_range_that_was_being_inserted_is_there() {
	files
	{ head -c 45056 r && head -c 16384 /dev/zero && tail -c +45057 r; } >want
	damage "set -q logged_ops 0:1 logged_op_finsert subvol=1 inum=$root src_offset_sectors=88 dst_offset_sectors=120 pos_sectors=$MAX"
	ended /r
}

a_range_that_was_being_taken_out_is_gone() {
	files
	{ head -c 45056 r && tail -c +61441 r; } >want
	damage "set -q logged_ops 0:1 logged_op_finsert subvol=1 inum=$root src_offset_sectors=88 dst_offset_sectors=56 pos_sectors=88"
	ended /r
}

what_had_begun_is_gone_on_with_where_it_was() {
	files
	# the part behind 45056 + 131072 is already where it shall be
	{ head -c 45056 r && head -c 16384 /dev/zero && tail -c +45057 r; } >want
	damage "set -q logged_ops 0:1 logged_op_finsert subvol=1 inum=$root src_offset_sectors=88 dst_offset_sectors=120 pos_sectors=$MAX"
	bcachefs fsck -qy dev0.img >/dev/null
	damage "set -q logged_ops 0:1 logged_op_finsert state=2 subvol=1 inum=$root src_offset_sectors=88 dst_offset_sectors=120"
	ended /r
}

data_that_a_snapshot_shares_is_not_moved() {
	files
	cp r want
	damage "set -q logged_ops 0:1 logged_op_finsert subvol=2 inum=$v src_offset_sectors=88 dst_offset_sectors=120 pos_sectors=$MAX"
	ended /v/r
}

an_operation_on_what_is_gone_or_impossible_goes() {
	files
	cp r want
	damage "set -q logged_ops 0:1 logged_op_truncate subvol=9 inum=$root new_i_size=1" \
		"set -q logged_ops 0:2 logged_op_truncate subvol=1 inum=77777 new_i_size=1" \
		"set -q logged_ops 0:3 logged_op_truncate subvol=1 inum=$root new_i_size=$MAX" \
		"set -q logged_ops 0:4 logged_op_finsert state=1 subvol=1 inum=$root src_offset_sectors=$MAX dst_offset_sectors=1" \
		"set -q logged_ops 0:5 logged_op_finsert state=7 subvol=1 inum=$root src_offset_sectors=8 dst_offset_sectors=16"
	ended /r
}

dead_snapshots_are_taken_away_without_a_word() {
	unpack 06-snapdel-crash >/dev/null
	bcachefs tar dev0.img / >before.tar
	bcachefs list -b snapshots dev0.img >nodes
	holds test "$(grep -c 'deleted 1' nodes)" = 2
	run bcachefs fsck -n dev0.img
	status 0
	bcachefs list -b snapshots dev0.img | holds cmp nodes -
	run bcachefs fsck -y dev0.img
	status 0
	out ': 0 kinds of problems, 0 found, 0 repaired, 0 left$'
	# what a kernel leaves
	run bcachefs kvdb -c 'list -k snapshots' dev0.img
	out_is "$(for id in 79 81 82 83 87 88 93 94 95; do
		echo "u64s 12 type snapshot 0:42949672$id:0 len 0 ver 0"
	done)"
	sound
	bcachefs tar dev0.img / >after.tar
	holds cmp before.tar after.tar
}

# What a removal leaves until the next mount: no name, and a mark.
a_subvolume_that_was_removed_and_is_still_there_does_not_keep_it_from_an_end() {
	unpack 06-snapshots >/dev/null
	bcachefs kvdb --rw -c 'delete -q dirents 4096:8800441625394303276' dev0.img
	bcachefs kvdb --rw -c 'delete -q subvolume_children 1:4' dev0.img
	bcachefs kvdb --rw -c 'update -q subvolumes 0:4 fs_path_parent=0 flags=7' dev0.img
	run bcachefs fsck -q -y dev0.img
	no_err
	[[ $got == [01] ]] || fail 'exit status 0 or 1 wanted'
	run bcachefs fsck -q -n dev0.img
	status 0
}

cases
