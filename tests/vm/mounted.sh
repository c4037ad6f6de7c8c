#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Commands on a filesystem that the kernel has mounted: devices, data, subvolumes, options of files. CLI 8, 9. Output in TAP.
#
#   mounted.sh [PATTERN]     only the rows whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Rows of inside.sh.
matrix='
a device goes and comes again | 6.12 | 3 --replicas=2 | m $DEV0 && written && bcachefs device offline -f $DEV1 && gone 1 && bcachefs device online $DEV1 && there 1 && intact
a device that is needed does not go | 6.12 | 2 | m $DEV0 && written && refused 1 "the kernel refuses" bcachefs device offline $DEV1 && there 1
a device is evacuated and removed by its path | 6.12 | 3 --replicas=2 | m $DEV0 && written && bcachefs device evacuate $DEV1 && ! grep -q user $SYS/dev-1/has_data && bcachefs device remove $DEV1 && [ ! -e $SYS/dev-1 ] && intact
a device is removed by its index | 6.16 | 3 --replicas=2 | m $DEV0 && written && bcachefs device remove 1 $MNT && [ ! -e $SYS/dev-1 ] && intact
states | 6.12 | 2 | m $DEV0 && bcachefs device set-state ro $DEV1 && grep -qF "[ro]" $SYS/dev-1/state && bcachefs device set-state rw 1 $MNT && grep -qF "[rw]" $SYS/dev-1/state
states on a newer kernel | 6.16 | 2 | m $DEV0 && bcachefs device set-state ro 1 $MNT && grep -qF "[ro]" $SYS/dev-1/state
a device grows | 6.12 | 1 --fs_size=32M | m $DEV0 && n=$(cat $SYS/dev-0/nbuckets) && bcachefs device resize $DEV0 48M && [ $(($(cat $SYS/dev-0/nbuckets) * 2)) = $((n * 3)) ] && bcachefs device resize 0 $MNT && [ $(cat $SYS/dev-0/nbuckets) = $((n * 2)) ]
a journal grows | 6.12 | 1 | m $DEV0 && bcachefs device resize-journal $DEV0 4M && umount $MNT && log_is_clean && [ $(bcachefs show-super -f journal_v2 $DEV0 | grep -c .) -gt 1 ]
missing copies are made | 6.12 | 3 --replicas=2 | m $DEV0 && written && bcachefs device set-state -f failed $DEV2 && bcachefs data rereplicate $MNT && intact && umount $MNT && bcachefs fiemap -v $DEVS /written >map && n=$(grep -c " 0:[0-9]*:" map) && [ $n -gt 0 ] && [ $n = $(grep -c " 1:[0-9]*:" map) ]
what is degraded is offline by force | 6.12 | 3 --replicas=2 | m $DEV0 && written && bcachefs device set-state -f failed $DEV2 && bcachefs device offline -f 2 $MNT && gone 2 && intact
jobs | 6.12 | 3 --replicas=2 | m $DEV0 && written && bcachefs data job rewrite_old_nodes $MNT && bcachefs data job drop-extra-replicas $MNT && bcachefs data job migrate 1 $MNT && ! grep -q user $SYS/dev-1/has_data && intact
jobs of a newer kernel | 6.16 | 2 --replicas=2 | m $DEV0 && written && bcachefs data rereplicate $MNT && bcachefs data job rewrite_old_nodes $MNT && intact
subvolumes | 6.12 | 1 | m $DEV0 && cd $MNT && bcachefs subvolume create $MNT/a b && echo x >a/f && bcachefs subvolume snapshot a s && bcachefs subvol snap -r a r && [ $(cat s/f r/f | wc -l) = 2 ] && echo y >s/f && [ $(cat a/f) = x ] && ! touch r/g 2>/dev/null && bcachefs subvolume delete a && [ ! -e a ] && [ -e s/f ] && cd /
a snapshot of the subvolume that it is in | 6.16 | 1 | m $DEV0 && bcachefs subvolume create $MNT/a && echo x >$MNT/a/f && bcachefs subvolume snapshot $MNT/a/s && [ -e $MNT/a/s/f ]
what is no subvolume stays | 6.12 | 1 | m $DEV0 && mkdir $MNT/d && refused 1 "the kernel refuses" bcachefs subvolume delete $MNT/d && [ -d $MNT/d ]
options of files | 6.12 | 1 | m $DEV0 && mkdir $MNT/d && bcachefs set-file-option --compression=zstd --data_replicas=1 $MNT/d && dd if=/dev/zero of=$MNT/d/f bs=64k count=8 2>/dev/null && sync && umount $MNT && bcachefs get-file-option $DEV0 /d | grep -q "compression.zstd" && bcachefs fiemap -v $DEV0 /d/f | grep -q zstd && m $DEV0 && bcachefs set-file-option --compression=- $MNT/d && umount $MNT && ! bcachefs get-file-option $DEV0 /d | grep -q "compression.zstd"
what is mounted is told from images | 6.12 | 1 | m $DEV0 && truncate -s 32M $MNT/image && bcachefs format -q $MNT/image && bcachefs subvolume create $MNT/image /inside && bcachefs ls $MNT/image / | grep -q inside && [ ! -e /inside ]
'

# shellcheck source=tests/vm/inside.sh
. "$here/inside.sh"
