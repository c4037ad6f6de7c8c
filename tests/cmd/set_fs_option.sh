#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# set-fs-option: options there and back, of members by each of their names, all or nothing, on all members. CLI 5.3.
. "$(dirname "$0")/lib.sh"

# Three devices in the case's folder: 0 ssd.a, 1 hdd.b, 2 hdd.c.
three() { # [FORMAT-OPTION]...
	local name
	for name in a b c; do
		image 8M $name.img >/dev/null
	done
	bcachefs format -q --no_initialize -L tank "$@" --label=ssd.a a.img --label=hdd.b b.img --label=hdd.c c.img ||
		fail 'cannot format'
	members=(a.img b.img c.img)
}

sums() {
	sha256sum ./*.img
}

changed() { # ARGUMENT...
	run bcachefs set-fs-option "$@" "${members[@]}"
	status 0
	no_out
	no_err
}

# Refused with this message, and nothing written.
refused() { # REGEXP ARGUMENT...
	local want=$1 before
	shift
	before=$(sums)
	run bcachefs set-fs-option "$@" "${members[@]}"
	status 1
	err "^bcachefs: $want"
	no_out
	holds test "$before" = "$(sums)"
}

has() { # NAME VALUE
	run bcachefs set-fs-option --get="$1" "${members[@]}"
	status 0
	out_is "$1: $2"
}

# The values of that label in show-super, one a member.
shown() { # LABEL
	bcachefs show-super a.img | sed -n '/^members_v2/,$s/^  '"$1"': *//p' | xargs
}

# Options that version 1.13 stores; what to set, and what --get says then.
values() {
	sed 's/|/ /g' <<-'END'
	errors|panic|panic
	errors|fix_safe|fix_safe
	metadata_replicas|3|3
	data_replicas|2|2
	metadata_checksum|xxhash|xxhash
	data_checksum|crc64|crc64
	compression|zstd:7|zstd:7
	compression|none|none
	background_compression|lz4|lz4
	str_hash|crc32c|crc32c
	metadata_target|ssd|ssd
	foreground_target|ssd.a|ssd.a
	background_target|hdd|hdd
	promote_target|b.img|b.img
	promote_target|none|none
	erasure_code|1|1
	inodes_32bit|no|0
	shard_inode_numbers|false|0
	gc_reserve_percent|15|15
	gc_reserve_bytes|64M|64.0_MiB
	root_reserve_percent|7|7
	wide_macs|yes|1
	promote_whole_extents|0|0
	acl|0|0
	usrquota|1|1
	grpquota|true|1
	prjquota|1|1
	journal_flush_delay|500|500
	journal_flush_disabled|1|1
	journal_reclaim_delay|50|50
	journal_transaction_names|0|0
	allocator_stuck_timeout|90|90
	version_upgrade|none|none
	nocow|1|1
	END
}

every_option_goes_there_and_back() {
	local name value shown
	three
	while read -r name value shown; do
		changed --"$name"="$value"
		# a device as a target has its name, or its index where that is not known
		[[ $value == b.img ]] && continue
		has "$name" "${shown/_M/ M}"
	done < <(values)
	members=(a.img)
	run bcachefs set-fs-option --get=nocow a.img
	out_is 'nocow: 1'
}

the_options_of_newer_versions_are_there_with_them() {
	local pair
	three --version=1.28
	for pair in write_error_timeout=60 checksum_err_retry_nr=1 degraded=very rebalance_on_ac_only=1; do
		changed --"$pair"
		has "${pair%=*}" "${pair#*=}"
	done
	refused 'shard_inode_numbers: version 1\.28 does not store it$' --shard_inode_numbers=1
}

all_options_are_printed_without_a_name() {
	three
	run bcachefs set-fs-option --get "${members[@]}"
	status 0
	out '^block_size: 512 B$'
	out '^errors: fix_safe$'
	out '^nocow: 0$'
	holds test "$(wc -l <"$work/out")" -ge 35
}

values_are_json_too() {
	command -v jq >/dev/null || skip 'no jq'
	three
	run bcachefs set-fs-option --get --json "${members[@]}"
	status 0
	holds jq -e '.version == 1 and .block_size_bytes == 512 and .nocow == false and .errors == "fix_safe"' "$work/out"
	no_out '"block_size"'
}

what_cannot_be_printed_is_said() {
	three
	run bcachefs set-fs-option --get=bogus "${members[@]}"
	status 1
	err '^bcachefs: bogus: unknown option$'
	run bcachefs set-fs-option --get=durability "${members[@]}"
	status 1
	err '^bcachefs: durability: an option of members: see show-super$'
	run bcachefs set-fs-option --get=nocow --compression=lz4 "${members[@]}"
	status 2
	err 'exclude each other'
}

the_old_name_of_the_command_is_known() {
	three
	run bcachefs set-option --compression=lz4 a.img:b.img:c.img
	status 0
	has compression lz4
}

all_members_have_the_change() {
	local name
	three
	changed --data_checksum=crc64
	for name in "${members[@]}"; do
		run bcachefs show-super "$name"
		field_is data_checksum 'none crc32c [crc64] xxhash '
		field_is 'Sequence number' 1
		run bcachefs show-super --all-copies "$name"
		holds test "$(grep -c 'same as the default copy' "$work/out")" = 3
	done
}

nothing_to_set_is_an_error() {
	three
	run bcachefs set-fs-option "${members[@]}"
	status 2
	err 'no option to set'
	run bcachefs set-fs-option --block_size=4k "${members[@]}"
	status 2
	err "unknown option '--block_size'"
}

all_that_is_refused_is_named_and_nothing_is_set() {
	local word
	three
	refused '.*compression: invalid compression' --metadata_replicas=2 --compression=rar --errors=explode \
		--data_replicas=9 --gc_reserve_bytes=1000 --foreground_target=tape --write_error_timeout=5 \
		--fs_label=12345678901234567890123456789012 --uuid=1234 --label=a..b --durability=2 -d 9
	for word in 'errors: invalid selection' 'data_replicas: too big' 'gc_reserve_bytes: not a multiple of 512' \
		'Invalid target tape' 'write_error_timeout: version 1\.13' 'filesystem label too long' 'not a UUID: 1234' \
		'9: no such member'; do
		err "; .*$word"
	done
	has metadata_replicas 1
}

ranges_are_those_of_the_version_on_disk() {
	three
	refused 'data_replicas: too big: 4 \(max 3\)' --data_replicas=4
	refused 'root_reserve_percent: too big: 100 \(max 99\)' --root_reserve_percent=100
}

members_are_named_by_index_path_label_and_uuid() {
	local uuid
	three
	changed --durability=2 -d 1
	holds test "$(shown Durability)" = '1 2 1'
	changed --durability=0 --dev-idx=c.img
	holds test "$(shown Durability)" = '1 2 0'
	changed --durability=1 -d hdd.b -d 2
	holds test "$(shown Durability)" = '1 1 1'
	uuid=$(shown UUID | cut -d ' ' -f 3)
	changed --durability=2 -d "$uuid"
	holds test "$(shown Durability)" = '1 1 2'
	refused '3: no such member$' --durability=1 -d 3
	refused 'hdd: no such member$' --durability=1 -d hdd
}

options_of_members_are_for_all_of_them_unless_some_are_named() {
	three
	changed --discard --data_allowed=journal,btree --state=ro
	holds test "$(shown Discard)" = '1 1 1'
	holds test "$(shown 'Data allowed')" = 'journal,btree journal,btree journal,btree'
	holds test "$(shown State)" = 'ro ro ro'
	changed --nodiscard --state=rw -d 0
	holds test "$(shown Discard)" = '0 1 1'
	holds test "$(shown State)" = 'rw ro ro'
}

labels_are_made_and_dropped_with_their_members() {
	three
	changed --label=nvme.x -d 0
	holds test "$(shown Label)" = 'nvme.x hdd.b hdd.c'
	run bcachefs show-super -F disk_groups a.img
	out 'name nvme'
	no_out 'name ssd'
	changed --foreground_target=nvme
	changed --label=none -d 1
	holds test "$(shown Label)" = 'nvme.x (none) hdd.c'
	changed --label=none -d 2
	run bcachefs show-super -F disk_groups a.img
	no_out 'name hdd'
	refused 'background_target: Invalid target hdd' --background_target=hdd
	refused 'label: invalid label' --label=.x -d 0
}

a_new_label_serves_as_a_target_at_once() {
	three
	changed --label=tape.x -d 2 --background_target=tape
	has background_target tape
}

label_and_uuid_of_the_filesystem_change() {
	local name
	three
	changed --fs_label=pool --uuid=11111111-2222-3333-4444-555555555555
	for name in "${members[@]}"; do
		run bcachefs show-super "$name"
		field_is 'External UUID' 11111111-2222-3333-4444-555555555555
		out '^Label: +pool$'
	done
	changed --uuid=random
	run bcachefs show-super a.img
	no_out 555555555555
	changed -L ''
	run bcachefs show-super a.img
	out '^Label: +\(none\)$'
}

a_missing_member_is_named_and_nothing_is_written() {
	three
	members=(a.img b.img)
	refused 'missing members: 2 \(UUID .*, label hdd\.c\); .*-o degraded' --compression=lz4
	run bcachefs set-fs-option --get=compression a.img b.img
	status 0
	err '^bcachefs: missing members: 2 '
	out_is 'compression: none'
}

a_member_that_is_gone_can_be_done_without() {
	three
	run bcachefs set-fs-option -o degraded --compression=lz4 a.img b.img
	status 0
	has compression lz4
	changed --compression=zstd
	run bcachefs show-super c.img
	field_is compression zstd
}

members_are_found_in_a_folder() {
	local label=here$$.$RANDOM # of nobody else among the block devices
	three
	run bcachefs set-fs-option --scan=. --compression=lz4 b.img
	status 0
	has compression lz4
	run bcachefs set-fs-option --scan=. --fs_label="$label" b.img
	run bcachefs set-fs-option --scan=. --compression=gzip "LABEL=$label"
	status 0
	has compression gzip
}

members_are_found_among_the_block_devices() {
	local name fs
	devices=() # for the trap too, when the case is over
	((!EUID)) && [[ -e /dev/loop-control ]] || skip 'needs root and loop devices'
	three
	trap 'losetup -d "${devices[@]}"' EXIT
	for name in "${members[@]}"; do
		devices+=("$(losetup -f --show $name 2>/dev/null)") || skip 'no loop device'
	done
	run bcachefs set-fs-option --compression=lz4 "${devices[1]}"
	status 0
	fs=$(bcachefs show-super "${devices[0]}" | awk '/^External/ { print $3 }')
	run bcachefs set-fs-option --get=compression "UUID=$fs"
	out_is 'compression: lz4'
	no_err
	sync "${devices[@]}"
	run bcachefs show-super c.img
	field_is compression lz4
}

a_copy_of_a_member_is_never_chosen_silently() {
	local before
	three
	cp a.img copy.img
	before=$(sums)
	run bcachefs set-fs-option --compression=lz4 a.img b.img c.img copy.img
	status 1
	err 'a\.img and copy\.img both claim to be member 0'
	holds test "$before" = "$(sums)"
}

a_split_brain_is_refused() {
	three
	SOURCE_DATE_EPOCH=1000000000 run bcachefs set-fs-option -o degraded=very --compression=lz4 a.img
	status 0
	SOURCE_DATE_EPOCH=1000000100 run bcachefs set-fs-option -o degraded=very --compression=gzip b.img c.img
	status 0
	refused '[abc]\.img was written without the other members: .*-o no_splitbrain_check' --compression=zstd
	run bcachefs set-fs-option -o no_splitbrain_check --compression=zstd "${members[@]}"
	status 0
	has compression zstd
}

a_dry_run_checks_and_writes_nothing() {
	local before
	three
	before=$(sums)
	run bcachefs set-fs-option -n --compression=lz4 "${members[@]}"
	status 0
	holds test "$before" = "$(sums)"
	refused 'foreground_target: Invalid target tape' -n --foreground_target=tape
}

encryption_and_nocow_exclude_each_other() {
	image 8M a.img >/dev/null
	bcachefs format -q --encrypted --no_passphrase a.img
	members=(a.img)
	refused 'nocow: not together with encryption$' --nocow
}

kernel_made_filesystems_of_each_version_are_changed() {
	local name
	for name in 12-v14-fresh 11-fresh 11-fresh-v128 14-quota; do
		unpack $name >/dev/null
		bcachefs show-super -f all dev0.img >before
		run bcachefs set-fs-option --compression=lz4 --errors=ro dev0.img
		status 0
		run bcachefs show-super -f all dev0.img
		cp "$work/out" after
		diff before after | sed -n 's/^[<>] //p' |
			grep -vE '^(Sequence number|Time of last write|Features|  Last superblock write|  compression|  errors):' >"$work/out"
		no_out
		rm ./*
	done
}

cases
