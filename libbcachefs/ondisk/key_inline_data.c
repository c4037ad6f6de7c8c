// SPDX-License-Identifier: GPL-2.0-or-later
/* inline_data and indirect_inline_data: text. Format reference: 05 §6.2, §6.5, §2.10. */

#include "ondisk/key_private.h"
#include "ondisk/key_reflink.h"

#define TEXT_BYTES	     32
#define INDIRECT_INLINE_DATA 8 /* bytes of the reference count before it */

static void put_data(struct bch_buf *out, struct bch_bytes data)
{
	bch_buf_put(out, "datalen %zu: ", data.len);
	bch_buf_hex(out, data.p, data.len < TEXT_BYTES ? data.len : TEXT_BYTES);
}

void bch_key_put_inline_data(struct bch_buf *out, const struct bch_key *k,
			     const struct bch_key_context *c)
{
	put_data(out, k->val);
}

void bch_key_put_indirect_inline_data(struct bch_buf *out, const struct bch_key *k,
				      const struct bch_key_context *c)
{
	bch_buf_put(out, "refcount %" PRIu64 " ", bch_reflink_refcount(k));
	put_data(out, bch_bytes_from(k->val, INDIRECT_INLINE_DATA));
}

struct indirect_inline_data {
	le64 refcount;
};

BCH_KEY_FIELDS(indirect_inline_data, indirect_inline_data, BCH_FIELD_ROW(u64, refcount, 1))
