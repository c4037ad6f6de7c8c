// SPDX-License-Identifier: GPL-2.0-or-later
/* The fields of all versions of an inode, against each other and the subvolumes. Format reference: 07 §4.15. */

#include "check/group.h"
#include "commit/commit.h"

#define VERSION_CASE	       BCH_VERSION(1, 28)
#define VERSION_DELETED_INODES BCH_VERSION(1, 2)
#define VERSION_PARENT_SUBVOL  BCH_VERSION(1, 5)
#define ROOT_SUBVOL	       1

static int tell(struct bch_check_group *g, const struct bch_check_version *v, u32 id,
		const char *what)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_put(&text, "%s\n  ", what);
	bch_check_inode_text(&text, g->inum, v->snapshot, &v->inode);
	return bch_problem_inode(g->c, id, g->inum, "%s", bch_buf_str(&text));
}

/* ------------------------------------------------------------------ against the oldest version */

static int check_same_hash(struct bch_check_group *g, struct bch_check_version *v)
{
	const struct bch_check_version *root = &g->versions.a.v[g->versions.a.nr - 1];
	int fix;

	if (v->inode.bi_hash_seed == root->inode.bi_hash_seed &&
	    v->inode.hash_type == root->inode.hash_type)
		return 0;
	fix = tell(g, v, BCH_FSCK_inode_snapshot_mismatch,
		   "inodes in different snapshots don't match");
	if (fix <= 0)
		return fix;
	v->inode.bi_hash_seed = root->inode.bi_hash_seed;
	v->inode.hash_type = root->inode.hash_type;
	v->changed = true;
	return 0;
}

/* ------------------------------------------------------------------ versions below */

static bool has_version_below(const struct bch_check_group *g, const struct bch_check_version *v)
{
	for (const struct bch_check_version *o = g->versions.a.v; o < v; o++)
		if (bch_snapshot_is_ancestor(g->c->fs, o->snapshot, v->snapshot))
			return true;
	return false;
}

static int check_has_child(struct bch_check_group *g, struct bch_check_version *v)
{
	bool has = has_version_below(g, v);
	int fix;

	if (bch_inode_flag(&v->inode, BCH_INODE_has_child_snapshot) == has ||
	    g->c->version < BCH_VERSION_HAS_CHILD)
		return 0;
	fix = tell(g, v, BCH_FSCK_inode_has_child_snapshots_wrong,
		   has ? "inode has_child_snapshots flag wrong (should be 1)"
		       : "inode has_child_snapshots flag wrong (should be 0)");
	if (fix <= 0)
		return fix;
	v->inode.bi_flags ^= 1U << BCH_INODE_has_child_snapshot;
	v->changed = true;
	return 0;
}

/* ------------------------------------------------------------------ unlinked */

static int is_listed(struct bch_check_group *g, const struct bch_check_version *v)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;
	int found = bch_check_key(g->c, BCH_BTREE_deleted_inodes, bch_spos(0, g->inum, v->snapshot),
				  &cur, &k);

	return found < 0 ? found : found && k.type == BCH_KEY_set;
}

static int check_is_listed(struct bch_check_group *g, const struct bch_check_version *v)
{
	const struct bch_key k = { .pos = bch_spos(0, g->inum, v->snapshot), .type = BCH_KEY_set };
	int fix = is_listed(g, v);

	if (fix)
		return fix < 0 ? fix : 0;
	fix = bch_problem_inode(g->c, BCH_FSCK_unlinked_inode_not_on_deleted_list, g->inum,
				"inode %" PRIu64 ":%u unlinked, but not on deleted list", g->inum,
				v->snapshot);
	return fix <= 0 ? fix : bch_repair(g->c, BCH_BTREE_deleted_inodes, &k, BCH_UPDATE_QUIET);
}

static int check_unlinked_dir(struct bch_check_group *g, struct bch_check_version *v)
{
	int empty = bch_check_dir_is_empty(g->c, g->inum, v->snapshot), fix;

	if (empty)
		return empty < 0 ? empty : 0;
	fix = tell(g, v, BCH_FSCK_inode_dir_unlinked_but_not_empty, "dir unlinked but not empty");
	if (fix <= 0)
		return fix;
	v->inode.bi_flags &= ~(1U << BCH_INODE_unlinked);
	v->changed = true;
	return 0;
}

static int check_unlinked(struct bch_check_group *g, struct bch_check_version *v)
{
	int err = 0;

	if (!bch_inode_flag(&v->inode, BCH_INODE_unlinked))
		return 0;
	if (S_ISDIR(v->inode.bi_mode))
		err = check_unlinked_dir(g, v);
	if (err || !bch_inode_flag(&v->inode, BCH_INODE_unlinked) ||
	    bch_inode_flag(&v->inode, BCH_INODE_has_child_snapshot) || v->inode.bi_dir ||
	    g->c->version < VERSION_DELETED_INODES)
		return err; /* or it has a name: the check of names will tell */
	return check_is_listed(g, v);
}

/* ------------------------------------------------------------------ subvolumes */

static int clear_subvol(struct bch_check_group *g, struct bch_check_version *v, u32 id,
			const char *what)
{
	int fix = tell(g, v, id, what);

	if (fix <= 0)
		return fix;
	v->inode.bi_subvol = v->inode.bi_parent_subvol = 0;
	v->changed = true;
	return 0;
}

static int check_subvol(struct bch_check_group *g, struct bch_check_version *v)
{
	struct bch_subvolume s;
	int err;

	if (!v->inode.bi_subvol)
		return 0;
	err = bch_subvolume_read(g->c->fs, v->inode.bi_subvol, &s);
	if (err == -BCH_ERR_subvol_missing)
		return clear_subvol(g, v, BCH_FSCK_inode_bi_subvol_missing,
				    "inode bi_subvol points to missing subvolume");
	if (err)
		return err;
	if (s.inode == g->inum && bch_snapshot_is_ancestor(g->c->fs, s.snapshot, v->snapshot))
		return 0;
	return clear_subvol(g, v, BCH_FSCK_inode_bi_subvol_wrong,
			    "inode points to subvolume whose root is another");
}

/* Only the root directory of a subvolume that is in another has one. */
static int check_parent_subvol(struct bch_check_group *g, struct bch_check_version *v)
{
	bool may_have = v->inode.bi_subvol && v->inode.bi_subvol != ROOT_SUBVOL;
	int fix;

	if (may_have || !v->inode.bi_parent_subvol || g->c->version < VERSION_PARENT_SUBVOL)
		return 0;
	fix = tell(g, v, BCH_FSCK_inode_bi_parent_nonzero, "inode has nonzero bi_parent_subvol");
	if (fix <= 0)
		return fix;
	v->inode.bi_parent_subvol = 0;
	v->changed = true;
	return 0;
}

/* ------------------------------------------------------------------ what later versions have */

static int check_casefold(struct bch_check_group *g, struct bch_check_version *v)
{
	int fix;

	if (g->c->version < VERSION_CASE || !S_ISDIR(v->inode.bi_mode) ||
	    v->inode.bi_casefold <= 1 || bch_inode_flag(&v->inode, BCH_INODE_has_case_insensitive))
		return 0;
	fix = tell(g, v, BCH_FSCK_inode_has_case_insensitive_not_set,
		   "casefolded dir with has_case_insensitive not set");
	if (fix <= 0)
		return fix;
	v->inode.bi_flags |= 1U << BCH_INODE_has_case_insensitive;
	v->changed = true;
	return 0;
}

static int check_dir_size(struct bch_check_group *g, struct bch_check_version *v)
{
	int fix;

	if (g->c->version < BCH_VERSION_LATER_IDS || !S_ISDIR(v->inode.bi_mode) ||
	    !v->inode.bi_size)
		return 0;
	fix = tell(g, v, BCH_FSCK_inode_dir_has_nonzero_i_size, "directory with nonzero i_size");
	if (fix <= 0)
		return fix;
	v->inode.bi_size = 0;
	v->changed = true;
	return 0;
}

static int check_journal_seq(struct bch_check_group *g, struct bch_check_version *v)
{
	int fix;

	if (g->c->version < BCH_VERSION_LATER_IDS || v->inode.bi_journal_seq <= g->c->fs->state.seq)
		return 0;
	fix = tell(g, v, BCH_FSCK_inode_journal_seq_in_future, "inode journal seq in future");
	if (fix <= 0)
		return fix;
	v->inode.bi_journal_seq = g->c->fs->state.seq;
	v->changed = true;
	return 0;
}

/* ------------------------------------------------------------------ all */

static int check_version(struct bch_check_group *g, struct bch_check_version *v)
{
	static int (*const checks[])(struct bch_check_group *, struct bch_check_version *) = {
		check_same_hash, check_casefold, check_has_child,     check_unlinked,
		check_dir_size,	 check_subvol,	 check_parent_subvol, check_journal_seq,
	};
	int err = 0;

	for (size_t i = 0; i < bch_array_size(checks) && !err; i++)
		err = checks[i](g, v);
	return err;
}

int bch_check_inode_fields(struct bch_check_group *g)
{
	int err = 0;

	for (size_t i = 0; i < g->versions.a.nr && !err; i++)
		err = check_version(g, &g->versions.a.v[i]);
	return err;
}
