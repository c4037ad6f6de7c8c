#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Filesystems migrated in place, judged by the kernel: it mounts them at their temporary superblock, its fsck finds nothing,
# the tree is the old one's by manifest, it writes beside it, and the old filesystem is whole before it does. Output in TAP.
#
#   migrate.sh [PATTERN]     only the rows whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
vm_dir=$here
# shellcheck source=tests/vm/kernel.sh
. "$here/kernel.sh"
vmh=$(vm_helper)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Name | kernel | how the old filesystem is made | how it is checked | options of migrate
matrix='
ext4		| 6.12 | mkfs.ext4 -q -F		| e2fsck -fn	|
ext4-1k		| 6.12 | mkfs.ext4 -q -F -b 1024 -O ea_inode | e2fsck -fn |
ext4-bigalloc	| 6.12 | mkfs.ext4 -q -F -O bigalloc -C 65536 | e2fsck -fn |
xfs		| 6.12 | mkfs.xfs -q -f			| xfs_repair -n	|
ext4-1.28	| 6.16 | mkfs.ext4 -q -F		| e2fsck -fn	| --version=1.28
ext4-zstd	| 6.12 | mkfs.ext4 -q -F -O inline_data | e2fsck -fn	| --compression=zstd
btrfs		| 6.12 | mkfs.btrfs -q -f		| btrfs check	|
btrfs-subvols	| 6.12 | mkfs.btrfs -q -f -d dup	| btrfs check	| --compression=lz4
'

# Below it, too: subvolumes, one in another, and snapshots of what goes on changing.
subvolumes='btrfs -q subvolume create mnt/files/sub
		"$vmh" tree 2 50 mnt/files/sub
		btrfs -q subvolume snapshot -r mnt/files/sub mnt/files/snapshot
		btrfs -q subvolume snapshot mnt/files/sub mnt/files/changed
		seq 100000 >>mnt/files/changed/numbers
		btrfs -q subvolume create mnt/files/sub/inner
		seq 100000 >mnt/files/sub/inner/numbers'
subvolumes=${subvolumes//\$vmh/$vmh}

# A tree that the kernel writes too, files of many extents, what shares clusters.
write_before() { # DIR MKFS CHECK OPTIONS MORE
	cat >"$1/before.sh" <<-END
		set -e
		truncate -s 512M dev0.img
		$2 dev0.img
		mkdir mnt
		mount -o loop dev0.img mnt
		trap 'umount mnt 2>/dev/null || :' EXIT
		mkdir mnt/files
		"$vmh" tree 1 300 mnt/files
		head -c 30000000 /dev/urandom >mnt/files/random
		for i in {1..200}; do
			head -c 70000 /dev/urandom >>mnt/files/a
			head -c 70000 /dev/urandom >>mnt/files/b
		done
		$5
		"$vmh" manifest mnt/files | awk -F '\t' -v OFS='\t' '\$1 == "d" { \$6 = 0; if (btrfs) \$7 = 0 } 1' btrfs=$links >manifest
		umount mnt
		"$bcachefs" migrate $4 dev0.img | sed -n 's/^Superblock: *//p' >sector
		$3 dev0.img
		[ -s sector ]
	END
}

write_case() { # DIR KERNEL
	cat >"$1/case.sh" <<-END
		# kernel: $2
		# seconds: 300
		sb=\$(cat sector)
		mount_ok "verbose,fsck,fix_errors=no,sb=\$sb"
		log_is_clean
		vmh manifest \$MNT/files |
			awk -F '\t' -v OFS='\t' '\$1 == "d" && btrfs { \$7 = 0 } 1' btrfs=$links >have
		diff manifest have || fail "files are not those of the old filesystem"
		[ \$(stat -c %s \$MNT/old_migrated_filesystem) = 536870912 ] || fail "no old filesystem"
		mv \$MNT/files \$MNT/source
		files_put 2 100
		unmount_ok
		mount_ok "verbose,fsck,fix_errors=no,sb=\$sb"
		files_check
		unmount_ok
		log_is_clean
		bcachefs migrate-superblock -q -y -o \$sb \$DEV0 || fail "it does not take over"
		fs_clean
		bcachefs migrate-cleanup \$DEV0 || fail "no cleanup"
		mount_checked
		files_check
		[ ! -e \$MNT/old_migrated_filesystem ] || fail "it is still there"
		unmount_ok
		fs_clean
	END
}

cases=()
while IFS='|' read -r name kernel mkfs check options; do
	read -r name <<<"$name"
	# shellcheck disable=SC2053
	[[ $name && $name == ${1:-*} ]] || continue
	read -r kernel <<<"$kernel"
	mkdir "$work/$name"
	more= links=0
	[[ $name != btrfs* ]] || links=1 # it does not count those of directories
	[[ $name != btrfs-subvols ]] || more=$subvolumes
	write_before "$work/$name" "$mkfs" "$check" "$options" "$more"
	write_case "$work/$name" "$kernel"
	cases+=("$work/$name")
done <<<"$matrix"
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
