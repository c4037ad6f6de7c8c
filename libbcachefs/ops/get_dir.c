// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Directories that files are copied into. CLI 14.2.
 *
 * Each step is by openat() from the directory above, so that neither symlinks nor the length of paths matter. Trees may be
 * deeper than there are fds: then the uppermost levels are closed, and opened again by "..", if that is the same directory.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/memory.h"
#include "ops/get_private.h"

#define OPEN_LEVELS_MAX 256
#define OPEN_DIR	(O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define MODE_FILLED	0700 /* what filling it takes */

static bool has_default_acl(int fd)
{
	return fgetxattr(fd, "system.posix_acl_default", NULL, 0) > 0;
}

/* Those of a directory that we made are its own at the end, not what it inherited. */
static bool acls_matter(const struct bch_get *g)
{
	return bch_get_wants(g, BCH_GET_METADATA | BCH_GET_XATTRS);
}

struct bch_get_dir *bch_get_dir_new(struct bch_get *g, int fd, const char *path)
{
	size_t len = strlen(path) + 1;
	struct bch_get_dir *d = bch_malloc(sizeof(*d) + len);
	struct stat st;

	if (!d || fstat(fd, &st)) {
		free(d);
		close(fd);
		return NULL;
	}
	*d = (struct bch_get_dir){ .fd = fd, .dev = st.st_dev, .ino = st.st_ino, .nr_users = 1 };
	memcpy(d->path, path, len);
	d->bequeaths = acls_matter(g) && has_default_acl(fd);
	return d;
}

struct bch_get_dir *bch_get_dir_enter(struct bch_get *g, const struct bch_get_place *p)
{
	mode_t mode = bch_get_wants(g, BCH_GET_METADATA) ? 0 : p->st.mode & 0777;
	bool made = !mkdirat(p->dir->fd, p->name, mode | MODE_FILLED);
	struct bch_get_dir *d = NULL;
	int fd = -1;

	if (made || errno == EEXIST)
		fd = openat(p->dir->fd, p->name, OPEN_DIR);
	if (fd < 0) {
		bch_get_failed(g, p->path, "cannot be made", bch_errno(errno));
		return NULL;
	}
	if (made && p->dir->bequeaths)
		bch_get_disinherit(fd, NULL);
	d = bch_get_dir_new(g, fd, p->path);
	if (!d) {
		bch_get_failed(g, p->path, "cannot be made", -BCH_ERR_no_memory);
		return NULL;
	}
	d->made = made;
	bch_get_dir_set_source(d, &p->file, &p->st);
	return d;
}

void bch_get_dir_set_source(struct bch_get_dir *d, const struct bch_file *file,
			    const struct bch_stat *st)
{
	d->has_source = true;
	d->file = *file;
	d->st = *st;
}

void bch_get_dir_use(struct bch_get_dir *d)
{
	/* whoever adds a user is one: it cannot go meanwhile */
	atomic_fetch_add_explicit(&d->nr_users, 1, memory_order_relaxed);
}

/* What was added for filling it goes: without BCH_GET_METADATA, where the umask has said the rest. */
static int take_mode_back(const struct bch_get_dir *d)
{
	struct stat st;

	if (!d->made || (d->st.mode & MODE_FILLED) == MODE_FILLED)
		return 0;
	if (fstat(d->fd, &st) || fchmod(d->fd, st.st_mode & 07777 & (d->st.mode | ~MODE_FILLED)))
		return bch_errno(errno);
	return 0;
}

static void finish(struct bch_get *g, const struct bch_get_dir *d)
{
	int err = bch_get_attributes(g, d->fd, NULL, &d->file, &d->st);

	if (!err && !bch_get_wants(g, BCH_GET_METADATA))
		err = take_mode_back(d);
	if (err)
		bch_get_failed(g, d->path, "attributes cannot be set", err);
}

void bch_get_dir_done(struct bch_get *g, struct bch_get_dir *d)
{
	/* what the others did in it comes before its times */
	if (atomic_fetch_sub_explicit(&d->nr_users, 1, memory_order_acq_rel) > 1)
		return;
	if (d->has_source && d->fd >= 0)
		finish(g, d);
	if (d->fd >= 0)
		close(d->fd);
	free(d);
}

/* ------------------------------------------------------------------ the way down */

/* Nobody but the walk uses one that is closed. */
static void close_uppermost(struct bch_get *g, struct bch_get_way *way)
{
	struct bch_get_dir *d = way->dirs.v[way->first_open++];

	bch_thread_pool_wait(g->pool);
	close(d->fd);
	d->fd = -1;
}

int bch_get_way_down(struct bch_get *g, struct bch_get_way *way, struct bch_get_dir *dir)
{
	int err = bch_array_push(&way->dirs, dir);

	if (err) {
		bch_get_dir_done(g, dir);
		return err;
	}
	if (way->dirs.nr == 1)
		way->first_open = 1;
	if (way->dirs.nr - way->first_open > OPEN_LEVELS_MAX)
		close_uppermost(g, way);
	return 0;
}

static bool is_same(int fd, const struct bch_get_dir *d)
{
	struct stat st;

	return !fstat(fd, &st) && st.st_dev == d->dev && st.st_ino == d->ino;
}

static void open_again(struct bch_get *g, struct bch_get_dir *d, int below)
{
	int fd = below < 0 ? -1 : openat(below, "..", OPEN_DIR);

	if (fd >= 0 && is_same(fd, d)) {
		d->fd = fd;
		return;
	}
	if (fd >= 0)
		close(fd);
	if (!atomic_exchange(&g->fatal, -BCH_ERR_not_found))
		bch_get_failed(g, d->path, "is not where it was made", -BCH_ERR_not_found);
}

void bch_get_way_up(struct bch_get *g, struct bch_get_way *way)
{
	struct bch_get_dir *d = way->dirs.v[--way->dirs.nr];

	if (way->first_open > 1 && way->first_open == way->dirs.nr)
		open_again(g, way->dirs.v[--way->first_open], d->fd);
	bch_get_dir_done(g, d);
}
