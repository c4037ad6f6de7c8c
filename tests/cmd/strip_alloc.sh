#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# strip-alloc: what is known about allocation goes, all else stays, and nothing of ours writes to the result. CLI 5.6. What
# kernels make of it: tests/vm/surgery.sh.
. "$(dirname "$0")/lib.sh"

derived='alloc freespace need_discard lru backpointers accounting'

# The keys of all other btrees.
kept() {
	local btree
	for btree in extents inodes dirents xattrs reflink subvolumes snapshots snapshot_trees; do
		bcachefs list -b $btree "$@"
	done
}

only_the_btrees_about_allocation_are_gone() {
	local btree
	unpack 13-k616-casefold >/dev/null
	{ kept dev0.img && bcachefs list -b bucket_gens dev0.img; } >before
	run bcachefs strip-alloc dev0.img
	status 0
	no_out
	no_err
	{ kept dev0.img && bcachefs list -b bucket_gens dev0.img; } >after
	holds cmp before after
	for btree in $derived; do
		run bcachefs list -b $btree dev0.img
		status 0
		no_out
	done
	run bcachefs show-super dev0.img
	out '^Features: .*no_alloc_info'
	no_out '^Compat features: .*alloc_info'
	field_is Clean 1
	field_is 'Freespace initialized' 0
	run bcachefs list_journal dev0.img
	status 0
	no_err
}

the_places_of_the_nodes_are_given_back() {
	local before
	unpack 13-k616-casefold >/dev/null
	before=$(du -k dev0.img | cut -f1)
	bcachefs strip-alloc dev0.img
	holds test "$(du -k dev0.img | cut -f1)" -lt "$before"
	run bcachefs scrub dev0.img
	status 0
}

nothing_of_ours_changes_what_was_stripped() {
	local before
	unpack 13-k616-casefold >/dev/null
	bcachefs strip-alloc dev0.img
	before=$(sha256sum <dev0.img)
	run bcachefs strip-alloc dev0.img
	status 1
	err 'was stripped from it: a kernel.s mount makes it anew$'
	run bcachefs kvdb --rw -c 'update inodes 0:4096 bi_uid=1' dev0.img
	status 1
	err 'was stripped from it'
	holds test "$before" = "$(sha256sum <dev0.img)"
}

versions_whose_kernels_cannot_mount_the_result_take_force() {
	local before
	unpack 03-mixed >/dev/null
	before=$(sha256sum <dev0.img)
	run bcachefs strip-alloc dev0.img
	status 1
	err '^bcachefs: kernels of version 1\.13 cannot mount the result, only newer ones; -f goes on$'
	holds test "$before" = "$(sha256sum <dev0.img)"
	run bcachefs strip-alloc -f dev0.img
	status 0
}

large_filesystems_are_refused() {
	image 1100G a.img >/dev/null
	bcachefs format -q --version=1.28 a.img
	run bcachefs strip-alloc a.img
	status 1
	err '^bcachefs: filesystem has more than 1 TiB$'
}

an_unclean_filesystem_is_recovered_first() {
	unpack 10-crash-d >/dev/null
	kept dev0.img >before 2>/dev/null
	run bcachefs strip-alloc -f dev0.img
	status 0
	err '^bcachefs: filesystem is not clean, running recovery$'
	kept dev0.img >after
	holds cmp before after
}

what_a_kernel_has_begun_it_has_to_end() {
	local before
	unpack 10-crash-b >/dev/null
	before=$(sha256sum <dev0.img)
	run bcachefs strip-alloc -f dev0.img
	status 1
	err '^bcachefs: a kernel has to end first what it had begun; mount it once$'
	holds test "$before" = "$(sha256sum <dev0.img)"
}

a_dry_run_writes_nothing() {
	local before
	unpack 13-k616-casefold >/dev/null
	before=$(sha256sum <dev0.img)
	run bcachefs strip-alloc -n dev0.img
	status 0
	holds test "$before" = "$(sha256sum <dev0.img)"
}

cases
