/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For fuzz targets: the filesystem that keys are judged by (sb_build.h), a device in memory. */

#ifndef BCHFS_TESTS_FUZZ_FILESYSTEM_H
#define BCHFS_TESTS_FUZZ_FILESYSTEM_H

#include "../ondisk/sb_build.h"
#include "io/io.h"
#include "ondisk/keys.h"

static inline const struct bch_key_fs *fuzz_key_fs(void)
{
	static struct bch_super super;
	static struct bch_key_fs fs;
	/* two types are known by their size alone */
	static const u8 extent_type_u64s[] = { 1, 1, 2, 3, 1, 1, 1, 1, 1, 2, 255 };

	if (!super.sb) {
		super = sb_build_small(BCH_VERSION(1, 13));
		sb_build_put(&super, BCH_SECTION_extent_type_u64s, extent_type_u64s,
			     sizeof(extent_type_u64s));
		bch_key_fs_init(&fs, &super);
	}
	return &fs;
}

/* Whose bytes are @bytes. Its name is not owned: it is not to be closed. */
struct fuzz_dev {
	struct bch_blkdev dev;
	struct bch_bytes bytes;
};

static inline int fuzz_dev_read(struct bch_blkdev *dev, void *buf, size_t len, u64 offset)
{
	const void *from = bch_bytes_view(((struct fuzz_dev *)dev)->bytes, offset, len);

	if (!from)
		return -BCH_ERR_io;
	memcpy(buf, from, len);
	return 0;
}

static inline struct fuzz_dev fuzz_dev(struct bch_ctx *ctx, struct bch_bytes bytes)
{
	static const struct bch_blkdev_ops ops = { .read = fuzz_dev_read };
	static char name[] = "fuzz";

	return (struct fuzz_dev){ .dev = { .ops = &ops,
					   .ctx = ctx,
					   .name = name,
					   .geometry = { .size = bytes.len,
							 .logical_block_size = 512,
							 .physical_block_size = 512 } },
				  .bytes = bytes };
}

#endif
