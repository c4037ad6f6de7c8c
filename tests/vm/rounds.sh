#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel and we take turns at writing one filesystem, ten times: after each the kernel's fsck finds nothing, all files
# are what they were written as, and each counter and bucket is what a recount says. Output in TAP.
#
#   rounds.sh [PATTERN]     only the rows whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); B, the build folder; JOBS, machines at a
# time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
mktree=$(realpath "${B:-$here/../../build}/test/tests/bench/mktree")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Name | kernel | options of format | devices
matrix='
rounds-1.13		| 6.12 |				| 256M
rounds-1.13-two		| 6.12 | --replicas=2 --compression=lz4	| 160M 128M
rounds-1.28		| 6.16 | --version=1.28			| 256M
'

# Files of round N are checked in the next one and removed in that after it, so that buckets are freed and taken again.
write_case() { # DIR KERNEL
	cat >"$1/case.sh" <<-END
		# kernel: $2
		# seconds: 1500
		recounted() {
			bcachefs fs usage --recount \$DEVS >/dev/null 2>recount || fail "a recount finds: \$(cat recount)"
			! grep -v "which is harmless" recount || fail "a recount says that"
		}
		for round in 0 1 2 3 4 5 6 7 8 9; do
			mount_checked
			if [ -d \$MNT/files ]; then
				files_check
				rm -rf \$MNT/old
				mv \$MNT/files \$MNT/old
			fi
			[ \$(find \$MNT/directory* -type f 2>/dev/null | wc -l) = \$((round * 150)) ] || fail "not all of our files"
			[ \$round = 0 ] || cat \$MNT/directory*/* >/dev/null || fail "one of our files cannot be read"
			files_put \$round 80
			unmount_ok
			log_is_clean
			recounted
			mktree 150 20 \$(echo \$DEVS | tr : ' ') || fail "cannot write, round \$round"
			recounted
		done
		fs_clean
	END
}

cases=()
while IFS='|' read -r name kernel options devices; do
	read -r name <<<"$name"
	# shellcheck disable=SC2053
	[[ $name && $name == ${1:-*} ]] || continue
	dir=$work/$name i=0
	mkdir "$dir"
	write_case "$dir" $kernel
	for size in $devices; do
		truncate -s "$size" "$dir/dev$((i++)).img"
	done
	echo "\"$bcachefs\" format -f -q $options dev*.img" >"$dir/before.sh"
	cases+=("$dir")
done <<<"$matrix"
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" -p "$mktree" "${cases[@]}"
