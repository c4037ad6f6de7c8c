/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a place on a device to the key that points there. Format reference: 06 §6, 08 §6. */

#ifndef BCHFS_ONDISK_KEY_BACKPOINTER_H
#define BCHFS_ONDISK_KEY_BACKPOINTER_H

#include "ondisk/bkey.h"

#define BCH_BACKPOINTER_LEN	  32
#define BCH_BACKPOINTER_SHIFT	  10 /* where the superblock says nothing */
#define BCH_BACKPOINTER_LEVEL_MAX 4

/* Since then a backpointer knows its bucket's generation, not its place in the bucket. */
#define BCH_BACKPOINTER_VERSION_GEN BCH_VERSION(1, 14)

#define BCH_BACKPOINTER_RECONCILE_PHYS 3U /* 1: hipri, 2: normal */
#define BCH_BACKPOINTER_ERASURE_CODED  (1U << 2)
#define BCH_BACKPOINTER_STRIPE_PTR     (1U << 3)

struct bch_backpointer {
	struct bch_pos pos; /* of the key that points */
	u64 bucket_offset;  /* before 1.14: sector in the bucket << 10, + offset in the blob */
	u32 flags;	    /* since 1.14 */
	u32 bucket_sectors; /* that the pointer takes */
	u8 btree_id, level, data_type;
	u8 bucket_gen; /* since 1.14 */
};

/* Of a value of BCH_BACKPOINTER_LEN bytes; a shorter one reads as if zeros followed. And the value. */
void bch_backpointer_get(const struct bch_key *k, u16 version, struct bch_backpointer *bp);
void bch_backpointer_put(const struct bch_backpointer *bp, u16 version,
			 u8 val[BCH_BACKPOINTER_LEN]);

#endif
