// SPDX-License-Identifier: GPL-2.0-or-later
/* Which listed pointers are stale: their buckets were reused. Format reference: 05 §2.9. */

#include "alloc/alloc.h"
#include "ops/list_private.h"

/* What a bucket's generation is asked for is remembered until another bucket takes the place. */
static struct bch_list_gen *place_of(struct bch_list *l, u8 dev_idx, u64 bucket)
{
	return &l->gens[(bucket + dev_idx * 37U) % bch_array_size(l->gens)];
}

static bool find_gen(struct bch_list *l, u8 dev_idx, u64 bucket, u8 *gen)
{
	struct bch_list_gen *g = place_of(l, dev_idx, bucket);
	int err = 0;

	if (l->gens_lost)
		return false;
	if (!g->known || g->dev_idx != dev_idx || g->bucket != bucket) {
		err = bch_bucket_gen(l->fs, dev_idx, bucket, &g->gen);
		g->known = !err;
		g->dev_idx = dev_idx;
		g->bucket = bucket;
	}
	*gen = g->gen;
	if (err) {
		l->gens_lost = true;
		bch_log(l->fs->ctx, BCH_LOG_warn,
			"btree alloc cannot be read: stale pointers are not told from others: %s",
			bch_err_text(err));
	}
	return !err;
}

bool bch_list_is_stale(void *arg, const struct bch_ptr *p)
{
	struct bch_list *l = arg;
	u32 bucket_sectors = l->key_fs.devs[p->dev_idx].bucket_sectors;
	u8 gen;

	return bucket_sectors &&
	       find_gen(l, p->dev_idx, p->offset_sectors / bucket_sectors, &gen) &&
	       (int8_t)(gen - p->gen) > 0;
}
