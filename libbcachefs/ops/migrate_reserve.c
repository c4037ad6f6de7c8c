// SPDX-License-Identifier: GPL-2.0-or-later
/* The file of the old filesystem in whose space the new one is made. */

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "ops/migrate_host.h"
#include "ops/source.h"
#include "super/super.h"

#define LEFT_SHARE 32U		/* of the free space: what the old filesystem keeps for itself */
#define LEFT_MIN   (4ULL << 20) /* bytes */
#define NR_TRIES   16
#define BUCKET_MIN 16384U
#define LOOKS_MAX  65536U

static int say(const struct bch_host *h, const char *what)
{
	int err = bch_errno(errno);

	return bch_error(h->ctx, err, "%s/%s: %s", h->path, BCH_RESERVE_FILE, what);
}

/* One that an earlier run left holds nothing that its filesystem knows of: 1; 0 where there is none. Its size is @bytes. */
static int find_earlier(const struct bch_host *h, u64 *bytes)
{
	struct stat st;
	int fd = openat(h->root, BCH_RESERVE_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	bool is_left;

	if (fd < 0)
		return errno == ENOENT ? 0 : bch_errno(errno);
	is_left = !fstat(fd, &st) && S_ISREG(st.st_mode) && !st.st_uid &&
		  (!st.st_size || (lseek(fd, 0, SEEK_DATA) < 0 && errno == ENXIO));
	close(fd);
	*bytes = is_left ? BCH_BYTES((u64)st.st_blocks) : 0;
	return is_left ? 1 : -BCH_ERR_exists;
}

u64 bch_host_reservable(const struct bch_host *h)
{
	u64 earlier = 0, all, left;
	struct statvfs v;

	if (fstatvfs(h->root, &v))
		return 0;
	(void)find_earlier(h, &earlier); /* told when it is to go */
	all = (u64)v.f_bavail * v.f_frsize + earlier;
	left = all / LEFT_SHARE > LEFT_MIN ? all / LEFT_SHARE : LEFT_MIN;
	return all > left ? (all - left) / h->block_size * h->block_size : 0;
}

/* ------------------------------------------------------------------ read-only and back */

static int remount(const struct bch_host *h, bool read_only)
{
	int fs = fspick(h->root, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC), err = 0;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_FLAG, read_only ? "ro" : "rw", NULL, 0) ||
	    fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0))
		err = bch_errno(errno);
	if (fs >= 0)
		close(fs);
	return err;
}

/* What the system remembers of the device is not newer than the device, and not older. */
static int forget_device(const struct bch_host *h)
{
	int fd = open(h->device, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 || ioctl(fd, BLKFLSBUF, 0) ? say(h, h->device) : 0;

	if (fd >= 0)
		close(fd);
	return err;
}

static int make_read_only(const struct bch_host *h)
{
	int err = syncfs(h->root) ? bch_errno(errno) : remount(h, true);

	if (err == bch_errno(EBUSY))
		return bch_error_whole(h->ctx, -BCH_ERR_device_in_use,
				       "%s: files are open for writing: stop what writes them",
				       h->path);
	return err ? bch_error(h->ctx, err, "%s: read-only", h->path) : forget_device(h);
}

/* ------------------------------------------------------------------ where it lies */

static int read_ranges(struct bch_host *h, int fd)
{
	struct bch_fd_extent e;
	u64 at = 0;
	int more = 0, err = 0;

	while (!err && (more = bch_fd_extent_next(fd, bch_host_chunks(h), at, &e)) > 0) {
		const struct bch_io_range r = { e.device, e.len };

		if (e.flags & BCH_FD_EXTENT_NOT_PLAIN)
			return bch_error_whole(h->ctx, -BCH_ERR_not_supported,
					       "%s/%s: where it lies cannot be told", h->path,
					       BCH_RESERVE_FILE);
		err = bch_array_push(&h->reserve.a, r);
		at = e.start + e.len;
	}
	if (!err && more < 0)
		err = bch_error(h->ctx, more, "%s/%s: FIEMAP", h->path, BCH_RESERVE_FILE);
	if (!err && h->reserve.a.nr)
		qsort(h->reserve.a.v, h->reserve.a.nr, sizeof(*h->reserve.a.v),
		      bch_io_range_compare);
	return err;
}

static int find_ranges(struct bch_host *h)
{
	int fd = openat(h->root, BCH_RESERVE_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int err = fd < 0 ? say(h, "open") : read_ranges(h, fd);

	if (fd >= 0)
		close(fd);
	return err;
}

/* ------------------------------------------------------------------ what an earlier run left */

/* Has somebody what a run made: was it finished, or mounted since? One that was cut off is neither. */
static bool is_in_use(const struct bch_super *super)
{
	struct bch_member m;

	return bch_sb_flag(super->sb, BCH_SB_INITIALIZED) &&
	       (bch_sb_flag(super->sb, BCH_SB_CLEAN) ||
		(bch_super_member(super, 0, &m) && m.last_mount));
}

/* It begins a bucket, which no power of two less than the least size of buckets cuts. */
static int find_super(struct bch_host *h, struct bch_blkdev *dev, struct bch_super *super,
		      u64 *sector)
{
	u64 nr_looks = 0;

	for (size_t i = 0; i < h->reserve.a.nr; i++) {
		const struct bch_io_range *r = &h->reserve.a.v[i];
		u64 at = (r->start + BUCKET_MIN - 1) / BUCKET_MIN * BUCKET_MIN;

		for (; at < r->start + r->len && nr_looks++ < LOOKS_MAX; at += BUCKET_MIN)
			if (!bch_super_read_copy(dev, BCH_SECTORS(at), super, NULL)) {
				*sector = BCH_SECTORS(at);
				return 1;
			}
	}
	return 0;
}

/* The first superblock in the reserve that is there: 1, 0 where there is none. */
static int look_for_super(struct bch_host *h, struct bch_super *super, u64 *sector)
{
	struct bch_blkdev *dev bch_auto(blkdev) = NULL;
	int err = find_ranges(h);

	if (!err)
		err = bch_blkdev_open(h->ctx, h->device, BCH_BLKDEV_MOUNTED, &dev);
	if (!err)
		err = find_super(h, dev, super, sector);
	h->reserve.a.nr = 0;
	return err;
}

int bch_host_find_super(struct bch_host *h, u64 *sector)
{
	struct bch_super super bch_auto(super) = { 0 };
	int found = look_for_super(h, &super, sector);

	if (found)
		return found < 0 ? found : 0;
	return bch_error_whole(h->ctx, -BCH_ERR_not_found,
			       "%s: no superblock of a migrated filesystem in its file %s", h->path,
			       BCH_RESERVE_FILE);
}

/* ------------------------------------------------------------------ the file */

/* -BCH_ERR_exists, said, where the filesystem in the reserve may be somebody's. */
static int check_unused(struct bch_host *h)
{
	struct bch_super super bch_auto(super) = { 0 };
	u64 sector;
	int found = look_for_super(h, &super, &sector);

	if (found <= 0 || !is_in_use(&super))
		return found < 0 ? found : 0;
	return bch_error_whole(h->ctx, -BCH_ERR_exists,
			       "%s was migrated already, to a filesystem at sector %" PRIu64
			       "; -F makes it anew",
			       h->path, sector);
}

/* Filesystems give the space of a file that is gone back later; we want it at once. */
static int drop_file(const struct bch_host *h)
{
	int fd = openat(h->root, BCH_RESERVE_FILE, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int err = fd < 0 || ftruncate(fd, 0) ? say(h, "truncate") : 0;

	if (fd >= 0)
		close(fd);
	if (!err && unlinkat(h->root, BCH_RESERVE_FILE, 0))
		err = say(h, "remove");
	return err || !syncfs(h->root) ? err : say(h, "sync");
}

static int drop_earlier(struct bch_host *h, bool force)
{
	u64 bytes;
	int there = find_earlier(h, &bytes);

	if (there == -BCH_ERR_exists && !force)
		return bch_error_whole(h->ctx, there, "%s/%s exists, and no earlier run left it",
				       h->path, BCH_RESERVE_FILE);
	if (there < 0 && there != -BCH_ERR_exists)
		return bch_error(h->ctx, there, "%s/%s", h->path, BCH_RESERVE_FILE);
	if (there > 0 && !force) {
		int err = check_unused(h);

		if (err)
			return err;
	}
	return there ? drop_file(h) : 0;
}

/* As large as it can be. */
static int allocate(const struct bch_host *h, int fd)
{
	u64 size = bch_host_reservable(h);

	for (u32 i = 0; i < NR_TRIES && size; i++, size -= size / LEFT_SHARE) {
		size = size / h->block_size * h->block_size;
		if (!fallocate(fd, 0, 0, (off_t)size))
			return fsync(fd) ? say(h, "fsync") : 0;
		if (errno != ENOSPC)
			return say(h, "allocate");
	}
	return bch_error_whole(h->ctx, -BCH_ERR_no_space, "%s: no free space", h->path);
}

/* In place and as it was: nothing that is written to it may come to lie elsewhere. */
static int fix_in_place(const struct bch_host *h, int fd)
{
	int flags = FS_NOCOW_FL;

	return h->is_btrfs && ioctl(fd, FS_IOC_SETFLAGS, &flags) ? say(h, "chattr +C") : 0;
}

static int make_file(struct bch_host *h)
{
	int fd = openat(h->root, BCH_RESERVE_FILE,
			O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return say(h, "create");
	err = fix_in_place(h, fd);
	if (!err)
		err = allocate(h, fd);
	close(fd);
	return err;
}

int bch_host_reserve(struct bch_host *h, bool force)
{
	int err = h->was_writable ? 0 : remount(h, false);

	if (err)
		return bch_error(h->ctx, err, "%s: cannot be written for a moment", h->path);
	err = drop_earlier(h, force);
	if (err) {
		if (!h->was_writable)
			(void)remount(h, true); /* as it was */
		return err;
	}
	err = make_file(h);
	if (!err)
		err = make_read_only(h);
	if (err) {
		(void)unlinkat(h->root, BCH_RESERVE_FILE, 0);
		return err;
	}
	if (h->is_btrfs) /* there are new chunks */
		err = bch_chunk_map_read(&h->chunks, h->ctx, h->root, h->path);
	return err ? err : find_ranges(h);
}
