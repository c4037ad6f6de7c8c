#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Filesystems that kernels wrote, after surgery: kvdb takes data out of a file and deletes another with all its keys, and
# what is derived follows; strip-alloc drops what is known about allocation. The kernel's fsck finds nothing, its files are
# written beside those that were there, each counter and bucket is what a recount says. Output in TAP.
#
#   surgery.sh [PATTERN]    only the rows whose name matches the shell pattern
#
# In the environment: BCACHEFS, the program (bcachefs at the top of the repository); JOBS, machines at a time (2).
set -euo pipefail
here=$(dirname "$(realpath "$0")")
bcachefs=$(realpath "${BCACHEFS:-$here/../../bcachefs}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# 6.16 does not make bucket_gens anew, so that its next fsck has to mend it where buckets had been used more than once
# (03-mixed): these images have none of them.
#
# Name | what is done | kernel | one of tests/images
matrix='
kvdb-mixed		| kvdb	| 6.12 | 03-mixed
kvdb-reflink		| kvdb	| 6.12 | 07-reflink
kvdb-replicas		| kvdb	| 6.12 | 08-replicas2
kvdb-unclean		| kvdb	| 6.12 | 10-crash-b
kvdb-1.28		| kvdb	| 6.16 | 13-k616-casefold
strip-fresh		| strip	| 6.16 | 11-fresh-v128
strip-1.28		| strip	| 6.16 | 13-k616-casefold
strip-1.13		| strip	| 6.16 | 08-replicas2
'

# Runs in a case's folder on the host, before the boot.
operate_kvdb() {
	kvdb() { # COMMAND
		"$bcachefs" kvdb --rw -c "$1" dev*.img
	}
	# "INODE OFFSET SNAPSHOT SIZE" of the first extent at or behind a position.
	extent_at() { # POS
		kvdb "peek -k extents $1" | sed -E 's/.* ([0-9]+):([0-9]+):([0-9U_MAX]+) len ([0-9]+) .*/\1 \2 \3 \4/'
	}
	delete_file() { # INODE
		local place inode offset
		place=$(kvdb "get inodes 0:$1 bi_dir bi_dir_offset" | paste -sd:)
		kvdb "delete dirents $place"
		while read -r inode offset _ < <(extent_at "$1:0") && [[ $inode == "$1" ]]; do
			kvdb "delete extents $inode:$offset"
		done
		kvdb "delete inodes 0:$1"
	}
	read -r inode offset snapshot size < <(extent_at 0:0)
	sectors=$(kvdb "get inodes 0:$inode:$snapshot bi_sectors")
	if [[ $snapshot == U32_MAX ]]; then
		kvdb "delete extents $inode:$offset"
	else
		kvdb "delete -s extents $inode:$offset:$snapshot" # or what is in a snapshot above would be seen
	fi
	kvdb "update inodes 0:$inode:$snapshot bi_sectors=$((sectors - size)) bi_uid=1000 bi_flags.nodump=1"
	echo "$inode" >changed
	while read -r inode offset snapshot _ < <(extent_at "$((inode + 1)):0"); do
		[[ $snapshot == U32_MAX && $(kvdb "get inodes 0:$inode bi_nlink") == 0 ]] || continue
		delete_file "$inode"
		break
	done
	echo "${inode:-0}" >deleted
	recounted
}

operate_strip() {
	"$bcachefs" strip-alloc -f dev*.img
	[[ ! $("$bcachefs" list -b alloc dev*.img) ]]
}

recounted() {
	"$bcachefs" fs usage --recount dev*.img >/dev/null 2>recount.txt || { cat recount.txt && return 1; }
	! grep -v 'which is harmless' recount.txt || return 1
}

write_kvdb_case() { # DIR
	cat >"$1/case.sh" <<-'END'
		mount_checked
		[ -n "$(find $MNT -inum "$(cat changed)" -user 1000)" ] || fail "the owner is not ours"
		[ -z "$(find $MNT -inum "$(cat deleted)")" ] || fail "a deleted file is there"
		files_put 1 30 # more may be too much for the journal of 03-mixed: commit.sh
		unmount_ok
		fs_clean
	END
}

write_strip_case() { # DIR
	cat >"$1/case.sh" <<-'END'
		mount_ok
		! log_since_mark | grep -Ei 'error|fixing|incorrect' || fail "the kernel complains"
		find $MNT -type f -exec cat {} + >/dev/null || fail "a file cannot be read"
		files_put 1 150
		unmount_ok
		fs_clean
	END
}

cases=()
while IFS='|' read -r name what kernel image; do
	read -r name <<<"$name"
	# shellcheck disable=SC2053
	[[ $name && $name == ${1:-*} ]] || continue
	read -r what <<<"$what"
	read -r kernel <<<"$kernel"
	read -r image <<<"$image"
	dir=$work/$name
	mkdir "$dir"
	for packed in "$here/../images/$image"/dev*.img.zst; do
		zstd -qd --long=27 --sparse "$packed" -o "$dir/$(basename "$packed" .zst)"
	done
	"write_${what}_case" "$dir"
	printf '# kernel: %s\n# seconds: 300\n' "$kernel" >>"$dir/case.sh"
	{
		echo "set -euo pipefail; bcachefs=\"$bcachefs\""
		declare -f recounted
		declare -f "operate_$what"
		echo "operate_$what"
	} >"$dir/before.sh"
	{
		echo "bcachefs=\"$bcachefs\""
		declare -f recounted
		echo recounted
	} >"$dir/after.sh"
	cases+=("$dir")
done <<<"$matrix"
"$here/vm" batch -j "${JOBS:-2}" -p "$bcachefs" "${cases[@]}"
