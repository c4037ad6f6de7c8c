// SPDX-License-Identifier: GPL-2.0-or-later
/* Operations that take several transactions: text. Format reference: 04 §10.2, 08 §9.5. */

#include "ondisk/key_logged_op.h"

#include "ondisk/key_private.h"

void bch_key_put_logged_op_truncate(struct bch_buf *out, const struct bch_key *k,
				    const struct bch_key_context *c)
{
	struct bch_logged_op_truncate op;

	bch_logged_op_truncate_get(&op, k->val.p, k->val.len);
	bch_buf_put(out, "subvol=%u inum=%" PRIu64 " new_i_size=%" PRIu64, op.subvol, op.inum,
		    op.new_i_size);
}

void bch_key_put_logged_op_finsert(struct bch_buf *out, const struct bch_key *k,
				   const struct bch_key_context *c)
{
	struct bch_logged_op_finsert op;

	bch_logged_op_finsert_get(&op, k->val.p, k->val.len);
	bch_buf_put(out, "subvol=%u inum=%" PRIu64 " dst_offset=%" PRId64 " src_offset=%" PRIu64,
		    op.subvol, op.inum, (s64)op.dst_offset_sectors, op.src_offset_sectors);
}

void bch_key_put_logged_op_stripe_update(struct bch_buf *out, const struct bch_key *k,
					 const struct bch_key_context *c)
{
	struct bch_logged_op_stripe_update op;

	bch_logged_op_stripe_update_get(&op, k->val.p, k->val.len);
	bch_buf_put(out, "old_idx=%" PRIu64 " new_idx=%" PRIu64 " old_blocks=", op.old_idx,
		    op.new_idx);
	for (size_t i = 0; i < op.old_blocks_nr && i < sizeof(op.old_block_map); i++)
		bch_buf_put(out, "%s%u", i ? "," : "", op.old_block_map[i]);
}

BCH_KEY_FIELDS(logged_op_truncate, bch_logged_op_truncate_disk,
	       BCH_LOGGED_OP_TRUNCATE_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))
BCH_KEY_FIELDS(logged_op_finsert, bch_logged_op_finsert_disk,
	       BCH_LOGGED_OP_FINSERT_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))
