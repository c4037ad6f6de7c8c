#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# migrate, migrate-superblock: killed at any moment the old filesystem is whole, and a new run succeeds. CLI 11.1.
#
# In the environment: KILLS, how often each (3).
. "$(dirname "$0")/lib.sh"
. "$here/migrate_lib.sh"

# What the command takes when it is left alone, in ms.
takes() { # COMMAND...
	local start=${EPOCHREALTIME/.}
	run "$@"
	status 0
	time=$(((${EPOCHREALTIME/.} - start) / 1000))
}

# Ends at some moment of that time.
killed() { # COMMAND...
	local ms=$((RANDOM % (time + 1) + 1))
	"$@" >/dev/null 2>&1 &
	sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
	kill -KILL $! 2>/dev/null
	wait $! 2>/dev/null # it has let go of the device
	until ! losetup -j a.img | grep -q .; do sleep 0.1; done
}

migrate_killed() { # CHECK MKFS...
	local i
	filled a.img "${@:2}"
	cp --sparse=always a.img b.img
	takes bcachefs migrate -q b.img
	rm b.img
	for ((i = 0; i < ${KILLS:-3}; i++)); do
		killed "$program" migrate -q a.img
		run $1 a.img
		status 0
	done
	run bcachefs migrate a.img
	[[ $got == 0 ]] || err 'was migrated already' # one of them was done before it was killed
	run bcachefs migrate -F a.img
	status 0
	same a.img "$1"
}

# What it wrote by then can be taken back, so that the old one is as it was, or it can be done again.
takeover_killed() { # CHECK MKFS...
	local i sb before
	filled a.img "${@:2}"
	run bcachefs migrate a.img
	status 0
	sb=$(sector)
	before=$(sha256sum <a.img)
	cp --sparse=always a.img b.img
	takes bcachefs migrate-superblock -y -q -d b.img -o "$sb"
	rm b.img b.img.bcundo
	for ((i = 0; i < ${KILLS:-3}; i++)); do
		killed "$program" migrate-superblock -y -q -d a.img -o "$sb"
		if [[ -s a.img.bcundo ]]; then
			run bcachefs undo -q -f a.img.bcundo a.img # a superblock may not be there yet
			status 0
		fi
		rm -f a.img.bcundo
		[[ $before == "$(sha256sum <a.img)" ]] || fail 'undo does not bring the old one back'
		run $1 a.img
		status 0
	done
	killed "$program" migrate-superblock -y -q -d a.img -o "$sb"
	run bcachefs show-super a.img # it was done, or it is done now
	[[ $got == 0 ]] || {
		rm -f a.img.bcundo
		run bcachefs migrate-superblock -y -q -d a.img -o "$sb"
		status 0
	}
	run bcachefs fsck -n -q a.img
	[[ $got == 0 ]] || { # between the superblock and its buckets, which the superblock knows
		bcachefs show-super -f ext a.img | grep -q check_allocations || fail 'nothing tells that it is not whole'
		run bcachefs fsck -p -q a.img
		status 1
		run bcachefs fsck -n -q a.img
		status 0
	}
}

migrate_of_ext4_killed_at_any_moment_leaves_it_whole() {
	migrate_killed 'e2fsck -fn' mkfs.ext4 -q -F
}

migrate_of_xfs_killed_at_any_moment_leaves_it_whole() {
	migrate_killed 'xfs_repair -n' mkfs.xfs -q -f
}

migrate_of_btrfs_killed_at_any_moment_leaves_it_whole() {
	migrate_killed 'btrfs check' mkfs.btrfs -q -f
}

the_takeover_of_ext4_killed_at_any_moment_can_be_undone_and_done() {
	takeover_killed 'e2fsck -fn' mkfs.ext4 -q -F
}

the_takeover_of_xfs_killed_at_any_moment_can_be_undone_and_done() {
	takeover_killed 'xfs_repair -n' mkfs.xfs -q -f
}

the_takeover_of_btrfs_killed_at_any_moment_can_be_undone_and_done() {
	takeover_killed 'btrfs check' mkfs.btrfs -q -f
}

ours+=$'\nmigrate_killed\ntakeover_killed'
cases
