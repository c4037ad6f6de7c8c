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

/* Is it known already that there is none? What is stored and given does not change meanwhile. */
static bool is_in_gap(const struct bch_derive *d, u8 btree_id, struct bch_pos pos, bool committed)
{
	const struct bch_derive_gap *gap = &d->gaps[committed][btree_id];

	return gap->is_known && bch_pos_compare(gap->from, pos) <= 0 &&
	       bch_pos_compare(pos, gap->to) < 0;
}

/* The key at @pos, as bch_derive_find(), or else the gap that is there. */
static int find(struct bch_derive *d, u8 btree_id, struct bch_pos pos, bool committed,
		struct bch_cursor *cur, struct bch_key *k)
{
	unsigned flags = committed ? BCH_CURSOR_COMMITTED : BCH_CURSOR_GIVEN;
	int more;

	*cur = bch_cursor_flavour(d->fs, btree_id, pos, BCH_SPOS_MAX, flags);
	more = bch_cursor_next(cur, k);
	if (more > 0 && !bch_pos_compare(k->pos, pos))
		return 1;
	if (more < 0) { /* perhaps only of what comes behind it */
		bch_cursor_end(cur);
		return bch_derive_find(d->fs, btree_id, pos, flags, cur, k);
	}
	d->gaps[committed][btree_id] =
		(struct bch_derive_gap){ pos, more ? k->pos : BCH_SPOS_MAX, true };
	return 0;
}

/* Versions tell nothing but the order in which counters were added up. */
static bool same_key(const struct bch_key *a, const struct bch_key *b)
{
	return a->type == b->type && a->size == b->size && a->val.len == b->val.len &&
	       (!a->val.len || !memcmp(a->val.p, b->val.p, a->val.len));
}

/* Is it there so already, by what is stored and given? */
static int is_there(struct bch_derive *d, u8 btree_id, const struct bch_key *k)
{
	struct bch_cursor cur bch_auto(cursor);
	struct bch_key there;
	int more = find(d, btree_id, k->pos, false, &cur, &there);

	if (more < 0)
		return more;
	return more ? same_key(&there, k) : k->type == BCH_KEY_deleted;
}

int bch_derive_put(struct bch_derive *d, u8 btree_id, const struct bch_key *k)
{
	int there = is_in_gap(d, btree_id, k->pos, false) ? k->type == BCH_KEY_deleted
							  : is_there(d, btree_id, k);

	if (there < 0)
		return there;
	if (there) {
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

typedef int each_fn(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
		    const struct bch_key *new);

static int call(struct bch_derive *d, u8 btree_id, const struct bch_key *new, each_fn *fn)
{
	struct bch_cursor cur bch_auto(cursor);
	struct bch_key old;
	int more = find(d, btree_id, new->pos, true, &cur, &old);

	return more < 0 ? more : fn(d, btree_id, more ? &old : &none, new);
}

int bch_derive_each(struct bch_derive *d, u8 btree_id, each_fn *fn)
{
	const struct bch_change *c =
		bch_change_first(d->fs, BCH_CHANGE_GIVEN, btree_id, BCH_POS_MIN);
	int err = 0;

	for (; c && !err; c = bch_change_next(c)) {
		if (c->quiet)
			continue;
		err = is_in_gap(d, btree_id, c->k.pos, true) ? fn(d, btree_id, &none, &c->k)
							     : call(d, btree_id, &c->k, fn);
	}
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
	struct bch_recount_sink old_sink = { .arg = &d.old, .inum = take_inum };
	struct bch_recount_sink new_sink = { .arg = &d.new, .inum = take_inum };
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
