// SPDX-License-Identifier: GPL-2.0-or-later
/* bucket_gens: rules and text. Format reference: 06 §3. */

#include "ondisk/key_private.h"

#define GENS 256

int bch_key_validate_bucket_gens(const struct bch_key *k, const struct bch_key_context *c,
				 struct bch_buf *why)
{
	if (k->val.len != GENS)
		return bch_key_why(why, BCH_FSCK_bucket_gens_val_size_bad,
				   "bad val size (%zu != %u)", k->val.len, GENS);
	return BCH_KEY_VALID;
}

void bch_key_put_bucket_gens(struct bch_buf *out, const struct bch_key *k,
			     const struct bch_key_context *c)
{
	for (size_t i = 0; i < k->val.len && i < GENS; i++)
		bch_buf_put(out, "%s%u", i ? " " : "", k->val.p[i]);
}

struct bucket_gens {
	u8 gens[GENS];
};

BCH_KEY_FIELDS(bucket_gens, bucket_gens, BCH_FIELD_ROW(u8, gens, 0))
