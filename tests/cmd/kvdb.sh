#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvdb: keys and superblock fields are looked at and changed by name, and nothing that was not asked for. CLI 7.5.
. "$(dirname "$0")/lib.sh"

kvdb() { # COMMAND...
	local words=() word
	for word in "$@"; do
		words+=(-c "$word")
	done
	run bcachefs kvdb "${words[@]}" dev0.img
}

change() { # COMMAND...
	local words=() word
	for word in "$@"; do
		words+=(-c "$word")
	done
	run bcachefs kvdb --rw "${words[@]}" dev0.img
}

mixed() {
	unpack 03-mixed >/dev/null
}

# Every counter and bucket is what a recount says.
recounted() {
	run bcachefs fs usage --recount dev0.img
	status 0
	no_err
}

get_prints_a_key_as_list_does_or_fields_one_a_line() {
	mixed
	bcachefs list -b inodes -s 0:4096 -e 0:4096 dev0.img >want
	kvdb 'get inodes 0:4096'
	status 0
	out_is "$(<want)"
	kvdb 'get -k inodes 0:4096'
	out_is 'u64s 18 type inode_v3 0:4096:U32_MAX len 0 ver 0'
	kvdb 'get inodes 0:4096 bi_mode bi_subvol hash_type k.type bi_flags.unlinked'
	out_is $'040755\n1\nsiphash\ninode_v3\n0'
}

what_is_not_there_is_said() {
	mixed
	kvdb 'get inodes 0:4095'
	status 1
	err '^bcachefs: inodes:0:4095:U32_MAX: no key$'
	kvdb 'get inodes 0:4096 bi_nonsense'
	err '^bcachefs: bi_nonsense: no such field of inode_v3$'
	kvdb 'get snapshots 0:4294967295 children[2]'
	err '^bcachefs: children\[2\]: there is no such element$'
	kvdb 'get nonsense 0:0'
	err '^bcachefs: no such btree: nonsense$'
	kvdb 'get inodes here'
	err '^bcachefs: not a position: here$'
	kvdb 'get inodes'
	err '^bcachefs: usage: get \[-k\] BTREE POS \[FIELD\]\.\.\.$'
	kvdb 'frobnicate'
	err '^bcachefs: no such command, see help: frobnicate$'
	kvdb 'get -x inodes 0:4096'
	err '^bcachefs: get: no such option$'
	kvdb 'get inodes 0:4096 "'
	err '^bcachefs: quote is not ended: "$'
}

peek_finds_the_next_key_and_peek_prev_the_one_before() {
	mixed
	kvdb 'peek -k subvolumes 0:0' 'peek_prev -k subvolumes SPOS_MAX' 'peek_prev inodes 0:4096 bi_mode'
	status 0
	out_is $'u64s 10 type subvolume 0:1:0 len 0 ver 0\nu64s 10 type subvolume 0:1:0 len 0 ver 0\n040755'
	kvdb 'peek subvolumes 0:2'
	status 1
	err 'subvolumes:0:2:0: no key'
}

list_lists_a_range() {
	mixed
	bcachefs list -b dirents -s 4096:0 -e 4096:U64_MAX dev0.img >want
	kvdb 'list dirents 4096:0 4096:U64_MAX'
	status 0
	out_is "$(<want)"
	kvdb 'list -k alloc'
	holds test "$(bcachefs list -b alloc dev0.img | grep -c '^u64s')" = "$(wc -l <"$work/out")"
}

commands_come_from_a_pipe_and_an_error_ends_it() {
	mixed
	printf '# nothing\n\nget inodes 0:4096 bi_subvol\nquit\nget inodes 0:4096 bi_mode\n' >commands
	RUN_STDIN=commands run bcachefs kvdb dev0.img
	status 0
	out_is 1
	printf 'get inodes 0:1\nget inodes 0:4096 bi_subvol\n' >commands
	RUN_STDIN=commands run bcachefs kvdb dev0.img
	status 1
	no_out
}

on_a_terminal_an_error_does_not_end_the_session() {
	mixed
	on_terminal 'kvdb> ' $'get inodes 0:1\r' 'no key' '' 'kvdb> ' $'snapshot U32_MAX\r' \
		'kvdb[4294967295]> ' $'get inodes 0:4096 bi_mode\r' $'040755\r\nkvdb[4294967295]> ' $'quit\r' -- \
		"$program" kvdb dev0.img
	out '^040755$'
	holds test "$got" = 0
}

an_interrupt_ends_a_line_and_not_the_session() {
	mixed # what runs in the background ignores interrupts, unless told not to; the kernel drops what is shown when ^C comes
	on_terminal 'kvdb> ' $'get in\003\r' $'kvdb> ' $'get inodes 0:4096 bi_mode\r' $'040755\r\nkvdb> ' $'\003\r' \
		$'kvdb> ' $'quit\r' -- env --default-signal=INT "$program" kvdb dev0.img
	out '040755$'
	holds test "$got" = 0
}

keys_are_seen_from_a_snapshot() {
	local id
	unpack 06-snapshots >/dev/null
	bcachefs list -b snapshots dev0.img | grep -o '0:[0-9]*:0 ' >ids
	while IFS=': ' read -r _ id _; do
		bcachefs list -b dirents -s "0:0:$id" dev0.img >want
		kvdb "snapshot $id" 'list dirents' snapshot
		status 0
		out_is "$(cat want; echo "$id")"
	done <ids
	holds test "$(wc -l <ids)" -gt 2
	kvdb 'snapshot 12'
	err '^bcachefs: no such snapshot: 12$'
	kvdb 'snapshot U32_MAX' 'snapshot none' 'snapshot'
	out_is none
}

what_the_journal_holds_is_seen_when_asked_for() {
	unpack 10-crash-b >/dev/null
	kvdb 'list inodes'
	status 0
	err 'not clean: what only its journal holds is not seen without --journal'
	bcachefs list --no-journal -b inodes dev0.img >want 2>/dev/null
	out_is "$(<want)"
	bcachefs list -b inodes dev0.img >want 2>/dev/null
	run bcachefs kvdb --journal -c 'list inodes' dev0.img
	no_err 'is not seen'
	out_is "$(<want)"
	run bcachefs kvdb -c 'list_journal -k inodes' dev0.img
	out '^journal entry'
}

without_start_there_is_the_superblock_alone() {
	mixed
	run bcachefs kvdb --nostart -c 'sb get version' -c 'get inodes 0:4096' dev0.img
	status 1
	out_is 1037
	err '^bcachefs: get: there are no keys with --nostart$'
}

nothing_is_written_unless_it_is_allowed() {
	local before command
	mixed
	before=$(sha256sum <dev0.img)
	for command in 'update inodes 0:4096 bi_uid=1' 'set quotas 0:1 quota' 'delete inodes 0:4096' 'sb set GC_RESERVE=9'; do
		kvdb "$command"
		status 1
		err 'opened for reading; --rw allows changes$'
	done
	run bcachefs kvdb --rw -n -c 'update inodes 0:4096 bi_uid=77' -c 'get inodes 0:4096 bi_uid' dev0.img
	status 0
	out_is 77
	holds test "$before" = "$(sha256sum <dev0.img)"
}

a_field_is_changed_and_all_others_are_as_before() {
	mixed
	bcachefs list -b inodes dev0.img >before
	change 'update inodes 0:4096 bi_uid=1000 bi_flags=nodump,noatime bi_mode=040700'
	status 0
	no_out
	no_err
	bcachefs list -b inodes dev0.img >after
	holds test "$(diff before after | grep '^>')" = $'>   mode=40700\n>   flags=nodump,noatime(16300018)\n>   bi_uid=1000'
	kvdb 'get inodes 0:4096 bi_uid bi_flags bi_mode'
	out_is $'1000\nnodump,noatime\n040700'
	recounted
}

derived_keys_follow_an_extent_that_goes_and_comes_back() {
	local val
	mixed
	bcachefs list -b backpointers dev0.img >before
	val=$(bcachefs kvdb -c 'get extents 4100:128 raw' dev0.img)
	change 'delete extents 4100:128'
	status 0
	recounted
	kvdb 'get extents 4100:128'
	status 1
	change "set extents 4100:128 extent k.size=128 raw=$val"
	status 0
	recounted
	kvdb 'get extents 4100:128 raw k.size'
	out_is "$val"$'\n128'
}

quiet_changes_leave_what_would_follow_from_them() {
	mixed
	change 'update -q alloc 0:40 dirty_sectors=99'
	status 0
	run bcachefs fs usage --recount dev0.img
	out '^bucket 0:40: user dirty 99, counted user dirty 50$'
}

a_key_that_is_not_valid_takes_force() {
	local before
	mixed
	before=$(sha256sum <dev0.img)
	change 'update inodes 0:4097 hash_type=9'
	status 1
	err '^bcachefs: the key would not be valid: inode_str_hash_invalid: hash type 9; -f writes it all the same$'
	holds test "$before" = "$(sha256sum <dev0.img)"
	change 'update -f inodes 0:4097 hash_type=9'
	status 0
	kvdb 'get inodes 0:4097'
	err 'key 0:4097:U32_MAX at byte [0-9]+: inode_str_hash_invalid$'
}

extents_do_not_overlap_without_force() {
	mixed
	change 'set extents 4100:100 reservation k.size=50 nr_replicas=1'
	status 1
	err '^bcachefs: the extent would overlap the one at 4100:128:U32_MAX; -f writes it all the same$'
	change 'set -f extents 4100:100 reservation k.size=50 nr_replicas=1'
	status 0
	kvdb 'get -k extents 4100:100'
	out_is 'u64s 6 type reservation 4100:100:U32_MAX len 50 ver 0'
}

any_type_can_be_made_and_every_field_of_it_set() {
	mixed
	change 'set dirents 4096:77 dirent d_inum=4100 d_type=reg d_name="two \"words\x21"' \
		'set xattrs 4096:78 xattr x_type=trusted x_name=key x_value=7' \
		'set quotas 2:7 quota space_hardlimit_sectors=100 nr_inodes_softlimit=0x10' \
		'set extents 4999:8 inline_data k.size=8 data=0102030405' \
		'set snapshot_trees 0:9 snapshot_tree master_subvol=1 root_snapshot=4294967295' \
		'set lru 65535:5 set'
	status 0
	kvdb 'get dirents 4096:77' 'get dirents 4096:77 d_name' 'get xattrs 4096:78' 'get quotas 2:7 nr_inodes_softlimit' \
		'get extents 4999:8' 'get snapshot_trees 0:9' 'get lru 65535:5'
	out ': two "words! -> 4100 type reg$'
	out '^"two \\x22words!"$'
	out ': trusted\.key:7$'
	out '^16$'
	out ': datalen 8: 0102030405000000$'
	out ': subvol 1 root snapshot 4294967295$'
	out 'type set 65535:5:0 '
}

values_that_do_not_fit_are_refused() {
	local before
	mixed
	before=$(sha256sum <dev0.img)
	change 'update inodes 0:4096 bi_uid=4294967296'
	status 1
	err '^bcachefs: bi_uid: not a value of this field: 4294967296$'
	change 'update inodes 0:4096 bi_uid'
	err '^bcachefs: not FIELD=VALUE: bi_uid$'
	change 'update inodes 0:4096 bi_flags=nodump,nonsense'
	err 'bi_flags: not a value of this field'
	change 'set inodes 0:4096 nonsense'
	err '^bcachefs: no such key type: nonsense$'
	change "set inodes 0:4096 inode_v3 raw=012"
	err '^bcachefs: raw: not a value of this field: 012$'
	change "set -f extents 1:8 inline_data data=$(printf '%04002d' 0)"
	err '^bcachefs: data: '
	change 'update extents 4100:128 ptr[2].dev=0'
	err '^bcachefs: ptr\[2\]\.dev: there is no such element$'
	holds test "$before" = "$(sha256sum <dev0.img)"
}

a_key_is_deleted_by_a_whiteout_in_btrees_with_snapshots() {
	mixed
	change 'set quotas 2:7 quota'
	change 'delete -s quotas 2:7'
	status 1
	err '^bcachefs: a btree without snapshots has no whiteouts: quotas$'
	change 'set quotas 2:7 deleted'
	status 0
	kvdb 'get quotas 2:7'
	status 1
	change 'set -s inodes 0:4100 deleted'
	status 0
	kvdb 'get -k inodes 0:4100'
	out_is 'u64s 5 type whiteout 0:4100:U32_MAX len 0 ver 0'
	change 'delete inodes 0:1'
	status 1
	err 'inodes:0:1:U32_MAX: no key'
}

fields_lists_what_a_type_has_and_what_a_key_has_for_update() {
	mixed
	kvdb 'fields snapshot'
	out '^children\[N\]$'
	out '^k\.size$'
	kvdb 'fields extents 4100:128'
	out '^crc32\[0\]\.csum_type=crc32c$'
	out '^ptr\[0\]\.offset=10240$'
	bcachefs list -b extents dev0.img >before
	change "update extents 4100:128 $(tr '\n' ' ' <"$work/out")"
	status 0
	bcachefs list -b extents dev0.img >after
	holds cmp before after
}

fields_of_the_superblock_are_set_without_looking_at_keys() {
	mixed
	change 'sb set GC_RESERVE=9'
	status 1
	err '--nostart allows changes$'
	run bcachefs kvdb --rw --nostart -c 'sb set GC_RESERVE=9 features.casefolding=1 CSUM_TYPE=77' dev0.img
	status 1
	err '^bcachefs: CSUM_TYPE: not a value of this field: 77$'
	run bcachefs kvdb --rw --nostart -c 'sb set GC_RESERVE=9 features.casefolding=1' -c 'sb get GC_RESERVE features.casefolding' dev0.img
	status 0
	out_is $'9\n1'
	run bcachefs kvdb --rw --nostart -c 'sb set version=5' dev0.img
	status 1
	err 'superblock to be written: '
	run bcachefs show-super dev0.img
	status 0
	out '^Features: .*casefolding'
}

an_encrypted_filesystem_asks_for_its_passphrase() {
	unpack 05-encrypted >/dev/null
	echo 'correct horse' >right
	run bcachefs kvdb --passphrase_file=right --rw -c 'update inodes 0:4096 bi_uid=5' -c 'get inodes 0:4096 bi_uid' dev0.img
	status 0
	out_is 5
	echo wrong >wrong
	run bcachefs kvdb --passphrase_file=wrong -c 'get inodes 0:4096 bi_uid' dev0.img
	status 1
	no_out
}

an_unclean_filesystem_is_recovered_by_the_first_change() {
	unpack 10-crash-b >/dev/null
	bcachefs list -b inodes dev0.img >want 2>/dev/null
	change 'set quotas 2:9 quota'
	status 0
	bcachefs list --no-journal -b inodes dev0.img >have
	holds cmp want have
}

versions_that_cannot_be_written_are_refused() {
	unpack 139-fresh >/dev/null
	change 'update inodes 0:4096 bi_uid=5'
	status 1
	err 'this program changes those up to 1.28 only$'
	kvdb 'get inodes 0:4096 bi_mode'
	status 0
}

help_lists_the_commands() {
	mixed
	kvdb help
	status 0
	for name in get peek peek_prev list set update delete sb snapshot list_journal help quit; do
		out "^$name( |$)"
	done
}

cases
