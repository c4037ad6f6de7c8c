// SPDX-License-Identifier: GPL-2.0-or-later
/* Free buckets as runs: one more in a run, one less. Format reference: 06 §4.1. */

#include "alloc/derive.h"

/* The run that holds @offset, or begins behind it: as a key that covers [end - size, end). */
static int find_run(struct bch_derive *d, u32 dev_idx, u64 offset, u64 *start, u64 *end)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(d->fs, BCH_BTREE_freespace, bch_pos(dev_idx, offset),
				   bch_pos(dev_idx, offset + 1), BCH_CURSOR_EXTENTS);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	if (more > 0) {
		*start = k.pos.offset - k.size;
		*end = k.pos.offset;
	}
	return more;
}

static int put_run(struct bch_derive *d, u32 dev_idx, u64 start, u64 end)
{
	const struct bch_key k = {
		.pos = bch_pos(dev_idx, end),
		.type = start < end ? BCH_KEY_set : BCH_KEY_deleted,
		.size = (u32)(end - start),
	};

	return bch_derive_put(d, BCH_BTREE_freespace, &k);
}

int bch_derive_freespace(struct bch_derive *d, u32 dev_idx, u64 offset, bool there)
{
	u64 start, end;
	int more = find_run(d, dev_idx, offset, &start, &end), err;

	if (more < 0 || there == (more > 0))
		return more < 0 ? more : 0;
	if (there)
		return put_run(d, dev_idx, offset, offset + 1);
	err = put_run(d, dev_idx, offset + 1, end); /* at the place of the whole run */
	return !err && start < offset ? put_run(d, dev_idx, start, offset) : err;
}
