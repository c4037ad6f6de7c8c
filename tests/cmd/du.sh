#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# du: apparent, on disk, exclusive, of trees and of subvolumes.
. "$(dirname "$0")/lib.sh"

# Columns of the line of that name in the last run.
line() { # NAME
	sed -n "s/^ *\([0-9].*[^ ]\)  $(sed 's/[][\\/.*^$]/\\&/g' <<<"$1")\$/\1/p" "$work/out" | tr -s ' '
}

what_one_subvolume_alone_sees_is_exclusive_to_it() {
	unpack 06-snapshots >names
	run bcachefs du -d 1 dev0.img
	status 0
	holds [ "$(line /snapB)" = "$(sizes 06-snapshots /snapB) 2195968 131072" ]
	holds [ "$(line /snapA | cut -d ' ' -f3)" = 0 ]
	run bcachefs du --snapshots dev0.img
	status 0
	out '^ *131072 +4  /snapB$'
	out '^ *0 +3  /snapA$'
	# the kernel's counter: replicas user: 1/1 [0] 5037
	out "^ *$((5037 * 512)) +-  total\$"
}

the_sum_by_snapshot_is_what_the_counters_say() {
	local name want
	for name in 06-snapshots 07-reflink 09-targets 14-quota 13-k616-casefold; do
		rm -f ./*
		unpack "$name" >names
		want=$(bcachefs list -b accounting dev*.img | sed -n 's/.*replicas user: .*\] \([0-9]*\)$/\1/p' |
			awk '{ sum += $1 } END { print sum * 512 }')
		run bcachefs du --snapshots "$(echo dev*.img | tr ' ' :)"
		status 0
		out "^ *$want +-  total\$"
	done
}

shared_data_counts_for_each_file_and_is_exclusive_to_none() {
	unpack 07-reflink >names
	run bcachefs du -s dev0.img /r/c /r/d /f/zero
	status 0
	holds [ "$(line /r/c)" = '300000 300032 0' ]
	holds [ "$(line /r/d)" = '1114112 196608 0' ]
}

# Sizes of what is below a path in the manifest, each inode once.
sizes() { # IMAGE PATH-PREFIX
	zstd -qdc "$here/../images/$1/manifest.txt.zst" | awk -F '\t' -v prefix="$2" '
		!/^#/ && index($2, prefix) == 1 {
			match($12, /ino=[0-9]+/)
			inode = substr($12, RSTART, RLENGTH)
			if (!(inode in seen))
				sum += $6
			seen[inode]
		}
		END { print sum }'
}

a_file_with_several_names_counts_once() {
	unpack 14-quota >names
	run bcachefs du -s dev0.img / /
	status 0
	holds [ "$(line / | head -n1 | cut -d ' ' -f1)" = "$(sizes 14-quota /)" ]
	# again without the files that were counted
	holds [ "$(line / | tail -n1 | cut -d ' ' -f1)" -lt "$(sizes 14-quota /)" ]
}

sizes_have_units_where_that_is_wanted_and_json_has_bytes() {
	command -v python3 >/dev/null || skip 'no python3'
	unpack 06-snapshots >names
	run bcachefs du -h -s dev0.img
	out ' MiB +10\.6 MiB +[0-9]+ KiB  /$'
	bcachefs du --json dev0.img >have
	holds python3 -c 'import json
entries = json.load(open("have"))["entries"]
root = entries[-1]
assert root["path"] == "/" and root["on_disk_bytes"] >= root["exclusive_bytes"] > 0
assert sum(e["on_disk_bytes"] for e in entries if e["path"].count("/") == 1 and e is not root) <= root["on_disk_bytes"]'
	bcachefs du --json --snapshots dev0.img >have
	holds python3 -c 'import json
d = json.load(open("have"))
assert sum(s["exclusive_bytes"] for s in d["subvolumes"]) + d["common_bytes"] + d["shared_bytes"] + d["hidden_bytes"] == d["total_bytes"]
assert {s["subvol"] for s in d["subvolumes"]} >= {1, 2, 3, 4}'
}

depth_says_how_far_down_directories_have_lines() {
	unpack 06-snapshots >names
	run bcachefs du -s dev0.img
	holds [ "$(wc -l <"$work/out")" = 2 ]
	run bcachefs du -d 1 dev0.img
	no_out '/.*/'
	run bcachefs du dev0.img
	out '/.*/'
	run bcachefs du --subvol=/snapB -s dev0.img
	holds [ "$(line / | cut -d ' ' -f2,3)" = '2195968 131072' ]
}

what_is_not_there_is_named() {
	unpack 11-fresh >names
	run bcachefs du dev0.img /nothing
	status 1
	err '/nothing: no such file'
	run bcachefs du -i dev0.img /nothing /
	status 1
	out '  /$'
	err '/nothing: no such file'
}

cases
