#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ls: files as the kernel showed them, by any way to name them; those without a name; and damaged directories.
. "$(dirname "$0")/lib.sh"

export TZ=UTC

# The folders of images that have a manifest.
folders() {
	local folder
	for folder in "$top/tests/images" $(tr : ' ' <<<"${BCACHEFS_TEST_IMAGES-}"); do
		ls -d "$folder"/*/manifest.txt* 2>/dev/null | xargs -rn1 dirname
	done
}

# The devices in a folder of images, unpacked here, in one word.
devices() { # FOLDER
	local packed
	rm -f dev*.img
	for packed in "$1"/dev*.img.zst; do
		zstd -qd --long=27 --sparse "$packed" -o "$(basename "$packed" .zst)"
	done
	printf '%s:' dev*.img | sed 's/:$//'
}

# Zeroes the bucket of the root of a btree.
loseroot() { # BTREE
	local root size
	root=$(bcachefs show-super -F clean dev0.img |
		sed -n "s/.*btree=$1 .* ptr: 0:\\([0-9]*\\):\\([0-9]*\\) .*/\\1/p" | head -n1)
	size=$(bcachefs show-super --json dev0.img |
		sed -n 's/.*"bucket_size_bytes":\([0-9]*\).*/\1/p' | head -n1)
	dd if=/dev/zero of=dev0.img bs="$size" seek="$root" count=1 conv=notrunc 2>/dev/null
}

every_file_of_every_image_has_what_the_kernel_showed_of_it() {
	local folder word nr=0
	command -v python3 >/dev/null || skip 'no python3'
	printf 'correct horse\n' >right
	for folder in $(folders); do
		word=$(devices "$folder")
		{ cat "$folder/manifest.txt" 2>/dev/null || zstd -qdc "$folder/manifest.txt.zst"; } >manifest
		run bcachefs ls --json -aR --passphrase_file=right "$word" /
		status 0
		cp "$work/out" all
		bcachefs ls --json -d --passphrase_file=right "$word" / >root
		run python3 "$here/ls_manifest.py" manifest all root
		out_is "$(grep -c $'^[fdplscb]\t' manifest) files"
		nr=$((nr + 1))
	done
	holds [ "$nr" -gt 9 ]
}

a_long_list_is_that_of_ls() {
	unpack 06-snapshots >names
	run bcachefs ls -l dev0.img / /snapA/special
	out '^-rw-r--r--  1 0 0 6 2026-11-20 09:37 after-rootsnap$'
	out '^drwxr-xr-x 12 0 0 0 2026-11-20 09:37 snapB \[subvol 4\]$'
	out '^[bc]rw.* [0-9]+, [0-9]+ '
	run bcachefs ls -l dev0.img /sub1/links
	out '^lrwxrwxrwx .* -> '
	run bcachefs ls -lid dev0.img /sub1
	out_is '1073741824 drwxr-xr-x 12 0 0 0 2026-11-20 09:37 /sub1 [subvol 2]'
	run bcachefs ls -l --names dev0.img /after-rootsnap
	out '^-rw-r--r-- 1 root root 6 2026-11-20 09:37 /after-rootsnap$'
}

options_of_inodes_are_in_a_longer_list() {
	unpack 139-opt-change-crash >names
	run bcachefs ls -llR dev0.img
	out ' \[background_compression=[a-z0-9:]*\]$'
	run bcachefs ls -lR dev0.img
	no_out 'compression='
}

directories_come_under_headings_after_files() {
	unpack 06-snapshots >names
	run bcachefs ls dev0.img /rootsnap /after-rootsnap /sub1/nested
	out_is $'/after-rootsnap\n\n/rootsnap:\nlost+found\n\n/sub1/nested:\nfile'
	run bcachefs ls -R dev0.img /rootsnap
	out_is $'/rootsnap:\nlost+found\n\n/rootsnap/lost+found:'
	run bcachefs ls -a dev0.img /sub1/nested
	out_is 'file'
}

names_are_given_as_they_are_to_pipes_and_shown_on_terminals() {
	unpack 06-snapshots >names
	bcachefs ls -1 dev0.img /snapA/names >have
	holds grep -qx 'with space' have
	holds grep -qaxF $'tab\there' have
	holds grep -qaxF $'\xff\xfe-invalid-utf8' have
	holds grep -qx 'nl' have
	on_terminal -- "$program" ls -1 dev0.img /snapA/names
	out '^nl\\x0ahere$'
	out '^tab\\x09here$'
	out '^\\xff\\xfe-invalid-utf8$'
	out '^naïve café$'
	run bcachefs ls --json dev0.img /snapA/names
	out '"name":"\\\\xff\\\\xfe-invalid-utf8","name_hex":"fffe2d696e76616c69642d75746638"'
	out '"name":"nl\\nhere",'
}

names_stand_side_by_side_on_a_terminal() {
	unpack 06-snapshots >names
	on_terminal -- env COLUMNS=40 "$program" ls dev0.img
	out_is $'after-rootsnap  rootsnap  snapA2  snapB\nlost+found      snapA     snapA3  sub1'
}

paths_have_any_bytes() {
	unpack 06-snapshots >names
	run bcachefs ls dev0.img '/snapA/names/with space' $'/snapA/names/nl\nhere' $'/snapA/names/\xff\xfe-invalid-utf8'
	status 0
	run bcachefs ls dev0.img /snapA/names/none
	status 1
	err '/snapA/names/none: no such file or directory'
}

files_are_named_by_number_subvolume_and_snapshot() {
	local snapshot
	unpack 06-snapshots >names
	bcachefs ls -1 dev0.img /snapA/dd >want
	bcachefs ls dev0.img '<3:1073741824>/dd' | diff - want || fail 'by subvolume and number'
	bcachefs ls --subvol=3 dev0.img /dd | diff - want || fail 'by subvolume'
	bcachefs ls --subvol=/snapA dev0.img '<1073741824>/dd' | diff - want || fail 'by the path of a subvolume'
	snapshot=$(bcachefs stat dev0.img /snapA | sed -n 's/^Snapshot: *//p')
	bcachefs ls --snapshot="$snapshot" dev0.img /dd | diff - want || fail 'by snapshot'
	run bcachefs ls dev0.img '<3:nonsense>'
	status 1
	err 'neither <INUM> nor <SUBVOL:INUM>'
}

symlinks_are_followed_where_that_is_asked_for() {
	local link
	unpack 06-snapshots >names
	link=$(bcachefs ls -l dev0.img /sub1/links | sed -n 's/^l.* \([^ ]*\) -> [^/]*$/\1/p' | head -n1)
	holds test "$link"
	run bcachefs ls -l dev0.img "/sub1/links/$link"
	out '^l'
	run bcachefs ls -lL dev0.img /sub1/links
	holds [ "$(grep -c '^l' "$work/out")" -lt "$(bcachefs ls -l dev0.img /sub1/links | grep -c '^l')" ]
}

casefolded_directories_are_searched_as_the_kernel_would() {
	unpack 13-k616-casefold >names
	run bcachefs ls dev0.img /cf/hello.txt /CF/x
	status 1
	err '/CF/x: no such file'
	run bcachefs ls dev0.img /cf/hello.txt /cf/SUBDIR/äöü /plain/a
	status 0
	run bcachefs ls dev0.img /plain/B
	status 1
}

an_unlinked_file_is_found_and_can_be_read() {
	unpack 10-crash-b >names
	run bcachefs ls --deleted dev0.img
	status 0
	out_is '<1:9026>                          unlinked  -rw-r--r-- 0 0        30000        30000 2026-11-20 09:41'
	holds [ "$(bcachefs cat dev0.img '<1:9026>' | wc -c)" = 30000 ]
	run bcachefs ls --deleted --json dev0.img
	out '"why":"unlinked","inum":9026,"subvol":1,.*"readable_bytes":30000'
}

what_is_left_of_deleted_snapshots_is_found_and_nothing_else() {
	unpack 06-snapdel-crash >names
	run bcachefs ls --deleted dev0.img
	status 0
	holds [ "$(wc -l <"$work/out")" = 3 ]
	out '^--snapshot=4294967291 <1073741824> snapshot  drwxr-xr-x'
	out '^--snapshot=4294967280 <4211> *nameless  -rw-r--r-- 0 0 +2 +2 '
	holds [ "$(bcachefs cat --snapshot=4294967280 dev0.img '<4211>' | wc -c)" = 2 ]
	rm ./*
	unpack 06-snapshots >names
	run bcachefs ls --deleted dev0.img
	out_is ''
}

a_directory_that_is_lost_is_named_and_passed_over_where_that_is_wanted() {
	unpack 13-k616-casefold >names
	loseroot dirents
	run bcachefs ls -R dev0.img
	status 1
	run bcachefs ls -R --ignore-errors dev0.img / '<4096>' /none
	status 1
	err '^bcachefs: /: btree node cannot be read'
	err '/none'
	err 'some files could not be read'
	out '^/:$'
	out '^<4096>:$'
}

inodes_whose_entries_are_lost_are_nameless() {
	unpack 13-k616-casefold >names
	loseroot dirents
	run bcachefs ls --deleted --ignore-errors dev0.img
	status 1
	holds [ "$(grep -c ' nameless ' "$work/out")" = 12 ]
}

a_reader_that_goes_ends_it_silently() {
	unpack 06-snapshots >names
	bcachefs ls -lR dev0.img 2>said | head -n1 >one
	holds [ "$(wc -l <one)" = 1 ]
	holds [ ! -s said ]
}

cases
