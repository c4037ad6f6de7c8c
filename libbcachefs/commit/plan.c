// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The plan of a commit: which nodes are written and where, and all derived keys. Format reference: 02 §10.5.
 *
 * Where nodes are is itself told by keys, in btrees whose nodes are then replaced too. So the derived keys are made
 * from the plan, the plan from the keys, again and again, until neither changes.
 */

#include "commit/private.h"

#define ROUNDS_MAX 64

/* ------------------------------------------------------------------ from the keys to the plan */

static int touch_changes(struct bch_plan *plan, enum bch_change_kind kind, u8 btree_id)
{
	const struct bch_change *c = bch_change_first(plan->fs, kind, btree_id, BCH_POS_MIN);
	int err = 0;

	for (; c && !err; c = bch_change_next(c))
		err = bch_plan_touch(plan, btree_id, 0, c->k.pos);
	return err;
}

/* What only the journal holds goes into nodes too: it is not needed afterwards. */
static int touch_replayed(struct bch_plan *plan)
{
	struct bch_key k;
	u8 btree_id, level;
	size_t at = 0;
	int err = 0;

	while (!err && bch_btree_overlay_next(plan->fs, &at, &btree_id, &level, &k))
		if (level <= bch_btree_root(plan->fs, btree_id).level)
			err = bch_plan_touch(plan, btree_id, level, k.pos);
	return err;
}

/* Nodes that are to be written anew as they are. */
static int touch_touched(struct bch_plan *plan)
{
	const struct bch_touch *t;
	int err = 0;

	for (size_t i = 0; !err && (t = bch_change_touched(plan->fs, i)); i++)
		err = bch_plan_touch(plan, t->btree_id, t->level, t->pos);
	return err;
}

/* Btrees of which the leaves alone are known get nodes above them; without a root a btree would be forgotten. */
static int touch_scanned(struct bch_plan *plan)
{
	int err = 0;

	for (u8 id = 0; id < BCH_BTREE_ID_MAX && !err; id++) {
		struct bch_btree_root root = bch_btree_root(plan->fs, id);

		if (root.state == BCH_ROOT_SCANNED || root.state == BCH_ROOT_LOST)
			err = bch_plan_touch(plan, id, root.level, BCH_POS_MIN);
	}
	return err;
}

static int place_pieces(struct bch_plan *plan, struct bch_group *g)
{
	int err = 0;

	for (size_t i = 0; i < g->nr_pieces && !err; i++) {
		if (g->pieces.v[i].nr_ptrs)
			continue;
		plan->changed = true;
		err = bch_space_node(plan->w->space, g->pieces.v[i].ptrs, &g->pieces.v[i].nr_ptrs);
	}
	return err;
}

/* Leaves of a btree lie together, then what is above them. */
static int place_btree(struct bch_plan *plan, u8 btree_id)
{
	struct bch_plan_btree *b = &plan->btrees[btree_id];
	int err = 0;

	for (u32 level = 0; level <= b->root_level && !err; level++)
		for (size_t i = 0; i < b->levels[level].a.nr && !err; i++)
			err = place_pieces(plan, &b->levels[level].a.v[i]);
	return err;
}

static int lay_out_all(struct bch_plan *plan, enum bch_change_kind kind)
{
	int err = 0;

	for (u8 id = 0; id < BCH_BTREE_ID_MAX && !err; id++) {
		if (id == BCH_BTREE_accounting && plan->w->counters_in_journal)
			continue;
		err = touch_changes(plan, kind, id);
		if (!err && plan->btrees[id].touched)
			err = bch_plan_layout(plan, id);
		if (!err && plan->btrees[id].touched)
			err = place_btree(plan, id);
	}
	return err;
}

/* ------------------------------------------------------------------ from the plan to the keys */

static int add_node(struct bch_plan *plan, const struct bch_group *g, bool added,
		    const struct bch_node_key *key)
{
	const struct bch_node_change n = { g->btree_id, g->level, added, key->k };
	int err = bch_array_push(&plan->node_keys.a, *key);

	return err ? err : bch_array_push(&plan->nodes.a, n);
}

static int add_nodes(struct bch_plan *plan, const struct bch_group *g)
{
	struct bch_node_key key;
	int err = 0;

	for (size_t i = 0; i < g->old.nr && !err; i++)
		err = add_node(plan, g, false, &g->old.v[i]);
	for (size_t i = 0; i < g->nr_pieces && !err; i++) {
		bch_piece_key(&g->pieces.v[i], bch_piece_min(g, i), &key);
		err = add_node(plan, g, true, &key);
	}
	return err;
}

static int collect_nodes(struct bch_plan *plan)
{
	int err = 0;

	plan->nodes.a.nr = plan->node_keys.a.nr = 0;
	for (u32 id = 0; id < BCH_BTREE_ID_MAX; id++)
		for (u32 level = 0; level < BCH_BTREE_DEPTH_MAX; level++)
			for (size_t i = 0; i < plan->btrees[id].levels[level].a.nr && !err; i++)
				err = add_nodes(plan, &plan->btrees[id].levels[level].a.v[i]);
	for (size_t i = 0; i < plan->nodes.a.nr; i++) /* they have stopped moving */
		plan->nodes.a.v[i].ptr.val.p = plan->node_keys.a.v[i].val;
	return err;
}

static int derive(struct bch_plan *plan)
{
	int err = collect_nodes(plan);
	const struct bch_derive_opts opts = {
		.journal_seq = plan->seq,
		.clock = { plan->fs->state.clock[0], plan->fs->state.clock[1] },
		.nodes = plan->nodes.a.v,
		.nr_nodes = plan->nodes.a.nr,
	};

	return err ? err : bch_derive(plan->fs, &opts);
}

int bch_plan_make(struct bch_plan *plan)
{
	int err = touch_replayed(plan);

	if (!err)
		err = touch_touched(plan);
	if (!err)
		err = touch_scanned(plan);
	if (!err)
		err = lay_out_all(plan, BCH_CHANGE_GIVEN);
	for (u32 round = 0; !err && round < ROUNDS_MAX; round++) {
		err = derive(plan);
		plan->changed = false;
		if (!err)
			err = lay_out_all(plan, BCH_CHANGE_DERIVED);
		if (!err && !plan->changed)
			return 0;
	}
	return err ? err
		   : bch_error_whole(plan->fs->ctx, -BCH_ERR_no_space,
				     "the space for metadata cannot be settled");
}
