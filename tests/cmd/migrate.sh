#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# migrate: other filesystems become bcachefs in place, and are none the worse for it. CLI 11.1.
. "$(dirname "$0")/lib.sh"

# Nothing needs to last: in memory a flush takes no time.
if [[ -w /dev/shm ]]; then
	export TMPDIR=/dev/shm
fi

# The old filesystem, mounted at mnt for what follows.
mounted() { # IMAGE OPTION
	[[ $(id -u) == 0 ]] || skip 'not root'
	mkdir -p mnt
	mount -o "loop,$2" "$1" mnt 2>mount.err || skip "cannot mount: $(cat mount.err)"
	trap 'umount -l mnt 2>/dev/null' EXIT
}

tree() { # DIR
	mkdir -p "$1/d/e"
	seq 300000 >"$1/d/numbers"
	head -c 5000001 /dev/urandom >"$1/random"
	printf x >"$1/small"
	ln "$1/random" "$1/d/e/again"
	ln -s "$(printf 'long%.0s' {1..50})" "$1/symlink"
	truncate -s 1G "$1/sparse"
	printf end >>"$1/sparse"
	fallocate -l 1M "$1/unwritten"
	mkfifo "$1/fifo"
	mknod "$1/dev" c 1 3
	setfattr -n user.some -v value "$1/d"
	touch -d '1999-12-31 23:59:59.123456789' "$1/small"
	chown 12:34 "$1/small"
	chmod 4711 "$1/small"
}

filled() { # IMAGE MKFS...
	truncate -s 384M "$1"
	"${@:2}" "$1" >mkfs.out 2>&1 || skip "${2}: $(tail -n 1 mkfs.out)"
	mounted "$1" rw
	tree mnt
	umount mnt
}

# All that can be seen of files, but for what belongs to one of the filesystems alone.
shown() { # DIR
	(
		cd "$1" || exit
		find . \( -path ./lost+found -o -path ./bcachefs -o -path ./old_migrated_filesystem \) -prune -o \
			! -type d -printf '%p %y %m %n %U %G %s %T@ %C@ %l\n' -o -printf '%p %y %m %U %G %T@\n' | sort |
			grep -v '^\. '
		find . \( -path ./lost+found -o -path ./bcachefs -o -path ./old_migrated_filesystem \) -prune -o \
			-type f -print0 | sort -z | xargs -0 sha256sum
		getfattr -dR . 2>/dev/null | grep -v '^$'
	)
}

sector() {
	sed -n 's/^Superblock: *//p' "$work/out"
}

# Of the image just migrated: the old one, and the new one's files, are as they were.
same() { # IMAGE CHECK...
	local sb
	sb=$(sector)
	run "${@:2}" "$1"
	status 0
	mounted "$1" "ro${norecovery-}"
	shown mnt >old.txt
	umount mnt
	run bcachefs fsck -n -q -o "sb=$sb" "$1"
	status 0
	rm -rf new
	mkdir new
	run bcachefs get -q -a "--options=sb=$sb" "$1" / new
	status 0
	shown new | sed 's/ [0-9.]* \([^ ]*\)$/ \1/' >new.txt
	sed -i 's/ [0-9.]* \([^ ]*\)$/ \1/' old.txt # nobody can set when an inode changed
	holds diff old.txt new.txt
}

migrated() { # IMAGE CHECK CHECKS_OPTION [OPTION]
	run bcachefs migrate ${4-} "$1"
	status 0
	out '^Linked: '
	same "${@:1:3}"
}

ext4_becomes_bcachefs_and_stays_whole() {
	filled a.img mkfs.ext4 -q -F
	migrated a.img e2fsck -fn
}

ext4_of_small_blocks_does() {
	filled a.img mkfs.ext4 -q -F -b 1024
	migrated a.img e2fsck -fn
}

ext4_with_data_in_inodes_does() {
	filled a.img mkfs.ext4 -q -F -O inline_data
	migrated a.img e2fsck -fn
}

ext4_of_clusters_does() {
	filled a.img mkfs.ext4 -q -F -O bigalloc -C 65536
	migrated a.img e2fsck -fn
}

xfs_becomes_bcachefs_and_stays_whole() {
	filled a.img mkfs.xfs -q -f -m reflink=0
	migrated a.img xfs_repair -n
}

xfs_with_shared_data_does() {
	filled a.img mkfs.xfs -q -f -m reflink=1
	mounted a.img rw
	cp --reflink=always mnt/random mnt/clone
	umount mnt
	migrated a.img xfs_repair -n
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
	migrated a.img e2fsck -fn
	run bcachefs migrate a.img
	status 1
	err '^bcachefs: a.img was migrated already, to a filesystem at sector [0-9]*; -F makes it anew$'
	migrated a.img e2fsck -fn -F
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
	same a.img e2fsck -fn
}

what_cannot_be_migrated_is_left_alone() {
	local before
	[[ $(id -u) == 0 ]] || skip 'not root'
	truncate -s 384M a.img
	run bcachefs migrate a.img
	status 1
	err '^bcachefs: a.img: no filesystem: ext4 and XFS can be migrated$'
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

taken_over() { # CHECK MKFS...
	local sb before
	filled a.img "${@:2}"
	run bcachefs migrate a.img
	status 0
	sb=$(sector)
	bcachefs tar -o "sb=$sb" a.img | tar -t | sort >files
	before=$(sha256sum <a.img)
	run bcachefs migrate-superblock -y -q a.img
	status 0
	run bcachefs fsck -n -q a.img
	status 0
	bcachefs tar a.img | tar -t | sort | diff files - || fail 'other files'
	run bcachefs undo -q a.img.bcundo a.img
	status 0
	[[ $before == "$(sha256sum <a.img)" ]] || fail 'undo does not bring the old one back'
	run "$1" -n a.img
	status 0
	run bcachefs migrate-superblock -n -d a.img -o "$sb"
	status 0
	[[ $before == "$(sha256sum <a.img)" ]] || fail 'a dry run wrote'
	rm a.img.bcundo
	run bcachefs migrate-superblock -y -q -d a.img -o "$sb"
	status 0
	run bcachefs migrate-superblock -y -q -d a.img -o "$sb" --undo-file=u
	status 1
	err 'its superblock is where it belongs already'
	run bcachefs migrate-cleanup a.img
	status 0
	run bcachefs fsck -n -q a.img
	status 0
	grep -v '^./old_migrated_filesystem$\|^old_migrated_filesystem$' files >without
	bcachefs tar a.img | tar -t | sort | diff without - || fail 'other files after the cleanup'
	[[ -z $(blkid -p -o value -s TYPE a.img | grep -E 'ext4|xfs') ]] || fail 'the old one is still told by its superblock'
}

ext4_is_taken_over_and_that_can_be_undone() {
	taken_over e2fsck mkfs.ext4 -q -F
}

xfs_is_taken_over_and_that_can_be_undone() {
	taken_over xfs_repair mkfs.xfs -q -f
}

killed_at_any_moment_the_old_one_is_whole() {
	local i
	filled a.img mkfs.ext4 -q -F
	for ((i = 0; i < ${KILLS:-4}; i++)); do
		timeout -s KILL "0.$(printf %03d $((RANDOM % 600)))" "$program" migrate -q a.img >/dev/null 2>&1
		until ! losetup -j a.img | grep -q .; do sleep 0.1; done
		run e2fsck -p a.img
		[[ $got -le 1 ]] || fail 'it is damaged'
		run e2fsck -fn a.img
		status 0
	done
	run bcachefs migrate a.img
	[[ $got == 0 ]] || err 'was migrated already' # one of them was done before it was killed
	migrated a.img e2fsck -fn -F
}

ours+=$'\ntaken_over'
cases
