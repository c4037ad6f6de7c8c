// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of a filesystem as a tar archive: the walk, and what its members are. CLI 14.2. */

#include <stdlib.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "file/file.h"
#include "ops/names.h"
#include "ops/tar_private.h"
#include "ops/ustar.h"

#define RECORD_BYTES 10240 /* archives end at a multiple of it */
#define END_BYTES    (2 * BCH_USTAR_BLOCK)

/* One tree. */
struct tree {
	struct bch_tar *t;
	struct bch_walk *walk;
	const char *root;    /* its name */
	struct bch_buf name; /* of the member that the walk has come to */
};

int bch_tar_trouble(struct bch_tar *t, const char *name, const char *what, int err)
{
	struct bch_buf shown bch_auto(buf) = { 0 };

	bch_buf_text(&shown, name, SIZE_MAX);
	if (!t->opts->ignore_errors || err == -BCH_ERR_no_memory)
		return bch_error_whole(t->fs->ctx, err, "%s: %s: %s; try -i", bch_buf_str(&shown),
				       what, bch_err_text(err));
	bch_log(t->fs->ctx, BCH_LOG_error, "%s: %s: %s", bch_buf_str(&shown), what,
		bch_err_text(err));
	t->sums.nr_incomplete++;
	return 0;
}

/* ------------------------------------------------------------------ a member */

/* 0 for sockets. */
static enum bch_tar_type type_of(mode_t mode)
{
	static const enum bch_tar_type types[S_IFMT >> 12 | 1] = {
		[S_IFREG >> 12] = BCH_TAR_FILE, [S_IFLNK >> 12] = BCH_TAR_SYMLINK,
		[S_IFCHR >> 12] = BCH_TAR_CHR,	[S_IFBLK >> 12] = BCH_TAR_BLK,
		[S_IFDIR >> 12] = BCH_TAR_DIR,	[S_IFIFO >> 12] = BCH_TAR_FIFO,
	};

	return types[(mode & S_IFMT) >> 12];
}

static int put_content(struct bch_tar *t, struct bch_tar_member *m)
{
	struct bch_buf target bch_auto(buf) = { 0 };
	int err;

	if (m->type == BCH_TAR_FILE)
		return bch_tar_file(t, m);
	if (m->type != BCH_TAR_SYMLINK)
		return bch_tar_header(t, m);
	err = bch_file_readlink(t->fs, &m->file, &target);
	if (err)
		return bch_tar_trouble(t, m->name, "cannot be read", err);
	m->target = bch_buf_str(&target);
	err = bch_tar_header(t, m);
	m->target = "";
	return err;
}

/* A further name of a file is a link to its first. */
static int put_file(struct bch_tar *t, struct bch_tar_member *m)
{
	bool has_links = m->type != BCH_TAR_DIR && m->st->nlink > 1;
	const char *old = has_links ? bch_links_find(&t->links, &m->file) : NULL;
	int err;

	t->sums.nr_files += m->type != BCH_TAR_DIR;
	if (old) {
		m->type = BCH_TAR_LINK;
		m->target = old;
		err = bch_tar_header(t, m);
		bch_links_count(&t->links, &m->file);
		return err;
	}
	if (!t->opts->no_xattrs) {
		err = bch_file_xattrs_read(t->fs, &m->file, &m->xattrs);
		if (err)
			err = bch_tar_trouble(t, m->name, "attributes cannot be read", err);
		if (err)
			return err;
	}
	err = put_content(t, m);
	if (!err && has_links)
		err = bch_links_add(&t->links, &m->file, m->st->nlink, m->name);
	return err;
}

static int put_member(struct bch_tar *t, const char *name, const struct bch_file *file,
		      const struct bch_stat *st)
{
	struct bch_tar_member m = {
		.name = name, .target = "", .type = type_of(st->mode), .file = *file, .st = st
	};
	int err;

	if (!m.type) {
		struct bch_buf shown bch_auto(buf) = { 0 };

		bch_buf_text(&shown, name, SIZE_MAX);
		bch_log(t->fs->ctx, BCH_LOG_warn, "%s: socket ignored", bch_buf_str(&shown));
		return 0;
	}
	err = put_file(t, &m);
	bch_file_xattrs_end(&m.xattrs);
	return err;
}

/* ------------------------------------------------------------------ the walk */

static int meet_subvol(struct bch_tar *t, const struct bch_file *root)
{
	bool *met = bch_radix_make(&t->met, root->subvol);

	if (!met)
		return -BCH_ERR_no_memory;
	if (*met)
		return 0;
	*met = true;
	return bch_array_push(&t->separate.a, *root);
}

static int trouble(struct tree *tree, const char *what, int err)
{
	bch_walk_skip(tree->walk);
	return bch_tar_trouble(tree->t, bch_buf_str(&tree->name), what, err);
}

static int take(struct tree *tree, const struct bch_walk_entry *e)
{
	struct bch_tar *t = tree->t;
	bool is_dir = e->type == S_IFDIR >> 12 || e->type == BCH_FILE_SUBVOL;
	struct bch_stat st;
	int err = bch_file_stat(t->fs, &e->file, &st);

	bch_buf_reset(&tree->name);
	bch_buf_put(&tree->name, "%s%s", tree->root, e->path);
	if (bch_buf_failed(&tree->name))
		return -BCH_ERR_no_memory;
	if (err)
		return trouble(tree, "cannot be read", err);
	if (e->depth && !bch_name_is_safe(e->name))
		return trouble(tree, "is not a name", -BCH_ERR_invalid_argument);
	if (is_dir != S_ISDIR(st.mode))
		return trouble(tree, "is not what its directory says", -BCH_ERR_invalid_argument);
	if (is_dir)
		bch_buf_putc(&tree->name, '/');
	if (e->depth && e->type == BCH_FILE_SUBVOL && t->opts->subvols == BCH_TAR_SUBVOLS_separate)
		err = meet_subvol(t, &e->file);
	return err ? err : put_member(t, bch_buf_str(&tree->name), &e->file, &st);
}

static int walk(struct tree *tree)
{
	struct bch_walk_entry e;
	int err = 0, more;

	while (!err && (more = bch_walk_next(tree->walk, &e))) {
		if (bch_cancelled(tree->t->fs->ctx))
			return -BCH_ERR_cancelled;
		err = more > 0 ? take(tree, &e)
			       : bch_tar_trouble(tree->t, bch_buf_str(&tree->name),
						 "cannot be read whole", more);
	}
	return err;
}

static int put_tree(struct bch_tar *t, const struct bch_file *file, const char *name)
{
	unsigned flags = t->opts->subvols == BCH_TAR_SUBVOLS_follow ? 0 : BCH_WALK_ONE_SUBVOL;
	struct tree tree = { .t = t, .root = name };
	int err = bch_walk_begin(t->fs, file, BCH_WALK_SORTED | flags, &tree.walk);

	if (err)
		err = bch_tar_trouble(t, name, "cannot be read", err);
	else
		err = walk(&tree);
	bch_walk_end(tree.walk);
	bch_buf_end(&tree.name);
	return err;
}

/* ------------------------------------------------------------------ the archive */

static int put_path(struct bch_tar *t, const char *path)
{
	struct bch_buf name bch_auto(buf) = { 0 };
	struct bch_file file;
	int err = bch_path_lookup(t->fs, &t->opts->from, path, &file);

	bch_name_put_path(&name, path);
	if (!err && bch_buf_failed(&name))
		err = -BCH_ERR_no_memory;
	return err ? err : put_tree(t, &file, name.len ? bch_buf_str(&name) : ".");
}

/* More may be met meanwhile. */
static int put_separate(struct bch_tar *t)
{
	int err = 0;

	for (size_t i = 0; !err && i < t->separate.a.nr; i++) {
		struct bch_file root = t->separate.a.v[i];
		struct bch_buf name bch_auto(buf) = { 0 };

		bch_buf_put(&name, "subvol-%" PRIu32, root.subvol);
		err = bch_buf_failed(&name) ? -BCH_ERR_no_memory
					    : put_tree(t, &root, bch_buf_str(&name));
	}
	return err;
}

static int put_all(struct bch_tar *t)
{
	int err = t->opts->nr_paths ? 0 : put_path(t, "/");

	for (size_t i = 0; !err && i < t->opts->nr_paths; i++)
		err = put_path(t, t->opts->paths[i]);
	if (!err)
		err = put_separate(t);
	if (!err)
		err = bch_tar_zeroes(t, END_BYTES);
	if (!err) {
		u64 rest = t->written % RECORD_BYTES;

		err = bch_tar_zeroes(t, rest ? RECORD_BYTES - rest : 0);
	}
	return err ? err : bch_tar_flush(t);
}

int bch_tar(struct bch_fs *fs, const struct bch_tar_opts *opts, struct bch_tar_sums *sums)
{
	const struct bch_progress_work work = { .name = "tar" };
	struct bch_tar t = {
		.fs = fs,
		.opts = opts,
		.links = bch_links_new(),
		.buf = bch_malloc(BCH_TAR_BUF_BYTES),
		.met = BCH_RADIX(sizeof(bool)),
		.progress = bch_progress_new(fs->ctx, opts->progress, &work),
	};
	int err = t.buf ? put_all(&t) : -BCH_ERR_no_memory;

	bch_progress_free(t.progress);
	bch_links_end(&t.links);
	bch_radix_end(&t.met);
	bch_array_end(&t.separate.a);
	free(t.buf);
	*sums = t.sums;
	return err;
}
