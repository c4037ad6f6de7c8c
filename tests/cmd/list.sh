#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# list: the keys that it prints are those that the tools of the time printed.
. "$(dirname "$0")/lib.sh"

# Up to 1.28 the tools print where inline data lies in their memory, we print the data.
undata() {
	sed -E 's/(: datalen [0-9]+:).*/\1/'
}

# The keys in a list of the reference: what stands before the first heading is the tools' own talk.
reference() { # NAME FILE
	zstd -qdc "$here/../images/$1/$2.zst" | sed -n '/^== btree /,$p' | undata
}

# As the reference has them, an empty line at the end aside.
same() { # FILE FILE
	diff <(sed '$ { /^$/d }' "$1") <(sed '$ { /^$/d }' "$2") >&3 || fail "$1 and $2 differ"
}

keys_of_all_btrees_are_those_of_the_tools_of_the_time() {
	local name
	for name in 09-targets 12-upgraded 13-k616-casefold 14-quota; do
		rm -f ./*
		unpack "$name" >names
		bcachefs list -a dev*.img | undata | grep -av '^$' >have
		reference "$name" list.txt | grep -av '^$' >want
		# a heading alone is a btree without keys, which has no root of its own in ours
		same <(grep -av '^==' have) <(grep -av '^==' want)
	done
}

an_encrypted_filesystem_is_listed_with_its_passphrase_and_not_without() {
	unpack 05-encrypted >names
	printf 'correct horse\n' >right
	printf 'wrong\n' >wrong
	bcachefs list -b dirents --passphrase_file=right dev0.img >have
	reference 05-encrypted list.txt | sed -n '/^== btree dirents$/,/^==/ { /^==/d; p }' >want
	same have want
	run bcachefs list -b dirents --passphrase_file=wrong dev0.img
	status 1
	no_out
	err 'incorrect passphrase'
}

what_only_the_journal_holds_is_seen_unless_it_is_not_wanted() {
	unpack 10-crash-d >names
	bcachefs list -b dirents dev0.img >have
	reference 10-crash-d list-replayed.txt | sed -n '/^== btree dirents$/,/^==/ { /^==/d; p }' >want
	same have want
	bcachefs list -b dirents --no-journal dev0.img >have
	reference 10-crash-d list.txt | sed -n '/^== btree dirents$/,/^==/ { /^==/d; p }' >want
	same have want
}

one_member_of_two_gives_the_same_keys() {
	unpack 09-targets >names
	bcachefs list -b inodes dev*.img >all
	run bcachefs list -b inodes dev0.img
	status 0
	err 'missing members'
	same "$work/out" all
}

keys_are_chosen_by_type_position_level_and_number() {
	unpack 14-quota >names
	run bcachefs list -b extents -k inline_data dev0.img
	no_out 'type extent '
	run bcachefs list -b inodes -s 0:4096 -e 0:4096 dev0.img
	status 0
	holds [ "$(grep -c '^u64s' "$work/out")" = 1 ]
	out 'type inode_v3 0:4096:'
	run bcachefs list -b inodes -n 3 dev0.img
	holds [ "$(grep -c '^u64s' "$work/out")" = 3 ]
	run bcachefs list -b inodes -m nodes dev0.img
	out 'type btree_ptr_v2 SPOS_MAX'
}

json_is_a_line_for_each_key() {
	command -v python3 >/dev/null || skip 'no python3'
	unpack 14-quota >names
	bcachefs list --json -b dirents dev0.img >have
	holds python3 -c 'import json,sys
for line in open("have"):
	k = json.loads(line)
	assert k["btree"] == "dirents" and k["pos"].count(":") == 2 and k["version"] == 1'
	holds [ "$(wc -l <have)" = "$(bcachefs list -b dirents dev0.img | grep -ac '^u64s ')" ]
}

what_does_not_exist_is_refused_by_name() {
	unpack 11-fresh >names
	run bcachefs list -b nonsense dev0.img
	status 1
	err 'no such btree: nonsense'
	run bcachefs list -k nonsense dev0.img
	status 1
	err 'no such key type: nonsense'
	run bcachefs list -s 1:2:3:4 dev0.img
	status 1
	err 'not a position: 1:2:3:4'
}

a_root_that_cannot_be_read_is_an_error_that_names_it() {
	local root
	unpack 13-k616-casefold >names
	root=$(bcachefs show-super -F clean dev0.img | sed -n 's/.*btree=dirents .* ptr: 0:\([0-9]*\):\([0-9]*\) .*/\1/p' | head -n1)
	holds test "$root"
	dd if=/dev/zero of=dev0.img bs="$(bcachefs show-super --json dev0.img |
		sed -n 's/.*"bucket_size_bytes":\([0-9]*\).*/\1/p' | head -n1)" seek="$root" count=1 conv=notrunc 2>/dev/null
	run bcachefs list -b dirents dev0.img
	status 1
	err 'dirents'
}

cases
