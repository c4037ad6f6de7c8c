# SPDX-License-Identifier: GPL-2.0-or-later
# What scripts inside the machine share: mounting, the kernel's verdict, files to put and check. For busybox sh.
# DEVS: the devices as mount wants them, joined by colons; MNT: where to mount. A batch sets both.
# shellcheck shell=dash

: "${DEVS=/dev/vda}" "${MNT=/mnt}"

fail() {
	echo "$*"
	exit 1
}

# The kernel's log is looked at from the latest mark on.
log_mark() {
	log_nr=$((${log_nr:-0} + 1))
	echo "mark-$$-$log_nr" >/dev/kmsg
}

log_since_mark() {
	dmesg | sed "1,/mark-$$-$log_nr\$/d"
}

# Words of a kernel that found, repaired or suffered something.
log_bad='fixing|error|mismatch|incorrect|inconsist|corrupt|invalid|missing|wrong|unexpected|unable|fail|warn'
log_bad="$log_bad|cut here|BUG|should be|doesn.t match|not marked|not found|dangling|unreachable|leaked"
log_bad="$log_bad|stuck|blocked for|no longer|duplicate|refusing|rewind|halt|emergency"

# Lines of a healthy filesystem that have such a word: names of recovery passes, echoed mount options.
log_harmless='check_unreachable_inodes\.\.\. done|starting version'

# Fails where the log since the mark has a bad word.
log_is_clean() {
	local bad
	bad=$(log_since_mark | grep -Ei "$log_bad" | grep -Ev "$log_harmless")
	[ -z "$bad" ] || fail "the kernel complains:
$bad"
}

mount_ok() { # [OPTIONS [DEVICES]]
	log_mark
	mkdir -p "$MNT"
	mount -t bcachefs -o "${1:-rw}" "${2:-$DEVS}" "$MNT" || fail "cannot mount ${2:-$DEVS} with ${1:-rw}"
}

unmount_ok() {
	umount "$MNT" || fail "cannot unmount $MNT"
}

# Mounts with the kernel's own check, which may repair nothing and must find nothing.
mount_checked() { # [DEVICES]
	mount_ok verbose,fsck,fix_errors=no "$@"
	log_is_clean
}

fs_clean() { # [DEVICES]
	mount_checked "$@"
	unmount_ok
	log_is_clean
}

# A tree from a seed, with about COUNT entries of every kind and half as many small files, in $MNT/files.
files_put() { # SEED COUNT
	mkdir "$MNT/files" || fail "cannot make $MNT/files"
	vmh tree "$1" "$2" "$MNT/files" || fail "cannot write the files"
	vmh manifest "$MNT/files" >/tmp/manifest-$$ || fail "cannot read the files back"
}

# The files are those that the same script put: types, attributes, links, contents.
files_check() {
	vmh manifest "$MNT/files" >/tmp/found-$$ || fail "cannot read the files"
	diff /tmp/manifest-$$ /tmp/found-$$ || fail "files are not as they were written"
}
