// SPDX-License-Identifier: GPL-2.0-or-later
/* From a path to a file. CLI 14.1; format reference: 04 §8. */

#include <sys/stat.h>

#include "file/private.h"

#define SYMLINKS_MAX 40

/* A walk along a path. Where it came from is kept for "..". */
struct walk {
	struct bch_fs *fs;
	const struct bch_path_opts *opts;
	struct {
		BCH_ARRAY(struct bch_file) a;
	} above;	     /* the root first, where it is last */
	struct bch_buf rest; /* of the path */
	u32 nr_symlinks;
};

static struct bch_file *here(struct walk *w)
{
	return &w->above.a.v[w->above.a.nr - 1];
}

/* ------------------------------------------------------------------ where paths begin */

/* The root directory that a snapshot belongs to: all subvolumes of one tree have the same number for it. */
static int root_of_tree(struct bch_fs *fs, u32 tree, u64 *inum)
{
	for (size_t i = 0; i < bch_snapshots_nr(fs); i++) {
		const struct bch_snapshot_node *n = bch_snapshot_at(fs, i);
		struct bch_subvolume s;

		if (n->tree != tree || !n->subvol)
			continue;
		if (!bch_subvolume_read(fs, n->subvol, &s)) {
			*inum = s.inode;
			return 0;
		}
	}
	return -BCH_ERR_not_found;
}

/* Where no subvolume of the tree is left: the inode that says that it was one's root. */
static int root_that_was(struct bch_fs *fs, u32 snapshot, u64 *inum)
{
	struct bch_snapshot_view view = bch_snapshot_view(fs, snapshot);
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_in_snapshot(
		fs, BCH_BTREE_inodes, BCH_POS_MIN, bch_pos(0, BCH_U64_MAX), 0, &view);
	struct bch_inode inode;
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		if (bch_inode_get(&k, &inode) && inode.bi_subvol) {
			*inum = k.pos.offset;
			return 0;
		}
	}
	return more < 0 ? more : -BCH_ERR_not_found;
}

static int snapshot_root(struct bch_fs *fs, u32 snapshot, struct bch_file *file)
{
	const struct bch_snapshot_node *n = bch_snapshot_find(fs, snapshot);
	int err = n ? root_of_tree(fs, n->tree, &file->inum) : -BCH_ERR_not_found;

	file->subvol = 0;
	file->snapshot = snapshot;
	if (err)
		err = root_that_was(fs, snapshot, &file->inum);
	return err ? bch_error_whole(fs->ctx, err, "snapshot %u: no root directory", snapshot) : 0;
}

static int subvol_root(struct bch_fs *fs, u32 subvol, struct bch_file *file)
{
	int err = bch_file_subvol_root(fs, subvol, file);

	return err ? bch_error(fs->ctx, err, "subvolume %u", subvol) : 0;
}

static bool parse_u64(const char **p, u64 *v)
{
	const char *at = *p;

	for (*v = 0; *at >= '0' && *at <= '9'; at++) {
		if (*v > (BCH_U64_MAX - 9) / 10)
			return false;
		*v = *v * 10 + (u64)(*at - '0');
	}
	if (at == *p)
		return false;
	*p = at;
	return true;
}

/* A subvolume by number, or by the path of its root. */
static int named_subvol_root(struct bch_fs *fs, const char *name, struct bch_file *file)
{
	const char *end = name;
	u64 id;
	int err;

	if (parse_u64(&end, &id) && !*end)
		return subvol_root(fs, id <= BCH_SUBVOLUME_ID_MAX ? (u32)id : 0, file);
	err = bch_path_lookup(fs, &(struct bch_path_opts){ .follow = true }, name, file);
	if (!err) {
		struct bch_file root;

		err = bch_file_subvol_root(fs, file->subvol, &root);
		if (!err && root.inum != file->inum)
			err = bch_error(fs->ctx, -BCH_ERR_subvol_missing, "%s", name);
	}
	return err;
}

static int root(struct bch_fs *fs, const struct bch_path_opts *opts, struct bch_file *file)
{
	int err = opts->subvol	   ? named_subvol_root(fs, opts->subvol, file)
		  : opts->snapshot ? 0
				   : subvol_root(fs, 1, file);

	if (!err && opts->snapshot && opts->subvol) /* that directory, at another time */
		*file = (struct bch_file){ 0, opts->snapshot, file->inum };
	else if (!err && opts->snapshot)
		err = snapshot_root(fs, opts->snapshot, file);
	return err;
}

/* "<INUM>" and "<SUBVOL:INUM>". */
static int by_number(struct bch_fs *fs, const struct bch_path_opts *opts, const char **path,
		     struct bch_file *file)
{
	const char *at = *path + 1;
	u64 first, second = 0;
	bool ok = parse_u64(&at, &first), has_subvol = ok && *at == ':';
	int err;

	if (has_subvol) {
		at++;
		ok = parse_u64(&at, &second) && first <= BCH_SUBVOLUME_ID_MAX;
	}
	if (!ok || *at != '>' || (at[1] && at[1] != '/'))
		return bch_error_whole(fs->ctx, -BCH_ERR_invalid_argument,
				       "%s: neither <INUM> nor <SUBVOL:INUM>", *path);
	err = has_subvol ? subvol_root(fs, (u32)first, file) : root(fs, opts, file);
	file->inum = has_subvol ? second : first;
	*path = at + 1;
	return err;
}

/* ------------------------------------------------------------------ a step */

/* Takes the next component off the rest; it stays in @rest's memory. */
static bool next_component(struct walk *w, size_t *at, const char **name, size_t *len)
{
	const char *p = bch_buf_str(&w->rest) + *at;

	p += strspn(p, "/");
	*name = p;
	*len = strcspn(p, "/");
	*at = (size_t)(p + *len - bch_buf_str(&w->rest));
	return *len > 0;
}

/* The directory's entries one by one: a name whose hash is wrong is found too. */
static int search(struct bch_fs *fs, const struct bch_file *in, const char *name, size_t len,
		  struct bch_file *file)
{
	struct bch_dir *dir bch_auto(dir) = NULL;
	struct bch_dir_entry e;
	int more = bch_dir_open(fs, in, 0, &dir);

	if (more)
		return more;
	while ((more = bch_dir_next(dir, &e)) > 0) {
		if (e.name_len == len && !memcmp(e.name, name, len)) {
			*file = e.file;
			return 0;
		}
	}
	return more < 0 ? more : -BCH_ERR_not_found;
}

/* Puts the target of the symlink at @file before what is left of the path. */
static int follow(struct walk *w, const struct bch_file *file, size_t *at)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	int err;

	if (++w->nr_symlinks > SYMLINKS_MAX)
		return -BCH_ERR_too_many_links;
	err = bch_file_readlink(w->fs, file, &path);
	if (err)
		return err;
	if (*bch_buf_str(&path) == '/')
		w->above.a.nr = 1;
	bch_buf_puts(&path, bch_buf_str(&w->rest) + *at);
	bch_buf_reset(&w->rest);
	bch_buf_puts(&w->rest, bch_buf_str(&path));
	*at = 0;
	return bch_buf_failed(&w->rest) ? -BCH_ERR_no_memory : 0;
}

static bool is_symlink(struct bch_fs *fs, const struct bch_file *file)
{
	struct bch_stat st;

	return !bch_file_stat(fs, file, &st) && S_ISLNK(st.mode);
}

static int step(struct walk *w, const char *name, size_t len, size_t *at)
{
	struct bch_file file;
	int err;

	if (len == 1 && name[0] == '.')
		return 0;
	if (len == 2 && !memcmp(name, "..", 2)) {
		w->above.a.nr -= w->above.a.nr > 1;
		return 0;
	}
	err = bch_dir_lookup(w->fs, here(w), name, len, &file);
	if (err == -BCH_ERR_not_found)
		err = search(w->fs, here(w), name, len, &file);
	if (err)
		return err;
	if (w->opts->follow && is_symlink(w->fs, &file))
		return follow(w, &file, at);
	return bch_array_push(&w->above.a, file);
}

static int walk(struct walk *w)
{
	const char *name;
	size_t len, at = 0;
	int err = 0;

	while (!err && next_component(w, &at, &name, &len))
		err = step(w, name, len, &at);
	return err;
}

int bch_path_lookup(struct bch_fs *fs, const struct bch_path_opts *opts, const char *path,
		    struct bch_file *file)
{
	static const struct bch_path_opts none;
	struct walk w = { .fs = fs, .opts = opts ? opts : &none };
	const char *rest = path;
	int err = *path == '<' ? by_number(fs, w.opts, &rest, file) : root(fs, w.opts, file);

	if (err)
		return err; /* said */
	err = bch_array_push(&w.above.a, *file);
	bch_buf_puts(&w.rest, rest);
	if (!err)
		err = bch_buf_failed(&w.rest) ? -BCH_ERR_no_memory : walk(&w);
	if (!err)
		*file = *here(&w);
	bch_array_end(&w.above.a);
	bch_buf_end(&w.rest);
	return err ? bch_error(fs->ctx, err, "%s", path) : 0;
}
