#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What fsck repairs of all that is derived from pointers, judged by the kernel: each damage that tests/check/alloc knows is
# made on a filesystem of a kernel's, repaired, and the kernel's own fsck finds nothing. Output in TAP.
#
#   fsck_alloc.sh [PATTERN]     only the damages whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); B, the build folder; JOBS, machines at a
# time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
damage=$(realpath "${B:-$here/../../build}/test/tests/check/alloc")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make_case() { # DIR NAME IMAGE
	local packed kernel=6.12
	[[ $3 != *k616* ]] || kernel=6.16
	for packed in "$here/../images/$3"/dev*.img.zst; do
		zstd -qd --long=27 --sparse "$packed" -o "$1/$(basename "$packed" .zst)"
	done
	# exit status 1: all was corrected
	cat >"$1/before.sh" <<-END
		"$damage" $2 dev*.img || exit 1
		"$bcachefs" fsck -q -y dev*.img
		[ \$? = 1 ] || exit 1
		"$bcachefs" fsck -q -n dev*.img
	END
	cat >"$1/case.sh" <<-END
		# kernel: $kernel
		# seconds: 120
		fs_clean
	END
}

cases=()
while read -r name image; do
	# shellcheck disable=SC2053
	[[ $name == ${1:-*} ]] || continue
	# its superblock lies before the first bucket: no kernel starts that
	[[ $name != pointer_before_the_first_bucket ]] || continue
	# 6.12 warns of a memcpy of its own wherever there is a stripe, and says nothing else of these
	[[ $name != pointer_to_another_stripe && $name != stripe_that_holds_nothing ]] || continue
	dir=$work/$name-$image
	mkdir "$dir"
	make_case "$dir" "$name" "$image"
	cases+=("$dir")
done < <("$damage" list)
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
