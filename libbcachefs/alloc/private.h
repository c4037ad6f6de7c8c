/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the recount give each other. */

#ifndef BCHFS_ALLOC_PRIVATE_H
#define BCHFS_ALLOC_PRIVATE_H

#include "alloc/alloc.h"
#include "btree/btree.h"

#define BCH_VERSION_STRIPE_SECTORS BCH_VERSION(1, 8)
#define BCH_VERSION_INUM	   BCH_VERSION(1, 11)
#define BCH_VERSION_NODE_COUNTS	   BCH_VERSION(1, 31)
#define BCH_VERSION_RECONCILE	   BCH_VERSION(1, 33)
#define BCH_VERSION_SNAPSHOT_BTREE BCH_VERSION(1, 39) /* keys are counted by snapshot and btree */

/* ------------------------------------------------------------------ buckets.c */

/* Adds to @sum, one of the counts of @b: something of @data_type leads there. */
void bch_recount_mark(struct bch_recount_bucket *b, u32 *sum, u64 nr_sectors, u8 data_type);

/* Takes what is not derived from an alloc key. */
int bch_recount_alloc_key(struct bch_recount *r, const struct bch_key *k);

/* Marks superblocks and journals of the members that are there. */
int bch_recount_mark_members(struct bch_recount *r);

/* Counts buckets by device and data type, when all is marked; and a single one. */
int bch_recount_count_buckets(struct bch_recount *r);
int bch_recount_count_alloc(struct bch_recount *r, u32 dev_idx, const struct bch_alloc *a);

/* An empty one that knows of no superblocks and journals: for what a few keys count for. */
int bch_recount_bare(struct bch_fs *fs, const struct bch_recount_sink *sink,
		     struct bch_recount **recount);

/* ------------------------------------------------------------------ ptrs.c, work.c, stripes.c */

/* A key with pointers: btree_ptr, btree_ptr_v2, extent, reflink_v. 06 §9.1, §9.2. */
int bch_recount_ptrs(struct bch_recount *r, u8 btree_id, u8 level, const struct bch_key *k);

/* The counters of the inode at hand are complete. */
int bch_recount_end_inum(struct bch_recount *r);

/* What is still to be done with its data. 06 §9.6, 08 §7. */
int bch_recount_work(struct bch_recount *r, u8 level, const struct bch_key *k);

/* A key of the btree stripes. 06 §9.5, 08 §9.2. */
int bch_recount_stripe_key(struct bch_recount *r, const struct bch_key *k);

/* Adds sectors of data that lie in block @block of @s to those of the block, and to the replicas counter of all devices. */
int bch_recount_in_stripe(struct bch_recount *r, const struct bch_recount_stripe *s, u32 block,
			  s64 nr_sectors);

/* Adds to the replicas counter of @data_type on the @nr_devs devices @devs, in any order. */
int bch_recount_replicas(struct bch_recount *r, u8 data_type, u8 nr_required, const u8 *devs,
			 u8 nr_devs, s64 nr_sectors);

/* ------------------------------------------------------------------ all */

/* Adds to one counter of the set @what. */
static inline int bch_recount_add(struct bch_recount *r, const struct bch_accounting *what, s64 a,
				  s64 b, s64 c)
{
	const s64 v[BCH_ACCOUNTING_COUNTERS_MAX] = { a, b, c };

	return bch_counters_add(&r->counters, what, v);
}

#endif
