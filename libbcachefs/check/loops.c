// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Directories that are above themselves, and subvolumes. Format reference: 07 §4.22, §4.23.
 *
 * Each walk up leaves its number on the way, and ends where another was: every directory is passed once.
 */

#include "check/names.h"

#define ROOT_SUBVOL 1

/* The directory that @v is in, as its snapshot sees it. */
static struct bch_check_inode *parent_of(struct bch_check_names *n, const struct bch_check_inode *v)
{
	return v->bits & BCH_INODE_IS_NAMED ? bch_check_version_seen(&n->files, v->dir, v->snapshot)
					    : NULL;
}

static int cut_loop(struct bch_check_names *n, struct bch_check_inode *v)
{
	int fix = bch_problem_inode(n->c, BCH_FSCK_dir_loop, v->inum,
				    "directory structure loop: inode %" PRIu64 ":%u is in itself",
				    v->inum, v->snapshot);

	return fix <= 0 ? fix : bch_check_detach(n, v);
}

static int walk_up(struct bch_check_names *n, struct bch_check_inode *v)
{
	u32 walk = ++n->walk;

	for (; v && !v->mark && !v->subvol; v = parent_of(n, v))
		v->mark = walk;
	return v && v->mark == walk ? cut_loop(n, v) : 0;
}

static int check_dirs(struct bch_check_names *n)
{
	int err = 0;

	for (size_t i = 0; i < n->files.inodes.a.nr && !err; i++) {
		struct bch_check_inode *v = &n->files.inodes.a.v[i];

		if (S_ISDIR(v->mode) && !(v->bits & BCH_INODE_IS_UNLINKED))
			err = walk_up(n, v);
	}
	return err;
}

/* ------------------------------------------------------------------ subvolumes */

/* Out of the place where it is, to be found in lost+found of the first subvolume. */
static int move_out(struct bch_check_names *n, struct bch_check_subvol *s, u32 id, const char *what)
{
	struct bch_check_inode *root = bch_check_version_seen(&n->files, s->v.inode, s->v.snapshot);
	int fix = bch_problem(n->c, id, "subvolume %u %s", s->id, what);

	if (fix <= 0 || !root)
		return fix < 0 ? fix : 0;
	s->v.fs_path_parent = ROOT_SUBVOL;
	root->parent_subvol = ROOT_SUBVOL;
	fix = bch_check_detach(n, root);
	return fix ? fix : bch_check_subvol_put(&n->forest, s);
}

/* No way up is longer than there are subvolumes. */
static int check_way_up(struct bch_check_names *n, struct bch_check_subvol *s)
{
	size_t left = n->forest.subvols.a.nr;

	while (s->id != ROOT_SUBVOL) {
		struct bch_check_subvol *parent =
			bch_check_subvol_find(&n->forest, s->v.fs_path_parent);

		if (!parent)
			return move_out(n, s, BCH_FSCK_subvol_unreachable, "unreachable");
		if (!left--)
			return move_out(n, s, BCH_FSCK_subvol_loop, "is in itself: loop");
		s = parent;
	}
	return 0;
}

static int check_subvols(struct bch_check_names *n)
{
	int err = 0;

	for (size_t i = 0; i < n->forest.subvols.a.nr && !err; i++) {
		struct bch_check_subvol *s = &n->forest.subvols.a.v[i];

		if (!(s->v.flags >> BCH_SUBVOLUME_unlinked & 1))
			err = check_way_up(n, s);
	}
	return err;
}

int bch_check_loops(struct bch_check_names *n)
{
	int err = n->c->version >= BCH_VERSION(1, 5) ? check_subvols(n) : 0;

	return err ? err : check_dirs(n);
}
