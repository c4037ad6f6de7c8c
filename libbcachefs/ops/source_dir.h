/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A directory as a source, for the files of this folder. */

#ifndef BCHFS_OPS_SOURCE_DIR_H
#define BCHFS_OPS_SOURCE_DIR_H

#include "ops/source.h"

#define BCH_SOURCE_FDS 64 /* directories that are open at once */

struct bch_source_ahead;

/*
 * The directories from the root to the one that is being looked at, open: no path is ever resolved by the system, so no
 * symlink that somebody puts there meanwhile is followed. Of deeper ones the last alone.
 */
struct bch_source_dir {
	struct {
		u32 dir;
		int fd;
	} open[BCH_SOURCE_FDS];
	u32 nr_open;
	BCH_ARRAY(u32) way; /* to the directory that is wanted, from there to the root */
	int file;	    /* -1: none is open */
	u32 file_idx;
	bool is_whole; /* it has no holes */
	struct bch_source_ahead *ahead;
};

/* The op of that name; and its end, before the directories are closed. NULL is nothing. */
void bch_source_dir_ahead(struct bch_source *s, size_t at);
void bch_source_ahead_free(struct bch_source_ahead *ahead);

/* The descriptor of a directory of the tree, valid until the next call. Errors are said. */
int bch_source_dir_fd(struct bch_source *s, u32 dir, int *fd);

/* In nanoseconds since 1970, the first or last that these can say. */
struct statx_timestamp;
s64 bch_source_time(const struct statx_timestamp *t);

extern const struct bch_source_ops bch_source_dir_ops;

#endif
