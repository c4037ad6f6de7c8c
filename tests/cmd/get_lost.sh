#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# get -i --scan-nodes: files of filesystems that have lost all roots and their first superblock. CLI 14.2.
. "$(dirname "$0")/image_lib.sh"
. "$here/list_lib.sh"

# Do its dirents, inodes and extents have leaves below a root?
deep() {
	local btree
	for btree in dirents inodes extents; do
		[[ $(bcachefs list -b "$btree" -m nodes -l 1 dev*.img 2>/dev/null) ]] || return
	done
}

# All but the attributes of a list of files: those may have been in a root.
plain() { # FILE
	awk -F'\t' -v OFS='\t' '{ $11 = "-"; print }' "$1" | sort
}

# Saves the files of an image whose roots are zeroed; what is not there was in a subvolume, whose btree was a root alone.
saved() { # FOLDER
	files_of_image "$1" >manifest
	uproot
	dd if=/dev/zero of=dev0.img bs=4096 seek=1 count=1 conv=notrunc status=none
	run bcachefs get -i -a --scan-nodes "$(printf '%s\n' dev*.img | paste -sd:)" out
	files_of out >found
	plain found >have
	sed -n 's/^bcachefs: \(.*\): cannot be read: no such file or directory$/\1/p' "$work/err" >subvolumes
	plain manifest | awk -F'\t' '
		FILENAME == "subvolumes" { lost[$0]; next }
		{
			path = $2
			while (path != "" && !(path in lost))
				sub("/[^/]*$", "", path)
		}
		path == ""' subvolumes - >want
	same_files have want
	echo "$(basename "$1"): $(wc -l <have) of $(wc -l <manifest) files" >&3
	[[ -s have ]] || fail "$1: all is lost"
}

all_files_whose_nodes_survive_are_saved() {
	need_root
	local folder nr=0
	while read -r folder; do
		case $(basename "$folder") in 02-* | 10-crash-b | 138-basic) ;; *) continue ;; esac
		unpack_image "$folder"
		holds deep
		saved "$folder"
		nr=$((nr + 1))
	done < <(all_images)
	((nr)) || fail 'no image'
}

cases
