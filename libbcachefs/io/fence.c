// SPDX-License-Identifier: GPL-2.0-or-later
/* Fence: a device of which some ranges can be written, whatever goes wrong above it. */

#include "io/blkdev.h"

struct fence {
	struct bch_blkdev dev;
	const struct bch_io_range *ranges;
	size_t nr;
};

/* Ranges that touch hold what crosses from one to the next. */
static bool is_within(const struct fence *f, u64 len, u64 offset)
{
	u64 end = offset + len;

	for (size_t i = 0; i < f->nr && offset < end; i++) {
		const struct bch_io_range *r = &f->ranges[i];

		if (offset >= r->start && offset - r->start < r->len)
			offset = r->start + r->len;
	}
	return offset >= end;
}

static int check(struct bch_blkdev *dev, const char *what, u64 len, u64 offset)
{
	if (is_within((struct fence *)dev, len, offset))
		return 0;
	return bch_blkdev_error(dev, -BCH_ERR_refused, what, len, offset);
}

static int fence_write(struct bch_blkdev *dev, const void *buf, size_t len, u64 offset)
{
	int err = check(dev, "write outside of what is ours", len, offset);

	return err ? err : bch_blkdev_write(dev->below, buf, len, offset);
}

static int fence_zero(struct bch_blkdev *dev, u64 len, u64 offset)
{
	int err = check(dev, "zeroing outside of what is ours", len, offset);

	return err ? err : bch_blkdev_zero(dev->below, len, offset);
}

static int fence_discard(struct bch_blkdev *dev, u64 len, u64 offset)
{
	int err = check(dev, "discard outside of what is ours", len, offset);

	return err ? err : bch_blkdev_discard(dev->below, len, offset);
}

static const struct bch_blkdev_ops fence_ops = {
	.write = fence_write,
	.zero = fence_zero,
	.discard = fence_discard,
};

int bch_fence_new(struct bch_blkdev *below, const struct bch_io_range *ranges, size_t nr,
		  struct bch_blkdev **dev)
{
	struct fence *f = bch_blkdev_new_on(below, &fence_ops, sizeof(*f));

	*dev = NULL;
	if (!f)
		return -BCH_ERR_no_memory;
	f->ranges = ranges;
	f->nr = nr;
	*dev = &f->dev;
	return 0;
}
