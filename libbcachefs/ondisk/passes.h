/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recovery passes: stable number and name. Format reference: 01 App. A, 08 §13.1. */

#ifndef BCHFS_ONDISK_PASSES_H
#define BCHFS_ONDISK_PASSES_H

#include <bcachefs/types.h>

/* clang-format off */
#define BCH_RECOVERY_PASSES(P)			\
	P(0,  alloc_read)				\
	P(1,  stripes_read)				\
	P(2,  initialize_subvolumes)			\
	P(3,  snapshots_read)				\
	P(4,  check_topology)				\
	P(5,  check_allocations)			\
	P(6,  trans_mark_dev_sbs)			\
	P(7,  fs_journal_alloc)				\
	P(8,  set_may_go_rw)				\
	P(9,  journal_replay)				\
	P(10, check_alloc_info)				\
	P(11, check_lrus)				\
	P(12, check_btree_backpointers)			\
	P(13, check_backpointers_to_extents)		\
	P(14, check_extents_to_backpointers)		\
	P(15, check_alloc_to_lru_refs)			\
	P(16, fs_freespace_init)			\
	P(17, bucket_gens_init)				\
	P(18, check_snapshot_trees)			\
	P(19, check_snapshots)				\
	P(20, check_subvols)				\
	P(21, delete_dead_snapshots)			\
	P(22, fs_upgrade_for_subvolumes)		\
	P(23, resume_logged_ops)			\
	P(24, check_inodes)				\
	P(25, check_extents)				\
	P(26, check_indirect_extents)			\
	P(27, check_dirents)				\
	P(28, check_xattrs)				\
	P(29, check_root)				\
	P(30, check_directory_structure)		\
	P(31, check_nlinks)				\
	P(32, delete_dead_inodes)			\
	P(33, fix_reflink_p)				\
	P(34, set_fs_needs_rebalance)			\
	P(35, check_subvol_children)			\
	P(36, check_subvolume_structure)		\
	P(37, scan_for_btree_nodes)			\
	P(38, reconstruct_snapshots)			\
	P(39, accounting_read)				\
	P(40, check_unreachable_inodes)			\
	P(41, recovery_pass_empty)			\
	P(42, lookup_root_inode)			\
	P(43, check_rebalance_work)			\
	P(44, delete_dead_interior_snapshots)		\
	P(45, merge_btree_nodes)			\
	P(46, btree_bitmap_gc)				\
	P(47, kill_i_generation_keys)			\
	P(48, presplit_shard_boundaries)		\
	P(49, check_damage)
/* clang-format on */

enum bch_pass {
#define P(nr, name) BCH_PASS_##name = nr,
	BCH_RECOVERY_PASSES(P)
#undef P
	BCH_PASS_NR
};

/* The name of a stable pass number, or NULL. */
const char *bch_pass_name(u64 nr);

#endif
