// SPDX-License-Identifier: GPL-2.0-or-later
/* Recount of stripes. Format reference: 06 §9.5, 08 §9.2. */

#include "alloc/private.h"

#include "ondisk/key_stripe.h"
#include "super/super.h"

/* What bch_stripe_get() wants. */
#define STRIPE_HEADER 8

#define VERSION_REFCOUNT BCH_VERSION(1, 35)

/* The place of @idx, or where it would be. */
static size_t find(const struct bch_recount *r, u64 idx)
{
	size_t lo = 0, hi = r->stripes.nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (r->stripes.v[mid].idx < idx)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static int mark_block(struct bch_recount *r, const struct bch_recount_stripe *s, u32 i)
{
	const struct bch_ptr *p = &s->blocks[i];
	u32 bucket_sectors = r->key_fs.devs[p->dev_idx].bucket_sectors;
	bool parity = i >= (u32)s->nr_blocks - s->nr_redundant;
	struct bch_recount_bucket *b;
	int err;

	if (!bucket_sectors)
		return 0;
	err = bch_recount_bucket(r, p->dev_idx, p->offset_sectors / bucket_sectors, &b);
	if (err || !b)
		return err;
	bch_recount_mark(b, &b->dirty_sectors, parity ? s->block_sectors : 0,
			 parity ? BCH_DATA_parity : BCH_DATA_stripe);
	if (r->version >= VERSION_REFCOUNT) {
		b->stripe++;
	} else {
		b->stripe = (u32)s->idx;
		b->stripe_redundancy = s->nr_redundant;
	}
	return 0;
}

int bch_recount_replicas(struct bch_recount *r, u8 data_type, u8 nr_required, const u8 *devs,
			 u8 nr_devs, s64 nr_sectors)
{
	struct bch_accounting what = { .type = BCH_ACCOUNTING_replicas,
				       .data_type = data_type,
				       .nr_required = nr_required };

	for (u8 i = 0; i < nr_devs && what.nr_devs < BCH_ACCOUNTING_DEVS_MAX; i++) {
		u8 at = what.nr_devs++;

		for (; at > 0 && what.devs[at - 1] > devs[i]; at--)
			what.devs[at] = what.devs[at - 1];
		what.devs[at] = devs[i];
	}
	return bch_recount_add(r, &what, nr_sectors, 0, 0);
}

/* The stripe's devices, all of them needed but the redundant ones. */
static int count_replicas(struct bch_recount *r, const struct bch_recount_stripe *s, u8 data_type,
			  s64 nr_sectors)
{
	u8 devs[BCH_PTRS_MAX];

	for (u8 i = 0; i < s->nr_blocks; i++)
		devs[i] = s->blocks[i].dev_idx;
	return bch_recount_replicas(r, data_type, s->nr_blocks - s->nr_redundant, devs,
				    s->nr_blocks, nr_sectors);
}

static bool get(const struct bch_key *k, struct bch_recount_stripe *s, struct bch_stripe *on_disk)
{
	if (k->val.len < STRIPE_HEADER)
		return false;
	bch_stripe_get(k, on_disk);
	*s = (struct bch_recount_stripe){ .idx = k->pos.offset,
					  .nr_blocks = on_disk->nr_blocks,
					  .nr_redundant = on_disk->nr_redundant,
					  .block_sectors = on_disk->block_sectors };
	if (s->nr_blocks > BCH_PTRS_MAX || s->nr_redundant > s->nr_blocks)
		return false;
	for (u32 i = 0; i < s->nr_blocks; i++)
		if (!bch_stripe_block(on_disk, i, &s->blocks[i]))
			return false;
	return true;
}

static int count_work(struct bch_recount *r, const struct bch_recount_stripe *s)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_reconcile_work,
					     .work = BCH_RECONCILE_WORK_stripes };

	return bch_recount_add(r, &what, (s64)s->nr_blocks * s->block_sectors, 0, 0);
}

int bch_recount_stripe_key(struct bch_recount *r, const struct bch_key *k)
{
	struct bch_recount_stripe s;
	struct bch_stripe on_disk;
	int err;

	if (k->type != BCH_KEY_stripe || !get(k, &s, &on_disk))
		return 0;
	err = bch_array_insert(&r->stripes, find(r, s.idx), s);
	if (!err)
		err = count_replicas(r, &s, BCH_DATA_parity, (s64)s.block_sectors * s.nr_redundant);
	for (u32 i = 0; i < s.nr_blocks && !err; i++)
		err = mark_block(r, &s, i);
	if (!err && on_disk.needs_reconcile && r->version >= BCH_VERSION_RECONCILE)
		err = count_work(r, &s);
	return err;
}

/* Format reference: 08 §9.2. */
static bool lies_in(const struct bch_recount_stripe *s, const struct bch_extent_ptr *p)
{
	const struct bch_ptr *block;

	if (p->stripe.block >= s->nr_blocks - s->nr_redundant)
		return false;
	block = &s->blocks[p->stripe.block];
	return block->gen == p->ptr.gen &&
	       (block->dev_idx == p->ptr.dev_idx || block->dev_idx == BCH_PTR_DEV_NONE ||
		p->ptr.dev_idx == BCH_PTR_DEV_NONE) &&
	       p->ptr.offset_sectors >= block->offset_sectors &&
	       p->ptr.offset_sectors - block->offset_sectors < s->block_sectors;
}

const struct bch_recount_stripe *bch_recount_stripe_at(const struct bch_recount *r, u64 idx)
{
	size_t at = find(r, idx);

	return at < r->stripes.nr && r->stripes.v[at].idx == idx ? &r->stripes.v[at] : NULL;
}

const struct bch_recount_stripe *bch_recount_stripe(const struct bch_recount *r,
						    const struct bch_extent_ptr *p)
{
	const struct bch_recount_stripe *s = bch_recount_stripe_at(r, p->stripe.idx);

	return s && lies_in(s, p) ? s : NULL;
}

int bch_recount_in_stripe(struct bch_recount *r, const struct bch_recount_stripe *s, u32 block,
			  s64 nr_sectors)
{
	r->stripes.v[s - r->stripes.v].nr_sectors[block] += nr_sectors;
	return count_replicas(r, s, BCH_DATA_user, nr_sectors);
}
