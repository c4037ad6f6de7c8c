// SPDX-License-Identifier: GPL-2.0-or-later
/* Positions and unpacked keys: decode and print. Format reference: 02 §1, §2, §9.1. */

#include "ondisk/bkey.h"

static const char *const key_type_names[] = {
#define K(nr, name) [nr] = #name,
	BCH_KEY_TYPES(K)
#undef K
};

struct bch_pos bch_pos_get(const struct bpos *p)
{
	return bch_spos(le64_get(p->inode), le64_get(p->offset), le32_get(p->snapshot));
}

static void put_u64(struct bch_buf *out, u64 v)
{
	if (v == BCH_U64_MAX)
		bch_buf_puts(out, "U64_MAX");
	else
		bch_buf_put(out, "%" PRIu64, v);
}

void bch_pos_put(struct bch_buf *out, struct bch_pos pos)
{
	if (!pos.inode && !pos.offset && !pos.snapshot) {
		bch_buf_puts(out, "POS_MIN");
	} else if (pos.inode == BCH_U64_MAX && pos.offset == BCH_U64_MAX && !pos.snapshot) {
		bch_buf_puts(out, "POS_MAX");
	} else if (pos.inode == BCH_U64_MAX && pos.offset == BCH_U64_MAX &&
		   pos.snapshot == BCH_U32_MAX) {
		bch_buf_puts(out, "SPOS_MAX");
	} else {
		put_u64(out, pos.inode);
		bch_buf_putc(out, ':');
		put_u64(out, pos.offset);
		if (pos.snapshot == BCH_U32_MAX)
			bch_buf_puts(out, ":U32_MAX");
		else
			bch_buf_put(out, ":%" PRIu32, pos.snapshot);
	}
}

bool bch_key_get_unpacked(struct bch_bytes b, struct bch_key *k)
{
	const struct bkey *d = bch_bytes_view(b, 0, sizeof(*d));

	if (!d || (d->format & 0x7f) != BCH_KEY_FORMAT_CURRENT || b.len != d->u64s * 8U)
		return false;

	k->pos = bch_pos_get(&d->p);
	k->version_lo = le64_get(d->version_lo);
	k->version_hi = le32_get(d->version_hi);
	k->size = le32_get(d->size);
	k->type = d->type;
	k->val = (struct bch_bytes){ b.p + sizeof(*d), b.len - sizeof(*d) };
	return true;
}

/* The value of a btree_ptr_v2 before its pointers. */
struct btree_ptr_v2 {
	le64 mem_ptr;
	le64 seq;
	le16 sectors_written;
	le16 flags;
	struct bpos min_key;
};
_Static_assert(sizeof(struct btree_ptr_v2) == 40, "format reference 02 §9.1");

static void put_ptrs(struct bch_buf *out, struct bch_bytes ptrs)
{
	for (size_t at = 0; at + 8 <= ptrs.len; at += 8) {
		le64 v;
		u64 ptr;

		memcpy(&v, ptrs.p + at, sizeof(v));
		ptr = le64_get(v);
		if (ptr & 1)
			bch_buf_put(out, " ptr: %" PRIu64 ":%" PRIu64 " gen %" PRIu64,
				    bch_bits_get(ptr, 48, 56), bch_bits_get(ptr, 4, 48), ptr >> 56);
	}
}

static void put_btree_ptr_v2(struct bch_buf *out, struct bch_bytes val)
{
	const struct btree_ptr_v2 *v = bch_bytes_view(val, 0, sizeof(*v));

	if (!v) {
		bch_buf_puts(out, "(value too small)");
		return;
	}
	bch_buf_put(out, "seq %" PRIx64 " written %u min_key ", le64_get(v->seq),
		    le16_get(v->sectors_written));
	bch_pos_put(out, bch_pos_get(&v->min_key));
	put_ptrs(out, bch_bytes_from(val, sizeof(*v)));
}

void bch_key_put(struct bch_buf *out, const struct bch_key *k)
{
	bch_buf_put(out, "u64s %zu type ", BCH_BKEY_U64S + k->val.len / 8);
	if (k->type < BCH_KEY_TYPE_NR)
		bch_buf_puts(out, key_type_names[k->type]);
	else
		bch_buf_put(out, "(unknown %u)", k->type);
	bch_buf_putc(out, ' ');
	bch_pos_put(out, k->pos);
	bch_buf_put(out, " len %u ver %" PRIu64, k->size, k->version_lo);

	if (k->type == BCH_KEY_btree_ptr_v2) {
		bch_buf_puts(out, ": ");
		put_btree_ptr_v2(out, k->val);
	} else if (k->type == BCH_KEY_btree_ptr) {
		bch_buf_puts(out, ":");
		put_ptrs(out, k->val);
	}
}
