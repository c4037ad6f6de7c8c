// SPDX-License-Identifier: GPL-2.0-or-later
/* Attributes and data of files in a directory that is a source. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/memory.h"
#include "file/file.h"
#include "ops/source_dir.h"

#define XATTR_BYTES 65536 /* of names, or of a value: more the system does not give */

/* ------------------------------------------------------------------ attributes */

/* Where the system finds a file by the descriptor of its directory. */
static int put_proc_path(struct bch_source *s, u32 file, struct bch_buf *out)
{
	const struct bch_source_name *name = s->files.v[file].name;
	int fd, err = bch_source_dir_fd(s, name ? name->dir : file, &fd);

	if (!err)
		bch_buf_put(out, "/proc/self/fd/%d/%s", fd, name ? name->name : "");
	return err;
}

static int add_xattr(struct bch_source *s, u32 file, const char *path, const char *name,
		     struct bch_file_xattrs *xattrs)
{
	struct bch_buf name_copy bch_auto(buf) = { 0 };
	struct bch_buf value bch_auto(buf) = { 0 };
	char *bytes = bch_malloc(XATTR_BYTES);
	ssize_t len = bytes ? lgetxattr(path, name, bytes, XATTR_BYTES) : -1;
	int err = !bytes ? -BCH_ERR_no_memory : len < 0 ? bch_errno(errno) : 0;

	if (!err) {
		bch_buf_puts(&name_copy, name);
		bch_buf_mem(&value, bytes, (size_t)len);
		err = bch_file_xattrs_add(xattrs, &name_copy, &value);
	}
	free(bytes);
	return err ? bch_source_error(s, err, file, name) : 0;
}

static int dir_xattrs(struct bch_source *s, u32 file, struct bch_file_xattrs *xattrs)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	char names[XATTR_BYTES];
	ssize_t len;
	int err = put_proc_path(s, file, &path);

	if (err)
		return err;
	len = llistxattr(bch_buf_str(&path), names, sizeof(names));
	if (len < 0)
		return errno == ENOTSUP
			       ? 0
			       : bch_source_error(s, bch_errno(errno), file, "extended attributes");
	for (const char *n = names; !err && n < names + len; n += strlen(n) + 1)
		err = add_xattr(s, file, bch_buf_str(&path), n, xattrs);
	return err;
}

static int dir_target(struct bch_source *s, u32 file, struct bch_buf *out)
{
	const struct bch_source_name *name = s->files.v[file].name;
	char target[PATH_MAX];
	ssize_t len;
	int fd, err = bch_source_dir_fd(s, name->dir, &fd);

	if (err)
		return err;
	len = readlinkat(fd, name->name, target, sizeof(target));
	if (len < 0)
		return bch_source_error(s, bch_errno(errno), file, "");
	bch_buf_mem(out, target, (size_t)len);
	return 0;
}

static int dir_times(struct bch_source *s, u32 file, struct bch_source_times *times)
{
	const struct bch_source_name *name = s->files.v[file].name;
	struct statx st;
	int fd, err = bch_source_dir_fd(s, name ? name->dir : file, &fd);

	if (err)
		return err;
	if (statx(fd, name ? name->name : "", AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH,
		  STATX_BASIC_STATS | STATX_BTIME, &st))
		return bch_source_error(s, bch_errno(errno), file, "");
	times->atime = bch_source_time(&st.stx_atime);
	times->ctime = bch_source_time(&st.stx_ctime);
	times->otime = st.stx_mask & STATX_BTIME ? bch_source_time(&st.stx_btime) : times->ctime;
	return 0;
}

/* What cannot be opened has none that we know of; its data, if any, will have more to say. */
static int dir_attributes(struct bch_source *s, u32 file, struct bch_source_attributes *a)
{
	const struct bch_source_file *f = &s->files.v[file];
	struct fsxattr x;
	u64 subvol_flags;
	int above, fd, flags, err;

	if (!S_ISREG(f->mode) && !S_ISDIR(f->mode))
		return 0;
	err = bch_source_dir_fd(s, f->name ? f->name->dir : file, &above);
	if (err)
		return err;
	fd = openat(above, f->name ? f->name->name : ".",
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (!ioctl(fd, FS_IOC_GETFLAGS, &flags))
		a->flags = (u32)flags;
	if (!ioctl(fd, FS_IOC_FSGETXATTR, &x))
		a->project = x.fsx_projid;
	if (bch_source_is_subvol(s, file) && !ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, &subvol_flags))
		a->read_only = subvol_flags & BTRFS_SUBVOL_RDONLY;
	close(fd);
	return 0;
}

/* ------------------------------------------------------------------ data */

static int changed(struct bch_source *s, u32 file)
{
	return bch_source_error(s, -BCH_ERR_refused, file, "changed while it was read");
}

static int dir_open(struct bch_source *s, u32 file)
{
	struct bch_source_dir *d = s->reader;
	const struct bch_source_file *f = &s->files.v[file];
	struct stat st;
	int fd, err = bch_source_dir_fd(s, f->name->dir, &fd);

	if (err)
		return err;
	if (d->file >= 0)
		close(d->file);
	d->file = openat(fd, f->name->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (d->file < 0)
		return bch_source_error(s, bch_errno(errno), file, "");
	d->file_idx = file;
	if (fstat(d->file, &st))
		return bch_source_error(s, bch_errno(errno), file, "");
	d->is_whole = st.st_blocks >= (st.st_size + BCH_SECTOR_SIZE - 1) / BCH_SECTOR_SIZE;
	return S_ISREG(st.st_mode) && st.st_ino == f->place && (u64)st.st_size == f->size
		       ? 0
		       : changed(s, file);
}

static int dir_data(struct bch_source *s, u64 offset, u64 *start, u64 *end)
{
	const struct bch_source_dir *d = s->reader;
	u64 size = s->files.v[d->file_idx].size;
	off_t at;

	if (offset >= size)
		return 0;
	at = d->is_whole ? -1 : lseek(d->file, (off_t)offset, SEEK_DATA);
	if (at < 0 && !d->is_whole && errno == ENXIO)
		return 0;
	if (at < 0) { /* or its filesystem cannot tell */
		*start = offset;
		*end = size;
		return 1;
	}
	*start = (u64)at;
	at = lseek(d->file, at, SEEK_HOLE);
	*end = at < 0 || (u64)at > size ? size : (u64)at;
	return *start < *end;
}

static int dir_place(struct bch_source *s, u64 offset, struct bch_fd_extent *e)
{
	const struct bch_source_dir *d = s->reader;
	int more;

	while ((more = bch_fd_extent_next(d->file, s->chunks, offset, e)) > 0 &&
	       e->flags & (BCH_FD_EXTENT_NOT_PLAIN | FIEMAP_EXTENT_UNWRITTEN))
		offset = e->start + e->len;
	return more < 0 ? bch_source_error(s, more, d->file_idx, "") : more;
}

static int dir_read(struct bch_source *s, void *buf, size_t len, u64 offset)
{
	const struct bch_source_dir *d = s->reader;
	u8 *p = buf;

	while (len) {
		ssize_t n = pread(d->file, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return bch_source_error(s, bch_errno(errno), d->file_idx, "");
		if (!n)
			return changed(s, d->file_idx);
		p += n;
		len -= (size_t)n;
		offset += (u64)n;
	}
	return 0;
}

static void dir_close(struct bch_source *s)
{
	struct bch_source_dir *d = s->reader;

	bch_source_ahead_free(d->ahead);
	while (d->nr_open)
		close(d->open[--d->nr_open].fd);
	if (d->file >= 0)
		close(d->file);
	bch_array_end(&d->way);
	free(d);
}

const struct bch_source_ops bch_source_dir_ops = {
	.xattrs = dir_xattrs,
	.target = dir_target,
	.times = dir_times,
	.attributes = dir_attributes,
	.open = dir_open,
	.data = dir_data,
	.place = dir_place,
	.read = dir_read,
	.close = dir_close,
	.ahead = bch_source_dir_ahead,
};
