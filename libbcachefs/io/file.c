// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bottom: a block device or an image file through pread and pwrite.
 *
 * With O_DIRECT a request that does not begin and end at whole blocks, or whose memory does not lie
 * right, goes through aligned memory. Writing part of a block means reading the rest of it first;
 * edge_lock makes that one step, because two threads may write different parts of one block.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "io/blkdev.h"
#include "io/qcow2.h"
#include "io/sysfs.h"

#define DIRECT_ALIGN 4096U /* of memory, and of offsets in image files */
#define BOUNCE_SIZE  (1U << 20)

struct file {
	struct bch_blkdev dev;
	int fd;
	u32 align;		   /* of offsets and lengths; 1 without O_DIRECT */
	pthread_mutex_t edge_lock; /* held from reading to writing part of a block */
};

static struct file *to_file(struct bch_blkdev *dev)
{
	return (struct file *)dev;
}

int bch_fd_read(int fd, void *buf, size_t len, u64 offset)
{
	u8 *p = buf;

	while (len) {
		ssize_t n = pread(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? bch_errno(errno) : -BCH_ERR_short_read;
		p += n;
		len -= (size_t)n;
		offset += (u64)n;
	}
	return 0;
}

int bch_fd_write(int fd, const void *buf, size_t len, u64 offset)
{
	const u8 *p = buf;

	while (len) {
		ssize_t n = pwrite(fd, p, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? bch_errno(errno) : -BCH_ERR_short_write;
		p += n;
		len -= (size_t)n;
		offset += (u64)n;
	}
	return 0;
}

/* The part of a request that fits into the bounce buffer, and the whole blocks around it. */
struct piece {
	u64 start;
	size_t skip, len, blocks_len;
};

static struct piece first_piece(const struct file *f, u64 len, u64 offset)
{
	size_t skip = (size_t)(offset & (f->align - 1));
	size_t room = BOUNCE_SIZE - skip;
	size_t n = len < room ? (size_t)len : room;

	return (struct piece){ offset - skip, skip, n,
			       (skip + n + f->align - 1) & ~((size_t)f->align - 1) };
}

static bool is_aligned(const struct file *f, const void *buf, size_t len, u64 offset)
{
	return f->align == 1 ||
	       (!((uintptr_t)buf & (DIRECT_ALIGN - 1)) && !((len | offset) & (f->align - 1)));
}

static int read_bounced(struct file *f, u8 *buf, size_t len, u64 offset)
{
	u8 *bounce = aligned_alloc(DIRECT_ALIGN, BOUNCE_SIZE);
	int err = bounce ? 0 : -BCH_ERR_no_memory;

	while (len && !err) {
		struct piece p = first_piece(f, len, offset);

		err = bch_fd_read(f->fd, bounce, p.blocks_len, p.start);
		if (!err)
			memcpy(buf, bounce + p.skip, p.len);
		buf += p.len;
		len -= p.len;
		offset += p.len;
	}
	free(bounce);
	return err;
}

/* Only writers of parts of blocks can meet in a block, so only they take the lock. */
static int write_piece(struct file *f, u8 *bounce, const u8 *buf, struct piece p)
{
	bool partial = p.len != p.blocks_len;
	int err = 0;

	if (partial) {
		pthread_mutex_lock(&f->edge_lock);
		err = bch_fd_read(f->fd, bounce, p.blocks_len, p.start);
	}
	if (!err) {
		memcpy(bounce + p.skip, buf, p.len);
		err = bch_fd_write(f->fd, bounce, p.blocks_len, p.start);
	}
	if (partial)
		pthread_mutex_unlock(&f->edge_lock);
	return err;
}

static int write_bounced(struct file *f, const u8 *buf, size_t len, u64 offset)
{
	u8 *bounce = aligned_alloc(DIRECT_ALIGN, BOUNCE_SIZE);
	int err = bounce ? 0 : -BCH_ERR_no_memory;

	while (len && !err) {
		struct piece p = first_piece(f, len, offset);

		err = write_piece(f, bounce, buf, p);
		buf += p.len;
		len -= p.len;
		offset += p.len;
	}
	free(bounce);
	return err;
}

static int file_read(struct bch_blkdev *dev, void *buf, size_t len, u64 offset)
{
	struct file *f = to_file(dev);
	int err = is_aligned(f, buf, len, offset) ? bch_fd_read(f->fd, buf, len, offset)
						  : read_bounced(f, buf, len, offset);

	return err ? bch_blkdev_error(dev, err, "read", len, offset) : 0;
}

static int file_write(struct bch_blkdev *dev, const void *buf, size_t len, u64 offset)
{
	struct file *f = to_file(dev);
	int err = is_aligned(f, buf, len, offset) ? bch_fd_write(f->fd, buf, len, offset)
						  : write_bounced(f, buf, len, offset);

	return err ? bch_blkdev_error(dev, err, "write", len, offset) : 0;
}

static int punch_hole(const struct file *f, u64 len, u64 offset)
{
	return fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
			 (off_t)len)
		       ? bch_errno(errno)
		       : 0;
}

static int file_zero(struct bch_blkdev *dev, u64 len, u64 offset)
{
	struct file *f = to_file(dev);
	u64 range[2] = { offset, len };
	int err;

	if (!len)
		return 0;
	if (!dev->geometry.is_block)
		err = punch_hole(f, len, offset);
	else if ((offset | len) & (dev->geometry.logical_block_size - 1))
		err = -BCH_ERR_not_supported;
	else
		err = ioctl(f->fd, BLKZEROOUT, range) ? bch_errno(errno) : 0;
	return err && err != -BCH_ERR_not_supported
		       ? bch_blkdev_error(dev, err, "zeroing", len, offset)
		       : err;
}

static void file_read_ahead(struct bch_blkdev *dev, u64 len, u64 offset)
{
	(void)posix_fadvise(to_file(dev)->fd, (off_t)offset, (off_t)len, POSIX_FADV_WILLNEED);
}

static void file_write_behind(struct bch_blkdev *dev)
{
	(void)sync_file_range(to_file(dev)->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* Only whole blocks can be given back: those that lie within the range. */
static int file_discard(struct bch_blkdev *dev, u64 len, u64 offset)
{
	struct file *f = to_file(dev);
	u64 mask = dev->geometry.logical_block_size - 1;
	u64 end = (offset + len) & ~mask;
	u64 range[2] = { (offset + mask) & ~mask };
	int err;

	if (!dev->geometry.can_discard || range[0] >= end)
		return 0;
	range[1] = end - range[0];
	if (!dev->geometry.is_block)
		err = punch_hole(f, range[1], range[0]);
	else
		err = ioctl(f->fd, BLKDISCARD, range) ? bch_errno(errno) : 0;
	return err && err != -BCH_ERR_not_supported
		       ? bch_blkdev_error(dev, err, "discard", len, offset)
		       : 0;
}

static int file_resize(struct bch_blkdev *dev, u64 size)
{
	if (dev->geometry.is_block)
		return -BCH_ERR_not_supported;
	return ftruncate(to_file(dev)->fd, (off_t)size)
		       ? bch_blkdev_error(dev, bch_errno(errno), "resizing", size, 0)
		       : 0;
}

static int file_flush(struct bch_blkdev *dev)
{
	return fdatasync(to_file(dev)->fd)
		       ? bch_error(dev->ctx, bch_errno(errno), "%s: flush", dev->name)
		       : 0;
}

static int file_close(struct bch_blkdev *dev)
{
	struct file *f = to_file(dev);

	pthread_mutex_destroy(&f->edge_lock);
	return close(f->fd) ? bch_error(dev->ctx, bch_errno(errno), "%s: close", dev->name) : 0;
}

static const struct bch_blkdev_ops file_ops = {
	.read = file_read,
	.write = file_write,
	.zero = file_zero,
	.flush = file_flush,
	.read_ahead = file_read_ahead,
	.write_behind = file_write_behind,
	.discard = file_discard,
	.resize = file_resize,
	.close = file_close,
};

static int check_type(const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return -BCH_ERR_is_directory;
	return S_ISBLK(st->st_mode) || S_ISREG(st->st_mode) ? 0 : -BCH_ERR_not_a_device;
}

/*
 * Looked at before it is opened, since opening can have effects, and after, since it may be another
 * by then.
 */
int bch_file_open(struct bch_ctx *ctx, const char *path, int flags, struct stat *st)
{
	int err = stat(path, st) ? bch_errno(errno) : check_type(st);
	int fd = -1;

	if (err)
		return bch_error(ctx, err, "%s", path);
	if (!S_ISBLK(st->st_mode))
		flags &= ~O_EXCL;
	fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && errno == EINVAL)
		fd = open(path, (flags & ~O_DIRECT) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		err = errno == EBUSY ? -BCH_ERR_device_in_use : bch_errno(errno);
	else
		err = fstat(fd, st) ? bch_errno(errno) : check_type(st);
	if (!err)
		return fd;
	if (fd >= 0)
		close(fd);
	return bch_error(ctx, err, "%s", path);
}

static bool can_discard(dev_t rdev)
{
	char max[32];

	return !bch_sysfs_attribute(max, sizeof(max), rdev, "queue/discard_max_bytes") &&
	       strcmp(max, "0") != 0;
}

static int block_geometry(int fd, const struct stat *st, struct bch_blkdev_geometry *g)
{
	unsigned short rotational = 0;
	unsigned physical;
	int logical;

	if (ioctl(fd, BLKGETSIZE64, &g->size) || ioctl(fd, BLKSSZGET, &logical) ||
	    ioctl(fd, BLKPBSZGET, &physical) || ioctl(fd, BLKROTATIONAL, &rotational))
		return bch_errno(errno);
	g->logical_block_size = (u32)logical;
	g->physical_block_size = physical;
	g->is_block = true;
	g->rotational = rotational;
	g->can_discard = can_discard(st->st_rdev);
	return 0;
}

static int geometry(int fd, const struct stat *st, struct bch_blkdev_geometry *g)
{
	if (S_ISBLK(st->st_mode))
		return block_geometry(fd, st, g);
	g->size = (u64)st->st_size;
	g->logical_block_size = BCH_SECTOR_SIZE;
	g->physical_block_size = (u32)st->st_blksize;
	g->can_discard = true;
	return 0;
}

/* O_EXCL serves block devices; the lock ends with the descriptor. */
static int lock_for_writing(int fd, const struct stat *st, unsigned flags)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int read_only = 0;

	if (S_ISBLK(st->st_mode)) {
		if (ioctl(fd, BLKROGET, &read_only))
			return bch_errno(errno);
		return read_only ? -BCH_ERR_read_only : 0;
	}
	if (flags & BCH_BLKDEV_SHARED || !fcntl(fd, F_OFD_SETLK, &whole))
		return 0;
	return errno == EAGAIN || errno == EACCES ? -BCH_ERR_device_in_use : bch_errno(errno);
}

/*
 * Without O_NONBLOCK, which has served; and with O_DIRECT where the system took it, unless the last
 * block is not whole: it could be written only by making the file longer.
 */
static int settle_flags(struct file *f)
{
	const struct bch_blkdev_geometry *g = &f->dev.geometry;
	int have = fcntl(f->fd, F_GETFL);
	u32 align = g->is_block ? g->logical_block_size : DIRECT_ALIGN;
	bool direct = have >= 0 && have & O_DIRECT && !(g->size & (align - 1));

	f->align = direct ? align : 1;
	have &= ~(O_NONBLOCK | O_DIRECT);
	return have < 0 || fcntl(f->fd, F_SETFL, have | (direct ? O_DIRECT : 0)) ? bch_errno(errno)
										 : 0;
}

static int refuse_mounted(struct bch_ctx *ctx, const char *path, const char *where)
{
	if (!where)
		return bch_error(ctx, -BCH_ERR_device_mounted, "%s", path);
	return bch_error_whole(ctx, -BCH_ERR_device_mounted, "%s: device is mounted on %s", path,
			       where);
}

/* A reader is only warned, and not even that where it cannot be told. */
static int check_mounted(struct bch_ctx *ctx, const char *path, unsigned flags)
{
	char *where = NULL;
	int mounted = flags & BCH_BLKDEV_MOUNTED ? 0 : bch_blkdev_mounted(ctx, path, &where);
	int err = 0;

	if (flags & BCH_BLKDEV_WRITE)
		err = mounted > 0 ? refuse_mounted(ctx, path, where) : mounted;
	else if (mounted > 0)
		bch_log(ctx, BCH_LOG_warn, "%s is mounted%s%s: what is read may be torn", path,
			where ? " on " : "", where ? where : "");
	free(where);
	return err;
}

static int open_flags(unsigned flags)
{
	int sys = flags & BCH_BLKDEV_WRITE ? O_RDWR : O_RDONLY;

	if (flags & BCH_BLKDEV_WRITE && !(flags & BCH_BLKDEV_SHARED))
		sys |= O_EXCL;
	if (flags & BCH_BLKDEV_DIRECT)
		sys |= O_DIRECT;
	return sys;
}

/* What can be known only of the open file. */
static int settle(struct file *f, const struct stat *st, unsigned flags)
{
	int err = geometry(f->fd, st, &f->dev.geometry);

	if (!err && f->dev.writable)
		err = lock_for_writing(f->fd, st, flags);
	return err ? err : settle_flags(f);
}

int bch_blkdev_open(struct bch_ctx *ctx, const char *path, unsigned flags, struct bch_blkdev **dev)
{
	int err = check_mounted(ctx, path, flags);
	int fd = -1;
	struct file *f;
	struct stat st;

	*dev = NULL;
	if (!err)
		fd = bch_file_open(ctx, path, open_flags(flags), &st);
	if (fd < 0)
		return err ? err : fd;
	f = bch_blkdev_new(ctx, path, &file_ops, sizeof(*f));
	if (!f) {
		close(fd);
		return -BCH_ERR_no_memory;
	}

	f->fd = fd;
	pthread_mutex_init(&f->edge_lock, NULL);
	f->dev.writable = flags & BCH_BLKDEV_WRITE;
	err = settle(f, &st, flags);
	if (err) {
		(void)bch_blkdev_close(&f->dev);
		return bch_error(ctx, err, "%s", path);
	}
	*dev = &f->dev;
	return bch_qcow2_stack(dev);
}
