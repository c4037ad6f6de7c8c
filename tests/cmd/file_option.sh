#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# set-file-option, get-file-option: own and inherited options, and what is below. CLI 9.3.
. "$(dirname "$0")/lib.sh"

one() {
	image 64M a.img >/dev/null
	bcachefs format -q "$@" a.img
	bcachefs mkdir -p a.img /d/sub/deep
	head -c 200000 <(yes "some text") >text
	bcachefs put -q a.img text /d/sub
}

what_is_set_is_got_and_what_is_below_inherits_it() {
	one
	run bcachefs set-file-option --compression=zstd:3 --data_checksum=crc64 a.img /d
	status 0
	err_is 'data that is there stays as it is until a kernel moves it'
	run bcachefs get-file-option a.img /d
	out_is $'data_checksum\tcrc64\ncompression\tzstd:3'
	run bcachefs get-file-option a.img /d/sub/text
	no_out
	run bcachefs get-file-option -e a.img /d/sub/text /d/sub
	out_is $'/d/sub/text\tdata_checksum\tcrc64\n/d/sub/text\tcompression\tzstd:3\n/d/sub\tdata_checksum\tcrc64\n/d/sub\tcompression\tzstd:3'
	run bcachefs get-file-option -a a.img /d
	out $'^nocow\t-$'
}

new_data_is_stored_so() {
	one
	bcachefs set-file-option -q --compression=lz4 a.img /d
	bcachefs put -q a.img text /d/new
	run bcachefs fiemap a.img /d/new
	out ' lz4 '
	run bcachefs cat a.img /d/new
	holds cmp "$work/out" text
}

what_has_its_own_keeps_it_until_it_is_taken_back() {
	one
	bcachefs set-file-option -q --compression=gzip a.img /d/sub
	bcachefs set-file-option -q --compression=lz4 a.img /d
	run bcachefs get-file-option -e a.img /d/sub/deep
	out_is $'compression\tgzip'
	bcachefs set-file-option -q --compression=- a.img /d/sub
	run bcachefs get-file-option -e a.img /d/sub/deep
	out_is $'compression\tlz4'
	bcachefs set-file-option -q --no-recursive --compression=zstd a.img /d
	run bcachefs get-file-option -e a.img /d/sub/deep
	out_is $'compression\tlz4'
	bcachefs set-file-option -q --remove-all a.img /d
	run bcachefs get-file-option -e a.img /d /d/sub
	no_out
}

the_mover_is_told_to_look_again() {
	one
	bcachefs set-file-option -q --background_compression=zstd a.img /d/sub/text
	run bcachefs list -b rebalance_work a.img
	out 'type cookie'
	run bcachefs fs usage --recount a.img
	status 0
}

what_cannot_be_is_refused_and_nothing_is_set() {
	one
	run bcachefs set-file-option a.img /d
	status 2
	run bcachefs set-file-option --compression=zip a.img /d
	status 1
	run bcachefs set-file-option --compression=lz4 a.img /d /nothing
	status 1
	err '^bcachefs: /nothing: no such file or directory$'
	run bcachefs set-file-option --foreground_target=nowhere a.img /d
	status 1
	run bcachefs get-file-option a.img /d
	no_out
	image 64M e.img >/dev/null
	bcachefs format -q --encrypted --no_passphrase e.img
	run bcachefs set-file-option --nocow=yes e.img /lost+found
	status 1
	err 'nocow: not in an encrypted filesystem'
}

cases
