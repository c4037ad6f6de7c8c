#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Has a filesystem of version 1.13 look as one of 1.4 does: the index of subvolumes, where their names are, and flags of
# inodes go; the superblock says 1.4.
#
#   age.sh DEVICE...
set -euo pipefail
bcachefs=${BCACHEFS:-$(dirname "$(realpath "$0")")/../../bcachefs}

keys() { # BTREE DEVICE...
	"$bcachefs" list -b "$@"
}

{
	keys subvolume_children "$@" | awk '/^u64s/ { print "delete -q subvolume_children " $5 }'
	keys subvolumes "$@" | awk '/^u64s/ { print "update -q subvolumes " $5 " fs_path_parent=0" }'
	keys inodes "$@" | awk '
		/^u64s/ { at = $5 }
		/has_child_snapshot/ { print "update -q inodes " at " bi_flags.has_child_snapshot=0" }'
} | "$bcachefs" kvdb --rw "$@"
"$bcachefs" kvdb --rw --nostart -c \
	'sb set version=1028 version_min=1028 VERSION_UPGRADE_COMPLETE=1028' "$@"
