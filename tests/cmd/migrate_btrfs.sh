#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# migrate of btrfs: its addresses are mapped, its subvolumes stay, and it is none the worse for it. CLI 11.1.
. "$(dirname "$0")/lib.sh"
. "$here/migrate_lib.sh"

btrfs_becomes_bcachefs_and_stays_whole() {
	filled a.img mkfs.btrfs -q -f
	mounted a.img rw,compress-force=zstd
	seq 200000 >mnt/compressed
	sync mnt/compressed
	cp --reflink=always mnt/random mnt/clone
	umount mnt
	migrated a.img 'btrfs check'
	run bcachefs migrate a.img
	status 1
	err 'was migrated already'
	migrated a.img 'btrfs check' -F
}

btrfs_that_keeps_data_twice_does() {
	filled a.img mkfs.btrfs -q -f -d dup -m dup
	migrated a.img 'btrfs check'
}

subvolumes_and_snapshots_of_btrfs_stay_subvolumes() {
	local sb
	filled a.img mkfs.btrfs -q -f
	mounted a.img rw
	btrfs -q subvolume create mnt/sub
	tree mnt/sub
	btrfs -q subvolume snapshot -r mnt/sub mnt/d/snapshot
	btrfs -q subvolume snapshot mnt/sub mnt/d/changed
	btrfs -q subvolume create mnt/sub/d/inner # behind them: what they show instead has no times of its own
	echo inner >mnt/sub/d/inner/file
	echo more >>mnt/d/changed/d/numbers
	umount mnt
	migrated a.img 'btrfs check'
	run bcachefs subvolume list -R -o "sb=$sb" a.img
	status 0
	out '^sub '
	out '^sub/d/inner '
	out '^d/changed '
	out '^d/snapshot .* ro '
}

where_data_lies_elsewhere_is_told() {
	filled a.img mkfs.btrfs -q -f
	mounted a.img rw
	btrfs -q subvolume create mnt/sub
	umount mnt
	mounted a.img rw,subvol=sub
	run bcachefs migrate -n -f mnt
	status 1
	err '^bcachefs: mnt: subvolume 256 of a btrfs; mount its top with -o subvolid=5$'
	umount mnt
	mounted a.img rw
	run bcachefs migrate -n -f mnt/sub
	status 1
	run bcachefs migrate a.img
	status 1
	err 'is mounted on .*: name its mount point with -f'
	truncate -s 384M b.img
	local loop
	loop=$(losetup -f --show b.img)
	# shellcheck disable=SC2064
	trap "umount -l mnt 2>/dev/null; losetup -d $loop" EXIT # which is not within this function
	btrfs -q device add "$loop" mnt
	run bcachefs migrate -f mnt
	status 1
	err '^bcachefs: mnt: a btrfs on several devices: it cannot be migrated$'
	[[ ! -e mnt/bcachefs ]] || fail 'the reserve was left'
	btrfs -q balance start -f -dconvert=raid1 mnt
	umount mnt
	run bcachefs migrate a.img
	status 1
}

btrfs_is_taken_over_and_that_can_be_undone() {
	taken_over 'btrfs check' mkfs.btrfs -q -f
}

cases
