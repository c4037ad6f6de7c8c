// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys that a node will hold, as a list. */

#include "commit/private.h"

void bch_key_list_reset(struct bch_key_list *l)
{
	l->keys.nr = l->values.nr = 0;
}

/* Until the list is sealed values are told by their offset. */
int bch_key_list_add(struct bch_key_list *l, const struct bch_key *k)
{
	struct bch_key copy = *k;
	int err = bch_array_reserve(&l->values, l->values.nr + k->val.len + 1);

	if (err)
		return err;
	if (k->val.len)
		memcpy(l->values.v + l->values.nr, k->val.p, k->val.len);
	copy.val.p = NULL;
	l->values.nr += k->val.len;
	return bch_array_push(&l->keys, copy);
}

void bch_key_list_seal(struct bch_key_list *l)
{
	size_t at = 0;

	for (size_t i = 0; i < l->keys.nr; i++) {
		l->keys.v[i].val.p = l->values.v + at;
		at += l->keys.v[i].val.len;
	}
}

void bch_key_list_end(struct bch_key_list *l)
{
	bch_array_end(&l->keys);
	bch_array_end(&l->values);
}

static int leaf_keys(struct bch_plan *plan, u8 btree_id, struct bch_pos min, struct bch_pos max,
		     struct bch_key_list *l)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(plan->fs, btree_id, min, max);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)))
		err = more < 0 ? more : bch_key_list_add(l, &k);
	return err;
}

static int interior_keys(struct bch_plan *plan, const struct bch_group *g, struct bch_pos min,
			 struct bch_pos max, struct bch_key_list *l)
{
	struct bch_children c;
	struct bch_key k;
	int more, err = 0;

	bch_children_begin(&c, plan, g);
	while (!err && (more = bch_children_next(&c, &k))) {
		if (more < 0)
			err = more;
		else if (bch_pos_compare(k.pos, max) > 0)
			break;
		else if (bch_pos_compare(k.pos, min) >= 0)
			err = bch_key_list_add(l, &k);
	}
	bch_children_end(&c);
	return err;
}

int bch_group_keys(struct bch_plan *plan, const struct bch_group *g, struct bch_pos min,
		   struct bch_pos max, struct bch_key_list *l)
{
	int err;

	bch_key_list_reset(l);
	err = g->level ? interior_keys(plan, g, min, max, l)
		       : leaf_keys(plan, g->btree_id, min, max, l);
	if (!err)
		bch_key_list_seal(l);
	return err;
}
