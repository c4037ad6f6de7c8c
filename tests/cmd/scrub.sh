#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scrub: the table, lines about what is bad, and was repaired, JSON, exit status. What is found where is for tests/ops/scrub.c,
# repairs that are cut off for tests/ops/scrub_repair.c.
. "$(dirname "$0")/lib.sh"

# Overwrites a byte of a sector by its complement.
flip() { # IMAGE SECTOR
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
	flip dev1.img "$second"
	run bcachefs scrub -n dev0.img dev1.img
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
	flip dev1.img "$second"
	flip dev0.img "$first"
	sha256sum dev0.img dev1.img >before
	run bcachefs scrub dev0.img dev1.img
	status 4
	out "^/sizes/t65536 .*: checksum, copy on dev1.img at sector $second bad, LOST$"
	out "^/sizes/t65536 .*: checksum, copy on dev0.img at sector $first bad, LOST$"
	holds sha256sum -c --status before
	run bcachefs cat dev0.img:dev1.img /sizes/t65536
	status 1
}

a_bad_node_is_named_by_its_btree_and_place() {
	local place
	unpack 08-replicas2 >names
	bcachefs tar dev0.img:dev1.img | sha256sum >files
	bcachefs list -b extents -m nodes dev0.img dev1.img >keys
	place=$(sector 1 btree_ptr)
	flip dev1.img "$place"
	run bcachefs scrub -n -m dev0.img dev1.img
	status 4
	out "^btree extents level 0 node up to .*, copy on dev1.img at sector $place bad$"
	no_out LOST
	run bcachefs scrub -m dev0.img dev1.img
	status 2
	out "^btree extents level 0 node up to .*, copy on dev1.img at sector $place bad, repaired$"
	whole
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
	run bcachefs scrub -n --only nothing dev1.img
	status 1
	err nothing
}

a_missing_member_is_offline_and_what_it_alone_had_is_lost() {
	unpack 09-missing-verydegraded >names
	run bcachefs scrub dev0.img
	status 1
	err 'missing members: 1.*-o degraded$'
	run bcachefs scrub -n dev0.img
	status 4
	err 'missing members: 1'
	out '^device 1 +0 B +0 B +0 B +0 B    0%  offline$'
	out '^/w1 \(subvolume 1, inode 4100\): bytes 131072-196607: no copy but on device 1, which is missing, LOST$'
	rm *
	unpack 09-missing-degraded >names
	run bcachefs scrub -o degraded dev0.img
	status 0
	out '^device 1 .* offline$'
}

json_is_valid_and_has_what_the_text_has() {
	command -v python3 >/dev/null || skip 'no python3'
	unpackfile
	flip dev1.img "$second"
	run bcachefs scrub -n --json dev0.img dev1.img
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
	run bcachefs scrub --json dev0.img dev1.img
	status 2
	holds python3 - "$work/out" <<-'END'
		import json, sys
		j = json.load(open(sys.argv[1]))
		assert j["devices"][1]["corrected_bytes"] == 65536 and not j["devices"][1]["uncorrected_bytes"]
		assert j["bad_ranges"] == 1 == j["repaired_ranges"]
		assert j["damage"][0]["state"] == "repaired", j["damage"]
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
	err '^interrupted: not all was read and repaired; run again to go on$'
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

# Nothing is bad any more, and the files are those of before.
whole() {
	run bcachefs scrub -n dev*.img
	status 0
	run bcachefs fsck -n dev*.img
	status 0
	holds [ "$(bcachefs tar "$(printf '%s\n' dev*.img | paste -sd:)" | sha256sum)" = "$(<files)" ]
}
ours+=$'\nwhole'

# Both copies of all are there, and half of the data of one member is damaged, which can be undone.
bad_copies_of_those_that_kernels_wrote_are_repaired() {
	local sector
	for name in 08-replicas2 10-crash-c; do
		rm -f ./*
		unpack $name >names
		bcachefs tar dev0.img:dev1.img | sha256sum >files
		for sector in $(bcachefs list -b extents dev0.img dev1.img | sed -n 's/.*durability: 2.* ptr: 1:\([0-9]*\):\([0-9]*\) gen .*/\1*256+\2/p'); do
			((RANDOM % 2)) || flip dev1.img $((sector))
		done
		sha256sum dev0.img dev1.img >before
		run bcachefs scrub -n dev0.img dev1.img
		status 4
		grep -c 'dev1.img at sector .* bad$' "$work/out" >nr
		(($(<nr) > 4)) || fail 'too little was damaged'
		holds sha256sum -c --status before
		run bcachefs scrub --undo-file=u dev0.img dev1.img
		status 2
		holds [ "$(grep -c 'dev1.img at sector .* bad, repaired$' "$work/out")" = "$(<nr)" ]
		whole
		bcachefs undo -q u dev0.img dev1.img
		holds sha256sum -c --status before
	done
}

of_what_is_lost_and_what_is_not_the_latter_is_repaired() {
	unpackfile
	flip dev1.img "$second"
	flip dev0.img "$first"
	first=$(sector 0 'len 2 ver')
	flip dev0.img "$first"
	run bcachefs scrub dev0.img dev1.img
	status 6
	out "copy on dev0.img at sector $first bad, repaired$"
	holds [ "$(grep -c 'bad, LOST$' "$work/out")" = 2 ]
	run bcachefs scrub dev0.img dev1.img
	status 4
	no_out repaired
	run bcachefs fsck -n dev0.img dev1.img
	status 0
}

superblocks_and_their_layout_are_repaired() {
	unpack 08-replicas2 >names
	bcachefs tar dev0.img:dev1.img | sha256sum >files
	dd if=/dev/zero of=dev1.img bs=512 seek=7 count=1 conv=notrunc status=none
	flip dev0.img 8
	flip dev1.img 2056
	run bcachefs scrub dev0.img dev1.img
	status 2
	out '^superblock layout: .*, copy on dev1.img at sector 7 bad, repaired$'
	out '^superblock: checksum, copy on dev0.img at sector 8 bad, repaired$'
	out '^superblock: checksum, copy on dev1.img at sector 2056 bad, repaired$'
	whole
}

where_a_node_is_lost_nothing_is_repaired() {
	local place
	unpack 08-replicas2 >names
	flip dev0.img 2056
	bcachefs list -b dirents -m nodes dev0.img dev1.img >keys
	place=$(sector 0 btree_ptr)
	flip dev0.img "$place"
	place=$(sector 1 btree_ptr)
	flip dev1.img "$place"
	sha256sum dev0.img dev1.img >before
	run bcachefs scrub dev0.img dev1.img
	status 1
	err '^bcachefs: btree nodes are lost, so nothing was repaired: run fsck first$'
	out "^btree dirents level 0 node .* at sector $place bad, LOST$"
	out '^superblock: .* bad, not repaired$'
	holds sha256sum -c --status before
}

copies_in_a_stripe_stay_and_this_is_said() {
	unpack 139-ec-raid6-cut >names
	run bcachefs scrub -n dev*.img
	status 4
	holds grep -q '^stripe .* bad$' "$work/out"
	sha256sum dev*.img >before
	run bcachefs scrub dev*.img
	out '^stripe .* bad, not repaired, as it is in a stripe$'
	holds sha256sum -c --status before
}

encrypted_copies_are_repaired() {
	local sectors
	for name in dev0.img dev1.img; do image 96M $name >/dev/null; done
	echo secret >passphrase
	seq 100000 >numbers
	bcachefs format -q --bucket_size=128k --encrypted --passphrase_file=passphrase --replicas=2 --compression=lz4 dev0.img dev1.img
	bcachefs put --passphrase_file=passphrase dev0.img:dev1.img numbers /
	bcachefs list --passphrase_file=passphrase -b extents dev0.img dev1.img >keys
	flip dev0.img "$(sector 0 'type extent')"
	run bcachefs scrub --passphrase_file=passphrase dev0.img dev1.img
	status 2
	run bcachefs scrub --passphrase_file=passphrase dev0.img dev1.img
	status 0
	run bcachefs cat --passphrase_file=passphrase dev0.img:dev1.img /numbers
	holds cmp numbers "$work/out"
}

cases
