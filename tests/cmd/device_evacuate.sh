#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# device evacuate, data rereplicate, data job: what leads where afterwards, and that all files are as they were. Crashes are
# for tests/ops/move_crash.c, kernels for tests/vm/devices.sh.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/device_lib.sh"

# It is whole, its files are those of before, and nothing leads to member IDX.
evacuated() { # IDX FILES IMAGE...
	local idx=$1 before=$2
	shift 2
	run bcachefs fsck -n $passphrase "$@"
	status 0
	[[ $(files "$@") == "$before" ]] || fail 'the files have changed'
	bcachefs list -a $passphrase "$@" >keys || fail 'cannot be listed'
	! grep -q "ptr: $idx:" keys || fail "there are pointers to member $idx"
	! grep -q "backpointer $idx:" keys || fail "there are backpointers of member $idx"
	run bcachefs show-super -f members_v2,replicas_v0,replicas "$1"
	! grep -qE "(user|btree|cached|journal): [0-9/]+ \[([0-9 ]* )?$idx[] ]" "$work/out" || fail 'it is a holder still'
	holds [ "$(sed -n "/^Device $idx:/,/State:/s/ *State: *//p" "$work/out")" = ro ]
}

# Every member of an image of several goes in its turn.
eachmember() { # NAME [IDX]...
	local name=$1 idx before
	shift
	for idx in "$@"; do
		rm -f *
		unpack "$name" >/dev/null
		before=$(files dev*.img)
		run bcachefs device evacuate "$idx" dev*.img
		status 0
		err '^Evacuation complete — device ready to remove with'
		evacuated "$idx" "$before" dev*.img
	done
}

a_member_of_those_that_kernels_wrote_is_emptied() {
	eachmember 08-replicas2 0 1
	eachmember 09-targets 0 1 2
	eachmember 09-cache-durability0 0
	eachmember 10-crash-c 0 1
}

data_of_all_kinds_is_moved() {
	local options before
	while read -r nr options; do
		rm -rf *.img tree
		make "$nr" $options
		before=$(files [a-d].img)
		run bcachefs device evacuate 1 [a-d].img
		status 0
		evacuated 1 "$before" [a-d].img
	done <<-'END'
		2 --data_checksum=none
		2 --compression=zstd
		2 --version=1.28 --data_checksum=crc64
		3 --replicas=2 --compression=lz4 --data_checksum=xxhash
		4 --replicas=3 --encoded_extent_max=128k
		4 --metadata_replicas=2 --discard
	END
}

encrypted_data_is_moved_as_it_is() {
	local before
	echo secret >passphrase
	passphrase='--passphrase_file=passphrase'
	make 3 --encrypted --replicas=2 --compression=lz4
	before=$(files a.img b.img c.img)
	bcachefs list $passphrase a.img b.img c.img | sed 's/ ptr:.*//; s/durability: [0-9]*//' >before
	run bcachefs device evacuate $passphrase 0 a.img b.img c.img
	status 0
	evacuated 0 "$before" a.img b.img c.img
	bcachefs list $passphrase a.img b.img c.img | sed 's/ ptr:.*//; s/durability: [0-9]*//' >after
	holds cmp before after
}

a_member_is_named_by_path_label_or_uuid() {
	for name in a.img b.img; do image 48M $name; done
	bcachefs format -q --label=ssd.a a.img --label=hdd.b b.img
	run bcachefs device evacuate ssd.a a.img b.img
	status 0
	run bcachefs data job migrate b.img a.img b.img
	status 1
	err 'no other member can be written to; nothing was changed'
	run bcachefs device evacuate nobody a.img b.img
	status 1
	err 'nobody: no such member'
}

where_the_room_is_too_small_nothing_is_done() {
	local before
	image 64M a.img
	image 20M b.img
	mkdir tree
	head -c 20000000 /dev/urandom >tree/random
	bcachefs format -q --metadata_replicas=1 --source=tree a.img b.img
	before=$(sha256sum a.img b.img)
	run bcachefs device evacuate 0 a.img b.img
	status 1
	err '^bcachefs: [0-9]+ bytes are missing on the other members; nothing was changed$'
	holds [ "$(sha256sum a.img b.img)" = "$before" ]
}

a_dry_run_says_what_would_be_done_and_writes_nothing() {
	local before
	make 3 --replicas=2
	before=$(sha256sum [abc].img)
	run bcachefs device evacuate -n 2 a.img b.img c.img
	status 0
	err '^to be done: [0-9.]+ [KM]iB copied, [0-9]+ extents and [0-9]+ btree nodes to be changed$'
	holds [ "$(sha256sum [abc].img)" = "$before" ]
}

what_was_done_can_be_undone() {
	local before
	make 3 --replicas=2
	before=$(sha256sum [abc].img)
	run bcachefs device evacuate --undo-file=earlier 2 a.img b.img c.img
	status 0
	run bcachefs undo earlier a.img b.img c.img
	status 0
	holds [ "$(sha256sum [abc].img)" = "$before" ]
}

a_bad_copy_is_replaced_by_a_good_one() {
	local before
	make 3 --replicas=2
	before=$(files a.img b.img c.img)
	bcachefs list a.img b.img c.img >keys
	damage 0 9 a.img keys
	run bcachefs device evacuate 0 a.img b.img c.img
	status 0
	evacuated 0 "$before" a.img b.img c.img
	run bcachefs scrub a.img b.img c.img
	status 0
}

what_has_no_good_copy_stays_and_is_named() {
	make 2 --metadata_replicas=1
	bcachefs list a.img b.img >keys
	damage 0 1 a.img keys
	run bcachefs device evacuate 0 a.img b.img
	status 1
	err '^bcachefs: /(then/)?sub/[0-9]+: lost bytes 0-[0-9]+: bad checksum of data$'
	err '^bcachefs: 1 extents have no good copy, and stay as they were$'
	bcachefs list a.img b.img >keys
	holds [ "$(grep -c 'ptr: 0:' keys)" = 1 ]
	run bcachefs fsck -n a.img b.img
	status 0
}

copies_that_are_missing_are_made_and_surplus_ones_go() {
	local before
	make 3 --replicas=1
	before=$(files a.img b.img c.img)
	bcachefs set-fs-option --data_replicas=2 --metadata_replicas=2 a.img b.img c.img
	run bcachefs data rereplicate a.img b.img c.img
	status 0
	bcachefs list a.img b.img c.img >keys
	holds grep -q 'durability: 2' keys
	! grep -q 'durability: 1' keys || fail 'some have one copy still'
	bcachefs set-fs-option --data_replicas=1 --metadata_replicas=1 a.img b.img c.img
	run bcachefs data job drop_extra_replicas a.img b.img c.img
	status 0
	bcachefs list a.img b.img c.img >keys
	! grep -q 'durability: 2' keys || fail 'some have two copies still'
	run bcachefs fsck -n a.img b.img c.img
	status 0
	holds [ "$(files a.img b.img c.img)" = "$before" ]
	run bcachefs data job scrub a.img b.img c.img
	status 2
}

copies_on_a_missing_member_are_made_anew() {
	local before
	make 3 --replicas=2
	before=$(files a.img b.img c.img)
	run bcachefs data rereplicate a.img c.img
	status 1
	run bcachefs data rereplicate -o degraded a.img c.img
	status 0
	bcachefs list -o degraded a.img c.img >keys
	! grep -q 'ptr: 1:' keys || fail 'there are pointers to the missing member'
	holds [ "$(files a.img c.img)" = "$before" ]
	run bcachefs data rereplicate a.img b.img c.img
	status 0
	err '^0 B copied, 0 extents and 0 btree nodes changed$'
	run bcachefs fsck -n a.img b.img c.img
	status 0
}

where_there_are_too_few_members_copies_on_missing_ones_stay() {
	unpack 08-replicas2 >/dev/null
	bcachefs list -b extents dev0.img dev1.img >before
	run bcachefs data rereplicate -o degraded dev0.img
	status 0
	err 'extents and btree nodes have too few copies still: there are not enough members$'
	bcachefs list -b extents dev0.img dev1.img >after
	holds cmp before after
}

cases
