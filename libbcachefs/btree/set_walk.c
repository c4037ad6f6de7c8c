// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of one set in the order in which they lie, around what is not a key. Format reference: 02 §11.3, §11.4. */

#include "btree/node.h"

/* These break the key as such, the others its value alone. */
static bool is_generic(int id)
{
	return id >= BCH_FSCK_bkey_u64s_too_small && id <= BCH_FSCK_bkey_after_end_of_btree_node;
}

static int check_range(const struct bch_set_walk *w, const struct bch_key *k)
{
	if (w->any_pos)
		return BCH_KEY_VALID;
	if (bch_pos_compare(k->pos, w->node->min) < 0)
		return BCH_FSCK_bkey_before_start_of_btree_node;
	if (bch_pos_compare(k->pos, w->node->max) > 0)
		return BCH_FSCK_bkey_after_end_of_btree_node;
	return BCH_KEY_VALID;
}

int bch_set_walk_check(const struct bch_set_walk *w, size_t at, struct bch_key *k, size_t *len)
{
	struct bch_bytes rest = { w->node->bytes + at, w->end - at };
	int id = bch_key_unpack(rest, &w->node->format, k, len);

	if (id == BCH_KEY_VALID)
		id = check_range(w, k);
	if (id == BCH_KEY_VALID)
		id = bch_key_validate(k, w->context, NULL);
	return id;
}

/* Where the set goes on behind the bad key at @at: the next one, else the next word that a good key begins with. */
static size_t resume(const struct bch_set_walk *w, size_t at, size_t len)
{
	struct bch_key k;
	size_t next = at + len;

	if (len && (next == w->end || bch_set_walk_check(w, next, &k, &len) == BCH_KEY_VALID))
		return next;
	for (next = at + 8; next < w->end; next += 8)
		if (bch_set_walk_check(w, next, &k, &len) == BCH_KEY_VALID)
			return next;
	return w->end;
}

bool bch_set_walk_next(struct bch_set_walk *w, struct bch_set_item *item)
{
	size_t len;

	if (w->at >= w->end)
		return false;
	item->at = w->at;
	item->k = (struct bch_key){ 0 };
	item->problem = bch_set_walk_check(w, w->at, &item->k, &len);
	item->is_key = item->problem == BCH_KEY_VALID ||
		       (len && item->problem > 0 && !is_generic(item->problem));
	w->at = item->is_key ? w->at + len : resume(w, w->at, len);
	return true;
}
