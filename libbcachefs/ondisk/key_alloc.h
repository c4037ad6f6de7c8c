/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of a bucket: alloc keys of all versions as one structure. Format reference: 06 §2, 08 §5. */

#ifndef BCHFS_ONDISK_KEY_ALLOC_H
#define BCHFS_ONDISK_KEY_ALLOC_H

#include "ondisk/bkey.h"
#include "ondisk/data_types.h"

#define BCH_GC_GEN_MAX	 96 /* how far a generation may run ahead of the oldest pointer's */
#define BCH_IO_TIME_MAX	 ((1ULL << 48) - 1) /* sectors */
#define BCH_ALLOC_V4_LEN 64		    /* bytes of the value that we write */

/* A bucket without a key is all zero: free, never used. */
struct bch_alloc {
	u64 journal_seq_nonempty; /* before 1.20: of the last change from or to empty */
	u64 journal_seq_empty;	  /* since 1.20 */
	u64 io_time[2];		  /* read, written; sectors of the io clocks */
	u32 dirty_sectors, cached_sectors, stripe_sectors;
	u32 stripe; /* index, 0: none. Since 1.35: how many stripe blocks lie here */
	u8 gen, oldest_gen;
	u8 data_type; /* from disk: may be one that we do not know until the key is validated */
	u8 stripe_redundancy; /* before 1.35 */
	bool need_discard, need_inc_gen;
};

/* Of alloc, alloc_v2, alloc_v3 or alloc_v4. BCH_KEY_VALID, or the id of what is wrong with the value's form. */
int bch_alloc_get(const struct bch_key *k, u16 version, struct bch_alloc *a);

/* The value of an alloc_v4. */
void bch_alloc_put(const struct bch_alloc *a, u16 version, u8 val[BCH_ALLOC_V4_LEN]);

/* How far the generation runs ahead. */
static inline u8 bch_alloc_gc_gen(const struct bch_alloc *a)
{
	return (u8)(a->gen - a->oldest_gen);
}

/*
 * The data type that the counts make of the bucket. @hint: type of the pointer that was marked, or a->data_type.
 * Format reference: 06 §2.2, 08 §5.2.
 */
u8 bch_alloc_data_type(const struct bch_alloc *a, u8 hint, u16 version);

/* The lru of fragmented buckets, before 1.39; those of cached ones have their device's index. 06 §5. */
#define BCH_LRU_FRAGMENTATION 65535ULL

/* The bucket's time in the fragmentation lru, 0: it has none. Format reference: 06 §5, 08 §5.6. */
u64 bch_alloc_fragmentation(const struct bch_alloc *a, u16 bucket_sectors);

#endif
