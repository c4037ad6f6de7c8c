// SPDX-License-Identifier: GPL-2.0-or-later
/* Local files and trees put into a filesystem. CLI 14.2. */

#include "ops/put.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/memory.h"

/* ------------------------------------------------------------------ attributes */

static struct bch_time time_of(struct timespec t)
{
	return (struct bch_time){ t.tv_sec, (u32)t.tv_nsec };
}

static int put_xattr(struct bch_put *p, const struct bch_put_file *f, const struct bch_file *file,
		     const char *name)
{
	ssize_t len = lgetxattr(f->path, name, NULL, 0);
	u8 *value = len < 0 ? NULL : bch_malloc((size_t)len + 1);
	int err;

	if (len < 0)
		return 0; /* gone meanwhile, or not for us */
	if (!value)
		return -BCH_ERR_no_memory;
	len = lgetxattr(f->path, name, value, (size_t)len);
	err = len < 0 ? bch_errno(errno) : bch_edit_xattr(p->fs, file, name, value, (size_t)len);
	free(value);
	if (err == -BCH_ERR_not_supported) {
		bch_log(p->fs->ctx, BCH_LOG_warn, "%s: attribute %s left out", f->path, name);
		p->sums->nr_left_out++;
		return 0;
	}
	return err ? bch_error(p->fs->ctx, err, "%s: attribute %s", f->path, name) : 0;
}

/* Those of options are not attributes that are stored. */
static bool is_option(const char *name)
{
	return !strncmp(name, "bcachefs.", 9) || !strncmp(name, "bcachefs_effective.", 19);
}

static int put_xattrs(struct bch_put *p, const struct bch_put_file *f, const struct bch_file *file)
{
	ssize_t len = llistxattr(f->path, NULL, 0);
	char *names = len > 0 ? bch_malloc((size_t)len) : NULL;
	int err = 0;

	if (len <= 0)
		return 0;
	if (!names)
		return -BCH_ERR_no_memory;
	len = llistxattr(f->path, names, (size_t)len);
	for (const char *name = names; len > 0 && name < names + len && !err;
	     name += strlen(name) + 1)
		if (!is_option(name))
			err = put_xattr(p, f, file, name);
	free(names);
	return err;
}

int bch_put_attributes(struct bch_put *p, const struct bch_put_file *f, const struct bch_file *file)
{
	struct bch_inode inode;
	int err = put_xattrs(p, f, file);

	if (err)
		return err;
	err = bch_file_inode(p->fs, file, &inode, NULL);
	if (err)
		return bch_put_failed(p, f, err);
	inode.bi_mode = (u16)f->st->st_mode;
	inode.bi_uid = f->st->st_uid;
	inode.bi_gid = f->st->st_gid;
	inode.bi_atime = bch_time_put(p->fs, time_of(f->st->st_atim));
	inode.bi_mtime = bch_time_put(p->fs, time_of(f->st->st_mtim));
	return bch_put_failed(p, f, bch_edit_inode(p->fs, file, &inode));
}

/* ------------------------------------------------------------------ trees */

/* The directories of the filesystem that stand for those above. */
struct dirs {
	BCH_ARRAY(struct bch_file) a;
};

/* Where a tree goes: the name in a directory, or (no name) the directory itself. */
static struct bch_put_file placed(const FTSENT *e, const struct dirs *dirs,
				  const struct bch_edit_place *top)
{
	struct bch_put_file f = { .path = e->fts_path, .st = e->fts_statp };

	f.dir = e->fts_level ? dirs->a.v[e->fts_level - 1] : top->dir;
	f.name = e->fts_level ? (struct bch_name){ e->fts_name, e->fts_namelen } : top->name;
	return f;
}

/* The directory of that name, made where it is missing. */
static int enter_dir(struct bch_put *p, const struct bch_put_file *f, struct bch_file *dir)
{
	struct bch_inode above, inode;
	int err;

	*dir = f->dir;
	if (!f->name.len)
		return 0;
	err = bch_dir_lookup(p->fs, &f->dir, f->name.p, f->name.len, dir);
	if (!err)
		err = bch_file_inode(p->fs, dir, &inode, NULL);
	if (!err)
		return S_ISDIR(inode.bi_mode) ? bch_edit_allowed(p->fs, dir)
					      : -BCH_ERR_not_a_directory;
	if (err != -BCH_ERR_not_found)
		return err;
	err = bch_file_inode(p->fs, &f->dir, &above, NULL);
	if (err)
		return err;
	inode = bch_edit_new_inode(p->fs, &above, S_IFDIR | (f->st->st_mode & 0777));
	return bch_edit_create(p->fs, &f->dir, f->name, &inode, dir);
}

static int take_dir(struct bch_put *p, const struct bch_put_file *f, int level, struct dirs *dirs)
{
	struct bch_file dir;
	int err = enter_dir(p, f, &dir);

	if (err)
		return bch_put_failed(p, f, err);
	dirs->a.nr = (size_t)level;
	return bch_array_push(&dirs->a, dir);
}

static int take_entry(struct bch_put *p, const FTSENT *e, struct dirs *dirs,
		      const struct bch_edit_place *top)
{
	struct bch_put_file f = placed(e, dirs, top);

	switch (e->fts_info) {
	case FTS_D:
		return take_dir(p, &f, e->fts_level, dirs);
	case FTS_DP: /* after what is in it, which changed its times */
		return bch_put_all(p) ? bch_put_attributes(p, &f, &dirs->a.v[e->fts_level]) : 0;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return bch_error(p->fs->ctx, bch_errno(e->fts_errno), "%s", e->fts_path);
	case FTS_DC:
		return bch_error(p->fs->ctx, -BCH_ERR_too_many_links, "%s", e->fts_path);
	default:
		if (!f.name.len)
			return bch_error(p->fs->ctx, -BCH_ERR_not_a_directory, "%s", f.path);
		return bch_put_file(p, &f);
	}
}

static int put_tree(struct bch_put *p, const char *source, const struct bch_edit_place *top)
{
	char *paths[] = { (char *)(uintptr_t)source, NULL };
	int flags = FTS_PHYSICAL | FTS_NOCHDIR | (bch_put_all(p) ? 0 : FTS_COMFOLLOW), err = 0;
	FTS *walk = fts_open(paths, flags, NULL);
	struct dirs dirs = { 0 };
	FTSENT *e;

	if (!walk)
		return bch_error(p->fs->ctx, bch_errno(errno), "%s", source);
	while (!err && (errno = 0, e = fts_read(walk)))
		err = bch_cancelled(p->fs->ctx) ? -BCH_ERR_cancelled : take_entry(p, e, &dirs, top);
	if (!err && errno)
		err = bch_error(p->fs->ctx, bch_errno(errno), "%s", source);
	fts_close(walk);
	bch_array_end(&dirs.a);
	return err;
}

/* ------------------------------------------------------------------ all */

/* "dir/." stands for what is in it. */
static bool is_contents(const char *source)
{
	size_t len = strlen(source);

	return !strcmp(source, ".") || (len > 1 && !strcmp(source + len - 2, "/."));
}

static int put_source(struct bch_put *p, const char *source, const char *dest)
{
	const struct bch_path_opts *from = &p->opts->from;
	struct bch_edit_place top;
	int err;

	if (!is_contents(source)) {
		err = bch_edit_dest(p->fs, from, dest, source, &top);
		return err ? err : put_tree(p, source, &top);
	}
	top.name = (struct bch_name){ "", 0 };
	err = bch_path_lookup(p->fs, from, dest, &top.dir);
	if (err)
		return err;
	err = bch_edit_allowed(p->fs, &top.dir);
	return err ? bch_error(p->fs->ctx, err, "%s", dest) : put_tree(p, source, &top);
}

int bch_file_put(struct bch_fs *fs, const struct bch_put_opts *opts, const char *dest,
		 struct bch_put_sums *sums)
{
	struct bch_put p = { .fs = fs, .opts = opts, .sums = sums };
	struct bch_file dir;
	int err = 0;

	if (opts->nr_sources > 1 && !bch_edit_is_dir(fs, &opts->from, dest, &dir))
		return bch_error(fs->ctx, -BCH_ERR_not_a_directory, "%s", dest);
	err = bch_data_writer_new(fs, NULL, &p.data);
	for (size_t i = 0; i < opts->nr_sources && !err; i++)
		err = put_source(&p, opts->sources[i], dest);
	if (!err)
		err = bch_data_writer_flush(p.data);
	bch_put_links_end(&p);
	bch_data_writer_free(p.data);
	return err;
}
