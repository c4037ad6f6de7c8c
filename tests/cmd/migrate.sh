#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# migrate: other filesystems become bcachefs in place, and are none the worse for it. CLI 11.1.
. "$(dirname "$0")/lib.sh"
. "$here/migrate_lib.sh"

ext4_becomes_bcachefs_and_stays_whole() {
	filled a.img mkfs.ext4 -q -F
	migrated a.img 'e2fsck -fn'
}

ext4_of_small_blocks_does() {
	filled a.img mkfs.ext4 -q -F -b 1024
	migrated a.img 'e2fsck -fn'
}

ext4_with_data_in_inodes_does() {
	filled a.img mkfs.ext4 -q -F -O inline_data
	migrated a.img 'e2fsck -fn'
}

ext4_of_clusters_does() {
	filled a.img mkfs.ext4 -q -F -O bigalloc -C 65536
	migrated a.img 'e2fsck -fn'
}

xfs_becomes_bcachefs_and_stays_whole() {
	filled a.img mkfs.xfs -q -f -m reflink=0
	migrated a.img 'xfs_repair -n'
}

xfs_with_shared_data_does() {
	filled a.img mkfs.xfs -q -f -m reflink=1
	mounted a.img rw
	cp --reflink=always mnt/random mnt/clone
	umount mnt
	migrated a.img 'xfs_repair -n'
}

flags_and_projects_come_along() {
	local sb
	filled a.img mkfs.xfs -q -f
	mounted a.img rw
	chattr +SdA mnt/d
	chattr -p 42 mnt/small
	chattr +i mnt/small
	chattr +a mnt/random
	umount mnt
	migrated a.img 'xfs_repair -n' # files with flags cannot be removed, nor this case's folder
	chattr -R -i -a new 2>/dev/null
	run bcachefs stat -o "sb=$sb" a.img /d
	out '^Flags: *sync,nodump,noatime$'
	run bcachefs stat -o "sb=$sb" a.img /small
	out '^Flags: *immutable$'
	out '^Project: *42$'
	run bcachefs stat -o "sb=$sb" a.img /random
	out '^Flags: *append$'
}

encrypted_everything_is_copied() {
	filled a.img mkfs.ext4 -q -F
	echo secret >pw
	run bcachefs migrate --encrypted --passphrase_file=pw a.img
	status 0
	out '^Linked: *0 B$'
	out '^Copied: *[5-9][0-9.]* MiB$'
	run e2fsck -fn a.img
	status 0
}

data_stays_where_it_lies() {
	local sb before
	filled a.img mkfs.ext4 -q -F
	mounted a.img ro
	before=$(filefrag -b512 -v mnt/random | awk '$1 == "0:" { print $4 + 0 }')
	umount mnt
	run bcachefs migrate a.img
	status 0
	sb=$(sector)
	run bcachefs fiemap -o "sb=$sb" a.img /random
	out "(^|[^0-9])$((before * 512))([^0-9]|$)|(^|[^0-9])$before([^0-9]|$)"
}

a_dry_run_writes_nothing_and_tells_all() {
	local before
	filled a.img mkfs.ext4 -q -F
	before=$(sha256sum <a.img)
	run bcachefs migrate -n a.img
	status 0
	out '^Total files: *1[0-9]$'
	out '^Linked: *[5-9][0-9.]* MiB$'
	out '^Needed: '
	out '^Free: '
	[[ $before == "$(sha256sum <a.img)" ]] || fail 'something was written'
	run bcachefs fsck -n a.img
	status 8
}

what_was_migrated_is_made_anew_by_force_alone() {
	filled a.img mkfs.ext4 -q -F
	migrated a.img 'e2fsck -fn'
	run bcachefs migrate a.img
	status 1
	err '^bcachefs: a.img was migrated already, to a filesystem at sector [0-9]*; -F makes it anew$'
	migrated a.img 'e2fsck -fn' -F
}

what_is_mounted_is_read_only_from_then_on() {
	filled a.img mkfs.ext4 -q -F
	mounted a.img rw
	exec 9>mnt/open
	run bcachefs migrate -f mnt
	status 1
	err '^bcachefs: mnt: files are open for writing'
	[[ ! -e mnt/bcachefs ]] || fail 'the reserve was left'
	exec 9>&-
	rm mnt/open
	run bcachefs migrate -f mnt/d
	status 1
	err 'nothing is mounted there'
	run bcachefs migrate a.img
	status 1
	err 'is mounted on .*: name its mount point with -f'
	run bcachefs migrate -f mnt
	status 0
	! touch mnt/more 2>/dev/null || fail 'it can be written'
	umount mnt
	same a.img 'e2fsck -fn'
}

what_cannot_be_migrated_is_left_alone() {
	local before
	[[ $(id -u) == 0 ]] || skip 'not root'
	truncate -s 384M a.img
	run bcachefs migrate a.img
	status 1
	err '^bcachefs: a.img: no filesystem: ext4, XFS and btrfs can be migrated$'
	run bcachefs migrate
	status 2
	filled a.img mkfs.ext4 -q -F
	mounted a.img rw
	echo mine >mnt/bcachefs
	umount mnt
	before=$(debugfs -R 'cat /bcachefs' a.img 2>/dev/null)
	run bcachefs migrate a.img
	status 1
	err '/bcachefs exists, and no earlier run left it$'
	[[ $(debugfs -R 'cat /bcachefs' a.img 2>/dev/null) == "$before" ]] || fail 'the file changed'
	mounted a.img rw
	rm mnt/bcachefs
	fallocate -l 320M mnt/full 2>/dev/null
	umount mnt
	run bcachefs migrate a.img
	status 1
	err 'bytes are wanted, [0-9]* are free$'
}

encrypted_directories_are_refused() {
	local key before
	filled a.img mkfs.ext4 -q -F -O encrypt
	mounted a.img rw
	mkdir mnt/d/secret
	key=$(head -c 64 /dev/urandom | xfs_io -c add_enckey mnt 2>&1 | grep -o '[0-9a-f]\{32\}') || skip 'the system cannot encrypt'
	xfs_io -c "set_encpolicy -v 2 $key" mnt/d/secret
	echo secret >mnt/d/secret/file
	umount mnt
	before=$(sha256sum <a.img)
	run bcachefs migrate a.img
	status 1
	err '^bcachefs: a.img/d/secret: encrypted directory: not supported$'
	[[ $before == "$(sha256sum <a.img)" ]] || fail 'something was written'
}

ext4_is_taken_over_and_that_can_be_undone() {
	taken_over 'e2fsck -fn' mkfs.ext4 -q -F
}

xfs_is_taken_over_and_that_can_be_undone() {
	taken_over 'xfs_repair -n' mkfs.xfs -q -f
}

cases
