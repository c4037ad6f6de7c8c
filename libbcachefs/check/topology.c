// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shape of one btree: its root, and children that tile each node. Format reference: 02 §12.1, §12.2; 07 §5.1.
 *
 * A level after the other is walked, from the root down. Of a btree in which nodes above the leaves are lost or do not
 * fit, nothing is mended there: its leaves are what it is, and they get new nodes above them.
 */

#include "check/nodes.h"

#include <stdio.h>
#include <stdlib.h>

#include "super/super.h"

void bch_tree_end(struct bch_tree *t)
{
	bch_array_end(&t->leaves.a);
	bch_array_end(&t->lost.a);
}

/* ------------------------------------------------------------------ texts */

static void put_btree(struct bch_buf *out, const struct bch_tree *t)
{
	bch_btree_name_put(out, t->btree_id, t->c->version);
}

/* "... at btree inodes level 1:", and the pointer. */
static int tell_of_ptr(struct bch_tree *t, u32 id, u8 level, const char *what,
		       const struct bch_key *ptr)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_put(&text, "%s at btree ", what);
	put_btree(&text, t);
	bch_buf_put(&text, " level %u", level);
	return bch_problem_key(t->c, id, t->btree_id, ptr, "%s", bch_buf_str(&text));
}

static int tell_of_root(struct bch_tree *t, u32 id, const char *what, const char *more)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	put_btree(&name, t);
	return bch_problem(t->c, id, "%s %s%s", what, bch_buf_str(&name), more);
}

static int tell_of_gap(struct bch_tree *t, u8 level, u32 id, struct bch_pos min, struct bch_pos max)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_put(&text, "btree node with incorrect %s_key at btree ",
		    id == BCH_FSCK_btree_node_topology_bad_max_key ? "max" : "min");
	put_btree(&text, t);
	bch_buf_put(&text, " level %u:\n  no node from ", level + 1);
	bch_pos_put(&text, min);
	bch_buf_puts(&text, " to ");
	bch_pos_put(&text, max);
	return bch_problem(t->c, id, "%s", bch_buf_str(&text));
}

/* ------------------------------------------------------------------ what is repaired */

static int lose(struct bch_tree *t, struct bch_pos min, struct bch_pos max)
{
	t->is_broken = true;
	return bch_ranges_add(&t->lost, min, max);
}

/* Of a problem whose repair loses [min, max] at @level. @yes: the answer, or an error. */
static int take_answer(struct bch_tree *t, int yes, u8 level, struct bch_pos min,
		       struct bch_pos max)
{
	if (yes > 0)
		return lose(t, min, max);
	t->stays |= !yes && level > 0;
	return yes;
}

/* What is on a member that is not there is not lost. */
static int refuse_absent(struct bch_tree *t)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	put_btree(&name, t);
	return bch_error_whole(t->c->ctx, -BCH_ERR_btree_node_read_failed,
			       "btree %s: a node is on a member that is missing",
			       bch_buf_str(&name));
}

/* ------------------------------------------------------------------ tiles */

static int nr_keys_between(struct bch_tree *t, const struct bch_tree_leaf *leaf, struct bch_pos min,
			   struct bch_pos max, size_t *nr)
{
	struct bch_key ptr = bch_node_key_get(&leaf->ptr);
	const struct bch_btree_node *node;
	int err = bch_btree_node_get(t->c->fs, t->btree_id, 0, &ptr, &node);
	size_t first, behind;

	if (err)
		return err;
	first = bch_btree_node_find(node, min);
	behind = bch_pos_compare(max, BCH_SPOS_MAX)
			 ? bch_btree_node_find(node, bch_pos_successor(max))
			 : node->keys.nr;
	*nr = behind - first;
	bch_btree_node_put(t->c->fs, node);
	return 0;
}

/*
 * Which of two leaves keeps what both cover: the newer, 1 for @b, 0 for @a; but not a newer one that has nothing there
 * from one that has.
 */
static int second_keeps(struct bch_tree *t, const struct bch_tree_leaf *a,
			const struct bch_tree_leaf *b)
{
	size_t nr_a, nr_b;
	int err = nr_keys_between(t, a, b->min, a->max, &nr_a);

	if (!err)
		err = nr_keys_between(t, b, b->min, a->max, &nr_b);
	if (err)
		return err;
	return !nr_a == !nr_b ? b->seq > a->seq : nr_b > 0;
}

static void cut(struct bch_tree_leaf *leaf, struct bch_pos min, struct bch_pos max)
{
	leaf->min = min;
	leaf->max = max;
	leaf->changed = true;
}

/* @a, the last so far, and @b, which begins before @a ends, but ends behind it. 0 or an error. */
static int part(struct bch_tree *t, struct bch_tree_leaf *a, struct bch_tree_leaf *b)
{
	int second = a->usable && b->usable ? second_keeps(t, a, b) : b->usable;
	bool inside = bch_pos_compare(b->min, a->min) <= 0;
	struct bch_key ptr_a = bch_node_key_get(&a->ptr), ptr_b = bch_node_key_get(&b->ptr);
	int yes;

	if (second < 0)
		return second;
	if (second && inside)
		yes = tell_of_ptr(t, BCH_FSCK_btree_node_topology_overwritten_by_next_node, 1,
				  "btree node overwritten by next node", &ptr_a);
	else if (second)
		yes = tell_of_ptr(t, BCH_FSCK_btree_node_topology_bad_max_key, 1,
				  "btree node with incorrect max_key", &ptr_a);
	else
		yes = tell_of_ptr(t, BCH_FSCK_btree_node_topology_bad_min_key, 1,
				  "btree node with incorrect min_key", &ptr_b);
	if (yes < 0)
		return yes;
	t->is_broken |= yes > 0;
	t->stays |= !yes;
	if (second && !inside)
		cut(a, a->min, bch_pos_predecessor(b->min));
	else if (second)
		t->leaves.a.nr--;
	else
		cut(b, bch_pos_successor(a->max), b->max);
	return 0;
}

/* Puts it behind those before it, which it may overlap. */
static int add_leaf(struct bch_tree *t, const struct bch_tree_leaf *leaf)
{
	struct bch_tree_leaf b = *leaf;
	int err = 0;

	while (!err && t->leaves.a.nr) {
		struct bch_tree_leaf *a = &t->leaves.a.v[t->leaves.a.nr - 1];

		if (bch_pos_compare(a->max, b.min) < 0)
			break;
		err = part(t, a, &b);
	}
	return err ? err : bch_array_push(&t->leaves.a, b);
}

/* Nothing covers [min, max]: told, but where something that is known to be lost lies in it. */
static int check_gap(struct bch_tree *t, u8 level, u32 id, struct bch_pos min, struct bch_pos max)
{
	struct bch_range known;

	if (bch_pos_compare(min, max) > 0)
		return 0;
	if (bch_ranges_find(&t->lost, min, max, &known))
		return lose(t, min, max);
	return take_answer(t, tell_of_gap(t, level, id, min, max), level, min, max);
}

/* ------------------------------------------------------------------ a level */

/* Where a walk over the pointers of a level is. */
struct tiling {
	struct bch_tree *t;
	u8 level;
	struct bch_pos next; /* what is not covered yet begins there */
	bool ends;	     /* nothing is left */
};

static int check_empty(struct bch_tree *t, u8 level, const struct bch_key *ptr,
		       const struct bch_checked_node *node)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(t->c->fs, t->btree_id, (u8)(level - 1), node->min, node->max);
	struct bch_key child;
	int more = bch_cursor_next(&cur, &child);

	if (more)
		return more == -BCH_ERR_btree_node_read_failed || more > 0 ? 0 : more;
	return take_answer(t,
			   tell_of_ptr(t, BCH_FSCK_btree_node_topology_interior_node_empty, level,
				       "empty interior btree node", ptr),
			   level, node->min, node->max);
}

static int take_unusable(struct tiling *w, const struct bch_key *ptr,
			 const struct bch_checked_node *node)
{
	struct bch_tree_leaf leaf = { .min = w->next, .max = ptr->pos };
	struct bch_node_ptr p;
	int yes;

	if (node->is_absent)
		return refuse_absent(w->t);
	if (bch_node_ptr_get(ptr, &p) && p.v2)
		leaf.min = p.min;
	yes = tell_of_ptr(w->t, BCH_FSCK_btree_node_unreadable, w->level,
			  "Topology repair: unreadable btree node", ptr);
	if (yes || w->level || ptr->val.len > sizeof(leaf.ptr.val))
		return take_answer(w->t, yes, w->level, leaf.min, leaf.max);
	leaf.ptr.k = *ptr;
	memcpy(leaf.ptr.val, ptr->val.p, ptr->val.len);
	return add_leaf(w->t, &leaf);
}

static int take_usable(struct tiling *w, const struct bch_key *ptr,
		       const struct bch_checked_node *node)
{
	struct bch_tree_leaf leaf = {
		.ptr.k = *ptr, .min = node->min, .max = node->max, .seq = node->seq, .usable = true
	};
	int err = 0;

	if (!w->ends && bch_pos_compare(node->min, w->next) > 0)
		err = check_gap(w->t, w->level, BCH_FSCK_btree_node_topology_bad_min_key, w->next,
				bch_pos_predecessor(node->min));
	if (!err && !w->ends && bch_pos_compare(node->max, w->next) >= 0) {
		w->ends = !bch_pos_compare(node->max, BCH_SPOS_MAX);
		w->next = w->ends ? node->max : bch_pos_successor(node->max);
	}
	if (err || w->level)
		return err ? err : check_empty(w->t, w->level, ptr, node);
	if (ptr->val.len > sizeof(leaf.ptr.val))
		return -BCH_ERR_out_of_range;
	memcpy(leaf.ptr.val, ptr->val.p, ptr->val.len);
	return add_leaf(w->t, &leaf);
}

static int check_child(struct tiling *w, struct bch_node_ahead *ahead)
{
	struct bch_key k = bch_node_key_get(&ahead->ptr), *ptr = &k;
	struct bch_checked_node node;
	int err;

	if (bch_cancelled(w->t->c->ctx))
		return -BCH_ERR_cancelled;
	err = bch_check_node(w->t->c, w->t->btree_id, w->level, w->t->depth, ptr, ahead, &node);
	if (err)
		return err;
	return node.usable ? take_usable(w, ptr, &node) : take_unusable(w, ptr, &node);
}

static int check_level(struct bch_tree *t, u8 level)
{
	struct tiling w = { .t = t, .level = level, .next = BCH_POS_MIN };
	struct bch_nodes_ahead ahead bch_auto(nodes_ahead) = { 0 };
	struct bch_node_ahead *child;
	int more, err = bch_nodes_ahead_begin(&ahead, t->c, t->btree_id, level);

	while (!err && (more = bch_nodes_ahead_next(&ahead, &child))) {
		if (more == -BCH_ERR_btree_node_read_failed)
			continue; /* told a level above */
		err = more < 0 ? more : check_child(&w, child);
	}
	if (!err && !w.ends)
		err = check_gap(t, level, BCH_FSCK_btree_node_topology_bad_max_key, w.next,
				BCH_SPOS_MAX);
	return err;
}

/* ------------------------------------------------------------------ the root */

static int lose_root(struct bch_tree *t, int yes)
{
	t->is_lost = true;
	t->stays = !yes;
	return yes > 0 ? lose(t, BCH_POS_MIN, BCH_SPOS_MAX) : yes;
}

/* A root covers all. One that is a leaf does so from now on, what is missing beside others is a gap. */
static int check_root_range(struct bch_tree *t, const struct bch_key *ptr,
			    struct bch_checked_node *node)
{
	bool bad_min = bch_pos_compare(node->min, BCH_POS_MIN);
	bool bad_max = bch_pos_compare(node->max, BCH_SPOS_MAX);
	int yes = 1;

	if (bad_min)
		yes = tell_of_ptr(t, BCH_FSCK_btree_root_bad_min_key, t->depth,
				  "btree root with incorrect min_key", ptr);
	if (yes > 0 && bad_max)
		yes = tell_of_ptr(t, BCH_FSCK_btree_root_bad_max_key, t->depth,
				  "btree root with incorrect max_key", ptr);
	t->stays |= !yes;
	t->is_broken |= yes > 0 && (bad_min || bad_max);
	return yes < 0 ? yes : 0;
}

static int take_root_leaf(struct bch_tree *t, const struct bch_key *ptr,
			  const struct bch_checked_node *node)
{
	struct bch_tree_leaf leaf = { .ptr.k = *ptr,
				      .min = BCH_POS_MIN,
				      .max = BCH_SPOS_MAX,
				      .seq = node->seq,
				      .usable = true,
				      .changed = true };

	if (!t->is_broken)
		return 0;
	if (ptr->val.len > sizeof(leaf.ptr.val))
		return -BCH_ERR_out_of_range;
	memcpy(leaf.ptr.val, ptr->val.p, ptr->val.len);
	return bch_array_push(&t->leaves.a, leaf);
}

static int check_root(struct bch_tree *t, const struct bch_btree_root *root)
{
	struct bch_checked_node node;
	int err =
		bch_check_node(t->c, t->btree_id, root->level, root->level, &root->k, NULL, &node);
	char more[48];

	if (err)
		return err;
	if (!node.usable && node.is_absent)
		return refuse_absent(t);
	if (!node.usable) {
		snprintf(more, sizeof(more), " l=%u: btree_node_read_error", root->level);
		return lose_root(t, tell_of_root(t, BCH_FSCK_btree_root_read_error,
						 "error reading btree root", more));
	}
	err = check_root_range(t, &root->k, &node);
	if (!err && root->level)
		err = check_empty(t, root->level, &root->k, &node);
	if (!err && !root->level)
		err = take_root_leaf(t, &root->k, &node);
	return err;
}

/* What a lost node was to hold, but a neighbour does, is not lost. */
static int keep_what_is_there(struct bch_tree *t)
{
	int err = 0;

	for (size_t i = 0; i < t->leaves.a.nr && t->lost.a.nr && !err; i++)
		err = bch_ranges_remove(&t->lost, t->leaves.a.v[i].min, t->leaves.a.v[i].max);
	return err;
}

int bch_check_tree(struct bch_tree *t)
{
	struct bch_btree_root root = bch_btree_root(t->c->fs, t->btree_id);
	int err = 0;

	t->depth = root.level;
	if (root.state == BCH_ROOT_LOST)
		return lose_root(t, tell_of_root(t, BCH_FSCK_btree_root_bkey_invalid,
						 "invalid btree root", ""));
	if (root.state != BCH_ROOT_PRESENT)
		return 0;
	err = check_root(t, &root);
	for (u8 level = root.level; !err && level-- && !t->is_lost && !t->stays;)
		err = check_level(t, level);
	return err ? err : keep_what_is_there(t);
}
