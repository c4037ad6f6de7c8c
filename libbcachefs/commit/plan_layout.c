// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many nodes replace a group, and where each ends. Format reference: 02 §10.1, §10.3.
 *
 * The format of a part of the keys is never wider than that of all of them, so parts that fit by the format of all fit
 * by their own. A group keeps the number of its pieces, and their places, however often it is laid out: so it comes to
 * an end.
 */

#include "commit/private.h"

/* Of a node's room for keys: what one may fill, and what the parts of one that is split are filled to. */
#define FULL_PERCENT  90
#define SPLIT_PERCENT 67
#define JOIN_PERCENT  50

static size_t room(const struct bch_plan *plan, u32 percent)
{
	return (plan->node_bytes - sizeof(struct btree_node)) / 100 * percent;
}

bool bch_plan_is_derived(u8 btree_id)
{
	switch (btree_id) {
	case BCH_BTREE_alloc:
	case BCH_BTREE_freespace:
	case BCH_BTREE_need_discard:
	case BCH_BTREE_lru:
	case BCH_BTREE_backpointers:
	case BCH_BTREE_bucket_gens:
	case BCH_BTREE_accounting:
	case BCH_BTREE_reflink:
	case BCH_BTREE_subvolume_children:
	case BCH_BTREE_deleted_inodes:
	case BCH_BTREE_rebalance_work:
		return true;
	default:
		return false;
	}
}

/* ------------------------------------------------------------------ one group */

static int set_piece(struct bch_plan *plan, struct bch_group *g, size_t nr, struct bch_pos max)
{
	if (nr == g->pieces.nr) {
		int err = bch_array_push(&g->pieces, ((struct bch_piece){ .max = max }));

		plan->changed = true;
		return err;
	}
	plan->changed |= bch_pos_compare(g->pieces.v[nr].max, max) != 0;
	g->pieces.v[nr].max = max;
	return 0;
}

static size_t key_bytes(const struct bch_key *k, const struct bch_key_format *format)
{
	return format->key_u64s * 8U + k->val.len;
}

/* Cuts the keys into @nr parts of about the same size, each but the last ending with its last key. */
static int cut(struct bch_plan *plan, struct bch_group *g, const struct bch_key_list *l, size_t nr,
	       const struct bch_key_format *format)
{
	size_t piece = 0, bytes = 0;
	int err = 0;

	for (size_t i = 0; i + 1 < l->keys.nr && piece + 1 < nr && !err; i++) {
		bytes += key_bytes(&l->keys.v[i], format);
		if (bytes >= g->bytes * (piece + 1) / nr)
			err = set_piece(plan, g, piece++, l->keys.v[i].pos);
	}
	if (!err)
		err = set_piece(plan, g, piece++, g->max);
	plan->changed |= g->nr_pieces != piece;
	g->nr_pieces = piece;
	return err;
}

static struct bch_key_format format_of(const struct bch_group *g, const struct bch_key_list *l)
{
	struct bch_key_ranges ranges;

	bch_key_ranges_init(&ranges);
	bch_key_ranges_add_pos(&ranges, g->min);
	bch_key_ranges_add_pos(&ranges, g->max);
	for (size_t i = 0; i < l->keys.nr; i++)
		bch_key_ranges_add(&ranges, &l->keys.v[i]);
	return bch_key_format_of(&ranges);
}

static size_t pieces_wanted(const struct bch_plan *plan, const struct bch_group *g)
{
	size_t nr = 1;

	if (g->bytes > room(plan, FULL_PERCENT))
		nr = (g->bytes + room(plan, SPLIT_PERCENT) - 1) / room(plan, SPLIT_PERCENT);
	return nr > g->nr_pieces ? nr : g->nr_pieces;
}

static int lay_out(struct bch_plan *plan, struct bch_group *g, struct bch_key_list *l)
{
	int err = bch_group_keys(plan, g, g->min, g->max, l);
	struct bch_key_format format;

	if (err)
		return err;
	format = format_of(g, l);
	g->bytes = 0;
	for (size_t i = 0; i < l->keys.nr; i++)
		g->bytes += key_bytes(&l->keys.v[i], &format);
	return cut(plan, g, l, pieces_wanted(plan, g), &format);
}

/* ------------------------------------------------------------------ neighbours */

/* Do they lie under one node? Then what they have become may be one. */
static int have_one_parent(struct bch_plan *plan, const struct bch_group *a,
			   const struct bch_group *b)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(plan->fs, a->btree_id, (u8)(a->level + 1), a->max, a->max);
	struct bch_key parent;
	int more = bch_cursor_next(&cur, &parent);

	return more > 0 ? bch_pos_compare(b->max, parent.pos) <= 0 : more;
}

static bool could_join(const struct bch_plan *plan, const struct bch_group *a,
		       const struct bch_group *b)
{
	return a->bytes + b->bytes <= room(plan, JOIN_PERCENT) &&
	       !bch_pos_compare(bch_pos_successor(a->max), b->min);
}

static int join(struct bch_group *a, struct bch_group *b)
{
	int err = 0;

	for (size_t i = 0; i < b->old.nr && !err; i++)
		err = bch_array_push(&a->old, b->old.v[i]);
	a->max = b->max;
	a->bytes += b->bytes;
	a->seq = a->seq > b->seq ? a->seq : b->seq;
	a->pieces.v[0].max = a->max;
	bch_array_end(&b->old);
	bch_array_end(&b->pieces);
	return err;
}

/* Those that have shrunk, with what follows them. Only where nothing in them changes any more. */
static int join_neighbours(struct bch_plan *plan, u8 btree_id, u8 level)
{
	struct bch_plan_btree *b = &plan->btrees[btree_id];
	struct bch_group *v = b->levels[level].a.v;
	size_t i = 0;

	if (level >= bch_btree_root(plan->fs, btree_id).level)
		return 0;
	while (i + 1 < b->levels[level].a.nr) {
		int one = could_join(plan, &v[i], &v[i + 1])
				  ? have_one_parent(plan, &v[i], &v[i + 1])
				  : 0;

		if (one < 0)
			return one;
		if (one) {
			int err = join(&v[i], &v[i + 1]);

			if (err)
				return err;
			bch_array_remove(&b->levels[level].a, i + 1);
		} else {
			i++;
		}
	}
	return 0;
}

/* ------------------------------------------------------------------ the root */

static int add_root(struct bch_plan *plan, u8 btree_id, u8 level)
{
	struct bch_group g = {
		.min = BCH_POS_MIN,
		.max = BCH_SPOS_MAX,
		.btree_id = btree_id,
		.level = level,
		.is_root = true,
		.is_added = true,
	};

	if (level >= BCH_BTREE_DEPTH_MAX)
		return bch_error_whole(plan->fs->ctx, -BCH_ERR_no_space, "btree %s: too deep",
				       bch_btree_names[btree_id]);
	plan->changed = true;
	return bch_array_push(&plan->btrees[btree_id].levels[level].a, g);
}

/* Has the root but one child left? Then that is the root. */
static int has_one_child(struct bch_plan *plan, const struct bch_group *root)
{
	struct bch_children c;
	struct bch_key k;
	int first, second = 0;

	bch_children_begin(&c, plan, root);
	first = bch_children_next(&c, &k);
	if (first > 0)
		second = bch_children_next(&c, &k);
	bch_children_end(&c);
	return first < 0 ? first : second < 0 ? second : first && !second;
}

/* Takes the root away, as long as what is below it is one node that is written anew. */
static int drop_roots(struct bch_plan *plan, u8 btree_id, u8 *level)
{
	struct bch_plan_btree *b = &plan->btrees[btree_id];
	int one = 1;

	while (*level && b->levels[*level - 1].a.nr == 1 && one > 0) {
		struct bch_group *root = &b->levels[*level].a.v[0];

		if (b->levels[*level - 1].a.v[0].nr_pieces > 1)
			return 0;
		one = has_one_child(plan, root);
		if (one > 0) {
			root->nr_pieces = 0;
			b->levels[--*level].a.v[0].is_root = true;
		}
	}
	return one < 0 ? one : 0;
}

/* The top level; one more where the root has become several nodes. */
static int lay_out_root(struct bch_plan *plan, u8 btree_id, u8 level, struct bch_key_list *l)
{
	struct bch_plan_btree *b = &plan->btrees[btree_id];
	int err = 0;

	for (;; level++) {
		if (b->levels[level].a.v[0].nr_pieces < 2)
			break;
		b->levels[level].a.v[0].is_root = false;
		if (!b->levels[level + 1].a.nr)
			err = add_root(plan, btree_id, (u8)(level + 1));
		if (!err)
			err = lay_out(plan, &b->levels[level + 1].a.v[0], l);
		if (err)
			return err;
	}
	b->root_level = level;
	return 0;
}

/* ------------------------------------------------------------------ all levels */

static int lay_out_level(struct bch_plan *plan, u8 btree_id, u8 level, struct bch_key_list *l)
{
	struct bch_plan_btree *b = &plan->btrees[btree_id];
	int err = 0;

	for (size_t i = 0; i < b->levels[level].a.nr && !err; i++)
		err = lay_out(plan, &b->levels[level].a.v[i], l);
	if (!err && !bch_plan_is_derived(btree_id))
		err = join_neighbours(plan, btree_id, level);
	return err;
}

int bch_plan_layout(struct bch_plan *plan, u8 btree_id)
{
	struct bch_key_list l bch_auto(key_list) = { 0 };
	u8 root_level = bch_btree_root(plan->fs, btree_id).level;
	int err = 0;

	if (plan->btrees[btree_id].is_fixed)
		return 0;
	for (u8 level = 0; level <= root_level && !err; level++)
		err = lay_out_level(plan, btree_id, level, &l);
	if (!err && !bch_plan_is_derived(btree_id)) {
		err = drop_roots(plan, btree_id, &root_level);
		plan->btrees[btree_id].is_fixed = true;
	}
	return err ? err : lay_out_root(plan, btree_id, root_level, &l);
}
