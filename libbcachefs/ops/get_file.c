// SPDX-License-Identifier: GPL-2.0-or-later
/* One file copied out of a filesystem: its data with its holes, or what else it is. CLI 14.2. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "ops/get_private.h"
#include "ops/losses.h"

/* A regular file that is being written. */
struct output {
	struct bch_get *g;
	int fd;
	u64 end; /* of what is written */
	struct bch_losses losses;
	bool write_failed;
};

/* ------------------------------------------------------------------ data */

static int write_all(int fd, const u8 *buf, size_t len, u64 offset)
{
	while (len) {
		ssize_t n = pwrite(fd, buf, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? bch_errno(errno) : -BCH_ERR_short_write;
		buf += n;
		len -= (size_t)n;
		offset += (u64)n;
	}
	return 0;
}

static int take_data(void *arg, void *buf, size_t len, u64 offset)
{
	struct output *o = arg;
	int err = bch_get_ended(o->g) ? -BCH_ERR_cancelled : write_all(o->fd, buf, len, offset);

	o->write_failed = err;
	o->end = offset + len;
	bch_progress_add(o->g->progress, len);
	return err;
}

static int take_hole(void *arg, u64 len, u64 offset)
{
	const struct output *o = arg;

	return bch_get_ended(o->g) ? -BCH_ERR_cancelled : 0;
}

static int take_loss(void *arg, u64 len, u64 offset, const char *why)
{
	struct output *o = arg;

	bch_losses_add(&o->losses, len, offset, why);
	if (bch_get_ended(o->g))
		return -BCH_ERR_cancelled;
	return bch_get_wants(o->g, BCH_GET_KEEP_PARTS) ? 0 : -BCH_ERR_data_lost;
}

static void say_lost(struct output *o, const struct bch_get_place *p)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	bch_get_put_source(o->g, p->path, &line);
	bch_buf_puts(&line, ": ");
	bch_losses_put(&o->losses, &line);
	if (!bch_get_wants(o->g, BCH_GET_KEEP_PARTS))
		bch_buf_puts(&line, "; not written, try -i");
	bch_log(o->g->fs->ctx, BCH_LOG_error, "%s", bch_buf_str(&line));
	atomic_fetch_add_explicit(&o->g->nr_incomplete, 1, memory_order_relaxed);
}

static int write_data(struct output *o, const struct bch_get_place *p)
{
	const struct bch_file_sink sink = {
		.arg = o, .data = take_data, .hole = take_hole, .lost = take_loss
	};
	int err = bch_file_stream(o->g->fs, &p->file, 0, BCH_U64_MAX, &sink);

	if (!err && o->end < p->st.size && ftruncate(o->fd, (off_t)p->st.size)) {
		o->write_failed = true;
		err = bch_errno(errno);
	}
	return err;
}

/* ------------------------------------------------------------------ a regular file */

/* Nobody else sees it before it has its owner. */
static int create(void *arg, const struct bch_get_place *p)
{
	struct output *o = arg;
	mode_t mode = bch_get_wants(o->g, BCH_GET_METADATA) ? p->st.mode & 0600 : p->st.mode & 0777;

	o->fd = openat(p->dir->fd, p->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		       mode);
	return o->fd < 0 ? -errno : 0;
}

static void give_file_attributes(struct bch_get *g, const struct bch_get_place *p, int fd)
{
	int err;

	if (p->dir->bequeaths)
		bch_get_disinherit(fd, NULL);
	err = bch_get_attributes(g, fd, NULL, &p->file, &p->st);
	if (err)
		bch_get_failed(g, p->path, "attributes cannot be set", err);
}

/* With what is there of it; what is not whole is there only where that is wanted. */
static void finish(struct output *o, const struct bch_get_place *p, int err)
{
	struct bch_get *g = o->g;

	if (!err)
		give_file_attributes(g, p, o->fd);
	if (close(o->fd) && !err) {
		o->write_failed = true;
		err = bch_errno(errno);
	}
	if (o->losses.nr)
		say_lost(o, p);
	else if (err && err != -BCH_ERR_cancelled)
		bch_get_failed(g, p->path, o->write_failed ? "cannot be written" : "cannot be read",
			       err);
	if (err) {
		unlinkat(p->dir->fd, p->name, 0);
		return;
	}
	atomic_fetch_add_explicit(&g->nr_files, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&g->nr_bytes, p->st.size, memory_order_relaxed);
}

static void write_file(struct bch_get *g, const struct bch_get_place *p)
{
	struct output o = { .g = g };
	int err = bch_get_make(g, p, create, &o);

	if (!err)
		finish(&o, p, write_data(&o, p));
	else if (err != -BCH_ERR_exists)
		bch_get_failed(g, p->path, "cannot be made", err);
	bch_losses_end(&o.losses);
}

/* ------------------------------------------------------------------ all that has no data */

static int make_symlink(void *arg, const struct bch_get_place *p)
{
	return symlinkat(arg, p->dir->fd, p->name) ? -errno : 0;
}

static int make_node(void *arg, const struct bch_get_place *p)
{
	mode_t type = p->st.mode & S_IFMT;
	mode_t mode = bch_get_wants(arg, BCH_GET_METADATA) ? 0600 : p->st.mode & 0777;

	return mknodat(p->dir->fd, p->name, type | mode, makedev(p->st.major, p->st.minor)) ? -errno
											    : 0;
}

/* Through an fd that stands for the name: what is behind it is never opened. */
static int give_attributes(struct bch_get *g, const struct bch_get_place *p)
{
	int fd = openat(p->dir->fd, p->name, O_PATH | O_NOFOLLOW | O_CLOEXEC), err;
	char proc[32];

	if (fd < 0)
		return bch_errno(errno);
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (p->dir->bequeaths && !S_ISLNK(p->st.mode))
		bch_get_disinherit(fd, proc);
	err = bch_get_attributes(g, fd, proc, &p->file, &p->st);
	close(fd);
	return err;
}

static int make_special(struct bch_get *g, const struct bch_get_place *p)
{
	struct bch_buf target bch_auto(buf) = { 0 };
	int err;

	if (!S_ISLNK(p->st.mode))
		return bch_get_make(g, p, make_node, g);
	err = bch_file_readlink(g->fs, &p->file, &target);
	return err ? err : bch_get_make(g, p, make_symlink, (void *)bch_buf_str(&target));
}

static void write_special(struct bch_get *g, const struct bch_get_place *p)
{
	bool is_device = S_ISCHR(p->st.mode) || S_ISBLK(p->st.mode);
	int err = make_special(g, p);

	if (err == -BCH_ERR_exists)
		return;
	if (err == -BCH_ERR_access_denied && is_device) {
		atomic_fetch_add_explicit(&g->nr_left_out[BCH_GET_LEFT_device], 1,
					  memory_order_relaxed);
		return;
	}
	if (err) {
		bch_get_failed(g, p->path, "cannot be made", err);
		return;
	}
	err = give_attributes(g, p);
	if (err)
		bch_get_failed(g, p->path, "attributes cannot be set", err);
	else
		atomic_fetch_add_explicit(&g->nr_files, 1, memory_order_relaxed);
}

void bch_get_file(struct bch_get *g, const struct bch_get_place *p)
{
	if (S_ISREG(p->st.mode))
		write_file(g, p);
	else
		write_special(g, p);
}
