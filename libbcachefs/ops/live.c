// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A mounted filesystem: found by a folder or a device of it, its members by what sysfs says, and the kernel's calls about
 * members. Numbers and structures were found by trying them on kernels 6.12 and 6.16.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <uuid/uuid.h>

#include <bcachefs/live.h>
#include "base/memory.h"
#include "ops/live.h"
#include "super/super.h"

/* By index, not by path. */
#define BY_INDEX (1 << 4)

struct disk_call {
	u32 flags;
	u8 state, pad[3];
	u64 dev; /* the index, or the address of a path */
};

struct resize_call {
	u32 flags, pad;
	u64 dev_idx, nr_buckets;
};

#define QUERY_UUID     _IOC(_IOC_READ, 0xbc, 1, 16)
#define DISK_REMOVE    _IOW(0xbc, 5, struct disk_call)
#define DISK_ONLINE    _IOW(0xbc, 6, struct disk_call)
#define DISK_OFFLINE   _IOW(0xbc, 7, struct disk_call)
#define DISK_SET_STATE _IOW(0xbc, 8, struct disk_call)
#define RESIZE	       _IOW(0xbc, 14, struct resize_call)
#define RESIZE_JOURNAL _IOW(0xbc, 15, struct resize_call)

/* ------------------------------------------------------------------ finding it */

static bool on_bcachefs(const char *path)
{
	struct statfs st;

	return !statfs(path, &st) && (u32)st.f_type == BCH_STATFS_MAGIC;
}

/* The folder in sysfs of a member's device: "/sys/fs/bcachefs/UUID/dev-N". */
static bool member_folder(dev_t rdev, char folder[PATH_MAX])
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/bcachefs", major(rdev), minor(rdev));
	return realpath(path, folder);
}

bool bch_is_live(const char *name)
{
	char folder[PATH_MAX];
	struct stat st;

	if (stat(name, &st))
		return false;
	return S_ISBLK(st.st_mode) ? member_folder(st.st_rdev, folder)
				   : S_ISDIR(st.st_mode) && on_bcachefs(name);
}

bool bch_is_in_live(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *parent;
	struct stat st;
	bool is;

	if (!lstat(path, &st))
		return !S_ISBLK(st.st_mode) && on_bcachefs(path);
	parent = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	is = parent && on_bcachefs(parent);
	free(parent);
	return is;
}

/* By the UUID in the superblock of a device that is not in use. */
static int uuid_of_super(struct bch_ctx *ctx, const char *name, u8 uuid[16])
{
	const struct bch_open_opts opts = { .flags = BCH_OPEN_ALONE | BCH_OPEN_MOUNTED };
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = bch_fs_open(ctx, &name, 1, &opts, &fs);

	if (!err)
		memcpy(uuid, bch_fs_uuid(fs), 16);
	return err;
}

static int open_by_uuid(struct bch_live *live, const char *name, const u8 uuid[16])
{
	char text[UUID_STR_LEN], line[16], path[64];

	uuid_unparse_lower(uuid, text);
	snprintf(live->sysfs, sizeof(live->sysfs), "/sys/fs/bcachefs/%s", text);
	if (bch_sysfs_line(line, sizeof(line), "%s/minor", live->sysfs))
		return bch_error_whole(live->ctx, -BCH_ERR_not_found,
				       "%s: no filesystem %s is mounted", name, text);
	snprintf(path, sizeof(path), "/dev/bcachefs%lu-ctl", strtoul(line, NULL, 10));
	live->fd = open(path, O_RDONLY | O_CLOEXEC);
	return live->fd < 0 ? bch_error(live->ctx, bch_errno(errno), "%s", path) : 0;
}

static int open_by_folder(struct bch_live *live, const char *name)
{
	u8 uuid[16];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 || ioctl(fd, QUERY_UUID, uuid) ? bch_errno(errno) : 0;

	if (fd >= 0)
		close(fd);
	return err ? bch_error(live->ctx, err, "%s", name) : open_by_uuid(live, name, uuid);
}

static int open_by_device(struct bch_live *live, const char *name, dev_t rdev)
{
	char folder[PATH_MAX], text[UUID_STR_LEN] = "";
	u8 uuid[16];
	int err = 0;

	if (member_folder(rdev, folder) && sscanf(folder, "/sys/fs/bcachefs/%36[^/]", text) == 1 &&
	    !uuid_parse(text, uuid))
		return open_by_uuid(live, name, uuid);
	err = uuid_of_super(live->ctx, name, uuid);
	return err ? err : open_by_uuid(live, name, uuid);
}

int bch_live_open(struct bch_ctx *ctx, const char *name, struct bch_live **out)
{
	struct bch_live *live = bch_calloc(1, sizeof(*live));
	struct stat st;
	int err;

	*out = live;
	if (!live)
		return -BCH_ERR_no_memory;
	live->ctx = ctx;
	live->fd = -1;
	if (stat(name, &st))
		return bch_error(ctx, bch_errno(errno), "%s", name);
	if (S_ISBLK(st.st_mode))
		err = open_by_device(live, name, st.st_rdev);
	else if (on_bcachefs(name))
		err = open_by_folder(live, name);
	else
		err = bch_error_whole(ctx, -BCH_ERR_not_found,
				      "%s: neither in a mounted bcachefs nor a device of one",
				      name);
	return err;
}

void bch_live_close(struct bch_live *live)
{
	if (live && live->fd >= 0)
		close(live->fd);
	free(live);
}

/* ------------------------------------------------------------------ members */

/* Does the member say so: by its label or UUID? */
static bool member_is(const struct bch_live *live, u32 dev_idx, const char *which)
{
	static const char *const names[] = { "label", "uuid" };
	char line[256];

	for (size_t i = 0; i < bch_array_size(names); i++)
		if (!bch_sysfs_line(line, sizeof(line), "%s/dev-%u/%s", live->sysfs, dev_idx,
				    names[i]) &&
		    line[0] && !strcmp(line, which))
			return true;
	return false;
}

int bch_live_member_find(struct bch_live *live, const char *which, u32 *dev_idx)
{
	char folder[PATH_MAX], line[8];
	size_t len = strlen(live->sysfs);
	struct stat st;

	if (!which[strspn(which, "0123456789")] && *which) {
		*dev_idx = (u32)strtoul(which, NULL, 10);
		if (!bch_sysfs_line(line, sizeof(line), "%s/dev-%u/durability", live->sysfs,
				    *dev_idx))
			return 0;
	}
	if (!stat(which, &st) && S_ISBLK(st.st_mode) && member_folder(st.st_rdev, folder) &&
	    !strncmp(folder, live->sysfs, len) && sscanf(folder + len, "/dev-%u", dev_idx) == 1)
		return 0;
	for (*dev_idx = 0; *dev_idx < BCH_SB_MAX_MEMBERS; ++*dev_idx)
		if (member_is(live, *dev_idx, which))
			return 0;
	return bch_error_whole(live->ctx, -BCH_ERR_no_such_device,
			       "%s: no member of the mounted filesystem", which);
}

/* ------------------------------------------------------------------ calls */

int bch_live_error(struct bch_ctx *ctx, const char *what, int sys, const char *hint)
{
	if (sys == EPERM || sys == EACCES)
		return bch_error_whole(ctx, -BCH_ERR_access_denied, "%s: only root may", what);
	return bch_error_whole(ctx, sys == ENOTTY ? -BCH_ERR_not_supported : -BCH_ERR_refused,
			       "%s: the kernel refuses: %s%s%s", what, strerrordesc_np(sys),
			       hint ? "; " : "", hint ? hint : "");
}

static int call(struct bch_live *live, unsigned long nr, struct disk_call *c, const char *what,
		const char *hint)
{
	return ioctl(live->fd, nr, c) ? bch_live_error(live->ctx, what, errno, hint) : 0;
}

static int call_path(struct bch_live *live, unsigned long nr, const char *path, const char *what)
{
	struct disk_call c = { .dev = (u64)(uintptr_t)path };

	return call(live, nr, &c, what, "its log says why (dmesg)");
}

static int call_member(struct bch_live *live, unsigned long nr, u32 dev_idx, unsigned flags,
		       u64 state, const char *what)
{
	struct disk_call c = { .flags = flags | BY_INDEX, .state = (u8)state, .dev = dev_idx };

	return call(live, nr, &c, what,
		    flags & BCH_LIVE_DATA_LOST ? "its log says why (dmesg)"
					       : "too little may be left without it, see -f");
}

int bch_live_online(struct bch_live *live, const char *path)
{
	return call_path(live, DISK_ONLINE, path, path);
}

int bch_live_offline(struct bch_live *live, u32 dev_idx, unsigned flags)
{
	return call_member(live, DISK_OFFLINE, dev_idx, flags, 0, "device offline");
}

int bch_live_remove(struct bch_live *live, u32 dev_idx, unsigned flags)
{
	return call_member(live, DISK_REMOVE, dev_idx, flags, 0, "device remove");
}

int bch_live_set_state(struct bch_live *live, u32 dev_idx, u64 state, unsigned flags)
{
	return call_member(live, DISK_SET_STATE, dev_idx, flags, state, "device set-state");
}

/* ------------------------------------------------------------------ sizes */

/* The kernel counts in buckets; @size 0 is the whole device. */
static int count_buckets(struct bch_live *live, u32 dev_idx, u64 size, u64 *nr)
{
	char line[32] = "";
	u64 bucket = 0;
	int err = bch_sysfs_line(line, sizeof(line), "%s/dev-%u/bucket_size", live->sysfs, dev_idx);

	if (!err)
		err = bch_size_parse(live->ctx, "bucket size", line, &bucket);
	if (!err && !size) {
		err = bch_sysfs_line(line, sizeof(line), "%s/dev-%u/block/size", live->sysfs,
				     dev_idx);
		size = strtoull(line, NULL, 10) * 512;
	}
	if (err || !bucket)
		return bch_error(live->ctx, err ? err : -BCH_ERR_io, "%s/dev-%u", live->sysfs,
				 dev_idx);
	*nr = size / bucket;
	return 0;
}

static int resize(struct bch_live *live, unsigned long nr, u32 dev_idx, u64 size, const char *what)
{
	struct resize_call c = { .flags = BY_INDEX, .dev_idx = dev_idx };
	int err = count_buckets(live, dev_idx, size, &c.nr_buckets);

	if (!err && ioctl(live->fd, nr, &c))
		err = bch_live_error(live->ctx, what, errno, "this kernel may be unable to shrink");
	return err;
}

int bch_live_resize(struct bch_live *live, u32 dev_idx, u64 size)
{
	return resize(live, RESIZE, dev_idx, size, "device resize");
}

int bch_live_resize_journal(struct bch_live *live, u32 dev_idx, u64 size)
{
	return resize(live, RESIZE_JOURNAL, dev_idx, size, "device resize-journal");
}
