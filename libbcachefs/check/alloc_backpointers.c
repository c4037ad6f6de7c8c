// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Backpointers: those of buckets that do not exist, and which buckets' differ from what pointers imply. Format reference:
 * 06 §6, §14.5; 07 §4.7.
 */

#include "check/alloc_private.h"
#include "commit/commit.h"

#define VERSION_MIN BCH_VERSION(0, 28)

static int drop(struct bch_check *c, const struct bch_key *k, u32 id, const char *text)
{
	int yes = bch_problem_key(c, id, BCH_BTREE_backpointers, k, "%s", text);
	const struct bch_key gone = { .pos = k->pos };

	return yes > 0 ? bch_repair(c, BCH_BTREE_backpointers, &gone, BCH_UPDATE_QUIET) : yes;
}

/* What is stored is taken off the bucket's sum. */
static int take_stored(struct bch_check *c, const struct bch_key *k)
{
	u64 dev_idx = k->pos.inode, bucket;
	const struct bch_recount_bucket *b;
	struct bch_backpointer bp;
	struct bch_bucket_facts *f;
	int err;

	if (dev_idx >= BCH_SB_MAX_MEMBERS || !c->key_fs.devs[dev_idx].bucket_sectors)
		return drop(c, k, BCH_FSCK_backpointer_to_missing_device,
			    "backpointer for missing device");
	if (!bch_alloc_bucket_of(c, (u32)dev_idx, k->pos.offset >> BCH_BACKPOINTER_SHIFT, &bucket))
		return drop(c, k, BCH_FSCK_backpointer_to_missing_alloc,
			    "backpointer for nonexistent bucket");
	b = bch_alloc_counted(c, (u32)dev_idx, bucket);
	if (!b || (!b->has_key && !b->hint))
		return drop(c, k, BCH_FSCK_backpointer_to_missing_alloc,
			    "backpointer for nonexistent alloc key");
	bch_backpointer_get(k, c->version, &bp);
	if (!bch_alloc_bp_matters(c, (u32)dev_idx, bucket, &bp))
		return 0;
	err = bch_alloc_facts(c, (u32)dev_idx, bucket, &f);
	if (!err && f)
		bch_alloc_sum_add(f, -bch_alloc_hash(c->alloc, k->pos, k->val.p, k->val.len));
	return err;
}

static int take_all_stored(struct bch_check *c)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_backpointers, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more : k.type == BCH_KEY_backpointer ? take_stored(c, &k) : 0;
	return err ? err : bch_repairs_apply(c);
}

static bool mark_different(struct bch_check_alloc *a)
{
	struct bch_bucket_facts *f;
	bool any = false;
	u64 place = 0;

	for (; (f = bch_radix_next(&a->facts, &place)); place++)
		if (f->sum[0] | f->sum[1]) {
			f->flags |= BCH_BUCKET_DIFFERS;
			any = true;
		}
	return any;
}

int bch_check_backpointers(struct bch_check *c)
{
	int err;

	if (!bch_alloc_is_checked(c) || c->version < VERSION_MIN ||
	    c->version > BCH_VERSION_DERIVED_MAX)
		return 0;
	err = bch_alloc_scan(c);
	if (err || c->alloc->missing)
		return err;
	err = bch_alloc_stored_take(c);
	if (!err)
		err = take_all_stored(c);
	if (err < 0 || !mark_different(c->alloc))
		return err < 0 ? err : 0;
	return bch_alloc_compare_backpointers(c);
}
