#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# format: what lies on a device is not overwritten unasked, what is mounted never; and what is overwritten is wiped.
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

need() { # COMMAND...
	local command
	for command; do
		command -v "$command" >/dev/null || skip "no $command"
	done
}

root() {
	((!EUID)) && [[ -e /dev/loop-control ]] || skip 'needs root and loop devices'
}

# A loop device for the file until the case ends.
loop() { # FILE
	device=$(losetup -f --show "$1" 2>/dev/null) || skip 'no loop device'
	trap 'losetup -d "$device"' EXIT
}

# The device keeps its contents, which are called $2, without -f: unasked, and after no and a wrong answer; and gives
# them up with it, so that nobody finds them any more.
guarded() { # DEVICE WORDS
	local before answer
	before=$(sha256sum <"$1")
	for answer in '' n nonsense; do
		printf '%s' "${answer:+$answer$'\n'}" >answer
		RUN_STDIN=answer run bcachefs format -q "$1"
		status 1
		err "^$1 contains a $2$"
		err '^Proceed anyway\? \(y,n\) '
		err '^bcachefs: nothing was written$'
		no_out
	done
	run bcachefs format -n "$1"
	status 0
	err "^$1 contains a $2$"
	holds test "$before" = "$(sha256sum <"$1")"
	run bcachefs format -f "$1"
	status 0
	err "^$1 contains a $2$"
	wiped "$1"
}

# Nothing but bcachefs is left.
wiped() { # DEVICE
	run blkid -p -o value -s TYPE -s PTTYPE "$1"
	no_out '^[^b]'
	run wipefs -p "$1"
	no_out '^[^#].*,[^,b]*$'
	run bcachefs show-super "$1"
	status 0
}

nothing_is_asked_where_nothing_is() {
	run bcachefs format -q "$(image 32M a.img)"
	status 0
	no_err
}

ext4_is_guarded() {
	need mkfs.ext4
	image 32M a.img >/dev/null
	mkfs.ext4 -qF -L old a.img
	guarded a.img "ext4 filesystem labelled 'old'"
}

xfs_is_guarded() {
	need mkfs.xfs
	image 300M a.img >/dev/null
	mkfs.xfs -q a.img
	guarded a.img 'xfs filesystem'
}

btrfs_is_guarded() {
	need mkfs.btrfs
	image 128M a.img >/dev/null
	mkfs.btrfs -q a.img
	guarded a.img 'btrfs filesystem'
}

luks_is_guarded() {
	need cryptsetup
	image 32M a.img >/dev/null
	printf secret | cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 a.img - 2>/dev/null ||
		skip 'cryptsetup cannot make one'
	guarded a.img 'crypto_LUKS crypto'
}

a_gpt_is_guarded() {
	need sgdisk
	image 32M a.img >/dev/null
	sgdisk -n 1:0:0 a.img >/dev/null
	guarded a.img 'gpt partition table'
}

a_dos_partition_table_is_guarded() {
	need sfdisk
	image 32M a.img >/dev/null
	echo ', ' | sfdisk -q a.img
	guarded a.img 'dos partition table'
}

lvm_is_guarded() {
	need pvcreate
	root
	image 32M a.img >/dev/null
	loop a.img
	pvcreate -qq --config 'devices { use_devicesfile = 0 }' "$device" >/dev/null 2>&1 || skip 'pvcreate cannot make one'
	sync "$device"
	guarded a.img 'LVM2_member raid'
}

another_bcachefs_is_guarded_with_what_identifies_it() {
	image 32M a.img >/dev/null
	image 32M b.img >/dev/null
	bcachefs format -q -L tank -U 11111111-2222-3333-4444-555555555555 b.img a.img
	guarded a.img "bcachefs filesystem labelled 'tank' \(UUID 11111111-2222-3333-4444-555555555555, member 1, 1 other member\)"
}

a_bcachefs_that_cannot_be_read_is_guarded() {
	image 32M a.img >/dev/null
	bcachefs format -q a.img
	# a version of the future: 2.1
	printf '\001\010' | dd of=a.img bs=1 seek=$((4096 + 16)) conv=notrunc status=none
	printf '\001\010' | dd of=a.img bs=1 seek=$((4096 + 18)) conv=notrunc status=none
	dd if=/dev/zero of=a.img bs=512 seek=7 count=1 conv=notrunc status=none
	guarded a.img 'bcachefs filesystem \(.*\)'
}

the_backups_of_an_old_bcachefs_are_wiped() {
	local sector
	image 64M a.img >/dev/null
	bcachefs format -q -U 11111111-2222-3333-4444-555555555555 a.img
	bcachefs format -q -f --superblock_size=64k --fs_size=32M -U 11111111-2222-3333-4444-555555555556 a.img
	for sector in 8 2056 126976 129024; do
		run bcachefs show-super --sb=$sector a.img
		no_out 555555555555
	done
	run grep -caF "$(printf '\x11\x11\x11\x11\x22\x22\x33\x33\x44\x44\x55\x55\x55\x55\x55\x55')" a.img
	out_is 0
}

all_devices_are_asked_about_before_one_is_written() {
	need mkfs.ext4
	image 32M a.img >/dev/null
	image 32M b.img >/dev/null
	mkfs.ext4 -qF b.img
	cp a.img before
	echo n >answer
	RUN_STDIN=answer run bcachefs format -q a.img b.img
	status 1
	err '^b\.img contains a ext4 filesystem$'
	holds cmp a.img before
}

yes_is_an_answer() {
	need mkfs.ext4
	image 32M a.img >/dev/null
	mkfs.ext4 -qF a.img
	echo yes >answer
	RUN_STDIN=answer run bcachefs format -q a.img
	status 0
	wiped a.img
}

# A mounted ext4 on a loop device, until the case ends.
mounted() {
	need mkfs.ext4
	root
	image 32M a.img >/dev/null
	mkfs.ext4 -qF a.img
	mkdir mnt
	loop a.img
	mount "$device" mnt 2>/dev/null || skip 'cannot mount'
	trap 'umount mnt; losetup -d "$device"' EXIT
}

a_mounted_device_is_refused_even_by_force() {
	mounted
	run bcachefs format -q -f "$device"
	status 1
	err "^bcachefs: $device is mounted on $PWD/mnt$"
	image 32M b.img >/dev/null
	run bcachefs format -q -f b.img "$device"
	status 1
	run bcachefs show-super b.img
	status 1
	holds mountpoint -q mnt
}

a_file_behind_a_mounted_loop_device_is_refused_even_by_force() {
	mounted
	ln -s a.img link.img
	run bcachefs format -q -f a.img
	status 1
	err "^bcachefs: a\.img is mounted on $PWD/mnt$"
	run bcachefs format -q -f link.img
	status 1
	err "^bcachefs: link\.img is mounted on $PWD/mnt$"
}

loop_devices_are_formatted_and_found() {
	root
	image 32M a.img >/dev/null
	loop a.img
	run bcachefs format -q -L tank "$device"
	status 0
	run bcachefs show-super a.img
	field_is Label $'tank\n(none)'
	run bcachefs scan "$device"
	status 0
	out "^  0  $device +rw +32\.0 MiB$"
}

cases
