#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fsck: btrees whose nodes are lost or wrong, superblocks and clean sections. CLI 6.1.
. "$(dirname "$0")/image_lib.sh"
. "$here/list_lib.sh"

# The keys that nobody derives from others, of all btrees.
primary() { # FILE
	bcachefs list -a dev*.img 2>/dev/null | awk '
		/^== btree / { inside = $3 ~ /^(extents|dirents|xattrs|subvolumes|snapshots|quotas|stripes)$/ }
		inside' >"$1"
}

unchanged() { # COMMAND...
	local before
	before=$(sha256sum dev*.img)
	run "$@"
	[[ $before == "$(sha256sum dev*.img)" ]] || fail 'it changed the devices'
}

# -n finds the problem and writes nothing, -y repairs, then all is well.
repaired() { # PROBLEM
	unchanged bcachefs fsck -n dev*.img
	status 4
	out "^  $1 +[0-9]+  left$"
	run bcachefs fsck -y dev*.img
	status 1
	out "^  $1 +[0-9]+  repaired$"
	unchanged bcachefs fsck -n dev*.img
	status 0
}

# What lies in nodes above leaves is found again.
lost_roots_of_btrees_with_leaves_lose_no_key() {
	local folder btree version
	while read -r folder; do
		unpack_image "$folder"
		bcachefs list -a -m nodes -l 1 dev*.img 2>/dev/null |
			awk '/^== / { btree = $3 } /^u64s/ { print btree }' | sort -u |
			grep -E '^(extents|inodes|dirents|xattrs|reflink|quotas)$' >deep || continue
		version=$(bcachefs show-super --json dev0.img | grep -o '"version":"1\.[0-9]*' | cut -d. -f2)
		[[ $version -ge 9 && $version -le 28 ]] || continue
		primary before
		while read -r btree; do
			uproot "$btree" 2>/dev/null
		done <deep
		repaired btree_root_read_error
		primary after
		same before after
	done < <(all_images)
}

# Where the root of the logged operations is, in buckets of 128 KiB.
operations() {
	bcachefs list --json -b logged_ops -m nodes dev*.img | grep -oE 'ptr: 0:[0-9]+' | cut -d: -f3
}

# Truncations that it had were ended long ago, and were ended once more.
old_leaf_of_operations_is_not_taken_for_the_lost_one() {
	unpack_image "$top/tests/images/10-crash-c"
	before=$(operations)
	dd if=dev0.img of=old bs=128K skip="$before" count=1 status=none
	bcachefs kvdb --rw -c 'set -q logged_ops 0:9 logged_op_truncate subvol=1 inum=77777 new_i_size=1' dev*.img
	bcachefs stat dev0.img:dev1.img /t/c035 /t/c219 >before
	now=$(operations)
	[[ $now != "$before" ]] || fail 'it was not written anew'
	for device in dev0.img dev1.img; do
		dd if=old of=$device bs=128K seek="$now" conv=notrunc status=none
	done
	repaired btree_root_unreadable_and_scan_found_nothing
	bcachefs stat dev0.img:dev1.img /t/c035 /t/c219 >after
	same before after
}

copy_that_is_bad_is_written_anew() {
	unpack_image "$top/tests/images/08-replicas2"
	primary before
	place=$(bcachefs list --json -b inodes -m nodes -l 0 dev*.img | grep -oE 'ptr: [0-9]+:[0-9]+:[0-9]+' | head -n1)
	bucket=$(bcachefs show-super --json dev0.img | grep -o '"bucket_size_bytes":[0-9]*' | head -n1)
	IFS=': ' read -r _ device at sector <<<"${place/: /:}"
	dd if=/dev/zero of="dev$device.img" bs=512 seek=$((at * ${bucket#*:} / 512 + sector)) count=1 conv=notrunc status=none
	repaired btree_node_bad_magic
	no_out 'btree_node_unreadable'
	primary after
	same before after
}

bad_superblocks_are_written_anew() {
	unpack_image "$top/tests/images/03-mixed"
	for sector in 7 8 "$(bcachefs show-super --all-copies dev0.img | awk '/^copy at/ { print $4 + 0 }' | tail -n1)"; do
		dd if=/dev/zero of=dev0.img bs=512 seek="$sector" count=1 conv=notrunc status=none
		repaired superblock_copy_bad
	done
}

device_that_was_cut_short_is_read_and_is_shortened() {
	unpack_image "$top/tests/images/03-mixed"
	bcachefs list -b extents dev0.img >before
	truncate -s -30M dev0.img
	run bcachefs list -b extents dev0.img
	status 0
	err 'dev0\.img ends at [0-9]* bytes, what is on it at [0-9]*: the rest cannot be read$'
	same "$work/out" before
	run bcachefs set-fs-option --compression=lz4 dev0.img
	status 1
	err 'dev0\.img ends at [0-9]* bytes'
	unchanged bcachefs fsck -n dev0.img
	status 4
	out 'dev0\.img ends at bucket [0-9]*, what is on it at [0-9]*, not shortening'
	unchanged bcachefs fsck -p -f dev0.img
	status 4
	repaired device_too_short
	run bcachefs list -b extents dev0.img
	status 0
	no_err
	same "$work/out" before
}

problems_of_nodes_are_told_as_json_too() {
	unpack_image "$top/tests/images/03-mixed"
	uproot xattrs
	run bcachefs fsck -n --json dev0.img
	status 4
	out '"problem":"btree_node_bad_magic"'
	out '"problem":"btree_root_read_error","id":59,"text":"error reading btree root xattrs l=0: btree_node_read_error"'
	out '"problem":"btree_root_unreadable_and_scan_found_nothing"'
}

refused_repairs_leave_the_btree_as_it_is() {
	unpack_image "$top/tests/images/03-mixed"
	uproot xattrs
	yes n | head -n 100 >answers
	RUN_STDIN=answers run bcachefs fsck dev0.img
	status 4
	out 'error reading btree root xattrs l=0: btree_node_read_error, not fixing$'
	run bcachefs list -b xattrs dev0.img
	status 1
}

cases
