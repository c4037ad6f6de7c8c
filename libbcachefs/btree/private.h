/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the btrees of an open filesystem are, for the files of this folder. */

#ifndef BCHFS_BTREE_PRIVATE_H
#define BCHFS_BTREE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/thread_pool.h"
#include "btree/btree.h"
#include "ondisk/keys.h"
#include "super/super.h"

struct bch_node_cache;

/* Positions, both included, that no child of an interior node is for. @level is that of the children. */
struct bch_gap {
	u8 btree_id, level;
	struct bch_pos from, to;
};

#define BCH_GAPS_REMEMBERED 16U

/* The last ones that were said. */
struct bch_gaps {
	pthread_mutex_t lock; /* guards the rest */
	size_t nr;	      /* said so far */
	struct bch_gap v[BCH_GAPS_REMEMBERED];
};

/* Roots, overlay and scanned are set before anything is read, and then only read. */
struct bch_btrees {
	struct bch_fs_attachment attachment;
	struct bch_node_rules rules; /* but for the key */
	struct bch_blacklist *blacklist;
	struct bch_key_fs keys;
	struct bch_btree_root roots[BCH_BTREE_ID_MAX]; /* values of keys owned */
	struct bch_key_overlay *overlay;	       /* NULL: none */
	struct bch_changes *changes;		       /* NULL: none are pending */
	struct bch_key_overlay *scanned; /* pointers to leaves of SCANNED roots; NULL: none */
	struct bch_node_cache *cache;
	struct bch_thread_pool *pool;
	_Atomic u64 nr_unreadable, nr_bad; /* counts alone: no order is needed */
	_Atomic bool judged;		   /* no copy of any node had a problem */
	struct bch_gaps gaps;
};

/* A cache of at most @limit bytes besides what is in use. NULL where memory is out. Freed when nobody uses a node. */
struct bch_node_cache *bch_node_cache_new(size_t limit);
void bch_node_cache_free(struct bch_node_cache *cache);

/* One line in the log for each problem of a node at @sector of @dev, but not thousands. */
void bch_node_problems_log(struct bch_fs *fs, const struct bch_btree_node *node, const char *dev,
			   u64 sector);

/* Says that no copy of the node that ends at @max is usable: -BCH_ERR_btree_node_read_failed. */
int bch_node_unreadable(struct bch_fs *fs, u8 btree_id, u8 level, struct bch_pos max);

/* Says that the keys there are lost. Any thread. */
void bch_btree_gap_warn(struct bch_fs *fs, const struct bch_gap *gap);

#endif
