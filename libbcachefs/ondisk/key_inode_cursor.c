// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the search for a free inode number goes on: rules and text. Format reference: 08 §11. */

#include "ondisk/key_inode_cursor.h"

#include "ondisk/key_inode.h"
#include "ondisk/key_private.h"

#define NR_BITS	     63 /* of an inode number */
#define NR_32BIT_END (1ULL << 31)

bool bch_inode_cursor_range(u64 offset, u8 bits, struct bch_inode_range *range)
{
	u64 shard = offset - 1, nr;

	if (!offset) {
		*range = (struct bch_inode_range){ BCH_INODE_NR_MIN, NR_32BIT_END - 1 };
		return true;
	}
	if (bits > NR_BITS || shard >> bits)
		return false;
	nr = 1ULL << (NR_BITS - bits);
	*range = (struct bch_inode_range){ shard * nr, shard * nr + nr - 1 };
	if (range->min < NR_32BIT_END)
		range->min = NR_32BIT_END;
	return true;
}

int bch_key_validate_inode_alloc_cursor(const struct bch_key *k, const struct bch_key_context *c,
					struct bch_buf *why)
{
	if (k->pos.inode != BCH_INODE_CURSOR_INODE)
		return bch_key_why(why, BCH_FSCK_inode_alloc_cursor_inode_bad,
				   "cursor at inode %" PRIu64, k->pos.inode);
	return BCH_KEY_VALID;
}

void bch_key_put_inode_alloc_cursor(struct bch_buf *out, const struct bch_key *k,
				    const struct bch_key_context *c)
{
	struct bch_inode_cursor cur;
	struct bch_inode_range r;

	bch_inode_cursor_get(&cur, k->val.p, k->val.len);
	if (c->version >= BCH_INODE_TEXT_1_38 &&
	    bch_inode_cursor_range(k->pos.offset, cur.bits, &r))
		bch_buf_put(out, "min %" PRIu64 " max %" PRIu64 " consumed %" PRIu64 " ", r.min,
			    r.max, cur.idx > r.min ? cur.idx - r.min : 0);
	bch_buf_put(out, "idx %" PRIu64 " generation %u", cur.idx, cur.gen);
}

BCH_KEY_FIELDS(inode_alloc_cursor, bch_inode_cursor_disk,
	       BCH_INODE_CURSOR_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))
