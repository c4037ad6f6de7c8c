#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# list: the keys that it prints are those that the tools of the time printed.
. "$(dirname "$0")/lib.sh"
. "$here/list_lib.sh"

# Up to 1.28 the tools print where inline data lies in their memory, we print the data.
undata() {
	sed -E 's/(: datalen [0-9]+:).*/\1/'
}

# The keys in a list of the reference: what stands before the first heading is the tools' own talk.
reference() { # NAME FILE
	zstd -qdc "$here/../images/$1/$2.zst" | sed -n '/^== btree /,$p' | undata
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

a_btree_that_only_the_journal_holds_is_among_all() {
	unpack 139-opt-change-crash >names
	run bcachefs list -m nodes -b reconcile_work dev0.img
	no_out .
	bcachefs list -b reconcile_work dev0.img >want
	holds [ -s want ]
	bcachefs list -a dev0.img | sed -n '/^== btree reconcile_work$/,/^==/ { /^==/d; p }' >have
	same have want
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

# The larger images are elsewhere.
either_member_of_two_that_hold_copies_gives_all_keys() {
	local folder name device
	for folder in "$top/tests/images" $(tr : ' ' <<<"${BCACHEFS_TEST_IMAGES-}"); do
		for name in 08-replicas2 13-k616-zstd-2dev-crash 139-replicas2-crash; do
			[[ -d $folder/$name ]] || continue
			rm -f ./*
			zstd -qd --sparse "$folder/$name"/dev?.img.zst --output-dir-flat .
			bcachefs list -a dev0.img dev1.img >all
			holds [ -s all ]
			for device in dev0.img dev1.img; do
				run bcachefs list -a $device
				status 0
				holds [ "$(grep -cv '^bcachefs: missing members: [01] ' "$work/err")" = 0 ]
				holds cmp "$work/out" all
			done
		done
	done
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

# What the rules of 04 2.2 leave of all versions: at each position that of the nearest ancestor, if it is no whiteout.
seen() { # SNAPSHOT ALL-KEYS SNAPSHOTS
	awk -v view="$1" 'NR == FNR {
			if ($4 == "snapshot") {
				split($5, at, ":"); parent[at[2]] = $15
			}
			next
		}
		/^u64s/ {
			split($5, at, ":")
			id = at[3] == "U32_MAX" ? 4294967295 : at[3]
			for (up = view; up && up != id; up = parent[up])
				;
			show = up == id && at[1] ":" at[2] != decided
			if (show)
				decided = at[1] ":" at[2]
			show = show && $4 !~ /whiteout|deleted/
		}
		show' "$3" "$2"
}

a_start_in_a_snapshot_shows_the_keys_as_they_are_seen_from_it() {
	local btree snapshot
	unpack 06-snapshots >names
	bcachefs list -b snapshots dev0.img >snapshots
	for btree in inodes dirents xattrs extents; do
		bcachefs list -b $btree dev0.img >all
		for snapshot in 4294967284 4294967286 4294967288 4294967291 4294967281; do
			seen $snapshot all snapshots >want
			bcachefs list -b $btree -s 0:0:$snapshot dev0.img >have
			same have want
			holds [ "$(grep -c ^u64s have)" -lt "$(grep -c ^u64s all)" ]
		done
	done
	bcachefs list -b dirents -s 4098:0:4294967282 dev0.img >none
	holds [ ! -s none ]
	bcachefs list -a -s 0:0:4294967284 dev0.img | sed -n '/^== btree snapshots$/,/^==/ { /^==/d; p }' >have
	same have snapshots
	run bcachefs list -s 0:0:77 dev0.img
	status 1
	no_out
	err '^bcachefs: no such snapshot: 77$'
}

formats_show_how_nodes_pack_and_how_full_they_are() {
	unpack 139-fresh >names
	# The kernel's own words, but for names of devices and what it has in memory alone: also the roots of empty btrees.
	awk '/^l / { if (at) printf "%s", node; node = ""; at = 0 } /^seq / { at = 1 } { node = node $0 "\n" }
		END { if (at) printf "%s", node }' "$top/tests/images/139-fresh/kernel-formats.txt" |
		grep -E 'format:|bytes used|nr (un)?packed|^seq ' | sed 's/ unpack fn len.*//; s/^ *//; s/ *$//' | sort >want
	bcachefs list -a -m formats dev0.img >leaves
	bcachefs list -a -m formats -l 1 dev0.img >above
	grep -hE 'format:|bytes used|nr (un)?packed|ptrs: seq' leaves above |
		sed 's/^.*seq/seq/; s/^ *//; s/ *$//' | sort >have
	same have want
	out=$(grep -c '^l 0 ' leaves)
	holds [ "$out" = "$(bcachefs list -a -m nodes dev0.img | grep -c '^u64s')" ]
}

nodes_on_disk_are_listed_set_by_set() {
	unpack 10-crash-d >names
	run bcachefs list -b subvolumes -m nodes-ondisk dev0.img
	status 0
	out '^  device 0, sector 20992$'
	out '^  offset 0 version 1.13: inode_has_child_snapshots, journal seq 0, bytes: header 160 keys 0 padding 3936$'
	out '^    u64s 10 type subvolume 0:1:0 '
	out '^  offset 16 unused, bytes: 253952$'
	holds python3 -c 'import json,subprocess,sys
at = 0
for line in subprocess.check_output([sys.argv[1], "list", "-b", "subvolumes", "-m", "nodes-ondisk", "--json", "dev0.img"]).splitlines():
	s = json.loads(line)
	at += sum(s.get(k + "_bytes", 0) for k in ("header", "keys", "padding", "unused"))
assert at == 262144, at' "$program"
}

a_rewind_shows_what_users_saw_then() {
	unpack 10-crash-d >names
	run bcachefs list -b inodes --journal-rewind=1615 dev0.img
	status 0
	cp "$work/out" now
	bcachefs list -b inodes dev0.img >newest
	same now newest
	bcachefs list -b inodes --journal-rewind=1500 dev0.img >then
	holds [ "$(grep -c ^u64s then)" -lt "$(grep -c ^u64s now)" ]
	run bcachefs list --journal-rewind=1 dev0.img
	status 1
	run bcachefs list --journal-rewind=1500 --no-journal dev0.img
	status 2
}

colour_is_for_terminals_and_those_who_want_it() {
	unpack 11-fresh >names
	run bcachefs list -a dev0.img
	no_out $'\033'
	run bcachefs list -a -c true dev0.img
	out $'^\033\\[1m== btree inodes\033\\[0m$'
	on_terminal -- env NO_COLOR=1 "$program" list -a dev0.img
	no_out $'\033'
	on_terminal -- env -u NO_COLOR "$program" list -a dev0.img
	out $'\033'
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

without_the_btree_alloc_pointers_are_listed_but_none_as_stale() {
	unpack 07-reflink >names
	bcachefs list dev0.img >want
	holds grep -q 'ptr: 0:' want
	uproot alloc
	run bcachefs list dev0.img
	status 0
	holds [ "$(grep -c 'btree alloc cannot be read: stale pointers' "$work/err")" = 1 ]
	same "$work/out" want
}

a_root_that_cannot_be_read_is_an_error_that_names_it() {
	unpack 13-k616-casefold >names
	uproot dirents
	run bcachefs list -b dirents dev0.img
	status 1
	err 'dirents'
}

cases
