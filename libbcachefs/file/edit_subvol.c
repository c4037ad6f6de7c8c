// SPDX-License-Identifier: GPL-2.0-or-later
/* Subvolumes made, snapshotted, and taken away. Format reference: 04 §3, §4.1 to §4.4. */

#include <sys/stat.h>

#include "file/file.h"
#include "file/private.h"

#define VERSION_NO_MASTER BCH_VERSION(1, 20)			    /* a tree may have none */
#define SNAPSHOT_LEN	  offsetof(struct bch_snapshot_disk, state) /* states came after 1.28 */

/* ------------------------------------------------------------------ keys */

int bch_subvolume_write(struct bch_fs *fs, u32 id, const struct bch_subvolume *s)
{
	struct bch_subvolume_disk val;
	size_t len = offsetof(struct bch_subvolume_disk, state);
	const struct bch_key k = {
		.pos = bch_pos(0, id),
		.type = BCH_KEY_subvolume,
		.val = { (const u8 *)&val, len },
	};

	bch_subvolume_put(s, &val, len);
	return bch_update(fs, BCH_BTREE_subvolumes, &k, 0);
}

int bch_snapshot_write(struct bch_fs *fs, u32 id, const struct bch_snapshot *s)
{
	struct bch_snapshot_disk val;
	const struct bch_key k = {
		.pos = bch_pos(0, id),
		.type = BCH_KEY_snapshot,
		.val = { (const u8 *)&val, SNAPSHOT_LEN },
	};

	bch_snapshot_put(s, &val, SNAPSHOT_LEN);
	return bch_update(fs, BCH_BTREE_snapshots, &k, 0);
}

int bch_snapshot_tree_write(struct bch_fs *fs, u32 id, const struct bch_snapshot_tree *t)
{
	struct bch_snapshot_tree_disk val;
	const struct bch_key k = {
		.pos = bch_pos(0, id),
		.type = BCH_KEY_snapshot_tree,
		.val = { (const u8 *)&val, sizeof(val) },
	};

	bch_snapshot_tree_put(t, &val, sizeof(val));
	return bch_update(fs, BCH_BTREE_snapshot_trees, &k, 0);
}

/* The first or (@descending) last key of a btree at or behind @from: 1, 0, or an error. */
static int end_key(struct bch_fs *fs, u8 btree_id, u64 from, bool descending, struct bch_key *k,
		   struct bch_cursor *cur)
{
	*cur = bch_cursor_flavour(fs, btree_id, bch_pos(0, from), bch_pos(0, BCH_U32_MAX),
				  descending ? BCH_CURSOR_DESCENDING : 0);
	return bch_cursor_next(cur, k);
}

int bch_snapshot_read(struct bch_fs *fs, u32 id, struct bch_snapshot *s)
{
	struct bch_cursor cur bch_auto(cursor);
	struct bch_key k;
	int more = end_key(fs, BCH_BTREE_snapshots, id, false, &k, &cur);

	if (more <= 0 || k.pos.offset != id || k.type != BCH_KEY_snapshot)
		return more < 0 ? more : -BCH_ERR_not_found;
	bch_snapshot_get(s, k.val.p, k.val.len);
	return 0;
}

int bch_snapshot_tree_read(struct bch_fs *fs, u32 id, struct bch_snapshot_tree *t)
{
	struct bch_cursor cur bch_auto(cursor);
	struct bch_key k;
	int more = end_key(fs, BCH_BTREE_snapshot_trees, id, false, &k, &cur);

	if (more <= 0 || k.pos.offset != id || k.type != BCH_KEY_snapshot_tree)
		return more < 0 ? more : -BCH_ERR_not_found;
	bch_snapshot_tree_get(t, k.val.p, k.val.len);
	return 0;
}

/* ------------------------------------------------------------------ new ids: 04 §3.5 */

/* Behind the last one. */
static int next_id(struct bch_fs *fs, u8 btree_id, u32 max, u32 *id)
{
	struct bch_cursor cur bch_auto(cursor);
	struct bch_key k;
	int more = end_key(fs, btree_id, 0, true, &k, &cur);

	if (more < 0)
		return more;
	if (more && k.pos.offset >= max)
		return -BCH_ERR_no_space;
	*id = more ? (u32)k.pos.offset + 1 : 1;
	return 0;
}

/* Before the first one: children have smaller ids than their parents. */
static int next_snapshot(struct bch_fs *fs, u32 *id)
{
	struct bch_cursor cur bch_auto(cursor);
	struct bch_key k;
	int more = end_key(fs, BCH_BTREE_snapshots, 1, false, &k, &cur);

	if (more < 0)
		return more;
	*id = more ? (u32)k.pos.offset - 1 : BCH_U32_MAX;
	return *id ? 0 : -BCH_ERR_no_space;
}

/* ------------------------------------------------------------------ create: 04 §4.1 */

static int put_tree(struct bch_fs *fs, u32 subvol, u32 *snapshot)
{
	struct bch_snapshot_tree tree = { .master_subvol = subvol };
	struct bch_snapshot s = { .flags = 1U << BCH_SNAPSHOT_subvol,
				  .subvol = subvol,
				  .btime = bch_edit_now(fs) };
	int err = next_id(fs, BCH_BTREE_snapshot_trees, BCH_U32_MAX - 1, &s.tree);

	if (!err)
		err = next_snapshot(fs, snapshot);
	if (err)
		return err;
	tree.root_snapshot = *snapshot;
	err = bch_snapshot_tree_write(fs, s.tree, &tree);
	if (!err)
		err = bch_snapshot_write(fs, *snapshot, &s);
	return err ? err : bch_snapshots_reload(fs);
}

int bch_edit_subvol_create(struct bch_fs *fs, const struct bch_file *dir, struct bch_name name)
{
	struct bch_subvolume subvol = { .fs_path_parent = dir->subvol, .otime = bch_edit_now(fs) };
	struct bch_inode above, inode;
	struct bch_file root = { 0 };
	int err = bch_file_inode(fs, dir, &above, NULL);

	if (!err)
		err = next_id(fs, BCH_BTREE_subvolumes, BCH_SUBVOLUME_ID_MAX, &root.subvol);
	if (!err)
		err = put_tree(fs, root.subvol, &root.snapshot);
	if (err)
		return err;
	inode = bch_edit_new_inode(fs, &above, S_IFDIR | 0755);
	inode.bi_subvol = root.subvol;
	inode.bi_parent_subvol = dir->subvol;
	inode.bi_dir = dir->inum;
	inode.bi_depth = 0;
	err = bch_edit_new_inum(fs, &root.inum, &inode.bi_generation);
	subvol.snapshot = root.snapshot;
	subvol.inode = root.inum;
	if (!err)
		err = bch_subvolume_write(fs, root.subvol, &subvol);
	if (!err)
		err = bch_edit_subvol_entry(fs, dir, name, root.subvol, &inode.bi_dir_offset);
	return err ? err : bch_edit_inode(fs, &root, &inode);
}

/* ------------------------------------------------------------------ snapshot: 04 §4.2 */

static int put_child(struct bch_fs *fs, u32 parent, const struct bch_snapshot *above, u32 subvol,
		     u32 *id)
{
	const struct bch_snapshot s = { .flags = 1U << BCH_SNAPSHOT_subvol,
					.parent = parent,
					.subvol = subvol,
					.tree = above->tree,
					.depth = above->depth + 1,
					.skip = { parent, parent, parent },
					.btime = bch_edit_now(fs) };
	int err = next_snapshot(fs, id);

	return err ? err : bch_snapshot_write(fs, *id, &s);
}

/* The source's snapshot gets two children, for the new subvolume and for itself. */
static int split(struct bch_fs *fs, u32 snapshot, u32 source, u32 subvol, u32 *new, u32 *own)
{
	struct bch_snapshot s;
	int err = bch_snapshot_read(fs, snapshot, &s);

	if (!err)
		err = put_child(fs, snapshot, &s, subvol, new);
	if (!err)
		err = put_child(fs, snapshot, &s, source, own);
	if (err)
		return err;
	s.children[0] = *new;
	s.children[1] = *own;
	s.subvol = 0;
	s.flags &= ~(1U << BCH_SNAPSHOT_subvol);
	err = bch_snapshot_write(fs, snapshot, &s);
	return err ? err : bch_snapshots_reload(fs);
}

int bch_edit_subvol_snapshot(struct bch_fs *fs, u32 source, const struct bch_file *dir,
			     struct bch_name name, bool read_only)
{
	struct bch_file root, in = *dir;
	struct bch_subvolume old, new, parent;
	struct bch_inode inode;
	u32 own;
	int err = bch_subvolume_read(fs, source, &old);

	if (!err)
		err = next_id(fs, BCH_BTREE_subvolumes, BCH_SUBVOLUME_ID_MAX, &root.subvol);
	if (!err)
		err = split(fs, old.snapshot, source, root.subvol, &root.snapshot, &own);
	if (err)
		return err;
	root.inum = old.inode;
	new = (struct bch_subvolume){
		.flags = 1U << BCH_SUBVOLUME_snapshot | (read_only ? 1U << BCH_SUBVOLUME_ro : 0U),
		.snapshot = root.snapshot,
		.inode = old.inode,
		.creation_parent = source,
		.fs_path_parent = dir->subvol,
		.otime = bch_edit_now(fs),
	};
	old.snapshot = own;
	err = bch_subvolume_write(fs, source, &old);
	if (!err)
		err = bch_subvolume_write(fs, root.subvol, &new);
	if (!err)
		err = bch_subvolume_read(fs, dir->subvol, &parent);
	in.snapshot = parent.snapshot; /* it may be the source's, which changed */
	if (!err)
		err = bch_file_inode(fs, &root, &inode, NULL);
	if (!err)
		err = bch_edit_subvol_entry(fs, &in, name, root.subvol, &inode.bi_dir_offset);
	inode.bi_dir = dir->inum;
	inode.bi_subvol = root.subvol;
	inode.bi_parent_subvol = dir->subvol;
	return err ? err : bch_edit_inode(fs, &root, &inode);
}

/* ------------------------------------------------------------------ delete: 04 §4.3, §4.4 */

/* The next subvolume from *@id on: 1, 0 at the end, or an error. */
static int next_subvol(struct bch_fs *fs, u32 *id, struct bch_subvolume *s)
{
	struct bch_cursor cur bch_auto(cursor);
	struct bch_key k;
	int more = end_key(fs, BCH_BTREE_subvolumes, *id, false, &k, &cur);

	if (more <= 0)
		return more;
	*id = (u32)k.pos.offset;
	bch_subvolume_get(s, k.val.p, k.val.len);
	return 1;
}

/* Is another one in it? What follows from changes is not there yet, so subvolume_children is not asked. */
static int has_children(struct bch_fs *fs, u32 subvol)
{
	struct bch_subvolume s;
	int more;

	for (u32 id = 1; (more = next_subvol(fs, &id, &s)) > 0; id++)
		if (s.fs_path_parent == subvol)
			return 1;
	return more;
}

/* Those that were snapshots of it are now of what it was one of. */
static int hand_down(struct bch_fs *fs, u32 gone, u32 creation_parent)
{
	struct bch_subvolume s;
	int more, err = 0;

	for (u32 id = 1; !err && (more = next_subvol(fs, &id, &s)); id++) {
		if (more < 0)
			return more;
		if (s.creation_parent != gone)
			continue;
		s.creation_parent = creation_parent;
		err = bch_subvolume_write(fs, id, &s);
	}
	return err;
}

/* A tree has one that is no snapshot: where that went, the first of the others becomes it. */
static int choose_master(struct bch_fs *fs, u32 gone, u32 tree_id)
{
	struct bch_snapshot_tree tree;
	struct bch_subvolume s;
	int more, err = bch_snapshot_tree_read(fs, tree_id, &tree);

	if (err || tree.master_subvol != gone)
		return err;
	tree.master_subvol = 0;
	for (u32 id = 1; le16_get(fs->super.sb->version) < VERSION_NO_MASTER &&
			 (more = next_subvol(fs, &id, &s));
	     id++) {
		const struct bch_snapshot_node *n = bch_snapshot_find(fs, s.snapshot);

		if (more < 0)
			return more;
		if (!n || n->tree != tree_id || id == gone)
			continue;
		tree.master_subvol = id;
		s.flags &= ~(1U << BCH_SUBVOLUME_snapshot);
		err = bch_subvolume_write(fs, id, &s);
		break;
	}
	return err ? err : bch_snapshot_tree_write(fs, tree_id, &tree);
}

static int mark_dead(struct bch_fs *fs, u32 id)
{
	struct bch_snapshot s;
	int err = bch_snapshot_read(fs, id, &s);

	if (err)
		return err;
	s.flags |= 1U << BCH_SNAPSHOT_will_delete;
	s.flags &= ~(1U << BCH_SNAPSHOT_subvol);
	s.subvol = 0;
	err = bch_snapshot_write(fs, id, &s);
	return err ? err : bch_snapshots_reload(fs);
}

int bch_edit_subvol_delete(struct bch_fs *fs, const struct bch_file *dir, struct bch_name name)
{
	const struct bch_snapshot_node *node;
	struct bch_subvolume s;
	struct bch_file root;
	struct bch_key k = { .type = BCH_KEY_deleted };
	int err = bch_dir_lookup(fs, dir, name.p, name.len, &root), children;

	if (!err && root.subvol == dir->subvol)
		err = -BCH_ERR_subvol_missing; /* an ordinary file */
	if (!err)
		err = bch_subvolume_read(fs, root.subvol, &s);
	if (err)
		return err;
	children = has_children(fs, root.subvol);
	if (children)
		return children < 0 ? children : -BCH_ERR_not_empty;
	node = bch_snapshot_find(fs, s.snapshot);
	err = bch_edit_subvol_entry_delete(fs, dir, name);
	if (!err)
		err = hand_down(fs, root.subvol, s.creation_parent);
	if (!err && node)
		err = choose_master(fs, root.subvol, node->tree);
	if (!err)
		err = bch_edit_subvol_gone(fs, root.inum, root.subvol);
	k.pos = bch_pos(0, root.subvol);
	if (!err)
		err = bch_update(fs, BCH_BTREE_subvolumes, &k, 0);
	return err ? err : mark_dead(fs, s.snapshot);
}
