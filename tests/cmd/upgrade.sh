#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# upgrade and downgrade: the choice that is shown, the way there and back, what is refused. CLI 14.5. What kernels make of
# the result: tests/vm/upgrade.sh.
. "$(dirname "$0")/lib.sh"

sum() {
	sha256sum dev*.img
}

# An image of tests/images in place of what is there.
fresh() { # NAME
	rm -f -- *
	unpack "$1" >/dev/null
	[[ $1 != 12-v14-crash ]] || mv begun.img dev0.img
}

versions() { # VERSION COMPLETE
	run bcachefs show-super dev0.img
	field_is Version "$1"
	field_is 'Version upgrade complete' "${2:-$1}"
}

files() {
	bcachefs tar dev0.img / 2>/dev/null | sha256sum
}

# Nothing is left to repair, and every counter and bucket is what a recount says.
whole() {
	run bcachefs fsck -n -q dev*.img
	status 0
	no_out
	run bcachefs fs usage --recount dev*.img
	status 0
	no_err
}

without_options_it_says_what_could_be_and_asks() {
	local before
	fresh 12-v14-fresh
	before=$(sum)
	run bcachefs upgrade dev0.img
	status 1
	out '^Version: +1\.4: member_seq$'
	out '^  1\.13: inode_has_child_snapshots +files know '
	out '^  1\.28: inode_has_case_insensitive +directories know '
	out '^With --incompatible'
	no_out '1\.29'
	err '^Upgrade to 1\.13\? \(y,n\) '
	err '^bcachefs: nobody is there to answer'
	err '^bcachefs: nothing was changed$'
	holds test "$before" = "$(sum)"
	echo y >yes
	RUN_STDIN=yes run bcachefs upgrade dev0.img
	status 0
	versions '1.13: inode_has_child_snapshots'
	run bcachefs upgrade dev0.img
	status 0
	no_err
	no_out '1\.13: .*files know'
}

yes_is_an_answer() {
	fresh 12-v14-fresh
	run bcachefs upgrade -y dev0.img
	status 0
	err '^1\.4: member_seq upgraded to 1\.13: inode_has_child_snapshots$'
	whole
}

there_and_back_the_files_are_the_same() {
	local name before
	for name in 12-v14-crash 12-v14-fresh 06-snapshots 03-mixed 07-reflink; do
		fresh "$name"
		[[ $name == *v14* ]] || BCACHEFS=$program bash "$top/tests/vm/age.sh" dev0.img >/dev/null 2>&1
		before=$(files)
		versions '1.4: member_seq'
		for step in 'upgrade --to=1.13' 'upgrade --to=1.28' 'downgrade --to=1.13' 'downgrade --to=1.9'; do
			run bcachefs $step dev0.img
			status 0
			no_out
			holds test "$(wc -l <"$work/err")" = 1
			holds test "$before" = "$(files)"
			whole
		done
		versions '1.9: disk_accounting_v2'
	done
}

a_version_is_known_by_its_name_too() {
	fresh 12-upgraded
	run bcachefs upgrade --to=backpointer_bucket_gen dev0.img
	status 0
	versions '1.14: backpointer_bucket_gen'
	run bcachefs downgrade --to 1036 dev0.img
	status 0
	versions '1.12: rebalance_work_acct_fix'
}

where_it_is_already_nothing_is_written() {
	local before
	fresh 12-upgraded
	before=$(sum)
	run bcachefs upgrade --to=1.13 dev0.img
	status 0
	err '^is version 1\.13: inode_has_child_snapshots$'
	run bcachefs downgrade --to=1.13 dev0.img
	status 0
	holds test "$before" = "$(sum)"
}

# What is counted in journal entries was told and repaired in vain, round after round.
a_check_before_it_comes_to_an_end() {
	fresh 12-v14-crash
	run bcachefs fsck -n dev0.img
	status 0
	no_err
}

a_dry_run_writes_nothing() {
	local before
	fresh 12-v14-crash
	before=$(sum)
	run bcachefs upgrade -n --to=1.28 dev0.img
	status 0
	holds test "$before" = "$(sum)"
}

versions_that_cannot_be_are_refused() {
	local before
	fresh 12-upgraded
	before=$(sum)
	while read -r words; do
		run bcachefs ${words%%;*} dev0.img
		status 1
		err "^bcachefs: ${words#*; }"
	done <<-'END'
		upgrade --to=1.29; cannot become version 1\.29; it can be 1\.4 to 1\.28$
		upgrade --to=1.12; from version 1\.13 to 1\.12: that is older; try 'bcachefs downgrade'$
		upgrade --to=13; version 13 is not clear; did you mean 1\.13\?$
		upgrade --to=newest; no such version: newest$
		upgrade --to=1.15 --incompatible; from version 1\.13 to 1\.15: no version up to that has features
		downgrade --to=1.8; cannot become version 1\.8; it can be 1\.9 to 1\.28$
		downgrade --to=1.14; from version 1\.13 to 1\.14: that is newer; try 'bcachefs upgrade'$
	END
	run bcachefs downgrade dev0.img
	status 2
	err '^bcachefs: downgrade: which version is missing: --to'
	holds test "$before" = "$(sum)"
	fresh 139-fresh
	run bcachefs downgrade --to=1.28 dev0.img
	status 1
	err '^bcachefs: from version 1\.39 to 1\.28: only filesystems of version 1\.4 to 1\.28 can be changed$'
}

what_cannot_go_is_named_and_nothing_is_done() {
	local before
	fresh 13-k616-casefold
	before=$(sum)
	run bcachefs downgrade --to=1.13 dev0.img
	status 1
	err '^bcachefs: casefolding: /cf$'
	err '^bcachefs: casefolding: /cf/SubDir$'
	err '^bcachefs: casefolding is in use 2 times, which cannot become version 1\.13; nothing was changed$'
	holds test "$before" = "$(sum)"
	run bcachefs downgrade --to=1.24 dev0.img
	status 0
	whole
	bcachefs rm -r dev0.img /cf
	run bcachefs downgrade --to=1.13 dev0.img
	status 0
	whole
	run bcachefs show-super dev0.img
	no_out '^Features: .*casefolding'
}

what_the_older_version_does_not_know_goes() {
	bcachefs format -q --version=1.28 "$(image 64M dev0.img)"
	bcachefs mkdir -p dev0.img /a/b
	bcachefs set-file-option --casefold=0 dev0.img /a 2>/dev/null
	run bcachefs list -b logged_ops dev0.img
	out inode_alloc_cursor
	run bcachefs downgrade --to=1.13 dev0.img
	status 0
	whole
	run bcachefs list -b logged_ops dev0.img
	no_out
	run bcachefs list -b inodes dev0.img
	no_out 'bi_depth=[^0]'
	run bcachefs show-super -f all dev0.img
	no_out '^Features: .*incompat_version_field'
	no_out '^recovery_passes '
	no_out write_error_timeout
}

only_incompatible_lets_features_be_used_and_the_way_back_takes_them() {
	fresh 12-upgraded
	run bcachefs upgrade --to=1.28 dev0.img
	status 0
	run bcachefs show-super dev0.img
	no_out '^Features: .*incompat_version_field'
	run bcachefs upgrade --to=1.28 --incompatible dev0.img
	status 0
	run bcachefs show-super dev0.img
	out '^Features: .*incompat_version_field'
	field_is 'Incompatible features allowed' '1.28: inode_has_case_insensitive'
	whole
	run bcachefs downgrade --to=1.13 dev0.img
	status 0
	run bcachefs show-super dev0.img
	no_out '^Features: .*incompat_version_field'
	no_out '^Incompatible features'
	whole
}

what_older_kernels_must_run_is_what_a_kernel_writes() {
	local want
	fresh 12-upgraded
	run bcachefs show-super -f downgrade dev0.img
	want=$(sed -n '/^downgrade/,$p' "$work/out")
	fresh 12-v14-fresh
	bcachefs upgrade -q --to=1.13 dev0.img
	run bcachefs show-super -f downgrade dev0.img
	out '^downgrade .size 120.:$'
	holds test "$want" = "$(sed -n '/^downgrade/,$p' "$work/out")"
}

what_is_too_old_to_be_changed_can_be_changed_then() {
	fresh 12-v14-fresh
	echo text >file
	run bcachefs put dev0.img file /
	status 1
	err "^bcachefs: filesystem has version 1\.4, which is too old to be changed; try 'bcachefs upgrade'$"
	bcachefs upgrade -q --to=1.13 dev0.img
	run bcachefs put dev0.img file /
	status 0
	whole
}

# As it is after a stop between the superblock and the commit.
one_that_was_cut_off_goes_on() {
	local before
	fresh 06-snapshots
	before=$(files)
	bcachefs kvdb --rw --nostart -c 'sb set version=1052 WRITE_ERROR_TIMEOUT=30 CSUM_ERR_RETRY_NR=3' dev0.img
	versions '1.28: inode_has_case_insensitive' '1.13: inode_has_child_snapshots'
	cp dev0.img cut.img
	run bcachefs upgrade --to=1.28 dev0.img
	status 0
	versions '1.28: inode_has_case_insensitive'
	holds test "$before" = "$(files)"
	whole
	cp cut.img dev0.img
	run bcachefs fsck -p -q dev0.img
	status 1
	versions '1.28: inode_has_case_insensitive'
	holds test "$before" = "$(files)"
}

a_problem_that_is_not_safe_to_repair_stops_it() {
	local before
	fresh 06-snapshots
	bcachefs kvdb --rw -c 'update -q snapshot_trees 0:2 master_subvol=99' dev0.img
	before=$(sum)
	run bcachefs upgrade --to=1.28 dev0.img
	status 1
	err 'not repaired$'
	err '^bcachefs: 1 problems are left, it stays what it is; -y repairs them$'
	holds test "$before" = "$(sum)"
	run bcachefs upgrade -y --to=1.28 dev0.img
	status 0
	err 'repaired$'
	whole
}

several_devices_change_together() {
	local before
	fresh 08-replicas2
	before=$(bcachefs tar dev0.img:dev1.img / | sha256sum)
	run bcachefs upgrade --to=1.28 dev0.img dev1.img
	status 0
	whole
	holds test "$before" = "$(bcachefs tar dev0.img:dev1.img / | sha256sum)"
	run bcachefs downgrade --to=1.13 dev0.img
	status 1
	err 'missing members: 1 '
}

an_encrypted_one_is_unlocked_first() {
	fresh 05-encrypted
	echo 'correct horse' >pw
	run bcachefs upgrade --passphrase_file=pw --to=1.28 dev0.img
	status 0
	run bcachefs fsck -n -q --passphrase_file=pw dev0.img
	status 0
	no_out
}

one_that_was_never_mounted_only_gets_another_superblock() {
	bcachefs format -q --version=1.4 "$(image 64M dev0.img)"
	run bcachefs upgrade --to=1.13 dev0.img
	status 0
	versions '1.13: inode_has_child_snapshots'
	run bcachefs fsck -n -q dev0.img
	status 0
}

cases
