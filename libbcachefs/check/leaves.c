// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Leaves that no pointer leads to any more: found on the devices, and put where they are missing. Format reference: 02
 * §12.3; 07 §5.4.
 *
 * Each rewrite of a node leaves the old one where it was. One that is current lies in a bucket of nodes, and has a
 * backpointer; one without is old where another has one, and its keys would come back from the dead. Where these btrees
 * themselves cannot be read nothing tells, and the newer of two counts.
 */

#include "check/nodes.h"

#include <stdlib.h>

#include "alloc/alloc.h"
#include "ondisk/data_types.h"
#include "ondisk/key_backpointer.h"
#include "super/super.h"

bool bch_check_is_rebuilt(u8 btree_id)
{
	switch (btree_id) {
	case BCH_BTREE_alloc:
	case BCH_BTREE_backpointers:
	case BCH_BTREE_need_discard:
	case BCH_BTREE_freespace:
	case BCH_BTREE_bucket_gens:
	case BCH_BTREE_lru:
	case BCH_BTREE_accounting:
		return true;
	default:
		return false;
	}
}

/* Where a leaf ended that is lost, as its backpointer says. */
struct lost_leaf {
	u8 btree_id;
	struct bch_pos max;
};

struct search {
	struct bch_check *c;
	struct bch_tree *trees;
	bool any; /* leaves without a backpointer too, but not in place of what is lost */
	struct {
		BCH_ARRAY(struct lost_leaf) a;
	} lost;
};

/* ------------------------------------------------------------------ is it current? */

/* Is all of the btree there, so that what it does not hold is not? */
static bool is_sound(const struct search *s, u8 btree_id)
{
	const struct bch_tree *t = &s->trees[btree_id];

	return !t->is_broken && !t->stays &&
	       bch_btree_root(s->c->fs, btree_id).state == BCH_ROOT_PRESENT;
}

/* Sets the copy's generation. 1, 0 where it lies in no bucket of nodes, or an error. */
static int check_bucket(const struct search *s, struct bch_ptr *p)
{
	const struct bch_key_dev *dev = &s->c->key_fs.devs[p->dev_idx];
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_alloc a;
	struct bch_key k;
	int more;

	if (!is_sound(s, BCH_BTREE_alloc))
		return 1;
	more = bch_check_key(s->c, BCH_BTREE_alloc,
			     bch_pos(p->dev_idx, p->offset_sectors / dev->bucket_sectors), &cur,
			     &k);
	if (more <= 0 || bch_alloc_get(&k, s->c->version, &a) != BCH_KEY_VALID)
		return more < 0 ? more : 0;
	p->gen = a.gen;
	return a.data_type == BCH_DATA_btree;
}

static void make_key(const struct bch_found_leaf *leaf, const struct bch_range *range,
		     struct bch_node_key *key)
{
	const struct bch_node_ptr ptr = {
		.seq = leaf->cookie,
		.nr_sectors = leaf->nr_sectors,
		.range_updated = bch_pos_compare(range->min, leaf->min) ||
				 bch_pos_compare(range->max, leaf->max),
		.min = range->min,
	};

	key->k = (struct bch_key){ .pos = range->max, .type = BCH_KEY_btree_ptr_v2 };
	key->k.val.len = bch_node_ptr_put(&ptr, leaf->copies, leaf->nr_copies, key->val);
}

/* Of how many copies there is a backpointer that knows them, and that has them where they are. */
struct backpointed {
	u32 nr_known, nr_own;
};

static int find_backpointers(const struct search *s, const struct bch_found_leaf *leaf,
			     struct backpointed *of)
{
	const struct bch_range range = { leaf->min, leaf->max };
	struct bch_backpointer want, have;
	struct bch_backpointers w;
	struct bch_node_key key;
	struct bch_key ptr, k;
	struct bch_pos at;

	*of = (struct backpointed){ 0 };
	make_key(leaf, &range, &key);
	ptr = bch_node_key_get(&key);
	w = bch_backpointers_of(&s->c->key_fs, s->c->version, leaf->btree_id, 1, &ptr);
	while (bch_backpointers_next(&w, &at, &want)) {
		struct bch_cursor cur bch_auto(cursor) = { 0 };
		int more = bch_check_key(s->c, BCH_BTREE_backpointers, at, &cur, &k);

		if (more < 0)
			return more;
		if (!more || k.type != BCH_KEY_backpointer)
			continue;
		bch_backpointer_get(&k, s->c->version, &have);
		if (have.btree_id != want.btree_id || have.level != want.level)
			continue;
		of->nr_known++;
		of->nr_own += !bch_pos_compare(have.pos, want.pos);
	}
	return 0;
}

/* Is there one of the first @nr copies on the same device? One may be left where a node was moved to. */
static bool has_copy_on(const struct bch_found_leaf *leaf, u32 nr, u8 dev_idx)
{
	for (u32 i = 0; i < nr; i++)
		if (leaf->copies[i].dev_idx == dev_idx)
			return true;
	return false;
}

/* Is it known that there was another where it is? */
static bool is_older(const struct search *s, const struct bch_found_leaf *leaf)
{
	for (size_t i = 0; i < s->lost.a.nr; i++)
		if (s->lost.a.v[i].btree_id == leaf->btree_id &&
		    bch_pos_compare(s->lost.a.v[i].max, leaf->min) >= 0 &&
		    bch_pos_compare(s->lost.a.v[i].max, leaf->max) <= 0)
			return true;
	return false;
}

/* A bucket that is said to hold something else does hold what a backpointer has there. */
static int is_copy_current(const struct search *s, const struct bch_found_leaf *leaf,
			   struct bch_ptr *p)
{
	struct bch_found_leaf one = *leaf;
	struct backpointed of;
	int good = check_bucket(s, p), err;

	if (good || !is_sound(s, BCH_BTREE_backpointers))
		return good;
	one.copies[0] = *p;
	one.nr_copies = 1;
	err = find_backpointers(s, &one, &of);
	return err ? err : of.nr_own > 0;
}

/* Leaves the copies that may be current. 1, 0 where there are none, or an error. */
static int is_current(const struct search *s, struct bch_found_leaf *leaf)
{
	struct backpointed of;
	u32 nr = 0;
	int err;

	for (u32 i = 0; i < leaf->nr_copies; i++) {
		struct bch_ptr p = leaf->copies[i];
		int good = is_copy_current(s, leaf, &p);

		if (good < 0)
			return good;
		if (good && !has_copy_on(leaf, nr, p.dev_idx))
			leaf->copies[nr++] = p;
	}
	leaf->nr_copies = nr;
	if (!nr || !is_sound(s, BCH_BTREE_backpointers))
		return nr > 0;
	if (s->any)
		return !is_older(s, leaf);
	err = find_backpointers(s, leaf, &of);
	return err ? err : of.nr_known > 0;
}

/* ------------------------------------------------------------------ put in */

int bch_tree_insert(struct bch_tree *t, const struct bch_tree_leaf *leaf)
{
	size_t low = 0, high = t->leaves.a.nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (bch_pos_compare(t->leaves.a.v[mid].max, leaf->min) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return bch_array_insert(&t->leaves.a, low, *leaf);
}

/* Does it stay where it is? Not where nothing tells whether that place is its own, or another node goes from there. */
static int may_stay(const struct search *s, const struct bch_found_leaf *found)
{
	struct backpointed of;
	int err;

	if (!found->good || found->journal_seq > s->c->fs->state.seq ||
	    !is_sound(s, BCH_BTREE_backpointers))
		return 0;
	err = find_backpointers(s, found, &of);
	return err ? err : of.nr_own == found->nr_copies;
}

/* What is there has no part in what is lost, so it is not put in twice. */
static int put_leaf(const struct search *s, const struct bch_found_leaf *found)
{
	struct bch_tree *t = &s->trees[found->btree_id];
	struct bch_tree_leaf leaf = { .seq = found->seq, .usable = true };
	struct bch_range range;
	int err, stays;

	if (!bch_ranges_find(&t->lost, found->min, found->max, &range))
		return 0;
	leaf.min = range.min;
	leaf.max = range.max;
	make_key(found, &range, &leaf.ptr);
	stays = may_stay(s, found);
	if (stays < 0)
		return stays;
	leaf.changed = !stays || bch_pos_compare(range.min, found->min) ||
		       bch_pos_compare(range.max, found->max);
	err = bch_tree_insert(t, &leaf);
	return err ? err : bch_ranges_remove(&t->lost, range.min, range.max);
}

static int compare_age(const void *l, const void *r)
{
	const struct bch_found_leaf *a = l, *b = r;

	if (a->seq != b->seq)
		return a->seq > b->seq ? -1 : 1;
	if (a->journal_seq != b->journal_seq)
		return a->journal_seq > b->journal_seq ? -1 : 1;
	return a->cookie < b->cookie ? -1 : a->cookie > b->cookie;
}

static int put_current(const struct search *s, struct bch_found_leaves *found)
{
	int err = 0;

	for (size_t i = 0; i < found->a.nr && !err; i++) {
		int current = is_current(s, &found->a.v[i]);

		err = current <= 0 ? current : put_leaf(s, &found->a.v[i]);
	}
	return err;
}

static int take_backpointer(struct search *s, const struct bch_key *k)
{
	struct bch_backpointer bp;
	struct bch_range range;

	if (k->type != BCH_KEY_backpointer)
		return 0;
	bch_backpointer_get(k, s->c->version, &bp);
	if (bp.level != 1 || bp.btree_id >= BCH_BTREE_ID_MAX ||
	    !bch_ranges_find(&s->trees[bp.btree_id].lost, bp.pos, bp.pos, &range))
		return 0;
	return bch_array_push(&s->lost.a, ((struct lost_leaf){ bp.btree_id, bp.pos }));
}

/* Finds which leaves are lost; where others are missing their backpointers are. */
static int find_lost(struct search *s)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(s->c, BCH_BTREE_backpointers, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more : take_backpointer(s, &k);
	return err;
}

/* An old leaf of operations has those that were ended long ago: to end them again would take from what files have now. */
static bool is_searched(u8 btree_id)
{
	return !bch_check_is_rebuilt(btree_id) && btree_id != BCH_BTREE_logged_ops;
}

static bool is_any_lost(const struct search *s)
{
	for (u8 id = 0; id < BCH_BTREE_ID_MAX; id++)
		if (s->trees[id].lost.a.nr && !s->trees[id].stays && is_searched(id))
			return true;
	return false;
}

/* The newest first: it has what it covers. */
static int put_all(struct search *s, struct bch_found_leaves *found)
{
	int err;

	if (found->a.nr)
		qsort(found->a.v, found->a.nr, sizeof(*found->a.v), compare_age);
	err = put_current(s, found);
	if (err || !is_sound(s, BCH_BTREE_backpointers) || !is_any_lost(s))
		return err;
	err = find_lost(s);
	s->any = true;
	return err ? err : put_current(s, found);
}

int bch_check_find_leaves(struct bch_check *c, struct bch_tree *trees)
{
	struct search s = { .c = c, .trees = trees };
	struct bch_found_leaves found = { 0 };
	u64 wanted = 0;
	int err = 0;

	for (u8 id = 0; id < BCH_BTREE_ID_MAX; id++)
		if (trees[id].is_broken && !trees[id].stays && trees[id].lost.a.nr &&
		    is_searched(id))
			wanted |= 1ULL << id;
	if (wanted)
		err = bch_btree_find_leaves(c->fs, wanted, &found);
	if (!err)
		err = put_all(&s, &found);
	bch_array_end(&found.a);
	bch_array_end(&s.lost.a);
	return err;
}
