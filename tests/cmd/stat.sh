#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stat: what stat(1) shows, and what the filesystem keeps besides.
. "$(dirname "$0")/lib.sh"

export TZ=UTC

the_layout_is_that_of_stat() {
	unpack 06-snapshots >names
	run bcachefs stat dev0.img /sub1/data
	status 0
	out '^  File: /sub1/data$'
	out '^  Size: 150000 +Blocks: 293 +IO Block: 512 +regular file$'
	out '^Subvol: 2 +Inode: 4258 +Links: 1$'
	out '^Access: \(0644/-rw-r--r--\)  Uid: \( +0/ +root\)   Gid: \( +0/ +root\)$'
	out '^Modify: 2026-11-20 09:37:48\.174465845 \+0000$'
	out '^ Birth: 2026-11-20 09:37:47\.810465854 \+0000$'
}

data_is_counted_by_extents_devices_and_copies() {
	unpack 06-snapshots >names
	run bcachefs stat dev0.img /sub1/data
	field_is Extents 3
	field_is 'On disk' '147 KiB on dev0.img (device 0)'
	field_is 'Compression ratio' 1.00
	field_is Copies '1 wanted, 1 there'
	field_is Xattrs -
	run bcachefs stat dev0.img /sub1/dd-renamed/keep
	field_is Xattrs 'user.a'
}

copies_that_are_missing_are_not_there() {
	local path
	unpack 09-missing-degraded >names
	path=$(bcachefs ls --json -R dev0.img 2>/dev/null |
		sed -n 's/^{"path":"\([^"]*\)".*"type":"regular file".*"size_bytes":[0-9]\{5,\}.*/\1/p' | head -n1)
	holds test "$path"
	run bcachefs stat dev0.img "$path"
	field_is Copies '2 wanted, 1 there'
	out '^On disk: .* on \(missing\) \(device 1\)$'
}

options_have_names() {
	unpack 139-opt-change-crash >names
	run bcachefs stat dev0.img /d
	field_is Options 'compression=zstd'
	run bcachefs stat dev0.img /
	field_is Options -
	field_is 'Root of subvol' 1
}

an_unlinked_file_says_so() {
	unpack 10-crash-b >names
	run bcachefs stat dev0.img '<9026>'
	out 'Links: 0$'
	out '^Flags: .*unlinked'
}

json_has_every_file_and_all_facts() {
	command -v python3 >/dev/null || skip 'no python3'
	unpack 06-snapshots >names
	bcachefs stat --json dev0.img /sub1/data /sub1/dd-renamed/keep $'/sub1/names/nl\nhere' >have
	holds python3 -c 'import json
d = json.load(open("have"))
data, keep, name = d["files"]
assert d["version"] == 1 and data["size_bytes"] == 150000 and data["extents"] == 3
assert data["on_disk"] == [{"device": 0, "stored_bytes": 150016}]
assert data["copies"] == {"wanted": 1, "there": 1} and data["compression_ratio"] == "1.00"
assert keep["xattrs"] == ["user.a"] and name["path"] == "/sub1/names/nl\nhere"'
}

symlinks_are_followed_where_that_is_asked_for() {
	local link
	unpack 06-snapshots >names
	link=$(bcachefs ls -l dev0.img /sub1/links | sed -n 's/^l.* \([^ ]*\) -> [^/]*$/\1/p' | head -n1)
	run bcachefs stat dev0.img "/sub1/links/$link"
	out '^  File: .* -> '
	out 'symbolic link$'
	run bcachefs stat dev0.img /none
	status 1
	err '/none: no such file'
	run bcachefs stat -i dev0.img /none /sub1
	status 1
	out '^  File: /sub1$'
}

cases
