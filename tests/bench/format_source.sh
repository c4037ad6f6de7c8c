#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# format --source against mke2fs -d and mkfs.btrfs --rootdir on the same tree in the same run, each until its image is
# durable; and the memory that it takes. mkfs.btrfs is stopped after four times what mke2fs took: it can take an hour.
# FILES in the environment: how many, of 18 KiB (300000).
. "$(dirname "$0")/lib.sh"

files=${FILES:-300000}
fill source.img $((files / 32 + 1024)) "$files" 18
mkdir "$work/tree"
"$bcachefs" get -q -a "$work/source.img" / "$work/tree"
rm -r "$work/source.img" "$work/tree/lost+found"

# Of the image that the command makes of the tree; the name of both is NAME. Not all of SECONDS, if these are not 0.
made() { # NAME SECONDS COMMAND...
	local status=0
	truncate -s $((files / 32 + 1024))M "$work/$1"
	cold
	measure timeout "$2" bash -c '"${@:2}" && sync "$1"' _ "$work/$1" "${@:3}" || status=$?
	rm "$work/$1"
	return $status
}

best=
for name in ext4 btrfs; do
	case $name in
	ext4) command=(mke2fs -q -t ext4 -F -d "$work/tree" "$work/ext4") ;;
	btrfs) command=(mkfs.btrfs -q -f --rootdir "$work/tree" "$work/btrfs") ;;
	esac
	command -v "${command[0]}" >/dev/null || continue
	if ! made "$name" $((best ? best * 4 / 1000 + 1 : 0)) "${command[@]}"; then
		say "${command[0]}" 'stopped, not done'
		continue
	fi
	say "${command[0]}: wall, processor" '%d ms, %d ms' "$took_wall" "$took_cpu"
	[[ $best ]] && ((best <= took_wall)) || best=$took_wall
done
made ours 0 "$bcachefs" format -q --source="$work/tree" "$work/ours"
say 'format --source: wall, processor, memory' '%d ms, %d ms, %d KiB' "$took_wall" "$took_cpu" "$took_memory"
[[ ! $best ]] || say 'format --source: wall / the faster of these' '%s' "$(ratio "$took_wall" "$best")"
