// SPDX-License-Identifier: GPL-2.0-or-later
/* Subvolumes: their snapshots, root directories and parents. Format reference: 07 §4.12, §4.13. */

#include "check/forest.h"
#include "check/inode.h"
#include "commit/commit.h"

#define ROOT_SUBVOL	       1
#define VERSION_FS_PATH_PARENT BCH_VERSION(1, 5)
#define VERSION_CHILDREN       BCH_VERSION(1, 6)
#define MODE_RECREATED	       040700
#define MODE_ROOT	       040755

static int subvol_problem(struct bch_check_forest *f, u32 id, const struct bch_check_subvol *s,
			  const char *text)
{
	struct bch_subvolume_disk val;
	size_t len = s->len < sizeof(val) ? s->len : sizeof(val);
	const struct bch_key k = { .pos = bch_pos(0, s->id),
				   .type = BCH_KEY_subvolume,
				   .val = { (const u8 *)&val, len } };

	bch_subvolume_put(&s->v, &val, len);
	return bch_problem_key(f->c, id, BCH_BTREE_subvolumes, &k, "%s", text);
}

/* ------------------------------------------------------------------ its parents */

static int check_root_has_no_parent(struct bch_check_forest *f, struct bch_check_subvol *s)
{
	int fix = s->id == ROOT_SUBVOL && s->v.fs_path_parent
			  ? subvol_problem(f, BCH_FSCK_subvol_root_fs_path_parent_nonzero, s,
					   "root subvolume has nonzero fs_path_parent:")
			  : 0;

	if (fix <= 0)
		return fix;
	s->v.fs_path_parent = 0;
	return bch_check_subvol_put(f, s);
}

static int has_child_key(struct bch_check *c, struct bch_pos pos)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;
	int found = bch_check_key(c, BCH_BTREE_subvolume_children, pos, &cur, &k);

	return found < 0 ? found : found && k.type == BCH_KEY_set;
}

static int check_is_listed(struct bch_check_forest *f, struct bch_check_subvol *s)
{
	const struct bch_key k = { .pos = bch_pos(s->v.fs_path_parent, s->id),
				   .type = BCH_KEY_set };
	struct bch_buf text bch_auto(buf) = { 0 };
	int there = s->v.fs_path_parent && f->c->version >= VERSION_CHILDREN
			    ? has_child_key(f->c, k.pos)
			    : 1;

	if (there)
		return there < 0 ? there : 0;
	bch_buf_put(&text, "subvolume not set in subvolume_children btree at %u:%u",
		    s->v.fs_path_parent, s->id);
	there = subvol_problem(f, BCH_FSCK_subvol_children_not_set, s, bch_buf_str(&text));
	return there <= 0 ? there
			  : bch_repair(f->c, BCH_BTREE_subvolume_children, &k, BCH_UPDATE_QUIET);
}

/* ------------------------------------------------------------------ its root directory */

/* Seen by nobody, or not what it should be: the entries of the directory, if there are any, are found again by it. */
static int recreate_root(struct bch_check_forest *f, const struct bch_check_subvol *s)
{
	struct bch_inode inode;

	bch_check_inode_new(f->c, s->v.inode, s->id == ROOT_SUBVOL ? MODE_ROOT : MODE_RECREATED,
			    &inode);
	inode.bi_subvol = s->id;
	inode.bi_parent_subvol = s->v.fs_path_parent;
	return bch_check_inode_put(f->c, s->v.inode, s->v.snapshot, &inode);
}

static int check_missing_root(struct bch_check_forest *f, struct bch_check_subvol *s)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	u64 inum;
	int fix;

	bch_buf_put(&text, "subvolume %u points to missing subvolume root %" PRIu64 ":%u", s->id,
		    s->v.inode, s->v.snapshot);
	fix = subvol_problem(f,
			     s->id == ROOT_SUBVOL ? BCH_FSCK_root_dir_missing
						  : BCH_FSCK_subvol_to_missing_root,
			     s, bch_buf_str(&text));
	if (fix <= 0)
		return fix;
	fix = bch_check_find_subvol_root(f, s->id, s->v.snapshot, &inum);
	if (fix || !inum || inum == s->v.inode)
		return fix ? fix : recreate_root(f, s);
	s->v.inode = inum;
	return bch_check_subvol_put(f, s);
}

/* Another directory says that it is the root. */
static int check_wrong_root(struct bch_check_forest *f, struct bch_check_subvol *s, u64 inum)
{
	int fix = subvol_problem(f, BCH_FSCK_subvol_to_missing_root, s,
				 "subvolume points to a directory that is not its root");

	if (fix <= 0)
		return fix;
	s->v.inode = inum;
	return bch_check_subvol_put(f, s);
}

/* It becomes one: what else is known of it may be right. */
static int check_root_is_dir(struct bch_check_forest *f, const struct bch_check_subvol *s,
			     struct bch_inode *inode)
{
	int fix = subvol_problem(f,
				 s->id == ROOT_SUBVOL ? BCH_FSCK_root_inode_not_dir
						      : BCH_FSCK_subvol_to_missing_root,
				 s, "subvolume root is not a directory");

	if (fix <= 0)
		return fix;
	inode->bi_mode = S_IFDIR | (inode->bi_mode & 07777);
	inode->bi_size = inode->bi_sectors = 0;
	inode->bi_subvol = s->id;
	return bch_check_inode_put(f->c, s->v.inode, s->v.snapshot, inode);
}

static int check_root(struct bch_check_forest *f, struct bch_check_subvol *s)
{
	const struct bch_file file = { .snapshot = s->v.snapshot, .inum = s->v.inode };
	struct bch_inode inode;
	u32 snapshot;
	u64 inum;
	int fix = bch_file_inode(f->c->fs, &file, &inode, &snapshot);

	if (fix == -BCH_ERR_not_found)
		return check_missing_root(f, s);
	if (fix || (inode.bi_subvol == s->id && S_ISDIR(inode.bi_mode)))
		return fix;
	fix = bch_check_find_subvol_root(f, s->id, s->v.snapshot, &inum);
	if (fix < 0)
		return fix;
	if (inum && inum != s->v.inode)
		return check_wrong_root(f, s, inum);
	if (!S_ISDIR(inode.bi_mode))
		return check_root_is_dir(f, s, &inode);
	fix = bch_problem(f->c, BCH_FSCK_subvol_root_wrong_bi_subvol,
			  "subvol root %" PRIu64 ":%u has wrong bi_subvol field: got %u, should be "
			  "%u",
			  s->v.inode, snapshot, inode.bi_subvol, s->id);
	if (fix <= 0)
		return fix;
	inode.bi_subvol = s->id;
	return bch_check_inode_put(f->c, s->v.inode, s->v.snapshot, &inode);
}

/* ------------------------------------------------------------------ its snapshot */

/* Two that are of one snapshot show the same: that which the snapshot does not name goes. */
static int check_is_only(struct bch_check_forest *f, const struct bch_check_subvol *s, bool *goes)
{
	const struct bch_check_snapshot *node = bch_check_snapshot_find(f, s->v.snapshot);
	const struct bch_check_subvol *other =
		node ? bch_check_subvol_find(f, node->v.subvol) : NULL;
	int fix;

	*goes = other && other->id != s->id && other->v.snapshot == s->v.snapshot;
	if (!*goes)
		return 0;
	fix = subvol_problem(f, BCH_FSCK_subvol_snapshot_bad, s,
			     "subvolume points to the snapshot of another subvolume:");
	return fix <= 0 ? fix : bch_repair_delete(f->c, BCH_BTREE_subvolumes, bch_pos(0, s->id));
}

static int check_is_master(struct bch_check_forest *f, struct bch_check_subvol *s)
{
	const struct bch_check_snapshot *node = bch_check_snapshot_find(f, s->v.snapshot);
	const struct bch_check_tree *tree = node ? bch_check_tree_find(f, node->v.tree) : NULL;
	int fix;

	if (!tree || s->v.flags >> BCH_SUBVOLUME_snapshot & 1 || tree->v.master_subvol == s->id)
		return 0;
	fix = subvol_problem(f, BCH_FSCK_subvol_not_master_and_not_snapshot, s,
			     "subvolume is not set as snapshot but is not set as master "
			     "subvolume:");
	if (fix <= 0)
		return fix;
	s->v.flags |= 1U << BCH_SUBVOLUME_snapshot;
	return bch_check_subvol_put(f, s);
}

static int check_subvol(struct bch_check_forest *f, struct bch_check_subvol *s)
{
	bool goes = false;
	int err;

	if (s->v.flags >> BCH_SUBVOLUME_unlinked & 1)
		return 0;
	err = check_is_only(f, s, &goes);
	if (err || goes)
		return err;
	if (f->c->version >= VERSION_FS_PATH_PARENT)
		err = check_root_has_no_parent(f, s);
	if (!err)
		err = check_is_listed(f, s);
	if (!err)
		err = check_root(f, s);
	return err ? err : check_is_master(f, s);
}

/* ------------------------------------------------------------------ who is listed as a child: 07 §4.13 */

static int check_child(struct bch_check_forest *f, const struct bch_key *k)
{
	const struct bch_check_subvol *s =
		k->pos.offset <= BCH_U32_MAX ? bch_check_subvol_find(f, (u32)k->pos.offset) : NULL;
	const struct bch_key none = { .pos = k->pos };
	int fix;

	if (s && s->v.fs_path_parent == k->pos.inode)
		return 0;
	fix = bch_problem(f->c, BCH_FSCK_subvol_children_bad,
			  "incorrect entry in subvolume_children btree %" PRIu64 ":%" PRIu64,
			  k->pos.inode, k->pos.offset);
	return fix <= 0 ? fix
			: bch_repair(f->c, BCH_BTREE_subvolume_children, &none, BCH_UPDATE_QUIET);
}

static int check_children(struct bch_check_forest *f)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(f->c, BCH_BTREE_subvolume_children, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more : check_child(f, &k);
	return err;
}

/* ------------------------------------------------------------------ the first: nothing can be mounted without it */

/* Of a snapshot of its own, below all others. */
static int check_first(struct bch_check_forest *f)
{
	const struct bch_check_snapshot *lowest = f->snapshots.a.nr ? f->snapshots.a.v : NULL;
	struct bch_check_snapshot node = { .id = lowest ? lowest->id - 1 : BCH_U32_MAX,
					   .v = { .flags = 1U << BCH_SNAPSHOT_subvol,
						  .subvol = ROOT_SUBVOL } };
	const struct bch_check_subvol first = {
		.id = ROOT_SUBVOL, .v = { .snapshot = node.id, .inode = BCH_INODE_NR_MIN }
	};
	int fix;

	if (bch_check_subvol_find(f, ROOT_SUBVOL) || !node.id ||
	    !bch_sb_flag(f->c->fs->super.sb, BCH_SB_INITIALIZED))
		return 0;
	fix = bch_problem(f->c, BCH_FSCK_root_subvol_missing, "there is no root subvolume");
	if (fix <= 0)
		return fix;
	fix = bch_check_snapshot_put(f, &node);
	return fix ? fix : bch_check_subvol_put(f, &first);
}

int bch_check_subvols(struct bch_check *c)
{
	struct bch_check_forest f bch_auto(check_forest) = { 0 };
	int err = bch_check_forest_read(c, &f);

	if (!err)
		err = check_first(&f);
	if (!err) /* new snapshots are seen */
		err = bch_repairs_apply(c);
	if (!err)
		err = bch_check_see_snapshots(c);
	for (size_t i = 0; i < f.subvols.a.nr && !err; i++)
		err = check_subvol(&f, &f.subvols.a.v[i]);
	if (!err)
		err = bch_repairs_apply(c);
	return err ? err : check_children(&f);
}
