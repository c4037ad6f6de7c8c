// SPDX-License-Identifier: GPL-2.0-or-later
/* A directory or snapshot of an unmounted filesystem as a source. CLI 11.2. */

#include <sys/stat.h>

#include "base/checked.h"
#include "base/memory.h"
#include "file/file.h"
#include "ops/names.h"
#include "ops/format_private.h"

#define NS_PER_SECOND 1000000000

struct reader {
	struct bch_fs *fs;
	BCH_ARRAY(struct bch_file) files; /* by place */
	u32 open;			  /* index of the file whose data is wanted */
	u64 start, end;			  /* the range with data that was found last */
};

static const struct bch_file *file_at(const struct bch_source *s, u32 file)
{
	const struct reader *r = s->reader;

	return &r->files.v[s->files.v[file].place];
}

/* ------------------------------------------------------------------ which files there are */

struct scan {
	struct bch_source *s;
	struct reader *r;
	struct bch_source_links links;
	struct bch_walk *walk;
	BCH_ARRAY(u32) dirs; /* from the root to where the walk is */
};

static s64 ns_of(struct bch_time t)
{
	s64 ns;

	if (__builtin_mul_overflow(t.sec, NS_PER_SECOND, &ns) ||
	    __builtin_add_overflow(ns, (s64)t.nsec, &ns))
		ns = t.sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

static struct bch_source_file file_of(const struct bch_stat *st, u64 place)
{
	return (struct bch_source_file){
		.size = S_ISREG(st->mode) || S_ISLNK(st->mode) ? st->size : 0,
		.place = place,
		.mtime = ns_of(st->mtime),
		.mode = st->mode,
		.uid = st->uid,
		.gid = st->gid,
		.major = st->major,
		.minor = st->minor,
	};
}

static bool is_of_a_type(u32 mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) || S_ISCHR(mode) || S_ISBLK(mode) ||
	       S_ISFIFO(mode) || S_ISSOCK(mode);
}

/* The inode and what its directory says of it are what they are in a whole filesystem. */
static int look_at(struct scan *scan, const struct bch_walk_entry *e, struct bch_stat *st)
{
	int err = bch_file_stat(scan->r->fs, &e->file, st);
	bool is_dir = e->type == S_IFDIR >> 12 || e->type == BCH_FILE_SUBVOL;

	if (err)
		return err;
	return is_of_a_type(st->mode) && is_dir == S_ISDIR(st->mode) ? 0
								     : -BCH_ERR_invalid_argument;
}

/* A file that was not met before, or a further name of one that was. */
static int find_file(struct scan *scan, const struct bch_walk_entry *e, u32 *file)
{
	struct bch_stat st;
	struct bch_source_file f;
	int err = look_at(scan, e, &st);
	bool linked = !err && st.nlink > 1 && !S_ISDIR(st.mode);

	if (err ||
	    (linked && bch_source_links_find(&scan->links, e->file.snapshot, e->file.inum, file)))
		return err;
	f = file_of(&st, scan->r->files.nr);
	err = bch_array_push(&scan->r->files, e->file);
	if (!err)
		err = bch_source_add_file(scan->s, &f, file);
	scan->s->nr_stored += bch_min(f.size, BCH_BYTES(st.nr_sectors));
	return !err && linked
		       ? bch_source_links_add(&scan->links, e->file.snapshot, e->file.inum, *file)
		       : err;
}

static int take_entry(struct scan *scan, const struct bch_walk_entry *e)
{
	u32 dir, file;
	size_t len = strlen(e->name);
	int err = 0;

	scan->dirs.nr = e->depth;
	dir = scan->dirs.v[e->depth - 1];
	if (bch_source_is_excluded(scan->s, e->path + 1)) {
		bch_walk_skip(scan->walk);
		return 0;
	}
	if (!bch_name_is_safe(e->name) || bch_source_find(scan->s, dir, e->name, len))
		err = -BCH_ERR_invalid_argument;
	if (!err)
		err = find_file(scan, e, &file);
	if (!err)
		err = bch_source_add_name(scan->s, dir, e->name, len, file);
	if (err)
		return err;
	return S_ISDIR(scan->s->files.v[file].mode) ? bch_array_push(&scan->dirs, file) : 0;
}

static int take_root(struct scan *scan, const struct bch_walk_entry *e)
{
	struct bch_source_file root;
	struct bch_stat st;
	int err = look_at(scan, e, &st);

	if (!err)
		err = bch_array_push(&scan->r->files, e->file);
	if (!err)
		err = bch_array_push(&scan->dirs, BCH_SOURCE_ROOT);
	if (err)
		return err;
	root = file_of(&st, 0);
	bch_source_set_file(scan->s, BCH_SOURCE_ROOT, &root);
	return 0;
}

static int say(const struct scan *scan, int err, const char *path)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_source_path(scan->s, BCH_SOURCE_ROOT, &text);
	bch_buf_name(&text, path);
	return bch_error(scan->s->ctx, err, "%s", bch_buf_str(&text));
}

static int scan_all(struct scan *scan)
{
	struct bch_walk_entry e = { .path = "" };
	int err = 0, more;

	while (!err && (more = bch_walk_next(scan->walk, &e)) != 0) {
		if (more < 0)
			return more; /* said */
		err = bch_cancelled(scan->s->ctx) ? -BCH_ERR_cancelled
		      : e.depth			  ? take_entry(scan, &e)
						  : take_root(scan, &e);
		if (err && err != -BCH_ERR_cancelled)
			err = say(scan, err, e.path);
	}
	return err;
}

/* ------------------------------------------------------------------ attributes */

static int fs_xattrs(struct bch_source *s, u32 file, struct bch_file_xattrs *xattrs)
{
	const struct reader *r = s->reader;
	int err = bch_file_xattrs_read(r->fs, file_at(s, file), xattrs);

	return err ? bch_source_error(s, err, file, "extended attributes") : 0;
}

static int fs_target(struct bch_source *s, u32 file, struct bch_buf *out)
{
	const struct reader *r = s->reader;
	int err = bch_file_readlink(r->fs, file_at(s, file), out);

	return err ? bch_source_error(s, err, file, "") : 0;
}

/* ------------------------------------------------------------------ data */

static int fs_open(struct bch_source *s, u32 file)
{
	struct reader *r = s->reader;

	r->open = file;
	r->start = r->end = 0;
	return 0;
}

/* The range that was found last is asked for piece by piece. */
static int fs_data(struct bch_source *s, u64 offset, u64 *start, u64 *end)
{
	struct reader *r = s->reader;
	const struct bch_file *file = file_at(s, r->open);
	int err = 0;

	if (offset < r->start || offset >= r->end) {
		err = bch_file_seek(r->fs, file, offset, true, &r->start);
		if (!err)
			err = bch_file_seek(r->fs, file, r->start, false, &r->end);
		if (err)
			r->start = r->end = 0;
	}
	*start = bch_max(r->start, offset);
	*end = r->end;
	if (err == -BCH_ERR_not_found)
		return 0;
	return err ? bch_source_error(s, err, r->open, "") : 1;
}

static int fs_read(struct bch_source *s, void *buf, size_t len, u64 offset)
{
	const struct reader *r = s->reader;
	size_t done = 0;
	int err = bch_file_read(r->fs, file_at(s, r->open), buf, len, offset, &done);

	if (!err && done < len)
		err = -BCH_ERR_data_lost;
	return err ? bch_source_error(s, err, r->open, "") : 0;
}

static void fs_close(struct bch_source *s)
{
	struct reader *r = s->reader;

	bch_array_end(&r->files);
	free(r);
}

static const struct bch_source_ops fs_ops = {
	.xattrs = fs_xattrs,
	.target = fs_target,
	.open = fs_open,
	.data = fs_data,
	.read = fs_read,
	.close = fs_close,
};

/* ------------------------------------------------------------------ the whole */

int bch_source_fs_open(struct bch_source *s)
{
	struct bch_path_opts path_opts = { 0 };
	struct scan scan = { .s = s, .links = bch_source_links_new() };
	struct bch_fs *fs = s->opts->fs;
	struct bch_file root;
	int err = bch_path_lookup(fs, &path_opts, s->opts->fs_path, &root);

	if (err)
		return err;
	scan.r = bch_calloc(1, sizeof(*scan.r));
	if (!scan.r)
		return -BCH_ERR_no_memory;
	scan.r->fs = fs;
	s->reader = scan.r;
	s->ops = &fs_ops;
	err = bch_walk_begin(fs, &root, BCH_WALK_SORTED, &scan.walk);
	if (!err)
		err = scan_all(&scan);
	bch_walk_end(scan.walk);
	bch_source_links_end(&scan.links);
	bch_array_end(&scan.dirs);
	return err;
}

int bch_source_refuse(const struct bch_source *s, const char *path)
{
	const struct bch_fs *fs = s->opts->fs;
	struct stat a, b;

	for (u32 i = 0; fs && i < fs->nr_members; i++) {
		const struct bch_blkdev *dev = fs->members[i].blkdev;

		if (dev && !stat(path, &a) && !stat(dev->name, &b) && bch_same_device(&a, &b))
			return bch_error_whole(s->ctx, -BCH_ERR_refused,
					       "%s: is where the source is read from", path);
	}
	return 0;
}
