#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fsck as a command: answers, report, exit status, what is written; and repairs of files and snapshots. CLI 6.1, format
# reference 07 §7: numbers in comments are its rows.
. "$(dirname "$0")/fsck_lib.sh"

# 4098 is a directory of subvolume 2, in which r4096 is inode 4124; t63 is 4109.
S=4294967294
DIR=4098:105393104305717993:$S

snapshots() {
	unpack 06-snapshots >/dev/null
}

damaged() { # COMMAND...
	snapshots
	damage "$@"
}

# ---------------------------------------------------------------- the command

a_sound_filesystem_has_no_problem_and_is_not_written() {
	local before
	snapshots
	before=$(sha256sum <dev0.img)
	run bcachefs fsck -y dev0.img
	status 0
	out '^check_inodes\.\.\. done$'
	out '^[-0-9a-f]+: 0 kinds of problems, 0 found, 0 repaired, 0 left$'
	no_err
	holds test "$before" = "$(sha256sum <dev0.img)"
}

no_device_is_a_usage_error() {
	run bcachefs fsck
	status 16
	err 'missing operand DEVICES'
}

what_cannot_be_opened_is_status_8() {
	run bcachefs fsck -n missing.img
	status 8
	head -c 1M /dev/zero >zeroes.img
	run bcachefs fsck -n zeroes.img
	status 8
}

little_memory_changes_nothing_of_what_is_said() {
	damaged "update -q inodes 0:4099:$S bi_nlink=7" "update -q inodes 0:4103:$S bi_sectors=99"
	run bcachefs fsck -n dev0.img
	status 4
	grep -v "^checked " "$work/out" >much
	run bcachefs fsck -n -m 4k dev0.img
	status 4
	holds test "$(<much)" = "$(grep -v "^checked " "$work/out")"
	run bcachefs fsck -n -m 1k dev0.img
	status 16
	err 'memory: too small'
}

questions_are_asked_one_by_one_or_answered_for_all_of_a_kind() {
	damaged "update -q inodes 0:4099:$S bi_nlink=7" "update -q inodes 0:4101:$S bi_nlink=8" \
		"update -q inodes 0:4103:$S bi_sectors=99"
	printf 'n\nx\ny\ny\n' >answers
	RUN_STDIN=answers run bcachefs fsck dev0.img
	status 5
	out 'incorrect i_sectors: got 99, should be 1, fix\?$'
	out '\(y,n, or Y,N for all errors of this type\)'
	out ': 2 kinds of problems, 3 found, 2 repaired, 1 left$'
	printf 'Y\n' >answers
	RUN_STDIN=answers run bcachefs fsck dev0.img
	status 1
	sound
}

nobody_to_ask_is_a_no_and_nothing_is_repaired() {
	damaged "update -q inodes 0:4099:$S bi_nlink=7"
	run bcachefs fsck dev0.img
	status 4
	err 'nobody is there to answer'
	run bcachefs kvdb -c "get inodes 0:4099:$S bi_nlink" dev0.img
	out_is 7
}

json_is_a_line_a_problem_and_one_of_sums() {
	damaged "update -q inodes 0:4099:$S bi_nlink=7"
	run bcachefs fsck -n --json dev0.img
	status 4
	holds test "$(wc -l <"$work/out")" = 2
	holds jq -es '.[0].problem == "inode_wrong_nlink" and .[0].id == 209 and .[0].repaired == false' "$work/out"
	holds jq -es '.[1].found == 1 and .[1].left == 1 and .[1].kinds[0].problem == "inode_wrong_nlink"' "$work/out"
}

the_superblock_counts_what_was_found_and_forgets_what_was_scheduled() {
	damaged "update -q inodes 0:4099:$S bi_nlink=7"
	bcachefs recovery-pass --set check_nlinks dev0.img >/dev/null
	run bcachefs fsck -y dev0.img
	status 1
	run bcachefs show-super -f errors dev0.img
	out '^inode_wrong_nlink +1 '
	run bcachefs recovery-pass dev0.img
	out '\(none\)'
}

preen_looks_only_where_something_is_known_to_be_wrong() {
	damaged "update -q inodes 0:4099:$S bi_nlink=7"
	run bcachefs fsck -p dev0.img
	status 0
	err ': clean$'
	bcachefs recovery-pass --set check_nlinks dev0.img >/dev/null
	run bcachefs fsck -a dev0.img
	status 1
	sound
}

passes_that_are_not_asked_for_are_not_run() {
	damaged "update -q inodes 0:4099:$S bi_nlink=7" "update -q snapshots 0:4294967287 depth=9"
	run bcachefs fsck -n -v --passes=check_snapshots dev0.img
	status 4
	holds test "$(kinds)" = snapshot_bad_depth
	run bcachefs fsck -n --passes=nonsense dev0.img
	status 8
	err 'Bad recovery pass nonsense'
}

the_habits_of_other_checkers_are_understood() {
	local options
	damaged "update -q inodes 0:4099:$S bi_nlink=7"
	for options in '-C4 -M -T -l -a' '-p -t bcachefs' '-a -C'; do
		# shellcheck disable=SC2086
		run bcachefs fsck $options dev0.img
		status 0
	done
	run bcachefs fsck -y -p -n dev0.img
	status 4
	run bcachefs fsck -o fix_errors=no,recovery_passes=check_snapshots dev0.img
	status 0
	run bcachefs fsck -o fix_errors=maybe dev0.img
	status 8
	err '^bcachefs: fix_errors=maybe: want yes, no or ask$'
	run bcachefs fsck -k dev0.img
	status 8
	err 'never asked'
	run bcachefs fsck -o fix_errors dev0.img
	status 1
	sound
}

an_undo_file_takes_repairs_back() {
	local before
	damaged "update -q inodes 0:4099:$S bi_nlink=7"
	before=$(sha256sum <dev0.img)
	run bcachefs fsck -y --undo-file=u dev0.img
	status 1
	run bcachefs undo u dev0.img
	status 0
	holds test "$before" = "$(sha256sum <dev0.img)"
}

nothing_is_written_while_a_member_is_missing_unless_degraded() {
	local before
	unpack 10-crash-c >/dev/null
	rm dev1.img
	before=$(sha256sum <dev0.img)
	run bcachefs fsck -y dev0.img
	status 8
	err '^bcachefs: missing members: 1 '
	run bcachefs fsck -n dev0.img
	status 0
	holds test "$before" = "$(sha256sum <dev0.img)"
	run bcachefs fsck -y -o degraded dev0.img
	status 0
	run bcachefs show-super dev0.img
	out '^Clean: +1$'
}

an_unclean_filesystem_is_recovered_and_nothing_is_told() {
	unpack 10-crash-b >/dev/null
	run bcachefs fsck -y dev0.img
	status 0
	run bcachefs show-super dev0.img
	out '^Clean: +1$'
	sound
}

list_shows_what_a_repair_would_leave() {
	damaged "update -q inodes 0:4099:$S bi_nlink=7"
	run bcachefs list -f -b inodes -s 0:4099 -e 0:4099 dev0.img
	status 0
	out 'bi_nlink=0$'
	run bcachefs list -b inodes -s 0:4099 -e 0:4099 dev0.img
	out 'bi_nlink=7$'
}

# ---------------------------------------------------------------- names

a_file_whose_entry_is_gone_is_in_lost_and_found() { # 1
	damaged "delete -q dirents $DIR"
	repairs inode_points_to_missing_dirent inode_unreachable
	run bcachefs cat dev0.img:/sub1/lost+found/4124
	run bcachefs ls -D dev0.img /sub1/lost+found
	out '^4124$'
}

an_entry_that_leads_nowhere_is_removed() { # 2
	damaged "update -q dirents $DIR d_inum=9999"
	repairs dirent_to_missing_inode inode_points_to_missing_dirent inode_unreachable
}

the_type_of_an_entry_is_that_of_its_inode() { # 3
	damaged "update -q dirents $DIR d_type=dir"
	repairs dirent_d_type_wrong
}

an_entry_at_the_wrong_place_goes_back() { # 4
	snapshots
	run bcachefs kvdb -c "get dirents $DIR raw" dev0.img
	damage "set -q dirents 4098:105393104305718070:$S dirent raw=$(<"$work/out")" "delete -q dirents $DIR"
	repairs hash_table_key_wrong_offset
	run bcachefs list -b dirents -s 4098:105393104305717993 -e 4098:105393104305717993 dev0.img
	out 'r4096 -> 4124 type reg$'
}

of_two_entries_of_one_name_one_gets_another() { # 5
	damaged "set -q dirents 4098:105393104305717994:$S dirent d_inum=4099 d_type=reg d_name=r4096"
	repairs hash_table_key_duplicate inode_multiple_links_but_nlink_0
	run bcachefs ls -D dev0.img '<2:4098>'
	out '^r4096$'
	out '^r4096\.fsck_renamed-0$'
}

the_same_entry_twice_is_there_once() { # 6
	damaged "set -q dirents 4098:105393104305717994:$S dirent d_inum=4124 d_type=reg d_name=r4096"
	repairs hash_table_key_duplicate
}

a_wrong_link_count_is_set() { # 7
	damaged "update -q inodes 0:4099:$S bi_nlink=7"
	repairs inode_wrong_nlink
}

a_file_with_several_links_counts_them() { # 8
	damaged "set -q dirents 4098:77:$S dirent d_inum=4099 d_type=reg d_name=second"
	repairs hash_table_key_wrong_offset inode_multiple_links_but_nlink_0
}

a_directory_counts_its_directories() { # 9
	damaged "update -q inodes 0:4140:$S bi_nlink=9"
	repairs inode_dir_wrong_nlink
}

a_directory_that_two_entries_lead_to_is_in_one_place() { # 20
	damaged "set -q dirents 4098:77:$S dirent d_inum=4140 d_type=dir d_name=second"
	repairs hash_table_key_wrong_offset inode_dir_multiple_links
}

a_back_pointer_follows_the_entry() { # 21
	damaged "update -q inodes 0:4109:$S bi_dir_offset=777"
	repairs inode_wrong_backpointer
}

an_entry_in_a_file_is_removed() { # 35
	damaged "set -q dirents 4099:77:$S dirent d_inum=4109 d_type=reg d_name=odd"
	repairs key_in_wrong_inode_type
}

an_entry_in_no_directory_is_removed() { # 34
	damaged "set -q dirents 99999:77:$S dirent d_inum=4109 d_type=reg d_name=odd"
	repairs key_in_missing_inode
}

an_attribute_at_the_wrong_place_goes_back() { # 31
	snapshots
	run bcachefs kvdb -c "get xattrs 4231:2386728998403406694:$S raw" dev0.img
	damage "set -q xattrs 4231:2386728998403406699:$S xattr raw=$(<"$work/out")" \
		"delete -q xattrs 4231:2386728998403406694:$S"
	repairs hash_table_key_wrong_offset
}

a_directory_in_itself_is_taken_out() { # 19
	snapshots
	run bcachefs kvdb -c "get inodes 0:4140:$S bi_dir bi_dir_offset" dev0.img
	read -r -d '' dir offset <"$work/out"
	damage "delete -q dirents $dir:$offset:$S" \
		"set -qf dirents 4140:5555:$S dirent d_inum=4140 d_type=dir d_name=x" \
		"update -q inodes 0:4140:$S bi_dir=4140 bi_dir_offset=5555"
	run bcachefs fsck -y -v dev0.img
	status 1
	sound
}

# ---------------------------------------------------------------- inodes

a_file_counts_its_sectors() { # 10
	damaged "update -q inodes 0:4123:$S bi_sectors=999"
	repairs inode_i_sectors_wrong
}

what_lies_behind_the_end_of_a_file_goes() { # 11
	damaged "update -q inodes 0:4131:$S bi_size=4096"
	repairs extent_past_end_of_inode inode_i_sectors_wrong
	run bcachefs list -b extents -s 4131:0 -e 4131:999 dev0.img
	out ' 4131:8:'
}

data_without_an_inode_gets_one() { # 12
	damaged "delete inodes 0:4123:$S"
	repairs key_in_missing_inode
	run bcachefs stat -D dev0.img '<2:4123>'
	out 'Size: 4096 '
}

data_of_what_holds_none_goes() { # 13
	damaged "update -q inodes 0:4123:$S bi_mode=040755"
	repairs dirent_d_type_wrong inode_dir_wrong_nlink inode_i_sectors_wrong key_in_wrong_inode_type
}

all_versions_of_an_inode_hash_alike() { # 14
	damaged "update -q inodes 0:4096:4294967281 bi_hash_seed=12345"
	repairs inode_snapshot_mismatch
}

an_inode_says_whether_there_are_versions_below() { # 15
	damaged "update -q inodes 0:4096:4294967295 bi_flags.has_child_snapshot=0"
	repairs inode_has_child_snapshots_wrong
}

an_unlinked_inode_is_deleted() { # 16
	damaged "update -q inodes 0:4109:$S bi_flags.unlinked=1 bi_dir=0 bi_dir_offset=0" \
		"delete -q dirents 4098:2123493202351802363:$S"
	repairs deleted_inode_but_clean unlinked_inode_not_on_deleted_list
	run bcachefs list -b inodes -s 0:4109 -e 0:4109 dev0.img
	out 'type inode_generation 0:4109:'
}

a_file_that_has_a_name_is_not_unlinked() { # 17
	damaged "update -q inodes 0:4109:$S bi_flags.unlinked=1"
	repairs inode_unlinked_but_has_dirent
	run bcachefs cat -D dev0.img '<2:4109>'
	status 0
}

the_list_of_deleted_inodes_holds_no_others() { # 18
	damaged "set -q deleted_inodes 0:4098:$S set" "set -q deleted_inodes 0:4109:$S set" \
		"set -q deleted_inodes 0:5555:$S set"
	repairs deleted_inode_is_dir deleted_inode_missing deleted_inode_not_unlinked
}

a_lost_directory_is_made_anew_around_its_entries() { # 59
	damaged "delete inodes 0:4098:$S"
	repairs hash_table_key_wrong_offset inode_dir_missing_backpointer key_in_missing_inode
	run bcachefs ls -D dev0.img '<2:4098>'
	out '^r4096$'
}

# ---------------------------------------------------------------- extents

of_two_extents_at_one_place_the_later_stays() { # 32
	damaged "set -f extents 4123:12:$S reservation k.size=8 nr_replicas=1"
	run bcachefs fsck -y -v dev0.img
	status 1
	out 'overlapping extents'
	sound
}

an_extent_of_a_snapshot_does_not_overlap_what_it_sees() { # 57
	damaged "set -f extents 4131:64:4294967288 reservation k.size=8 nr_replicas=1"
	run bcachefs fsck -y -v dev0.img
	status 1
	out 'overlapping extents'
	sound
	run bcachefs list -b extents -s 4131:0 -e 4131:200 dev0.img
	out ' 4131:56:4294967294 len 56 '
	out ' 4131:64:4294967288 len 8 '
	out ' 4131:64:4294967294 len 8 '
	out ' 4131:128:4294967294 len 64 '
}

# ---------------------------------------------------------------- snapshots and subvolumes

a_key_of_no_snapshot_is_removed() { # 30
	damaged "set -qf dirents 4098:77:4294960000 dirent d_inum=4099 d_type=reg d_name=zz"
	repairs bkey_in_missing_snapshot
}

the_root_directory_is_made_anew() { # 22
	damaged "delete inodes 0:4096:4294967281" "delete inodes 0:4096:4294967282" "delete inodes 0:4096:4294967295"
	run bcachefs fsck -y -v dev0.img
	status 1
	sound
	run bcachefs ls dev0.img
	out '^sub1$'
}

the_first_subvolume_is_made_anew() { # 23
	damaged 'delete -q subvolumes 0:1'
	repairs root_subvol_missing snapshot_tree_to_missing_subvol
}

a_subvolume_finds_its_root_directory_again() { # 24
	damaged 'update -q subvolumes 0:2 inode=77777'
	repairs subvol_to_missing_root
	run bcachefs kvdb -c 'get subvolumes 0:2 inode' dev0.img
	out_is 1073741824
}

subvolume_children_are_those_of_subvolumes() { # 25
	damaged 'delete -q subvolume_children 1:3' 'set -q subvolume_children 1:9 set'
	repairs subvol_children_bad subvol_children_not_set
}

a_subvolume_lies_where_its_entry_is() { # 26
	damaged 'update -q subvolumes 0:3 fs_path_parent=2'
	repairs subvol_children_bad subvol_children_not_set subvol_fs_path_parent_wrong
}

the_depth_and_skips_of_a_snapshot_are_set() { # 27
	damaged 'update -q snapshots 0:4294967287 depth=9 skip[0]=4294967290'
	repairs snapshot_bad_depth snapshot_bad_skiplist
}

the_master_of_a_tree_is_no_snapshot() { # 28
	damaged 'update -q snapshot_trees 0:2 master_subvol=4'
	repairs snapshot_tree_to_snapshot_subvol
}

a_snapshot_tree_is_made_anew() { # 29
	damaged 'delete -q snapshot_trees 0:2'
	repairs snapshot_to_bad_snapshot_tree
}

a_subvolume_whose_key_is_gone_is_found_by_its_snapshot() { # 60
	damaged 'delete -q subvolumes 0:7'
	repairs subvol_children_bad subvol_children_not_set subvol_fs_path_parent_wrong subvol_missing
}

a_snapshot_node_is_made_anew_for_its_subvolume() { # 61
	damaged 'delete -q snapshots 0:4294967283'
	repairs snapshot_node_missing snapshot_to_bad_snapshot_tree snapshot_tree_to_missing_snapshot
}

# ---------------------------------------------------------------- newer than 1.13, or with its id of then

a_name_is_hidden_from_snapshots_in_which_its_inode_was_deleted() {
	damaged 'set -q inodes 0:4124:4294967287 whiteout'
	repairs dirent_to_missing_inode
	run bcachefs kvdb -c 'get -k dirents 4098:105393104305717993:4294967287' dev0.img
	out 'type whiteout'
	run bcachefs kvdb -c "get -k dirents $DIR" dev0.img
	out 'type dirent'
}

# There 4294967290 is the mark of a deleted snapshot, and snapshot 4294967288 sees what it has of 4294967294.
newer_snapshots() { # COMMAND...
	unpack 13-k616-snapshots >/dev/null
	damage "$@"
}

a_name_of_what_a_snapshot_deleted_is_hidden_from_it() {
	newer_snapshots 'set -q inodes 0:4259:4294967288 whiteout'
	repairs dirent_to_overwritten_inode
	run bcachefs kvdb -c 'get -k dirents 4098:8916636941784608450:4294967288' dev0.img
	out 'type whiteout'
}

a_deleted_snapshot_has_no_keys() {
	newer_snapshots 'set -qf inodes 0:4247:4294967290 whiteout'
	repairs bkey_in_deleted_snapshot
	run bcachefs kvdb -c 'get -k snapshots 0:4294967290' dev0.img
	out 'type snapshot'
}

casefolded() { # COMMAND...
	unpack 13-k616-casefold >/dev/null
	damage "$@"
}

names_have_the_form_of_their_directory() {
	casefolded 'set -q dirents 4098:642513009979071639 dirent d_inum=4104 d_type=reg d_name=Renamed3' \
		'set -q dirents 4107:266015186600829820 dirent d_inum=4109 d_type=reg d_casefold=1 d_name=a d_cf_name=a'
	repairs dirent_casefold_mismatch
	run bcachefs cat dev0.img /cf/RENAMED3
	out_is 3
	run bcachefs ls -1 dev0.img /plain /lost+found
	out_is "$(printf '%s\n' /plain: A a '' /lost+found:)"
}

one_that_is_there_in_another_case_gets_another_name() {
	casefolded 'set -q dirents 4098:5 dirent d_inum=4104 d_type=reg d_name=hello.txt' \
		'update -q inodes 0:4104 bi_nlink=1'
	repairs dirent_casefold_mismatch
	run bcachefs cat dev0.img /cf/HELLO.TXT.fsck_renamed-0 /cf/hello.txt
	out_is "$(printf '%s\n' 3 Hello)"
}

directories_above_casefolded_ones_say_so() {
	casefolded 'update -q inodes 0:4096 bi_flags.has_case_insensitive=0'
	repairs inode_parent_has_case_insensitive_not_set
}

cases
