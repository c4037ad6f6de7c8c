#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Getting data out: get against cp -a from ext4 with the same contents, for 2 GiB in large files and for 100000 small ones;
# reading through fusemount against get. As root, which mounts need.
source "$(dirname "$0")/lib.sh"

# An ext4 of its own for what is written, and one that holds the same as the image.
new_ext4() { # NAME MIB
	truncate -s "$2M" "$work/$1.ext4"
	mkfs.ext4 -q -F -N 400000 "$work/$1.ext4"
	mkdir "$work/$1"
	mount -o loop "$work/$1.ext4" "$work/$1"
	mounts=("$work/$1" ${mounts[@]+"${mounts[@]}"})
}

copies() { # NAME
	local wall
	mkdir "$work/to/ours" "$work/to/theirs" "$work/from/$1"
	measure "$bcachefs" get -a "$work/$1.img" / "$work/from/$1"
	cold
	measure "$bcachefs" get -a "$work/$1.img" / "$work/to/ours"
	sync
	wall=$took_wall
	umount "$work/from"
	mount -o loop "$work/from.ext4" "$work/from"
	cold
	measure cp -a "$work/from/$1" "$work/to/theirs"
	say "get -a $1: wall / cp -a" '%s (%d ms / %d ms)' "$(ratio "$wall" "$took_wall")" "$wall" "$took_wall"
	rm -rf "$work"/to/ours "$work"/to/theirs
	sync
}

fuse_reads() { # NAME
	local wall
	mkdir "$work/fuse" "$work/to/ours"
	cold
	measure "$bcachefs" get -a "$work/$1.img" / "$work/to/ours"
	wall=$took_wall
	"$bcachefs" fusemount "$work/$1.img" "$work/fuse"
	mounts=("$work/fuse" "${mounts[@]}")
	cold
	measure find "$work/fuse" -type f -exec dd of=/dev/null bs=1M status=none if={} \;
	say "fusemount $1: wall / get" '%s (%d ms / %d ms)' "$(ratio "$took_wall" "$wall")" "$took_wall" "$wall"
	umount "$work/fuse"
	rm -rf "$work/to/ours"
}

[[ $(id -u) == 0 ]] || { echo "files.sh: needs root, for mounts" >&2; exit 1; }
fill large.img 2560 4 524288
fill small.img 2560 100000 8
new_ext4 from 6144
new_ext4 to 12288
copies large
copies small
fuse_reads large
