// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The check of all btree nodes: each is read once, before anything else is looked at. Format reference: 07 §4.2, §5.
 *
 * A node that is wrong in itself is written anew without what is wrong. Where the tree above leaves is broken, the btree
 * becomes its leaves (BCH_ROOT_SCANNED): those that are named and those that are found, and holes where there is none.
 * The commit then makes the nodes above them.
 */

#include "check/nodes.h"

#include <stdlib.h>

#include "base/memory.h"
#include "super/super.h"

/* ------------------------------------------------------------------ what is left is lost */

static bool is_to_be_made(const struct bch_tree *t)
{
	return t->is_broken && !t->stays;
}

static void say_lost(struct bch_tree *t, const struct bch_range *r)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	bch_buf_puts(&line, "btree ");
	bch_btree_name_put(&line, t->btree_id, t->c->version);
	bch_buf_puts(&line, ": keys are lost from ");
	bch_pos_put(&line, r->min);
	bch_buf_puts(&line, " to ");
	bch_pos_put(&line, r->max);
	bch_log(t->c->ctx, BCH_LOG_warn, "%s", bch_buf_str(&line));
}

/* Nothing was found of the whole btree. */
static int check_found_nothing(struct bch_tree *t)
{
	struct bch_buf name bch_auto(buf) = { 0 };
	int yes;

	if (!is_to_be_made(t) || !t->is_lost || t->leaves.a.nr || bch_check_is_rebuilt(t->btree_id))
		return 0;
	bch_btree_name_put(&name, t->btree_id, t->c->version);
	yes = bch_problem(t->c, BCH_FSCK_btree_root_unreadable_and_scan_found_nothing,
			  "no nodes found for btree %s", bch_buf_str(&name));
	t->stays = !yes;
	return yes < 0 ? yes : 0;
}

/* No node is of one position alone: that belongs to a neighbour. */
static int close_gap(struct bch_tree *t, struct bch_pos pos)
{
	struct bch_tree_leaf *before = NULL, *behind = NULL;

	for (size_t i = 0; i < t->leaves.a.nr; i++) {
		struct bch_tree_leaf *leaf = &t->leaves.a.v[i];

		if (bch_pos_compare(leaf->max, pos) < 0)
			before = leaf;
		else if (!behind)
			behind = leaf;
	}
	if (before) {
		before->max = pos;
		before->changed = true;
	} else if (behind) {
		behind->min = pos;
		behind->changed = true;
	}
	return before || behind ? bch_ranges_remove(&t->lost, pos, pos) : 0;
}

static int close_gaps(struct bch_tree *t)
{
	int err = 0;

	for (size_t i = t->lost.a.nr; i-- && !err;)
		if (!bch_pos_compare(t->lost.a.v[i].min, t->lost.a.v[i].max))
			err = close_gap(t, t->lost.a.v[i].min);
	return err;
}

/* An empty leaf takes the place of each lost one. */
static int put_holes(struct bch_tree *t)
{
	int err = close_gaps(t);

	if (err)
		return err;
	for (size_t i = 0; i < t->lost.a.nr; i++) {
		const struct bch_range *r = &t->lost.a.v[i];
		const struct bch_node_ptr ptr = { .min = r->min };
		struct bch_tree_leaf hole = { .min = r->min, .max = r->max, .changed = true };

		if (!bch_check_is_rebuilt(t->btree_id)) {
			t->c->lost_data |= 1ULL << t->btree_id;
			say_lost(t, r);
		}
		hole.ptr.k = (struct bch_key){ .pos = r->max, .type = BCH_KEY_btree_ptr_v2 };
		hole.ptr.k.val.len = bch_node_ptr_put(&ptr, NULL, 0, hole.ptr.val);
		err = bch_tree_insert(t, &hole);
		if (err)
			return err;
	}
	return 0;
}

/* ------------------------------------------------------------------ the btrees as they are now */

/* The leaf's pointer with the range that it has now. */
static void update_ptr(struct bch_tree_leaf *leaf)
{
	struct bch_extent_walk w;
	struct bch_key k = bch_node_key_get(&leaf->ptr);
	struct bch_ptr ptrs[BCH_NODE_PTRS_MAX];
	struct bch_node_ptr ptr;
	struct bch_extent_ptr p;
	u32 nr = 0;

	if (!leaf->changed || bch_node_ptr_is_hole(&k))
		return;
	(void)bch_node_ptr_get(&k, &ptr);
	ptr.min = leaf->min;
	ptr.range_updated = true;
	w = bch_extent_walk(&k, NULL);
	while (nr < BCH_NODE_PTRS_MAX && bch_extent_ptr_next(&w, &p))
		ptrs[nr++] = p.ptr;
	leaf->ptr.k = (struct bch_key){ .pos = leaf->max, .type = BCH_KEY_btree_ptr_v2 };
	leaf->ptr.k.val.len = bch_node_ptr_put(&ptr, ptrs, nr, leaf->ptr.val);
}

/* All that is not on disk as it should be is written with the next commit; something is, so that there is one. */
static int touch(struct bch_tree *t)
{
	int err = 0;

	for (size_t i = 0; i < t->leaves.a.nr && !err; i++)
		if (t->leaves.a.v[i].changed || t->leaves.a.nr == 1)
			err = bch_change_touch(t->c->fs, t->btree_id, 0, t->leaves.a.v[i].max);
	t->c->repaired = true;
	t->c->nr_repairs++;
	return err;
}

/* One leaf is the root, and one hole is none. */
static int set_root(struct bch_tree *t)
{
	struct bch_key k = bch_node_key_get(&t->leaves.a.v[0].ptr);

	if (!bch_node_ptr_is_hole(&k))
		return bch_btree_root_set(t->c->fs, t->btree_id, 0, &k);
	bch_btree_root_clear(t->c->fs, t->btree_id);
	return 0;
}

static int add_leaves(struct bch_tree *t, struct bch_key_overlay *overlay)
{
	int err = 0;

	for (size_t i = 0; i < t->leaves.a.nr && !err; i++) {
		struct bch_key k;

		update_ptr(&t->leaves.a.v[i]);
		k = bch_node_key_get(&t->leaves.a.v[i].ptr);
		err = bch_key_overlay_add(overlay, t->btree_id, 1, &k);
	}
	return err;
}

static int set_leaves(struct bch_check *c, struct bch_tree *trees)
{
	struct bch_key_overlay *overlay = bch_key_overlay_new();
	u64 scanned = 0;
	int err = overlay ? 0 : -BCH_ERR_no_memory;

	for (u8 id = 0; id < BCH_BTREE_ID_MAX && !err; id++) {
		struct bch_tree *t = &trees[id];

		if (!is_to_be_made(t))
			continue;
		err = add_leaves(t, overlay);
		if (!err)
			err = touch(t);
		if (!err && t->leaves.a.nr == 1)
			err = set_root(t);
		else
			scanned |= 1ULL << id;
	}
	if (err) {
		bch_key_overlay_free(overlay);
		return err;
	}
	bch_key_overlay_seal(overlay);
	bch_btrees_set_leaves(c->fs, overlay, scanned);
	return 0;
}

/* ------------------------------------------------------------------ all */

static int check_trees(struct bch_check *c, struct bch_tree *trees)
{
	bool any = false;
	int err = 0;

	for (u8 id = 0; id < BCH_BTREE_ID_MAX && !err; id++) {
		trees[id].c = c;
		trees[id].btree_id = id;
		err = bch_check_tree(&trees[id]);
		any |= is_to_be_made(&trees[id]);
	}
	if (err || !any)
		return err;
	err = bch_check_find_leaves(c, trees);
	for (u8 id = 0; id < BCH_BTREE_ID_MAX && !err; id++) {
		err = check_found_nothing(&trees[id]);
		if (!err && is_to_be_made(&trees[id]))
			err = put_holes(&trees[id]);
	}
	return err ? err : set_leaves(c, trees);
}

int bch_check_nodes(struct bch_check *c)
{
	struct bch_tree *trees = bch_calloc(BCH_BTREE_ID_MAX, sizeof(*trees));
	int err = trees ? check_trees(c, trees) : -BCH_ERR_no_memory;

	for (u8 id = 0; trees && id < BCH_BTREE_ID_MAX; id++)
		bch_tree_end(&trees[id]);
	free(trees);
	c->nodes_are_good = !err && !c->counts.a.nr && !c->nr_repairs;
	bch_btree_nodes_judged(c->fs, c->nodes_are_good);
	return err;
}
