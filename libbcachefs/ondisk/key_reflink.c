// SPDX-License-Identifier: GPL-2.0-or-later
/* reflink_p and reflink_v: decode, rules, text. Format reference: 05 §6.4, §6.5. */

#include "ondisk/key_reflink.h"

#include "ondisk/key_private.h"

#define VERSION_FLAGS BCH_VERSION(1, 16)
#define IDX_BITS      56

/* clang-format off */
#define REFLINK_P_FIELDS(F, B)	\
	F(u64, idx_flags, 1)	\
	F(u32, front_pad, 1)	\
	F(u32, back_pad, 1)
/* clang-format on */
BCH_DISK_STRUCT(reflink_p, REFLINK_P_FIELDS, 16)

struct bch_reflink_p bch_reflink_p_get(const struct bch_key *k, u16 version)
{
	struct reflink_p p;

	reflink_p_get(&p, k->val.p, k->val.len);
	if (version < VERSION_FLAGS)
		return (struct bch_reflink_p){ .idx = p.idx_flags,
					       .front_pad = p.front_pad,
					       .back_pad = p.back_pad };
	return (struct bch_reflink_p){ .idx = bch_bits_get(p.idx_flags, 0, IDX_BITS),
				       .error = bch_bits_get(p.idx_flags, 56, 57),
				       .may_update_opts = bch_bits_get(p.idx_flags, 57, 58),
				       .front_pad = p.front_pad,
				       .back_pad = p.back_pad };
}

void bch_reflink_p_put(const struct bch_reflink_p *p, u16 version, u8 val[BCH_REFLINK_P_LEN])
{
	struct reflink_p d = { .idx_flags = p->idx,
			       .front_pad = p->front_pad,
			       .back_pad = p->back_pad };

	if (version >= VERSION_FLAGS) {
		d.idx_flags = bch_bits_set(d.idx_flags, 56, 57, p->error);
		d.idx_flags = bch_bits_set(d.idx_flags, 57, 58, p->may_update_opts);
	}
	reflink_p_put(&d, val, BCH_REFLINK_P_LEN);
}

u64 bch_reflink_refcount(const struct bch_key *k)
{
	const le64 *refcount = bch_bytes_view(k->val, 0, sizeof(*refcount));

	return refcount ? le64_get(*refcount) : 0;
}

int bch_key_validate_reflink_p(const struct bch_key *k, const struct bch_key_context *c,
			       struct bch_buf *why)
{
	struct bch_reflink_p p = bch_reflink_p_get(k, c->version);

	if (p.idx < p.front_pad)
		return bch_key_why(why, BCH_FSCK_reflink_p_front_pad_bad,
				   "idx < front_pad (%" PRIu64 " < %u)", p.idx, p.front_pad);
	return BCH_KEY_VALID;
}

void bch_key_put_reflink_p(struct bch_buf *out, const struct bch_key *k,
			   const struct bch_key_context *c)
{
	struct bch_reflink_p p = bch_reflink_p_get(k, c->version);

	bch_buf_put(out, "idx %" PRIu64 " front_pad %u back_pad %u", p.idx, p.front_pad,
		    p.back_pad);
	if (p.error)
		bch_buf_puts(out, " error");
	if (p.may_update_opts && c->version >= BCH_TEXT_LINES)
		bch_buf_puts(out, " may_update_opts");
}

int bch_key_validate_reflink_v(const struct bch_key *k, const struct bch_key_context *c,
			       struct bch_buf *why)
{
	if (c->version >= VERSION_FLAGS && k->pos.offset >> IDX_BITS)
		return bch_key_why(why, BCH_FSCK_reflink_v_pos_bad,
				   "past the last index that a pointer can hold");
	return bch_key_validate_ptrs(k, c, why);
}

void bch_key_put_reflink_v(struct bch_buf *out, const struct bch_key *k,
			   const struct bch_key_context *c)
{
	bch_buf_put(out, "refcount: %" PRIu64 " ", bch_reflink_refcount(k));
	bch_key_put_ptrs(out, k, c);
}

/* The flags since 1.16; before, all of idx_flags is the index. */
/* clang-format off */
BCH_KEY_FIELDS(reflink_p, reflink_p_disk,
	BCH_FIELD("idx", idx_flags, 0, IDX_BITS, 1)
	BCH_FIELD("error", idx_flags, 56, 1, 1)
	BCH_FIELD("may_update_opts", idx_flags, 57, 1, 1)
	REFLINK_P_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))
/* clang-format on */

struct reflink_v {
	le64 refcount;
};

BCH_KEY_FIELDS(reflink_v, reflink_v, BCH_FIELD_ROW(u64, refcount, 1))
