#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fsck -n of generated, aged filesystems, their nodes not in the page cache: against e2fsck -fn on an ext4 with as many
# files in as many directories that mke2fs -d made (of the first), and against dd of all its metadata. FILES in the
# environment: how many, several sizes (300000 2000000).
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2206
sizes=(${FILES:-300000 2000000})
dir_files=200

# The tree is in memory: to remove it from a disk would take longer than all else.
ext4() { # FILES
	truncate -s $(($1 / 80 + 1024))M "$work/source.img"
	"$bcachefs" format -q "$work/source.img"
	"$B/tests/bench/mktree" -d $dir_files "$1" 4 "$work/source.img"
	mkdir "$work/tree"
	mount -t tmpfs -o size=100%,nr_inodes=0 none "$work/tree"
	mounts+=("$work/tree")
	"$bcachefs" get -q -a "$work/source.img" / "$work/tree"
	truncate -s $(($1 / 80 + 1024))M "$work/ext4.img"
	mke2fs -q -F -t ext4 -d "$work/tree" -N $((2 * $1)) "$work/ext4.img"
	rm "$work/source.img"
	umount "$work/tree"
	mounts=()
	cold
	measure e2fsck -fn "$work/ext4.img"
	rm "$work/ext4.img"
}

nr_keys() {
	local btree nr=0
	for btree in inodes extents dirents alloc backpointers freespace; do
		nr=$((nr + $("$bcachefs" list -b $btree "$work/aged.img" | grep -c '^ *u64s' || :)))
	done
	echo $nr
}

for files in "${sizes[@]}"; do
	truncate -s $((files / 25 + 2048))M "$work/aged.img"
	"$bcachefs" format -q "$work/aged.img"
	"$B/tests/bench/mktree" -e 3 -f 30 -d $dir_files "$files" 12 "$work/aged.img"
	keys=$(nr_keys)
	metadata=$("$bcachefs" fsck -n --json "$work/aged.img" | sed -nE 's/.*"metadata_bytes":([0-9]+).*/\1/p')
	"$bcachefs" dump -q -o "$work/dump.qcow2" "$work/aged.img"
	cold
	measure dd if="$work/dump.qcow2" of=/dev/null bs=1M status=none
	dd=$took_wall
	cold
	measure "$bcachefs" fsck -n --progress=never "$work/aged.img"
	ours=$took_wall
	say "fsck -n, $files files: wall, processor" '%d ms, %d ms' "$ours" "$took_cpu"
	say "fsck -n, $files files: processor / key" '%d ns (%d keys)' $((took_cpu * 1000000 / keys)) "$keys"
	say "fsck -n, $files files: memory" '%d KiB (%d bytes a file)' "$took_memory" $((took_memory * 1024 / files))
	say "fsck -n, $files files: read / metadata" '%s (%d KiB)' "$(ratio "$took_read" $((metadata >> 10)))" $((metadata >> 10))
	say "fsck -n, $files files: wall / dd" '%s (%d ms)' "$(ratio "$ours" "$dd")" "$dd"
	rm "$work/aged.img" "$work/dump.qcow2"
	[[ $files == "${sizes[0]}" ]] && command -v e2fsck >/dev/null && ((!EUID)) || continue
	ext4 "$files"
	say "fsck -n, $files files: wall / e2fsck" '%s (%d ms)' "$(ratio "$ours" "$took_wall")" "$took_wall"
done
