// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounting by the kernel: by a context (fsopen) that takes one device at a time and tells its errors, else by mount(2)
 * with all of them in one word. CLI 12.1.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bcachefs/mount.h>
#include "super/super.h"

#define TYPE "bcachefs"

/* What the kernel takes as one value of a context. */
#define VALUE_MAX 255

struct attempt {
	struct bch_fs *fs;
	const char *mountpoint;
	const struct bch_mount_opts *opts;
	unsigned long flags;
	struct bch_buf words; /* the kernel's, about its error */
};

/* ------------------------------------------------------------------ what it would not take */

/* Features that older kernels do not know, and the version that has them first. Format reference: 01 §5.1. */
static const struct {
	enum bch_sb_feature feature;
	u16 since;
} newer_features[] = {
	{ BCH_FEATURE_incompat_version_field, BCH_VERSION(1, 14) },
	{ BCH_FEATURE_casefolding, BCH_VERSION(1, 24) },
};

static int refuse_version(struct bch_fs *fs, u16 kernel, const char *what)
{
	struct bch_buf have bch_auto(buf) = { 0 };

	bch_version_put(&have, kernel);
	return bch_error_whole(fs->ctx, -BCH_ERR_version_unsupported,
			       "the filesystem has %s, which this kernel's bcachefs does not know: "
			       "it is of version %s",
			       what, bch_buf_str(&have));
}

/* Format reference: 01 §9.1. */
static int check_version(struct bch_fs *fs)
{
	const struct bch_sb *sb = fs->super.sb;
	u64 features = le64_get(sb->features[0]);
	u16 kernel = bch_kernel_version(), version = le16_get(sb->version);
	struct bch_buf what bch_auto(buf) = { 0 };

	if (!kernel)
		return 0;
	for (size_t i = 0; i < bch_array_size(newer_features); i++) {
		enum bch_sb_feature feature = newer_features[i].feature;

		if (!(features >> feature & 1) || kernel >= newer_features[i].since)
			continue;
		bch_buf_put(&what, "the feature %s", bch_sb_feature_names[feature]);
		return refuse_version(fs, kernel, bch_buf_str(&what));
	}
	if (features >> BCH_FEATURE_incompat_version_field & 1 &&
	    bch_sb_flag(sb, BCH_SB_VERSION_INCOMPAT) > kernel)
		version = (u16)bch_sb_flag(sb, BCH_SB_VERSION_INCOMPAT);
	else if (BCH_VERSION_MAJOR(version) <= BCH_VERSION_MAJOR(kernel))
		return 0;
	bch_buf_puts(&what, "what version ");
	bch_version_put(&what, version);
	bch_buf_puts(&what, " brought");
	return refuse_version(fs, kernel, bch_buf_str(&what));
}

static int check_devices(struct bch_fs *fs)
{
	for (u32 i = 0; i < fs->nr_members; i++) {
		const struct bch_blkdev *dev = fs->members[i].blkdev;

		if (dev && !dev->geometry.is_block)
			return bch_error_whole(fs->ctx, -BCH_ERR_not_a_device,
					       "%s: an image file, and a kernel mounts devices: "
					       "losetup -f --show makes it one",
					       dev->name);
	}
	return 0;
}

/* ------------------------------------------------------------------ by a context */

/* Errors that the kernel has told through the context: "e bcachefs: ...". */
static void read_words(struct attempt *a, int context)
{
	char line[512];
	ssize_t len;

	while ((len = read(context, line, sizeof(line))) > 0) {
		if (len < 3 || line[0] != 'e')
			continue;
		if (a->words.len)
			bch_buf_puts(&a->words, "; ");
		bch_buf_text(&a->words, line + 2,
			     (size_t)(line[len - 1] == '\n' ? len - 3 : len - 2));
	}
}

/* Each returns 0 or an errno. */
static int set_value(int context, const char *name, const char *value)
{
	return fsconfig(context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, name, value, 0)
		       ? errno
		       : 0;
}

static int set_sources(const struct attempt *a, int context)
{
	int sys = 0;

	for (u32 i = 0; i < a->fs->nr_members && !sys; i++) {
		const struct bch_blkdev *dev = a->fs->members[i].blkdev;

		if (dev)
			sys = strlen(dev->name) > VALUE_MAX
				      ? E2BIG
				      : set_value(context, "source", dev->name);
	}
	return sys;
}

static int set_flags(const struct attempt *a, int context)
{
	static const struct {
		unsigned long flag;
		const char *name;
	} names[] = {
		{ MS_RDONLY, "ro" },	     { MS_SYNCHRONOUS, "sync" }, { MS_DIRSYNC, "dirsync" },
		{ MS_LAZYTIME, "lazytime" }, { MS_MANDLOCK, "mand" },
	};
	int sys = 0;

	for (size_t i = 0; i < bch_array_size(names) && !sys; i++)
		if (a->flags & names[i].flag)
			sys = set_value(context, names[i].name, NULL);
	return sys;
}

static int set_options(const struct attempt *a, int context)
{
	char *copy = strdup(bch_buf_str(&a->opts->data)), *rest = copy, *item;
	int sys = copy ? 0 : ENOMEM;

	while (!sys && (item = strsep(&rest, ","))) {
		char *value = strchr(item, '=');

		if (value)
			*value++ = '\0';
		if (*item)
			sys = set_value(context, item, value);
	}
	free(copy);
	return sys;
}

static unsigned mount_attributes(unsigned long flags)
{
	static const struct {
		unsigned long flag;
		unsigned attribute;
	} attributes[] = {
		{ MS_RDONLY, MOUNT_ATTR_RDONLY },
		{ MS_NOSUID, MOUNT_ATTR_NOSUID },
		{ MS_NODEV, MOUNT_ATTR_NODEV },
		{ MS_NOEXEC, MOUNT_ATTR_NOEXEC },
		{ MS_NODIRATIME, MOUNT_ATTR_NODIRATIME },
		{ MS_NOATIME, MOUNT_ATTR_NOATIME },
		{ MS_STRICTATIME, MOUNT_ATTR_STRICTATIME },
	};
	unsigned all = 0;

	for (size_t i = 0; i < bch_array_size(attributes); i++)
		if (flags & attributes[i].flag)
			all |= attributes[i].attribute;
	return all;
}

static int attach(const struct attempt *a, int context)
{
	int tree = fsmount(context, FSMOUNT_CLOEXEC, mount_attributes(a->flags));
	int sys = tree < 0 || move_mount(tree, "", AT_FDCWD, a->mountpoint, MOVE_MOUNT_F_EMPTY_PATH)
			  ? errno
			  : 0;

	if (tree >= 0)
		close(tree);
	return sys;
}

/* *@taken: the kernel takes the devices so, and the error is one of mounting. */
static int mount_by_context(struct attempt *a, bool *taken)
{
	int context = fsopen(TYPE, FSOPEN_CLOEXEC);
	int sys = context < 0 ? errno : set_sources(a, context);

	*taken = !sys;
	if (!sys)
		sys = set_flags(a, context);
	if (!sys)
		sys = set_options(a, context);
	if (!sys && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		sys = errno;
	if (!sys)
		sys = attach(a, context);
	if (sys && *taken)
		read_words(a, context);
	if (context >= 0)
		close(context);
	return sys;
}

/* ------------------------------------------------------------------ by mount(2) */

static int mount_by_call(const struct attempt *a)
{
	struct bch_buf source bch_auto(buf) = { 0 };

	for (u32 i = 0; i < a->fs->nr_members; i++)
		if (a->fs->members[i].blkdev)
			bch_buf_put(&source, "%s%s", source.len ? ":" : "",
				    a->fs->members[i].blkdev->name);
	if (bch_buf_failed(&source))
		return ENOMEM;
	return mount(bch_buf_str(&source), a->mountpoint, TYPE, a->flags,
		     bch_buf_str(&a->opts->data))
		       ? errno
		       : 0;
}

static int mount_it(struct attempt *a)
{
	bool taken;
	int sys;

	bch_buf_reset(&a->words);
	sys = mount_by_context(a, &taken);
	return sys && !taken ? mount_by_call(a) : sys;
}

/* ------------------------------------------------------------------ a folder of it */

/* The folder's own mount takes the place of the whole, which only this knows by then. */
static int show_folder(struct bch_ctx *ctx, const char *mountpoint, const char *folder)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT };
	int root = open(mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int there = root < 0 ? -1 : (int)syscall(SYS_openat2, root, folder, &how, sizeof(how));
	int tree = there < 0 ? -1
			     : open_tree(there, "",
					 AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	int sys = tree < 0 ? errno : 0;

	if (there >= 0)
		close(there);
	if (root >= 0)
		close(root);
	if (umount2(mountpoint, MNT_DETACH) && !sys)
		sys = errno;
	if (!sys && move_mount(tree, "", AT_FDCWD, mountpoint, MOVE_MOUNT_F_EMPTY_PATH))
		sys = errno;
	if (tree >= 0)
		close(tree);
	return sys ? bch_error(ctx, bch_errno(sys), "%s in the filesystem", folder) : 0;
}

/* ------------------------------------------------------------------ what it said */

static int say_error(struct bch_ctx *ctx, const char *mountpoint, int sys,
		     const struct bch_buf *words)
{
	switch (sys) {
	case EBUSY:
		return bch_error_whole(ctx, -BCH_ERR_busy,
				       "%s: already mounted or mount point busy", mountpoint);
	case EPERM:
		return bch_error_whole(ctx, -BCH_ERR_access_denied, "%s: only root may mount",
				       mountpoint);
	case ENOENT:
	case ENOTDIR:
		if (access(mountpoint, F_OK))
			return bch_error(ctx, bch_errno(errno), "%s", mountpoint);
		break;
	case ENODEV:
		if (!bch_kernel_has_bcachefs())
			return bch_error_whole(
				ctx, -BCH_ERR_system,
				"the kernel does not know bcachefs: module not loaded?");
		break;
	default:
		break;
	}
	return bch_error_whole(ctx, -BCH_ERR_system, "%s: the kernel did not mount it: %s%s%s",
			       mountpoint, words->len ? bch_buf_str(words) : strerrordesc_np(sys),
			       words->len ? "" : "; ",
			       words->len ? "" : "its log says why (dmesg)");
}

int bch_fs_mount(struct bch_fs *fs, const char *mountpoint, const struct bch_mount_opts *opts)
{
	struct attempt a = { fs, mountpoint, opts, opts->flags, { 0 } };
	int err = check_devices(fs), sys;

	if (!err)
		err = check_version(fs);
	if (err)
		return err;
	sys = mount_it(&a);
	if ((sys == EROFS || sys == EACCES) && !(a.flags & MS_RDONLY)) {
		bch_log(fs->ctx, BCH_LOG_warn, "device write-protected, mounting read-only");
		a.flags |= MS_RDONLY;
		sys = mount_it(&a);
	}
	err = sys ? say_error(fs->ctx, mountpoint, sys, &a.words) : 0;
	if (!err && opts->root.len)
		err = show_folder(fs->ctx, mountpoint, bch_buf_str(&opts->root));
	bch_buf_end(&a.words);
	return err;
}

int bch_remount(struct bch_ctx *ctx, const char *mountpoint, const struct bch_mount_opts *opts)
{
	const struct bch_buf no_words = { 0 };

	if (!mount("none", mountpoint, TYPE, opts->flags, bch_buf_str(&opts->data)))
		return 0;
	return say_error(ctx, mountpoint, errno, &no_words);
}

int bch_mount_namespace(struct bch_ctx *ctx, const char *name)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	int fd, sys;

	if (name[strspn(name, "0123456789")])
		bch_buf_puts(&path, name);
	else
		bch_buf_put(&path, "/proc/%s/ns/mnt", name);
	fd = open(bch_buf_str(&path), O_RDONLY | O_CLOEXEC);
	sys = fd < 0 || setns(fd, CLONE_NEWNS) ? errno : 0;
	if (fd >= 0)
		close(fd);
	return sys ? bch_error(ctx, bch_errno(sys), "%s", bch_buf_str(&path)) : 0;
}
