// SPDX-License-Identifier: GPL-2.0-or-later
/* Finding and mounting the old filesystem. */

#include "ops/migrate_host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/memory.h"

struct mount_option {
	const char *name, *value; /* NULL: it has none */
};

/* Filesystems whose FIEMAP tells places: how they are mounted so that nothing is written, and so that all is seen. */
static const struct {
	const char *name;
	struct mount_option look, all;
} types[] = {
	{ "ext4", { "norecovery", NULL }, { NULL, NULL } },
	{ "ext3", { "norecovery", NULL }, { NULL, NULL } },
	{ "ext2", { "norecovery", NULL }, { NULL, NULL } },
	{ "xfs", { "norecovery", NULL }, { NULL, NULL } },
	{ "btrfs", { "rescue", "nologreplay" }, { "subvolid", "5" } },
};

/* ------------------------------------------------------------------ a device of its own */

static int say(const struct bch_host *h, const char *path, const char *what)
{
	int err = bch_errno(errno);

	return bch_error(h->ctx, err, "%s: %s", path, what);
}

/* An image file becomes a loop device, which goes with its last user. */
static int make_loop(struct bch_host *h, const char *path)
{
	int file = open(path, O_RDWR | O_CLOEXEC),
	    control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config = { .fd = (u32)file, .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	char name[32];
	int nr, err = file < 0 || control < 0 ? say(h, path, "loop device") : 0;

	while (!err) {
		nr = ioctl(control, LOOP_CTL_GET_FREE);
		snprintf(name, sizeof(name), "/dev/loop%d", nr);
		h->loop = nr < 0 ? -1 : open(name, O_RDWR | O_CLOEXEC);
		if (h->loop >= 0 && !ioctl(h->loop, LOOP_CONFIGURE, &config))
			break;
		if (errno != EBUSY) /* somebody else took it meanwhile */
			err = say(h, path, "loop device");
		if (h->loop >= 0)
			close(h->loop);
		h->loop = -1;
	}
	if (file >= 0)
		close(file);
	if (control >= 0)
		close(control);
	h->device = err ? NULL : strdup(name);
	return err || h->device ? err : -BCH_ERR_no_memory;
}

/* Its place in the table, or behind it. */
static size_t find_type(const char *type)
{
	size_t i = 0;

	while (i < bch_array_size(types) && (!type || strcmp(type, types[i].name)))
		i++;
	return i;
}

/* The one filesystem that is there. */
static int probe_type(struct bch_host *h, const char *path)
{
	struct bch_signatures found bch_auto(signatures) = { 0 };
	int err = bch_signatures_probe(h->ctx, path, &found);

	for (size_t i = 0; i < found.nr && !err && !h->type; i++)
		if (found.v[i].usage && !strcmp(found.v[i].usage, "filesystem")) {
			h->type = strdup(found.v[i].type);
			err = h->type ? 0 : -BCH_ERR_no_memory;
		}
	if (err || find_type(h->type) < bch_array_size(types))
		return err;
	return bch_error_whole(h->ctx, -BCH_ERR_not_supported,
			       "%s: %s%s: ext4, XFS and btrfs can be migrated", path,
			       h->type ? h->type : "no filesystem", h->type ? " filesystem" : "");
}

static int set_option(int fs, const struct mount_option *o)
{
	if (!o->name)
		return 0;
	return fsconfig(fs, o->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, o->name, o->value,
			0);
}

/* Where nobody else sees it, and gone when we are: it has no place among the system's mounts. */
static int mount_alone(struct bch_host *h, const char *path)
{
	size_t type = find_type(h->type);
	int fs = fsopen(h->type, FSOPEN_CLOEXEC), err = 0;

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "source", h->device, 0) ||
	    fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) ||
	    (h->is_looked_at && set_option(fs, &types[type].look)) ||
	    set_option(fs, &types[type].all) || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		err = say(h, path, "mount");
	if (!err) {
		h->mount = fsmount(fs, FSMOUNT_CLOEXEC,
				   MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
		if (h->mount >= 0)
			h->root = openat(h->mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		err = h->root < 0 ? say(h, path, "mount") : 0;
	}
	if (fs >= 0)
		close(fs);
	h->is_ours = !err;
	return err;
}

static int mount_device(struct bch_host *h, const char *path)
{
	struct stat st;
	char *where = NULL;
	int mounted = bch_blkdev_mounted(h->ctx, path, &where), err;

	if (mounted > 0)
		err = bch_error_whole(h->ctx, -BCH_ERR_device_mounted,
				      "%s is mounted%s%s: name its mount point with -f", path,
				      where ? " on " : "", where ? where : "");
	else
		err = mounted ? mounted : probe_type(h, path);
	free(where);
	if (err)
		return err;
	if (stat(path, &st))
		return bch_error(h->ctx, bch_errno(errno), "%s", path);
	if (S_ISREG(st.st_mode)) {
		err = make_loop(h, path);
	} else {
		h->device = strdup(path);
		err = h->device ? 0 : -BCH_ERR_no_memory;
	}
	return err ? err : mount_alone(h, path);
}

/* ------------------------------------------------------------------ what is mounted */

/* Of the device below, as the kernel calls it. */
static int find_device(struct bch_host *h, dev_t dev)
{
	char path[64], name[256] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/uevent", major(dev), minor(dev));
	f = fopen(path, "re");
	while (f && fscanf(f, "DEVNAME=%255s", name) != 1 && fgets(name, sizeof(name), f))
		name[0] = '\0';
	if (f)
		fclose(f);
	if (!name[0])
		return bch_error_whole(h->ctx, -BCH_ERR_not_supported,
				       "%s: not on one block device: it cannot be migrated",
				       h->path);
	if (asprintf(&h->device, "/dev/%s", name) < 0)
		h->device = NULL;
	return h->device ? 0 : -BCH_ERR_no_memory;
}

/* Something is mounted here if the directory above is of another device. */
static int check_root(const struct bch_host *h, const struct stat *st)
{
	struct stat above;

	if (!S_ISDIR(st->st_mode))
		return bch_error_whole(h->ctx, -BCH_ERR_invalid_argument, "%s: no directory",
				       h->path);
	if (fstatat(h->root, "..", &above, 0))
		return say(h, h->path, "..");
	if (above.st_dev == st->st_dev && above.st_ino != st->st_ino)
		return bch_error_whole(
			h->ctx, -BCH_ERR_invalid_argument,
			"%s: nothing is mounted there: want the root of a filesystem", h->path);
	return 0;
}

static int open_mounted(struct bch_host *h)
{
	struct stat st;
	int err;

	h->root = open(h->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->root < 0 || fstat(h->root, &st))
		return say(h, h->path, "open");
	err = check_root(h, &st);
	if (!err)
		err = bch_is_btrfs(h->root) ? bch_btrfs_device(h->ctx, h->root, h->path, &h->device)
					    : find_device(h, st.st_dev);
	return err ? err : probe_type(h, h->device);
}

static int measure(struct bch_host *h)
{
	struct statvfs v;

	h->is_btrfs = bch_is_btrfs(h->root);

	if (fstatvfs(h->root, &v))
		return say(h, h->path, "statvfs");
	h->block_size = (u32)v.f_frsize;
	h->was_writable = !(v.f_flag & ST_RDONLY);
	return h->is_btrfs ? bch_chunk_map_read(&h->chunks, h->ctx, h->root, h->path) : 0;
}

int bch_host_begin(struct bch_host *h, struct bch_ctx *ctx, const char *path, bool mounted,
		   bool is_looked_at)
{
	int err = 0;

	*h = (struct bch_host){
		.ctx = ctx, .is_looked_at = is_looked_at, .root = -1, .mount = -1, .loop = -1
	};
	if (geteuid())
		return bch_error_whole(ctx, -BCH_ERR_refused, "only root can migrate a filesystem");
	h->path = strdup(path);
	err = !h->path ? -BCH_ERR_no_memory : mounted ? open_mounted(h) : mount_device(h, path);
	return err ? err : measure(h);
}

void bch_host_end(struct bch_host *h)
{
	if (h->root >= 0)
		close(h->root);
	if (h->mount >= 0)
		close(h->mount);
	if (h->loop >= 0)
		close(h->loop);
	free(h->path);
	free(h->device);
	free(h->type);
	bch_array_end(&h->reserve.a);
	bch_chunk_map_end(&h->chunks);
}
