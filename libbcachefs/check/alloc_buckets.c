// SPDX-License-Identifier: GPL-2.0-or-later
/* Buckets as their alloc keys have them against what leads there. Format reference: 06 §14.2, 07 §4.3. */

#include "check/alloc_private.h"
#include "commit/commit.h"
#include "ondisk/data_types.h"

/* ------------------------------------------------------------------ repair */

int bch_alloc_repair(struct bch_check *c, u32 dev_idx, u64 bucket, const struct bch_alloc *a)
{
	u8 val[BCH_ALLOC_V4_LEN];
	const struct bch_key k = {
		.pos = bch_pos(dev_idx, bucket),
		.type = BCH_KEY_alloc_v4,
		.val = { val, sizeof(val) },
	};

	bch_alloc_put(a, c->version, val);
	return bch_repair(c, BCH_BTREE_alloc, &k, BCH_UPDATE_QUIET);
}

static u64 now(const struct bch_check *c, unsigned rw)
{
	u64 clock = c->fs->state.clock[rw];

	return clock ? clock : 1;
}

/* Flags and times that go with a bucket that was thought to be empty. */
static void begin_bucket(const struct bch_check *c, const struct bch_alloc *was,
			 struct bch_alloc *a)
{
	bool empty = !was->dirty_sectors && !was->cached_sectors && !was->stripe_sectors;

	if (empty && (a->dirty_sectors || a->cached_sectors || a->stripe_sectors))
		a->need_inc_gen = a->need_discard = true;
	for (unsigned rw = 0; rw < 2; rw++)
		if (a->need_discard && !a->io_time[rw])
			a->io_time[rw] = now(c, rw);
	if (a->data_type == BCH_DATA_cached && !a->io_time[0])
		a->io_time[0] = now(c, 0);
	if (bch_alloc_gc_gen(a) >= BCH_GC_GEN_MAX && was->gen != a->gen)
		a->oldest_gen = a->gen;
}

/* ------------------------------------------------------------------ the fields */

/* What is compared: the id, the name in the message, the value. */
static const struct field {
	u32 id;
	const char *name;
	size_t offset;
	u8 size;
} fields[] = {
#define FIELD(id, name)                                                 \
	{                                                               \
		BCH_FSCK_##id, #name, offsetof(struct bch_alloc, name), \
			sizeof(((struct bch_alloc *)0)->name)           \
	}
	FIELD(alloc_key_gen_wrong, gen),
	FIELD(alloc_key_dirty_sectors_wrong, dirty_sectors),
	FIELD(alloc_key_stripe_sectors_wrong, stripe_sectors),
	FIELD(alloc_key_cached_sectors_wrong, cached_sectors),
	FIELD(alloc_key_stripe_wrong, stripe),
	FIELD(alloc_key_stripe_redundancy_wrong, stripe_redundancy),
#undef FIELD
};

static u32 value(const struct bch_alloc *a, const struct field *f)
{
	const u8 *p = (const u8 *)a + f->offset;
	u32 v;

	if (f->size == 1)
		return *p;
	memcpy(&v, p, sizeof(v));
	return v;
}

static void set(struct bch_alloc *a, const struct field *f, u32 v)
{
	u8 *p = (u8 *)a + f->offset;

	if (f->size == 1)
		*p = (u8)v;
	else
		memcpy(p, &v, sizeof(v));
}

static void put_type(struct bch_buf *out, u8 data_type)
{
	bch_buf_choice(out, bch_data_type_names, data_type);
}

static int check_type(struct bch_check *c, const struct bch_recount_difference *d,
		      struct bch_alloc *a)
{
	struct bch_buf have bch_auto(buf) = { 0 }, want bch_auto(buf) = { 0 };
	int yes;

	if (d->stored_alloc.data_type == d->counted_alloc.data_type)
		return 0;
	put_type(&have, d->stored_alloc.data_type);
	put_type(&want, d->counted_alloc.data_type);
	yes = bch_problem(c, BCH_FSCK_alloc_key_data_type_wrong,
			  "bucket %u:%" PRIu64 " gen %u has wrong data_type: got %s, should be %s",
			  d->dev_idx, d->bucket, d->stored_alloc.gen, bch_buf_str(&have),
			  bch_buf_str(&want));
	if (yes > 0)
		a->data_type = d->counted_alloc.data_type;
	return yes;
}

static int check_field(struct bch_check *c, const struct bch_recount_difference *d,
		       const struct field *f, struct bch_alloc *a)
{
	struct bch_buf type bch_auto(buf) = { 0 };
	u32 have = value(&d->stored_alloc, f), want = value(&d->counted_alloc, f);
	int yes;

	if (have == want)
		return 0;
	put_type(&type, d->counted_alloc.data_type);
	yes = bch_problem(c, f->id,
			  "bucket %u:%" PRIu64
			  " gen %u data type %s has wrong %s: got %u, should be %u",
			  d->dev_idx, d->bucket, d->stored_alloc.gen, bch_buf_str(&type), f->name,
			  have, want);
	if (yes > 0)
		set(a, f, want);
	return yes;
}

/* A bucket that does not exist is none of ours: its key goes in check_alloc_info. */
static bool exists(const struct bch_check *c, const struct bch_recount_difference *d)
{
	const struct bch_key_dev *dev = &c->key_fs.devs[d->dev_idx];

	return dev->bucket_sectors && d->bucket >= dev->first_bucket && d->bucket < dev->nr_buckets;
}

/* The fields belong together: where one was refused, the key stays as it is. */
static int take_bucket(void *arg, const struct bch_recount_difference *d)
{
	struct bch_check *c = arg;
	struct bch_alloc a = d->stored_alloc;
	int yes;

	if (d->dev_idx >= BCH_SB_MAX_MEMBERS || !exists(c, d))
		return 0;
	yes = check_type(c, d, &a);
	for (size_t i = 0; i < bch_array_size(fields) && yes >= 0; i++) {
		int also = check_field(c, d, &fields[i], &a);

		yes = also < 0 ? also : yes | also;
	}
	if (yes <= 0 || bch_alloc_data_type(&a, a.data_type, c->version) != a.data_type)
		return yes < 0 ? yes : 0;
	begin_bucket(c, &d->stored_alloc, &a);
	return bch_alloc_repair(c, d->dev_idx, d->bucket, &a);
}

int bch_alloc_check_buckets(struct bch_check *c)
{
	return bch_recount_compare_buckets(c->alloc->recount, take_bucket, c);
}
