// SPDX-License-Identifier: GPL-2.0-or-later
/* Ranges of a file that are lost, as text. */

#include "ops/losses.h"

#define RANGES_NAMED_MAX 32

void bch_losses_end(struct bch_losses *l)
{
	bch_buf_end(&l->text);
	bch_buf_end(&l->why);
}

/* The last range is complete. */
static void put_range(struct bch_losses *l)
{
	if (l->nr && l->nr <= RANGES_NAMED_MAX)
		bch_buf_put(&l->text, "%s%" PRIu64 "-%" PRIu64, l->nr > 1 ? ", " : "", l->start,
			    l->end - 1);
}

void bch_losses_add(struct bch_losses *l, u64 len, u64 offset, const char *why)
{
	if (!l->nr)
		bch_buf_puts(&l->why, why);
	if (!l->nr || offset != l->end) {
		put_range(l);
		l->nr++;
		l->start = offset;
	}
	l->end = offset + len;
}

void bch_losses_put(struct bch_losses *l, struct bch_buf *out)
{
	put_range(l);
	bch_buf_put(out, "lost bytes %s", bch_buf_str(&l->text));
	if (l->nr > RANGES_NAMED_MAX)
		bch_buf_put(out, " and %" PRIu64 " more ranges", l->nr - RANGES_NAMED_MAX);
	bch_buf_put(out, ": %s", bch_buf_str(&l->why));
}
