/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Positions and unpacked keys. Format reference: 02 §1, §2. */

#ifndef BCHFS_ONDISK_BKEY_H
#define BCHFS_ONDISK_BKEY_H

#include <bcachefs/buf.h>
#include "ondisk/le.h"

/* A position; ordered by inode, offset, snapshot. */
struct bch_pos {
	u64 inode;
	u64 offset;
	u32 snapshot;
};

static inline struct bch_pos bch_spos(u64 inode, u64 offset, u32 snapshot)
{
	return (struct bch_pos){ inode, offset, snapshot };
}

static inline struct bch_pos bch_pos(u64 inode, u64 offset)
{
	return bch_spos(inode, offset, 0);
}

/* The 20 bytes of a position on disk. */
struct bpos {
	le32 snapshot;
	le64 offset;
	le64 inode;
};
_Static_assert(sizeof(struct bpos) == 20, "format reference 02 §1.1");

/* Decodes a position, and encodes it. */
struct bch_pos bch_pos_get(const struct bpos *p);
struct bpos bch_pos_disk(struct bch_pos pos);

/* "4096:0:U32_MAX"; POS_MIN, POS_MAX, SPOS_MAX by name. */
void bch_pos_put(struct bch_buf *out, struct bch_pos pos);

/* The header of an unpacked key: format 1. */
struct bkey {
	u8 u64s;
	u8 format; /* bit 7: needs_whiteout */
	u8 type;
	u8 pad;
	le64 version_lo;
	le32 version_hi;
	le32 size;
	struct bpos p;
};
_Static_assert(sizeof(struct bkey) == 40, "format reference 02 §2.1");

#define BCH_KEY_FORMAT_CURRENT 1
#define BCH_BKEY_U64S	       (sizeof(struct bkey) / 8)

/* Number, name. Format reference: 02 §3. */
/* clang-format off */
#define BCH_KEY_TYPES(K)		\
	K(0,  deleted)			\
	K(1,  whiteout)			\
	K(2,  error)			\
	K(3,  cookie)			\
	K(4,  hash_whiteout)		\
	K(5,  btree_ptr)		\
	K(6,  extent)			\
	K(7,  reservation)		\
	K(8,  inode)			\
	K(9,  inode_generation)		\
	K(10, dirent)			\
	K(11, xattr)			\
	K(12, alloc)			\
	K(13, quota)			\
	K(14, stripe)			\
	K(15, reflink_p)		\
	K(16, reflink_v)		\
	K(17, inline_data)		\
	K(18, btree_ptr_v2)		\
	K(19, indirect_inline_data)	\
	K(20, alloc_v2)			\
	K(21, subvolume)		\
	K(22, snapshot)			\
	K(23, inode_v2)			\
	K(24, alloc_v3)			\
	K(25, set)			\
	K(26, lru)			\
	K(27, alloc_v4)			\
	K(28, backpointer)		\
	K(29, inode_v3)			\
	K(30, bucket_gens)		\
	K(31, snapshot_tree)		\
	K(32, logged_op_truncate)	\
	K(33, logged_op_finsert)	\
	K(34, accounting)		\
	K(35, inode_alloc_cursor)	\
	K(36, extent_whiteout)		\
	K(37, logged_op_stripe_update)	\
	K(38, damage)
/* clang-format on */

enum bch_key_type {
#define K(nr, name) BCH_KEY_##name = nr,
	BCH_KEY_TYPES(K)
#undef K
	BCH_KEY_TYPE_NR
};

/* A key with its value, decoded as far as its type matters not. The value points into somebody's bytes. */
struct bch_key {
	struct bch_pos pos;
	u64 version_lo;
	u32 version_hi;
	u32 size;
	u8 type; /* may be one that we do not know */
	struct bch_bytes val;
};

/* The unpacked key that fills all of @b exactly. False where it does not, or where its format is another. */
bool bch_key_get_unpacked(struct bch_bytes b, struct bch_key *k);

#endif
