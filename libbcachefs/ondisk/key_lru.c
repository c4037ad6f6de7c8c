// SPDX-License-Identifier: GPL-2.0-or-later
/* lru, the keys of the lru btree before 0.26: rules and text. Format reference: 06 §5. */

#include "ondisk/key_private.h"

#define TIME_BITS 48

int bch_key_validate_lru(const struct bch_key *k, const struct bch_key_context *c,
			 struct bch_buf *why)
{
	if (!bch_bits_get(k->pos.inode, 0, TIME_BITS))
		return bch_key_why(why, BCH_FSCK_lru_entry_at_time_0, "lru entry at time=0");
	return BCH_KEY_VALID;
}

void bch_key_put_lru(struct bch_buf *out, const struct bch_key *k, const struct bch_key_context *c)
{
	le64 idx;

	memcpy(&idx, k->val.p, sizeof(idx));
	bch_buf_put(out, "idx %" PRIu64, le64_get(idx));
}

struct lru {
	le64 idx;
};

BCH_KEY_FIELDS(lru, lru, BCH_FIELD_ROW(u64, idx, 1))
