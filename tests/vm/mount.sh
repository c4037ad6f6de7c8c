#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mount and mount.bcachefs, run inside the machine by kernels that have bcachefs: what gets mounted, and what is said where
# nothing does. CLI 12.1. Output in TAP.
#
#   mount.sh [PATTERN]     only the rows whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Rows of inside.sh.
matrix='
one of several names all | 6.12 | 3 --replicas=2 | m $DEV1 && grep -q "^$DEVS $MNT bcachefs rw" /proc/mounts
one of several names all | 6.16 | 3 --replicas=2 | m $DEV1 && grep -q "^$DEVS $MNT bcachefs rw" /proc/mounts
a colon list | 6.12 | 2 | m $DEVS
by UUID | 6.12 | 2 -U 11111111-2222-3333-4444-555555555555 | m UUID=11111111-2222-3333-4444-555555555555 && umount $MNT && m OLD_BLKID_UUID=11111111-2222-3333-4444-555555555555
by label | 6.16 | 2 -L tank | m LABEL=tank
mount(8) calls it with its flags | 6.12 | 2 | /bin/mount -t bcachefs -o noatime,nodev,nosuid,noauto,x-systemd.automount $DEV0 $MNT && grep -q " $MNT bcachefs rw,nosuid,nodev,noatime" /proc/mounts
options get to bcachefs | 6.12 | 1 | m -o ro,verbose,errors=ro $DEV0 && grep " $MNT bcachefs ro" /proc/mounts | grep verbose | grep -q errors=ro
remount changes flags | 6.12 | 2 | m $DEV0 && bcachefs mount -o remount,ro $DEV0 $MNT && grep -q " $MNT bcachefs ro" /proc/mounts
a subvolume alone | 6.12 | 1 | m $DEV0 && mkdir $MNT/a && echo in >$MNT/a/f && echo out >$MNT/g && umount $MNT && m -o X-mount.subvol=/a $DEV0 && [ "$(ls $MNT)" = f ] && grep -c " $MNT bcachefs" /proc/mounts | grep -qx 1
a folder alone that is not there | 6.16 | 1 | refused 32 "no such file" bcachefs mount -o X-mount.subdir=nowhere $DEV0 $MNT && ! grep -q " $MNT " /proc/mounts
a key out of the keyring | 6.12 | 1 --encrypted | printf "right\n" >right && m -k stdin $DEV0 <right && umount $MNT && m -k fail $DEV0
a passphrase file | 6.16 | 1 --encrypted | printf "right\n" >right && m --passphrase_file=right $DEV0
a wrong passphrase | 6.12 | 1 --encrypted | printf "wrong\n" >wrong && refused 32 "incorrect passphrase" bcachefs mount --passphrase_file=wrong $DEV0 $MNT && refused 32 "is locked" bcachefs mount -k fail $DEV0 $MNT
a missing member is named | 6.12 | 2 --replicas=2 | dd if=/dev/zero of=$DEV1 bs=1M count=64 2>/dev/null; refused 32 "missing members: 1 (UUID" bcachefs mount $DEV0 $MNT && m -o degraded $DEV0
a write-protected device | 6.12 | 1 | blockdev --setro $DEV0 && m $DEV0 2>said && grep -q "device write-protected, mounting read-only" said && grep -q " $MNT bcachefs ro" /proc/mounts; r=$?; umount $MNT; blockdev --setrw $DEV0; [ $r = 0 ]
mounted already | 6.12 | 2 | m $DEV0 && refused 32 "already mounted or mount point busy" bcachefs mount $DEV0 $MNT
no such mount point | 6.16 | 1 | MNT=/nowhere && refused 32 "/nowhere: no such file or directory" bcachefs mount $DEV0 $MNT
fake mounts nothing | 6.12 | 1 | bcachefs mount -f $DEV0 $MNT && ! grep -q " $MNT " /proc/mounts
a newer feature is told | 6.12 | 1 --version=1.28 | refused 32 "the feature incompat_version_field, which this kernel" bcachefs mount $DEV0 $MNT
a newer feature is taken by a newer kernel | 6.16 | 1 --version=1.28 | m $DEV0
the module is loaded | 6.12 | 1 | modprobe -r bcachefs && ! grep -q bcachefs /proc/filesystems && m $DEV0
'

# shellcheck source=tests/vm/inside.sh
. "$here/inside.sh"
