/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Positions, btrees and ranges of both as users write them. CLI 2.4. */

#ifndef BCHFS_ONDISK_BBPOS_H
#define BCHFS_ONDISK_BBPOS_H

#include "ondisk/bkey.h"

/* "INODE:OFFSET[:SNAPSHOT]", "U64_MAX", "POS_MIN" and such. @no_snapshot: what snapshot there is where none is said. */
bool bch_pos_parse(const char *text, size_t len, u32 no_snapshot, struct bch_pos *pos);

/* The name of a btree, of newer versions too, or the number of one that we do not know. */
bool bch_btree_parse(const char *text, size_t len, u8 *btree_id);

/* From one position to another, both included, of one btree or of several in the order of their numbers. */
struct bch_bbpos_range {
	u8 first_btree, last_btree;
	struct bch_pos first, last;
};

/* "BTREE:POS", "BTREE:POS-BTREE:POS", or "BTREE" for all of it. Without a snapshot: in all of them. */
bool bch_bbpos_range_parse(const char *text, size_t len, struct bch_bbpos_range *range);

/* Does the position of that btree lie in the range? */
bool bch_bbpos_range_has(const struct bch_bbpos_range *range, u8 btree_id, struct bch_pos pos);

#endif
