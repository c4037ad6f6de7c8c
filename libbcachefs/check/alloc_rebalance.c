// SPDX-License-Identifier: GPL-2.0-or-later
/* rebalance_work against extents: pass check_rebalance_work. Format reference: 06 §9.6, 07 §4.26. */

#include "check/alloc_private.h"

#define VERSION_MIN BCH_VERSION(1, 3)

/* Does the sum of what is there differ from that of what the scan saw? */
static int compare_sums(struct bch_check *c, bool *differs)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_rebalance_work, BCH_POS_MIN, BCH_SPOS_MAX);
	u64 sum = c->alloc->rebalance_sum;
	struct bch_key k;
	int more;

	while ((more = bch_check_walk_next(&w, &k)) > 0)
		if (k.type == BCH_KEY_set)
			sum -= bch_alloc_hash(c->alloc, k.pos, NULL, 0);
	*differs = sum;
	return more;
}

static bool is_wanted(const struct bch_check *c, const struct bch_key *k)
{
	return (k->type == BCH_KEY_extent || k->type == BCH_KEY_reflink_v) &&
	       bch_rebalance_sectors(c->fs, k);
}

/* ------------------------------------------------------------------ set, and should not be */

static int check_entry(struct bch_check *c, const struct bch_key *entry)
{
	u8 btree_id = entry->pos.inode ? BCH_BTREE_extents : BCH_BTREE_reflink;
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(c->fs, btree_id, entry->pos, entry->pos, BCH_CURSOR_COMMITTED);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k), yes;

	if (more < 0 || (more && is_wanted(c, &k)))
		return more < 0 ? more : 0;
	yes = bch_problem_key(c, BCH_FSCK_rebalance_work_incorrectly_set, BCH_BTREE_rebalance_work,
			      entry, "rebalance_work set for extent that needs none");
	return yes > 0 ? bch_repair_set(c, BCH_BTREE_rebalance_work, entry->pos, 0, false) : yes;
}

static int check_entries(struct bch_check *c)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_rebalance_work, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more : k.type == BCH_KEY_set ? check_entry(c, &k) : 0;
	return err;
}

/* ------------------------------------------------------------------ not set, and should be */

static int check_extent(struct bch_check *c, u8 btree_id, const struct bch_key *k)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key entry;
	int more, yes;

	if (!is_wanted(c, k))
		return 0;
	more = bch_check_key(c, BCH_BTREE_rebalance_work, k->pos, &cur, &entry);
	if (more)
		return more < 0 ? more : 0;
	yes = bch_problem_key(c, BCH_FSCK_rebalance_work_incorrectly_unset, btree_id, k,
			      "rebalance_work not set for extent that needs it");
	return yes > 0 ? bch_repair_set(c, BCH_BTREE_rebalance_work, k->pos, 0, true) : yes;
}

static int check_extents(struct bch_check *c, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		c->fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX, BCH_CURSOR_COMMITTED);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)))
		err = more < 0 ? more : check_extent(c, btree_id, &k);
	return err;
}

/* ------------------------------------------------------------------ all */

int bch_check_rebalance_work(struct bch_check *c)
{
	bool differs = false;
	int err;

	if (!bch_alloc_is_checked(c) || c->version < VERSION_MIN ||
	    c->version > BCH_VERSION_DERIVED_MAX)
		return 0;
	err = bch_alloc_scan(c);
	if (err || c->alloc->missing)
		return err;
	err = compare_sums(c, &differs);
	if (!err && differs)
		err = check_entries(c);
	if (!err && differs)
		err = check_extents(c, BCH_BTREE_reflink);
	return err || !differs ? err : check_extents(c, BCH_BTREE_extents);
}
