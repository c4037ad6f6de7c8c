#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# put, rm, mkdir, mv and ln: what they do is seen by the commands that read, at once or not at all. CLI 14.2.
. "$(dirname "$0")/lib.sh"

one() { # [OPTION]...
	image 64M a.img >/dev/null
	bcachefs format -q "$@" a.img
}

# A tree with files of all kinds.
tree() {
	mkdir -p tree/sub/deep
	head -c 300000 /dev/urandom >tree/random
	head -c 700001 <(yes "some text") >tree/sub/text
	echo small >tree/small
	: >tree/empty
	truncate -s 3M tree/sparse && echo end >>tree/sparse
	ln -s small tree/link
	ln tree/small tree/sub/deep/hard
	chmod 640 tree/random
	touch -d 2001-02-03T04:05:06.789012345 tree/sub/text
}

recounted() {
	run bcachefs fs usage --recount a.img
	status 0
	[[ -z $(grep -v 'which is harmless' "$work/err") ]] || fail "a recount differs"
}

trees_that_were_put_are_there() {
	one --compression=zstd
	tree
	run bcachefs put -a a.img tree /
	status 0
	err_is "5 files, $((300000 + 700001 + 6 + 3145732)) bytes"
	recounted
	bcachefs get -aq a.img /tree out
	holds diff -r --no-dereference tree out
	holds test "$(stat -c '%a %Y %y' tree/sub/text tree/random)" = "$(stat -c '%a %Y %y' out/sub/text out/random)"
	holds test "$(stat -c %i out/small)" = "$(stat -c %i out/sub/deep/hard)"
	# holes take nothing
	bcachefs stat a.img /tree/sparse >s
	holds grep -qE 'Blocks: [1-8] ' s
}

what_is_in_a_directory_can_be_put_alone_and_one_file_under_a_name() {
	one
	tree
	run bcachefs put a.img tree/. /
	status 0
	run bcachefs put a.img tree/small /other
	status 0
	run bcachefs put -D a.img tree/small tree/empty /sub
	status 0
	run bcachefs ls -1 a.img / /sub
	out_is "$(printf '%s\n' /: empty link lost+found other random small sparse sub '' /sub: deep empty small text)"
	run bcachefs put a.img tree/small tree/empty /other
	status 1
	err '^bcachefs: /other: not a directory$'
}

a_file_that_is_there_gets_new_contents_and_keeps_the_rest() {
	one
	tree
	bcachefs put -aq a.img tree/random /
	run bcachefs put a.img tree/sub/text /random
	status 0
	run bcachefs cat a.img /random
	holds cmp "$work/out" tree/sub/text
	run bcachefs ls -l a.img /random
	out '^-rw-r----- 1 '
	recounted
}

what_was_taken_away_gives_its_space_back() {
	one
	tree
	bcachefs fs usage a.img >before
	bcachefs mkdir a.img /d
	bcachefs put -aq a.img tree /d
	run bcachefs rm a.img /d
	status 1
	err '^bcachefs: /d: is a directory$'
	run bcachefs rm -r a.img /d
	status 0
	bcachefs ls -aR a.img / >list
	holds diff - list <<<$'/:\nlost+found\n\n/lost+found:'
	recounted
	run bcachefs list -b extents a.img
	no_out
	run bcachefs rm a.img /nothing
	status 1
	err '^bcachefs: /nothing: no such file or directory$'
	run bcachefs rm -f a.img /nothing
	status 0
}

names_are_moved_and_linked_as_by_rename_and_link() {
	one
	tree
	bcachefs put -aq a.img tree/. /
	run bcachefs mv a.img /small /random /sub/deep
	status 0
	run bcachefs mv a.img /sub/deep/small /sub/deep/hard # two names of one file
	status 0
	run bcachefs mv a.img /empty /sub/text
	status 0
	run bcachefs ln a.img /sub/text /again
	status 0
	run bcachefs ln -s a.img sub/deep /short
	status 0
	run bcachefs ls -l a.img /again
	out '^-rw.* 2 .* 0 .* /again$'
	run bcachefs ls -L -1 a.img /short
	out_is "$(printf '%s\n' hard random small)"
	run bcachefs mv a.img /sub /sub/deep
	status 1
	err '^bcachefs: /sub: cannot go to /sub/deep'
	run bcachefs ln a.img /sub /other
	status 1
	err '^bcachefs: /other: is a directory$'
	recounted
}

directories_are_made_with_those_above() {
	one
	run bcachefs mkdir a.img /a/b
	status 1
	err '^bcachefs: /a/?: no such file or directory$'
	run bcachefs mkdir -p -m 2750 a.img /a/b /a/b/c
	status 0
	run bcachefs ls -ld a.img /a/b/c
	out '^drwxr-s---'
	run bcachefs mkdir a.img /a
	status 1
	err '^bcachefs: /a: exists already$'
	run bcachefs mkdir -m 9 a.img /x
	status 2
	run bcachefs mkdir a.img /
	status 1
	err '^bcachefs: /: invalid argument$'
}

all_is_done_or_nothing() {
	local before
	one
	tree
	before=$(sha256sum <a.img)
	run bcachefs put a.img tree missing /
	status 1
	err '^bcachefs: missing: no such file or directory$'
	run bcachefs mkdir a.img /x /x/y /lost+found
	status 1
	run bcachefs rm -r a.img /lost+found /nothing
	status 1
	bcachefs ls -R a.img >list
	holds diff - list <<<$'/:\nlost+found\n\n/lost+found:'
	before=$(sha256sum <a.img)
	run bcachefs put -n a.img tree /
	status 0
	run bcachefs rm -rn a.img /lost+found
	status 0
	run bcachefs mkdir -n a.img /x
	status 0
	holds test "$before" = "$(sha256sum <a.img)"
}

the_undo_file_has_what_was_there() {
	one
	run bcachefs mkdir --undo-file=u a.img /x
	status 0
	holds test -s u
}

nothing_is_changed_in_read_only_subvolumes_and_none_is_taken_away() {
	unpack 06-snapshots >/dev/null
	run bcachefs mkdir dev0.img /snapB/x
	status 1
	err '^bcachefs: /snapB/x: read-only$'
	run bcachefs put dev0.img "$0" /snapB
	status 1
	run bcachefs rm -r dev0.img /sub1
	status 1
	err "is a subvolume; try 'bcachefs subvolume delete'\$"
	run bcachefs mkdir --subvol=2 dev0.img /x
	status 0
	run bcachefs ls -d dev0.img /sub1/x
	status 0
}

encrypted_filesystems_take_files() {
	echo "correct horse" >pw
	image 64M a.img >/dev/null
	bcachefs format -q --encrypted --passphrase_file=pw a.img
	tree
	run bcachefs put -a --passphrase_file=pw a.img tree /
	status 0
	bcachefs get -aq --passphrase_file=pw a.img /tree out
	holds diff -r --no-dereference tree out
	run bcachefs rm -r --passphrase_file=pw a.img /tree
	status 0
}

kib() {
	sync a.img
	du -k a.img | cut -f1
}

what_is_freed_is_punched_out_of_the_image_where_discard_is_enabled() {
	local before
	head -c 20M /dev/urandom >big
	for discard in '--discard' '--discard=0'; do
		one "$discard"
		before=$(kib)
		bcachefs put -q a.img big /
		holds test "$(kib)" -gt $((before + 20000))
		run bcachefs rm -n a.img /big
		status 0
		holds test "$(kib)" -gt $((before + 20000))
		run bcachefs rm --undo-file=u a.img /big
		status 0
		holds test "$(kib)" -gt $((before + 20000)) # or undo could not bring it back
		bcachefs undo -q u a.img
		bcachefs cat a.img /big >out
		holds cmp big out
		run bcachefs rm a.img /big
		status 0
		if [[ $discard == --discard ]]; then
			holds test "$(kib)" -lt $((before + 1000))
		else
			holds test "$(kib)" -gt $((before + 20000))
		fi
		recounted
		rm a.img u
	done
}

what_waits_for_its_discard_is_taken_when_nothing_else_is_free() {
	head -c 20M /dev/urandom >big
	one --discard
	for round in 1 2 3 4 5 6; do
		run bcachefs put a.img big /
		status 0
		bcachefs cat a.img /big >out
		holds cmp big out
		run bcachefs rm a.img /big
		status 0
	done
	recounted
	run bcachefs fsck -n a.img
	status 0
}

cases
