/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of format share. */

#ifndef BCHFS_OPS_FORMAT_PRIVATE_H
#define BCHFS_OPS_FORMAT_PRIVATE_H

#include <bcachefs/format.h>
#include "ops/source.h"
#include "super/super.h"

struct bch_format_geometry {
	u64 size; /* bytes of the device that are used */
	u32 bucket_size;
};

/* A filesystem in the making. */
struct bch_format {
	struct bch_ctx *ctx;
	const struct bch_format_opts *opts;
	size_t nr_devs;
	struct bch_fs *fs;		      /* its members are the devices, open */
	struct bch_format_geometry *geometry; /* one a device */
	struct bch_source *source;	      /* NULL: none */
	u64 total_size;
	u64 encoded_extent_max;
	u32 block_size, btree_node_size; /* bytes */
};

/* Makes what is in a new filesystem, whose superblocks are written; durable when it returns 0. */
int bch_format_initialise(struct bch_format *f);

/* Sizes, from the options and the open devices. Errors are said. */
int bch_format_choose_geometry(struct bch_format *f);

#endif
