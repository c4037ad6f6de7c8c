/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kinds of block devices share: how one begins, its words for an error, files below it. */

#ifndef BCHFS_IO_BLKDEV_H
#define BCHFS_IO_BLKDEV_H

#include <sys/stat.h>

#include "io/io.h"

/*
 * The beginning of a kind: @size zeroed bytes, the first of them a struct bch_blkdev with @ops and
 * a copy of @name. Freed by bch_blkdev_close(). NULL where memory is out, which is said.
 */
void *bch_blkdev_new(struct bch_ctx *ctx, const char *name, const struct bch_blkdev_ops *ops,
		     size_t size);

/*
 * The same on top of @below, with its name and geometry. @below is taken: where it fails it is
 * closed.
 */
void *bch_blkdev_new_on(struct bch_blkdev *below, const struct bch_blkdev_ops *ops, size_t size);

/*
 * Says "NAME: read of 512 bytes at 4096" for @err, which it gives back. @what is "read", "write"
 * ...
 */
int bch_blkdev_error(struct bch_blkdev *dev, int err, const char *what, u64 len, u64 offset);

/*
 * open(2) for block devices and regular files only, which never waits and has no effect on anything
 * else. Returns the descriptor, and in @st what it is; or an error, said.
 */
int bch_file_open(struct bch_ctx *ctx, const char *path, int flags, struct stat *st);

/* Complete transfers. Errors are not said; -BCH_ERR_short_read at the end of the file. */
int bch_fd_read(int fd, void *buf, size_t len, u64 offset) bch_must_check;
int bch_fd_write(int fd, const void *buf, size_t len, u64 offset) bch_must_check;

#endif
