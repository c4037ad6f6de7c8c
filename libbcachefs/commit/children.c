// SPDX-License-Identifier: GPL-2.0-or-later
/* The pointers that an interior node will hold: those of its children, or of what replaces these. */

#include "commit/private.h"

struct bch_group *bch_plan_group(struct bch_plan *plan, u8 btree_id, u8 level, struct bch_pos pos)
{
	struct bch_group *v = plan->btrees[btree_id].levels[level].a.v;
	size_t low = 0, high = plan->btrees[btree_id].levels[level].a.nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (bch_pos_compare(v[mid].max, pos) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < plan->btrees[btree_id].levels[level].a.nr &&
			       bch_pos_compare(v[low].min, pos) <= 0
		       ? &v[low]
		       : NULL;
}

struct bch_pos bch_piece_min(const struct bch_group *g, size_t nr)
{
	return nr ? bch_pos_successor(g->pieces.v[nr - 1].max) : g->min;
}

void bch_piece_key(const struct bch_piece *p, struct bch_pos min, struct bch_node_key *key)
{
	const struct bch_node_ptr ptr = { .seq = p->cookie,
					  .nr_sectors = p->nr_sectors,
					  .min = min };

	key->k = (struct bch_key){ .pos = p->max, .type = BCH_KEY_btree_ptr_v2 };
	key->k.val.len = bch_node_ptr_put(&ptr, p->ptrs, p->nr_ptrs, key->val);
}

void bch_children_begin(struct bch_children *c, struct bch_plan *plan, const struct bch_group *g)
{
	*c = (struct bch_children){
		.plan = plan,
		.group = g,
		.cur = bch_cursor_nodes(plan->fs, g->btree_id, (u8)(g->level - 1), g->min, g->max),
	};
}

/* The next piece of what replaces some children. */
static int give_piece(struct bch_children *c, struct bch_key *k)
{
	bch_piece_key(&c->below->pieces.v[c->piece], bch_piece_min(c->below, c->piece), &c->key);
	*k = bch_node_key_get(&c->key);
	if (++c->piece == c->below->nr_pieces)
		c->piece = 0;
	return 1;
}

/* A new root has no children on disk: they are all pieces of the root that was. */
static int next_of_new_root(struct bch_children *c, struct bch_key *k)
{
	struct bch_group *below = bch_plan_group(c->plan, c->group->btree_id,
						 (u8)(c->group->level - 1), BCH_SPOS_MAX);

	if (c->below && !c->piece)
		return 0;
	c->below = below;
	return give_piece(c, k);
}

int bch_children_next(struct bch_children *c, struct bch_key *k)
{
	struct bch_group *below;
	int more;

	if (c->group->is_added)
		return next_of_new_root(c, k);
	if (c->piece)
		return give_piece(c, k);
	while ((more = bch_cursor_next(&c->cur, k)) > 0) {
		below = bch_plan_group(c->plan, c->group->btree_id, (u8)(c->group->level - 1),
				       k->pos);
		if (!below)
			return 1;
		if (below == c->below)
			continue; /* given with its neighbour */
		c->below = below;
		return give_piece(c, k);
	}
	return more;
}
