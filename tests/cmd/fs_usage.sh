#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fs usage: text, JSON, members that are missing, the recount.
. "$(dirname "$0")/lib.sh"

the_summary_has_copies_and_devices() {
	unpack 09-targets >names
	run bcachefs fs usage -h dev0.img dev1.img dev2.img
	status 0
	no_err
	out '^Filesystem: 36d1f803-1863-4a3f-adb9-cedb81946502$'
	out '^Size:  {20,}284 MiB$'
	out '^Used:  {19,}4.67 MiB$'
	out '^          undegraded$'
	out '^1x:         1.88 MiB$'
	out '^2x:         2.79 MiB$'
	out '^cached:      135 KiB$'
	out '^Pending rebalance work: +1.06 MiB$'
	out '^Device label                   Device      State          Size      Used  Use%$'
	out '^ssd.a \(device 0\):              dev0.img    rw         96.0 MiB  3.00 MiB   03%$'
	# by label
	holds [ "$(grep -o '(device [0-9])' "$work/out" | tr -dc 0-9)" = 120 ]
	no_out 'Btree usage|capacity'
}

all_has_every_field_and_each_alone_has_its_own() {
	unpack 09-targets >names
	run bcachefs fs usage -a dev*.img
	status 0
	for line in 'Data type       Required/total  Durability    Devices' 'Btree usage:' 'Pending rebalance work: ' \
		'hdd.b \(device 1\):  dev1.img  rw  00%' '  capacity: +134217728 +1024' '  bucket size: +131072' \
		'user: +1/2 +2 +\[dev0.img dev1.img\] +2224128' '  cached: +138240 +2 +123904' '  free: +[0-9]+ +709'; do
		out "^$line"
	done
	run bcachefs fs usage -f btree dev*.img
	out '^extents: +131072$'
	out '^Device label '
	no_out 'Pending|Required'
	run bcachefs fs usage -f nonsense dev*.img
	status 2
	err 'nonsense'
}

columns_are_apart_where_what_they_hold_is_wide() {
	truncate -s 64M a-device-with-a-long-name.img
	bcachefs format -q --label=a.label.that.is.wider.than.its.column a-device-with-a-long-name.img
	run bcachefs fs usage a-device-with-a-long-name.img
	status 0
	holds [ "$(awk '/^a\.label/ { print NF }' "$work/out")" = 8 ]
}

a_missing_member_is_listed_and_what_it_holds_is_degraded() {
	unpack 09-missing-degraded >names
	run bcachefs fs usage dev0.img
	status 0
	err 'missing members: 1'
	out '^          undegraded         -1x$'
	out '^2x: +[0-9]+ +[1-9][0-9]*$'
	out '^\(no label\) \(device 1\): +\(missing\) +rw +100663296 '
}

json_has_the_same_figures_as_the_text() {
	command -v python3 >/dev/null || skip 'no python3'
	unpack 09-targets >names
	bcachefs fs usage -a dev*.img >text
	bcachefs fs usage --json dev*.img >json
	holds python3 - <<-'END'
		import json, re
		j, text = json.load(open("json")), open("text").read()
		assert list(j) == ["version", "uuid", "label", "size_bytes", "used_bytes", "reserved_bytes",
			"replicas", "btrees", "compression", "devices"] or "label" not in j, list(j)
		assert j["size_bytes"] == int(re.search(r"^Size: *(\d+)$", text, re.M)[1])
		assert j["used_bytes"] == int(re.search(r"^Used: *(\d+)$", text, re.M)[1])
		assert [d["idx"] for d in j["devices"]] == [0, 1, 2]
		assert j["devices"][0]["label"] == "ssd.a" and j["devices"][0]["path"] == "dev0.img"
		assert j["devices"][0]["buckets"]["btree"] == {"data_bytes": 1966080, "buckets": 15, "fragmented_bytes": 0}
		assert sum(b["size_bytes"] for b in j["btrees"].values()) == 1966080
		used = lambda d: sum(b["buckets"] for t, b in d["buckets"].items() if t != "unstriped")
		assert all(used(d) * 131072 == d["size_bytes"] for d in j["devices"])
	END
}

a_recount_of_what_a_kernel_wrote_finds_no_difference() {
	unpack 09-targets >names
	bcachefs fs usage -a dev*.img >stored
	run bcachefs fs usage -a --recount dev*.img
	status 0
	no_err
	holds cmp stored "$work/out"
	run bcachefs fs usage --verify dev*.img
	status 0
}

an_unclean_filesystem_is_read_with_its_journal() {
	unpack 10-crash-d >names
	run bcachefs fs usage --recount --json dev0.img
	status 0
	no_err
	out '"logged_ops"'
}

a_filesystem_before_1_9_has_its_figures_from_usage_records() {
	unpack 12-v14-fresh >names
	run bcachefs fs usage -a --recount dev0.img
	status 0
	out '^  sb: +3149824 +25 '
}

a_filesystem_that_was_never_mounted_holds_superblock_and_journal() {
	truncate -s 64M new.img
	bcachefs format -q --no_initialize new.img
	run bcachefs fs usage -a new.img
	status 0
	out '^Used: +0$'
	out '^  sb: +[1-9]'
	out '^  capacity: +67108864 '
}

an_encrypted_filesystem_wants_its_passphrase() {
	unpack 05-encrypted >names
	printf 'correct horse\n' >right
	run bcachefs fs usage --passphrase_file=right --recount dev0.img
	status 0
	out '^1x: '
}

keys_that_cannot_be_read_are_an_error_and_no_figures() {
	local root
	unpack 13-k616-casefold >names
	root=$(bcachefs show-super -F clean dev0.img | sed -n 's/.*btree=extents .* ptr: 0:\([0-9]*\):\([0-9]*\) .*/\1/p' | head -n1)
	[[ $root ]] || root=$(bcachefs show-super -F clean dev0.img | sed -n 's/.*btree=inodes .* ptr: 0:\([0-9]*\):\([0-9]*\) .*/\1/p' | head -n1)
	holds test "$root"
	dd if=/dev/zero of=dev0.img bs="$(bcachefs show-super --json dev0.img |
		sed -n 's/.*"bucket_size_bytes":\([0-9]*\).*/\1/p' | head -n1)" seek="$root" count=1 conv=notrunc 2>/dev/null
	run bcachefs fs usage --recount dev0.img
	status 1
	err 'some keys could not be read: the usage is not known'
	no_out 'Used'
}

without_devices_outside_of_a_mounted_filesystem_it_is_wrong_usage() {
	run bcachefs fs usage
	status 2
	err 'missing operand DEVICES'
}

cases
