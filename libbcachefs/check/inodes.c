// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inodes and extents, side by side: both are in the order of inode numbers. Format reference: 07 §4.15, §4.16, §4.25.
 *
 * Each inode number is one group: its versions, then its extents; what of the versions was repaired is stored at the end.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "check/group.h"

struct bch_check_version *bch_check_owner(const struct bch_check_group *g, u32 snapshot)
{
	for (size_t i = 0; i < g->versions.a.nr; i++)
		if (bch_snapshot_is_ancestor(g->c->fs, snapshot, g->versions.a.v[i].snapshot))
			return &g->versions.a.v[i];
	return NULL;
}

/* ------------------------------------------------------------------ two walks in step */

/* A walk that is one key ahead; the key is copied, as it has to outlive the other walk's steps. */
struct ahead {
	struct bch_check_walk walk;
	struct bch_key k;
	bool has;
	u8 value[BCH_KEY_VALUE_MAX];
};

static int step(struct ahead *a)
{
	int more = bch_check_walk_next(&a->walk, &a->k);

	a->has = more > 0;
	if (a->has && a->k.val.len) {
		memcpy(a->value, a->k.val.p, a->k.val.len);
		a->k.val.p = a->value;
	}
	return more < 0 ? more : 0;
}

/* ------------------------------------------------------------------ one group */

static void group_end(struct bch_check_group *g)
{
	bch_check_extents_reset(g);
	bch_array_end(&g->ends.a);
	bch_array_end(&g->versions.a);
	bch_array_end(&g->seen.ids.a);
}

static int add_version(struct bch_check_group *g, const struct bch_key *k)
{
	struct bch_check_version v = { .snapshot = k->pos.snapshot };

	if (!bch_key_is_inode(k) || !bch_inode_get(k, &v.inode))
		return 0;
	return bch_array_push(&g->versions.a, v);
}

static int take_inodes(struct bch_check_group *g, struct ahead *inodes)
{
	int err = 0;

	while (!err && inodes->has && inodes->k.pos.offset == g->inum) {
		int looked = bch_check_has_snapshot(g->c, BCH_BTREE_inodes, &inodes->k);

		err = looked < 0 ? looked : looked ? add_version(g, &inodes->k) : 0;
		if (!err)
			err = step(inodes);
	}
	return err;
}

/* After a repair of an overlap from the inode's first extent on: each repair makes what overlaps smaller. */
static int take_extents(struct bch_check_group *g, struct ahead *extents)
{
	int err = 0;

	while (!err && extents->has && extents->k.pos.inode == g->inum) {
		g->has_extents = true;
		err = bch_check_extent(g, &extents->k);
		if (!err && g->again) {
			bch_check_extents_reset(g);
			bch_check_walk_end(&extents->walk);
			extents->walk = bch_check_walk(g->c, BCH_BTREE_extents, bch_pos(g->inum, 0),
						       BCH_SPOS_MAX);
		}
		if (!err)
			err = step(extents);
	}
	return err;
}

static int store(struct bch_check_group *g)
{
	int err = 0;

	for (size_t i = 0; i < g->versions.a.nr && !err; i++)
		if (g->versions.a.v[i].changed)
			err = bch_check_inode_put(g->c, g->inum, g->versions.a.v[i].snapshot,
						  &g->versions.a.v[i].inode);
	return err;
}

static int check_group(struct bch_check *c, struct ahead *inodes, struct ahead *extents, u64 inum)
{
	struct bch_check_group g = { .c = c, .inum = inum };
	int err = take_inodes(&g, inodes);

	if (!err)
		err = bch_check_inode_fields(&g);
	if (!err)
		err = take_extents(&g, extents);
	if (!err)
		err = bch_check_extents_done(&g);
	if (!err)
		err = store(&g);
	group_end(&g);
	return err;
}

static u64 next_inum(const struct ahead *inodes, const struct ahead *extents)
{
	u64 a = inodes->has ? inodes->k.pos.offset : BCH_U64_MAX;
	u64 b = extents->has ? extents->k.pos.inode : BCH_U64_MAX;

	return a < b ? a : b;
}

static int check_groups(struct bch_check *c, struct ahead *inodes, struct ahead *extents)
{
	int err = step(inodes);

	if (!err)
		err = step(extents);
	while (!err && (inodes->has || extents->has))
		err = check_group(c, inodes, extents, next_inum(inodes, extents));
	return err;
}

int bch_check_inodes(struct bch_check *c)
{
	struct ahead *a = bch_calloc(2, sizeof(*a));
	int err;

	if (!a)
		return -BCH_ERR_no_memory;
	a[0].walk = bch_check_walk(c, BCH_BTREE_inodes, bch_pos(0, BCH_INODE_NR_MIN),
				   bch_spos(0, BCH_U64_MAX, BCH_U32_MAX));
	a[1].walk = bch_check_walk(c, BCH_BTREE_extents, BCH_POS_MIN, BCH_SPOS_MAX);
	err = check_groups(c, &a[0], &a[1]);
	bch_check_walk_end(&a[0].walk);
	bch_check_walk_end(&a[1].walk);
	free(a);
	return err;
}
