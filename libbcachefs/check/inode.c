// SPDX-License-Identifier: GPL-2.0-or-later
/* Inodes for the checks of files: read, write, make. Format reference: 04 §6. */

#include "check/inode.h"

/* ------------------------------------------------------------------ make and store */

void bch_check_inode_new(struct bch_check *c, u64 inum, u16 mode, struct bch_inode *inode)
{
	const le64 nr = le64_of(inum);
	u64 now = bch_edit_now(c->fs);

	*inode = (struct bch_inode){
		.bi_mode = mode,
		.hash_type = bch_str_hash_type(c->fs),
		.bi_atime = now,
		.bi_ctime = now,
		.bi_mtime = now,
		.bi_otime = now,
		.bi_hash_seed = bch_siphash(c->told_key, nr.b, sizeof(nr)),
	};
}

int bch_check_inode_put(struct bch_check *c, u64 inum, u32 snapshot, const struct bch_inode *inode)
{
	u8 val[BCH_INODE_VAL_MAX];
	const struct bch_key k = {
		.pos = bch_spos(0, inum, snapshot),
		.type = BCH_KEY_inode_v3,
		.val = { val, bch_inode_put(inode, val) },
	};

	if (!k.val.len)
		return bch_error_whole(c->ctx, -BCH_ERR_out_of_range,
				       "inode %" PRIu64 ":%u has fields of a newer version", inum,
				       snapshot);
	return bch_repair(c, BCH_BTREE_inodes, &k, 0);
}

int bch_check_inode_read(struct bch_check *c, u64 inum, u32 snapshot, struct bch_inode *inode)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;
	int found = bch_check_key(c, BCH_BTREE_inodes, bch_spos(0, inum, snapshot), &cur, &k);

	return found <= 0 ? found : bch_key_is_inode(&k) && bch_inode_get(&k, inode);
}

void bch_check_inode_text(struct bch_buf *out, u64 inum, u32 snapshot,
			  const struct bch_inode *inode)
{
	bch_buf_put(out,
		    "inode %" PRIu64 ":%u mode %o nlink %u size %" PRIu64 " bi_dir %" PRIu64
		    " bi_dir_offset %" PRIu64,
		    inum, snapshot, inode->bi_mode, inode->bi_nlink, inode->bi_size, inode->bi_dir,
		    inode->bi_dir_offset);
}

/* ------------------------------------------------------------------ a directory's entries */

int bch_check_dir_is_empty(struct bch_check *c, u64 inum, u32 snapshot)
{
	struct bch_snapshot_view view = bch_snapshot_view(c->fs, snapshot);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(c->fs, BCH_BTREE_dirents, bch_pos(inum, 0),
				       bch_spos(inum, BCH_U64_MAX, BCH_U32_MAX), 0, &view);
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k))) {
		if (more < 0 && more != -BCH_ERR_btree_node_read_failed)
			return more;
		if (more > 0 && k.type == BCH_KEY_dirent)
			return 0;
	}
	return 1;
}

/* ------------------------------------------------------------------ the table */

size_t bch_check_versions(const struct bch_check_tree_of_files *t, u64 inum, size_t *nr)
{
	size_t first = bch_array_place(&t->inodes.a, inum, inum), end = first;

	while (end < t->inodes.a.nr && t->inodes.a.v[end].inum == inum)
		end++;
	*nr = end - first;
	return first;
}

struct bch_check_inode *bch_check_version_seen(const struct bch_check_tree_of_files *t, u64 inum,
					       u32 snapshot)
{
	size_t nr, first = bch_check_versions(t, inum, &nr);

	for (size_t i = first; i < first + nr; i++)
		if (bch_snapshot_is_ancestor(t->c->fs, snapshot, t->inodes.a.v[i].snapshot))
			return &t->inodes.a.v[i];
	return NULL;
}

static u16 bits_of(const struct bch_inode *inode)
{
	u16 bits = 0;

	if (bch_inode_flag(inode, BCH_INODE_unlinked))
		bits |= BCH_INODE_IS_UNLINKED;
	if (inode->bi_casefold > 1)
		bits |= BCH_INODE_IS_CASEFOLDED;
	if (bch_inode_flag(inode, BCH_INODE_has_case_insensitive))
		bits |= BCH_INODE_HAS_CASEFOLDED;
	return bits;
}

static struct bch_check_inode entry_of(u64 inum, u32 snapshot, const struct bch_inode *inode)
{
	return (struct bch_check_inode){
		.inum = inum,
		.snapshot = snapshot,
		.dir = inode->bi_dir,
		.dir_offset = inode->bi_dir_offset,
		.nlink = inode->bi_nlink,
		.subvol = inode->bi_subvol,
		.parent_subvol = inode->bi_parent_subvol,
		.mode = inode->bi_mode,
		.bits = bits_of(inode),
	};
}

static int insert(struct bch_check_tree_of_files *t, const struct bch_check_inode *v)
{
	size_t nr, at = bch_check_versions(t, v->inum, &nr);

	while (at < t->inodes.a.nr && t->inodes.a.v[at].inum == v->inum &&
	       t->inodes.a.v[at].snapshot < v->snapshot)
		at++;
	return bch_array_insert(&t->inodes.a, at, *v);
}

int bch_check_add_copy(struct bch_check_tree_of_files *t, const struct bch_check_inode *v,
		       u32 snapshot)
{
	struct bch_check_inode copy = *v;

	copy.snapshot = snapshot;
	return insert(t, &copy);
}

int bch_check_add_inode(struct bch_check_tree_of_files *t, u64 inum, u32 snapshot,
			const struct bch_inode *inode)
{
	struct bch_check_inode v = entry_of(inum, snapshot, inode);

	return insert(t, &v);
}

static int add(struct bch_check_tree_of_files *t, const struct bch_key *k)
{
	struct bch_inode inode;

	if (k->type == BCH_KEY_whiteout)
		return bch_array_push(&t->gone.a,
				      ((struct bch_check_gone){ k->pos.offset, k->pos.snapshot }));
	if (!bch_key_is_inode(k) || !bch_inode_get(k, &inode))
		return 0;
	return bch_array_push(&t->inodes.a, entry_of(k->pos.offset, k->pos.snapshot, &inode));
}

int bch_check_files_read(struct bch_check *c, struct bch_check_tree_of_files *t)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_inodes, bch_pos(0, BCH_INODE_NR_MIN),
			       bch_spos(0, BCH_U64_MAX, BCH_U32_MAX));
	struct bch_key k;
	int more, err = 0;

	*t = (struct bch_check_tree_of_files){ .c = c };
	while (!err && (more = bch_check_walk_next(&w, &k))) {
		if (more > 0)
			more = bch_check_has_snapshot(c, BCH_BTREE_inodes, &k);
		err = more < 0 ? more : more ? add(t, &k) : 0;
	}
	return err;
}

void bch_check_files_end(struct bch_check_tree_of_files *t)
{
	bch_array_end(&t->inodes.a);
	bch_array_end(&t->gone.a);
	bch_array_end(&t->extras.a);
}
