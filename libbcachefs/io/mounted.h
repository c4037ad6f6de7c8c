/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bch_blkdev_mounted() in a system that lies elsewhere. */

#ifndef BCHFS_IO_MOUNTED_H
#define BCHFS_IO_MOUNTED_H

#include "io/io.h"

/* As bch_blkdev_mounted(), with proc and sys found below @root, "" for the system's own. */
int bch_mounted_below(struct bch_ctx *ctx, const char *root, const char *path, char **where);

#endif
