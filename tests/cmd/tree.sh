#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tree: what is below a directory, drawn and as JSON.
. "$(dirname "$0")/lib.sh"

a_tree_is_drawn_with_its_totals() {
	unpack 06-snapshots >names
	run bcachefs tree dev0.img /sub1/nested
	out_is $'/sub1/nested\n└── file\n\n0 directories, 1 file'
	run bcachefs tree -L 1 dev0.img
	out_is '/
├── after-rootsnap
├── lost+found
├── rootsnap [subvol 8]
├── snapA [subvol 3]
├── snapA2 [subvol 5]
├── snapA3 [subvol 6]
├── snapB [subvol 4]
└── sub1 [subvol 2]

7 directories, 1 file'
}

directories_alone_end_their_own_branches() {
	unpack 13-k616-casefold >names
	run bcachefs tree -d dev0.img
	out_is '/
├── cf
│   └── SubDir
├── lost+found
└── plain

4 directories'
}

names_with_line_ends_are_escaped_on_a_terminal() {
	unpack 06-snapshots >names
	on_terminal -- "$program" tree dev0.img /snapA/names
	out '── nl\\x0ahere$'
}

sizes_are_those_of_all_files_below() {
	local sum
	unpack 06-snapshots >names
	sum=$(zstd -qdc "$top/tests/images/06-snapshots/manifest.txt.zst" |
		awk -F'\t' '$2 ~ "^/snapA/" && $1 != "d" { sum += $6 } END { print sum }')
	run bcachefs tree --du -L 1 dev0.img
	out "^├── \\[ *$sum\\]  snapA \\[subvol 3\\]\$"
	run bcachefs tree --du -L 1 dev0.img /snapA
	out "^\\[ *$sum\\]  /snapA\$"
}

json_is_one_document_that_holds_every_file() {
	command -v python3 >/dev/null || skip 'no python3'
	unpack 06-snapshots >names
	bcachefs tree --json --du dev0.img >have
	holds python3 -c 'import json
def count(entries):
	return sum(1 + count(e.get("contents", [])) for e in entries)
d = json.load(open("have"))
top = d["tree"][0]
assert d["version"] == 1 and top["name"] == "/" and len(d["tree"]) == 1
assert all(e["type"] == "directory" for e in top["contents"][1:])
assert top["du_bytes"] == sum(e.get("du_bytes", e["size_bytes"]) for e in top["contents"])
print(count(d["tree"]))' >nr
	holds [ "$(<nr)" = "$(zstd -qdc "$top/tests/images/06-snapshots/manifest.txt.zst" | grep -c $'^[fdplscb]\t')" ]
}

what_cannot_be_read_is_named_and_the_document_whole() {
	local root size
	command -v python3 >/dev/null || skip 'no python3'
	unpack 13-k616-casefold >names
	root=$(bcachefs show-super -F clean dev0.img |
		sed -n 's/.*btree=dirents .* ptr: 0:\([0-9]*\):\([0-9]*\) .*/\1/p' | head -n1)
	size=$(bcachefs show-super --json dev0.img |
		sed -n 's/.*"bucket_size_bytes":\([0-9]*\).*/\1/p' | head -n1)
	dd if=/dev/zero of=dev0.img bs="$size" seek="$root" count=1 conv=notrunc 2>/dev/null
	run bcachefs tree -i --json dev0.img
	status 1
	err '^bcachefs: /: btree node cannot be read'
	err 'some files could not be read'
	holds python3 -m json.tool "$work/out" pretty
	run bcachefs tree dev0.img
	status 1
}

cases
