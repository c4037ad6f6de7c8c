#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Filesystems with random damage (tests/check/random), repaired by our fsck, judged by the kernel: its own finds nothing, and
# says nothing. Output in TAP.
#
#   fsck_random.sh [PATTERN]     only the seeds whose number matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); B, the build folder; COUNT, seeds (24);
# FIRST, the first of them (0); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../..")
bcachefs=$(realpath "${BCACHEFS:-$top/bcachefs}")
random=$(realpath "${B:-$top/build}/test/tests/check/random")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
first=${FIRST:-0}

make_case() { # DIR SEED
	local kernel=6.12
	case $(cd "$top" && "$random" -l -s "$2") in
	*k616* | *1.28 | replicas) kernel=6.16 ;;
	esac
	# 0: nothing was wrong, 1: all was corrected, 8: it looks like the work of a newer kernel
	cat >"$1/before.sh" <<-END
		dir=\$PWD
		cd "$top" && BCACHEFS_TEST_TELL=1 "$random" -k "\$dir" -s $2 || exit 1
		cd "\$dir"
		"$bcachefs" fsck -q -y dev*.img
		status=\$?
		[ \$status = 8 ] && exit 77
		[ \$status -le 1 ] || exit 1
		"$bcachefs" fsck -q -n dev*.img
	END
	cat >"$1/case.sh" <<-END
		# kernel: $kernel
		# seconds: 120
		fs_clean
	END
}

cases=()
for ((seed = first; seed < first + ${COUNT:-24}; seed++)); do
	# shellcheck disable=SC2053
	[[ $seed == ${1:-*} ]] || continue
	mkdir "$work/$seed"
	make_case "$work/$seed" "$seed"
	cases+=("$work/$seed")
done
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
