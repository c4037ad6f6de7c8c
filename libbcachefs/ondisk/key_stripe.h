/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Erasure-coded stripes. Format reference: 05 §7.1, 08 §9.1. */

#ifndef BCHFS_ONDISK_KEY_STRIPE_H
#define BCHFS_ONDISK_KEY_STRIPE_H

#include "ondisk/key_extent.h"

/* Points into the key's value. */
struct bch_stripe {
	u16 block_sectors;
	u8 algorithm, can_widen;
	bool needs_reconcile;
	u8 nr_blocks, nr_redundant; /* the last of the blocks are the redundant ones */
	u8 csum_granularity_bits;   /* log2 of the sectors that have one checksum */
	u8 csum_type;
	u8 disk_label; /* 0, or label + 1 */
	size_t csum_bytes;
	u32 csums_per_block;
	size_t want; /* bytes that the value must have */
	struct bch_bytes ptrs, csums, counts;
};

/* Of a value of 8 bytes or more. What lies past the value's end is empty in @s. */
void bch_stripe_get(const struct bch_key *k, struct bch_stripe *s);

/* Where block @nr lies; how many of its sectors extents use; its checksum @i. False past the value's end. */
bool bch_stripe_block(const struct bch_stripe *s, u32 nr, struct bch_ptr *p);
bool bch_stripe_block_used(const struct bch_stripe *s, u32 nr, u16 *nr_sectors);
bool bch_stripe_block_csum(const struct bch_stripe *s, u32 nr, u32 i, struct bch_bytes *csum);

#endif
