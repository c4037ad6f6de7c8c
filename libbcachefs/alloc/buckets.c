// SPDX-License-Identifier: GPL-2.0-or-later
/* What a recount knows of buckets. Format reference: 06 §2, §7.2, §9.4, §10; 08 §5. */

#include "alloc/private.h"

#include <stdlib.h>

#include "base/checked.h"
#include "ondisk/sb_sections.h"
#include "super/super.h"

/* Since then a bucket of a stripe that holds nothing counts as lost. */
#define VERSION_EMPTY_IN_STRIPE BCH_VERSION(1, 37)

static u64 place(u32 dev_idx, u64 bucket)
{
	return (u64)dev_idx << 32 | bucket;
}

static bool exists(const struct bch_recount *r, u64 dev_idx, u64 bucket)
{
	const struct bch_key_dev *d;

	if (dev_idx >= BCH_SB_MAX_MEMBERS)
		return false;
	d = &r->key_fs.devs[dev_idx];
	return d->bucket_sectors && bucket >= d->first_bucket && bucket < d->nr_buckets &&
	       bucket <= BCH_U32_MAX;
}

int bch_recount_bucket(struct bch_recount *r, u64 dev_idx, u64 bucket,
		       struct bch_recount_bucket **b)
{
	*b = NULL;
	if (!exists(r, dev_idx, bucket))
		return 0;
	*b = bch_radix_make(&r->buckets, place((u32)dev_idx, bucket));
	return *b ? 0 : -BCH_ERR_no_memory;
}

struct bch_recount_bucket *bch_recount_bucket_find(const struct bch_recount *r, u64 dev_idx,
						   u64 bucket)
{
	return exists(r, dev_idx, bucket) ? bch_radix_get(&r->buckets, place((u32)dev_idx, bucket))
					  : NULL;
}

struct bch_recount_bucket *bch_recount_bucket_next(const struct bch_recount *r, u32 *dev_idx,
						   u64 *bucket)
{
	u64 at = place(*dev_idx, *bucket);
	struct bch_recount_bucket *b = bch_radix_next(&r->buckets, &at);

	*dev_idx = (u32)(at >> 32);
	*bucket = at & BCH_U32_MAX;
	return b;
}

/* ------------------------------------------------------------------ what is marked */

static void add(u32 *sum, u64 nr_sectors)
{
	if (!bch_add(*sum, nr_sectors, sum))
		*sum = BCH_U32_MAX;
}

/* Of what must not be together nodes have the bucket, whatever came first. */
static bool is_stronger(u8 data_type, u8 than)
{
	return !than || (than == BCH_DATA_cached && data_type != BCH_DATA_cached) ||
	       (data_type == BCH_DATA_btree && than != BCH_DATA_sb && than != BCH_DATA_journal);
}

void bch_recount_mark(struct bch_recount_bucket *b, u32 *sum, u64 nr_sectors, u8 data_type)
{
	add(sum, nr_sectors);
	if (is_stronger(data_type, b->hint))
		b->hint = data_type;
}

int bch_recount_alloc_key(struct bch_recount *r, const struct bch_key *k)
{
	struct bch_recount_bucket *b;
	struct bch_alloc a;
	int err;

	if (bch_alloc_get(k, r->version, &a) != BCH_KEY_VALID)
		return 0;
	err = bch_recount_bucket(r, k->pos.inode, k->pos.offset, &b);
	if (err || !b)
		return err;
	b->has_key = true;
	b->gen = a.gen;
	b->oldest_gen = a.oldest_gen;
	b->need_discard = a.need_discard;
	b->stored_type = a.data_type;
	/* where these lie is known on the member alone */
	if ((a.data_type == BCH_DATA_sb || a.data_type == BCH_DATA_journal) &&
	    !r->fs->members[k->pos.inode].blkdev)
		bch_recount_mark(b, &b->dirty_sectors, a.dirty_sectors, a.data_type);
	return 0;
}

/* Sectors from @start to @end hold a superblock or its layout. */
static int mark_sb(struct bch_recount *r, u32 dev_idx, u64 start, u64 end)
{
	const struct bch_key_dev *d = &r->key_fs.devs[dev_idx];
	u32 bucket_sectors = d->bucket_sectors;
	u64 dev_end = d->nr_buckets * bucket_sectors;
	int err = 0;

	if (end > dev_end)
		end = dev_end;
	while (!err && start < end) {
		u64 bucket = start / bucket_sectors;
		u64 stop =
			(bucket + 1) * bucket_sectors < end ? (bucket + 1) * bucket_sectors : end;
		struct bch_recount_bucket *b;

		err = bch_recount_bucket(r, dev_idx, bucket, &b);
		if (!err && b)
			bch_recount_mark(b, &b->dirty_sectors, stop - start, BCH_DATA_sb);
		start = stop;
	}
	return err;
}

static int mark_superblocks(struct bch_recount *r, u32 dev_idx, const struct bch_sb_layout *layout)
{
	u64 nr_sectors = 1ULL << layout->sb_max_size_bits;
	int err = 0;

	for (u32 i = 0; i < layout->nr_superblocks && !err; i++) {
		u64 start = le64_get(layout->sb_offset[i]);

		if (start == BCH_SB_SECTOR)
			err = mark_sb(r, dev_idx, 0, BCH_SB_SECTOR);
		if (!err)
			err = mark_sb(r, dev_idx, start, start + nr_sectors);
	}
	return err;
}

static int mark_journal(struct bch_recount *r, u32 dev_idx, const struct bch_super *super)
{
	u16 bucket_sectors = r->key_fs.devs[dev_idx].bucket_sectors;
	struct bch_bucket_range *ranges;
	struct bch_recount_bucket *b;
	int err;
	u32 nr;

	err = bch_super_journal(super, &ranges, &nr);
	if (err)
		return err;
	for (u32 i = 0; i < nr && !err; i++)
		for (u64 n = 0; n < ranges[i].nr && !err; n++) {
			err = bch_recount_bucket(r, dev_idx, ranges[i].start + n, &b);
			if (!err && b)
				bch_recount_mark(b, &b->dirty_sectors, bucket_sectors,
						 BCH_DATA_journal);
		}
	free(ranges);
	return err;
}

int bch_recount_mark_members(struct bch_recount *r)
{
	int err = 0;

	for (u32 i = 0; i < r->fs->nr_members && !err; i++) {
		const struct bch_fs_member *m = &r->fs->members[i];

		if (!m->blkdev || !r->key_fs.devs[i].bucket_sectors)
			continue;
		err = mark_superblocks(r, i, &m->super.sb->layout);
		if (!err)
			err = mark_journal(r, i, &m->super);
	}
	return err;
}

/* ------------------------------------------------------------------ what follows */

struct bch_alloc bch_recount_alloc(const struct bch_recount *r, const struct bch_recount_bucket *b)
{
	struct bch_alloc a = {
		.dirty_sectors = b->dirty_sectors,
		.cached_sectors = b->cached_sectors,
		.stripe_sectors = b->stripe_sectors,
		.stripe = b->stripe,
		.stripe_redundancy = b->stripe_redundancy,
		.gen = b->gen,
		.oldest_gen = b->oldest_gen,
		.need_discard = b->need_discard,
		.data_type = b->stored_type,
	};

	a.data_type = bch_alloc_data_type(&a, b->hint, r->version);
	return a;
}

static int count(struct bch_recount *r, u32 dev_idx, u8 data_type, u64 nr_buckets, u64 nr_sectors,
		 u64 nr_fragmented)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_dev_data_type,
					     .dev_idx = (u8)dev_idx,
					     .data_type = data_type };
	const s64 v[BCH_ACCOUNTING_COUNTERS_MAX] = { (s64)nr_buckets, (s64)nr_sectors,
						     (s64)nr_fragmented };

	return nr_buckets ? bch_counters_add(&r->counters, &what, v) : 0;
}

/* Room in the bucket that is lost while what it holds stays. */
static u64 fragmented(const struct bch_recount *r, u32 dev_idx, u8 data_type, u64 nr_sectors)
{
	u32 bucket_sectors = r->key_fs.devs[dev_idx].bucket_sectors;
	bool in_stripe = data_type == BCH_DATA_stripe && r->version >= VERSION_EMPTY_IN_STRIPE;

	if (!nr_sectors && !in_stripe)
		return 0;
	return nr_sectors < bucket_sectors ? bucket_sectors - nr_sectors : 0;
}

int bch_recount_count_alloc(struct bch_recount *r, u32 dev_idx, const struct bch_alloc *a)
{
	u64 nr_sectors = a->data_type == BCH_DATA_cached
				 ? a->cached_sectors
				 : (u64)a->dirty_sectors + a->stripe_sectors;
	int err = count(r, dev_idx, a->data_type, 1, nr_sectors,
			fragmented(r, dev_idx, a->data_type, nr_sectors));

	if (!err && a->data_type == BCH_DATA_stripe && a->dirty_sectors &&
	    r->version >= BCH_VERSION_STRIPE_SECTORS)
		err = count(r, dev_idx, BCH_DATA_unstriped, 1, a->dirty_sectors, 0);
	return err;
}

int bch_recount_count_buckets(struct bch_recount *r)
{
	u64 nr_used[BCH_SB_MAX_MEMBERS] = { 0 };
	struct bch_recount_bucket *b;
	u32 dev_idx = 0;
	u64 bucket = 0;
	int err = 0;

	for (; !err && (b = bch_recount_bucket_next(r, &dev_idx, &bucket)); bucket++) {
		struct bch_alloc a = bch_recount_alloc(r, b);

		err = bch_recount_count_alloc(r, dev_idx, &a);
		nr_used[dev_idx]++;
	}
	for (u32 i = 0; !err && i < BCH_SB_MAX_MEMBERS; i++) {
		const struct bch_key_dev *d = &r->key_fs.devs[i];

		if (d->bucket_sectors)
			err = count(r, i, BCH_DATA_free,
				    d->nr_buckets - d->first_bucket - nr_used[i], 0, 0);
	}
	return err;
}
