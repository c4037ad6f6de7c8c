// SPDX-License-Identifier: GPL-2.0-or-later
/* What follows from pending changes: the steps, and how keys are looked up and put. Format reference: 06 §9. */

#include "alloc/derive.h"

#include "super/super.h"

/* ------------------------------------------------------------------ keys */

int bch_derive_find(struct bch_fs *fs, u8 btree_id, struct bch_pos pos, unsigned flags,
		    struct bch_cursor *cur, struct bch_key *k)
{
	*cur = bch_cursor_flavour(fs, btree_id, pos, pos, flags);
	return bch_cursor_next(cur, k);
}

/* Versions tell nothing but the order in which counters were added up. */
static bool same_key(const struct bch_key *a, const struct bch_key *b)
{
	return a->type == b->type && a->size == b->size && a->val.len == b->val.len &&
	       (!a->val.len || !memcmp(a->val.p, b->val.p, a->val.len));
}

int bch_derive_put(struct bch_derive *d, u8 btree_id, const struct bch_key *k)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key there;
	int more = bch_derive_find(d->fs, btree_id, k->pos, BCH_CURSOR_GIVEN, &cur, &there);

	if (more < 0)
		return more;
	if (more ? same_key(&there, k) : k->type == BCH_KEY_deleted) {
		bch_change_remove(d->fs, BCH_CHANGE_DERIVED, btree_id, k->pos);
		return 0;
	}
	return bch_change_put(d->fs, BCH_CHANGE_DERIVED, btree_id, k, false);
}

int bch_derive_set(struct bch_derive *d, u8 btree_id, struct bch_pos pos, bool there)
{
	const struct bch_key k = { .pos = pos, .type = there ? BCH_KEY_set : BCH_KEY_deleted };

	return bch_derive_put(d, btree_id, &k);
}

static const struct bch_key none = { .type = BCH_KEY_deleted };

static int call(struct bch_derive *d, u8 btree_id, const struct bch_key *new,
		int (*fn)(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
			  const struct bch_key *new))
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key old;
	int more = bch_derive_find(d->fs, btree_id, new->pos, BCH_CURSOR_COMMITTED, &cur, &old);

	return more < 0 ? more : fn(d, btree_id, more ? &old : &none, new);
}

int bch_derive_each(struct bch_derive *d, u8 btree_id,
		    int (*fn)(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
			      const struct bch_key *new))
{
	const struct bch_change *c =
		bch_change_first(d->fs, BCH_CHANGE_GIVEN, btree_id, BCH_POS_MIN);
	int err = 0;

	for (; c && !err; c = bch_change_next(c))
		if (!c->quiet)
			err = call(d, btree_id, &c->k, fn);
	return err;
}

/* ------------------------------------------------------------------ steps */

/* An inode's counters are counters like others here: there are but a few inodes. */
static int take_inum(void *arg, const struct bch_inum_count *count)
{
	struct bch_recount *r = *(struct bch_recount **)arg;
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_inum, .inum = count->inum };

	return bch_counters_add(&r->counters, &what, count->v);
}

static int run(struct bch_derive *d)
{
	int err = bch_derive_reflinks(d);

	if (!err)
		err = bch_derive_indexes(d);
	if (!err)
		err = bch_derive_keys(d);
	if (!err)
		err = bch_derive_buckets(d);
	return err ? err : bch_derive_counters(d);
}

int bch_derive(struct bch_fs *fs, const struct bch_derive_opts *opts)
{
	struct bch_derive d = { .fs = fs,
				.opts = opts,
				.version = le16_get(fs->super.sb->version) };
	struct bch_recount_sink old_sink = { &d.old, take_inum }, new_sink = { &d.new, take_inum };
	int err;

	bch_changes_drop(fs, BCH_CHANGE_DERIVED);
	err = bch_recount_bare(fs, &old_sink, &d.old);
	if (!err)
		err = bch_recount_bare(fs, &new_sink, &d.new);
	if (!err)
		err = run(&d);
	bch_recount_free(d.old);
	bch_recount_free(d.new);
	return err;
}
