#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fiemap: where the data of files lies. What FIEMAP says of the same files is in tests/vm/fiemap.sh.
. "$(dirname "$0")/lib.sh"

# The pointers of an inode's extents as the tools of the time listed them: DEV:BUCKET:SECTOR, each a line.
pointers() { # IMAGE INUM
	zstd -qdc "$here/../images/$1/list.txt.zst" | sed -n '/^== btree extents$/,/^==/p' |
		grep " $2:[0-9]*:[0-9U]" | grep -o 'ptr: [0-9:]*' | cut -d ' ' -f2
}

with_v_there_is_a_line_a_pointer() {
	unpack 09-targets >names
	local inum
	inum=$(bcachefs list -b extents dev*.img 2>/dev/null | grep 'ptr:.*ptr:' | grep -v 'offset [1-9]' |
		sed -n 's/.*type extent \([0-9]*\):.*/\1/p' | head -n1)
	run bcachefs fiemap -v dev0.img:dev1.img:dev2.img "<$inum>"
	status 0
	out '^ *Logical +Length  Device:bucket:sector +Physical  Flags +Csum +Compression +Copies$'
	holds [ "$(sed -n 's/^ *[0-9][0-9]* *[0-9][0-9]*  \([0-9:]*\) .*/\1/p' "$work/out")" = "$(pointers 09-targets "$inum")" ]
	run bcachefs fiemap dev0.img:dev1.img:dev2.img "<$inum>"
	out ' 2$'
}

a_missing_member_is_a_degraded_copy() {
	unpack 09-targets >names
	rm dev1.img
	local inum
	inum=$(bcachefs list -b extents dev*.img 2>/dev/null | grep 'ptr: 0:.*ptr: 1:' |
		sed -n 's/.*type extent \([0-9]*\):.*/\1/p' | head -n1)
	run bcachefs fiemap -v dev0.img:dev2.img "<$inum>"
	status 0
	out ' 1:[0-9]+:[0-9]+ .*degraded .* 1$'
	no_out ' 0:[0-9]+:[0-9]+ .*degraded'
}

holes_inline_data_reservations_and_shared_data_are_told_apart() {
	unpack 07-reflink >names
	run bcachefs fiemap dev0.img /i/f100
	out '^ *0 +512  - +-  last,inline '
	run bcachefs fiemap dev0.img /f/pre
	out ' reservation '
	run bcachefs fiemap dev0.img /r/c
	out ' reflink '
	out ' last,reflink '
	run bcachefs fiemap dev0.img /s/allhole
	holds [ "$(wc -l <"$work/out")" = 2 ]
	run bcachefs fiemap -s dev0.img /s/alt
	out '^ *16 +8  '
	run bcachefs fiemap dev0.img /s/alt
	out '^ *8192 +4096  '
	run bcachefs fiemap dev0.img /r
	status 0
}

json_has_every_pointer_with_the_flags_of_FIEMAP() {
	command -v python3 >/dev/null || skip 'no python3'
	unpack 07-reflink >names
	bcachefs fiemap --json dev0.img /r/c /i/f100 >have
	holds python3 -c 'import json
c, f100 = json.load(open("have"))["files"]
assert c["path"] == "/r/c" and sum(e["length_bytes"] for e in c["extents"]) == 300032
last = c["extents"][-1]
assert last["pointers"][0]["fiemap_flags"] == 0x2001 and set(last["flags"]) == {"last", "reflink"}
p = last["pointers"][0]
assert p["physical_bytes"] == (p["bucket"] * 256 + p["sector"]) * 512
assert f100["extents"][0]["fiemap_flags"] == 0x301 and not f100["extents"][0]["pointers"]'
}

lost_data_is_named() {
	unpack 139-removed >names
	local inum
	inum=$(bcachefs list -b extents -k error dev*.img 2>/dev/null | sed -n 's/.*type error \([0-9]*\):.*/\1/p' | head -n1)
	holds test "$inum"
	run bcachefs fiemap "$(echo dev*.img | tr ' ' :)" "<$inum>"
	status 0
	out ' (last,)?lost '
}

cases
