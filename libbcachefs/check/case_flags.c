// SPDX-License-Identifier: GPL-2.0-or-later
/* Directories above casefolded ones say so, up to the root. Format reference: 07 §4.15 (2). */

#include "check/names.h"

#define VERSION_CASE_FLAG BCH_VERSION(1, 28)

/* The directory that holds @v, as the subvolume that shows it sees it; NULL: none is known. */
static struct bch_check_inode *parent_of(struct bch_check_names *n, const struct bch_check_inode *v)
{
	u32 snapshot = v->snapshot;

	if (v->subvol) {
		const struct bch_check_subvol *s =
			bch_check_subvol_find(&n->forest, v->parent_subvol);

		if (!s)
			return NULL;
		snapshot = s->v.snapshot;
	}
	return bch_check_version_seen(&n->files, v->dir, snapshot);
}

static int set_flag(struct bch_check_names *n, struct bch_check_inode *v)
{
	struct bch_inode inode;
	int found = bch_check_inode_read(n->c, v->inum, v->snapshot, &inode);

	v->bits |= BCH_INODE_HAS_CASEFOLDED;
	if (found <= 0)
		return found;
	inode.bi_flags |= 1U << BCH_INODE_has_case_insensitive;
	return bch_check_inode_put(n->c, v->inum, v->snapshot, &inode);
}

/* Above one that says so already all do, or were told. */
static int check_above(struct bch_check_names *n, const struct bch_check_inode *v)
{
	struct bch_check_inode *above = parent_of(n, v);
	int fix, err = 0;

	for (; above && !(above->bits & BCH_INODE_HAS_CASEFOLDED) && !err;
	     above = parent_of(n, above)) {
		fix = bch_problem_inode(n->c, BCH_FSCK_inode_parent_has_case_insensitive_not_set,
					above->inum,
					"parent of casefolded dir with has_case_insensitive not "
					"set\n  inode %" PRIu64 ":%u",
					above->inum, above->snapshot);
		if (fix <= 0)
			return fix;
		err = set_flag(n, above);
	}
	return err;
}

int bch_check_case_flags(struct bch_check_names *n)
{
	int err;

	if (n->c->version < VERSION_CASE_FLAG)
		return 0;
	err = bch_repairs_apply(n->c);
	for (size_t i = 0; i < n->files.inodes.a.nr && !err; i++) {
		const struct bch_check_inode *v = &n->files.inodes.a.v[i];

		if (v->bits & BCH_INODE_IS_CASEFOLDED && S_ISDIR(v->mode))
			err = check_above(n, v);
	}
	return err;
}
