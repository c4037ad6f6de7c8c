// SPDX-License-Identifier: GPL-2.0-or-later
/* Buckets whose contents change: their alloc keys, and the indexes of these. Format reference: 06 §2 to §5, §9.3. */

#include "alloc/derive.h"

#include "super/super.h"

#define GENS_PER_KEY 256

/* From here on the times and flags are set when a bucket is begun, not whenever it grows: 06 §2.6. */
#define VERSION_ONLY_BEGUN BCH_VERSION(1, 20)

/* One bucket on its way. */
struct bucket {
	struct bch_derive *d;
	u32 dev_idx;
	u64 nr;
	struct bch_alloc old, a; /* as its indexes have it, and as it will be */
};

/* ------------------------------------------------------------------ its key */

static int read_alloc(struct bch_derive *d, struct bch_pos pos, unsigned flags, struct bch_alloc *a)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;
	int more = bch_derive_find(d->fs, BCH_BTREE_alloc, pos, flags, &cur, &k);

	*a = (struct bch_alloc){ 0 };
	if (more > 0)
		(void)bch_alloc_get(&k, d->version, a);
	return more < 0 ? more : 0;
}

static int inconsistent(const struct bucket *b, const char *what)
{
	return bch_error_whole(b->d->fs->ctx, -BCH_ERR_alloc_inconsistent,
			       "device %u bucket %" PRIu64
			       ": %s do not fit the keys that lead there; run fsck",
			       b->dev_idx, b->nr, what);
}

static bool change(u32 *sum, u32 gone, u32 come)
{
	s64 v = (s64)*sum - gone + come;

	if (v < 0 || v > BCH_U32_MAX)
		return false;
	*sum = (u32)v;
	return true;
}

static bool change_sums(struct bch_alloc *a, const struct bch_recount_bucket *gone,
			const struct bch_recount_bucket *come)
{
	return change(&a->dirty_sectors, gone->dirty_sectors, come->dirty_sectors) &&
	       change(&a->cached_sectors, gone->cached_sectors, come->cached_sectors) &&
	       change(&a->stripe_sectors, gone->stripe_sectors, come->stripe_sectors);
}

static bool is_empty(u8 data_type)
{
	return data_type == BCH_DATA_free || data_type == BCH_DATA_need_gc_gens ||
	       data_type == BCH_DATA_need_discard;
}

static u64 total(const struct bch_alloc *a)
{
	return (u64)a->dirty_sectors + a->cached_sectors + a->stripe_sectors;
}

static bool discards(const struct bch_derive *d, u32 dev_idx)
{
	struct bch_member m;

	return bch_super_member(&d->fs->super, dev_idx, &m) && bch_member_DISCARD(&m);
}

/* Data of two kinds must not share a bucket; cached and striped data are a user's. */
static u8 kind_of(u8 data_type)
{
	return data_type == BCH_DATA_cached || data_type == BCH_DATA_stripe ? BCH_DATA_user
									    : data_type;
}

static bool kinds_clash(const struct bch_alloc *a, const struct bch_recount_bucket *come)
{
	return come->hint && total(a) && !is_empty(a->data_type) &&
	       kind_of(a->data_type) != kind_of(come->hint);
}

/* Time and flags of a bucket that grew; the generation of one that became empty. 06 §9.3. */
static void settle(struct bucket *b, u8 hint)
{
	struct bch_alloc *a = &b->a;
	bool begun = is_empty(b->old.data_type);
	bool grew = total(a) > total(&b->old) && (begun || b->d->version < VERSION_ONLY_BEGUN);

	if (grew) {
		a->need_inc_gen = a->need_discard = true;
		for (unsigned rw = 0; rw < 2; rw++)
			a->io_time[rw] = b->d->opts->clock[rw] ? b->d->opts->clock[rw] : 1;
	}
	a->data_type = bch_alloc_data_type(a, hint, b->d->version);
	if (!total(a) && !a->stripe && !begun && a->need_inc_gen) {
		a->gen++;
		a->need_inc_gen = false;
		a->need_discard = discards(b->d, b->dev_idx);
		a->journal_seq_nonempty = a->journal_seq_empty = 0;
	}
	a->data_type = bch_alloc_data_type(a, a->data_type, b->d->version);
	if (a->data_type == BCH_DATA_cached && !a->io_time[0])
		a->io_time[0] = b->d->opts->clock[0] ? b->d->opts->clock[0] : 1;
}

static int put_alloc(struct bucket *b)
{
	u8 val[BCH_ALLOC_V4_LEN];
	const struct bch_key k = {
		.pos = bch_pos(b->dev_idx, b->nr),
		.type = BCH_KEY_alloc_v4,
		.val = { val, sizeof(val) },
	};

	bch_alloc_put(&b->a, b->d->version, val);
	return bch_derive_put(b->d, BCH_BTREE_alloc, &k);
}

/* ------------------------------------------------------------------ the indexes of alloc keys */

/* A place in freespace: generations that ran far lie behind. */
static u64 freespace_offset(const struct bucket *b, const struct bch_alloc *a)
{
	return b->nr | (u64)(bch_alloc_gc_gen(a) >> 4) << 56;
}

static int index_freespace(struct bucket *b)
{
	bool was = b->old.data_type == BCH_DATA_free, is = b->a.data_type == BCH_DATA_free;
	u64 from = freespace_offset(b, &b->old), to = freespace_offset(b, &b->a);
	int err = 0;

	if (was && !(is && from == to))
		err = bch_derive_freespace(b->d, b->dev_idx, from, false);
	if (!err && is && !(was && from == to))
		err = bch_derive_freespace(b->d, b->dev_idx, to, true);
	return err;
}

static int index_need_discard(struct bucket *b)
{
	bool was = b->old.data_type == BCH_DATA_need_discard;
	bool is = b->a.data_type == BCH_DATA_need_discard;

	return was == is ? 0
			 : bch_derive_set(b->d, BCH_BTREE_need_discard, bch_pos(b->dev_idx, b->nr),
					  is);
}

static int move_in_lru(struct bucket *b, u64 lru_id, u64 from, u64 to)
{
	u64 place = (u64)b->dev_idx << 48 | b->nr;
	int err = 0;

	if (from == to)
		return 0;
	if (from)
		err = bch_derive_set(b->d, BCH_BTREE_lru, bch_pos(lru_id << 48 | from, place),
				     false);
	if (!err && to)
		err = bch_derive_set(b->d, BCH_BTREE_lru, bch_pos(lru_id << 48 | to, place), true);
	return err;
}

static u64 read_time(const struct bch_alloc *a)
{
	return a->data_type == BCH_DATA_cached ? a->io_time[0] & BCH_IO_TIME_MAX : 0;
}

static int index_lru(struct bucket *b)
{
	u16 bucket_sectors = b->d->new->key_fs.devs[b->dev_idx].bucket_sectors;
	int err = move_in_lru(b, b->dev_idx, read_time(&b->old), read_time(&b->a));

	return err ? err
		   : move_in_lru(b, BCH_LRU_FRAGMENTATION,
				 bch_alloc_fragmentation(&b->old, bucket_sectors),
				 bch_alloc_fragmentation(&b->a, bucket_sectors));
}

static int index_gen(struct bucket *b)
{
	struct bch_pos pos = bch_pos(b->dev_idx, b->nr / GENS_PER_KEY);
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	u8 gens[GENS_PER_KEY] = { 0 };
	struct bch_key k;
	int more;

	if (b->a.gen == b->old.gen)
		return 0;
	more = bch_derive_find(b->d->fs, BCH_BTREE_bucket_gens, pos, 0, &cur, &k);
	if (more < 0)
		return more;
	if (more)
		memcpy(gens, k.val.p, k.val.len < sizeof(gens) ? k.val.len : sizeof(gens));
	bch_cursor_end(&cur);
	gens[b->nr % GENS_PER_KEY] = b->a.gen;
	k = (struct bch_key){ .pos = pos,
			      .type = BCH_KEY_bucket_gens,
			      .val = { gens, sizeof(gens) } };
	return bch_derive_put(b->d, BCH_BTREE_bucket_gens, &k);
}

static int index_all(struct bucket *b)
{
	int err = index_freespace(b);

	if (!err)
		err = index_need_discard(b);
	if (!err)
		err = index_lru(b);
	if (!err)
		err = index_gen(b);
	if (!err)
		err = bch_recount_count_alloc(b->d->old, b->dev_idx, &b->old);
	return err ? err : bch_recount_count_alloc(b->d->new, b->dev_idx, &b->a);
}

/* ------------------------------------------------------------------ all buckets */

/* An alloc key that was put quietly was put with its indexes and counters; else these are those of the committed one. */
static unsigned indexed_view(const struct bch_derive *d, struct bch_pos pos)
{
	const struct bch_change *c =
		bch_change_first(d->fs, BCH_CHANGE_GIVEN, BCH_BTREE_alloc, pos);

	return c && c->quiet && !bch_pos_compare(c->k.pos, pos) ? BCH_CURSOR_GIVEN
								: BCH_CURSOR_COMMITTED;
}

static int derive_bucket(struct bch_derive *d, u32 dev_idx, u64 nr,
			 const struct bch_recount_bucket *gone,
			 const struct bch_recount_bucket *come)
{
	struct bucket b = { .d = d, .dev_idx = dev_idx, .nr = nr };
	struct bch_pos pos = bch_pos(dev_idx, nr);
	int err = read_alloc(d, pos, indexed_view(d, pos), &b.old);

	if (!err)
		err = read_alloc(d, pos, BCH_CURSOR_GIVEN, &b.a);
	if (err)
		return err;
	if (!change_sums(&b.a, gone, come))
		return inconsistent(&b, "sectors of its alloc key");
	if (kinds_clash(&b.old, come) && b.old.dirty_sectors > gone->dirty_sectors)
		return inconsistent(&b, "data of another type");
	if (come->stripe != gone->stripe) {
		b.a.stripe = come->stripe;
		b.a.stripe_redundancy = come->stripe_redundancy;
	}
	settle(&b, come->hint && total(&b.a) ? come->hint : b.a.data_type);
	err = put_alloc(&b);
	return err ? err : index_all(&b);
}

/* An alloc key that is given changes its bucket, whatever leads there. */
static int take_given(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
		      const struct bch_key *new)
{
	struct bch_recount_bucket *b;

	return bch_recount_bucket(d->new, new->pos.inode, new->pos.offset, &b);
}

int bch_derive_buckets(struct bch_derive *d)
{
	static const struct bch_recount_bucket nothing;
	struct bch_recount_bucket *b, *also;
	u32 dev_idx = 0;
	u64 nr = 0;
	int err = bch_derive_each(d, BCH_BTREE_alloc, take_given);

	for (; !err && (b = bch_recount_bucket_next(d->new, &dev_idx, &nr)); nr++) {
		also = bch_recount_bucket_find(d->old, dev_idx, nr);
		err = derive_bucket(d, dev_idx, nr, also ? also : &nothing, b);
	}
	dev_idx = 0;
	nr = 0;
	for (; !err && (b = bch_recount_bucket_next(d->old, &dev_idx, &nr)); nr++)
		if (!bch_recount_bucket_find(d->new, dev_idx, nr))
			err = derive_bucket(d, dev_idx, nr, b, &nothing);
	return err;
}
