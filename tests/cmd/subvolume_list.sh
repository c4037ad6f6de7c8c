#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# subvolume list, list-snapshots: which lies in which, what each takes.
. "$(dirname "$0")/lib.sh"

export TZ=UTC

children_are_listed_and_all_below_where_that_is_wanted() {
	unpack 06-snapshots >names
	run bcachefs subvolume list dev0.img
	out_is 'Path                     ID       Created          Flags        Size
rootsnap                 8        2026-11-20 09:37 -            0 B
snapA                    3        2026-11-20 09:37 -            2.09 MiB
snapA2                   5        2026-11-20 09:37 -            2.19 MiB
snapA3                   6        2026-11-20 09:37 -            2.19 MiB
snapB                    4        2026-11-20 09:37 ro           2.22 MiB
sub1                     2        2026-11-20 09:37 -            2.36 MiB'
	run bcachefs subvolume ls -R dev0.img
	out '^sub1/nested +7 +2026-11-20 09:37 - +0 B$'
	run bcachefs subvolume list dev0.img /sub1/dd-renamed
	out '^nested +7 '
	holds [ "$(wc -l <"$work/out")" = 2 ]
}

they_are_chosen_and_sorted() {
	unpack 06-snapshots >names
	run bcachefs subvolume list -R --readonly dev0.img
	holds [ "$(wc -l <"$work/out")" = 2 ]
	out '^snapB '
	run bcachefs subvolume list -R --sort=size dev0.img
	holds [ "$(sed -n '2s/ .*//p' "$work/out")" = sub1 ]
	run bcachefs subvolume list -R --sort=time dev0.img
	holds [ "$(sed -n '2s/ .*//p' "$work/out")" = sub1 ]
	run bcachefs subvolume list -s dev0.img
	out '^snapA2 .* /snapA$'
	out '^sub1 .* -$'
}

a_tree_says_what_each_is_a_snapshot_of() {
	unpack 06-snapshots >names
	run bcachefs subvolume list -t dev0.img
	out '^├── snapB \[snap of /sub1, ro, 2\.22 MiB, 2026-11-20 09:37\]$'
	out '^└── sub1 \[2\.36 MiB, 2026-11-20 09:37\]$'
	out '^    └── nested \['
}

snapshot_trees_are_drawn_with_what_each_node_holds() {
	unpack 06-snapshots >names
	run bcachefs subvolume list-snapshots dev0.img /snapA
	out_is 'snapshot 4294967294 [2.09 MiB, 511 keys] (shared)
├── snapshot 4294967293 [0 B, 1 keys] (shared)
│   ├── snapshot 4294967289 [99.5 KiB, 39 keys] (shared)
│   │   ├── /snapA3 [0 B, 5 keys]
│   │   └── /snapA2 [0 B, 0 keys]
│   └── /snapA [0 B, 8 keys]
└── snapshot 4294967292 [128 KiB, 52 keys] (shared)
    ├── /snapB [0 B, 1 keys] (ro)
    └── /sub1 [147 KiB, 14 keys]'
	run bcachefs subvolume ls-snap -R dev0.img
	holds [ "$(grep -c '^[^├└│ ]' "$work/out")" = 3 ]
}

snapshots_are_a_table_where_that_is_wanted() {
	unpack 06-snapshots >names
	run bcachefs subvolume list-snap -f --sort=size dev0.img /sub1
	holds [ "$(sed -n 1p "$work/out")" = 'Path                     ID         Own       Meta      Keys     Total     Flags' ]
	out '^/sub1 +4294967284 147 KiB +1\.18 KiB +14 +2\.36 MiB +-$'
	out '^- +4294967294 2\.09 MiB +[0-9.]+ KiB +511 +2\.09 MiB +shared$'
	holds [ "$(sed -n '2s/ .*//p' "$work/out")" = /sub1 ]
}

what_is_left_of_deleted_snapshots_is_said() {
	unpack 06-snapdel-crash >names
	run bcachefs subvolume list-snapshots dev0.img /sub1
	out '\(no subvolume\) \[1\.90 MiB, 460 keys\] \(deleted\)$'
}

counters_and_keys_give_the_same_sizes() {
	command -v python3 >/dev/null || skip 'no python3'
	unpack 06-snapshots >names
	bcachefs subvolume list -R --json dev0.img >counted
	bcachefs subvolume list-snapshots -R --json dev0.img >read
	holds python3 -c 'import json
subvols = json.load(open("counted"))["subvolumes"]
d = json.load(open("read"))
nodes = {n["id"]: n for n in d["nodes"]}
assert d["query_root"] == {"subvol": 1, "snapshot": 4294967281, "path": "/"}
for s in subvols:
	n, sectors = nodes[s["snapshot"]], 0
	assert n["subvol"] == s["subvolid"] and n["total_bytes"] == s["size"]
	while n:
		sectors += n["sectors"]
		n = nodes.get(n.get("parent"))
	assert sectors == s["sectors"], s
assert len(subvols) == 7 and [s for s in subvols if s["path"] == "sub1"][0]["children"] == [7]'
}

cases
