// SPDX-License-Identifier: GPL-2.0-or-later
/* Which nodes are replaced: those that hold a changed position, and all above them. Format reference: 02 §10.5 (1). */

#include "commit/private.h"

static int keep_old(struct bch_group *g, const struct bch_key *ptr)
{
	struct bch_node_key copy = { .k = *ptr };

	if (ptr->val.len > sizeof(copy.val))
		return -BCH_ERR_out_of_range;
	memcpy(copy.val, ptr->val.p, ptr->val.len);
	return bch_array_push(&g->old, copy);
}

/* The seq of nodes counts how often a place in the tree was rewritten; the range is the header's where the pointer has none. */
static int look_at_node(struct bch_plan *plan, struct bch_group *g, const struct bch_key *ptr)
{
	const struct bch_btree_node *node;
	struct bch_node_ptr range;
	int err;

	if (bch_node_ptr_is_hole(ptr)) {
		(void)bch_node_ptr_get(ptr, &range);
		g->min = range.min;
		g->max = range.max;
		return 0;
	}
	err = keep_old(g, ptr);
	if (!err)
		err = bch_btree_node_get(plan->fs, g->btree_id, g->level, ptr, &node);
	if (err)
		return err;
	g->seq = node->seq + 1;
	g->min = node->min;
	g->max = node->max;
	bch_btree_node_put(plan->fs, node);
	return 0;
}

static size_t place_of(const struct bch_plan_btree *b, const struct bch_group *g)
{
	size_t at = b->levels[g->level].a.nr;

	while (at && bch_pos_compare(b->levels[g->level].a.v[at - 1].min, g->min) > 0)
		at--;
	return at;
}

static void group_end(struct bch_group *g)
{
	bch_array_end(&g->old);
	bch_array_end(&g->pieces);
}

static int add_group(struct bch_plan *plan, struct bch_group *g)
{
	struct bch_plan_btree *b = &plan->btrees[g->btree_id];
	int err = bch_array_insert(&b->levels[g->level].a, place_of(b, g), *g);

	b->touched = true;
	plan->changed = true;
	return err;
}

/* The root of a btree without nodes is an empty leaf, that of one of which only the leaves are known is above these. */
static int touch_missing_root(struct bch_plan *plan, u8 btree_id, u8 level)
{
	struct bch_group g = {
		.min = BCH_POS_MIN,
		.max = BCH_SPOS_MAX,
		.btree_id = btree_id,
		.level = level,
		.is_root = true,
	};

	return add_group(plan, &g);
}

static int touch_node(struct bch_plan *plan, u8 btree_id, u8 level, struct bch_pos pos)
{
	struct bch_btree_root root = bch_btree_root(plan->fs, btree_id);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(plan->fs, btree_id, level, pos, pos);
	struct bch_group g = { .btree_id = btree_id,
			       .level = level,
			       .is_root = level == root.level };
	struct bch_key ptr;
	int more = bch_cursor_next(&cur, &ptr), err;

	if (more < 0)
		return more;
	if (!more)
		return bch_error_whole(plan->fs->ctx, -BCH_ERR_btree_lost,
				       "btree %s: no node for a position in it; run fsck",
				       bch_btree_names[btree_id]);
	err = look_at_node(plan, &g, &ptr);
	if (!err)
		err = add_group(plan, &g);
	if (err)
		group_end(&g);
	return err;
}

int bch_plan_touch(struct bch_plan *plan, u8 btree_id, u8 level, struct bch_pos pos)
{
	struct bch_btree_root root = bch_btree_root(plan->fs, btree_id);
	int err = 0;

	if (root.state == BCH_ROOT_LOST)
		return bch_error_whole(plan->fs->ctx, -BCH_ERR_btree_lost,
				       "btree %s: its root is lost; run fsck",
				       bch_btree_names[btree_id]);
	for (; level <= root.level && !err; level++) {
		if (bch_plan_group(plan, btree_id, level, pos))
			return 0; /* then all above it are touched too */
		if (level == root.level && root.state != BCH_ROOT_PRESENT)
			err = touch_missing_root(plan, btree_id, level);
		else
			err = touch_node(plan, btree_id, level, pos);
	}
	return err;
}

void bch_plan_end(struct bch_plan *plan)
{
	for (u32 id = 0; id < BCH_BTREE_ID_MAX; id++)
		for (u32 level = 0; level <= BCH_BTREE_DEPTH_MAX; level++) {
			struct bch_plan_btree *b = &plan->btrees[id];

			for (size_t i = 0; i < b->levels[level].a.nr; i++)
				group_end(&b->levels[level].a.v[i]);
			bch_array_end(&b->levels[level].a);
		}
	bch_array_end(&plan->nodes.a);
	bch_array_end(&plan->node_keys.a);
}
