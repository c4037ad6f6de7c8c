// SPDX-License-Identifier: GPL-2.0-or-later
/* How many extents share data. Format reference: 05 §6.5, 06 §9.7. */

#include "alloc/derive.h"

#include "ondisk/key_reflink.h"

/* Adds @change to the count of the shared extent @v, as it is by now; without any it goes. */
static int change_count(struct bch_derive *d, const struct bch_key *v, s64 change)
{
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_key k = *v;
	u64 count = bch_reflink_refcount(v) + (u64)change;
	le64 stored = le64_of(count);

	if (v->val.len < sizeof(stored) || v->val.len > sizeof(val))
		return 0;
	memcpy(val, v->val.p, v->val.len);
	memcpy(val, &stored, sizeof(stored));
	k.val.p = val;
	if (!count) {
		k.type = BCH_KEY_deleted;
		k.size = 0;
		k.val.len = 0;
	}
	return bch_change_put(d->fs, BCH_CHANGE_DERIVED, BCH_BTREE_reflink, &k, false);
}

/* The shared extent at @pos as the changes made so far left it; one that went had none left. */
static int change_at(struct bch_derive *d, struct bch_pos pos, s64 change)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key v;
	int more = bch_derive_find(d->fs, BCH_BTREE_reflink, pos, 0, &cur, &v);

	if (!more) {
		more = bch_derive_find(d->fs, BCH_BTREE_reflink, pos, BCH_CURSOR_GIVEN, &cur, &v);
		if (more > 0)
			change -= (s64)bch_reflink_refcount(&v);
	}
	return more > 0 ? change_count(d, &v, change) : more;
}

/* All that the pointer, with its pads, leads to. */
static int change_range(struct bch_derive *d, const struct bch_key *p, s64 change)
{
	struct bch_reflink_p r = bch_reflink_p_get(p, d->version);
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		d->fs, BCH_BTREE_reflink, bch_pos(0, r.idx - r.front_pad),
		bch_pos(0, r.idx + p->size + r.back_pad), BCH_CURSOR_EXTENTS | BCH_CURSOR_GIVEN);
	struct bch_key v;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &v)))
		err = more < 0 ? more : change_at(d, v.pos, change);
	return err;
}

static int take(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
		const struct bch_key *new)
{
	int err = 0;

	if (new->type == BCH_KEY_reflink_p) /* first, so that nothing goes in passing */
		err = change_range(d, new, 1);
	if (!err && old->type == BCH_KEY_reflink_p)
		err = change_range(d, old, -1);
	return err;
}

int bch_derive_reflinks(struct bch_derive *d)
{
	return bch_derive_each(d, BCH_BTREE_extents, take);
}
