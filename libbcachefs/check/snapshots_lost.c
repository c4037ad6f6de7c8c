// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshots whose key is lost, but of which others tell: the subvolume that uses one, those below that name it as their
 * parent, the one above that lists it as its child. Made anew in their place they lose no key. Format reference: 07 §4.9.
 */

#include "check/forest.h"

u32 bch_check_snapshot_lister(const struct bch_check_forest *f, u32 id)
{
	for (size_t i = 0; i < f->snapshots.a.nr; i++) {
		const struct bch_check_snapshot *s = &f->snapshots.a.v[i];

		if (s->id > id && (s->v.children[0] == id || s->v.children[1] == id))
			return s->id;
	}
	return 0;
}

static int recreate(struct bch_check_forest *f, u32 id, u32 subvol)
{
	const struct bch_check_snapshot *above =
		bch_check_snapshot_find(f, bch_check_snapshot_lister(f, id));
	struct bch_check_snapshot node = {
		.id = id,
		.v = { .flags = subvol ? 1U << BCH_SNAPSHOT_subvol : 0, .subvol = subvol },
	};

	if (above) {
		node.v.parent = above->id;
		node.v.tree = above->v.tree;
		node.v.depth = above->v.depth + 1;
		for (size_t i = 0; i < bch_array_size(node.v.skip); i++)
			node.v.skip[i] = above->id;
	}
	return bch_check_snapshot_put(f, &node);
}

/* ------------------------------------------------------------------ used by a subvolume */

/* That which says that it is of subvolume @id; 0: there is none. */
static u32 snapshot_of(const struct bch_check_forest *f, u32 id)
{
	for (size_t i = 0; i < f->snapshots.a.nr; i++) {
		const struct bch_check_snapshot *s = &f->snapshots.a.v[i];

		if (s->v.subvol == id && s->v.flags >> BCH_SNAPSHOT_subvol & 1 &&
		    !bch_check_snapshot_is_deleted(s))
			return s->id;
	}
	return 0;
}

static int check_used(struct bch_check_forest *f, struct bch_check_subvol *s)
{
	u32 snapshot = snapshot_of(f, s->id);
	int fix;

	if (!s->v.snapshot || bch_check_snapshot_find(f, s->v.snapshot))
		return 0;
	fix = bch_problem(f->c, BCH_FSCK_snapshot_node_missing,
			  "subvolume %u points to nonexistent snapshot %u", s->id, s->v.snapshot);
	if (fix <= 0)
		return fix;
	if (!snapshot)
		return recreate(f, s->v.snapshot, s->id);
	s->v.snapshot = snapshot;
	return bch_check_subvol_put(f, s);
}

/* ------------------------------------------------------------------ named as a parent */

static u32 nr_below(const struct bch_check_forest *f, u32 id)
{
	u32 nr = 0;

	for (size_t i = 0; i < f->snapshots.a.nr; i++)
		nr += f->snapshots.a.v[i].v.parent == id;
	return nr;
}

/* Has any inode a version in it? */
static int has_inodes(struct bch_check_forest *f, u32 id)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(f->c, BCH_BTREE_inodes, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more;

	while ((more = bch_check_walk_next(&w, &k)) > 0)
		if (k.pos.snapshot == id)
			return 1;
	return more;
}

/* A number that one snapshot alone names, and nothing else knows, is only wrong. */
static int check_named(struct bch_check_forest *f, u32 id, u32 parent)
{
	int known = bch_check_snapshot_lister(f, parent) || nr_below(f, parent) > 1;

	if (parent <= id || bch_check_snapshot_find(f, parent) || bch_check_snapshot_lister(f, id))
		return 0;
	if (!known)
		known = has_inodes(f, parent);
	if (known > 0)
		known = bch_problem(f->c, BCH_FSCK_snapshot_node_missing,
				    "snapshot %u is below nonexistent snapshot %u", id, parent);
	return known <= 0 ? known : recreate(f, parent, 0);
}

int bch_check_lost_snapshots(struct bch_check_forest *f)
{
	int err = 0;

	for (size_t i = 0; i < f->subvols.a.nr && !err; i++)
		err = check_used(f, &f->subvols.a.v[i]);
	for (size_t i = f->snapshots.a.nr; i-- && !err;) {
		size_t nr = f->snapshots.a.nr;

		err = check_named(f, f->snapshots.a.v[i].id, f->snapshots.a.v[i].v.parent);
		i += f->snapshots.a.nr - nr; /* one came behind it */
	}
	return err;
}
