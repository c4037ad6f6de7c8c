/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys on their way to new pointers, for the files that gather and copy them. */

#ifndef BCHFS_OPS_MOVE_BATCH_H
#define BCHFS_OPS_MOVE_BATCH_H

#include "ops/move.h"

#define BCH_MOVE_NO_SOURCE BCH_PTRS_MAX

struct bch_move_item {
	struct bch_key k; /* without its value */
	size_t val_at, val_len;
	struct bch_move_verdict v;
	struct bch_extent_ptr src;
	u32 src_nr; /* which pointer that is; BCH_MOVE_NO_SOURCE: there is nothing to be read */
	u8 btree_id;
	bool waits;	 /* it is to be copied */
	bool shares;	 /* its blob is that of the item before */
	const u8 *bytes; /* what was read of it, as it is stored */
	u8 *own;	 /* the same where it is not in the buffer; to be freed */
	s32 err;
	struct bch_ptr new[BCH_REPLICAS_MAX];
	u32 nr_new, got; /* copies, and their durability */
	u32 nr_cloned;	 /* sectors, onto a device that takes a member's place */
};

struct bch_move_batch {
	BCH_ARRAY(struct bch_move_item) items;
	BCH_ARRAY(u8) values;
	u64 bytes; /* to be copied */
	u8 *buffer;
};

#define BCH_MOVE_BUFFER_BYTES (16U << 20)

/* The item's key, with its value, until the batch grows. */
struct bch_key bch_move_item_key(const struct bch_move_batch *b, const struct bch_move_item *item);

/*
 * Reads and verifies what @nr items lead to, in the order of the devices, finds places, and writes the copies. All of it
 * fits into the buffer, but for an only item. Items without a good copy have an error.
 */
int bch_move_copy(struct bch_move *m, struct bch_move_item *items, size_t nr);

#endif
