/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local files on their way into a filesystem: what the files of put give each other. CLI 14.2. */

#ifndef BCHFS_OPS_PUT_H
#define BCHFS_OPS_PUT_H

#include <sys/stat.h>

#include "base/map.h"
#include "ops/edit.h"

/* A local file of several names that was put under one of them. */
struct bch_put_link {
	struct bch_map_node node;
	dev_t dev;
	ino_t ino;
	struct bch_file file;
};

struct bch_put {
	struct bch_fs *fs;
	const struct bch_put_opts *opts;
	struct bch_put_sums *sums;
	struct bch_data_writer *data;
	struct bch_map links; /* by device and inode */
};

/* A local file, and where it is to go. */
struct bch_put_file {
	const char *path;
	const struct stat *st;
	struct bch_file dir;
	struct bch_name name;
};

static inline bool bch_put_all(const struct bch_put *p)
{
	return p->opts->flags & BCH_PUT_ALL;
}

/* Says where it was to go; 0 stays 0. */
int bch_put_failed(const struct bch_put *p, const struct bch_put_file *f, int err);

/* One that is no directory. Errors are said. */
int bch_put_file(struct bch_put *p, const struct bch_put_file *f);

/* Owner, mode, times and attributes of the local file. */
int bch_put_attributes(struct bch_put *p, const struct bch_put_file *f,
		       const struct bch_file *file);

/* Frees what was remembered of hard links. */
void bch_put_links_end(struct bch_put *p);

#endif
