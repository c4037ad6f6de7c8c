#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How fast scrub is: the time that it takes against that of dd for as many bytes of the same device, both past the page
# cache, the best of three that take turns. The filesystem is one that a kernel writes.
#
# In the environment: BCACHEFS, the program; MIB, how much data (512).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mib=${MIB:-512}

truncate -s $((mib + mib / 4 + 128))M "$work/dev.img"
"$bcachefs" format -q "$work/dev.img"
cat >"$work/fill.sh" <<END
. /host/guest.sh
mount_ok
for i in 1 2 3 4; do dd if=/dev/zero of=\$MNT/\$i bs=1M count=$((mib / 4)) || fail "cannot write"; done
unmount_ok
END
"$here/../vm/vm" run -t 900 "$work/fill.sh" "$work/dev.img" >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }

# Seconds that a command takes, in milliseconds.
time_of() { # COMMAND...
	local start
	start=$(date +%s%N)
	"$@" >"$work/out" 2>"$work/err"
	echo $((($(date +%s%N) - start) / 1000000))
}
best() { # OLD NEW
	echo $(($1 && $1 < $2 ? $1 : $2))
}

scrub=0 dd=0
for _ in 1 2 3; do
	scrub=$(best $scrub "$(time_of "$bcachefs" scrub --json "$work/dev.img")")
	bytes=$(sed -n 's/.*"checked_bytes": *\([0-9]*\).*/\1/p' "$work/out" | head -n1)
	dd=$(best $dd "$(time_of dd if="$work/dev.img" of=/dev/null bs=1M iflag=direct,count_bytes count="$bytes")")
done
echo "scrub: $((bytes / 1048576)) MiB, $((bytes / 1048576 * 1000 / scrub)) MiB/s, dd $((bytes / 1048576 * 1000 / dd)) MiB/s:" \
	"$(awk "BEGIN { printf \"%.2f\", $dd / $scrub }") of dd's speed"
