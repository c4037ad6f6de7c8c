#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tar: what GNU tar makes of the archive is what the kernel showed of the filesystem. CLI 14.2.
. "$(dirname "$0")/image_lib.sh"

# One with files of all kinds.
image=$top/tests/images/14-quota

# What GNU tar makes of it, with all that it can.
extract() { # ARCHIVE DIR
	mkdir "$2"
	tar --extract --xattrs --xattrs-include='*' --acls --numeric-owner -C "$2" -f "$1" 2>extracted ||
		fail "tar: $(head -n 5 extracted)"
}

# Those with holes, snapshots, long names, many files.
chosen() {
	all_images | grep -E '/(14-quota|13-k616-casefold|0[16]-(basic|snapshots)|02-manyfiles|07-reflink|139-basic|18-misc-opts)$'
}

what_gnu_tar_extracts_is_what_the_kernel_showed() {
	need_root
	local folder
	while read -r folder; do
		unpack_image "$folder"
		bcachefs tar dev*.img 2>said >a.tar || fail "$folder: $(<said)"
		extract a.tar out
		files_of out >have
		files_of_image "$folder" | grep -v '^s' >want
		same_files have want
		holds test "$(grep -c 'socket ignored$' said)" = "$(files_of_image "$folder" | grep -c '^s')"
	done < <(chosen)
}

equal_trees_give_equal_archives_in_the_order_of_names() {
	unpack_image "$image"
	bcachefs tar -q dev0.img >a.tar
	bcachefs tar -q dev0.img / >b.tar
	holds cmp a.tar b.tar
	holds test "$(($(stat -c %s a.tar) % 10240))" = 0
	tar tf a.tar 2>/dev/null | grep -vF "\\" | sed 's|/$||; s|/|\x01|g' >names
	holds sort -c names
}

paths_are_named_without_their_first_slash() {
	unpack_image "$image"
	run bcachefs tar -q dev0.img /sizes/r1 '<4096>/deep/a/b/c' future
	status 0
	tar tf "$work/out" >names 2>&1
	holds test "$(<names)" = $'sizes/r1\n4096/deep/a/b/c/\n4096/deep/a/b/c/leaf\nfuture'
	run bcachefs tar dev0.img /nothing
	status 1
	err '^bcachefs: /nothing: no such file or directory$'
}

without_attributes_there_are_none() {
	unpack_image "$image"
	bcachefs tar -q dev0.img /xattr | grep -ac SCHILY >with
	bcachefs tar -q --no-xattrs dev0.img /xattr | grep -ac SCHILY >without
	holds test "$(<with)" -gt 0 -a "$(<without)" = 0
}

a_terminal_is_refused() {
	unpack_image "$image"
	on_terminal -- "$program" tar dev0.img
	status 1
	out 'standard output: an archive is not for a terminal$'
}

lost_data_ends_it_and_is_zeroes_with_i() {
	unpack_image "$image"
	bcachefs get dev0.img whole 2>/dev/null
	local inum
	inum=$(damage dev0.img)
	run bcachefs tar dev0.img "<$inum>"
	status 1
	err "^bcachefs: $inum: lost bytes 0-[0-9]+: bad checksum of data; try -i$"
	run bcachefs tar -i dev0.img
	status 1
	err ': lost bytes 0-[0-9]+: bad checksum of data$'
	err ', 1 files incomplete$'
	mkdir out
	holds tar -x --warning=no-timestamp -C out -f "$work/out"
	rm -r out/special out/links whole/links out/xattr/sym
	holds test "$(diff -rq whole out | wc -l)" = 2 # the folder special, and the file
}

subvolumes_are_followed_skipped_or_archives_of_their_own() {
	unpack_image "$top/tests/images/06-snapshots"
	bcachefs tar -q dev0.img | tar t >follow 2>/dev/null
	bcachefs tar -q --subvols=skip dev0.img | tar t >skip 2>/dev/null
	bcachefs tar -q --subvols=separate dev0.img | tar t >separate 2>/dev/null
	holds grep -qx './sub1/nested/file' follow
	holds grep -qx './sub1/' skip
	holds test "$(grep -c './sub1/.' skip)" = 0
	holds grep -qxE 'subvol-[0-9]+/nested/' separate
	holds test "$(grep -cxE 'subvol-[0-9]+/file' separate)" = 1
	holds test "$(sort separate | uniq -d)" = ''
}

cases
