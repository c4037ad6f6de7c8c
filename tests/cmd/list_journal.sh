#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# list_journal and journal_rewind_info: which entries and transactions, in which form.
. "$(dirname "$0")/lib.sh"

list() { # OPTION...
	run bcachefs list_journal "$@" dev0.img
	status 0
}

dirty_entries_are_those_that_a_start_replays() {
	unpack 10-crash-d >names
	list -d -H
	holds [ "$(grep -c '^journal entry' "$work/out")" = 263 ]
	out '^journal entry     1353$'
	out '^journal entry     1615$'
	no_out '^journal entry     1352$'
}

healthy_filesystems_are_warned_of_by_nothing() {
	local name
	for name in 10-crash-d 11-fresh-v131 139-fresh 139-opt-change-crash; do
		rm -f ./*
		unpack $name >names
		list -a
		no_err
	done
}

entries_are_chosen_by_number() {
	unpack 10-crash-d >names
	list -H -s 1500..1502
	holds [ "$(grep -c '^journal entry' "$work/out")" = 3 ]
	list -H -s 1614..
	holds [ "$(grep -c '^journal entry' "$work/out")" = 2 ]
	list -H -n 4
	holds [ "$(grep -c '^journal entry' "$work/out")" = 4 ]
	run bcachefs list_journal -s 1..x dev0.img
	status 2
}

a_date_stands_in_one_line_with_its_entry() {
	unpack 10-crash-d >names
	list -D -s 1615
	out '^journal entry     1615      datetime: ... ... +[0-9]+ [0-9:]+ [0-9]+$'
}

transactions_are_chosen_by_name() {
	unpack 10-crash-d >names
	list -a -t bch2_inode_rm
	no_out '^ +log: __bch2_create$'
	list -a -t __bch2_create
	out '^ +log: __bch2_create$'
	no_out '^ +log: btree_node_write_work$'
	list -a -t -__bch2_create
	no_out '^ +log: __bch2_create$'
}

transactions_are_chosen_by_btree_and_key() {
	unpack 10-crash-d >names
	list -a -b xattrs
	out '^    btree_keys: btree=xattrs'
	no_out '^ +log: bch2_setattr_nonsize$'
	list -a -b -dirents
	no_out '^    btree_keys: btree=dirents'
	list -a -k accounting:0:0:1049608
	out 'accounting 0:0:1049608 '
	holds [ "$(grep -c '^journal entry' "$work/out")" = 2 ]
	run bcachefs list_journal -b nothing dev0.img
	status 1
	err 'bad btree list: nothing'
}

values_are_left_out_on_demand() {
	unpack 10-crash-d >names
	list -s 1615 --bkey-val=no
	out 'type inode_v3 .* ver 0$'
	no_out 'bi_size'
}

offsets_are_words_within_the_entry() {
	unpack 10-crash-d >names
	list -s 1615 -O
	out '^    7 '
}

o_without_a_list_of_options_means_offsets() {
	unpack 10-crash-d >names
	list -s 1615 -o
	out '^    7 '
	list -o -s 1615
	out '^    7 '
	list -s 1615 -o degraded
	no_out '^    7 '
	list -s 1615 -odegraded=very
	no_out '^    7 '
}

t_and_k_have_their_older_meanings_too() {
	unpack 10-crash-d >names
	list -a -t accounting:0:0:1049608
	holds [ "$(grep -c '^journal entry' "$work/out")" = 2 ]
	list -a -k xattrs
	cp "$work/out" by_key
	list -a -b xattrs
	holds cmp -s by_key "$work/out"
	list -a -k -xattrs
	no_out '^ +btree_keys: btree=xattrs'
}

matching_keys_are_red_where_colour_is_wanted() {
	unpack 10-crash-d >names
	list -a -k accounting:0:0:1049608
	no_out $'\033'
	list -a -k accounting:0:0:1049608 --colorize=true
	out $'^    \033\\[31mbtree_keys: btree=accounting .* 0:0:1049608 .*\033\\[0m$'
	holds [ "$(grep -c $'\033' "$work/out")" = 3 ]
}

json_is_a_line_for_each_entry() {
	command -v python3 >/dev/null || skip 'no python3'
	unpack 10-crash-d >names
	bcachefs list_journal -a dev0.img >text
	bcachefs list_journal -a --json dev0.img >json
	holds [ "$(grep -c '^journal entry' text)" = "$(wc -l <json)" ]
	holds python3 -c 'import json
keys = transactions = 0
for line in open("json"):
	e = json.loads(line)
	assert e["version"] == 1 and e["written_at"][0]["device"] == 0
	for r in e["records"]:
		transactions += "transaction" in r
		for k in r.get("keys", []):
			keys += 1
			assert k["pos"] == "%d:%d:%d" % (k["inode"], k["offset"], k["snapshot"])
text = open("text", errors="replace").read()
assert keys == text.count(" u64s "), keys
assert transactions == text.count("\n    log: ") - text.count("    log: deleting"), transactions'
	list --json -s 1615 -V no
	no_out '"value"'
	list --json -H -s 1615
	out '^\{"version":1,"seq":1615,.*"records":\[\]\}$'
}

an_encrypted_journal_needs_the_passphrase() {
	unpack 05-encrypted >names
	echo 'correct horse' >passphrase
	list --passphrase_file=passphrase -H
	out '^journal entry     15$'
	echo 'wrong' >passphrase
	run bcachefs list_journal --passphrase_file=passphrase dev0.img
	status 1
}

the_rewind_limit_is_the_oldest_entry_in_old_versions() {
	unpack 10-crash-d >names
	run bcachefs journal_rewind_info -n 2 dev0.img
	status 0
	out '^rewind limit:  seq [0-9]+  \(oldest entry present\)$'
	out '^newest:        seq 1615  [0-9-]+ [0-9:]+ UTC$'
	out '^  seq 1615 '
	err 'does not say how far'
}

the_rewind_limit_is_what_new_journals_say() {
	unpack 139-opt-change-crash >names
	run bcachefs journal_rewind_info dev0.img
	status 0
	out '^rewind limit:  seq [0-9]+  \(oldest safe\)$'
	no_err .
}

cases
