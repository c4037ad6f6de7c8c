#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Problems of files, snapshots and subvolumes that fsck.sh has no case for: each is made, told by its id, repaired, and gone.
# Format reference: 07 §6.8 - §6.11.
. "$(dirname "$0")/fsck_lib.sh"

S=4294967294  # the snapshot that most files of 06-snapshots and 13-k616-snapshots are of
S2=4294967284 # that of subvolume 2
SUB1=4096:6663950383061661471:4294967295 # the entry of subvolume 2 in the root directory

damaged() { # IMAGE COMMAND...
	unpack "$1" >/dev/null
	shift
	damage "$@"
}

# ---------------------------------------------------------------- snapshots

the_master_of_a_tree_is_in_the_tree() {
	damaged 06-snapshots 'update -q snapshot_trees 0:1 master_subvol=2'
	repairs snapshot_tree_to_wrong_subvol
}

a_snapshot_without_the_flag_has_no_subvolume() {
	damaged 06-snapshots 'update -q snapshots 0:4294967289 subvol=5'
	repairs snapshot_should_not_have_subvol
}

# ---------------------------------------------------------------- subvolumes

a_subvolume_that_is_no_master_is_a_snapshot() {
	damaged 06-snapshots 'update -q subvolumes 0:4 flags.snapshot=0'
	repairs subvol_not_master_and_not_snapshot
}

the_root_of_a_subvolume_says_so() {
	damaged 06-snapshots "update -q inodes 0:1073741824:$S2 bi_subvol=0"
	repairs subvol_root_wrong_bi_subvol
}

the_root_of_a_subvolume_knows_where_it_is() {
	damaged 06-snapshots "update -q inodes 0:1073741824:$S2 bi_parent_subvol=4"
	repairs inode_bi_parent_wrong
}

an_entry_of_no_subvolume_goes() {
	damaged 06-snapshots "update -q dirents $SUB1 d_child_subvol=999"
	repairs dirent_to_missing_subvol inode_points_to_missing_dirent inode_unreachable
}

an_entry_of_a_subvolume_is_in_one() {
	damaged 06-snapshots "update -q dirents $SUB1 d_parent_subvol=999"
	repairs dirent_to_missing_parent_subvol
}

an_entry_of_a_subvolume_is_in_one_that_sees_it() {
	damaged 06-snapshots "update -q dirents $SUB1 d_parent_subvol=4"
	repairs dirent_not_visible_in_parent_subvol
}

the_first_subvolume_is_in_no_other() {
	damaged 06-snapshots 'update -q subvolumes 0:1 fs_path_parent=2'
	repairs subvol_root_fs_path_parent_nonzero
}

# Subvolume 2 is in 7, which is in 2.
a_subvolume_in_itself_is_taken_out() {
	damaged 06-snapshots "delete -q dirents $SUB1" 'delete -q subvolume_children 1:2' 'set -q subvolume_children 7:2 set' \
		'set -qf dirents 4266:77:4294967283 dirent d_parent_subvol=7 d_child_subvol=2 d_type=subvol d_name=x' \
		"update -q inodes 0:1073741824:$S2 bi_dir=4266 bi_dir_offset=77 bi_parent_subvol=7" \
		'update -q subvolumes 0:2 fs_path_parent=7'
	repairs hash_table_key_wrong_offset inode_bi_parent_wrong inode_dir_multiple_links inode_unreachable \
		subvol_children_bad subvol_children_not_set subvol_fs_path_parent_wrong subvol_loop
}

a_subvolume_in_no_other_is_taken_out() {
	damaged 06-snapshots "delete -q dirents $SUB1" 'update -q subvolumes 0:2 fs_path_parent=999'
	repairs inode_points_to_missing_dirent inode_unreachable subvol_children_bad subvol_children_not_set \
		subvol_unreachable
}

# Versions that snapshots left behind kept the place of the entry that was lost, which 6.12 missed.
the_new_entry_of_a_subvolume_leads_to_older_roots_too() {
	damaged 06-snapshots "delete -q dirents $SUB1"
	repairs inode_points_to_missing_dirent inode_unreachable
	run bcachefs list -b inodes dev0.img
	out 'bi_dir_offset='
	no_out "bi_dir_offset=$(cut -d: -f2 <<<"$SUB1")$"
}

the_first_subvolume_has_a_root_directory() {
	damaged 06-snapshots 'delete inodes 0:4096:4294967281' 'delete inodes 0:4096:4294967282' 'delete inodes 0:4096:4294967295'
	repairs hash_table_key_wrong_offset inode_dir_missing_backpointer inode_dir_wrong_nlink \
		inode_has_child_snapshots_wrong key_in_missing_inode root_dir_missing subvol_to_missing_root
	run bcachefs stat dev0.img /
	out 'Access: \(0755'
}

the_root_directory_is_a_directory() {
	damaged 06-snapshots 'update -q inodes 0:4096:4294967281 bi_mode=0100644 bi_subvol=0'
	repairs root_inode_not_dir
	run bcachefs ls dev0.img
	out '^sub1$'
}

# ---------------------------------------------------------------- inodes

an_inode_of_no_subvolume_is_none() {
	damaged 06-snapshots "update -q inodes 0:4140:$S bi_subvol=999"
	repairs inode_bi_subvol_missing
}

an_inode_that_is_not_the_root_of_a_subvolume_is_none() {
	damaged 06-snapshots "update -q inodes 0:4140:$S bi_subvol=4"
	repairs inode_bi_subvol_wrong
}

an_inode_that_is_no_subvolume_has_no_parent() {
	damaged 06-snapshots "update -q inodes 0:4140:$S bi_parent_subvol=5"
	repairs inode_bi_parent_nonzero
}

a_back_pointer_to_another_inodes_entry_goes() {
	damaged 06-snapshots "delete -q dirents 4098:105393104305717993:$S" \
		"update -q inodes 0:4124:$S bi_dir_offset=270924365677248669"
	repairs inode_points_to_wrong_dirent inode_unreachable
}

an_unlinked_directory_that_is_not_empty_is_kept() {
	damaged 06-snapshots "update -q inodes 0:4098:$S bi_flags.unlinked=1"
	repairs inode_dir_unlinked_but_not_empty
}

what_has_versions_below_is_not_to_be_deleted() {
	damaged 06-snapshots "update -q inodes 0:4258:$S bi_flags.unlinked=1 bi_dir=0 bi_dir_offset=0" \
		"delete -q dirents 1073741824:8015034501987472710:$S" "set -q deleted_inodes 0:4258:$S set"
	repairs deleted_inode_has_child_snapshots inode_points_to_missing_dirent inode_unreachable
}

a_directory_in_itself_is_told() {
	damaged 06-snapshots "delete -q dirents 4140:892721812104621229:$S" \
		"update -q inodes 0:4141:$S bi_dir=4142 bi_dir_offset=77" \
		"set -q dirents 4142:77:$S dirent d_inum=4141 d_type=dir d_name=a"
	repairs dir_loop hash_table_key_wrong_offset inode_dir_wrong_nlink inode_unreachable
}

# A snapshot's version of a file is a directory: its entry was one type and the other, round after round.
an_entry_has_the_type_that_its_inode_has_in_a_snapshot() {
	damaged 06-snapshots 'update -q inodes 0:4258:4294967289 bi_mode=040755'
	repairs dirent_d_type_wrong inode_dir_wrong_nlink inode_i_sectors_wrong key_in_wrong_inode_type
}

an_entry_of_a_lost_directory_with_entries_makes_it_anew() {
	damaged 06-snapshots "delete inodes 0:4141:$S"
	repairs hash_table_key_wrong_offset inode_dir_wrong_nlink missing_inode_with_contents
}

a_name_too_long_to_be_changed_goes() {
	local name
	name=$(printf 'n%.0s' {1..512})
	damaged 06-snapshots "set -q dirents 4098:77:$S dirent d_inum=4099 d_type=reg d_name=$name" \
		"set -q dirents 4098:78:$S dirent d_inum=4109 d_type=reg d_name=$name"
	repairs dirent_name_too_long hash_table_key_duplicate hash_table_key_wrong_offset \
		inode_multiple_links_but_nlink_0
}

# Kernels before 1.25 read it; it was taken for a name, moved, and taken from the names of files, round after round.
a_name_of_a_file_is_no_attribute() {
	damaged 06-snapshots "set -qf xattrs 4123:77:$S dirent d_inum=99999 d_type=reg d_name=a"
	repairs bkey_invalid_type_for_btree
}

two_extents_of_one_place_are_told() {
	damaged 06-snapshots "set -f extents 4123:12:$S reservation k.size=8 nr_replicas=1"
	repairs extent_overlapping inode_i_sectors_wrong
}

# ---------------------------------------------------------------- from 1.14 on

an_inode_is_not_newer_than_the_journal() {
	damaged 13-k616-snapshots "update -q inodes 0:4099:$S bi_journal_seq=99999999"
	repairs inode_journal_seq_in_future
}

a_directory_has_no_size() {
	damaged 13-k616-snapshots "update -q inodes 0:4098:$S bi_size=77"
	repairs inode_dir_has_nonzero_i_size
}

a_key_of_a_snapshot_has_its_inode_there() {
	damaged 13-k616-snapshots "set -f extents 4131:1000:4294967288 reservation k.size=8 nr_replicas=1"
	repairs inode_i_sectors_wrong snapshot_key_missing_inode_snapshot
}

a_directory_that_folds_case_says_so() {
	damaged 13-k616-casefold "update -q inodes 0:4100:4294967295 bi_flags.has_case_insensitive=0"
	repairs inode_has_case_insensitive_not_set
}

cases
