// SPDX-License-Identifier: GPL-2.0-or-later
/* Names given, taken and moved. Format reference: 04 §6.7, §6.8, §8, §11.3. */

#include <sys/stat.h>

#include "file/private.h"
#include "ondisk/key_dirent.h"

#define VERSION_DEPTH	  BCH_VERSION(1, 17)
#define VERSION_CASE_FLAG BCH_VERSION(1, 28)
#define DEPTH_MAX	  65536 /* of directories: loops end here */
#define CASE_FLAG	  (1U << BCH_INODE_has_case_insensitive)

/* A name in a directory: what is there, or where it may be put. */
struct place {
	struct bch_file dir;
	struct bch_inode inode; /* of the directory, as it was when this was looked for */
	struct bch_buf folded;
	struct bch_dirent d; /* names, and what a found one leads to */
	struct bch_slot slot;
};

static void place_cleanup(struct place *p)
{
	bch_buf_end(&p->folded);
}

int bch_name_check(struct bch_name name)
{
	if (!name.len || memchr(name.p, '/', name.len) || memchr(name.p, '\0', name.len) ||
	    (name.p[0] == '.' && (name.len == 1 || (name.len == 2 && name.p[1] == '.'))))
		return -BCH_ERR_invalid_argument;
	return name.len > BCH_NAME_MAX ? -BCH_ERR_name_too_long : 0;
}

/* ------------------------------------------------------------------ a place */

static int read_found(struct bch_fs *fs, struct place *p)
{
	struct bch_pos pos = bch_spos(p->dir.inum, p->slot.offset, p->slot.snapshot);
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(fs, BCH_BTREE_dirents, pos, pos);
	struct bch_dirent found;
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	if (more <= 0 || !bch_dirent_get(&k, &found))
		return more < 0 ? more : -BCH_ERR_not_found;
	p->d.d_inum = found.d_inum;
	p->d.d_type = found.d_type;
	p->d.d_child_subvol = found.d_child_subvol;
	p->d.d_parent_subvol = found.d_parent_subvol;
	return 0;
}

static int find_slot(struct bch_fs *fs, struct place *p)
{
	int err = bch_slot_of_dirent(fs, &p->dir, &p->inode, &p->d, &p->slot);

	return err || !p->slot.found ? err : read_found(fs, p);
}

/* @p is for place_cleanup(), whatever is returned. */
static int find_place(struct bch_fs *fs, const struct bch_file *dir, struct bch_name name,
		      struct place *p)
{
	int err;

	*p = (struct place){ .dir = *dir };
	err = bch_file_inode(fs, dir, &p->inode, NULL);
	if (err)
		return err;
	if (!S_ISDIR(p->inode.bi_mode))
		return -BCH_ERR_not_a_directory;
	if (p->inode.hash_type >= BCH_STR_HASH_NR)
		return -BCH_ERR_not_supported;
	err = bch_dirent_begin(fs, &p->inode, name.p, name.len, &p->folded, &p->d);
	return err ? err : find_slot(fs, p);
}

static int put_entry(struct bch_fs *fs, const struct place *p)
{
	u8 val[BCH_DIRENT_VAL_MAX];
	const struct bch_key k = {
		.pos = bch_spos(p->dir.inum, p->slot.offset, p->dir.snapshot),
		.type = BCH_KEY_dirent,
		.val = { val, bch_dirent_put(&p->d, val) },
	};

	return k.val.len ? bch_update(fs, BCH_BTREE_dirents, &k, 0) : -BCH_ERR_name_too_long;
}

/* Entries of subvolumes go from where they are, for all snapshots. */
static int delete_entry(struct bch_fs *fs, const struct place *p)
{
	struct bch_file dir = p->dir;
	bool subvol = p->d.d_type == BCH_DIRENT_subvol;

	if (subvol)
		dir.snapshot = p->slot.snapshot;
	return bch_slot_delete(fs, BCH_BTREE_dirents, &dir, &p->inode, p->slot.offset, subvol);
}

static int target_of(struct bch_fs *fs, const struct place *p, struct bch_file *file)
{
	return bch_dirent_target(fs, &p->dir, &p->d, file);
}

/* An entry came or went: its times, and how many directories are in it. */
static int touch_dir(struct bch_fs *fs, const struct bch_file *dir, int more_dirs)
{
	struct bch_inode inode;
	int err = bch_file_inode(fs, dir, &inode, NULL);

	if (err)
		return err;
	inode.bi_mtime = inode.bi_ctime = bch_edit_now(fs);
	if (more_dirs > 0 || inode.bi_nlink)
		inode.bi_nlink += (u32)more_dirs;
	return bch_edit_inode(fs, dir, &inode);
}

/* ------------------------------------------------------------------ create, link */

int bch_edit_create(struct bch_fs *fs, const struct bch_file *dir, struct bch_name name,
		    struct bch_inode *inode, struct bch_file *file)
{
	struct place p __attribute__((cleanup(place_cleanup)));
	int err = find_place(fs, dir, name, &p);

	if (!err)
		err = bch_name_check(name);
	if (!err && p.slot.found)
		err = -BCH_ERR_exists;
	if (err)
		return err;
	*file = *dir;
	err = bch_edit_new_inum(fs, &file->inum, &inode->bi_generation);
	inode->bi_dir = dir->inum;
	inode->bi_dir_offset = p.slot.offset;
	p.d.d_inum = file->inum;
	p.d.d_type = (u8)(inode->bi_mode >> 12);
	if (!err)
		err = put_entry(fs, &p);
	if (!err)
		err = bch_edit_inode(fs, file, inode);
	return err ? err : touch_dir(fs, dir, S_ISDIR(inode->bi_mode));
}

static void add_link(struct bch_inode *inode)
{
	if (inode->bi_flags >> BCH_INODE_unlinked & 1)
		inode->bi_flags &= ~(1U << BCH_INODE_unlinked);
	else
		inode->bi_nlink++;
}

int bch_edit_link(struct bch_fs *fs, const struct bch_file *file, const struct bch_file *dir,
		  struct bch_name name)
{
	struct place p __attribute__((cleanup(place_cleanup)));
	struct bch_inode inode;
	int err = find_place(fs, dir, name, &p);

	if (!err)
		err = bch_name_check(name);
	if (!err && p.slot.found)
		err = -BCH_ERR_exists;
	if (!err)
		err = bch_file_inode(fs, file, &inode, NULL);
	if (!err && S_ISDIR(inode.bi_mode))
		err = -BCH_ERR_is_directory;
	if (!err &&
	    (file->subvol != dir->subvol || bch_inode_inherit(&inode, &p.inode, BCH_U32_MAX)))
		err = -BCH_ERR_refused;
	if (err)
		return err;
	p.d.d_inum = file->inum;
	p.d.d_type = (u8)(inode.bi_mode >> 12);
	add_link(&inode);
	inode.bi_ctime = bch_edit_now(fs);
	inode.bi_dir = dir->inum;
	inode.bi_dir_offset = p.slot.offset;
	err = put_entry(fs, &p);
	if (!err)
		err = bch_edit_inode(fs, file, &inode);
	return err ? err : touch_dir(fs, dir, 0);
}

/* ------------------------------------------------------------------ unlink */

static int check_empty(struct bch_fs *fs, const struct bch_file *file)
{
	struct bch_dir *dir bch_auto(dir) = NULL;
	struct bch_dir_entry e;
	int more = bch_dir_open(fs, file, 0, &dir);

	if (!more)
		more = bch_dir_next(dir, &e);
	return more > 0 ? -BCH_ERR_not_empty : more;
}

/* The file that the entry leads to has one name less. */
static int drop_link(struct bch_fs *fs, const struct place *p)
{
	struct bch_inode inode;
	struct bch_file file;
	int err = target_of(fs, p, &file);

	if (!err)
		err = bch_file_inode(fs, &file, &inode, NULL);
	if (err == -BCH_ERR_not_found)
		return 0; /* an entry that led nowhere */
	if (!err && S_ISDIR(inode.bi_mode))
		err = check_empty(fs, &file);
	if (err)
		return err;
	if (S_ISDIR(inode.bi_mode) || !inode.bi_nlink)
		return bch_edit_remove_inode(fs, &file);
	inode.bi_nlink--;
	inode.bi_ctime = bch_edit_now(fs);
	if (inode.bi_dir == p->dir.inum && inode.bi_dir_offset == p->slot.offset)
		inode.bi_dir = inode.bi_dir_offset = 0;
	return bch_edit_inode(fs, &file, &inode);
}

int bch_edit_unlink(struct bch_fs *fs, const struct bch_file *dir, struct bch_name name)
{
	struct place p __attribute__((cleanup(place_cleanup)));
	int err = find_place(fs, dir, name, &p);

	if (!err && !p.slot.found)
		err = -BCH_ERR_not_found;
	if (!err && p.d.d_type == BCH_DIRENT_subvol)
		err = -BCH_ERR_refused;
	if (!err)
		err = drop_link(fs, &p);
	if (!err)
		err = delete_entry(fs, &p);
	return err ? err : touch_dir(fs, dir, p.d.d_type == BCH_DIRENT_dir ? -1 : 0);
}

/* ------------------------------------------------------------------ entries of subvolumes */

int bch_edit_subvol_entry(struct bch_fs *fs, const struct bch_file *dir, struct bch_name name,
			  u32 subvol, u64 *offset)
{
	struct place p __attribute__((cleanup(place_cleanup)));
	int err = find_place(fs, dir, name, &p);

	if (!err)
		err = bch_name_check(name);
	if (!err && p.slot.found)
		err = -BCH_ERR_exists;
	if (err)
		return err;
	p.d.d_type = BCH_DIRENT_subvol;
	p.d.d_child_subvol = subvol;
	p.d.d_parent_subvol = dir->subvol;
	*offset = p.slot.offset;
	err = put_entry(fs, &p);
	return err ? err : touch_dir(fs, dir, 0);
}

int bch_edit_subvol_entry_delete(struct bch_fs *fs, const struct bch_file *dir,
				 struct bch_name name)
{
	struct place p __attribute__((cleanup(place_cleanup)));
	int err = find_place(fs, dir, name, &p);

	if (!err && (!p.slot.found || p.d.d_type != BCH_DIRENT_subvol))
		err = -BCH_ERR_subvol_missing;
	if (!err)
		err = delete_entry(fs, &p);
	return err ? err : touch_dir(fs, dir, 0);
}

/* ------------------------------------------------------------------ rename */

/* Is @dir @file or in it? */
static int is_within(struct bch_fs *fs, const struct bch_file *dir, const struct bch_file *file)
{
	struct bch_file at = *dir;
	int err = 0;

	for (u32 i = 0; !err && i < DEPTH_MAX; i++) {
		struct bch_buf name bch_auto(buf) = { 0 };
		struct bch_inode inode;
		struct bch_file above;

		if (at.inum == file->inum && at.subvol == file->subvol)
			return 1;
		err = bch_file_inode(fs, &at, &inode, NULL);
		if (!err && !inode.bi_dir)
			return 0;
		if (!err)
			err = bch_file_parent(fs, &at, &inode, &above, &name);
		at = above;
	}
	return err ? err : -BCH_ERR_too_many_links;
}

/* May the file at @f come to where @t is? */
static int check_move(struct bch_fs *fs, const struct place *f, const struct place *t,
		      const struct bch_file *file)
{
	bool is_dir = f->d.d_type == BCH_DIRENT_dir || f->d.d_type == BCH_DIRENT_subvol;
	int within = is_dir ? is_within(fs, &t->dir, file) : 0;

	if (within)
		return within < 0 ? within : -BCH_ERR_refused;
	if (f->d.d_type != BCH_DIRENT_subvol && f->dir.subvol != t->dir.subvol)
		return -BCH_ERR_refused;
	if (!t->slot.found)
		return 0;
	if (t->d.d_type == BCH_DIRENT_subvol)
		return -BCH_ERR_refused;
	if ((t->d.d_type == BCH_DIRENT_dir) == is_dir)
		return 0;
	return is_dir ? -BCH_ERR_not_a_directory : -BCH_ERR_is_directory;
}

/* Directories above one whose names are casefolded say so. */
static int flag_above(struct bch_fs *fs, const struct bch_file *dir)
{
	struct bch_file at = *dir;

	for (u32 i = 0; i < DEPTH_MAX; i++) {
		struct bch_buf name bch_auto(buf) = { 0 };
		struct bch_inode inode;
		struct bch_file above;
		int err = bch_file_inode(fs, &at, &inode, NULL);

		if (err || inode.bi_flags & CASE_FLAG)
			return err;
		inode.bi_flags |= CASE_FLAG;
		err = bch_edit_inode(fs, &at, &inode);
		if (err || !inode.bi_dir)
			return err;
		err = bch_file_parent(fs, &at, &inode, &above, &name);
		if (err)
			return err;
		at = above;
	}
	return -BCH_ERR_too_many_links;
}

static int move_subvol(struct bch_fs *fs, u32 id, u32 parent)
{
	struct bch_subvolume s;
	int err = bch_subvolume_read(fs, id, &s);

	s.fs_path_parent = parent;
	return err ? err : bch_subvolume_write(fs, id, &s);
}

/* The inode learns where its name is now. */
static int settle_moved(struct bch_fs *fs, const struct bch_file *file, const struct place *t)
{
	struct bch_inode inode;
	int err = bch_file_inode(fs, file, &inode, NULL);

	if (err)
		return err;
	inode.bi_dir = t->dir.inum;
	inode.bi_dir_offset = t->slot.offset;
	inode.bi_ctime = bch_edit_now(fs);
	if (!S_ISDIR(inode.bi_mode))
		bch_inode_inherit(&inode, &t->inode, BCH_U32_MAX);
	if (t->d.d_type == BCH_DIRENT_subvol) {
		inode.bi_parent_subvol = t->dir.subvol;
		err = move_subvol(fs, t->d.d_child_subvol, t->dir.subvol);
	} else if (S_ISDIR(inode.bi_mode) && le16_get(fs->super.sb->version) >= VERSION_DEPTH) {
		inode.bi_depth = t->inode.bi_depth + 1;
	}
	if (!err)
		err = t->d.d_type == BCH_DIRENT_subvol ? bch_edit_subvol_root(fs, file, &inode)
						       : bch_edit_inode(fs, file, &inode);
	return err || !(inode.bi_flags & CASE_FLAG) ? err : flag_above(fs, &t->dir);
}

static int move(struct bch_fs *fs, struct place *f, struct place *t, const struct bch_file *file)
{
	bool real_dir = f->d.d_type == BCH_DIRENT_dir;
	bool replaced_dir = t->slot.found && t->d.d_type == BCH_DIRENT_dir;
	int err = t->slot.found ? drop_link(fs, t) : 0;

	if (!err)
		err = delete_entry(fs, f);
	if (!err)
		err = find_slot(fs, t);
	t->d.d_inum = f->d.d_inum;
	t->d.d_type = f->d.d_type;
	t->d.d_child_subvol = f->d.d_child_subvol;
	t->d.d_parent_subvol = f->d.d_type == BCH_DIRENT_subvol ? t->dir.subvol : 0;
	if (!err)
		err = put_entry(fs, t);
	if (!err)
		err = settle_moved(fs, file, t);
	if (!err)
		err = touch_dir(fs, &f->dir, real_dir ? -1 : 0);
	return err ? err : touch_dir(fs, &t->dir, real_dir - replaced_dir);
}

int bch_edit_rename(struct bch_fs *fs, const struct bch_file *from, struct bch_name name,
		    const struct bch_file *to, struct bch_name new_name)
{
	struct place f __attribute__((cleanup(place_cleanup))) = { 0 };
	struct place t __attribute__((cleanup(place_cleanup))) = { 0 };
	struct bch_file file;
	int err = find_place(fs, from, name, &f);

	if (!err && !f.slot.found)
		err = -BCH_ERR_not_found;
	if (!err)
		err = find_place(fs, to, new_name, &t);
	if (!err)
		err = bch_name_check(new_name);
	if (!err)
		err = target_of(fs, &f, &file);
	if (err)
		return err;
	if (from->inum == to->inum && from->subvol == to->subvol && f.slot.offset == t.slot.offset)
		t.slot.found = false; /* itself, perhaps in other cases */
	if (t.slot.found && f.d.d_type != BCH_DIRENT_subvol && t.d.d_type == f.d.d_type &&
	    t.d.d_inum == f.d.d_inum)
		return 0; /* two names of one file: rename(2) */
	err = check_move(fs, &f, &t, &file);
	return err ? err : move(fs, &f, &t, &file);
}
