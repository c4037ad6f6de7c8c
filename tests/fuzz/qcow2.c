// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: a qcow2 file: its header and tables, what it says that it holds, reads here and there. */

#include "filesystem.h"
#include "fuzz.h"

#include "io/blkdev.h"
#include "io/qcow2.h"

#define NR_RUNS 64 /* a small file may describe a huge device */

static void read_at(struct bch_blkdev *dev, u64 offset)
{
	u8 buf[3000];
	u64 left = dev->geometry.size - offset;
	int err;

	/* damage is an error, and nothing else is */
	err = bch_blkdev_read(dev, buf, left < sizeof(buf) ? (size_t)left : sizeof(buf), offset);
	if (err && err != -BCH_ERR_io && err != -BCH_ERR_not_supported)
		abort();
}

static void walk(struct bch_blkdev *dev)
{
	u64 size = dev->geometry.size, offset = 0, start, len;

	for (u32 i = 0; i < NR_RUNS && bch_qcow2_next(dev, offset, &start, &len) > 0; i++) {
		if (start < offset || start >= size || !len || len > size - start)
			abort();
		read_at(dev, start);
		read_at(dev, start + len);
		offset = start + len;
	}
	read_at(dev, size / 2);
	read_at(dev, size);
}

void fuzz(struct bch_bytes input)
{
	static const struct bch_blkdev_ops ops = { .read = fuzz_dev_read };
	struct bch_ctx *ctx = bch_ctx_new(NULL, NULL);
	struct fuzz_dev *file = bch_blkdev_new(ctx, "fuzz", &ops, sizeof(*file));
	struct bch_blkdev *dev = &file->dev;

	file->bytes = input;
	dev->geometry = (struct bch_blkdev_geometry){ .size = input.len,
						      .logical_block_size = 512,
						      .physical_block_size = 512 };
	if (!bch_qcow2_stack(&dev) && bch_blkdev_is_qcow2(dev))
		walk(dev);
	(void)bch_blkdev_close(dev);
	bch_ctx_free(ctx);
}
