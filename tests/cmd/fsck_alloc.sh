#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fsck of what is derived from pointers: it says what is wrong as the kernel does, and makes it right. CLI 6.1.
. "$(dirname "$0")/lib.sh"

# 07-reflink, with changes that nothing is derived from.
damaged() { # COMMAND...
	local words=() word
	for word in "$@"; do
		words+=(-c "$word")
	done
	rm -f ./*.img ./*.txt*
	unpack 07-reflink >/dev/null
	bcachefs kvdb --rw "${words[@]}" dev0.img || fail "cannot be damaged"
}

fsck() { # OPTION...
	run bcachefs fsck "$@" dev0.img
}

# All is repaired without a question, and then nothing is wrong.
repairs() { # OPTION...
	fsck "$@"
	status 1
	fsck -n
	status 0
	run bcachefs fs usage --recount dev0.img
	status 0
	no_err
}

# The first user bucket: BUCKET:SECTORS.
userbucket() {
	bcachefs list -b alloc dev0.img | awk '
		/type alloc_v4/ { split($5, pos, ":") }
		/data_type  *user/ { user = 1 }
		/dirty_sectors/ && user { print pos[2] ":" $2; exit }'
}

wrong_sectors_of_a_bucket_are_told_and_set_right() {
	local bucket sectors
	unpack 07-reflink >/dev/null
	IFS=: read -r bucket sectors < <(userbucket)
	damaged "update -q alloc 0:$bucket dirty_sectors=$((sectors + 3))"
	fsck -n
	status 4
	out "bucket 0:$bucket gen 0 data type user has wrong dirty_sectors: got $((sectors + 3)), should be $sectors, not fixing"
	repairs -y
}

wrong_counters_are_told_and_set_right() {
	damaged 'update -q accounting 0:0:0 counters[0]=77'
	fsck -n
	status 4
	out 'accounting mismatch for nr_inodes *: got 77 should be 38, not fixing'
	repairs -p -f
}

lost_backpointers_are_made_anew() {
	local pos
	unpack 07-reflink >/dev/null
	pos=$(bcachefs list -b backpointers dev0.img | awk '/type backpointer/ { print $5; exit }')
	damaged "delete -q backpointers $pos"
	fsck -n
	status 4
	out '^check_btree_backpointers.*missing backpointer for btree='
	repairs -y
}

shared_data_that_is_gone_is_an_error_where_it_was_shown() {
	local pos
	unpack 07-reflink >/dev/null
	pos=$(bcachefs list -b reflink dev0.img | awk '/type reflink_v/ { print $5; exit }')
	damaged "delete -q reflink $pos"
	fsck -n
	status 4
	out 'pointer to missing indirect extent, missing range'
	repairs -y
	run bcachefs list -b extents dev0.img
	out 'type error'
}

lost_btrees_that_follow_from_others_are_made_anew() {
	local btree
	for btree in alloc backpointers freespace accounting lru; do
		rm -f ./*
		unpack 07-reflink >/dev/null
		run bcachefs kill_btree_node -f --node="$btree" dev0.img
		status 0
		repairs -y
	done
}

a_dry_run_writes_nothing() {
	damaged 'update -q accounting 0:0:0 counters[0]=77'
	cp dev0.img before.img
	fsck -n
	status 4
	cmp dev0.img before.img || fail "it was changed"
}

a_refused_repair_is_left() {
	damaged 'update -q accounting 0:0:0 counters[0]=77'
	echo n >answer
	RUN_STDIN=answer run bcachefs fsck dev0.img
	status 4
	fsck -n
	status 4
}

cases
