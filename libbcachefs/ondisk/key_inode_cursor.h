/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the search for a free inode number goes on. Format reference: 04 §13.2, 08 §11. */

#ifndef BCHFS_ONDISK_KEY_INODE_CURSOR_H
#define BCHFS_ONDISK_KEY_INODE_CURSOR_H

#include "ondisk/fields.h"

#define BCH_INODE_CURSOR_INODE 1 /* in the logged_ops btree */

/* @bits of a number that tell its shard, the least generation of a new inode, the next number. */
/* clang-format off */
#define BCH_INODE_CURSOR_FIELDS(F, B)	\
	F(u8, bits, 1)			\
	B(pad, 3)			\
	F(u32, gen, 1)			\
	F(u64, idx, 1)
/* clang-format on */
BCH_DISK_STRUCT(bch_inode_cursor, BCH_INODE_CURSOR_FIELDS, 16)

/* The inode numbers that a cursor gives, both included. */
struct bch_inode_range {
	u64 min, max;
};

/*
 * The numbers of the cursor at @offset: 0 is that of 32-bit numbers, shards follow. False where
 * there is no such shard. Format reference: 08 §11.
 */
bool bch_inode_cursor_range(u64 offset, u8 bits, struct bch_inode_range *range);

#endif
