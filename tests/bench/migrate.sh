#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# migrate against cp -a of the same tree from the same filesystem to a new one, each until it is durable: many small files,
# and a few large ones. In the environment: FILES, of 4 KiB (100000); MIB, in files of 64 MiB (1024); FS (ext4 xfs btrfs).
. "$(dirname "$0")/lib.sh"
[[ $EUID == 0 ]] || { echo 'migrate: only root can mount' && exit 0; }
files=${FILES:-100000} mib=${MIB:-1024}

made() { # FS NAME
	mkdir -p "$work/$2.mnt"
	truncate -s $((mib * 3 + files / 16 + 512))M "$work/$2"
	"mkfs.$1" -q "$work/$2" >/dev/null 2>&1
	mount -o loop "$work/$2" "$work/$2.mnt"
	mounts+=("$work/$2.mnt")
}

small_tree() { # DIR
	"$bcachefs" get -q -a "$work/small.img" / "$1"
}

large_tree() { # DIR
	local i
	for ((i = 0; i < mib; i += 64)); do head -c 64M /dev/urandom >"$1/$i"; done
}

compare() { # FS TREE WHAT
	local copied
	made "$1" old
	mkdir "$work/old.mnt/tree"
	"$2" "$work/old.mnt/tree"
	made "$1" copy
	cold
	measure bash -c 'cp -a "$1/tree" "$2" && sync -f "$2"' _ "$work/old.mnt" "$work/copy.mnt"
	copied=$took_wall
	umount "$work/copy.mnt" "$work/old.mnt"
	rm "$work/copy"
	cold
	measure bash -c '"$2" migrate -q "$1" && sync "$1"' _ "$work/old" "$bcachefs"
	rm "$work/old"
	say "migrate $1, $3: wall, memory" '%d ms, %d KiB' "$took_wall" "$took_memory"
	say "migrate $1, $3: wall / cp -a" '%s' "$(ratio "$took_wall" "$copied")"
}

fill small.img $((files / 64 + 512)) "$files" 4
for fs in ${FS:-ext4 xfs btrfs}; do
	command -v "mkfs.$fs" >/dev/null || continue
	compare "$fs" small_tree "$files files"
	compare "$fs" large_tree "$mib MiB"
done
