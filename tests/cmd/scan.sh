#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scan: filesystems and their members as text, JSON and for udev; the exit status. CLI 14.3.
. "$(dirname "$0")/lib.sh"

uuid=11111111-2222-3333-4444-555555555555

# Three devices: 0 hdd.a, 1 hdd.b, 2 ssd.
three() {
	local name
	for name in a b c; do
		image 32M $name.img >/dev/null
	done
	bcachefs format -q --no_initialize -L tank -U $uuid --label=hdd.a a.img --label=hdd.b b.img --label=ssd c.img
}

a_whole_filesystem_is_a_block_of_lines() {
	three
	run bcachefs scan c.img a.img b.img
	status 0
	no_err
	out_is "UUID=$uuid  LABEL=tank  version 1.13  never mounted  3 of 3 devices
  0  a.img          hdd.a       rw        32.0 MiB
  1  b.img          hdd.b       rw        32.0 MiB
  2  c.img          ssd         rw        32.0 MiB"
}

a_folder_is_looked_through() {
	three
	mkdir sub
	mv ./*.img sub
	echo text >sub/text
	: >sub/empty
	mkfifo sub/fifo
	run bcachefs scan sub
	status 0
	no_err
	out '3 of 3 devices$'
	out '^  1  sub/b\.img '
}

a_missing_member_is_an_exit_status_of_1() {
	three
	run bcachefs scan a.img c.img
	status 1
	out '  2 of 3 devices$'
	out '^  1  \(missing\) +hdd\.b +rw +32\.0 MiB$'
}

nothing_found_is_an_exit_status_of_2() {
	run bcachefs scan "$(image 32M)"
	status 2
	no_out
	mkdir empty
	run bcachefs scan empty
	status 2
	no_out
}

each_filesystem_has_a_block_of_its_own() {
	three
	bcachefs format -q "$(image 32M d.img)"
	run bcachefs scan .
	status 0
	holds test "$(grep -c '^UUID=' "$work/out")" = 2
	holds test "$(grep -c '^$' "$work/out")" = 1
	rm a.img
	run bcachefs scan .
	status 1
}

the_state_of_kernel_made_filesystems_is_told() {
	unpack 14-quota >/dev/null
	run bcachefs scan dev0.img
	status 0
	out '  version 1\.13  clean  1 of 1 device$'
	rm ./*
	unpack 10-crash-d >/dev/null
	run bcachefs scan dev0.img
	out '  version 1\.13  unclean  1 of 1 device$'
}

removed_members_are_not_missed() {
	unpack 139-removed >/dev/null
	run bcachefs scan .
	status 0
	out '  2 of 2 devices$'
	no_out '^  1 '
}

a_member_that_was_seen_elsewhere_is_told_with_its_place() {
	unpack 139-removed >/dev/null
	rm dev2.img
	run bcachefs scan .
	status 1
	out '^  2  \(missing\) .* last seen as vdc'
}

the_json_has_the_same_facts() {
	command -v jq >/dev/null || skip 'no jq'
	three
	rm b.img
	run bcachefs scan --json .
	status 1
	holds jq -e --arg uuid $uuid '.version == 1 and (.filesystems | length) == 1 and (.filesystems[0] |
		.uuid == $uuid and .label == "tank" and .devices_found == 2 and .devices_wanted == 3 and
		(.devices | length) == 3 and .devices[0].path == "./a.img" and .devices[0].size_bytes == 33554432 and
		.devices[1].label == "hdd.b" and (.devices[1] | has("path") | not))' "$work/out"
	rm ./*.img
	run bcachefs scan --json .
	status 2
	holds jq -e '.filesystems == []' "$work/out"
}

what_udev_imports_is_one_line_a_key() {
	local member
	image 32M a.img >/dev/null
	image 32M b.img >/dev/null
	bcachefs format -q -L 'my tank/ä' -U $uuid b.img a.img
	member=$(bcachefs show-super a.img | sed -n '/^Device 1:/,$s/^  UUID: *//p')
	run bcachefs scan --udev a.img
	status 0
	no_err
	out_is "ID_FS_TYPE=bcachefs
ID_FS_USAGE=filesystem
ID_FS_UUID=$uuid
ID_FS_UUID_ENC=$uuid
ID_FS_UUID_SUB=$member
ID_FS_UUID_SUB_ENC=$member
ID_FS_LABEL=my_tank/__
ID_FS_LABEL_ENC=my\\x20tank/\\xc3\\xa4
BCACHEFS_DEVICES=2
BCACHEFS_MISSING=1
BCACHEFS_ENCRYPTED=0"
}

udev_is_told_of_encryption() {
	image 32M a.img >/dev/null
	bcachefs format -q --encrypted --no_passphrase a.img
	run bcachefs scan --udev a.img
	out '^BCACHEFS_ENCRYPTED=1$'
	out '^BCACHEFS_MISSING=0$'
	no_out LABEL
}

udev_wants_one_device_that_is_ours() {
	run bcachefs scan --udev "$(image 32M a.img)"
	status 1
	err '^bcachefs: a\.img: '
	no_out
	run bcachefs scan --udev
	status 2
	err -- '--udev wants one device'
	run bcachefs scan --udev a.img a.img
	status 2
}

block_devices_are_the_default() {
	((!EUID)) && [[ -e /dev/loop-control ]] || skip 'needs root and loop devices'
	three
	device=$(losetup -f --show a.img 2>/dev/null) || skip 'no loop device'
	trap 'losetup -d "$device"' EXIT
	run bcachefs set-fs-option -o degraded --uuid=random "$device"
	run bcachefs scan
	out "^  0  $device +hdd\.a +rw +32\.0 MiB$"
	holds test $((got == 0 || got == 1)) = 1
}

cases
