/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of positions, and the next one up and down. Format reference: 02 §1.2. */

#ifndef BCHFS_ONDISK_POS_H
#define BCHFS_ONDISK_POS_H

#include "ondisk/bkey.h"

#define BCH_POS_MIN  bch_spos(0, 0, 0)
#define BCH_SPOS_MAX bch_spos(BCH_U64_MAX, BCH_U64_MAX, BCH_U32_MAX)

/* Less than, equal to or more than 0. */
static inline int bch_pos_compare(struct bch_pos a, struct bch_pos b)
{
	if (a.inode != b.inode)
		return a.inode < b.inode ? -1 : 1;
	if (a.offset != b.offset)
		return a.offset < b.offset ? -1 : 1;
	if (a.snapshot != b.snapshot)
		return a.snapshot < b.snapshot ? -1 : 1;
	return 0;
}

/* Are they versions of one thing: the same but for the snapshot? */
static inline bool bch_pos_same_but_snapshot(struct bch_pos a, struct bch_pos b)
{
	return a.inode == b.inode && a.offset == b.offset;
}

/* The position that follows; BCH_POS_MIN after the last. */
static inline struct bch_pos bch_pos_successor(struct bch_pos p)
{
	if (!++p.snapshot && !++p.offset)
		p.inode++;
	return p;
}

/* The position before; BCH_SPOS_MAX before the first. */
static inline struct bch_pos bch_pos_predecessor(struct bch_pos p)
{
	if (!p.snapshot-- && !p.offset--)
		p.inode--;
	return p;
}

#endif
