// SPDX-License-Identifier: GPL-2.0-or-later
/* New names in a directory that files are copied into: what is in the way, and further links. CLI 14.2. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "ops/get_private.h"

static void keep(struct bch_get *g, const struct bch_get_place *p)
{
	struct bch_buf path bch_auto(buf) = { 0 };

	bch_buf_text(&path, bch_buf_str(&g->to), SIZE_MAX);
	bch_buf_text(&path, p->path, SIZE_MAX);
	bch_log(g->fs->ctx, BCH_LOG_warn, "%s: exists already, kept; -o overwrites",
		bch_buf_str(&path));
	atomic_fetch_add_explicit(&g->nr_kept, 1, memory_order_relaxed);
}

/* What is in the way is deleted, never written: it may be a link to something else. */
int bch_get_make(struct bch_get *g, const struct bch_get_place *p,
		 int (*make)(void *arg, const struct bch_get_place *p), void *arg)
{
	int err = make(arg, p);

	if (err == -EEXIST && !bch_get_wants(g, BCH_GET_OVERWRITE)) {
		keep(g, p);
		return -BCH_ERR_exists;
	}
	if (err == -EEXIST)
		err = unlinkat(p->dir->fd, p->name, 0) ? -errno : make(arg, p);
	if (err == -EEXIST) /* somebody else puts it there */
		return -BCH_ERR_busy;
	return err ? bch_errno(-err) : 0;
}

/* The directory of the file at @path below @top, without following symlinks; @name is the rest. -1: there is none. */
static int open_parent(const struct bch_get_dir *top, const char *path, const char **name)
{
	int fd = fcntl(top->fd, F_DUPFD_CLOEXEC, 0);
	const char *slash;

	while (fd >= 0 && (slash = strchr(path, '/'))) {
		size_t len = (size_t)(slash - path);
		char part[NAME_MAX + 1];
		int next = -1;

		if (len < sizeof(part)) {
			memcpy(part, path, len);
			part[len] = '\0';
			next = openat(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		}
		close(fd);
		fd = next;
		path = slash + 1;
	}
	*name = path;
	return fd;
}

/* The file that is there already. */
struct old {
	int dir_fd;
	const char *name;
};

static int make_link(void *arg, const struct bch_get_place *p)
{
	const struct old *old = arg;

	return linkat(old->dir_fd, old->name, p->dir->fd, p->name, 0) ? -errno : 0;
}

bool bch_get_link(struct bch_get *g, const struct bch_get_place *p, const char *path,
		  const struct bch_get_dir *top)
{
	struct old old;
	int err = -BCH_ERR_not_found;

	old.dir_fd = open_parent(top, path, &old.name);
	if (old.dir_fd >= 0) {
		err = bch_get_make(g, p, make_link, &old);
		close(old.dir_fd);
	}
	if (!err)
		atomic_fetch_add_explicit(&g->nr_files, 1, memory_order_relaxed);
	return !err || err == -BCH_ERR_exists;
}
