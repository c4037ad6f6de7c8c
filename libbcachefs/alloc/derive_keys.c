// SPDX-License-Identifier: GPL-2.0-or-later
/* What the keys that change, and the nodes that are replaced, count for; their backpointers. Format reference: 06 §9.2. */

#include "alloc/derive.h"

#include "ondisk/key_backpointer.h"
#include "super/super.h"

/* ------------------------------------------------------------------ generations */

/* A cached pointer counts while its bucket's generation is its own: the recount has to know that first. */
static int know_bucket(struct bch_derive *d, struct bch_recount *r, u32 dev_idx, u64 bucket)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_recount_bucket *b;
	struct bch_key k;
	int err = bch_recount_bucket(r, dev_idx, bucket, &b), more;

	if (err || !b || b->has_key)
		return err;
	b->has_key = true;
	more = bch_derive_find(d->fs, BCH_BTREE_alloc, bch_pos(dev_idx, bucket), BCH_CURSOR_GIVEN,
			       &cur, &k);
	return more > 0 ? bch_recount_alloc_key(r, &k) : more;
}

static int know_buckets(struct bch_derive *d, struct bch_recount *r, const struct bch_key *k)
{
	struct bch_extent_walk w = bch_extent_walk(k, r->key_fs.super);
	struct bch_extent_ptr p;
	int err = 0;

	while (!err && bch_extent_ptr_next(&w, &p)) {
		u32 bucket_sectors = r->key_fs.devs[p.ptr.dev_idx].bucket_sectors;

		if (bucket_sectors)
			err = know_bucket(d, r, p.ptr.dev_idx,
					  p.ptr.offset_sectors / bucket_sectors);
	}
	return err;
}

static int count(struct bch_derive *d, struct bch_recount *r, u8 btree_id, u8 level,
		 const struct bch_key *k)
{
	int err = know_buckets(d, r, k);

	return err ? err : bch_recount_key(r, btree_id, level, k);
}

/* ------------------------------------------------------------------ backpointers */

static int put_backpointers(struct bch_derive *d, u8 btree_id, u8 level, const struct bch_key *k)
{
	struct bch_backpointers w =
		bch_backpointers_of(&d->new->key_fs, d->version, btree_id, level, k);
	struct bch_backpointer bp;
	u8 val[BCH_BACKPOINTER_LEN];
	struct bch_key b = { .type = BCH_KEY_backpointer, .val = { val, sizeof(val) } };
	int err = 0;

	while (!err && bch_backpointers_next(&w, &b.pos, &bp)) {
		bch_backpointer_put(&bp, d->version, val);
		err = bch_derive_put(d, BCH_BTREE_backpointers, &b);
	}
	return err;
}

/* What stands at @pos leads to another key where two claim one place: then it stays. */
static int drop_backpointer(struct bch_derive *d, struct bch_pos pos,
			    const struct bch_backpointer *bp)
{
	const struct bch_key gone = { .pos = pos, .type = BCH_KEY_deleted };
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_backpointer there;
	struct bch_key k;
	int more = bch_derive_find(d->fs, BCH_BTREE_backpointers, pos, 0, &cur, &k);

	if (more <= 0)
		return more;
	bch_backpointer_get(&k, d->version, &there);
	bch_cursor_end(&cur);
	if (there.btree_id != bp->btree_id || there.level != bp->level ||
	    bch_pos_compare(there.pos, bp->pos))
		return 0;
	return bch_derive_put(d, BCH_BTREE_backpointers, &gone);
}

static int drop_backpointers(struct bch_derive *d, u8 btree_id, u8 level, const struct bch_key *k)
{
	struct bch_backpointers w =
		bch_backpointers_of(&d->new->key_fs, d->version, btree_id, level, k);
	struct bch_backpointer bp;
	struct bch_pos pos;
	int err = 0;

	while (!err && bch_backpointers_next(&w, &pos, &bp))
		err = drop_backpointer(d, pos, &bp);
	return err;
}

/* ------------------------------------------------------------------ keys in leaves */

static bool has_pointers(const struct bch_key *k)
{
	return k->type == BCH_KEY_extent || k->type == BCH_KEY_reflink_v ||
	       k->type == BCH_KEY_stripe;
}

static int take_old(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
		    const struct bch_key *new)
{
	int err = old->type == BCH_KEY_deleted ? 0 : count(d, d->old, btree_id, 0, old);

	if (!err && has_pointers(old))
		err = drop_backpointers(d, btree_id, 0, old);
	return err;
}

static int take_new(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
		    const struct bch_key *new)
{
	int err = new->type == BCH_KEY_deleted ? 0 : count(d, d->new, btree_id, 0, new);

	if (!err && has_pointers(new))
		err = put_backpointers(d, btree_id, 0, new);
	return err;
}

/* Shared data whose count changed: its key is derived, and may be gone. */
static int each_reflink(struct bch_derive *d,
			int (*fn)(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
				  const struct bch_key *new))
{
	const struct bch_change *c =
		bch_change_first(d->fs, BCH_CHANGE_DERIVED, BCH_BTREE_reflink, BCH_POS_MIN);
	int err = 0;

	for (; c && !err; c = bch_change_next(c)) {
		struct bch_cursor cur bch_auto(cursor) = { 0 };
		struct bch_key old = { .type = BCH_KEY_deleted };
		int more = bch_derive_find(d->fs, BCH_BTREE_reflink, c->k.pos, BCH_CURSOR_COMMITTED,
					   &cur, &old);

		err = more < 0 ? more : fn(d, BCH_BTREE_reflink, &old, &c->k);
	}
	return err;
}

/* Of those that are given too, the derived form counts. */
static int take_old_given_reflink(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
				  const struct bch_key *new)
{
	const struct bch_change *c =
		bch_change_first(d->fs, BCH_CHANGE_DERIVED, btree_id, new->pos);

	return c && !bch_pos_compare(c->k.pos, new->pos) ? 0 : take_old(d, btree_id, old, new);
}

static int take_new_given_reflink(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
				  const struct bch_key *new)
{
	const struct bch_change *c =
		bch_change_first(d->fs, BCH_CHANGE_DERIVED, btree_id, new->pos);

	return c && !bch_pos_compare(c->k.pos, new->pos) ? 0 : take_new(d, btree_id, old, new);
}

/* ------------------------------------------------------------------ nodes */

static int take_nodes(struct bch_derive *d, bool added)
{
	int err = 0;

	for (size_t i = 0; i < d->opts->nr_nodes && !err; i++) {
		const struct bch_node_change *n = &d->opts->nodes[i];
		u8 level = (u8)(n->level + 1);

		if (n->added != added)
			continue;
		err = count(d, added ? d->new : d->old, n->btree_id, level, &n->ptr);
		if (!err)
			err = added ? put_backpointers(d, n->btree_id, level, &n->ptr)
				    : drop_backpointers(d, n->btree_id, level, &n->ptr);
	}
	return err;
}

/* ------------------------------------------------------------------ all */

/* The order that recounts want: stripes, shared data, all others. */
static int each_btree(struct bch_derive *d,
		      int (*fn)(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
				const struct bch_key *new),
		      int (*given_reflink)(struct bch_derive *d, u8 btree_id,
					   const struct bch_key *old, const struct bch_key *new))
{
	int err = bch_derive_each(d, BCH_BTREE_stripes, fn);

	if (!err)
		err = bch_derive_each(d, BCH_BTREE_reflink, given_reflink);
	if (!err)
		err = each_reflink(d, fn);
	for (u8 id = 0; id < BCH_BTREE_NR && !err; id++)
		if (id != BCH_BTREE_stripes && id != BCH_BTREE_reflink && id != BCH_BTREE_alloc &&
		    bch_recount_wants(d->new, id))
			err = bch_derive_each(d, id, fn);
	return err;
}

/* Backpointers go before others come: one may take another's place. */
int bch_derive_keys(struct bch_derive *d)
{
	int err = each_btree(d, take_old, take_old_given_reflink);

	if (!err)
		err = take_nodes(d, false);
	if (!err)
		err = each_btree(d, take_new, take_new_given_reflink);
	if (!err)
		err = take_nodes(d, true);
	if (!err)
		err = bch_recount_end_inum(d->old);
	return err ? err : bch_recount_end_inum(d->new);
}
