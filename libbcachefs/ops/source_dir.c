// SPDX-License-Identifier: GPL-2.0-or-later
/* A directory as a source: which files there are. */

#include "ops/source_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs_tree.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/memory.h"

#define NS_PER_SECOND 1000000000
#define SCANNED	      (STATX_BASIC_STATS | STATX_MNT_ID)

struct scan {
	struct bch_source *s;
	struct bch_source_links links;
	BCH_ARRAY(u32) dirs; /* still to be read */
	u32 dir;	     /* that is being read */
	int fd;
	const char *name;
	struct bch_buf path; /* of @dir, relative */
};

/* ------------------------------------------------------------------ one entry */

s64 bch_source_time(const struct statx_timestamp *t)
{
	s64 ns;

	if (__builtin_mul_overflow(t->tv_sec, NS_PER_SECOND, &ns) ||
	    __builtin_add_overflow(ns, (s64)t->tv_nsec, &ns))
		ns = t->tv_sec < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}

static struct bch_source_file file_of(const struct statx *st)
{
	return (struct bch_source_file){
		.size = S_ISREG(st->stx_mode) || S_ISLNK(st->stx_mode) ? st->stx_size : 0,
		.place = st->stx_ino,
		.mtime = bch_source_time(&st->stx_mtime),
		.mode = st->stx_mode,
		.uid = st->stx_uid,
		.gid = st->stx_gid,
		.major = st->stx_rdev_major,
		.minor = st->stx_rdev_minor,
	};
}

/* What is mounted there is another tree. Older systems tell only by the device. */
static bool is_mount_point(const struct statx *st, const struct statx *dir)
{
	if (st->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT)
		return st->stx_attributes & STATX_ATTR_MOUNT_ROOT;
	return st->stx_dev_major != dir->stx_dev_major || st->stx_dev_minor != dir->stx_dev_minor;
}

/* The root of a subvolume of btrfs: with a device of its own, although nothing is mounted there. */
static bool is_subvol(const struct scan *scan, const struct statx *st, const struct statx *dir)
{
	return scan->s->opts->subvolumes && S_ISDIR(st->stx_mode) &&
	       st->stx_ino == BTRFS_FIRST_FREE_OBJECTID && !is_mount_point(st, dir) &&
	       (st->stx_dev_major != dir->stx_dev_major || st->stx_dev_minor != dir->stx_dev_minor);
}

/* A file that was not met before, or a further name of one that was. */
static int find_file(struct scan *scan, const struct statx *st, const struct statx *dir, u32 *file)
{
	u64 dev = makedev(st->stx_dev_major, st->stx_dev_minor);
	bool linked = st->stx_nlink > 1 && !S_ISDIR(st->stx_mode);
	struct bch_source_file f = file_of(st);
	int err;

	if (linked && bch_source_links_find(&scan->links, dev, st->stx_ino, file))
		return 0;
	f.subvol = is_subvol(scan, st, dir) ? ++scan->s->nr_subvols
					    : scan->s->files.v[scan->dir].subvol;
	err = bch_source_add_file(scan->s, &f, file);
	scan->s->nr_stored +=
		f.size < BCH_BYTES(st->stx_blocks) ? f.size : BCH_BYTES(st->stx_blocks);
	return !err && linked ? bch_source_links_add(&scan->links, dev, st->stx_ino, *file) : err;
}

static bool is_excluded(const struct scan *scan)
{
	struct bch_buf path bch_auto(buf) = { 0 };

	if (scan->path.len)
		bch_buf_put(&path, "%s/", bch_buf_str(&scan->path));
	bch_buf_puts(&path, scan->name);
	return bch_source_is_excluded(scan->s, bch_buf_str(&path));
}

static int say(const struct scan *scan, int err)
{
	struct bch_buf path bch_auto(buf) = { 0 };

	bch_source_path(scan->s, scan->dir, &path);
	bch_buf_putc(&path, '/');
	bch_buf_name(&path, scan->name);
	return bch_error(scan->s->ctx, err, "%s", bch_buf_str(&path));
}

static int take_entry(struct scan *scan, const struct statx *dir)
{
	struct statx st;
	u32 file;
	int err;

	if (is_excluded(scan))
		return 0;
	if (statx(scan->fd, scan->name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, SCANNED, &st))
		return say(scan, bch_errno(errno));
	err = find_file(scan, &st, dir, &file);
	if (!err)
		err = bch_source_add_name(scan->s, scan->dir, scan->name, strlen(scan->name), file);
	if (err)
		return say(scan, err);
	return S_ISDIR(st.stx_mode) && !is_mount_point(&st, dir) ? bch_array_push(&scan->dirs, file)
								 : 0;
}

/* ------------------------------------------------------------------ all entries */

static int read_entries(struct scan *scan, DIR *stream)
{
	struct statx dir;
	struct dirent *e;
	int err = 0;

	if (statx(scan->fd, "", AT_EMPTY_PATH, SCANNED, &dir))
		return bch_source_error(scan->s, bch_errno(errno), scan->dir, "");
	for (errno = 0; !err && (e = readdir(stream)); errno = 0) {
		scan->name = e->d_name;
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			err = take_entry(scan, &dir);
	}
	return err || !errno ? err : bch_source_error(scan->s, bch_errno(errno), scan->dir, "");
}

static int read_dir(struct scan *scan)
{
	int err = bch_source_dir_fd(scan->s, scan->dir, &scan->fd), copy;
	DIR *stream;

	if (err)
		return err;
	copy = openat(scan->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = copy < 0 ? NULL : fdopendir(copy);
	if (!stream) {
		err = bch_errno(errno);
		if (copy >= 0)
			close(copy);
		return bch_source_error(scan->s, err, scan->dir, "");
	}
	bch_buf_reset(&scan->path);
	bch_source_relative(scan->s, scan->dir, &scan->path);
	err = read_entries(scan, stream);
	closedir(stream);
	return err;
}

static int scan_all(struct scan *scan)
{
	struct bch_source_dir *d = scan->s->reader;
	struct bch_source_file root;
	struct statx st;
	int err = 0;

	if (statx(d->open[0].fd, "", AT_EMPTY_PATH, SCANNED, &st))
		return bch_source_error(scan->s, bch_errno(errno), BCH_SOURCE_ROOT, "");
	root = file_of(&st);
	bch_source_set_file(scan->s, BCH_SOURCE_ROOT, &root);
	err = bch_array_push(&scan->dirs, BCH_SOURCE_ROOT);
	while (!err && scan->dirs.nr) {
		scan->dir = scan->dirs.v[--scan->dirs.nr];
		err = bch_cancelled(scan->s->ctx) ? -BCH_ERR_cancelled : read_dir(scan);
	}
	return err;
}

/* ------------------------------------------------------------------ the whole */

int bch_source_dir_open(struct bch_source *s, int fd)
{
	struct scan scan = { .s = s, .links = bch_source_links_new() };
	struct bch_source_dir *d = bch_calloc(1, sizeof(*d));
	int err;

	if (!d) {
		close(fd);
		return -BCH_ERR_no_memory;
	}
	d->open[d->nr_open++].fd = fd;
	d->file = -1;
	s->reader = d;
	s->ops = &bch_source_dir_ops;
	err = scan_all(&scan);
	bch_source_links_end(&scan.links);
	bch_array_end(&scan.dirs);
	bch_buf_end(&scan.path);
	return err;
}
