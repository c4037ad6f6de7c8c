#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# list of all btrees of a filesystem of 300000 files: CPU a key, wall time against dd of as many bytes, peak memory.
source "$(dirname "$0")/lib.sh"

fill a.img 3072 300000 4
keys=$("$bcachefs" list -a --json "$work/a.img" | wc -l)
cold
measure "$bcachefs" list -a "$work/a.img"
wall=$took_wall read=$took_read
say 'list -a: keys' '%d' "$keys"
say 'list -a: cpu a key' '%d ns' $((took_cpu * 1000000 / keys))
say 'list -a: peak memory' '%d KiB' "$took_memory"
say 'list -a: read' '%d KiB' "$read"
cold
measure dd if="$work/a.img" of=/dev/null bs=256K count="$read"K iflag=direct,count_bytes status=none
say 'list -a: wall / dd' '%s (%d ms / %d ms)' "$(ratio "$wall" "$took_wall")" "$wall" "$took_wall"
