// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshot trees and their nodes. Format reference: 07 §4.10, §4.11, §9.2.
 *
 * Parents have greater ids than their children, so that what a node says of its parent orders all of them, and there is
 * no loop. Where parents and children do not agree the parents are right.
 */

#include "check/forest.h"

static int put_snapshot(struct bch_check_forest *f, struct bch_check_snapshot *s)
{
	return bch_check_snapshot_put(f, s);
}

#define VERSION_NO_MASTER BCH_VERSION(1, 20)

static struct bch_key key_of(u32 id, u8 type, const void *val, size_t len)
{
	return (struct bch_key){ .pos = bch_pos(0, id), .type = type, .val = { val, len } };
}

static int snapshot_problem(struct bch_check_forest *f, u32 id, const struct bch_check_snapshot *s,
			    const char *text)
{
	struct bch_snapshot_disk val;
	struct bch_key k;

	bch_snapshot_put(&s->v, &val, s->len);
	k = key_of(s->id, BCH_KEY_snapshot, &val, s->len < sizeof(val) ? s->len : sizeof(val));
	return bch_problem_key(f->c, id, BCH_BTREE_snapshots, &k, "%s", text);
}

static int tree_problem(struct bch_check_forest *f, u32 id, const struct bch_check_tree *t,
			const char *text)
{
	struct bch_snapshot_tree_disk val;
	struct bch_key k;

	bch_snapshot_tree_put(&t->v, &val, sizeof(val));
	k = key_of(t->id, BCH_KEY_snapshot_tree, &val, sizeof(val));
	return bch_problem_key(f->c, id, BCH_BTREE_snapshot_trees, &k, "%s", text);
}

/* Only the number is kept, for keys of that snapshot that may be left: 08 §10. */
static bool is_gone(const struct bch_check_snapshot *s)
{
	return s->v.flags >> BCH_SNAPSHOT_deleted & 1;
}

/* ------------------------------------------------------------------ trees: 07 §4.10 */

/* Is subvolume @id one of the tree's that @root is the root of? */
static bool is_in_tree(const struct bch_check_forest *f, const struct bch_check_subvol *s, u32 root)
{
	return bch_check_snapshot_above(f, s->v.snapshot, root);
}

/* The first that is no snapshot, else the first at all; 0: the tree has none. */
static u32 choose_master(const struct bch_check_forest *f, u32 root)
{
	u32 any = 0;

	for (size_t i = 0; i < f->subvols.a.nr; i++) {
		const struct bch_check_subvol *s = &f->subvols.a.v[i];

		if (!is_in_tree(f, s, root))
			continue;
		if (!(s->v.flags >> BCH_SUBVOLUME_snapshot & 1))
			return s->id;
		if (!any)
			any = s->id;
	}
	return any;
}

/* Its flag says that it is a snapshot of another, which it cannot be any more. */
static int make_master(struct bch_check_forest *f, struct bch_check_tree *t)
{
	struct bch_check_subvol *s;

	t->v.master_subvol = choose_master(f, t->v.root_snapshot);
	s = bch_check_subvol_find(f, t->v.master_subvol);
	if (s && s->v.flags >> BCH_SUBVOLUME_snapshot & 1) {
		s->v.flags &= ~(1U << BCH_SUBVOLUME_snapshot);
		return bch_check_subvol_put(f, s);
	}
	return 0;
}

/* A master that was deleted leaves 0 (04 §3.2); what there is no subvolume for has to wait for one. */
static bool may_be_none(const struct bch_check_forest *f, const struct bch_check_tree *t)
{
	return (!t->v.master_subvol && f->c->version >= VERSION_NO_MASTER) ||
	       !choose_master(f, t->v.root_snapshot);
}

/* What is wrong with the tree's master, or -1. */
static int judge_master(const struct bch_check_forest *f, const struct bch_check_tree *t,
			const char **text)
{
	const struct bch_check_subvol *s = bch_check_subvol_find(f, t->v.master_subvol);

	*text = "snapshot tree points to missing subvolume:";
	if (!s)
		return may_be_none(f, t) ? -1 : BCH_FSCK_snapshot_tree_to_missing_subvol;
	*text = "snapshot tree points to subvolume that does not point to snapshot in this tree:";
	if (!is_in_tree(f, s, t->v.root_snapshot))
		return BCH_FSCK_snapshot_tree_to_wrong_subvol;
	*text = "snapshot tree points to snapshot subvolume:";
	return s->v.flags >> BCH_SUBVOLUME_snapshot & 1 ? BCH_FSCK_snapshot_tree_to_snapshot_subvol
							: -1;
}

static int check_master(struct bch_check_forest *f, struct bch_check_tree *t)
{
	const char *text;
	int id = judge_master(f, t, &text), fix;

	if (id < 0)
		return 0;
	fix = tree_problem(f, (u32)id, t, text);
	if (fix <= 0)
		return fix;
	fix = make_master(f, t);
	return fix ? fix : bch_check_tree_put(f, t);
}

static int check_tree(struct bch_check_forest *f, struct bch_check_tree *t)
{
	const struct bch_check_snapshot *root = bch_check_snapshot_find(f, t->v.root_snapshot);
	int fix;

	if (root && root == bch_check_snapshot_root(f, root) && root->v.tree == t->id)
		return check_master(f, t);
	fix = tree_problem(f, BCH_FSCK_snapshot_tree_to_missing_snapshot, t,
			   "snapshot tree points to missing/incorrect snapshot:");
	return fix <= 0 ? fix
			: bch_repair_delete(f->c, BCH_BTREE_snapshot_trees, bch_pos(0, t->id));
}

int bch_check_snapshot_trees(struct bch_check *c)
{
	struct bch_check_forest f bch_auto(check_forest) = { 0 };
	int err = bch_check_forest_read(c, &f);

	for (size_t i = 0; i < f.trees.a.nr && !err; i++)
		err = check_tree(&f, &f.trees.a.v[i]);
	return err;
}

/* ------------------------------------------------------------------ parents and children */

static bool lists_child(const struct bch_check_snapshot *s, u32 id)
{
	return s->v.children[0] == id || s->v.children[1] == id;
}

/* Instead of a parent that is gone that which lists it; where none does it becomes a root. */
static int check_parent(struct bch_check_forest *f, struct bch_check_snapshot *s)
{
	const struct bch_check_snapshot *parent = bch_check_snapshot_find(f, s->v.parent);
	int fix;

	if (!s->v.parent || parent)
		return 0;
	fix = snapshot_problem(f, BCH_FSCK_snapshot_parent_bad, s,
			       "snapshot with nonexistent parent:");
	if (fix <= 0)
		return fix;
	s->v.parent = bch_check_snapshot_lister(f, s->id);
	if (!s->v.parent) {
		s->v.depth = 0;
		memset(s->v.skip, 0, sizeof(s->v.skip));
	}
	return put_snapshot(f, s);
}

/* Those that name it as their parent: at most two, the greater first. */
static u32 children_of(const struct bch_check_forest *f, u32 id, u32 children[2])
{
	u32 nr = 0;

	children[0] = children[1] = 0;
	for (size_t i = f->snapshots.a.nr; i--;)
		if (f->snapshots.a.v[i].v.parent == id && !is_gone(&f->snapshots.a.v[i]) &&
		    nr++ < 2)
			children[nr - 1] = f->snapshots.a.v[i].id;
	return nr;
}

static int check_children(struct bch_check_forest *f, struct bch_check_snapshot *s)
{
	u32 children[2], nr = children_of(f, s->id, children);
	int fix;

	if (s->v.children[0] == children[0] && s->v.children[1] == children[1])
		return 0;
	if (nr > 2 && lists_child(s, children[0]) && lists_child(s, children[1]))
		return 0;
	fix = snapshot_problem(f, BCH_FSCK_snapshot_child_bad, s,
			       "snapshot whose children are not those that point to it:");
	if (fix <= 0)
		return fix;
	memcpy(s->v.children, children, sizeof(children));
	return put_snapshot(f, s);
}

/* ------------------------------------------------------------------ its subvolume */

static bool has_subvol(const struct bch_check_snapshot *s)
{
	return s->v.flags >> BCH_SNAPSHOT_subvol & 1 && !bch_check_snapshot_is_deleted(s);
}

static int check_no_subvol(struct bch_check_forest *f, struct bch_check_snapshot *s)
{
	int fix = s->v.subvol ? snapshot_problem(f, BCH_FSCK_snapshot_should_not_have_subvol, s,
						 "snapshot should not point to subvol:")
			      : 0;

	if (fix <= 0)
		return fix;
	s->v.subvol = 0;
	return put_snapshot(f, s);
}

/* The subvolume points to another snapshot: that one is right if it is there and points back. */
static int check_points_back(struct bch_check_forest *f, struct bch_check_snapshot *s,
			     struct bch_check_subvol *subvol)
{
	const struct bch_check_snapshot *other = bch_check_snapshot_find(f, subvol->v.snapshot);
	int fix;

	if (subvol->v.snapshot == s->id)
		return 0;
	fix = snapshot_problem(f, BCH_FSCK_snapshot_should_not_have_subvol, s,
			       "snapshot's subvolume does not point back:");
	if (fix <= 0)
		return fix;
	if (other && has_subvol(other) && other->v.subvol == subvol->id) {
		s->v.flags &= ~(1U << BCH_SNAPSHOT_subvol);
		s->v.subvol = 0;
		return put_snapshot(f, s);
	}
	subvol->v.snapshot = s->id;
	return bch_check_subvol_put(f, subvol);
}

int bch_check_find_subvol_root(struct bch_check_forest *f, u32 subvol, u32 snapshot, u64 *inum)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(f->c, BCH_BTREE_inodes, bch_pos(0, BCH_INODE_NR_MIN),
			       bch_spos(0, BCH_U64_MAX, BCH_U32_MAX));
	struct bch_inode inode;
	struct bch_key k;
	int more;

	*inum = 0;
	while (!*inum && (more = bch_check_walk_next(&w, &k))) {
		if (more < 0)
			return more;
		if (bch_key_is_inode(&k) && bch_inode_get(&k, &inode) &&
		    inode.bi_subvol == subvol &&
		    bch_check_snapshot_above(f, snapshot, k.pos.snapshot))
			*inum = k.pos.offset;
	}
	return 0;
}

/* Does it see anything of files? */
static int sees_files(struct bch_check_forest *f, u32 snapshot)
{
	static const u8 btrees[] = { BCH_BTREE_inodes, BCH_BTREE_dirents, BCH_BTREE_extents };
	struct bch_key k;
	int more = 0;

	for (size_t i = 0; i < bch_array_size(btrees); i++) {
		struct bch_check_walk w bch_auto(check_walk) =
			bch_check_walk(f->c, btrees[i], BCH_POS_MIN, BCH_SPOS_MAX);

		while ((more = bch_check_walk_next(&w, &k)) > 0)
			if (bch_check_snapshot_above(f, snapshot, k.pos.snapshot))
				return 1;
		if (more < 0)
			return more;
	}
	return 0;
}

/* Without a root directory, and files to be found again below it, there is nothing that a subvolume could show. */
static int recreate_subvol(struct bch_check_forest *f, struct bch_check_snapshot *s, u64 inum)
{
	const struct bch_check_tree *tree = bch_check_tree_find(f, s->v.tree);
	struct bch_check_subvol subvol = { .id = s->v.subvol,
					   .v = { .snapshot = s->id, .inode = inum } };

	if (!inum) {
		s->v.flags &= ~(1U << BCH_SNAPSHOT_subvol);
		s->v.subvol = 0;
		return put_snapshot(f, s);
	}
	if (tree && tree->v.master_subvol && tree->v.master_subvol != subvol.id &&
	    bch_check_subvol_find(f, tree->v.master_subvol))
		subvol.v.flags = 1U << BCH_SUBVOLUME_snapshot;
	return bch_check_subvol_put(f, &subvol);
}

/* A subvolume that points to @snapshot, by whatever number; NULL: there is none. */
static const struct bch_check_subvol *find_user(const struct bch_check_forest *f, u32 snapshot)
{
	for (size_t i = 0; i < f->subvols.a.nr; i++)
		if (f->subvols.a.v[i].v.snapshot == snapshot)
			return &f->subvols.a.v[i];
	return NULL;
}

/* The key has come to a wrong place. */
static int rename_subvol(struct bch_check_forest *f, const struct bch_check_subvol *s, u32 id)
{
	struct bch_check_subvol moved = *s;
	int err = bch_repair_delete(f->c, BCH_BTREE_subvolumes, bch_pos(0, s->id));

	moved.id = id;
	return err ? err : bch_check_subvol_put(f, &moved);
}

/* No subvolume can have the number that @s names: it is that of @other, or the next free one. */
static int renumber_subvol(struct bch_check_forest *f, struct bch_check_snapshot *s,
			   const struct bch_check_subvol *other)
{
	size_t nr = f->subvols.a.nr;

	s->v.subvol = other ? other->id : nr ? f->subvols.a.v[nr - 1].id + 1 : 1;
	return put_snapshot(f, s);
}

static int check_missing_subvol(struct bch_check_forest *f, struct bch_check_snapshot *s)
{
	u32 id = s->v.subvol == 1 ? BCH_FSCK_root_subvol_missing : BCH_FSCK_subvol_missing;
	int fix = snapshot_problem(f, id, s, "snapshot points to nonexistent subvolume:");
	const struct bch_check_subvol *other;
	u64 inum;

	if (fix <= 0)
		return fix;
	other = find_user(f, s->id);
	if (s->v.subvol > BCH_SUBVOLUME_ID_MAX) {
		fix = renumber_subvol(f, s, other);
		if (fix || other)
			return fix;
	}
	if (other)
		return rename_subvol(f, other, s->v.subvol);
	fix = bch_check_find_subvol_root(f, s->v.subvol, s->id, &inum);
	if (!fix && !inum)
		fix = sees_files(f, s->id);
	if (fix > 0)
		inum = BCH_INODE_NR_MIN;
	return fix < 0 ? fix : recreate_subvol(f, s, inum);
}

static int check_subvol_of(struct bch_check_forest *f, struct bch_check_snapshot *s)
{
	struct bch_check_subvol *subvol = bch_check_subvol_find(f, s->v.subvol);

	if (!has_subvol(s))
		return check_no_subvol(f, s);
	return subvol ? check_points_back(f, s, subvol) : check_missing_subvol(f, s);
}

/* ------------------------------------------------------------------ its tree */

static u32 next_tree_id(const struct bch_check_forest *f)
{
	return f->trees.a.nr ? f->trees.a.v[f->trees.a.nr - 1].id + 1 : 1;
}

/* A tree for what stands under @root, by the number *@id where that is free. */
static int make_tree(struct bch_check_forest *f, u32 root, u32 *id)
{
	struct bch_check_tree t = { .id = *id, .v = { .root_snapshot = root } };
	int err;

	if (!t.id || bch_check_tree_find(f, t.id))
		*id = t.id = next_tree_id(f);
	err = make_master(f, &t);
	return err ? err : bch_check_tree_put(f, &t);
}

static bool is_tree_of(const struct bch_check_forest *f, u32 tree,
		       const struct bch_check_snapshot *s)
{
	const struct bch_check_tree *t = bch_check_tree_find(f, tree);

	return t && bch_check_snapshot_above(f, s->id, t->v.root_snapshot);
}

static int check_tree_of(struct bch_check_forest *f, struct bch_check_snapshot *s)
{
	const struct bch_check_snapshot *root = bch_check_snapshot_root(f, s);
	u32 tree = root->v.tree;
	int fix;

	if (is_tree_of(f, s->v.tree, s))
		return 0;
	fix = snapshot_problem(f, BCH_FSCK_snapshot_to_bad_snapshot_tree, s,
			       "snapshot points to missing/incorrect tree:");
	if (fix <= 0)
		return fix;
	fix = is_tree_of(f, tree, root) ? 0 : make_tree(f, root->id, &tree);
	s->v.tree = tree;
	return fix ? fix : put_snapshot(f, s);
}

/* ------------------------------------------------------------------ depth and skips */

#define VERSION_SKIPLISTS BCH_VERSION(1, 1)

static int check_depth(struct bch_check_forest *f, struct bch_check_snapshot *s)
{
	const struct bch_check_snapshot *parent = bch_check_snapshot_find(f, s->v.parent);
	u32 depth = parent ? parent->v.depth + 1 : 0;
	struct bch_buf text bch_auto(buf) = { 0 };
	int fix;

	if (s->v.depth == depth)
		return 0;
	bch_buf_put(&text, "snapshot with incorrect depth field, should be %u:", depth);
	fix = snapshot_problem(f, BCH_FSCK_snapshot_bad_depth, s, bch_buf_str(&text));
	if (fix <= 0)
		return fix;
	s->v.depth = depth;
	return put_snapshot(f, s);
}

static bool skips_are_good(const struct bch_check_forest *f, const struct bch_check_snapshot *s)
{
	for (u32 i = 0; i < bch_array_size(s->v.skip); i++)
		if (s->v.parent ? !s->v.skip[i] || s->v.skip[i] == s->id ||
					  !bch_check_snapshot_above(f, s->id, s->v.skip[i])
				: s->v.skip[i])
			return false;
	return true;
}

static int check_skips(struct bch_check_forest *f, struct bch_check_snapshot *s)
{
	int fix;

	if (skips_are_good(f, s))
		return 0;
	fix = snapshot_problem(f, BCH_FSCK_snapshot_bad_skiplist, s,
			       "snapshot with bad skiplist field:");
	if (fix <= 0)
		return fix;
	for (u32 i = 0; i < bch_array_size(s->v.skip); i++)
		s->v.skip[i] = s->v.parent;
	return put_snapshot(f, s);
}

static int check_snapshot(struct bch_check_forest *f, struct bch_check_snapshot *s)
{
	int err = check_parent(f, s);

	if (!err)
		err = check_children(f, s);
	if (!err)
		err = check_subvol_of(f, s);
	if (!err)
		err = check_tree_of(f, s);
	if (!err && f->c->version >= VERSION_SKIPLISTS)
		err = check_depth(f, s);
	if (!err && f->c->version >= VERSION_SKIPLISTS)
		err = check_skips(f, s);
	return err;
}

/* Parents first. */
int bch_check_snapshots(struct bch_check *c)
{
	struct bch_check_forest f bch_auto(check_forest) = { 0 };
	int err = bch_check_forest_read(c, &f);

	if (!err)
		err = bch_check_lost_snapshots(&f);
	for (size_t i = f.snapshots.a.nr; i-- && !err;)
		if (!is_gone(&f.snapshots.a.v[i]))
			err = check_snapshot(&f, &f.snapshots.a.v[i]);
	return err;
}
