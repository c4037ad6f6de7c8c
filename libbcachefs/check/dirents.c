// SPDX-License-Identifier: GPL-2.0-or-later
/* What dirents lead to. Format reference: 07 §4.17, §4.19, §4.20. */

#include "check/names.h"

/* ------------------------------------------------------------------ notes for back pointers and link counts */

static void count_dir(struct bch_check_names *n, const struct bch_key *k)
{
	size_t nr, first = bch_check_versions(&n->files, k->pos.inode, &nr);

	for (size_t i = first; i < first + nr; i++) {
		struct bch_check_inode *v = &n->files.inodes.a.v[i];

		if (bch_check_is_visible(n->c, &n->seen, v->snapshot))
			v->nr_links++;
	}
}

int bch_check_note_name(struct bch_check_names *n, struct bch_check_inode *v,
			const struct bch_key *k)
{
	if (!S_ISDIR(v->mode))
		v->nr_links++;
	if (v->dir == k->pos.inode && v->dir_offset == k->pos.offset) {
		v->bits |= BCH_INODE_IS_NAMED;
		return 0;
	}
	return bch_array_push(&n->files.extras.a,
			      ((struct bch_check_extra){ .inum = v->inum,
							 .snapshot = v->snapshot,
							 .entry_snapshot = k->pos.snapshot,
							 .dir = k->pos.inode,
							 .offset = k->pos.offset }));
}

void bch_check_dirent_moved(struct bch_check_names *n, const struct bch_key *k, struct bch_pos to)
{
	struct bch_dirent d;
	size_t nr, first;

	if (!bch_dirent_get(k, &d))
		return;
	if (d.d_type == BCH_DIRENT_subvol) {
		const struct bch_check_subvol *s =
			bch_check_subvol_find(&n->forest, d.d_child_subvol);

		d.d_inum = s ? s->v.inode : 0;
	}
	first = bch_check_versions(&n->files, d.d_inum, &nr);
	for (size_t i = first; i < first + nr; i++) {
		struct bch_check_inode *v = &n->files.inodes.a.v[i];

		if (v->dir != k->pos.inode || v->dir_offset != k->pos.offset)
			continue;
		v->dir_offset = to.offset;
		v->bits |= BCH_INODE_IS_CHANGED;
	}
}

/* ------------------------------------------------------------------ the entry itself */

static int put_dirent(struct bch_check_names *n, const struct bch_key *k,
		      const struct bch_dirent *d)
{
	u8 val[BCH_DIRENT_VAL_MAX];
	struct bch_key changed = *k;

	changed.val = (struct bch_bytes){ val, bch_dirent_put(d, val) };
	return changed.val.len ? bch_repair(n->c, BCH_BTREE_dirents, &changed, 0) : 0;
}

static int remove_dirent(struct bch_check_names *n, const struct bch_key *k)
{
	const struct bch_check_table t = { n->c, BCH_BTREE_dirents, &n->inode };

	return bch_check_hash_remove(&t, k->pos, BCH_REMOVE_FOR_SNAPSHOT);
}

static u8 type_of(const struct bch_check_inode *v)
{
	return v->subvol ? BCH_DIRENT_subvol : (u8)(v->mode >> 12);
}

/* Is the entry right for its own snapshot, or has nothing to be right for there? */
static bool is_right_above(struct bch_check_names *n, const struct bch_key *k,
			   const struct bch_dirent *d, const struct bch_check_inode *below)
{
	const struct bch_check_inode *v =
		bch_check_version_seen(&n->files, below->inum, k->pos.snapshot);

	return !v || d->d_type == type_of(v);
}

/*
 * Of a directory that is a subvolume's root the entry has other fields. Where the inode is of another type in a snapshot
 * below, that gets an entry of its own, when the one above is right.
 */
static int check_type(struct bch_check_names *n, const struct bch_key *k,
		      const struct bch_dirent *d, const struct bch_check_inode *v)
{
	const char *got = bch_dirent_type_name(d->d_type), *want = bch_dirent_type_name(type_of(v));
	struct bch_dirent right = *d;
	struct bch_key theirs = *k;
	bool below = v->snapshot < k->pos.snapshot;
	int fix;

	if (d->d_type == type_of(v) || (below && !is_right_above(n, k, d, v)))
		return 0;
	fix = bch_problem_key(n->c, BCH_FSCK_dirent_d_type_wrong, BCH_BTREE_dirents, k,
			      "incorrect d_type: got %s, should be %s:", got ? got : "(bad type)",
			      want ? want : "(bad type)");
	if (fix <= 0)
		return fix;
	right.d_type = type_of(v);
	if (v->subvol) {
		right.d_child_subvol = v->subvol;
		right.d_parent_subvol = v->parent_subvol;
	} else {
		right.d_inum = v->inum;
	}
	if (below)
		theirs.pos.snapshot = v->snapshot;
	return put_dirent(n, &theirs, &right);
}

/* ------------------------------------------------------------------ to an inode */

/* Calls @fn with each version that the entry leads to; @nr_found becomes how many these are. */
static int each_target(struct bch_check_names *n, const struct bch_key *k, u64 inum,
		       const struct bch_dirent *d, u32 *nr_found,
		       int (*fn)(struct bch_check_names *n, const struct bch_key *k,
				 const struct bch_dirent *d, struct bch_check_inode *v))
{
	size_t nr, first = bch_check_versions(&n->files, inum, &nr);
	int err = 0;

	*nr_found = 0;
	for (size_t i = first; i < first + nr && !err; i++) {
		struct bch_check_inode *v = &n->files.inodes.a.v[i];

		if (!bch_check_ref_is_visible(n->c, &n->seen, v->snapshot))
			continue;
		++*nr_found;
		err = fn ? fn(n, k, d, v) : 0;
		if (v->snapshot >= k->pos.snapshot)
			break;
	}
	return err;
}

static int check_target(struct bch_check_names *n, const struct bch_key *k,
			const struct bch_dirent *d, struct bch_check_inode *v)
{
	int err = bch_check_note_name(n, v, k);

	n->leads_to_dir |= S_ISDIR(v->mode) && !v->subvol;
	return err ? err : check_type(n, k, d, v);
}

/* Is there an entry in a directory of that number? */
static int has_entries(struct bch_check_names *n, u64 inum)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(n->c->fs, BCH_BTREE_dirents, bch_pos(inum, 0),
			   bch_spos(inum, BCH_U64_MAX, BCH_U32_MAX));
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		if (k.type == BCH_KEY_dirent)
			return 1;
	return more < 0 && more != -BCH_ERR_btree_node_read_failed ? more : 0;
}

static int recreate_dir(struct bch_check_names *n, const struct bch_key *k, u64 inum)
{
	struct bch_inode inode;
	int err;

	bch_check_inode_new(n->c, inum, S_IFDIR | 0700, &inode);
	inode.bi_dir = k->pos.inode;
	inode.bi_dir_offset = k->pos.offset;
	err = bch_check_inode_put(n->c, inum, k->pos.snapshot, &inode);
	if (!err)
		err = bch_repairs_apply(n->c);
	return err ? err : bch_check_add_inode(&n->files, inum, k->pos.snapshot, &inode);
}

/* A directory that still has entries is made anew, else the entry leads nowhere. */
static int missing_target(struct bch_check_names *n, const struct bch_key *k,
			  const struct bch_dirent *d)
{
	int has = d->d_type == BCH_DIRENT_dir ? has_entries(n, d->d_inum) : 0, fix;

	if (has < 0)
		return has;
	fix = bch_problem_key(
		n->c, has ? BCH_FSCK_missing_inode_with_contents : BCH_FSCK_dirent_to_missing_inode,
		BCH_BTREE_dirents, k,
		has ? "dirent points to missing inode that has contents:"
		    : "dirent points to missing inode:");
	if (fix <= 0)
		return fix;
	return has ? recreate_dir(n, k, d->d_inum) : remove_dirent(n, k);
}

/* ------------------------------------------------------------------ to an inode that is no more for some */

static int hide_from(struct bch_check_names *n, const struct bch_key *k, u32 snapshot)
{
	struct bch_key theirs = *k;
	int fix = bch_problem_key(n->c,
				  n->c->version < BCH_VERSION_LATER_IDS
					  ? BCH_FSCK_dirent_to_missing_inode
					  : BCH_FSCK_dirent_to_overwritten_inode,
				  BCH_BTREE_dirents, k,
				  "dirent points to inode overwritten in snapshot %u:", snapshot);

	theirs.pos.snapshot = snapshot;
	return fix <= 0 ? fix : remove_dirent(n, &theirs);
}

/* Snapshots below in which the inode was deleted must not see the entry. */
static int check_gone(struct bch_check_names *n, const struct bch_key *k, u64 inum)
{
	const struct bch_check_tree_of_files *t = &n->files;
	int err = 0;

	for (size_t i = bch_array_place(&t->gone.a, inum, inum);
	     i < t->gone.a.nr && t->gone.a.v[i].inum == inum && !err; i++) {
		u32 id = t->gone.a.v[i].snapshot;

		if (id < k->pos.snapshot && bch_check_is_visible(n->c, &n->seen, id))
			err = hide_from(n, k, id);
	}
	return err;
}

static int check_inode_entry(struct bch_check_names *n, const struct bch_key *k,
			     const struct bch_dirent *d)
{
	u32 nr;
	int err = check_gone(n, k, d->d_inum);

	n->leads_to_dir = false;
	if (!err)
		err = each_target(n, k, d->d_inum, d, &nr, check_target);
	if (!err && !nr) {
		err = missing_target(n, k, d);
		if (!err)
			err = each_target(n, k, d->d_inum, d, &nr, check_target);
	}
	if (!err && n->leads_to_dir)
		count_dir(n, k);
	return err;
}

/* ------------------------------------------------------------------ to a subvolume */

/* The first subvolume that sees the entry; 0: none. */
static u32 parent_that_sees(const struct bch_check_names *n, const struct bch_key *k)
{
	for (size_t i = 0; i < n->forest.subvols.a.nr; i++) {
		const struct bch_check_subvol *s = &n->forest.subvols.a.v[i];

		if (bch_snapshot_is_ancestor(n->c->fs, s->v.snapshot, k->pos.snapshot))
			return s->id;
	}
	return 0;
}

/* Does @parent see an entry of this name that leads to the same subvolume? Then @d is a copy in a foreign snapshot. */
static int sees_the_same(const struct bch_check_names *n, const struct bch_check_subvol *parent,
			 const struct bch_key *k, const struct bch_dirent *d)
{
	const struct bch_file dir = { .snapshot = parent->v.snapshot, .inum = k->pos.inode };
	struct bch_file found;
	int err = bch_dir_lookup(n->c->fs, &dir, (const char *)d->name.p, d->name.len, &found);

	if (err)
		return err == -BCH_ERR_no_memory ? err : 0;
	return found.subvol == d->d_child_subvol;
}

/* Sets d->d_parent_subvol: 0 where the entry is no more. */
static int check_parent(struct bch_check_names *n, const struct bch_key *k, struct bch_dirent *d)
{
	const struct bch_check_subvol *parent =
		bch_check_subvol_find(&n->forest, d->d_parent_subvol);
	u32 found;
	int fix, same;

	if (parent && bch_snapshot_is_ancestor(n->c->fs, parent->v.snapshot, k->pos.snapshot))
		return 0;
	fix = bch_problem_key(n->c,
			      parent ? BCH_FSCK_dirent_not_visible_in_parent_subvol
				     : BCH_FSCK_dirent_to_missing_parent_subvol,
			      BCH_BTREE_dirents, k,
			      parent ? "dirent not visible in parent_subvol (not an ancestor of "
				       "subvol snap):"
				     : "dirent parent_subvol points to missing subvolume:");
	if (fix <= 0)
		return fix;
	same = parent ? sees_the_same(n, parent, k, d) : 0;
	if (same) {
		d->d_parent_subvol = 0;
		return same < 0 ? same : remove_dirent(n, k);
	}
	found = parent_that_sees(n, k);
	if (!found)
		return 0;
	d->d_parent_subvol = found;
	return put_dirent(n, k, d);
}

static int check_path_parent(struct bch_check_names *n, const struct bch_key *k,
			     const struct bch_dirent *d, struct bch_check_subvol *child)
{
	int fix;

	if (child->v.fs_path_parent == d->d_parent_subvol)
		return 0;
	fix = bch_problem_key(n->c, BCH_FSCK_subvol_fs_path_parent_wrong, BCH_BTREE_dirents, k,
			      "subvol with wrong fs_path_parent, got %u, should be %u:",
			      child->v.fs_path_parent, d->d_parent_subvol);
	if (fix <= 0)
		return fix;
	child->v.fs_path_parent = d->d_parent_subvol;
	return bch_check_subvol_put(&n->forest, child);
}

/* The parent as the root directory says it; it goes out with the other changes. */
static int check_root_parent(struct bch_check_names *n, const struct bch_check_subvol *child,
			     struct bch_check_inode *root)
{
	int fix;

	if (root->parent_subvol == child->v.fs_path_parent)
		return 0;
	fix = bch_problem_inode(
		n->c, BCH_FSCK_inode_bi_parent_wrong, root->inum,
		"subvol root %" PRIu64 ":%u has wrong bi_parent_subvol: got %u, should "
		"be %u",
		root->inum, root->snapshot, root->parent_subvol, child->v.fs_path_parent);
	if (fix <= 0)
		return fix;
	root->parent_subvol = child->v.fs_path_parent;
	root->bits |= BCH_INODE_IS_CHANGED;
	return 0;
}

/* Older versions of the root, that snapshots of the subvolume left behind, are led to by the same entry. */
static void note_older_roots(struct bch_check_names *n, const struct bch_key *k,
			     const struct bch_check_subvol *child)
{
	size_t nr, first = bch_check_versions(&n->files, child->v.inode, &nr);

	for (size_t i = first; i < first + nr; i++) {
		struct bch_check_inode *v = &n->files.inodes.a.v[i];

		if (v->subvol == child->id && v->dir == k->pos.inode &&
		    v->dir_offset == k->pos.offset)
			v->bits |= BCH_INODE_IS_NAMED;
	}
}

static int check_subvol_entry(struct bch_check_names *n, const struct bch_key *k,
			      const struct bch_dirent *d)
{
	struct bch_check_subvol *child = bch_check_subvol_find(&n->forest, d->d_child_subvol);
	struct bch_dirent right = *d;
	struct bch_check_inode *root;
	int err;

	if (!child) {
		err = bch_problem_key(n->c, BCH_FSCK_dirent_to_missing_subvol, BCH_BTREE_dirents, k,
				      "dirent points to missing subvolume:");
		return err <= 0 ? err : remove_dirent(n, k);
	}
	err = check_parent(n, k, &right);
	if (!err && !right.d_parent_subvol)
		return 0;
	if (!err)
		err = check_path_parent(n, k, &right, child);
	root = bch_check_version_seen(&n->files, child->v.inode, child->v.snapshot);
	if (err || !root) /* it was told with the subvolume */
		return err;
	err = check_root_parent(n, child, root);
	note_older_roots(n, k, child);
	return err ? err : check_target(n, k, &right, root);
}

/* ------------------------------------------------------------------ all */

int bch_check_dirent_has_target(struct bch_check_names *n, const struct bch_key *k)
{
	struct bch_dirent d;
	u32 nr;
	int err;

	if (!bch_dirent_get(k, &d))
		return 0;
	if (d.d_type == BCH_DIRENT_subvol)
		return bch_check_subvol_find(&n->forest, d.d_child_subvol) != NULL;
	err = each_target(n, k, d.d_inum, &d, &nr, NULL);
	return err ? err : nr > 0;
}

int bch_check_dirent(struct bch_check_names *n, const struct bch_key *k, const struct bch_dirent *d)
{
	return d->d_type == BCH_DIRENT_subvol ? check_subvol_entry(n, k, d)
					      : check_inode_entry(n, k, d);
}

/* The name in both forms; 0 where it would be too long. */
size_t bch_check_renamed_put(const struct bch_dirent *d, u32 nr, u8 val[BCH_DIRENT_VAL_MAX])
{
	struct bch_buf name bch_auto(buf) = { 0 }, folded bch_auto(buf) = { 0 };
	struct bch_dirent renamed = *d;

	bch_buf_mem(&name, d->name.p, d->name.len);
	bch_buf_put(&name, ".fsck_renamed-%u", nr);
	renamed.name = (struct bch_bytes){ (const u8 *)bch_buf_str(&name), name.len };
	if (d->d_casefold) {
		bch_buf_mem(&folded, d->cf_name.p, d->cf_name.len);
		bch_buf_put(&folded, ".fsck_renamed-%u", nr);
		renamed.cf_name =
			(struct bch_bytes){ (const u8 *)bch_buf_str(&folded), folded.len };
	}
	return bch_buf_failed(&name) || bch_buf_failed(&folded) ? 0 : bch_dirent_put(&renamed, val);
}
