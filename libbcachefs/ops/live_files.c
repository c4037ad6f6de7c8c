// SPDX-License-Identifier: GPL-2.0-or-later
/* Subvolumes and options of files in a mounted filesystem. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "ops/live.h"

struct subvol_call {
	u32 flags;
	s32 dir_fd;
	u16 mode, pad[3];
	u64 dest, source; /* addresses of paths */
};

#define SUBVOL_CREATE _IOW(0xbc, 16, struct subvol_call)
#define SUBVOL_DELETE _IOW(0xbc, 17, struct subvol_call)

#define SNAPSHOT  (1U << 0)
#define READ_ONLY (1U << 1)

#define SUBVOL_MODE 0777 /* without the umask, which the kernel sees to */

/* To be freed; NULL where memory is out. */
static char *parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

static int call(struct bch_ctx *ctx, unsigned long nr, struct subvol_call *c, const char *path)
{
	char *parent = parent_of(path);
	int fd = parent ? open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	int sys = fd < 0 || ioctl(fd, nr, c) ? errno : 0;

	free(parent);
	if (fd >= 0)
		close(fd);
	return sys ? bch_live_error(ctx, path, sys, NULL) : 0;
}

static struct subvol_call about(const char *path)
{
	return (struct subvol_call){ .dir_fd = AT_FDCWD,
				     .mode = SUBVOL_MODE,
				     .dest = (u64)(uintptr_t)path };
}

int bch_live_subvol_create(struct bch_ctx *ctx, const char *path)
{
	struct subvol_call c = about(path);

	return call(ctx, SUBVOL_CREATE, &c, path);
}

int bch_live_subvol_delete(struct bch_ctx *ctx, const char *path)
{
	struct subvol_call c = about(path);

	return call(ctx, SUBVOL_DELETE, &c, path);
}

int bch_live_subvol_snapshot(struct bch_ctx *ctx, const char *source, const char *dest,
			     bool read_only)
{
	struct subvol_call c = about(dest);
	char *parent = parent_of(dest);
	int err;

	c.flags = SNAPSHOT | (read_only ? READ_ONLY : 0);
	c.source = (u64)(uintptr_t)(source ? source : parent);
	err = parent ? call(ctx, SUBVOL_CREATE, &c, dest) : -BCH_ERR_no_memory;
	free(parent);
	return err;
}

int bch_live_set_option(struct bch_ctx *ctx, const char *path, const char *name, const char *value)
{
	struct bch_buf xattr bch_auto(buf) = { 0 };
	const char *text;
	int failed;

	bch_buf_put(&xattr, "bcachefs.%s", name);
	if (bch_buf_failed(&xattr))
		return -BCH_ERR_no_memory;
	text = bch_buf_str(&xattr);
	failed = strcmp(value, "-") ? lsetxattr(path, text, value, strlen(value), 0)
				    : lremovexattr(path, text);
	if (!failed || (errno == ENODATA && !strcmp(value, "-")))
		return 0;
	return bch_live_error(ctx, path, errno, NULL);
}
