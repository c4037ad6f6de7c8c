// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lru against alloc keys. Format reference: 06 §5, §14.4; 07 §4.6.
 *
 * The two are in different orders: first the sums of hashes of what is there and of what should be are compared, and only
 * where they differ each entry is looked up.
 */

#include "check/alloc_private.h"
#include "codec/codec.h"
#include "ondisk/passes.h"

#define LRU_SHIFT	 48
#define LRU_STRIPES	 ((u64)65534) /* of stripes: since 1.23 */
#define BUCKET_MASK	 (((u64)1 << LRU_SHIFT) - 1)
#define VERSION_DEV_LRUS BCH_VERSION(1, 39)

static bool has_lru(const struct bch_check *c)
{
	return bch_alloc_is_checked(c) && c->version < VERSION_DEV_LRUS;
}

static u64 lru_of(const struct bch_key *k)
{
	return k->pos.inode >> LRU_SHIFT;
}

/* The bucket's time in an lru; 0: it is not in it. */
static u64 time_in(const struct bch_check *c, u64 lru, u32 dev_idx, const struct bch_alloc *a)
{
	if (lru == BCH_LRU_FRAGMENTATION)
		return bch_alloc_fragmentation(a, c->key_fs.devs[dev_idx].bucket_sectors);
	return lru == dev_idx && a->data_type == BCH_DATA_cached ? a->io_time[0] & BCH_IO_TIME_MAX
								 : 0;
}

static struct bch_pos entry_pos(u64 lru, u64 time, u64 dev_idx, u64 bucket)
{
	return bch_pos(lru << LRU_SHIFT | time, dev_idx << LRU_SHIFT | bucket);
}

/* Each alloc key of a bucket that exists, until @fn returns an error. */
static int each_bucket(struct bch_check *c, void *arg,
		       int (*fn)(struct bch_check *c, void *arg, struct bch_pos pos,
				 struct bch_alloc *a))
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_alloc, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_alloc a;
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k))) {
		if (more < 0)
			return more;
		if (bch_alloc_exists(c, k.pos.inode, k.pos.offset) &&
		    bch_alloc_get(&k, c->version, &a) == BCH_KEY_VALID)
			err = fn(c, arg, k.pos, &a);
	}
	return err;
}

/* ------------------------------------------------------------------ do they differ? */

struct sums {
	u8 key[16];
	u64 sum;
	bool differs;
};

static u64 hash(const struct sums *s, struct bch_pos pos)
{
	const u64 place[2] = { pos.inode, pos.offset };

	return bch_siphash(s->key, place, sizeof(place));
}

static int add_bucket(struct bch_check *c, void *arg, struct bch_pos pos, struct bch_alloc *a)
{
	const u64 lrus[] = { pos.inode, BCH_LRU_FRAGMENTATION };
	struct sums *s = arg;

	for (u32 i = 0; i < bch_array_size(lrus); i++) {
		u64 time = time_in(c, lrus[i], (u32)pos.inode, a);

		if (time)
			s->sum += hash(s, entry_pos(lrus[i], time, pos.inode, pos.offset));
	}
	s->differs |= a->data_type == BCH_DATA_cached && !a->io_time[0];
	return 0;
}

static int compare_sums(struct bch_check *c)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_lru, BCH_POS_MIN, BCH_SPOS_MAX);
	struct sums s = { 0 };
	struct bch_key k;
	int more, err;

	bch_random(s.key, sizeof(s.key));
	err = each_bucket(c, &s, add_bucket);
	if (err)
		return err;
	while ((more = bch_check_walk_next(&w, &k)) > 0)
		if (lru_of(&k) != LRU_STRIPES)
			s.sum -= hash(&s, k.pos);
	c->lru_differs = s.differs || s.sum;
	return more;
}

/* ------------------------------------------------------------------ entries that should not be */

static int check_entry(struct bch_check *c, const struct bch_key *k)
{
	u64 dev_idx = k->pos.offset >> LRU_SHIFT, bucket = k->pos.offset & BUCKET_MASK;
	struct bch_alloc a;
	int more, yes;

	if (!bch_alloc_exists(c, dev_idx, bucket)) {
		yes = bch_problem_key(c, BCH_FSCK_lru_entry_to_invalid_bucket, BCH_BTREE_lru, k,
				      "lru key points to nonexistent device:bucket %" PRIu64
				      ":%" PRIu64,
				      dev_idx, bucket);
	} else {
		u64 want;

		more = bch_alloc_read(c, (u32)dev_idx, bucket, &a);
		want = time_in(c, lru_of(k), (u32)dev_idx, &a);
		if (more < 0 || (want && want == (k->pos.inode & BUCKET_MASK)))
			return more < 0 ? more : 0;
		yes = bch_problem_key(c, BCH_FSCK_lru_entry_bad, BCH_BTREE_lru, k,
				      "incorrect lru entry: lru %" PRIu64 " time %" PRIu64
				      ", should be %" PRIu64,
				      lru_of(k), (u64)(k->pos.inode & BUCKET_MASK), want);
	}
	return yes > 0 ? bch_repair_set(c, BCH_BTREE_lru, k->pos, 0, false) : yes;
}

int bch_check_lrus(struct bch_check *c)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_lru, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = has_lru(c) ? compare_sums(c) : 0;

	while (!err && c->lru_differs && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more : lru_of(&k) == LRU_STRIPES ? 0 : check_entry(c, &k);
	return err;
}

/* ------------------------------------------------------------------ entries that are missing */

static int check_read_time(struct bch_check *c, struct bch_pos pos, struct bch_alloc *a)
{
	int yes;

	if (a->data_type != BCH_DATA_cached || a->io_time[0])
		return 0;
	yes = bch_problem(c, BCH_FSCK_alloc_key_cached_but_read_time_zero,
			  "cached bucket %" PRIu64 ":%" PRIu64 " with read_time 0", pos.inode,
			  pos.offset);
	if (yes <= 0)
		return yes;
	a->io_time[0] = c->fs->state.clock[0] ? c->fs->state.clock[0] : 1;
	return bch_alloc_repair(c, (u32)pos.inode, pos.offset, a);
}

static int check_in_lru(struct bch_check *c, u64 lru, struct bch_pos bucket,
			const struct bch_alloc *a)
{
	u64 time = time_in(c, lru, (u32)bucket.inode, a);
	struct bch_pos pos = entry_pos(lru, time, bucket.inode, bucket.offset);
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;
	int more = time ? bch_check_key(c, BCH_BTREE_lru, pos, &cur, &k) : 1, yes;

	if (more)
		return more < 0 ? more : 0;
	yes = bch_problem(c, BCH_FSCK_alloc_key_to_missing_lru_entry,
			  "missing lru entry: bucket %" PRIu64 ":%" PRIu64 " lru %" PRIu64
			  " time %" PRIu64,
			  bucket.inode, bucket.offset, lru, time);
	return yes > 0 ? bch_repair_set(c, BCH_BTREE_lru, pos, 0, true) : yes;
}

static int check_bucket(struct bch_check *c, void *arg, struct bch_pos pos, struct bch_alloc *a)
{
	int err = check_read_time(c, pos, a);

	if (!err)
		err = check_in_lru(c, pos.inode, pos, a);
	return err ? err : check_in_lru(c, BCH_LRU_FRAGMENTATION, pos, a);
}

int bch_check_alloc_to_lru_refs(struct bch_check *c)
{
	bool alone = c->opts->passes && !(c->opts->passes >> BCH_PASS_check_lrus & 1);
	int err = has_lru(c) && alone ? compare_sums(c) : 0;

	return err || !c->lru_differs ? err : each_bucket(c, NULL, check_bucket);
}
