// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Back pointers and link counts, when all entries have been seen. Format reference: 07 §4.15 (3, 4), §4.19, §4.22, §4.24.
 *
 * Each version of an inode knows by then how many entries lead to it, and whether its back pointer is one of them.
 */

#include "check/names.h"

#include <stdlib.h>

#define ROOT_SUBVOL 1

/* ------------------------------------------------------------------ entries that back pointers do not say */

static int compare_extras(const void *a, const void *b)
{
	const struct bch_check_extra *x = a, *y = b;

	if (x->inum != y->inum)
		return x->inum < y->inum ? -1 : 1;
	if (x->snapshot != y->snapshot)
		return x->snapshot < y->snapshot ? -1 : 1;
	if (x->dir != y->dir)
		return x->dir < y->dir ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* Those of version @v, from place *@at on; *@at becomes that behind them. */
static size_t extras_of(struct bch_check_tree_of_files *t, const struct bch_check_inode *v,
			size_t *at)
{
	const struct bch_check_extra key = { .inum = v->inum, .snapshot = v->snapshot };
	size_t first;

	while (*at < t->extras.a.nr && compare_extras(&t->extras.a.v[*at], &key) < 0)
		++*at;
	first = *at;
	while (*at < t->extras.a.nr && t->extras.a.v[*at].inum == v->inum &&
	       t->extras.a.v[*at].snapshot == v->snapshot)
		++*at;
	return first;
}

static int tell(struct bch_check_names *n, u32 id, const struct bch_check_inode *v,
		const char *what)
{
	return bch_problem_inode(n->c, id, v->inum,
				 "%s\n  inode %" PRIu64 ":%u mode %o bi_dir %" PRIu64
				 " bi_dir_offset %" PRIu64 " bi_nlink %u",
				 what, v->inum, v->snapshot, v->mode, v->dir, v->dir_offset,
				 v->nlink);
}

/* ------------------------------------------------------------------ back pointers */

static void set_back_pointer(struct bch_check_inode *v, u64 dir, u64 offset)
{
	v->dir = dir;
	v->dir_offset = offset;
	v->bits |= BCH_INODE_IS_CHANGED;
}

/* The first entry that leads there is as good as any; of files without back pointer that is nothing unusual: 04 §6.8. */
static int take_extra(struct bch_check_names *n, struct bch_check_inode *v,
		      const struct bch_check_extra *e)
{
	bool none = !v->dir && !v->dir_offset;
	int fix = 1;

	if (!none)
		fix = tell(n, BCH_FSCK_inode_wrong_backpointer, v,
			   "dirent points to inode that does not point back");
	else if (S_ISDIR(v->mode))
		fix = tell(n, BCH_FSCK_inode_dir_missing_backpointer, v,
			   "directory with missing backpointer");
	else if (!n->c->writes)
		fix = 0;
	if (fix <= 0)
		return fix;
	set_back_pointer(v, e->dir, e->offset);
	v->bits |= BCH_INODE_IS_NAMED;
	return 0;
}

static int is_entry_there(struct bch_check_names *n, const struct bch_check_inode *v)
{
	struct bch_snapshot_view view = bch_snapshot_view(n->c->fs, v->snapshot);
	struct bch_pos pos = bch_pos(v->dir, v->dir_offset);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(n->c->fs, BCH_BTREE_dirents, pos, pos, 0, &view);
	struct bch_key k;
	int found = bch_cursor_next(&cur, &k);

	return found == -BCH_ERR_btree_node_read_failed ? 0
	       : found > 0				? k.type == BCH_KEY_dirent
							: found;
}

/* It leads nowhere, or to another inode. */
static int drop_back_pointer(struct bch_check_names *n, struct bch_check_inode *v)
{
	int there = v->dir ? is_entry_there(n, v) : 0, fix;

	if (there < 0 || (!v->dir && !v->dir_offset))
		return there;
	fix = tell(n,
		   there ? BCH_FSCK_inode_points_to_wrong_dirent
			 : BCH_FSCK_inode_points_to_missing_dirent,
		   v, there ? "inode points to wrong dirent" : "inode points to missing dirent");
	if (fix <= 0)
		return fix;
	set_back_pointer(v, 0, 0);
	return 0;
}

static bool has_version_below(struct bch_check_names *n, const struct bch_check_inode *v)
{
	for (const struct bch_check_inode *o = v;
	     o > n->files.inodes.a.v && (o - 1)->inum == v->inum; o--)
		if (bch_snapshot_is_ancestor(n->c->fs, (o - 1)->snapshot, v->snapshot))
			return true;
	return false;
}

/* Of the directory with that number, as some subvolume sees it, or one above that. */
static bool is_of_a_root(struct bch_check_names *n, const struct bch_check_inode *v)
{
	for (size_t i = 0; i < n->forest.subvols.a.nr; i++) {
		const struct bch_check_subvol *s = &n->forest.subvols.a.v[i];

		if (s->v.inode == v->inum &&
		    bch_snapshot_is_ancestor(n->c->fs, s->v.snapshot, v->snapshot))
			return true;
	}
	return false;
}

/* Is it what the subvolume whose root it says it is sees? */
static bool is_root_now(struct bch_check_names *n, const struct bch_check_inode *v)
{
	const struct bch_check_subvol *s = bch_check_subvol_find(&n->forest, v->subvol);

	return s && s->v.inode == v->inum &&
	       bch_check_version_seen(&n->files, v->inum, s->v.snapshot) == v;
}

/* A version of a subvolume's root that younger ones have replaced may have been in another place. */
static bool needs_no_name(struct bch_check_names *n, const struct bch_check_inode *v)
{
	if (v->subvol == ROOT_SUBVOL)
		return true;
	return v->subvol ? !is_root_now(n, v) && has_version_below(n, v) : is_of_a_root(n, v);
}

static int check_unlinked(struct bch_check_names *n, struct bch_check_inode *v)
{
	int fix =
		tell(n, BCH_FSCK_inode_unlinked_but_has_dirent, v, "inode unlinked but has dirent");

	if (fix <= 0)
		return fix;
	v->bits &= (u16)~BCH_INODE_IS_UNLINKED;
	v->bits |= BCH_INODE_IS_CHANGED;
	return 0;
}

/* What else leads to a directory goes; of a file it is counted. */
static int check_extras(struct bch_check_names *n, struct bch_check_inode *v,
			const struct bch_check_extra *e, size_t nr)
{
	int fix = 0;

	for (size_t i = 0; i < nr && fix >= 0 && (S_ISDIR(v->mode) || v->subvol); i++) {
		if (e[i].dir == v->dir && e[i].offset == v->dir_offset)
			continue;
		fix = tell(n, BCH_FSCK_inode_dir_multiple_links, v,
			   "directory with multiple links");
		if (fix > 0)
			fix = bch_check_remove_entry(n, e[i].dir, e[i].offset, e[i].entry_snapshot);
		if (!fix && !v->subvol)
			bch_check_count_dirs(n, e[i].dir, e[i].entry_snapshot, -1);
	}
	return fix < 0 ? fix : 0;
}

static int check_nameless(struct bch_check_names *n, struct bch_check_inode *v)
{
	if (v->bits & BCH_INODE_IS_UNLINKED)
		return drop_back_pointer(n, v);
	if (needs_no_name(n, v))
		return 0;
	v->bits |= BCH_INODE_IS_LOST;
	return drop_back_pointer(n, v);
}

static int check_back_pointer(struct bch_check_names *n, struct bch_check_inode *v,
			      const struct bch_check_extra *e, size_t nr)
{
	int err = 0;

	if (v->bits & BCH_INODE_IS_UNLINKED && (nr || v->bits & BCH_INODE_IS_NAMED))
		err = check_unlinked(n, v);
	if (!err && !(v->bits & BCH_INODE_IS_NAMED) && nr)
		err = take_extra(n, v, e);
	if (!err && !(v->bits & BCH_INODE_IS_NAMED) && !nr)
		err = check_nameless(n, v);
	return err ? err : check_extras(n, v, e, nr);
}

static int check_back_pointers(struct bch_check_names *n)
{
	struct bch_check_tree_of_files *t = &n->files;
	size_t at = 0;
	int err = 0;

	if (t->extras.a.nr)
		qsort(t->extras.a.v, t->extras.a.nr, sizeof(*t->extras.a.v), compare_extras);
	for (size_t i = 0; i < t->inodes.a.nr && !err; i++) {
		struct bch_check_inode *v = &t->inodes.a.v[i];
		size_t first = extras_of(t, v, &at);

		err = check_back_pointer(n, v, t->extras.a.v + first, at - first);
	}
	return err;
}

/* ------------------------------------------------------------------ entries of directories */

void bch_check_count_dirs(struct bch_check_names *n, u64 inum, u32 snapshot, int by)
{
	size_t nr, first = bch_check_versions(&n->files, inum, &nr);

	for (size_t i = first; i < first + nr; i++) {
		struct bch_check_inode *v = &n->files.inodes.a.v[i];

		if (!bch_snapshot_is_ancestor(n->c->fs, v->snapshot, snapshot))
			continue;
		if (v->nlink == v->nr_links) { /* our own doing is no problem */
			v->nlink += (u32)by;
			v->bits |= BCH_INODE_IS_CHANGED;
		}
		v->nr_links += (u32)by;
	}
}

int bch_check_remove_entry(struct bch_check_names *n, u64 dir, u64 offset, u32 snapshot)
{
	const struct bch_check_table t = { n->c, BCH_BTREE_dirents, &n->inode };
	int err = bch_check_names_enter(n, dir);

	if (!err && n->has_inode)
		err = bch_check_hash_remove(&t, bch_spos(dir, offset, snapshot),
					    BCH_REMOVE_FOR_SNAPSHOT);
	return err ? err : bch_repairs_apply(n->c);
}

/* The snapshot that stores the entry which @v is led to by; 0: there is none. */
static int entry_snapshot(struct bch_check_names *n, const struct bch_check_inode *v, u32 *snapshot)
{
	struct bch_snapshot_view view = bch_snapshot_view(n->c->fs, v->snapshot);
	struct bch_pos pos = bch_pos(v->dir, v->dir_offset);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(n->c->fs, BCH_BTREE_dirents, pos, pos, 0, &view);
	struct bch_key k;
	int found = bch_cursor_next(&cur, &k);

	*snapshot = found > 0 ? k.pos.snapshot : 0;
	return found < 0 ? found : 0;
}

int bch_check_detach(struct bch_check_names *n, struct bch_check_inode *v)
{
	u32 snapshot;
	bool named = v->bits & BCH_INODE_IS_NAMED;
	int err = named ? entry_snapshot(n, v, &snapshot) : 0;

	if (!err && named && snapshot) {
		if (!v->subvol)
			bch_check_count_dirs(n, v->dir, snapshot, -1);
		err = bch_check_remove_entry(n, v->dir, v->dir_offset, snapshot);
	}
	set_back_pointer(v, 0, 0);
	v->bits &= (u16)~BCH_INODE_IS_NAMED;
	if (!needs_no_name(n, v))
		v->bits |= BCH_INODE_IS_LOST;
	return err;
}

/* ------------------------------------------------------------------ counts */

static int check_dir_count(struct bch_check_names *n, struct bch_check_inode *v)
{
	int fix;

	if (v->nlink == v->nr_links || v->bits & BCH_INODE_IS_UNLINKED)
		return 0;
	fix = bch_problem_inode(n->c, BCH_FSCK_inode_dir_wrong_nlink, v->inum,
				"directory %" PRIu64 ":%u with wrong i_nlink: got %u, should be %u",
				v->inum, v->snapshot, v->nlink, v->nr_links);
	if (fix <= 0)
		return fix;
	v->nlink = v->nr_links;
	v->bits |= BCH_INODE_IS_CHANGED;
	return 0;
}

/* Stored is one less. One without any link was said to be lost, and has one now. */
static int check_file_count(struct bch_check_names *n, struct bch_check_inode *v)
{
	int fix;

	if (v->nlink + 1 == v->nr_links || !v->nr_links || v->bits & BCH_INODE_IS_UNLINKED)
		return 0;
	if (!v->nlink)
		fix = bch_problem_inode(n->c, BCH_FSCK_inode_multiple_links_but_nlink_0, v->inum,
					"inode %" PRIu64 ":%u has multiple links but i_nlink 0",
					v->inum, v->snapshot);
	else
		fix = bch_problem_inode(n->c, BCH_FSCK_inode_wrong_nlink, v->inum,
					"inode %" PRIu64 ":%u has wrong i_nlink (%u, should be %u)",
					v->inum, v->snapshot, v->nlink + 1, v->nr_links);
	if (fix <= 0)
		return fix;
	v->nlink = v->nr_links - 1;
	v->bits |= BCH_INODE_IS_CHANGED;
	return 0;
}

static int store(struct bch_check_names *n, const struct bch_check_inode *v)
{
	struct bch_inode inode;
	int found = bch_check_inode_read(n->c, v->inum, v->snapshot, &inode);

	if (found <= 0)
		return found;
	inode.bi_dir = v->dir;
	inode.bi_dir_offset = v->dir_offset;
	inode.bi_nlink = v->nlink;
	inode.bi_parent_subvol = v->parent_subvol;
	inode.bi_flags &= ~(1U << BCH_INODE_unlinked);
	if (v->bits & BCH_INODE_IS_UNLINKED)
		inode.bi_flags |= 1U << BCH_INODE_unlinked;
	return bch_check_inode_put(n->c, v->inum, v->snapshot, &inode);
}

static int check_counts(struct bch_check_names *n)
{
	int err = 0;

	for (size_t i = 0; i < n->files.inodes.a.nr && !err; i++) {
		struct bch_check_inode *v = &n->files.inodes.a.v[i];

		err = S_ISDIR(v->mode) ? check_dir_count(n, v) : check_file_count(n, v);
		if (!err && v->bits & BCH_INODE_IS_CHANGED)
			err = store(n, v);
	}
	return err;
}

int bch_check_links(struct bch_check_names *n)
{
	int err = check_back_pointers(n);

	if (!err)
		err = bch_check_loops(n);
	if (!err)
		err = bch_check_reattach(n);
	if (!err)
		err = check_counts(n);
	return err ? err : bch_check_case_flags(n);
}
