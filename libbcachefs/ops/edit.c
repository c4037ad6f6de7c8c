// SPDX-License-Identifier: GPL-2.0-or-later
/* Files taken away, moved and linked, directories made: by path. CLI 14.2. */

#include "ops/edit.h"

#include <string.h>
#include <sys/stat.h>

#include "base/array.h"

int bch_edits_start(struct bch_fs *fs)
{
	return bch_writer_start(fs, NULL);
}

int bch_edits_commit(struct bch_fs *fs)
{
	int err = bch_commit(fs);

	return err ? err : bch_writer_finish(fs);
}

/* ------------------------------------------------------------------ places */

bool bch_edit_is_dir(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
		     struct bch_file *file)
{
	struct bch_stat st;

	return !bch_path_lookup(fs, from, path, file) && !bch_file_stat(fs, file, &st) &&
	       S_ISDIR(st.mode);
}

/* The last component, without slashes behind it. */
static struct bch_name last_of(const char *path)
{
	size_t end = strlen(path), start;

	while (end && path[end - 1] == '/')
		end--;
	for (start = end; start && path[start - 1] != '/';)
		start--;
	return (struct bch_name){ path + start, end - start };
}

int bch_edit_place(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
		   struct bch_edit_place *place)
{
	struct bch_buf above bch_auto(buf) = { 0 };
	int err;

	place->name = last_of(path);
	if (*path == '<' && place->name.p == path)
		place->name.len = 0;
	err = bch_name_check(place->name);
	if (err)
		return bch_error(fs->ctx, err, "%s", path);
	bch_buf_mem(&above, path, (size_t)(place->name.p - path));
	if (bch_buf_failed(&above))
		return -BCH_ERR_no_memory;
	err = bch_path_lookup(fs, from, bch_buf_str(&above), &place->dir);
	if (err)
		return err;
	err = bch_edit_allowed(fs, &place->dir);
	return err ? bch_error(fs->ctx, err, "%s", path) : 0;
}

int bch_edit_dest(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
		  const char *source, struct bch_edit_place *place)
{
	int err;

	if (!bch_edit_is_dir(fs, from, path, &place->dir))
		return bch_edit_place(fs, from, path, place);
	place->name = last_of(source);
	err = bch_name_check(place->name);
	if (err)
		return bch_error(fs->ctx, err, "%s", source);
	err = bch_edit_allowed(fs, &place->dir);
	return err ? bch_error(fs->ctx, err, "%s", path) : 0;
}

/* ------------------------------------------------------------------ rm */

/* Directories from where a walk began down to where it is. */
struct dirs {
	BCH_ARRAY(struct bch_file) a;
};

static int remove_entry(struct bch_fs *fs, const struct bch_edit_place *top,
			const struct dirs *dirs, const struct bch_walk_entry *e)
{
	struct bch_name name = { e->name, strlen(e->name) };

	return e->depth ? bch_edit_unlink(fs, &dirs->a.v[e->depth - 1], name)
			: bch_edit_unlink(fs, &top->dir, top->name);
}

/* A directory is there before what is in it, and again after that. */
static int take_entry(struct bch_fs *fs, const struct bch_edit_place *top, struct dirs *dirs,
		      const struct bch_walk_entry *e)
{
	if (e->type == BCH_FILE_SUBVOL)
		return -BCH_ERR_refused;
	if (e->type != S_IFDIR >> 12 || e->leaving)
		return remove_entry(fs, top, dirs, e);
	dirs->a.nr = e->depth;
	return bch_array_push(&dirs->a, e->file);
}

static int refuse(struct bch_fs *fs, int err, const char *path, const char *below)
{
	if (err == -BCH_ERR_refused)
		return bch_error_whole(fs->ctx, err,
				       "%s%s: is a subvolume; try 'bcachefs subvolume delete'",
				       path, below);
	return bch_error(fs->ctx, err, "%s%s", path, below);
}

int bch_edit_remove_tree(struct bch_fs *fs, const struct bch_edit_place *top,
			 const struct bch_file *file, const char *path)
{
	struct bch_walk *walk bch_auto(walk) = NULL;
	struct dirs dirs = { 0 };
	struct bch_walk_entry e;
	int more, err = bch_walk_begin(fs, file, BCH_WALK_LEAVES | BCH_WALK_ONE_SUBVOL, &walk);

	while (!err && (more = bch_walk_next(walk, &e))) {
		err = more < 0 ? more : take_entry(fs, top, &dirs, &e);
		if (err && more > 0)
			err = refuse(fs, err, path, e.path);
	}
	bch_array_end(&dirs.a);
	return err;
}

int bch_file_rm(struct bch_fs *fs, const struct bch_path_opts *from, unsigned flags,
		const char *path)
{
	struct bch_edit_place place;
	struct bch_file file;
	struct bch_stat st;
	int err = bch_edit_place(fs, from, path, &place);

	if (!err)
		err = bch_dir_lookup(fs, &place.dir, place.name.p, place.name.len, &file);
	if (err == -BCH_ERR_not_found && flags & BCH_EDIT_FORCE)
		return 0;
	if (!err && file.subvol != place.dir.subvol)
		err = -BCH_ERR_refused;
	if (!err)
		err = bch_file_stat(fs, &file, &st);
	if (err == -BCH_ERR_not_found && !bch_edit_unlink(fs, &place.dir, place.name))
		return 0; /* it led nowhere */
	if (!err && S_ISDIR(st.mode) && flags & BCH_EDIT_RECURSIVE)
		return bch_edit_remove_tree(fs, &place, &file, path);
	if (!err)
		err = S_ISDIR(st.mode) ? -BCH_ERR_is_directory
				       : bch_edit_unlink(fs, &place.dir, place.name);
	return err ? refuse(fs, err, path, "") : 0;
}

/* ------------------------------------------------------------------ mkdir */

static int make_dir(struct bch_fs *fs, const struct bch_file *dir, struct bch_name name, u32 mode,
		    struct bch_file *file)
{
	struct bch_inode above, inode;
	int err = bch_file_inode(fs, dir, &above, NULL);

	if (err)
		return err;
	inode = bch_edit_new_inode(fs, &above, S_IFDIR | mode);
	return bch_edit_create(fs, dir, name, &inode, file);
}

/* All of the path's directories, from its beginning on. */
static int make_parents(struct bch_fs *fs, const struct bch_path_opts *from, u32 mode,
			const char *path)
{
	struct bch_buf part bch_auto(buf) = { 0 };
	int err = 0;

	for (const char *end = path; *end && !err;) {
		struct bch_edit_place place;
		struct bch_file file;

		end += strspn(end, "/");
		end += strcspn(end, "/");
		bch_buf_reset(&part);
		bch_buf_mem(&part, path, (size_t)(end - path));
		if (bch_buf_failed(&part))
			return -BCH_ERR_no_memory;
		if (bch_edit_is_dir(fs, from, bch_buf_str(&part), &file))
			continue;
		err = bch_edit_place(fs, from, bch_buf_str(&part), &place);
		if (!err) {
			err = make_dir(fs, &place.dir, place.name, mode, &file);
			err = err ? bch_error(fs->ctx, err, "%s", bch_buf_str(&part)) : 0;
		}
	}
	return err;
}

int bch_file_mkdir(struct bch_fs *fs, const struct bch_path_opts *from, unsigned flags, u32 mode,
		   const char *path)
{
	struct bch_edit_place place;
	struct bch_file file;
	int err;

	if (flags & BCH_EDIT_PARENTS)
		return make_parents(fs, from, mode, path);
	err = bch_edit_place(fs, from, path, &place);
	if (err)
		return err;
	err = make_dir(fs, &place.dir, place.name, mode, &file);
	return err ? bch_error(fs->ctx, err, "%s", path) : 0;
}

/* ------------------------------------------------------------------ mv, ln */

int bch_file_mv(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
		const char *dest)
{
	struct bch_edit_place old, new;
	int err = bch_edit_place(fs, from, path, &old);

	if (!err)
		err = bch_edit_dest(fs, from, dest, path, &new);
	if (err)
		return err;
	err = bch_edit_rename(fs, &old.dir, old.name, &new.dir, new.name);
	if (err == -BCH_ERR_refused)
		return bch_error_whole(fs->ctx, err,
				       "%s: cannot go to %s: it would be within itself, in another "
				       "subvolume, or in the place of one",
				       path, dest);
	return err ? bch_error(fs->ctx, err, "%s to %s", path, dest) : 0;
}

int bch_edit_symlink_text(struct bch_fs *fs, const struct bch_file *file, struct bch_inode *inode,
			  const char *text, size_t len)
{
	const struct bch_data_file to = { .inum = file->inum,
					  .snapshot = file->snapshot,
					  .opts = bch_io_opts(fs, inode) };
	struct bch_data_writer *w bch_auto(data_writer) = NULL;
	int err = bch_data_writer_new(fs, NULL, &w);

	if (err)
		return err;
	bch_data_begin(w, &to);
	err = bch_data_put(w, text, len);
	if (!err)
		err = bch_data_end(w, &inode->bi_sectors);
	if (!err)
		err = bch_data_writer_flush(w);
	inode->bi_size = len;
	return err ? err : bch_edit_inode(fs, file, inode);
}

static int make_symlink(struct bch_fs *fs, const struct bch_edit_place *place, const char *text)
{
	struct bch_inode above, inode;
	struct bch_file file;
	int err = *text ? bch_file_inode(fs, &place->dir, &above, NULL) : -BCH_ERR_invalid_argument;

	if (err)
		return err;
	inode = bch_edit_new_inode(fs, &above, S_IFLNK | 0777);
	err = bch_edit_create(fs, &place->dir, place->name, &inode, &file);
	return err ? err : bch_edit_symlink_text(fs, &file, &inode, text, strlen(text));
}

int bch_file_ln(struct bch_fs *fs, const struct bch_path_opts *from, unsigned flags,
		const char *target, const char *dest)
{
	struct bch_edit_place place;
	struct bch_file file;
	int err = bch_edit_dest(fs, from, dest, target, &place);

	if (!err && !(flags & BCH_EDIT_SYMLINK))
		err = bch_path_lookup(fs, from, target, &file);
	if (err)
		return err;
	if (flags & BCH_EDIT_SYMLINK)
		err = make_symlink(fs, &place, target);
	else
		err = bch_edit_link(fs, &file, &place.dir, place.name);
	if (err == -BCH_ERR_refused)
		return bch_error_whole(fs->ctx, err,
				       "%s: cannot be linked from there: other subvolume, or "
				       "other options",
				       target);
	return err ? bch_error(fs->ctx, err, "%s", dest) : 0;
}
