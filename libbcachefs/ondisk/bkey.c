// SPDX-License-Identifier: GPL-2.0-or-later
/* Positions and unpacked keys: decode, and positions as text. Format reference: 02 §1, §2. */

#include "ondisk/bkey.h"

struct bch_pos bch_pos_get(const struct bpos *p)
{
	return bch_spos(le64_get(p->inode), le64_get(p->offset), le32_get(p->snapshot));
}

struct bpos bch_pos_disk(struct bch_pos pos)
{
	return (struct bpos){ le32_of(pos.snapshot), le64_of(pos.offset), le64_of(pos.inode) };
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
