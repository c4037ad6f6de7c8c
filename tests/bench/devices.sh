#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Data that moves between members, verified: evacuate, rereplicate and replace against dd of as many bytes from one image
# file to another, durable at the end; nothing is in the page cache. In the environment: BENCH_MIB, how much data (4096).
source "$(dirname "$0")/lib.sh"

mib=${BENCH_MIB:-4096}
size=$((mib * 3 / 2 + 512))

# Two members; all data is on the first.
members() {
	rm -f "$work"/*.img
	fill a.img "$size" $((mib / 512)) 524288
	truncate -s "${size}M" "$work/b.img"
	"$bcachefs" device add -q "$work/a.img" "$work/b.img"
}

against_dd() { # NAME COMMAND...
	local name=$1 ours cpu memory moved
	shift
	cold
	measure "$bcachefs" "$@"
	ours=$took_wall cpu=$took_cpu memory=$took_memory
	moved=$(sed -n 's/ \(.*\)B copied, .*/\1/p' "$work/said")
	cold
	measure dd if="$work/a.img" of="$work/dd.img" bs=1M count="$(numfmt --from=iec-i "$moved")" iflag=count_bytes \
		conv=fsync status=none
	rm "$work/dd.img"
	say "$name: speed / dd" '%s (%d ms, %d of them processor / %d ms, %sB, %d KiB memory)' "$(ratio "$took_wall" "$ours")" \
		"$ours" "$cpu" "$took_wall" "$moved" "$memory"
}

members
against_dd evacuate device evacuate 0 "$work/a.img" "$work/b.img"
members
"$bcachefs" set-fs-option --data_replicas=2 "$work/a.img" "$work/b.img"
against_dd rereplicate data rereplicate "$work/a.img" "$work/b.img"
members
truncate -s "${size}M" "$work/new.img"
against_dd replace device replace 0 "$work/new.img" "$work/a.img" "$work/b.img"
