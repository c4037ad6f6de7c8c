// SPDX-License-Identifier: GPL-2.0-or-later
/* btree_ptr and btree_ptr_v2: rules and text. Format reference: 02 §9.1, §11.5; 08 §4.2. */

#include "ondisk/key_private.h"
#include "ondisk/node.h"

#define BTREE_PTR_U64S_MAX 4

/* Entries of reconcile and their pointers came later. */
static size_t v2_u64s_max(u16 version)
{
	if (version < BCH_VERSION(1, 33))
		return 9;
	return version < BCH_VERSION(1, 37) ? 11 : 15;
}

int bch_key_validate_btree_ptr(const struct bch_key *k, const struct bch_key_context *c,
			       struct bch_buf *why)
{
	if (k->val.len > BTREE_PTR_U64S_MAX * 8)
		return bch_key_why(why, BCH_FSCK_btree_ptr_val_too_big,
				   "value too big (%zu > %u u64s)", k->val.len / 8,
				   BTREE_PTR_U64S_MAX);
	return bch_key_validate_ptrs(k, c, why);
}

int bch_key_validate_btree_ptr_v2(const struct bch_key *k, const struct bch_key_context *c,
				  struct bch_buf *why)
{
	size_t max = v2_u64s_max(c->version);
	struct bch_node_ptr p;

	bch_node_ptr_get(k, &p);
	if (k->val.len > max * 8)
		return bch_key_why(why, BCH_FSCK_btree_ptr_v2_val_too_big,
				   "value too big (%zu > %zu u64s)", k->val.len / 8, max);
	if (bch_pos_compare(p.min, p.max) >= 0)
		return bch_key_why(why, BCH_FSCK_btree_ptr_v2_min_key_bad, "min_key >= key");
	if (c->writing && !p.nr_sectors)
		return bch_key_why(why, BCH_FSCK_btree_ptr_v2_written_0, "sectors_written is 0");
	return bch_key_validate_ptrs(k, c, why);
}

void bch_key_put_btree_ptr_v2(struct bch_buf *out, const struct bch_key *k,
			      const struct bch_key_context *c)
{
	struct bch_node_ptr p;

	bch_node_ptr_get(k, &p);
	bch_buf_put(out, "seq %" PRIx64 " written %u %smin_key ", p.seq, p.nr_sectors,
		    p.range_updated ? "R " : "");
	bch_pos_put(out, p.min);
	bch_buf_putc(out, ' ');
	bch_key_put_ptrs(out, k, c);
}

/* clang-format off */
BCH_KEY_FIELDS(btree_ptr_v2, btree_ptr_v2,
	BCH_FIELD_ROW(u64, mem_ptr, 1)
	BCH_FIELD_ROW(u64, seq, 1)
	BCH_FIELD_ROW(u16, sectors_written, 1)
	BCH_FIELD_ROW(u16, flags, 1)
	BCH_FIELD("min_inode", min_key.inode, 0, 64, 1)
	BCH_FIELD("min_offset", min_key.offset, 0, 64, 1)
	BCH_FIELD("min_snapshot", min_key.snapshot, 0, 32, 1))
/* clang-format on */
