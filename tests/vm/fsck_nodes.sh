#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Btrees whose nodes are lost are repaired by our fsck; then the kernel's finds nothing, all files that were not in what is
# lost are there with their contents, and files can be written. Output in TAP.
#
#   fsck_nodes.sh [PATTERN]     only the rows whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); B, the build folder; JOBS, machines at a
# time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
mktree=$(realpath "${B:-$here/../../build}/test/tests/bench/mktree")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Name | kernel | options of format | what is lost: BTREE:LEVEL:NUMBER of nodes, NUMBER may be all | are files lost?
matrix='
roots		| 6.12 |			| inodes:top:all dirents:top:all extents:top:all	|
roots-1.28	| 6.16 | --version=1.28		| inodes:top:all dirents:top:all extents:top:all	|
interior	| 6.12 |			| inodes:1:2 dirents:1:1 extents:1:0			|
derived		| 6.12 |			| alloc:top:all freespace:top:all backpointers:top:all lru:top:all need_discard:top:all bucket_gens:top:all accounting:top:all |
derived-1.28	| 6.16 | --version=1.28		| alloc:top:all freespace:top:all backpointers:top:all accounting:top:all |
backpointers	| 6.12 |			| backpointers:0:3 inodes:top:all			|
leaf-of-extents	| 6.12 |			| extents:0:3						| some
'

# Zeroes the first sector of nodes.
lose() { # BTREE LEVEL NUMBER
	local level=$2
	if [[ $level == top ]]; then
		level=4
		until "$bcachefs" list -b "$1" -m nodes -l $level dev0.img 2>/dev/null | grep -q ptr:; do
			((level--)) || return 0
		done
	fi
	"$bcachefs" list -b "$1" -m nodes -l "$level" dev0.img | grep -oE 'ptr: 0:[0-9]+:[0-9]+' |
		if [[ $3 == all ]]; then cat; else sed -n "$(($3 + 1))p"; fi | tr : ' ' |
		while read -r _ _ bucket sector; do
			dd if=/dev/zero of=dev0.img bs=512 seek=$((bucket * bucket_sectors + sector)) count=1 conv=notrunc status=none
		done
}

# In a case's folder, on the host: fill, damage, repair.
before() { # OPTIONS LOST
	cat <<-END
		set -e
		truncate -s 256M dev0.img
		"$bcachefs" format -f -q --block_size=512 --btree_node_size=4k --bucket_size=64k $1 dev0.img
		"$mktree" 3000 8 dev0.img
		bucket_sectors=128 bcachefs="$bcachefs"
		$(declare -f lose)
		for lost in $2; do
			IFS=: read -r btree level nr <<<"\$lost"
			lose "\$btree" "\$level" "\$nr"
		done
		"$bcachefs" fsck -y dev0.img >fsck.txt && exit 1
		[[ \$? == 1 ]]
		"$bcachefs" fsck -n dev0.img >fsck2.txt || { cat fsck2.txt; exit 1; }
		"$bcachefs" fs usage --recount dev0.img >/dev/null 2>recount.txt
		! grep -v "which is harmless" recount.txt
	END
}

inside() { # KERNEL LOSES
	cat <<-END
		# kernel: $1
		# seconds: 600
		mount_checked
		${2:+:} [ \$(find \$MNT/directory* -type f | wc -l) = 3000 ] || fail "not all files are there"
		find \$MNT -type f -exec cat {} + >/dev/null || fail "a file cannot be read"
		files_put 1 50
		unmount_ok
		fs_clean
	END
}

cases=()
while IFS='|' read -r name kernel options lost loses; do
	read -r name <<<"$name"
	# shellcheck disable=SC2053
	[[ $name && $name == ${1:-*} ]] || continue
	read -r kernel <<<"$kernel"
	read -r loses <<<"$loses"
	mkdir "$work/$name"
	before "$options" "$lost" >"$work/$name/before.sh"
	inside "$kernel" "$loses" >"$work/$name/case.sh"
	cases+=("$work/$name")
done <<<"$matrix"
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
