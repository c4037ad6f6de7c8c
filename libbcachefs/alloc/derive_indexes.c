// SPDX-License-Identifier: GPL-2.0-or-later
/* Btrees that say where others have something: what is below a subvolume, to be deleted, to be rewritten. */

#include "alloc/derive.h"

#include "ondisk/key_inode.h"
#include "ondisk/key_subvolume.h"

/* ------------------------------------------------------------------ subvolume_children: 04 §3.4 */

static u32 parent_of(const struct bch_key *k)
{
	struct bch_subvolume s;

	if (k->type != BCH_KEY_subvolume)
		return 0;
	bch_subvolume_get(&s, k->val.p, k->val.len);
	return s.fs_path_parent;
}

static int take_subvolume(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
			  const struct bch_key *new)
{
	u32 from = parent_of(old), to = parent_of(new);
	int err = 0;

	if (from && from != to)
		err = bch_derive_set(d, BCH_BTREE_subvolume_children,
				     bch_pos(from, new->pos.offset), false);
	if (!err && to && from != to)
		err = bch_derive_set(d, BCH_BTREE_subvolume_children, bch_pos(to, new->pos.offset),
				     true);
	return err;
}

/* ------------------------------------------------------------------ deleted_inodes: 04 §10.1 */

static bool is_to_be_deleted(const struct bch_key *k)
{
	struct bch_inode inode;

	return bch_inode_get(k, &inode) && inode.bi_flags >> BCH_INODE_unlinked & 1 &&
	       !(inode.bi_flags >> BCH_INODE_has_child_snapshot & 1);
}

static int take_inode(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
		      const struct bch_key *new)
{
	bool was = is_to_be_deleted(old), is = is_to_be_deleted(new);

	return was == is ? 0 : bch_derive_set(d, BCH_BTREE_deleted_inodes, new->pos, is);
}

/* ------------------------------------------------------------------ rebalance_work: 06 §9.6 */

static bool wants_rebalance(const struct bch_derive *d, const struct bch_key *k)
{
	return (k->type == BCH_KEY_extent || k->type == BCH_KEY_reflink_v) &&
	       bch_rebalance_sectors(d->fs, k);
}

static int take_data(struct bch_derive *d, u8 btree_id, const struct bch_key *old,
		     const struct bch_key *new)
{
	bool was = wants_rebalance(d, old), is = wants_rebalance(d, new);

	return was == is ? 0 : bch_derive_set(d, BCH_BTREE_rebalance_work, new->pos, is);
}

/* Shared data that nobody shares any more is gone from there too. */
static int take_gone_reflinks(struct bch_derive *d)
{
	const struct bch_change *c =
		bch_change_first(d->fs, BCH_CHANGE_DERIVED, BCH_BTREE_reflink, BCH_POS_MIN);
	int err = 0;

	for (; c && !err; c = bch_change_next(c))
		if (c->k.type == BCH_KEY_deleted)
			err = bch_derive_set(d, BCH_BTREE_rebalance_work, c->k.pos, false);
	return err;
}

int bch_derive_indexes(struct bch_derive *d)
{
	int err = bch_derive_each(d, BCH_BTREE_subvolumes, take_subvolume);

	if (!err)
		err = bch_derive_each(d, BCH_BTREE_inodes, take_inode);
	if (!err)
		err = bch_derive_each(d, BCH_BTREE_extents, take_data);
	if (!err)
		err = bch_derive_each(d, BCH_BTREE_reflink, take_data);
	return err ? err : take_gone_reflinks(d);
}
