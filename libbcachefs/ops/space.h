/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the keys of the btree extents take on the devices, and whose alone it is. Format reference: 05 §8, 04 §2.2.
 *
 * All copies count, after compression; cached ones, which may go at any time, do not. Memory: the versions of one key.
 */

#ifndef BCHFS_OPS_SPACE_H
#define BCHFS_OPS_SPACE_H

#include "btree/btree.h"
#include "ops/viewers.h"

/* Sectors that one key takes. */
struct bch_space_key {
	u64 nr_sectors;	       /* of its own pointers, or the part that it shows of shared data */
	u64 nr_shared_sectors; /* of that, shared data */
	u64 nr_sole_sectors; /* all of the shared data that nothing else refers to: it would go with the key */
};

/* Sectors of @nr_sectors of the key's data, all copies. */
u64 bch_space_of_pointers(const struct bch_super *super, const struct bch_key *k, u32 nr_sectors);

/* All versions of a key, and who sees them. */
struct bch_space_versions {
	struct bch_pos pos;		      /* its snapshot means nothing */
	BCH_ARRAY(struct bch_space_key) keys; /* by the snapshot, ascending */
	BCH_ARRAY(struct bch_version_seen) seen;
};

/* A walk over all versions of all keys in a range of the btree extents. One thread. */
struct bch_space_walk {
	struct bch_fs *fs;
	const struct bch_viewers *viewers;
	struct bch_cursor cursor;
	struct bch_key k; /* the next one */
	bool has_k;
	struct bch_space_versions versions;
};

/* Of inodes @first to @last. @walk stays where it is until it is ended. */
void bch_space_walk_begin(struct bch_space_walk *walk, struct bch_fs *fs,
			  const struct bch_viewers *viewers, u64 first_inum, u64 last_inum);

/* 1 and walk->versions, 0 at the end, or an error, behind which the next call goes on. */
int bch_space_walk_next(struct bch_space_walk *walk);
void bch_space_walk_end(struct bch_space_walk *walk);
static inline void bch_space_walk_cleanup(struct bch_space_walk *walk)
{
	bch_space_walk_end(walk);
}

#endif
