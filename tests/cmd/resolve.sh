#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# resolve: files that inode numbers, keys, places and the lines of a kernel's log belong to.
. "$(dirname "$0")/lib.sh"

# The inode number that the kernel showed for a path.
inode() { # IMAGE PATH
	zstd -qdc "$here/../images/$1/manifest.txt.zst" | awk -F '\t' -v path="$2" '
		$2 == path { match($12, /ino=[0-9]+/); print substr($12, RSTART + 4, RLENGTH - 4) }'
}

# Paths that the kernel showed for an inode number.
paths() { # IMAGE INUM
	zstd -qdc "$here/../images/$1/manifest.txt.zst" | awk -F '\t' -v ino="ino=$2 " '
		index($12, ino) == 1 { gsub(/\\x20/, " ", $2); print "  " $2 }' | LC_ALL=C sort
}

an_inode_has_a_path_in_every_subvolume_that_sees_it() {
	local inum nr=0
	unpack 06-snapshots >names
	# the root directories of snapshots, and files that are in several
	for inum in $(zstd -qdc "$here/../images/06-snapshots/manifest.txt.zst" | sed -n 's/^[fdl].*ino=\([0-9]*\) .*/\1/p' | sort -nu); do
		run bcachefs resolve dev0.img "$inum"
		status 0
		holds [ "$(tail -n +2 "$work/out")" = "$(paths 06-snapshots "$inum")" ]
		((++nr))
	done
	holds [ "$nr" -gt 20 ]
}

all_names_of_hard_links_are_found() {
	local inum
	unpack 14-quota >names
	inum=$(zstd -qdc "$here/../images/14-quota/manifest.txt.zst" | awk -F '\t' '$1 == "f" && $7 > 1 { print $12; exit }' |
		sed 's/ino=\([0-9]*\) .*/\1/')
	holds [ "$(paths 14-quota "$inum" | wc -l)" -gt 1 ]
	run bcachefs resolve dev0.img "$inum"
	status 0
	holds [ "$(tail -n +2 "$work/out")" = "$(paths 14-quota "$inum")" ]
}

numbers_are_inodes_in_subvolumes_offsets_or_sectors() {
	unpack 06-snapshots >names
	run bcachefs resolve dev0.img 1:4096
	out '^  /$'
	run bcachefs resolve -s dev0.img 4
	out '^  /snapB$'
	run bcachefs resolve dev0.img 7:999999
	status 1
	err '1 of 1 are not there'
	run bcachefs resolve -b dev0.img 0:9
	out '^  superblock$'
	run bcachefs resolve dev0.img 0:0x9
	out '^  superblock$'
	run bcachefs resolve dev0.img nonsense
	status 1
	err 'nonsense: neither an inode, nor a key, nor a place'
}

a_place_is_metadata_a_file_the_journal_or_free() {
	local node journal
	unpack 06-snapshots >names
	node=$(bcachefs list -b dirents -m nodes dev0.img | grep -o 'ptr: [0-9:]*' | tail -n1 | cut -d ' ' -f2)
	run bcachefs resolve dev0.img "$node"
	out '^  metadata: btree dirents level 0$'
	journal=$(bcachefs show-super -F journal_v2 dev0.img | grep -o '[0-9]*-[0-9]*' | head -n1)
	run bcachefs resolve dev0.img "0:${journal%-*}:0"
	out '^  journal$'
	run bcachefs resolve dev0.img 0:900:0 dev0.img:900:0
	out '^  free$'
	run bcachefs resolve dev0.img 0:1000000000:0
	status 1
	out 'outside of all buckets'
}

a_place_is_found_with_and_without_backpointers() {
	local pos place
	unpack 06-snapshots >names
	bcachefs list -b extents dev0.img | grep 'type extent' | tail -n1 >key
	pos=$(sed 's/.*type extent \([^ ]*\) .*/\1/' key)
	place=$(grep -o 'ptr: [0-9:]*' key | cut -d ' ' -f2)
	run bcachefs resolve dev0.img "$place"
	status 0
	out "type extent $pos"
	cp "$work/out" by_backpointer
	run bcachefs resolve --scan-btrees dev0.img "$place"
	holds cmp "$work/out" by_backpointer
	run bcachefs resolve dev0.img "extents:$pos"
	out "type extent $pos"
}

shared_data_leads_to_all_files_that_show_it() {
	local place
	unpack 07-reflink >names
	place=$(bcachefs fiemap dev0.img /r/c | sed -n 's/^ *[0-9][0-9]* *[0-9][0-9]*  \([0-9:]*\) .*/\1/p' | sed -n 2p)
	run bcachefs resolve dev0.img "$place"
	status 0
	out 'type reflink_v'
	out '^  /r/c$'
	out '^  /r/d$'
	out '^  /snap/r/newc$'
}

json_has_keys_nodes_and_paths() {
	command -v python3 >/dev/null || skip 'no python3'
	unpack 06-snapshots >names
	local place
	place=$(bcachefs list -b extents dev0.img | grep -o 'ptr: [0-9:]*' | tail -n1 | cut -d ' ' -f2)
	bcachefs resolve --json dev0.img "$place" 0:900:0 >have
	holds python3 -c 'import json
found, free = json.load(open("have"))["questions"]
a = found["answers"][0]
assert a["btree"] == "extents" and a["level"] == 0 and a["nodes"] and a["paths"] and a["inum"] >= 4096
assert a["offset_bytes"] % 512 == 0 and a["length_bytes"] == 512
assert free["answers"][0]["kind"] == "unused"'
}

# Lines as Linux 6.12 and 6.16 print them, of damage that was made for the purpose, with the numbers of this image.
lines_of_a_log_that_name_something_say_what_it_is_and_others_stay() {
	local inum pos place
	unpack 06-snapshots >names
	bcachefs list -b extents dev0.img | grep 'type extent' | tail -n1 >key
	pos=$(sed 's/.*type extent \([^ ]*\) .*/\1/' key)
	place=$(grep -o 'ptr: [0-9:]*' key | cut -d ' ' -f2)
	inum=${pos%%:*}
	bcachefs resolve dev0.img "extents:$pos" | grep '^  /' | sed 's/^ */    => /' >paths
	bcachefs resolve dev0.img "$inum:0" | grep '^  /' | sed 's/^ */    => /' >paths_of_offset
	node=$(bcachefs list -b xattrs -m nodes dev0.img | grep -o 'ptr: [0-9:]*' | tail -n1 | cut -d ' ' -f2)
	{
		echo '[    6.788475] bcachefs (vda): recovering from clean shutdown, journal seq 29'
		echo "[    6.826933]   u64s 11 type btree_ptr_v2 SPOS_MAX len 0 ver 0: seq 3504672aab305d5f written 9 min_key POS_MIN durability: 1 ptr: $node gen 0  "
		echo "[    7.534949] bcachefs (vda inum $inum offset 0): data data checksum error, type crc32c: got 9d5056de should be e236d6fb"
		echo "[   13.283869]   $(<key)"
		echo '[    8.582560] bcachefs (vda): shutdown complete, journal seq 48'
		echo "[    9.1] bcachefs (01234567-89ab-cdef-0123-456789abcdef inum $inum offset 0): of another filesystem"
		printf 'a line without an end, \200'
	} >log
	run bcachefs resolve --dmesg log dev0.img
	status 0
	holds cmp <(grep -av '^    => ' "$work/out" | head -c "$(stat -c %s log)") log
	{
		echo '    => metadata: btree xattrs level 0'
		cat paths_of_offset paths
	} >want
	holds cmp <(grep -a '^    => ' "$work/out") want
	RUN_STDIN=log run bcachefs resolve --dmesg=- --json dev0.img
	status 0
	out '"line":4'
	no_out '"line":1,'
	holds test "$place"
}

cases
