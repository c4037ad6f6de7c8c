// SPDX-License-Identifier: GPL-2.0-or-later
/* From a file to a path, by back pointers. Format reference: 04 §6.8, §8.4. */

#include "base/memory.h"
#include "file/private.h"
#include "ondisk/key_dirent.h"

/* Deeper than any tree that can be used; loops end here. */
#define DEPTH_MAX 65536

/* Names from the file upwards, each behind the one that follows it in the path. */
struct names {
	BCH_ARRAY(char *) a;
};

static void names_end(struct names *n)
{
	for (size_t i = 0; i < n->a.nr; i++)
		free(n->a.v[i]);
	bch_array_end(&n->a);
}

/* Takes the name, which is empty afterwards. */
static int add(struct names *n, struct bch_buf *name)
{
	char *text = bch_buf_take(name);

	if (text && !bch_array_push(&n->a, text))
		return 0;
	free(text);
	return -BCH_ERR_no_memory;
}

/* Does the entry lead to @file? */
static bool leads_to(const struct bch_dirent *d, const struct bch_file *file,
		     const struct bch_inode *inode)
{
	if (d->d_type == BCH_DIRENT_subvol)
		return d->d_child_subvol == inode->bi_subvol;
	return d->d_inum == file->inum;
}

/* The directory in which @file has its name, whose subvolume may be another. */
static int parent_dir(struct bch_fs *fs, const struct bch_file *file, const struct bch_inode *inode,
		      struct bch_file *dir)
{
	*dir = *file;
	if (inode->bi_parent_subvol) {
		int err = bch_file_subvol_root(fs, inode->bi_parent_subvol, dir);

		if (err)
			return err == -BCH_ERR_subvol_missing ? -BCH_ERR_not_found : err;
	}
	dir->inum = inode->bi_dir;
	return 0;
}

/* The name that the back pointer leads to. -BCH_ERR_not_found where it does not lead back. */
static int name_in(struct bch_fs *fs, const struct bch_file *dir, const struct bch_file *file,
		   const struct bch_inode *inode, struct bch_buf *name)
{
	struct bch_snapshot_view view = bch_snapshot_view(fs, dir->snapshot);
	struct bch_pos pos = bch_pos(inode->bi_dir, inode->bi_dir_offset);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(fs, BCH_BTREE_dirents, pos, pos, 0, &view);
	struct bch_dirent d;
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	if (more < 0)
		return more;
	if (!more || k.type != BCH_KEY_dirent || !bch_dirent_get(&k, &d) ||
	    !leads_to(&d, file, inode))
		return -BCH_ERR_not_found;
	bch_buf_mem(name, d.name.p, d.name.len);
	return bch_buf_failed(name) ? -BCH_ERR_no_memory : 0;
}

int bch_file_parent(struct bch_fs *fs, const struct bch_file *file, const struct bch_inode *inode,
		    struct bch_file *dir, struct bch_buf *name)
{
	int err = inode->bi_dir ? parent_dir(fs, file, inode, dir) : -BCH_ERR_not_found;

	return err ? err : name_in(fs, dir, file, inode, name);
}

static int step_up(struct bch_fs *fs, struct bch_file *file, struct names *names)
{
	struct bch_buf name bch_auto(buf) = { 0 };
	struct bch_inode inode;
	struct bch_file dir;
	int err = bch_file_inode(fs, file, &inode, NULL);

	if (!err)
		err = bch_file_parent(fs, file, &inode, &dir, &name);
	if (!err)
		err = add(names, &name);
	if (!err)
		*file = dir;
	return err;
}

/* The root directory of subvolume 1, or of what is seen from a snapshot alone. */
static bool is_root(struct bch_fs *fs, const struct bch_file *file)
{
	struct bch_file root;

	if (file->subvol > 1 || bch_file_subvol_root(fs, 1, &root))
		return false;
	return file->inum == root.inum;
}

int bch_file_path(struct bch_fs *fs, const struct bch_file *file, struct bch_buf *out)
{
	struct names names = { 0 };
	struct bch_file at = *file;
	int err = 0;

	while (!err && !is_root(fs, &at))
		err = names.a.nr < DEPTH_MAX ? step_up(fs, &at, &names) : -BCH_ERR_not_found;
	if (!err && !names.a.nr)
		bch_buf_putc(out, '/');
	for (size_t i = names.a.nr; !err && i--;) {
		bch_buf_putc(out, '/');
		bch_buf_puts(out, names.a.v[i]);
	}
	names_end(&names);
	return err ? err : bch_buf_failed(out) ? -BCH_ERR_no_memory : 0;
}
