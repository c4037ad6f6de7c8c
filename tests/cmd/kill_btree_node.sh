#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill_btree_node: the nodes that are named get unreadable, and no other byte changes. CLI 7.4.
. "$(dirname "$0")/lib.sh"

mixed() {
	unpack 03-mixed >/dev/null
	cp dev0.img before.img
}

changed_bytes() {
	cmp -l before.img dev0.img | wc -l
}

a_node_whose_first_block_is_zeroed_cannot_be_read() {
	mixed
	run bcachefs kill_btree_node -n dirents -f dev0.img
	status 0
	out_is 'dev0.img: sector 11264, 512 bytes at 0: btree dirents, level 0, node 0, up to SPOS_MAX'
	holds test "$(cmp -l before.img dev0.img | awk '{ b = int(($1 - 1) / 512); if (b != last) print b; last = b }')" = 11264
	run bcachefs list -b dirents dev0.img
	status 1
	err 'sector 11264: btree_node_bad_magic'
	run bcachefs list -b inodes dev0.img
	status 0
}

a_flipped_byte_is_found_by_the_checksum() {
	local kind
	for kind in csum keys; do
		mixed
		run bcachefs kill_btree_node -n inodes:0:0 -e $kind -f dev0.img
		status 0
		out '^dev0\.img: sector 10496, 1 byte at [0-9]+: btree inodes, level 0, node 0, up to SPOS_MAX$'
		holds test "$(changed_bytes)" = 1
		run bcachefs list -b inodes dev0.img
		err 'sector 10496: keys at byte 512: bset_bad_csum'
		rm ./*
	done
}

the_options_of_1_13_name_one_node() {
	mixed
	run bcachefs kill_btree_node -b inodes -l 0 -i 0 -e csum -f dev0.img
	status 0
	holds test "$(changed_bytes)" = 1
	run bcachefs kill_btree_node -b inodes -n dirents dev0.img
	status 2
	run bcachefs kill_btree_node dev0.img
	status 2
	err 'no node to kill'
}

several_nodes_go_at_once_on_one_member_or_all() {
	unpack 08-replicas2 >/dev/null
	cp dev0.img before0
	cp dev1.img before1
	run bcachefs kill_btree_node -n inodes -n dirents -d 1 -f dev0.img dev1.img
	status 0
	holds test "$(wc -l <"$work/out")" = 2
	holds cmp before0 dev0.img
	run bcachefs list -b inodes dev0.img dev1.img
	status 0
	run bcachefs kill_btree_node -n inodes -d 0 -f dev0.img dev1.img
	status 0
	run bcachefs list -b inodes dev0.img dev1.img
	status 1
}

what_keeps_the_damage_from_landing_is_an_error() {
	mixed
	run bcachefs kill_btree_node -n dirents -n inodes:0:7 -f dev0.img
	status 1
	err '^bcachefs: btree inodes, level 0, node 7: there is no such node$'
	run bcachefs kill_btree_node -n dirents -n dirents:0 -f dev0.img
	status 1
	err '^bcachefs: btree dirents, level 0, node 0: named twice$'
	run bcachefs kill_btree_node -n inodes:3 -f dev0.img
	status 1
	run bcachefs kill_btree_node -n nonsense -f dev0.img
	err '^bcachefs: not BTREE\[:LEVEL\[:INDEX\]\]: nonsense$'
	run bcachefs kill_btree_node -n inodes:0:0:0 -f dev0.img
	err 'not BTREE'
	holds cmp before.img dev0.img
	bcachefs kill_btree_node -n dirents -f dev0.img >/dev/null
	run bcachefs kill_btree_node -n dirents -f dev0.img
	status 1
	err '^bcachefs: btree dirents, level 0, node 0: it is zeroes already$'
}

copies_that_are_on_no_open_member_are_an_error() {
	unpack 08-replicas2 >/dev/null
	run bcachefs kill_btree_node -n inodes -f -o degraded dev0.img
	status 1
	err 'btree inodes, level 0, node 0: a member that has it is missing$'
	run bcachefs kill_btree_node -n inodes -f -d 0 -o degraded dev0.img
	status 0
}

it_asks_and_nobody_is_a_no() {
	mixed
	run bcachefs kill_btree_node -n inodes dev0.img
	status 1
	err 'nothing was written'
	holds cmp before.img dev0.img
	echo y >yes
	RUN_STDIN=yes run bcachefs kill_btree_node -n inodes -e keys dev0.img
	status 0
	holds test "$(changed_bytes)" = 1
}

a_dry_run_shows_the_writes_and_an_undo_file_takes_them_back() {
	mixed
	run bcachefs kill_btree_node -n inodes --dry-run dev0.img
	status 0
	out '^dev0\.img: sector 10496, 512 bytes'
	holds cmp before.img dev0.img
	run bcachefs kill_btree_node -n inodes -f --undo-file=undo dev0.img
	status 0
	holds test -s undo
	holds test "$(changed_bytes)" -gt 10
}

encrypted_nodes_are_found_with_the_passphrase() {
	unpack 05-encrypted >/dev/null
	echo 'correct horse' >right
	run bcachefs kill_btree_node --passphrase_file=right -n inodes -e keys -f dev0.img
	status 0
	run bcachefs list --passphrase_file=right -b inodes dev0.img
	err 'bset_bad_csum|btree_node_read'
}

cases
