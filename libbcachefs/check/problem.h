/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The problems that a check can find, and how they are told, asked about and counted. Format reference: 07 §2, §6.
 *
 * The texts come from the checks, which know the keys; what is the same for all of one kind is here.
 */

#ifndef BCHFS_CHECK_PROBLEM_H
#define BCHFS_CHECK_PROBLEM_H

#include <bcachefs/fsck.h>
#include "base/map.h"
#include "ondisk/error_ids.h"

/*
 * Name, what a repair does (an infinitive for questions), flags. Ids that are not here are those of keys that are not
 * valid: such a key is deleted, and that is safe, since nobody can read it.
 */
/* clang-format off */
#define BCH_PROBLEMS(P)	\
	P(clean_but_journal_not_empty,				"fix",	0)	\
	P(dirty_but_no_journal_entries,				"fix",	0)	\
	P(dirty_but_no_journal_entries_post_drop_nonflushes,	"fix",	0)	\
	P(sb_clean_journal_seq_mismatch,			"fix",	0)	\
	P(sb_clean_btree_root_mismatch,				"fix",	0)	\
	P(sb_clean_missing,					"fix",	0)	\
	P(sb_clean_entry_overrun,				"fix",	0)	\
	P(jset_unknown_csum,					"fix",	0)	\
	P(jset_last_seq_newer_than_seq,				"fix",	0)	\
	P(jset_past_bucket_end,					"fix",	0)	\
	P(jset_seq_blacklisted,					"fix",	0)	\
	P(journal_entries_missing,				"fix",	0)	\
	P(journal_entry_replicas_not_marked,			"fix",	SAFE)	\
	P(journal_entry_past_jset_end,				"fix",	0)	\
	P(journal_entry_replicas_data_mismatch,			"fix",	0)	\
	P(journal_entry_bkey_u64s_0,				"fix",	0)	\
	P(journal_entry_bkey_past_end,				"fix",	0)	\
	P(journal_entry_bkey_bad_format,			"fix",	0)	\
	P(journal_entry_btree_root_bad_size,			"fix",	0)	\
	P(journal_entry_blacklist_bad_size,			"fix",	0)	\
	P(journal_entry_blacklist_v2_bad_size,			"fix",	0)	\
	P(journal_entry_blacklist_v2_start_past_end,		"fix",	0)	\
	P(journal_entry_usage_bad_size,				"fix",	0)	\
	P(journal_entry_data_usage_bad_size,			"fix",	0)	\
	P(journal_entry_clock_bad_size,				"fix",	0)	\
	P(journal_entry_clock_bad_rw,				"fix",	0)	\
	P(journal_entry_dev_usage_bad_size,			"fix",	0)	\
	P(journal_entry_dev_usage_bad_pad,			"fix",	0)	\
	P(btree_node_unreadable,				"fix",	LOSES)	\
	P(btree_node_bad_magic,					"fix",	LOSES)	\
	P(btree_node_bad_seq,					"fix",	LOSES)	\
	P(btree_node_unsupported_version,			"fix",	0)	\
	P(btree_node_bset_older_than_sb_min,			"fix",	0)	\
	P(btree_node_bset_newer_than_sb,			"fix",	0)	\
	P(btree_node_data_missing,				"fix",	SAFE)	\
	P(btree_node_bset_after_end,				"fix",	0)	\
	P(bset_unknown_csum,					"fix",	0)	\
	P(bset_bad_csum,					"fix",	SAFE)	\
	P(bset_past_end_of_btree_node,				"fix",	0)	\
	P(bset_wrong_sector_offset,				"fix",	0)	\
	P(bset_empty,						"fix",	0)	\
	P(bset_blacklisted_journal_seq,				"fix",	SAFE)	\
	P(first_bset_blacklisted_journal_seq,			"fix",	SAFE)	\
	P(btree_node_bad_btree,					"fix",	LOSES)	\
	P(btree_node_bad_level,					"fix",	LOSES)	\
	P(btree_node_bad_min_key,				"fix",	LOSES)	\
	P(btree_node_bad_max_key,				"fix",	LOSES)	\
	P(btree_node_bad_format,				"fix",	LOSES)	\
	P(btree_node_bkey_past_bset_end,			"fix",	LOSES)	\
	P(btree_node_bkey_bad_format,				"fix",	LOSES)	\
	P(btree_node_bkey_out_of_order,				"fix",	SAFE | LOSES)	\
	P(btree_root_bkey_invalid,				"fix",	SAFE)	\
	P(btree_root_read_error,				"fix",	SAFE | LOSES)	\
	P(btree_node_read_error,				"fix",	SAFE | LOSES)	\
	P(btree_node_topology_bad_min_key,			"fix",	SAFE | LOSES)	\
	P(btree_node_topology_bad_max_key,			"fix",	SAFE | LOSES)	\
	P(btree_node_topology_overwritten_by_next_node,		"fix",	SAFE | LOSES)	\
	P(btree_node_topology_interior_node_empty,		"fix",	SAFE | LOSES)	\
	P(bkey_version_in_future,				"fix",	0)	\
	P(alloc_key_to_missing_dev_bucket,			"delete",	0)	\
	P(alloc_key_cached_but_read_time_zero,			"fix",	SAFE)	\
	P(alloc_key_to_missing_lru_entry,			"fix",	SAFE)	\
	P(alloc_key_data_type_wrong,				"fix",	SAFE)	\
	P(alloc_key_gen_wrong,					"fix",	SAFE)	\
	P(alloc_key_dirty_sectors_wrong,			"fix",	SAFE)	\
	P(alloc_key_cached_sectors_wrong,			"fix",	SAFE)	\
	P(alloc_key_stripe_wrong,				"fix",	SAFE)	\
	P(alloc_key_stripe_redundancy_wrong,			"fix",	SAFE)	\
	P(need_discard_key_wrong,				"fix",	SAFE)	\
	P(freespace_key_wrong,					"fix",	SAFE)	\
	P(freespace_hole_missing,				"fix",	SAFE)	\
	P(bucket_gens_key_wrong,				"fix",	SAFE)	\
	P(bucket_gens_hole_wrong,				"fix",	SAFE)	\
	P(bucket_gens_to_invalid_dev,				"delete",	SAFE)	\
	P(bucket_gens_to_invalid_buckets,			"delete",	SAFE)	\
	P(bucket_gens_nonzero_for_invalid_buckets,		"fix",	SAFE)	\
	P(need_discard_freespace_key_to_invalid_dev_bucket,	"delete",	SAFE)	\
	P(need_discard_freespace_key_bad,			"delete",	SAFE)	\
	P(backpointer_to_missing_device,			"delete",	SAFE)	\
	P(backpointer_to_missing_alloc,				"delete",	SAFE)	\
	P(backpointer_to_missing_ptr,				"delete",	SAFE)	\
	P(lru_entry_to_invalid_bucket,				"delete",	SAFE)	\
	P(lru_entry_bad,					"delete",	SAFE)	\
	P(ptr_to_invalid_device,				"fix",	LOSES)	\
	P(ptr_to_missing_backpointer,				"fix",	SAFE)	\
	P(ptr_to_missing_alloc_key,				"fix",	SAFE)	\
	P(ptr_to_missing_stripe,				"fix",	0)	\
	P(ptr_to_incorrect_stripe,				"fix",	0)	\
	P(ptr_gen_newer_than_bucket_gen,			"fix",	SAFE)	\
	P(stale_dirty_ptr,					"fix",	SAFE | LOSES)	\
	P(ptr_bucket_data_type_mismatch,			"fix",	LOSES)	\
	P(reflink_v_refcount_wrong,				"fix",	SAFE)	\
	P(reflink_p_to_missing_reflink_v,			"fix",	SAFE | LOSES)	\
	P(stripe_sector_count_wrong,				"fix",	0)	\
	P(snapshot_tree_to_missing_snapshot,			"delete",	0)	\
	P(snapshot_tree_to_missing_subvol,			"fix",	0)	\
	P(snapshot_tree_to_wrong_subvol,			"fix",	0)	\
	P(snapshot_tree_to_snapshot_subvol,			"fix",	0)	\
	P(snapshot_parent_bad,					"fix",	SAFE)	\
	P(snapshot_child_bad,					"fix",	SAFE)	\
	P(subvol_missing,					"recreate",	SAFE)	\
	P(snapshot_should_not_have_subvol,			"fix",	0)	\
	P(snapshot_to_bad_snapshot_tree,			"fix",	SAFE)	\
	P(snapshot_bad_depth,					"fix",	SAFE)	\
	P(snapshot_bad_skiplist,				"fix",	SAFE)	\
	P(subvol_not_master_and_not_snapshot,			"fix",	SAFE)	\
	P(subvol_to_missing_root,				"recreate",	SAFE | LOSES)	\
	P(subvol_root_wrong_bi_subvol,				"fix",	SAFE)	\
	P(bkey_in_missing_snapshot,				"delete",	LOSES)	\
	P(inode_snapshot_mismatch,				"fix",	SAFE)	\
	P(inode_i_sectors_wrong,				"fix",	SAFE)	\
	P(inode_dir_wrong_nlink,				"fix",	SAFE)	\
	P(inode_dir_multiple_links,				"delete",	SAFE)	\
	P(inode_multiple_links_but_nlink_0,			"fix",	SAFE)	\
	P(inode_wrong_backpointer,				"fix",	SAFE)	\
	P(inode_wrong_nlink,					"fix",	SAFE)	\
	P(inode_unreachable,					"reattach",	SAFE)	\
	P(deleted_inode_but_clean,				"delete",	SAFE)	\
	P(deleted_inode_missing,				"delete",	SAFE)	\
	P(deleted_inode_is_dir,					"delete",	SAFE)	\
	P(deleted_inode_not_unlinked,				"delete",	SAFE)	\
	P(extent_overlapping,					"fix",	SAFE | LOSES)	\
	P(key_in_missing_inode,					"fix",	SAFE | LOSES)	\
	P(key_in_wrong_inode_type,				"delete",	LOSES)	\
	P(extent_past_end_of_inode,				"truncate",	SAFE | LOSES)	\
	P(dirent_d_type_wrong,					"fix",	SAFE)	\
	P(inode_bi_parent_wrong,				"fix",	SAFE)	\
	P(dirent_to_missing_inode,				"delete",	SAFE | LOSES)	\
	P(dirent_to_missing_subvol,				"delete",	SAFE | LOSES)	\
	P(root_subvol_missing,					"recreate",	SAFE)	\
	P(root_dir_missing,					"recreate",	SAFE)	\
	P(root_inode_not_dir,					"recreate",	SAFE | LOSES)	\
	P(dir_loop,						"fix",	SAFE)	\
	P(hash_table_key_duplicate,				"fix",	SAFE)	\
	P(hash_table_key_wrong_offset,				"fix",	SAFE)	\
	P(unlinked_inode_not_on_deleted_list,			"fix",	SAFE)	\
	P(journal_entry_dup_same_device,			"fix",	0)	\
	P(inode_bi_subvol_missing,				"fix",	SAFE)	\
	P(inode_bi_subvol_wrong,				"fix",	SAFE)	\
	P(inode_points_to_missing_dirent,			"fix",	SAFE)	\
	P(inode_points_to_wrong_dirent,				"fix",	SAFE)	\
	P(inode_bi_parent_nonzero,				"fix",	0)	\
	P(dirent_to_missing_parent_subvol,			"fix",	0)	\
	P(dirent_not_visible_in_parent_subvol,			"fix",	SAFE)	\
	P(subvol_fs_path_parent_wrong,				"fix",	SAFE)	\
	P(subvol_root_fs_path_parent_nonzero,			"fix",	0)	\
	P(subvol_children_not_set,				"fix",	0)	\
	P(subvol_children_bad,					"delete",	0)	\
	P(subvol_loop,						"fix",	SAFE | LOSES)	\
	P(subvol_unreachable,					"fix",	SAFE)	\
	P(btree_node_bkey_bad_u64s,				"fix",	LOSES)	\
	P(btree_root_unreadable_and_scan_found_nothing,		"fix",	LOSES)	\
	P(snapshot_node_missing,				"recreate",	SAFE)	\
	P(dup_backpointer_to_bad_csum_extent,			"fix",	SAFE)	\
	P(btree_bitmap_not_marked,				"fix",	SAFE)	\
	P(alloc_key_stripe_sectors_wrong,			"fix",	SAFE)	\
	P(accounting_mismatch,					"fix",	SAFE)	\
	P(accounting_replicas_not_marked,			"fix",	SAFE)	\
	P(invalid_btree_id,					"fix",	SAFE)	\
	P(logged_op_but_clean,					"fix",	SAFE)	\
	P(inode_dir_missing_backpointer,			"fix",	SAFE)	\
	P(inode_unlinked_but_has_dirent,			"fix",	SAFE)	\
	P(inode_dir_unlinked_but_not_empty,			"fix",	SAFE)	\
	P(inode_has_child_snapshots_wrong,			"fix",	SAFE)	\
	P(deleted_inode_has_child_snapshots,			"delete",	SAFE)	\
	P(accounting_to_invalid_device,				"fix",	0)	\
	P(compression_opt_not_marked_in_sb,			"fix",	SAFE)	\
	P(compression_type_not_marked_in_sb,			"fix",	SAFE)	\
	P(inode_journal_seq_in_future,				"fix",	SAFE)	\
	P(dirent_to_overwritten_inode,				"fix",	SAFE)	\
	P(rebalance_work_incorrectly_set,			"fix",	SAFE)	\
	P(rebalance_work_incorrectly_unset,			"fix",	SAFE)	\
	P(snapshot_key_missing_inode_snapshot,			"fix",	SAFE)	\
	P(bkey_in_deleted_snapshot,				"delete",	SAFE)	\
	P(inode_has_case_insensitive_not_set,			"fix",	SAFE)	\
	P(inode_parent_has_case_insensitive_not_set,		"fix",	SAFE)	\
	P(dirent_casefold_mismatch,				"fix",	SAFE)	\
	P(inode_dir_has_nonzero_i_size,				"fix",	SAFE)	\
	P(missing_inode_with_contents,				"recreate",	SAFE)	\
	P(ptr_to_removed_device,				"fix",	SAFE)
/* clang-format on */

/* What the format has no number for; the superblock does not count it. */
enum {
	BCH_PROBLEM_superblock_copy_bad = BCH_FSCK_ERROR_NR,
	BCH_PROBLEM_device_too_short,
	BCH_PROBLEM_NR
};

enum bch_problem_flags {
	BCH_PROBLEM_SAFE =
		1
		<< 0, /* may be repaired unasked: nothing is lost that was not lost before, or it follows from other keys */
	BCH_PROBLEM_LOSES = 1 << 1, /* something that somebody wrote is gone */
};

struct bch_problem_kind {
	const char *verb;
	unsigned flags; /* enum bch_problem_flags */
};

/* Of any id. */
struct bch_problem_kind bch_problem_kind(u32 id);

#endif
