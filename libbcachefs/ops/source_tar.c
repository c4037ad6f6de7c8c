// SPDX-License-Identifier: GPL-2.0-or-later
/* A tar archive as a source: read once from its start to its end, then wherever something is asked for. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "ops/source_tar.h"

#define WINDOW_BYTES 65536
#define MODE_IMPLIED (S_IFDIR | 0755) /* a directory that has no member of its own */

struct reader {
	struct bch_archive archive;
	struct bch_archive_member member; /* the last one that was looked at */
	struct bch_archive_map map;	  /* of the open file */
	u32 file;			  /* that is open */
	u64 size;			  /* of it */
};

/* ------------------------------------------------------------------ members become files */

static int say(const struct bch_source *s, int err, const struct bch_archive_member *m,
	       const char *what)
{
	struct bch_buf path bch_auto(buf) = { 0 };

	bch_buf_name(&path, bch_buf_str(&m->path));
	return bch_error(s->ctx, err, "%s: %s%s%s", s->opts->path, bch_buf_str(&path),
			 *what ? ": " : "", what);
}

/* As a path below the root: without what changes nothing. False where it leads out of it. */
static bool put_clean(struct bch_buf *out, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && !memcmp(path, "..", 2))
			return false;
		if (len && !(len == 1 && *path == '.')) {
			if (out->len)
				bch_buf_putc(out, '/');
			bch_buf_mem(out, path, len);
		}
		path += len + (path[len] == '/');
	}
	return true;
}

/* The directory that a path is in, made where it is missing, and the last part of the path. */
static int find_dir(struct bch_source *s, const char *path, u32 root, u32 *dir, const char **last)
{
	const struct bch_source_file implied = { .place = BCH_SOURCE_IMPLIED,
						 .mode = MODE_IMPLIED,
						 .mtime = s->opts->now_ns };
	const char *slash;
	int err = 0;

	for (*dir = root; !err && (slash = strchr(path, '/')); path = slash + 1) {
		size_t len = (size_t)(slash - path);
		const struct bch_source_name *name = bch_source_find(s, *dir, path, len);
		u32 file;

		if (name) {
			*dir = name->file;
			err = S_ISDIR(s->files.v[*dir].mode) ? 0 : -BCH_ERR_not_a_directory;
			continue;
		}
		err = bch_source_add_file(s, &implied, &file);
		if (!err)
			err = bch_source_add_name(s, *dir, path, len, file);
		*dir = file;
	}
	*last = path;
	return err;
}

/* A member of the archive at that path; its files may be excluded. */
static const struct bch_source_name *find_member(struct bch_source *s, const char *path)
{
	static const u32 roots[] = { BCH_SOURCE_ROOT, BCH_SOURCE_HIDDEN };

	for (size_t i = 0; i < bch_array_size(roots); i++) {
		const struct bch_source_name *name = NULL;
		u32 dir = roots[i];

		for (const char *p = path; *p; p += strcspn(p, "/"), p += *p == '/') {
			name = bch_source_find(s, dir, p, strcspn(p, "/"));
			if (!name)
				break;
			dir = name->file;
		}
		if (name)
			return name;
	}
	return NULL;
}

/* The file that a hard link leads to. */
static int find_target(struct bch_source *s, const struct bch_archive_member *m, u32 *file)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	const struct bch_source_name *name = put_clean(&path, bch_buf_str(&m->target))
						     ? find_member(s, bch_buf_str(&path))
						     : NULL;

	if (!name || S_ISDIR(s->files.v[name->file].mode))
		return say(s, -BCH_ERR_not_found, m, "what it is a hard link to");
	*file = name->file;
	return 0;
}

/* What is later in the archive takes the place of what was there. */
static int put_file(struct bch_source *s, u32 dir, const char *name,
		    const struct bch_archive_member *m)
{
	const struct bch_source_name *there = bch_source_find(s, dir, name, strlen(name));
	u32 file;
	int err;

	if (there && S_ISDIR(s->files.v[there->file].mode) && S_ISDIR(m->file.mode) &&
	    !m->is_link) {
		bch_source_set_file(s, there->file, &m->file);
		return 0;
	}
	err = m->is_link ? find_target(s, m, &file) : bch_source_add_file(s, &m->file, &file);
	if (err)
		return err;
	if (!there)
		return bch_source_add_name(s, dir, name, strlen(name), file);
	bch_source_replace(there, file);
	return 0;
}

static int take_member(struct bch_source *s, const struct bch_archive_member *m)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	const char *name;
	bool hidden;
	u32 dir;
	int err;

	if (!put_clean(&path, bch_buf_str(&m->path)))
		return say(s, -BCH_ERR_refused, m, "leads out of the archive");
	if (bch_buf_failed(&path))
		return -BCH_ERR_no_memory;
	if (!path.len) {
		if (S_ISDIR(m->file.mode) && !m->is_link)
			bch_source_set_file(s, BCH_SOURCE_ROOT, &m->file);
		return 0;
	}
	hidden = bch_source_is_excluded(s, bch_buf_str(&path));
	err = find_dir(s, bch_buf_str(&path), hidden ? BCH_SOURCE_HIDDEN : BCH_SOURCE_ROOT, &dir,
		       &name);
	if (!err)
		err = put_file(s, dir, name, m);
	return err == -BCH_ERR_not_a_directory || err == -BCH_ERR_name_too_long ? say(s, err, m, "")
										: err;
}

static int read_members(struct bch_source *s)
{
	struct reader *r = s->reader;
	int more, err = 0;

	for (u64 at = 0; !err && (more = bch_archive_member(&r->archive, at, &r->member));
	     at = r->member.next) {
		err = more < 0 ? more : r->member.is_none ? 0 : take_member(s, &r->member);
		s->nr_stored += r->member.data_len;
		if (!err && bch_cancelled(s->ctx))
			err = -BCH_ERR_cancelled;
	}
	return err;
}

/* ------------------------------------------------------------------ attributes and data */

static int invalid(const struct bch_source *s, u32 file, const char *what)
{
	return bch_source_error(s, -BCH_ERR_invalid_argument, file, what);
}

/* Reads the member of a file again; an implied one is as if it had no attributes. */
static int read_member(struct bch_source *s, u32 file)
{
	struct reader *r = s->reader;
	int more;

	bch_archive_member_end(&r->member);
	if (s->files.v[file].place == BCH_SOURCE_IMPLIED)
		return 0;
	more = bch_archive_member(&r->archive, s->files.v[file].place, &r->member);
	return more < 0 ? more : 0;
}

static int tar_xattrs(struct bch_source *s, u32 file, struct bch_file_xattrs *xattrs)
{
	struct reader *r = s->reader;
	const char *what = "";
	int err = read_member(s, file);

	if (!err)
		err = bch_pax_xattrs(bch_archive_pax(&r->member), xattrs, &what);
	return err == -BCH_ERR_invalid_argument ? invalid(s, file, what) : err;
}

static int tar_target(struct bch_source *s, u32 file, struct bch_buf *out)
{
	struct reader *r = s->reader;
	int err = read_member(s, file);

	if (!err)
		bch_buf_mem(out, bch_buf_str(&r->member.target), r->member.target.len);
	return err;
}

static int tar_open(struct bch_source *s, u32 file)
{
	struct reader *r = s->reader;
	int err = read_member(s, file);

	r->file = file;
	if (!err)
		err = bch_archive_map(&r->archive, &r->member, &r->map);
	return err == -BCH_ERR_invalid_argument ? invalid(s, file, "map of a sparse file") : err;
}

/* The first range that ends behind @offset. */
static const struct bch_archive_range *find_range(const struct reader *r, u64 offset)
{
	size_t low = 0, high = r->map.ranges.nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->map.ranges.v[mid].offset + r->map.ranges.v[mid].len <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low < r->map.ranges.nr ? &r->map.ranges.v[low] : NULL;
}

static int tar_data(struct bch_source *s, u64 offset, u64 *start, u64 *end)
{
	const struct bch_archive_range *range = find_range(s->reader, offset);

	if (!range)
		return 0;
	*start = range->offset > offset ? range->offset : offset;
	*end = range->offset + range->len;
	return 1;
}

static int tar_read(struct bch_source *s, void *buf, size_t len, u64 offset)
{
	struct reader *r = s->reader;
	const struct bch_archive_range *range = find_range(r, offset);

	return bch_archive_read(&r->archive, buf, len, range->at + (offset - range->offset));
}

static void tar_close(struct bch_source *s)
{
	struct reader *r = s->reader;

	bch_archive_member_end(&r->member);
	bch_array_end(&r->map.ranges);
	bch_buf_end(&r->archive.globals);
	free(r->archive.window);
	close(r->archive.fd);
	free(r);
}

/* ------------------------------------------------------------------ open */

/* Copies what comes through a pipe to a file that has no name. */
static int spool(const struct bch_source *s, int *fd, u64 *len)
{
	static const char *const dirs[] = { "/var/tmp", "/tmp" };
	int from = *fd, to = -1, err = 0;
	u8 buf[65536];
	ssize_t n;

	for (size_t i = 0; to < 0 && i < bch_array_size(dirs); i++)
		to = open(dirs[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (to < 0)
		return bch_error(s->ctx, bch_errno(errno), "%s: a copy in %s", s->opts->path,
				 dirs[0]);
	for (*len = 0; !err && (n = read(from, buf, sizeof(buf))); *len += n > 0 ? (u64)n : 0)
		if (n < 0 ? errno != EINTR : write(to, buf, (size_t)n) != n)
			err = bch_error(s->ctx, bch_errno(errno ? errno : ENOSPC), "%s",
					s->opts->path);
	close(from);
	*fd = to;
	return err;
}

/* A file that is at its start already can be read as it is. */
static int make_seekable(const struct bch_source *s, int *fd, u64 *len)
{
	struct stat st;

	if (fstat(*fd, &st))
		return bch_error(s->ctx, bch_errno(errno), "%s", s->opts->path);
	*len = (u64)st.st_size;
	return S_ISREG(st.st_mode) && !lseek(*fd, 0, SEEK_CUR) ? 0 : spool(s, fd, len);
}

int bch_source_tar_open(struct bch_source *s, int fd)
{
	static const struct bch_source_ops ops = {
		.xattrs = tar_xattrs,
		.target = tar_target,
		.open = tar_open,
		.data = tar_data,
		.read = tar_read,
		.close = tar_close,
	};
	struct reader *r = bch_calloc(1, sizeof(*r));
	int err = r ? 0 : -BCH_ERR_no_memory;

	if (err) {
		close(fd);
		return err;
	}
	s->reader = r;
	s->ops = &ops;
	r->archive = (struct bch_archive){ .ctx = s->ctx, .path = s->opts->path };
	err = make_seekable(s, &fd, &r->archive.len);
	r->archive.fd = fd;
	r->archive.window = bch_malloc(WINDOW_BYTES);
	if (!err && !r->archive.window)
		err = -BCH_ERR_no_memory;
	return err ? err : read_members(s);
}
