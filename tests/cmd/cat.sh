#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cat: contents of files, parts of them, and what is lost.
. "$(dirname "$0")/lib.sh"

contents_are_those_that_the_kernel_read() {
	local sum path nr=0
	unpack 06-snapshots >names
	zstd -qdc "$top/tests/images/06-snapshots/manifest.txt.zst" | grep -a $'^f\t/sub1/' | cut -f2,10 | grep -v '\\' >files
	while IFS=$'\t' read -r path sum; do
		[[ $(bcachefs cat dev0.img "$path" | sha256sum) == "$sum  -" ]] || fail "$path is not as the kernel read it"
		nr=$((nr + 1))
	done <files
	holds [ "$nr" -gt 50 ]
}

several_files_follow_each_other_and_parts_are_of_each() {
	unpack 06-snapshots >names
	run bcachefs cat dev0.img /snapA/dd/one /snapA/dd/two
	out_is $'one\ntwo'
	run bcachefs cat --offset 1 --len 2 dev0.img /snapA/dd/one /snapA/dd/two
	out_is 'newo'
	bcachefs cat dev0.img /sub1/data | tail -c +100001 | head -c 4097 >want
	bcachefs cat --offset=100000 --len=4097 dev0.img /sub1/data | cmp - want || fail 'another part'
	run bcachefs cat --offset 1M dev0.img /sub1/data
	status 0
	no_out
}

what_has_no_contents_is_refused_by_name() {
	unpack 06-snapshots >names
	run bcachefs cat dev0.img /sub1
	status 1
	err '^bcachefs: /sub1: is a directory$'
	run bcachefs cat dev0.img /sub1/special/fifo
	status 1
	err '/sub1/special/fifo: '
	run bcachefs cat dev0.img /none
	status 1
	err '/none: no such file'
	run bcachefs cat -i dev0.img /none /snapA/dd/one
	status 1
	out_is one
	err '/none: no such file'
	run bcachefs cat dev0.img
	status 2
}

lost_data_ends_it_or_is_named_and_zeroes() {
	unpack 139-removed >names
	bcachefs cat dev0.img:dev2.img /c1 >have 2>said
	holds [ $? = 1 ]
	holds [ "$(wc -c <have)" = 65536 ]
	holds grep -q '^bcachefs: /c1: bytes 65536 to 131071 are lost: ' said
	run bcachefs cat -i dev0.img:dev2.img /c1 /sizes/t1
	status 1
	err '^bcachefs: /c1: bytes 65536 to [0-9]+ are lost: '
	holds [ "$(wc -c <"$work/out")" = 300001 ]
	holds cmp -n 65536 have "$work/out"
	holds [ -z "$(tail -c +65537 "$work/out" | head -c 512 | tr -d '\0')" ]
}

a_reader_that_goes_ends_it_silently() {
	unpack 06-snapshots >names
	bcachefs cat dev0.img /sub1/data /sub1/data /sub1/data 2>said | head -c 1 >one
	holds [ "$(wc -c <one)" = 1 ]
	holds [ ! -s said ]
}

cases
