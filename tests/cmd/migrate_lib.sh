# SPDX-License-Identifier: GPL-2.0-or-later
# For tests that migrate: old filesystems, what is in them, and what has to be the same. After lib.sh.

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
		find . -print0 | sort -z | xargs -0 getfattr -d 2>/dev/null | grep -v '^$'
	)
}

sector() {
	sed -n 's/^Superblock: *//p' "$work/out"
}

# Of the image just migrated: the old one, and the new one's files, are as they were.
same() { # IMAGE CHECK
	local sb
	sb=$(sector)
	run $2 "$1"
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

migrated() { # IMAGE CHECK [OPTION]
	run bcachefs migrate ${3-} "$1"
	status 0
	out '^Linked: '
	sb=$(sector)
	same "$1" "$2"
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
	run $1 a.img
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
	[[ -z $(blkid -p -o value -s TYPE a.img | grep -E 'ext4|xfs|btrfs') ]] || fail 'the old one is still told by its superblock'
}

ours=$(compgen -A function)
