/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The btrees: number and name. Format reference: 02 §4. */

#ifndef BCHFS_ONDISK_BTREE_IDS_H
#define BCHFS_ONDISK_BTREE_IDS_H

/* clang-format off */
#define BCH_BTREES(B)			\
	B(0,  extents)			\
	B(1,  inodes)			\
	B(2,  dirents)			\
	B(3,  xattrs)			\
	B(4,  alloc)			\
	B(5,  quotas)			\
	B(6,  stripes)			\
	B(7,  reflink)			\
	B(8,  subvolumes)		\
	B(9,  snapshots)		\
	B(10, lru)			\
	B(11, freespace)		\
	B(12, need_discard)		\
	B(13, backpointers)		\
	B(14, bucket_gens)		\
	B(15, snapshot_trees)		\
	B(16, deleted_inodes)		\
	B(17, logged_ops)		\
	B(18, rebalance_work)		\
	B(19, subvolume_children)	\
	B(20, accounting)		\
	B(21, reconcile_hipri)		\
	B(22, reconcile_pending)	\
	B(23, reconcile_scan)		\
	B(24, reconcile_work_phys)	\
	B(25, reconcile_hipri_phys)	\
	B(26, bucket_to_stripe)		\
	B(27, stripe_backpointers)	\
	B(28, damage)
/* clang-format on */

enum bch_btree_id {
#define B(nr, name) BCH_BTREE_##name = nr,
	BCH_BTREES(B)
#undef B
	BCH_BTREE_NR
};

/* Btrees whose keys have a size, as bits. Format reference: 02 §4. */
#define BCH_BTREES_OF_EXTENTS \
	(1ULL << BCH_BTREE_extents | 1ULL << BCH_BTREE_reflink | 1ULL << BCH_BTREE_freespace)

/* Ids from here on cannot be: 02 §4. */
#define BCH_BTREE_ID_MAX 63

/* Ends with NULL. */
extern const char *const bch_btree_names[];

#endif
