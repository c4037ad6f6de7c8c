#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# device remove: what is left without the members is whole, has all files, and knows nothing of them. Crashes are for
# tests/ops/move_crash.c, kernels for tests/vm/devices.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/device_lib.sh"

# It is whole without member IDX, has the files of before, and nothing is said of that member anywhere.
removed() { # IDX FILES IMAGE...
	local idx=$1 before=$2
	shift 2
	run bcachefs fsck -n "$@"
	status 0
	no_err 'missing'
	[[ $(files "$@") == "$before" ]] || fail 'the files have changed'
	bcachefs list -a "$@" >keys || fail 'cannot be listed'
	! grep -q "ptr: $idx:" keys || fail "there are pointers to member $idx"
	! grep -qE "(backpointer|bucket_gens|alloc_v4) $idx:" keys || fail "there are buckets of member $idx"
	! grep -qE "dev_data_type dev=$idx |replicas .*\[([0-9 ]* )?$idx[] ]" keys || fail "member $idx is counted"
	for btree in alloc freespace need_discard bucket_gens backpointers; do
		run bcachefs list -b $btree -s "$idx:0" -e "$idx:U64_MAX" "$@"
		no_out
	done
	run bcachefs show-super -f members_v2,replicas_v0,replicas "$1"
	no_out "^Device $idx:"
	no_out "(user|btree|cached|journal): [0-9/]+ \[([0-9 ]* )?$idx[] ]"
	run bcachefs fs usage --recount "$@"
	status 0
}

# Every member of an image of several goes in its turn.
eachmember() { # NAME [IDX]...
	local name=$1 idx before
	shift
	for idx in "$@"; do
		rm -f *
		unpack "$name" >/dev/null
		before=$(files dev*.img)
		run bcachefs device remove "$idx" "$(joined dev*.img)"
		status 0
		err "^removed $idx$"
		run bcachefs show-super dev$idx.img
		status 1
		rm dev$idx.img
		removed "$idx" "$before" dev*.img
	done
}

a_member_of_those_that_kernels_wrote_is_taken_out() {
	eachmember 08-replicas2 0 1
	eachmember 09-targets 0 1 2
	eachmember 09-cache-durability0 0
}

several_go_at_once_by_any_name() {
	local before uuid
	make 4 --replicas=2
	before=$(files [abcd].img)
	uuid=$(bcachefs show-super -f members_v2 a.img | sed -n '/^Device 2/,/UUID/s/ *UUID: *//p')
	run bcachefs device remove "$uuid" b.img a.img:b.img:c.img:d.img
	status 0
	removed 1 "$before" a.img d.img
	removed 2 "$before" a.img d.img
}

a_member_that_is_gone_leaves_its_copies_to_others() {
	local before
	make 3 --replicas=2 --version=1.28
	before=$(files [abc].img)
	rm b.img
	run bcachefs device remove missing a.img:c.img
	status 0
	removed 1 "$before" a.img c.img
	bcachefs list a.img c.img >keys
	! grep -q 'durability: 1' keys || fail 'some have one copy only'
	run bcachefs device remove missing a.img:c.img
	status 1
	err 'no member is missing'
}

copies_are_not_made_where_that_is_not_wanted() {
	local before
	make 3 --replicas=2
	before=$(files [abc].img)
	run bcachefs device remove --degrade --keep-super 1 -D a.img -D b.img -D c.img
	status 0
	err '^0 B copied'
	removed 1 "$before" a.img c.img
	run bcachefs show-super b.img
	status 0
	bcachefs list a.img c.img >keys
	holds grep -q 'durability: 1' keys
	run bcachefs fsck -n a.img b.img c.img
	status 0
	err 'b.img.*was removed'
}

what_only_missing_members_have_keeps_them_unless_it_is_forced() {
	local before
	make 2 --metadata_replicas=2
	before=$(sha256sum a.img)
	bcachefs list a.img b.img | grep -c 'ptr: 1:' >nr
	rm b.img
	run bcachefs device remove missing a.img
	status 1
	err '^bcachefs: /(then/)?sub/[0-9]+: lost bytes 0-[0-9]+: members of the filesystem are missing$'
	err "^bcachefs: [0-9]+ extents have no copy elsewhere; nothing was changed$"
	holds [ "$(sha256sum a.img)" = "$before" ]
	run bcachefs device remove -f missing a.img
	status 0
	err '^bcachefs: /(then/)?sub/[0-9]+: lost bytes'
	err '^bcachefs: /sub/same: lost bytes'
	run bcachefs fsck -n a.img
	status 0
	bcachefs list a.img >keys
	holds grep -q 'type error' keys
	! grep -q 'ptr: 1:' keys || fail 'there are pointers to it'
}

a_member_that_is_missing_and_not_named_is_missed() {
	make 3 --replicas=3
	run bcachefs device remove 0 a.img:b.img
	status 1
	err '^bcachefs: 1 more members are missing; give them, or -o degraded$'
	run bcachefs device remove -n 0 -o degraded a.img:b.img
	status 0
	err '^to be done: '
}

the_last_member_stays() {
	make 1
	run bcachefs device remove a.img
	status 1
	err 'no other member can be written to; nothing was changed'
}

what_was_done_can_be_undone() {
	local before
	make 3 --replicas=2
	before=$(sha256sum [abc].img)
	run bcachefs device remove --undo-file=earlier 2 a.img:b.img:c.img
	status 0
	rm -f said
	run bcachefs undo -f earlier a.img b.img c.img
	status 0
	holds [ "$(sha256sum [abc].img)" = "$before" ]
}

a_target_that_was_the_member_is_cleared() {
	make 3 --replicas=1
	bcachefs set-fs-option --foreground_target=c.img a.img b.img c.img
	run bcachefs device remove c.img a.img:b.img:c.img
	status 0
	err 'foreground_target was the removed member: cleared'
	run bcachefs set-fs-option --get=foreground_target a.img b.img
	out 'none'
}

cases
