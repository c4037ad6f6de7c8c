// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of positions, as ranges. */

#include "check/nodes.h"

#include <stdlib.h>

static bool ends_before(const struct bch_range *r, struct bch_pos pos)
{
	return bch_pos_compare(r->max, pos) < 0;
}

/* Number of the first that ends at @pos or behind it. */
static size_t place_of(const struct bch_ranges *ranges, struct bch_pos pos)
{
	size_t low = 0, high = ranges->a.nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (ends_before(&ranges->a.v[mid], pos))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct bch_pos before(struct bch_pos pos)
{
	return bch_pos_compare(pos, BCH_POS_MIN) ? bch_pos_predecessor(pos) : pos;
}

static struct bch_pos behind(struct bch_pos pos)
{
	return bch_pos_compare(pos, BCH_SPOS_MAX) ? bch_pos_successor(pos) : pos;
}

int bch_ranges_add(struct bch_ranges *ranges, struct bch_pos min, struct bch_pos max)
{
	size_t at = place_of(ranges, before(min));

	while (at < ranges->a.nr && bch_pos_compare(ranges->a.v[at].min, behind(max)) <= 0) {
		const struct bch_range *r = &ranges->a.v[at];

		if (bch_pos_compare(r->min, min) < 0)
			min = r->min;
		if (bch_pos_compare(r->max, max) > 0)
			max = r->max;
		bch_array_remove(&ranges->a, at);
	}
	return bch_array_insert(&ranges->a, at, ((struct bch_range){ min, max }));
}

int bch_ranges_remove(struct bch_ranges *ranges, struct bch_pos min, struct bch_pos max)
{
	size_t at = place_of(ranges, min);
	int err = 0;

	while (!err && at < ranges->a.nr && bch_pos_compare(ranges->a.v[at].min, max) <= 0) {
		struct bch_range r = ranges->a.v[at];

		bch_array_remove(&ranges->a, at);
		if (bch_pos_compare(r.min, min) < 0)
			err = bch_array_insert(&ranges->a, at++,
					       ((struct bch_range){ r.min, before(min) }));
		if (!err && bch_pos_compare(r.max, max) > 0)
			err = bch_array_insert(&ranges->a, at++,
					       ((struct bch_range){ behind(max), r.max }));
	}
	return err;
}

bool bch_ranges_find(const struct bch_ranges *ranges, struct bch_pos min, struct bch_pos max,
		     struct bch_range *range)
{
	size_t at = place_of(ranges, min);

	if (at == ranges->a.nr || bch_pos_compare(ranges->a.v[at].min, max) > 0)
		return false;
	*range = ranges->a.v[at];
	if (bch_pos_compare(range->min, min) < 0)
		range->min = min;
	if (bch_pos_compare(range->max, max) > 0)
		range->max = max;
	return true;
}
