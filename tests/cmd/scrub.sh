#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scrub: the table, lines about what is bad, JSON, exit status. What is found where is for tests/ops/scrub.c.
. "$(dirname "$0")/lib.sh"

# Overwrites a byte of a sector by its complement.
damage() { # IMAGE SECTOR
	local at=$(($2 * 512 + 100))
	printf "\\$(printf %o $((255 - $(od -An -tu1 -j $at -N 1 "$1"))))" |
		dd of="$1" bs=1 seek=$at conv=notrunc 2>/dev/null
}

# The sector that the pointer to member IDX leads to, in the first line of a list of keys that has the words.
sector() { # IDX WORDS
	local bucket offset
	read -r bucket offset < <(grep -e "$2" keys | sed -n "s/.* ptr: $1:\([0-9]*\):\([0-9]*\) gen .*/\1 \2/p" | head -n1)
	echo $((bucket * 256 + offset))
}

# A file of 64 KiB in one extent.
unpackfile() {
	unpack 08-replicas2 >names
	inum=$(sed -n 's/.*"inum": *\([0-9]*\).*/\1/p' <(bcachefs stat --json dev0.img:dev1.img /sizes/t65536) | head -n1)
	bcachefs list -b extents dev0.img dev1.img >keys
	first=$(sector 0 "type extent $inum:128:") second=$(sector 1 "type extent $inum:128:")
	((first && second)) || fail 'no such file'
}

what_is_clean_has_a_table_and_status_0() {
	unpack 08-replicas2 >names
	run bcachefs scrub dev0.img dev1.img
	status 0
	no_err
	out '^Starting scrub on 2 devices:  dev0.img dev1.img$'
	out '^device               checked   corrected uncorrected       total$'
	out '^dev0.img            3.95 MiB         0 B         0 B    3.95 MiB  100%  complete$'
	out '^dev1.img            3.95 MiB         0 B         0 B    3.95 MiB  100%  complete$'
	holds [ "$(wc -l <"$work/out")" = 4 ]
	cp "$work/out" first
	run bcachefs data scrub -n dev0.img:dev1.img
	status 0
	holds cmp first "$work/out"
}

a_bad_copy_is_named_with_its_file_and_place_and_status_4() {
	unpackfile
	damage dev1.img "$second"
	run bcachefs scrub dev0.img dev1.img
	status 4
	no_err
	out "^/sizes/t65536 \(subvolume 1, inode $inum\): bytes 0-65535: checksum, copy on dev1.img at sector $second bad$"
	holds [ "$(grep -c : "$work/out")" = 2 ]
	no_out LOST
	run bcachefs cat dev0.img:dev1.img /sizes/t65536
	status 0
}

data_without_a_good_copy_is_lost() {
	unpackfile
	damage dev1.img "$second"
	damage dev0.img "$first"
	run bcachefs scrub dev0.img dev1.img
	status 4
	out "^/sizes/t65536 .*: checksum, copy on dev1.img at sector $second bad, LOST$"
	out "^/sizes/t65536 .*: checksum, copy on dev0.img at sector $first bad, LOST$"
	run bcachefs cat dev0.img:dev1.img /sizes/t65536
	status 1
}

a_bad_node_is_named_by_its_btree_and_place() {
	local place
	unpack 08-replicas2 >names
	bcachefs list -b extents -m nodes dev0.img dev1.img >keys
	place=$(sector 1 btree_ptr)
	damage dev1.img "$place"
	run bcachefs scrub -m dev0.img dev1.img
	status 4
	out "^btree extents level 0 node up to .*, copy on dev1.img at sector $place bad$"
	no_out LOST
}

members_are_chosen_by_only_or_by_being_named() {
	unpack 08-replicas2 >names
	run bcachefs scrub --only 1 dev0.img dev1.img
	status 0
	out '^Starting scrub on 1 device:  dev1.img$'
	no_out dev0.img
	mkdir other && mv dev0.img other
	run bcachefs scrub --scan=other dev1.img
	status 0
	out '^dev1.img .* complete$'
	no_out 'dev0.img|offline'
	run bcachefs scrub --only nothing dev1.img
	status 1
	err nothing
}

a_missing_member_is_offline_and_what_it_alone_had_is_lost() {
	unpack 09-missing-verydegraded >names
	run bcachefs scrub dev0.img
	status 4
	err 'missing members: 1'
	out '^device 1 +0 B +0 B +0 B +0 B    0%  offline$'
	out '^/w1 \(subvolume 1, inode 4100\): bytes 131072-196607: no copy but on device 1, which is missing, LOST$'
	rm *
	unpack 09-missing-degraded >names
	run bcachefs scrub dev0.img
	status 0
	out '^device 1 .* offline$'
}

json_is_valid_and_has_what_the_text_has() {
	command -v python3 >/dev/null || skip 'no python3'
	unpackfile
	damage dev1.img "$second"
	run bcachefs scrub --json dev0.img dev1.img
	status 4
	holds python3 - "$work/out" "$second" "$inum" <<-'END'
		import json, sys
		j = json.load(open(sys.argv[1]))
		assert [d["device"] for d in j["devices"]] == ["dev0.img", "dev1.img"]
		assert all(d["checked_bytes"] == d["total_bytes"] and not d["corrected_bytes"] for d in j["devices"])
		assert j["devices"][0]["uncorrected_bytes"] == 0 < j["devices"][1]["uncorrected_bytes"]
		assert j["bad_ranges"] == 1 == len(j["damage"])
		d = j["damage"][0]
		assert (d["kind"], d["state"], d["reason"], d["device"]) == ("data", "bad", "checksum", "dev1.img"), d
		assert d["sector"] == int(sys.argv[2])
		assert d["files"][0]["path"] == "/sizes/t65536" and d["files"][0]["inum"] == int(sys.argv[3])
	END
}

encryption_without_the_passphrase_is_said_and_status_1() {
	unpack 05-encrypted >names
	printf 'wrong\n' >wrong
	printf 'correct horse\n' >right
	run bcachefs scrub --passphrase_file=wrong dev0.img
	status 1
	err 'without the passphrase no checksum of an encrypted filesystem can be verified'
	err 'incorrect passphrase'
	run bcachefs scrub --passphrase_file=right dev0.img
	status 0
	out '^dev0.img .* complete$'
}

what_has_no_checksum_is_said() {
	truncate -s 64M new.img
	unpack 18-nocow >names
	run bcachefs scrub dev0.img
	status 0
	out '^[0-9.]+ [KM]iB can be read, and have no checksum to tell more$'
}

# The signal comes while the key is made out of the passphrase.
an_interrupted_one_shows_what_it_has_read_and_status_1() {
	unpack 05-encrypted >names
	mkfifo passphrase
	env --default-signal=INT "$program" scrub --passphrase_file=passphrase dev0.img >"$work/out" 2>"$work/err" &
	pid=$!
	echo 'correct horse' >passphrase
	kill -INT $pid
	wait $pid
	got=$? ran='scrub, interrupted'
	status 1
	err '^interrupted: not all was read$'
	out '^dev0.img .* interrupted$'
}

the_table_is_drawn_on_a_terminal_and_replaced_by_the_last() {
	unpack 08-replicas2 >names
	on_terminal -- "$program" scrub dev0.img dev1.img
	status 0
	holds [ "$(grep -c '^Starting\|Starting scrub' "$work/out")" = 1 ]
	out '/sec'
	out '^dev1.img            3.95 MiB         0 B         0 B    3.95 MiB  100%  complete$'
	on_terminal -- "$program" scrub --progress=never dev0.img dev1.img
	no_out '/sec'
}

cases
