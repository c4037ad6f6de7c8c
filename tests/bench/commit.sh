#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A million random changes of keys in a filesystem of 300000 files, committed, against dd writing as many bytes.
source "$(dirname "$0")/lib.sh"

nr_files=${BENCH_FILES:-300000} nr_updates=${BENCH_UPDATES:-1000000}
fill files.img 3072 "$nr_files" 0
cold
"$B/tests/bench/measure" "$work/measured" "$B/tests/bench/update" "$nr_updates" "$work/files.img" >"$work/took"
source "$work/measured" # wall, cpu, memory
source "$work/took"     # update, commit, finish, commits, changed, written
ours=$wall
cold
measure dd if=/dev/zero of="$work/files.dd" bs=1M count="$written" iflag=count_bytes conv=fsync status=none
say "$nr_updates updates" '%d ms in memory, %d commits in %d ms, %d ms to the end' "$update" "$commits" "$commit" "$finish"
say 'bytes written / changed' '%s (%d KiB / %d KiB)' "$(ratio "$written" "$changed")" $((written >> 10)) $((changed >> 10))
say 'wall / dd of as many bytes' '%s (%d ms, %d of them processor / %d ms)' "$(ratio "$ours" "$took_wall")" "$ours" "$cpu" "$took_wall"
say 'peak memory' '%d KiB' "$memory"
