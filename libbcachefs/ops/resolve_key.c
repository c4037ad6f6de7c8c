// SPDX-License-Identifier: GPL-2.0-or-later
/* Does a key lead to a place on a device? Format reference: 05 §2.3, §7.1. */

#include "ops/resolve_private.h"
#include "ondisk/key_stripe.h"

#define STRIPE_BYTES 8

static bool is_in(u64 sector, u64 start, u64 len)
{
	return sector >= start && sector - start < len;
}

/* What of the key's range the sector is: it alone, or all where it cannot be told. */
static void range_of(const struct bch_key *k, const struct bch_extent_ptr *p, u64 sector, u64 *from,
		     u64 *to)
{
	u64 start = k->size < k->pos.offset ? k->pos.offset - k->size : 0;
	u64 live = p->ptr.offset_sectors + p->crc.offset_sectors;

	*from = start;
	*to = k->pos.offset;
	if (bch_crc_is_compressed(&p->crc) || !is_in(sector, live, k->size))
		return;
	*from = start + (sector - live);
	*to = *from + 1;
}

static bool stripe_leads_to(const struct bch_key *k, const struct bch_place *place)
{
	struct bch_stripe s;
	struct bch_ptr p;

	if (k->val.len < STRIPE_BYTES)
		return false;
	bch_stripe_get(k, &s);
	for (u32 i = 0; i < s.nr_blocks && bch_stripe_block(&s, i, &p); i++)
		if (p.dev_idx == place->dev_idx &&
		    is_in(place->sector, p.offset_sectors, s.block_sectors))
			return true;
	return false;
}

bool bch_key_leads_to(const struct bch_resolver *r, const struct bch_key *k, u8 level,
		      const struct bch_place *place, u64 *from, u64 *to)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &r->fs->super);
	struct bch_extent_ptr p;

	*from = *to = 0;
	if (!level && k->type == BCH_KEY_stripe)
		return stripe_leads_to(k, place);
	while (bch_extent_ptr_next(&walk, &p)) {
		u64 len = level ? r->key_fs.node_sectors : p.crc.compressed_sectors;

		if (p.ptr.dev_idx != place->dev_idx ||
		    !is_in(place->sector, p.ptr.offset_sectors, len))
			continue;
		if (!level)
			range_of(k, &p, place->sector, from, to);
		return true;
	}
	return false;
}
