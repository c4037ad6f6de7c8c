#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# format: options and their errors, device options in their order, sizes, what is written. CLI 5.1.
. "$(dirname "$0")/lib.sh"

# Formats, and shows the superblock of the first image that is there, for out and field_is.
formatted() { # ARGUMENT...
	run bcachefs format -q -f "$@"
	status 0
	run bcachefs show-super "$(ls ./*.img | head -n 1)"
	status 0
}

refused() { # REGEXP ARGUMENT...
	local want=$1
	shift
	run bcachefs format -q -f "$@"
	[[ $got != 0 ]] || fail 'was not refused'
	err "^bcachefs: (format: )?$want"
	no_out
}

a_new_filesystem_is_shown_as_it_is() {
	image 32M a.img >/dev/null
	run bcachefs format -L tank a.img
	status 0
	no_err
	field_is Label $'tank\n(none)'
	field_is Version '1.13: inode_has_child_snapshots'
	field_is Devices 1
	field_is Clean 0
	out '^members_v2 \(size'
	no_out '^errors'
	cp "$work/out" said
	run bcachefs show-super -f members_v2 a.img
	holds diff said "$work/out"
}

quiet_is_quiet() {
	run bcachefs format -q "$(image 32M)"
	status 0
	no_out
	no_err
}

the_program_is_known_as_mkfs() {
	ln -s "$program" mkfs.bcachefs
	run ./mkfs.bcachefs -q "$(image 32M a.img)"
	status 0
	run bcachefs mkfs -q -f a.img
	status 0
}

# What is given, what show-super says then, what is refused and how.
values() {
	sed 's/#.*//;/^$/d' <<-'END'
	block_size|4k|4.00 KiB|3000|must be a power of two
	block_size|512|512 B|64k|too big
	btree_node_size|64K|64.0 KiB|1M|too big
	errors|ro|continue fix_safe panic [ro] |explode|invalid selection
	metadata_replicas|2|2|4|too big
	data_replicas|3|3|0|too small
	metadata_replicas_required|2|2|x|must be a number
	data_replicas_required|2|2|9|too big
	encoded_extent_max|128k|128 KiB|2k|too small
	metadata_checksum|xxhash|none crc32c crc64 [xxhash] |md5|invalid selection
	data_checksum|none|[none] crc32c crc64 xxhash |crc|invalid selection
	compression|zstd:5|zstd:5|zstd:16|invalid compression
	background_compression|gzip|gzip|none:1|invalid compression
	str_hash|crc64|crc32c [crc64] siphash |md5|invalid selection
	erasure_code|yes|1|maybe|must be bool
	inodes_32bit|no|0|2|must be bool
	shard_inode_numbers|0|0|x|must be bool
	inodes_use_key_cache|0|0|x|must be bool
	gc_reserve_percent|20|20|4|too small
	gc_reserve_bytes|1M|1.00 MiB|1000|not a multiple of 512
	root_reserve_percent|99|99|100|too big
	wide_macs|1|1|x|must be bool
	acl|false|0|x|must be bool
	usrquota|true|1|x|must be bool
	grpquota|1|1|x|must be bool
	prjquota|1|1|x|must be bool
	journal_transaction_names|0|0|x|must be bool
	allocator_stuck_timeout|60|60|65535|too big
	nocow|1|1|x|must be bool
	END
}

every_option_of_the_filesystem_has_values() {
	local name good shown bad why
	image 128M a.img >/dev/null
	while IFS='|' read -r name good shown bad why; do
		formatted --"$name"="$good" a.img
		field_is "$name" "$shown"
		refused ".*$name: $why" --"$name"="$bad" a.img
	done < <(values)
	run bcachefs show-super a.img
	field_is nocow 1
}

options_that_a_newer_version_stores_go_with_that_version() {
	local name
	image 128M a.img >/dev/null
	for name in write_error_timeout=5 checksum_err_retry_nr=7 casefold=1 shard_inode_numbers_bits=3; do
		refused "${name%=*}: version 1\.13 does not store it" --"$name" a.img
		formatted --version=1.28 --"$name" a.img
		field_is "${name%=*}" "${name#*=}"
	done
	refused 'shard_inode_numbers: version 1\.28 does not store it' --version=1.28 --shard_inode_numbers a.img
}

every_option_of_a_device_has_values() {
	image 64M a.img >/dev/null
	formatted --label=hdd.a --discard --durability=2 --data_allowed=journal,btree --bucket_size=64k --fs_size=60M a.img
	out '^  Label: +hdd\.a$'
	field_is Discard 1
	field_is Durability 2
	field_is 'Data allowed' journal,btree
	field_is 'Bucket size' '64.0 KiB'
	field_is Size '60.0 MiB'
	field_is Buckets 960
	refused 'durability: too big: 3 \(max 2\)' --durability=3 a.img
	refused 'data_allowed: .*journal,foo' --data_allowed=journal,foo a.img
	refused 'bucket_size: must be a power of two' --bucket_size=96k a.img
	refused 'bucket_size: too big' --bucket_size=32M a.img
	refused 'a\.img: fs_size: too big' --fs_size=65M a.img
	refused 'label: invalid label' --label=a..b a.img
	refused 'discard: must be bool' --discard=perhaps a.img
	refused 'failure_domain: version 1\.13 does not store it' --failure_domain=rack a.img
	refused 'rotational: version 1\.13 does not store it' --rotational a.img
	refused "format: unknown option '--state'" --state=ro a.img
}

old_spellings_are_known() {
	image 64M a.img >/dev/null
	formatted -l ssd.a --bucket=64k --fs-label=tank a.img
	out '^  Label: +ssd\.a$'
	field_is 'Bucket size' '64.0 KiB'
	formatted --group=hdd.b --noacl --no_discard a.img
	out '^  Label: +hdd\.b$'
	field_is acl 0
}

device_options_hold_until_they_are_given_anew() {
	image 64M a.img >/dev/null
	image 64M b.img >/dev/null
	image 64M c.img >/dev/null
	formatted --label=x.a --durability=2 --fs_size=32M a.img --label=x.b b.img --durability=0 --discard c.img
	holds test "$(field Label | tail -n 3 | xargs)" = 'x.a x.b x.b'
	holds test "$(field Durability | xargs)" = '2 2 0'
	holds test "$(field Discard | xargs)" = '0 0 1'
	holds test "$(field Size | sort -u)" = '32.0 MiB'
}

a_device_option_with_no_device_behind_it_is_refused() {
	refused 'Options for devices apply to subsequent devices; got a device option with no device$' \
		"$(image 32M a.img)" --label=x
	run bcachefs show-super a.img
	status 1
}

targets_are_labels_or_devices() {
	image 64M a.img >/dev/null
	image 64M b.img >/dev/null
	formatted --foreground_target=ssd --background_target=b.img --promote_target=ssd.a --metadata_target=none \
		--label=ssd.a a.img --label=hdd.b b.img
	field_is foreground_target ssd
	field_is promote_target ssd.a
	field_is metadata_target none
	no_out '^ *background_target: *none$'
	refused 'foreground_target: Invalid target tape' --foreground_target=tape a.img b.img
}

replicas_sets_both_and_warns_where_there_are_too_few_devices() {
	image 64M a.img >/dev/null
	image 64M b.img >/dev/null
	formatted --replicas=2 a.img b.img
	field_is metadata_replicas 2
	field_is data_replicas 2
	run bcachefs format -f --data_replicas=3 a.img b.img
	status 0
	err '^bcachefs: data_replicas: 3 copies on 2 devices$'
	run bcachefs format -q -f --replicas=4 a.img b.img
	status 2
	err 'replicas: too big \(max 3\): 4'
}

sizes_have_units() {
	local given
	image 64M a.img >/dev/null
	for given in 33554432 32M 32m 32MiB '32 MiB' 0.03125G 33554.432kB; do
		formatted --fs_size="$given" a.img
		field_is Size '32.0 MiB'
	done
	refused 'fs_size: must be a number: 32X' --fs_size=32X a.img
	refused 'fs_size: must be a number: -1' --fs_size=-1 a.img
	refused 'fs_size: must be a number: ' --fs_size= a.img
	refused 'fs_size: must be a number: 99999999999999999999' --fs_size=99999999999999999999 a.img
}

versions_from_1_4_to_1_28_can_be_made() {
	local version
	image 32M a.img >/dev/null
	for version in 1.4 1.9 1.12 1.13 1.14 1.20 1.28; do
		formatted --version="$version" a.img
		holds grep -qE "^Version: +${version/./\\.}: [a-z]" "$work/out"
		holds grep -qE "^Oldest version on disk: +${version/./\\.}: " "$work/out"
	done
	formatted --version=1037 a.img
	field_is Version '1.13: inode_has_child_snapshots'
	formatted --version=inode_has_case_insensitive a.img
	field_is Version '1.28: inode_has_case_insensitive'
}

other_versions_are_refused() {
	local version
	image 32M a.img >/dev/null
	for version in 1.3 1.29 1.39 2.0; do
		refused "cannot make version ${version/./\\.}; versions 1\.4 to 1\.28 can be made" --version=$version a.img
	done
	refused 'version 13 is not clear; did you mean 1\.13\?' --version=13 a.img
	refused 'no such version: new' --version=new a.img
}

geometry_that_does_not_fit_is_refused_with_its_numbers() {
	image 64M a.img >/dev/null
	image 4M s.img >/dev/null
	refused 'cannot format s\.img, too small \(4194304 bytes, min 8388608\)' s.img
	refused 'cannot format s\.img, too small' a.img s.img
	refused 'a\.img: Bucket size \(512\) cannot be smaller than block size \(4096\)' \
		--bucket_size=512 --block_size=4k a.img
	refused 'a\.img: Bucket size \(65536\) cannot be smaller than btree node size \(131072\)' \
		--bucket_size=64k --btree_node_size=128k a.img
	refused 'a\.img: Not enough buckets: 64, need 512' --bucket_size=1M a.img
	refused 'btree node size \(4096\) must be greater than block size \(4096\)' \
		--btree_node_size=4k --block_size=4k a.img
	refused 'format: superblock_size: too small' --superblock_size=8k a.img
	refused 'superblock_size: 17000: ' --superblock_size=17000 a.img
	refused 'cannot format a\.img, too small for superblocks' --superblock_size=32M a.img
	run bcachefs show-super a.img
	status 1
}

the_smallest_device_has_8_MiB() {
	formatted "$(image 8M a.img)"
	field_is 'Bucket size' '16.0 KiB'
	field_is Buckets 512
	field_is btree_node_size '16.0 KiB'
	refused 'cannot format b\.img, too small' "$(image $((8 * 1048576 - 512)) b.img)"
}

superblocks_have_the_size_that_is_asked_for() {
	image 64M a.img >/dev/null
	formatted --superblock_size=64k a.img
	out '^Superblock size: +[0-9.]+ (Ki)?B/64\.0 KiB$'
	run bcachefs show-super -l a.img
	out '^  Offsets: +8, 136, '
}

labels_and_uuids_of_the_filesystem_are_checked() {
	image 32M a.img >/dev/null
	refused 'filesystem label too long \(max 31 characters\)' -L 12345678901234567890123456789012 a.img
	formatted -L 1234567890123456789012345678901 a.img
	field_is Label $'1234567890123456789012345678901\n(none)'
	refused 'not a UUID: 1111' -U 1111 a.img
	refused 'not a UUID: 0{8}' -U 00000000-0000-0000-0000-000000000000 a.img
	formatted --uuid=AAAAAAAA-2222-3333-4444-555555555555 a.img
	field_is 'External UUID' aaaaaaaa-2222-3333-4444-555555555555
}

what_cannot_be_formatted_is_named() {
	refused 'missing\.img: no such file or directory' missing.img
	refused '\.: is a directory' .
	refused '/dev/null: neither a block device nor a regular file' /dev/null
	run bcachefs format
	status 2
	err 'missing operand DEVICE'
}

the_same_device_twice_is_refused_under_any_name() {
	image 32M a.img >/dev/null
	ln -s a.img link.img
	refused 'a\.img and a\.img are the same device' a.img a.img
	refused 'a\.img and link\.img are the same device' a.img link.img
	refused 'a\.img and \./link\.img are the same device' a.img ./link.img
	run bcachefs format -n -q a.img a.img
	status 1
	run bcachefs show-super a.img
	status 1
}

64_devices_can_be_formatted_and_65_cannot() {
	local n names=()
	for n in {01..65}; do
		names+=("$(image 8M "$n.img")")
	done
	refused '65 devices: want 1 to 64$' "${names[@]}"
	formatted "${names[@]:0:64}"
	field_is Devices 64
	run bcachefs show-super 64.img
	field_is 'Device index' 63
	run bcachefs scan .
	status 0
	out '64 of 64 devices$'
}

the_same_uuid_and_time_give_the_same_bytes() {
	local name
	for name in a b c d; do
		image 32M "$name.img" >/dev/null
	done
	export SOURCE_DATE_EPOCH=1000000000 TZ=UTC
	bcachefs format -q -U 11111111-2222-3333-4444-555555555555 -L same a.img b.img
	bcachefs format -q -U 11111111-2222-3333-4444-555555555555 -L same c.img d.img
	holds cmp a.img c.img
	holds cmp b.img d.img
	run bcachefs show-super a.img
	field_is Created 'Sun Sep  9 01:46:40 2001'
	bcachefs format -q -f -U 11111111-2222-3333-4444-555555555556 -L same c.img d.img
	if cmp -s a.img c.img; then fail 'another UUID gives the same bytes'; fi
}

a_dry_run_shows_the_filesystem_and_writes_nothing() {
	image 32M a.img >/dev/null
	cp a.img before
	run bcachefs format -n -L tank a.img
	status 0
	field_is 'Device index' 0
	holds cmp a.img before
}

the_new_filesystem_is_json_too() {
	command -v jq >/dev/null || skip 'no jq'
	run bcachefs format --json -L tank --label=ssd.a "$(image 32M a.img)"
	status 0
	holds jq -e '.version == 1 and .label == "tank" and .sections.members_v2.devices[0].label == "ssd.a"' "$work/out"
}

a_sparse_image_of_100_TiB_takes_a_moment_and_a_few_MiB() {
	[[ -w /dev/shm ]] || skip 'no /dev/shm'
	local big start rss
	big=$(mktemp /dev/shm/format.XXXXXX)
	trap 'rm -f "$big"' EXIT
	truncate -s 100T "$big" 2>/dev/null || skip 'no file of 100 TiB'
	start=${EPOCHREALTIME/./}
	run bcachefs format -q "$big"
	status 0
	holds test $((${EPOCHREALTIME/./} - start)) -lt 1000000
	holds test "$(du -k "$big" | cut -f 1)" -lt 4096
	run bcachefs show-super "$big"
	field_is Size '100 TiB'
	[[ -x /usr/bin/time ]] || exit 0
	rss=$(/usr/bin/time -f %M "$program" format -q -f "$big" 2>&1 >/dev/null)
	if ! grep -q __asan_init "$program"; then holds test "${rss##*$'\n'}" -lt 16384; fi
}

cases
