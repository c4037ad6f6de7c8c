// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Backpointers of buckets whose sums differ, one by one: what pointers imply is collected and sorted, for as many buckets
 * at a time as memory is given for, and held against what is stored. Format reference: 06 §14.5, 07 §4.7.
 */

#include <stdlib.h>

#include "base/checked.h"
#include "check/alloc_private.h"
#include "commit/commit.h"

/* Buckets from @from to @to (places, inclusive), and what they should have. */
struct batch {
	struct bch_check *c;
	u64 from, to;
	struct {
		BCH_ARRAY(struct bch_implied) a;
	} implied;
	size_t at; /* what lies before it was compared */
};

/* ------------------------------------------------------------------ what pointers imply */

static bool is_in(const struct batch *b, struct bch_pos at)
{
	const struct bch_bucket_facts *f;
	u64 bucket, place;

	if (!bch_alloc_bucket_of(b->c, (u32)at.inode, at.offset >> BCH_BACKPOINTER_SHIFT, &bucket))
		return false;
	place = bch_bucket_place((u32)at.inode, bucket);
	f = place < b->from || place > b->to ? NULL : bch_radix_get(&b->c->alloc->facts, place);
	return f && f->flags & BCH_BUCKET_DIFFERS;
}

static bool matters(const struct bch_check *c, struct bch_pos at, const struct bch_backpointer *bp)
{
	u64 bucket;

	return bch_alloc_bucket_of(c, (u32)at.inode, at.offset >> BCH_BACKPOINTER_SHIFT, &bucket) &&
	       bch_alloc_bp_matters(c, (u32)at.inode, bucket, bp);
}

static int take_key(struct batch *b, u8 btree_id, u8 level, const struct bch_key *k)
{
	struct bch_backpointers w =
		bch_backpointers_of(&b->c->key_fs, b->c->version, btree_id, level, k);
	struct bch_backpointer bp;
	struct bch_implied implied = { .gone = false };
	int err = 0;

	while (!err && bch_backpointers_next(&w, &implied.at, &bp)) {
		if (!is_in(b, implied.at) || !matters(b->c, implied.at, &bp))
			continue;
		bch_backpointer_put(&bp, b->c->version, implied.val);
		err = bch_array_push(&b->implied.a, implied);
	}
	return err;
}

static bool has_pointers(const struct bch_key *k, u8 level)
{
	return (level && !bch_node_ptr_is_hole(k)) || k->type == BCH_KEY_extent ||
	       k->type == BCH_KEY_reflink_v || k->type == BCH_KEY_stripe;
}

static int take_keys(struct batch *b, struct bch_cursor *cur, u8 btree_id, u8 level)
{
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(cur, &k)))
		err = more < 0			? more
		      : has_pointers(&k, level) ? take_key(b, btree_id, level, &k)
						: 0;
	return err;
}

static int take_leaves(struct batch *b, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		b->c->fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX, BCH_CURSOR_COMMITTED);

	return take_keys(b, &cur, btree_id, 0);
}

static int take_nodes(struct batch *b, u8 btree_id, u8 level)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(b->c->fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);

	return take_keys(b, &cur, btree_id, (u8)(level + 1));
}

static int compare_implied(const void *l, const void *r)
{
	const struct bch_implied *a = l, *b = r;

	return bch_pos_compare(a->at, b->at);
}

static int collect(struct batch *b)
{
	static const u8 leaves[] = { BCH_BTREE_extents, BCH_BTREE_reflink, BCH_BTREE_stripes };
	int err = 0;

	for (u32 i = 0; i < bch_array_size(leaves) && !err; i++)
		err = take_leaves(b, leaves[i]);
	for (u8 id = 0; id < BCH_BTREE_ID_MAX && !err; id++) {
		struct bch_btree_root root = bch_btree_root(b->c->fs, id);

		for (u8 level = 0; level <= root.level && !err; level++)
			err = take_nodes(b, id, level);
	}
	if (!err && b->implied.a.nr)
		qsort(b->implied.a.v, b->implied.a.nr, sizeof(*b->implied.a.v), compare_implied);
	return err;
}

/* ------------------------------------------------------------------ against what is stored */

static struct bch_key key_of(const struct bch_implied *i)
{
	return (struct bch_key){ .pos = i->at,
				 .type = BCH_KEY_backpointer,
				 .val = { i->val, sizeof(i->val) } };
}

/* @got NULL: there is nothing. */
static int tell_missing(struct bch_check *c, const struct bch_implied *want,
			const struct bch_key *got)
{
	struct bch_key k = key_of(want);
	struct bch_buf text bch_auto(buf) = { 0 };
	struct bch_backpointer bp;
	int yes;

	bch_backpointer_get(&k, c->version, &bp);
	if (got)
		bch_check_key_put(c, &text, BCH_BTREE_backpointers, got);
	yes = bch_problem_key(c, BCH_FSCK_ptr_to_missing_backpointer, BCH_BTREE_backpointers, &k,
			      "missing backpointer for btree=%s l=%u\n  got: %s\n  want:",
			      bp.btree_id < BCH_BTREE_NR ? bch_btree_names[bp.btree_id] : "?",
			      bp.level, got ? bch_buf_str(&text) : "deleted");
	return yes > 0 ? bch_repair(c, BCH_BTREE_backpointers, &k, BCH_UPDATE_QUIET) : yes;
}

static int drop_stored(struct bch_check *c, const struct bch_key *k)
{
	const struct bch_key gone = { .pos = k->pos };
	int yes = bch_problem_key(c, BCH_FSCK_backpointer_to_missing_ptr, BCH_BTREE_backpointers, k,
				  "backpointer for missing extent");

	return yes > 0 ? bch_repair(c, BCH_BTREE_backpointers, &gone, BCH_UPDATE_QUIET) : yes;
}

/* Is @k what one of the keys that are @gone, or not, implies? */
static bool has_value(const struct bch_implied *v, size_t nr, const struct bch_key *k, bool gone)
{
	for (size_t i = 0; i < nr; i++)
		if (v[i].gone == gone && k->val.len == sizeof(v[i].val) &&
		    !memcmp(k->val.p, v[i].val, sizeof(v[i].val)))
			return true;
	return false;
}

/* All that is implied at one position against what is there (NULL: nothing). */
static int compare_at(struct batch *b, size_t nr, const struct bch_key *stored)
{
	struct bch_implied *same = &b->implied.a.v[b->at];
	const u8 *val = stored && stored->val.len == BCH_BACKPOINTER_LEN ? stored->val.p : NULL;
	int err = nr > 1 ? bch_alloc_check_duplicates(b->c, same, nr, val) : 0;

	b->at += nr;
	if (!err && stored && has_value(same, nr, stored, false))
		return 0;
	for (size_t i = 0; i < nr && !err; i++)
		if (!same[i].gone)
			return tell_missing(b->c, &same[i], stored);
	/* that of a key which goes goes with it */
	return err || !stored || has_value(same, nr, stored, true) ? err
								   : drop_stored(b->c, stored);
}

/* How many are implied at the next position. */
static size_t nr_same(const struct batch *b)
{
	const struct bch_implied *v = b->implied.a.v;
	size_t nr = 1;

	while (b->at + nr < b->implied.a.nr && !bch_pos_compare(v[b->at].at, v[b->at + nr].at))
		nr++;
	return nr;
}

/* What is implied before @pos and not stored. */
static int pass_missing(struct batch *b, struct bch_pos pos)
{
	int err = 0;

	while (!err && b->at < b->implied.a.nr &&
	       bch_pos_compare(b->implied.a.v[b->at].at, pos) < 0)
		err = compare_at(b, nr_same(b), NULL);
	return err;
}

static int take_stored(struct batch *b, const struct bch_key *k)
{
	struct bch_backpointer bp;
	int err = pass_missing(b, k->pos);

	if (err)
		return err;
	if (b->at < b->implied.a.nr && !bch_pos_compare(b->implied.a.v[b->at].at, k->pos))
		return compare_at(b, nr_same(b), k);
	bch_backpointer_get(k, b->c->version, &bp);
	return matters(b->c, k->pos, &bp) ? drop_stored(b->c, k) : 0;
}

static int compare_bucket(struct batch *b, u64 place)
{
	u64 dev_idx = place >> 32, bucket = place & BCH_U32_MAX;
	u64 bucket_sectors = b->c->key_fs.devs[dev_idx].bucket_sectors;
	struct bch_pos from = bch_pos(dev_idx, bucket * bucket_sectors << BCH_BACKPOINTER_SHIFT);
	struct bch_pos to =
		bch_pos(dev_idx, ((bucket + 1) * bucket_sectors << BCH_BACKPOINTER_SHIFT) - 1);
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(b->c, BCH_BTREE_backpointers, from, to);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more : k.type == BCH_KEY_backpointer ? take_stored(b, &k) : 0;
	return err ? err : pass_missing(b, bch_pos_successor(to));
}

static int compare_buckets(struct batch *b)
{
	struct bch_bucket_facts *f;
	u64 place = b->from;
	int err = 0;

	for (; !err && (f = bch_radix_next(&b->c->alloc->facts, &place)) && place <= b->to; place++)
		if (f->flags & BCH_BUCKET_DIFFERS)
			err = compare_bucket(b, place);
	return err;
}

/* ------------------------------------------------------------------ all */

/* About how many a bucket should have, at most. */
static u64 estimate(const struct bch_check *c, u64 place)
{
	const struct bch_recount_bucket *b = bch_radix_get(&c->alloc->recount->buckets, place);
	u64 nr_sectors = b ? (u64)b->dirty_sectors + b->cached_sectors + b->stripe_sectors : 0;
	u64 block = le16_get(c->fs->super.sb->block_size);

	return 1 + nr_sectors / (block ? block : 1);
}

/* The next buckets from @from on; false where none is left. */
static bool choose(struct batch *b, u64 from)
{
	const struct bch_check *c = b->c;
	u64 place = from, nr = 0, room = bch_check_room(c, sizeof(struct bch_implied));
	struct bch_bucket_facts *f;

	for (; nr < room && (f = bch_radix_next(&c->alloc->facts, &place)); place++) {
		if (!(f->flags & BCH_BUCKET_DIFFERS))
			continue;
		if (!nr)
			b->from = place;
		b->to = place;
		nr += estimate(c, place);
	}
	return nr;
}

int bch_alloc_compare_backpointers(struct bch_check *c)
{
	struct batch b = { .c = c };
	u64 from = 0;
	int err = 0;

	for (; !err && choose(&b, from); from = b.to + 1) {
		b.implied.a.nr = b.at = 0;
		err = collect(&b);
		if (!err)
			err = compare_buckets(&b);
	}
	bch_array_end(&b.implied.a);
	return err;
}
