// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is stored of backpointers and of counters of inodes, summed by a thread while the scan sums what both follow from.
 *
 * Only where no node had a problem, and only what is as it should be: where anything is not, and where repairs were made
 * since, it counts as not done, and who wants the sums walks the keys itself and tells.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "base/thread_pool.h"
#include "check/alloc_private.h"

struct bch_alloc_stored {
	struct bch_check *c;
	struct bch_radix sums; /* u64 of each bucket, by bch_bucket_place() */
	u64 nr_applied;	       /* repairs before it began */
	u64 place, *sum;       /* the last one */
	bool is_good;
};

/* One more of a bucket's; false where memory is out. */
static bool add(struct bch_alloc_stored *s, u64 place, u64 hash)
{
	if (!s->sum || place != s->place)
		s->sum = bch_radix_make(&s->sums, place);
	s->place = place;
	if (s->sum)
		*s->sum += hash;
	return s->sum;
}

/* Whether one of cached data matters is for who knows the bucket's generation. */
static bool take(struct bch_alloc_stored *s, const struct bch_key *k)
{
	u64 dev_idx = k->pos.inode, bucket;
	struct bch_backpointer bp;

	if (dev_idx >= BCH_SB_MAX_MEMBERS ||
	    !bch_alloc_bucket_of(s->c, (u32)dev_idx, k->pos.offset >> BCH_BACKPOINTER_SHIFT,
				 &bucket) ||
	    bucket > BCH_U32_MAX)
		return false;
	bch_backpointer_get(k, s->c->version, &bp);
	return bp.data_type != BCH_DATA_cached &&
	       add(s, bch_bucket_place((u32)dev_idx, bucket),
		   bch_alloc_hash(s->c->alloc, k->pos, k->val.p, k->val.len));
}

static bool sum_backpointers(struct bch_alloc_stored *s)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(s->c->fs, BCH_BTREE_backpointers, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	bool good = true;
	int more = 1;

	while (good && !bch_cancelled(s->c->ctx) && (more = bch_cursor_next(&cur, &k)) > 0)
		good = k.type != BCH_KEY_backpointer || take(s, &k);
	return good && !more;
}

static void sum(void *arg)
{
	struct bch_alloc_stored *s = arg;

	s->is_good = sum_backpointers(s);
	(void)bch_inums_sum_stored(&s->c->alloc->inums); /* or it is done again */
}

int bch_alloc_stored_begin(struct bch_check *c)
{
	struct bch_alloc_stored *s;

	if (!c->nodes_are_good || c->version > BCH_VERSION_DERIVED_MAX)
		return 0;
	s = bch_calloc(1, sizeof(*s));
	if (!s)
		return -BCH_ERR_no_memory;
	*s = (struct bch_alloc_stored){ .c = c,
					.sums = BCH_RADIX(sizeof(u64)),
					.nr_applied = c->nr_applied };
	c->alloc->stored = s;
	bch_thread_pool_submit(c->pool, sum, s);
	return 0;
}

void bch_alloc_stored_free(struct bch_alloc_stored *s)
{
	if (!s)
		return;
	bch_radix_end(&s->sums);
	free(s);
}

/* Is there something to be told of a bucket? */
static bool all_have_buckets(const struct bch_check *c, const struct bch_alloc_stored *s)
{
	u64 place = 0;

	for (; bch_radix_next(&s->sums, &place); place++) {
		const struct bch_recount_bucket *b =
			bch_alloc_counted(c, (u32)(place >> 32), place & BCH_U32_MAX);

		if (!b || (!b->has_key && !b->hint))
			return false;
	}
	return true;
}

int bch_alloc_stored_take(struct bch_check *c)
{
	const struct bch_alloc_stored *s = c->alloc->stored;
	u64 place = 0, *of_bucket;
	int err = 0;

	if (!s || !s->is_good || s->nr_applied != c->nr_applied || c->queue.a.nr ||
	    !all_have_buckets(c, s))
		return 0;
	for (; !err && (of_bucket = bch_radix_next(&s->sums, &place)); place++) {
		struct bch_bucket_facts *f;

		err = bch_alloc_facts(c, (u32)(place >> 32), place & BCH_U32_MAX, &f);
		if (!err && f)
			bch_alloc_sum_add(f, -*of_bucket);
	}
	bch_progress_add(c->progress, c->nr_nodes[BCH_BTREE_backpointers]);
	return err ? err : 1;
}
