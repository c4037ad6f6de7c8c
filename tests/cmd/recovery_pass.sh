#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# recovery-pass: what is scheduled for the next start. CLI 6.2.
. "$(dirname "$0")/lib.sh"

fresh() {
	image 32M a.img >/dev/null
	bcachefs format -q a.img || fail 'cannot format'
}

scheduled() { # TEXT ARGUMENT...
	local want=$1
	shift
	run bcachefs recovery-pass "$@"
	status 0
	no_err
	out_is "Scheduled recovery passes: $want"
}

without_options_it_shows_and_writes_nothing() {
	fresh
	cp a.img before.img
	scheduled '(none)' a.img
	holds cmp before.img a.img
}

passes_are_set_and_taken_out_by_name() {
	fresh
	scheduled check_dirents,check_nlinks -s check_nlinks,check_dirents a.img
	scheduled check_dirents,check_nlinks a.img
	scheduled check_topology,check_nlinks --set=check_topology --unset check_dirents a.img
	scheduled check_topology -u check_nlinks a.img
	scheduled '(none)' -u all a.img
	scheduled '(none)' a.img
}

lists_are_joined_inverted_and_separated_by_either_sign() {
	fresh
	scheduled alloc_read,check_inodes,check_root -s 'check_inodes;check_root' -s alloc_read a.img
	scheduled check_root -u -check_root a.img
	scheduled '(none)' -s check_dirents -u check_dirents,check_root a.img
}

the_superblock_says_it_too() {
	fresh
	scheduled check_dirents -s check_dirents a.img
	run bcachefs show-super -F ext a.img
	status 0
	out '^Recovery passes required: *check_dirents$'
}

an_unknown_pass_is_named_and_nothing_is_done() {
	fresh
	cp a.img before.img
	run bcachefs recovery-pass -s check_dirents,bogus,check_root a.img
	status 1
	err_is 'bcachefs: Bad recovery pass bogus'
	no_out
	run bcachefs recovery-pass -s check_dirents -u '' -u ,check_root a.img
	status 1
	err_is 'bcachefs: Bad recovery pass '
	holds cmp before.img a.img
}

a_dry_run_shows_and_writes_nothing() {
	fresh
	cp a.img before.img
	scheduled check_dirents -n -s check_dirents a.img
	holds cmp before.img a.img
}

json_has_the_names_as_a_list() {
	fresh
	run bcachefs recovery-pass --json a.img
	status 0
	holds jq -e '.scheduled_recovery_passes == []' "$work/out"
	run bcachefs recovery-pass --json -s check_dirents,check_nlinks a.img
	status 0
	holds jq -e '.scheduled_recovery_passes == ["check_dirents", "check_nlinks"]' "$work/out"
}

every_pass_of_every_version_has_a_name() {
	fresh
	run bcachefs recovery-pass -s all a.img
	status 0
	no_out unknown
	holds test "$(tr , '\n' <"$work/out" | wc -l)" = 50
}

what_else_a_newer_kernel_put_into_the_section_stays() {
	unpack 139-fresh >/dev/null
	bcachefs show-super -F ext dev0.img | grep -v required >want
	holds grep -q 'Btrees clean: *subvolumes,snapshots' want
	scheduled check_root -s check_root dev0.img
	bcachefs show-super -F ext dev0.img | grep -v required >have
	holds diff want have
}

an_old_filesystem_without_the_section_gets_it() {
	unpack 12-v14-fresh >/dev/null
	scheduled '(none)' dev0.img
	run bcachefs show-super -F ext dev0.img
	no_out
	scheduled check_root -s check_root dev0.img
	scheduled check_root dev0.img
}

all_members_get_it_and_none_where_one_is_missing() {
	image 32M a.img >/dev/null
	image 32M b.img >/dev/null
	bcachefs format -q a.img b.img || fail 'cannot format'
	run bcachefs recovery-pass -s check_root a.img
	status 1
	scheduled check_root -s check_root a.img b.img
	run bcachefs show-super -F ext b.img
	out 'required: *check_root$'
}

cases
