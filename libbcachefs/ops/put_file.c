// SPDX-License-Identifier: GPL-2.0-or-later
/* A local file put into a filesystem: its kind, its contents. CLI 14.2. */

#include "ops/put.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/memory.h"

#define DEV_MINOR_BITS 20

static int system_error(const struct bch_put *p, const struct bch_put_file *f)
{
	return bch_error(p->fs->ctx, bch_errno(errno), "%s", f->path);
}

int bch_put_failed(const struct bch_put *p, const struct bch_put_file *f, int err)
{
	return err ? bch_error(p->fs->ctx, err, "%s to %.*s", f->path, (int)f->name.len, f->name.p)
		   : 0;
}

/* ------------------------------------------------------------------ hard links */

static int compare_links(const void *key, const struct bch_map_node *node)
{
	const struct stat *st = key;
	const struct bch_put_link *l = bch_map_entry(node, struct bch_put_link, node);

	if (st->st_dev != l->dev)
		return st->st_dev < l->dev ? -1 : 1;
	return st->st_ino < l->ino ? -1 : st->st_ino > l->ino;
}

void bch_put_links_end(struct bch_put *p)
{
	struct bch_map_node *node = bch_map_first(&p->links), *next;

	for (; node; node = next) {
		next = node->next;
		free(bch_map_entry(node, struct bch_put_link, node));
	}
}

static int remember_link(struct bch_put *p, const struct stat *st, const struct bch_file *file)
{
	struct bch_put_link *l = bch_calloc(1, sizeof(*l));

	if (!l)
		return -BCH_ERR_no_memory;
	*l = (struct bch_put_link){ .dev = st->st_dev, .ino = st->st_ino, .file = *file };
	p->links.compare = compare_links;
	if (bch_map_insert(&p->links, st, &l->node))
		free(l);
	return 0;
}

/* Another name for what was put already: 1 where it got it. */
static int link_again(struct bch_put *p, const struct bch_put_file *f)
{
	const struct bch_put_link *l = p->links.root ? bch_map_entry(bch_map_find(&p->links, f->st),
								     struct bch_put_link, node)
						     : NULL;
	struct bch_file there;
	int err;

	if (!l || !bch_put_all(p))
		return 0;
	if (!bch_dir_lookup(p->fs, &f->dir, f->name.p, f->name.len, &there)) {
		if (there.inum == l->file.inum)
			return 1;
		err = bch_edit_unlink(p->fs, &f->dir, f->name);
		if (err)
			return err;
	}
	err = bch_edit_link(p->fs, &l->file, &f->dir, f->name);
	return err == -BCH_ERR_refused ? 0 : err ? err : 1; /* other options: a copy */
}

/* ------------------------------------------------------------------ contents */

/* The file's bytes up to @end, or to where it ends. *@at is how far it came. */
static int put_range(struct bch_put *p, const struct bch_put_file *f, int fd, off_t *at, off_t end)
{
	while (*at < end) {
		void *buf;
		size_t room;
		ssize_t n;
		int err = bch_data_room(p->data, &buf, &room);

		if (err)
			return err;
		if (room > (u64)(end - *at))
			room = (size_t)(end - *at);
		n = pread(fd, buf, room, *at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return system_error(p, f);
		if (!n)
			return 0;
		err = bch_data_put(p->data, buf, (size_t)n);
		if (err)
			return err;
		*at += n;
		if (bch_cancelled(p->fs->ctx))
			return -BCH_ERR_cancelled;
	}
	return 0;
}

/* Holes stay holes, where the local filesystem tells them. */
static int put_bytes(struct bch_put *p, const struct bch_put_file *f, int fd, u64 *size)
{
	off_t at = 0;
	int err = 0;

	while (!err) {
		off_t data = lseek(fd, at, SEEK_DATA), hole, end;

		if (data < 0 && errno == ENXIO) { /* nothing but a hole is left */
			end = lseek(fd, 0, SEEK_END);
			if (end > at)
				err = bch_data_hole(p->data, (u64)(end - at));
			at = end > at ? end : at;
			break;
		}
		data = data < at ? at : data;
		hole = lseek(fd, data, SEEK_HOLE);
		if (data > at)
			err = bch_data_hole(p->data, (u64)(data - at));
		at = data;
		if (!err)
			err = put_range(p, f, fd, &at, hole > at ? hole : LONG_MAX);
		if (hole <= data || at < hole)
			break; /* it cannot tell, or became shorter */
	}
	*size = (u64)at;
	return err;
}

static int put_contents(struct bch_put *p, const struct bch_put_file *f,
			const struct bch_file *file, struct bch_inode *inode)
{
	const struct bch_data_file to = { .inum = file->inum,
					  .snapshot = file->snapshot,
					  .opts = bch_io_opts(p->fs, inode) };
	int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;

	if (fd < 0)
		return system_error(p, f);
	bch_data_begin(p->data, &to);
	err = put_bytes(p, f, fd, &inode->bi_size);
	close(fd);
	if (!err)
		err = bch_data_end(p->data, &inode->bi_sectors);
	if (err)
		return err;
	p->sums->nr_files++;
	p->sums->nr_bytes += inode->bi_size;
	inode->bi_mtime = inode->bi_ctime = bch_edit_now(p->fs);
	return bch_put_failed(p, f, bch_edit_inode(p->fs, file, inode));
}

static int put_symlink(struct bch_put *p, const struct bch_put_file *f, const struct bch_file *file,
		       struct bch_inode *inode)
{
	const struct bch_data_file to = { .inum = file->inum,
					  .snapshot = file->snapshot,
					  .opts = bch_io_opts(p->fs, inode) };
	char text[PATH_MAX];
	ssize_t len = readlink(f->path, text, sizeof(text));
	int err;

	if (len < 0)
		return system_error(p, f);
	bch_data_begin(p->data, &to);
	err = bch_data_put(p->data, text, (size_t)len);
	if (!err)
		err = bch_data_end(p->data, &inode->bi_sectors);
	inode->bi_size = (u64)len;
	return err ? err : bch_put_failed(p, f, bch_edit_inode(p->fs, file, inode));
}

/* ------------------------------------------------------------------ a new or an old file */

/* What has the name makes room: a regular file stays, but for its contents. *@stays: it did. */
static int make_room(struct bch_put *p, const struct bch_put_file *f, struct bch_file *file,
		     struct bch_inode *inode, bool *stays)
{
	int err = bch_dir_lookup(p->fs, &f->dir, f->name.p, f->name.len, file);

	*stays = false;
	if (err == -BCH_ERR_not_found)
		return 0;
	if (!err)
		err = bch_file_inode(p->fs, file, inode, NULL);
	if (!err && S_ISDIR(inode->bi_mode))
		err = -BCH_ERR_is_directory;
	if (!err)
		err = bch_data_writer_flush(p->data); /* its data may be on the way still */
	if (err)
		return err;
	*stays = S_ISREG(inode->bi_mode) && S_ISREG(f->st->st_mode);
	return *stays ? bch_edit_delete_all(p->fs, BCH_BTREE_extents, file)
		      : bch_edit_unlink(p->fs, &f->dir, f->name);
}

static int create(struct bch_put *p, const struct bch_put_file *f, struct bch_file *file,
		  struct bch_inode *inode)
{
	struct bch_inode above;
	int err = bch_file_inode(p->fs, &f->dir, &above, NULL);

	if (err)
		return err;
	*inode = bch_edit_new_inode(p->fs, &above, f->st->st_mode & (S_IFMT | 0777));
	if (S_ISCHR(f->st->st_mode) || S_ISBLK(f->st->st_mode))
		inode->bi_dev = major(f->st->st_rdev) << DEV_MINOR_BITS | minor(f->st->st_rdev);
	return bch_edit_create(p->fs, &f->dir, f->name, inode, file);
}

static bool is_left_out(struct bch_put *p, const struct bch_put_file *f)
{
	mode_t mode = f->st->st_mode;

	if (bch_put_all(p) || S_ISREG(mode) || S_ISLNK(mode))
		return false;
	bch_log(p->fs->ctx, BCH_LOG_warn, "%s: left out: a %s", f->path,
		S_ISFIFO(mode)	 ? "fifo"
		: S_ISSOCK(mode) ? "socket"
				 : "device");
	p->sums->nr_left_out++;
	return true;
}

int bch_put_file(struct bch_put *p, const struct bch_put_file *f)
{
	struct bch_inode inode;
	struct bch_file file;
	bool stays;
	int err;

	if (is_left_out(p, f))
		return 0;
	err = link_again(p, f);
	if (err)
		return err < 0 ? bch_put_failed(p, f, err) : 0;
	err = make_room(p, f, &file, &inode, &stays);
	if (!err && !stays)
		err = create(p, f, &file, &inode);
	if (!err && f->st->st_nlink > 1)
		err = remember_link(p, f->st, &file);
	if (err)
		return bch_put_failed(p, f, err);
	if (S_ISREG(f->st->st_mode))
		err = put_contents(p, f, &file, &inode);
	else if (S_ISLNK(f->st->st_mode))
		err = put_symlink(p, f, &file, &inode);
	return err || !bch_put_all(p) ? err : bch_put_attributes(p, f, &file);
}
