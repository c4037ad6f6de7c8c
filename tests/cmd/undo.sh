#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --undo-file of the commands that write superblocks: made before anything is written, never overwritten. CLI 14.6.
. "$(dirname "$0")/lib.sh"

one() {
	image 32M a.img >/dev/null
	bcachefs format -q a.img
}

the_file_is_made_by_every_command_that_changes_superblocks() {
	one
	run bcachefs set-fs-option --undo-file=set --compression=lz4 a.img
	status 0
	holds test -s set
	run bcachefs reset-counters --undo-file reset a.img
	status 0
	holds test -s reset
	run bcachefs recover-super -y --undo-file=recover a.img
	status 0
	holds test -s recover
}

the_file_is_for_its_owner_alone() {
	one
	run bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	holds test "$(stat -c %a u)" = 600
}

the_file_names_the_command() {
	one
	run bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	holds grep -qaF -e '--compression=lz4' u
}

an_existing_file_is_kept_and_nothing_is_written() {
	local before
	one
	echo precious >u
	before=$(sha256sum <a.img)
	run bcachefs set-fs-option --undo-file=u --compression=lz4 a.img
	status 1
	err '^bcachefs: u: exists already$'
	holds test "$(<u)" = precious
	holds test "$before" = "$(sha256sum <a.img)"
}

a_file_that_cannot_be_made_is_an_error_and_nothing_is_written() {
	local before
	one
	before=$(sha256sum <a.img)
	run bcachefs set-fs-option --undo-file=missing/u --compression=lz4 a.img
	status 1
	err '^bcachefs: missing/u: no such file'
	holds test "$before" = "$(sha256sum <a.img)"
}

a_folder_for_undo_files_gets_one_from_every_command() {
	local uuid
	one
	mkdir undo
	uuid=$(bcachefs show-super a.img | awk '/^External/ { print $3 }')
	BCACHEFS_UNDO_DIR=$PWD/undo run bcachefs set-fs-option --compression=lz4 a.img
	status 0
	holds test "$(ls undo | grep -cE "^$uuid-set-fs-option-.*\.bcundo$")" = 1
	BCACHEFS_UNDO_DIR=none run bcachefs set-fs-option --compression=zstd a.img
	status 0
	holds test "$(ls undo | wc -l)" = 1
}

a_dry_run_makes_none() {
	one
	run bcachefs set-fs-option -n --undo-file=u --compression=lz4 a.img
	status 0
	holds test ! -e u
}

cases
