#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mount and mount.bcachefs as far as they get without a kernel that has bcachefs: what is checked before, and said. The
# mounts themselves are in tests/vm/mount.sh. CLI 12.1.
. "$(dirname "$0")/lib.sh"

# A filesystem of two devices, which both have all metadata.
two() {
	image 32M a.img >/dev/null
	image 32M b.img >/dev/null
	bcachefs format -q --replicas=2 -L tank a.img b.img || fail 'cannot format'
	mkdir -p mnt
}

# Without the filesystem in the kernel, and as root, as whom it would mount.
kernelless() {
	! grep -q bcachefs /proc/filesystems && ! modinfo bcachefs >/dev/null 2>&1 || skip 'this kernel has bcachefs'
	((!EUID)) || skip 'not root'
}

all_but_the_mount_is_done_without_a_mount_point() {
	two
	run bcachefs mount a.img:b.img
	status 0
	no_out
	no_err
}

fake_does_all_but_the_mount() {
	two
	run bcachefs mount -f -o ro,noatime,x-systemd.automount a.img:b.img mnt
	status 0
	no_err
	run bcachefs mount -sfnv -o ro a.img:b.img mnt
	status 0
}

the_name_mount_bcachefs_stands_for_it() {
	two
	ln -s "$program" mount.bcachefs
	run ./mount.bcachefs a.img:b.img mnt -f -o rw,noauto -t bcachefs
	status 0
	no_err
}

a_missing_member_is_named() {
	two
	run bcachefs mount -f a.img mnt
	status 32
	err '^bcachefs: missing members: 1 \(UUID [-0-9a-f]*\)'
}

a_missing_member_is_done_without_if_an_option_says_so() {
	two
	run bcachefs mount -f -o ro,degraded a.img mnt
	status 0
	run bcachefs mount -f -o degraded=very,noatime a.img mnt
	status 0
	run bcachefs mount -f -o degraded=no a.img mnt
	status 32
}

whether_to_do_without_is_asked_where_that_is_wanted() {
	two
	printf 'y\n' >yes
	printf 'n\n' >no
	RUN_STDIN=yes run bcachefs mount -f -o degraded=ask a.img mnt
	status 0
	err 'Mount it without them\?'
	RUN_STDIN=no run bcachefs mount -f -o degraded=ask a.img mnt
	status 32
	run bcachefs mount -f -o degraded=ask a.img mnt
	status 32
}

a_member_that_was_written_without_the_others_is_refused() {
	two
	SOURCE_DATE_EPOCH=1700000000 bcachefs set-fs-option -o degraded --errors=ro a.img || fail 'cannot write a.img'
	SOURCE_DATE_EPOCH=1800000000 bcachefs set-fs-option -o degraded --errors=ro b.img || fail 'cannot write b.img'
	run bcachefs mount -f a.img:b.img mnt
	status 32
	err 'was written without the other members'
	run bcachefs mount -f -o no_splitbrain_check a.img:b.img mnt
	status 0
}

what_is_no_filesystem_is_said() {
	image 32M a.img >/dev/null
	run bcachefs mount -f a.img mnt
	status 32
	err '^bcachefs: a.img'
}

the_passphrase_is_asked_for_checked_and_given_to_the_kernel() {
	command -v keyctl >/dev/null || skip 'no keyctl'
	keyctl session - true >/dev/null 2>&1 || skip 'no keyrings here'
	image 32M a.img >/dev/null
	printf 'right\n' >right
	printf 'wrong\n' >wrong
	bcachefs format -q --encrypted --passphrase_file=right a.img || fail 'cannot format'
	trap 'bcachefs unlock --lock a.img >/dev/null 2>&1' EXIT
	run bcachefs mount -f -k fail a.img mnt
	status 32
	err 'is locked: no key'
	RUN_STDIN=wrong run bcachefs mount -f a.img mnt
	status 32
	err '^bcachefs: incorrect passphrase$'
	run bcachefs mount -f --passphrase_file=right a.img mnt
	status 0
	run bcachefs mount -f -k fail a.img mnt
	status 0
	bcachefs unlock --lock a.img || fail 'cannot lock'
	RUN_STDIN=right run bcachefs mount -f -k stdin a.img mnt
	status 0
	run bcachefs mount -f -k wait a.img mnt
	status 0
}

a_kernel_without_bcachefs_is_said_with_what_helps() {
	kernelless
	two
	run bcachefs mount a.img:b.img mnt
	status 32
	err_is 'bcachefs: this kernel has no bcachefs (neither built in nor as a module); read-only access without it: bcachefs fusemount a.img:b.img mnt'
}

a_wrong_command_line_is_status_1() {
	run bcachefs mount
	status 1
	run bcachefs mount --nonsense a.img mnt
	status 1
	run bcachefs mount -o remount a.img
	status 1
	err 'missing operand MOUNTPOINT'
}

only_root_mounts() {
	two
	chmod 777 . && chmod 666 ./*.img
	command -v setpriv >/dev/null || skip 'no setpriv'
	((!EUID)) || skip 'not root'
	cp "$program" program && chmod 755 program
	run setpriv --reuid=65534 --regid=65534 --clear-groups ./program mount a.img:b.img mnt
	status 1
	err 'only root may mount'
}

the_type_of_fuse_goes_to_fusemount() {
	two
	run bcachefs mount -t bcachefs.fuse -o rw a.img:b.img mnt
	status 1
	err 'fusemount only reads'
}

cases
