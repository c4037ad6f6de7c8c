/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A member that gets another size, for those who change it. */

#ifndef BCHFS_OPS_RESIZE_PRIVATE_H
#define BCHFS_OPS_RESIZE_PRIVATE_H

#include <bcachefs/device.h>

#include "ops/members.h"

struct bch_resize {
	struct bch_fs *fs;
	u32 dev_idx;
	const struct bch_resize_opts *opts;
	struct bch_resize_result *result;
	u64 bucket;   /* bytes */
	u64 old, new; /* buckets */
};

/* Fewer buckets than now. Errors are said. */
int bch_resize_shrink(struct bch_resize *r);

#endif
