/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What follows from pending changes, for the files of this folder. Format reference: 06 §9.
 *
 * All given changes are looked at together: what the old keys counted for is taken off, what the new ones count for is
 * added, and each bucket and each counter changes once, by the difference. So nothing that is empty or zero only in
 * passing leaves a trace, and the order of changes makes no difference.
 */

#ifndef BCHFS_ALLOC_DERIVE_H
#define BCHFS_ALLOC_DERIVE_H

#include "alloc/private.h"

/* Positions from @from on, but before @to, at which there is no key. */
struct bch_derive_gap {
	struct bch_pos from, to;
	bool is_known;
};

struct bch_derive {
	struct bch_fs *fs;
	const struct bch_derive_opts *opts;
	u16 version;
	struct bch_recount *old, *new; /* what the keys that go, and those that come, count for */
	struct bch_derive_gap
		gaps[2][BCH_BTREE_ID_MAX]; /* of what is stored and given; stored alone */
};

/* The key at @pos in the flavour @flags: false where there is none. The value lives as long as @cur. */
int bch_derive_find(struct bch_fs *fs, u8 btree_id, struct bch_pos pos, unsigned flags,
		    struct bch_cursor *cur, struct bch_key *k);

/* Makes @k (deleted: nothing) what is at its position; where that is so already, nothing is pending. */
int bch_derive_put(struct bch_derive *d, u8 btree_id, const struct bch_key *k);

/* A key without value of type set at @pos, or none. */
int bch_derive_set(struct bch_derive *d, u8 btree_id, struct bch_pos pos, bool there);

/* Each given change that something follows from: calls @fn with the key that goes and the one that comes. */
int bch_derive_each(struct bch_derive *d, u8 btree_id,
		    int (*fn)(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
			      const struct bch_key *new));

/* Steps, in this order. */
int bch_derive_reflinks(struct bch_derive *d); /* counts of shared data */
int bch_derive_indexes(
	struct bch_derive *d);		   /* subvolume_children, deleted_inodes, rebalance_work */
int bch_derive_keys(struct bch_derive *d); /* what keys and nodes count for; backpointers */
int bch_derive_buckets(struct bch_derive *d); /* alloc, freespace, need_discard, lru, bucket_gens */
int bch_derive_counters(struct bch_derive *d); /* accounting */

/* Makes a bucket free, or not free, in freespace. @offset: bucket and generation bits, 06 §4.1. */
int bch_derive_freespace(struct bch_derive *d, u32 dev_idx, u64 offset, bool there);

#endif
