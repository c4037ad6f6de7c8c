// SPDX-License-Identifier: GPL-2.0-or-later
/* Block devices: bounds, the way to the kind's own functions, closing what is stacked. */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "io/blkdev.h"

static const u8 zeroes[64 << 10];

void *bch_blkdev_new(struct bch_ctx *ctx, const char *name, const struct bch_blkdev_ops *ops,
		     size_t size)
{
	struct bch_blkdev *dev = bch_calloc(1, size);

	if (dev)
		dev->name = strdup(name);
	if (!dev || !dev->name) {
		free(dev);
		bch_error(ctx, -BCH_ERR_no_memory, "%s", name);
		return NULL;
	}
	dev->ctx = ctx;
	dev->ops = ops;
	return dev;
}

void *bch_blkdev_new_on(struct bch_blkdev *below, const struct bch_blkdev_ops *ops, size_t size)
{
	struct bch_blkdev *dev = bch_blkdev_new(below->ctx, below->name, ops, size);

	if (!dev) {
		(void)bch_blkdev_close(below); /* nothing was written through it yet */
		return NULL;
	}
	dev->below = below;
	dev->geometry = below->geometry;
	dev->writable = below->writable;
	return dev;
}

int bch_blkdev_error(struct bch_blkdev *dev, int err, const char *what, u64 len, u64 offset)
{
	return bch_error(dev->ctx, err, "%s: %s of %" PRIu64 " bytes at %" PRIu64, dev->name, what,
			 len, offset);
}

static bool lies_within(const struct bch_blkdev *dev, u64 len, u64 offset)
{
	return offset <= dev->geometry.size && len <= dev->geometry.size - offset;
}

static int check_change(struct bch_blkdev *dev, const char *what, u64 len, u64 offset)
{
	if (!dev->writable)
		return bch_blkdev_error(dev, -BCH_ERR_read_only, what, len, offset);
	if (!lies_within(dev, len, offset))
		return bch_blkdev_error(dev, -BCH_ERR_short_write, what, len, offset);
	return 0;
}

int bch_blkdev_read(struct bch_blkdev *dev, void *buf, size_t len, u64 offset)
{
	if (!lies_within(dev, len, offset))
		return bch_blkdev_error(dev, -BCH_ERR_short_read, "read", len, offset);
	while (!dev->ops->read)
		dev = dev->below;
	return dev->ops->read(dev, buf, len, offset);
}

int bch_blkdev_write(struct bch_blkdev *dev, const void *buf, size_t len, u64 offset)
{
	int err = check_change(dev, "write", len, offset);

	return err ? err : dev->ops->write(dev, buf, len, offset);
}

static int write_zeroes(struct bch_blkdev *dev, u64 len, u64 offset)
{
	int err = 0;

	while (len && !err) {
		size_t n = len < sizeof(zeroes) ? (size_t)len : sizeof(zeroes);

		err = dev->ops->write(dev, zeroes, n, offset);
		len -= n;
		offset += n;
	}
	return err;
}

int bch_blkdev_zero(struct bch_blkdev *dev, u64 len, u64 offset)
{
	int err = check_change(dev, "zeroing", len, offset);

	if (err)
		return err;
	err = dev->ops->zero ? dev->ops->zero(dev, len, offset) : -BCH_ERR_not_supported;
	return err == -BCH_ERR_not_supported ? write_zeroes(dev, len, offset) : err;
}

int bch_blkdev_flush(struct bch_blkdev *dev)
{
	while (!dev->ops->flush)
		dev = dev->below;
	return dev->ops->flush(dev);
}

void bch_blkdev_read_ahead(struct bch_blkdev *dev, u64 len, u64 offset)
{
	while (dev && !dev->ops->read_ahead)
		dev = dev->below;
	if (dev)
		dev->ops->read_ahead(dev, len, offset);
}

void bch_blkdev_write_behind(struct bch_blkdev *dev)
{
	while (dev && !dev->ops->write_behind)
		dev = dev->below;
	if (dev)
		dev->ops->write_behind(dev);
}

int bch_blkdev_discard(struct bch_blkdev *dev, u64 len, u64 offset)
{
	int err = check_change(dev, "discard", len, offset);

	return err || !dev->ops->discard ? err : dev->ops->discard(dev, len, offset);
}

int bch_blkdev_resize(struct bch_blkdev *dev, u64 size)
{
	int err = -BCH_ERR_not_supported;

	if (!dev->writable)
		return bch_blkdev_error(dev, -BCH_ERR_read_only, "resizing", size, 0);
	if (dev->ops->resize)
		err = dev->ops->resize(dev, size);
	else if (dev->below)
		err = bch_blkdev_resize(dev->below, size);
	if (!err)
		dev->geometry.size = size;
	return err;
}

int bch_blkdev_close(struct bch_blkdev *dev)
{
	int err = 0;

	while (dev) {
		struct bch_blkdev *below = dev->below;
		int dev_err = dev->ops->close ? dev->ops->close(dev) : 0;

		err = err ? err : dev_err;
		free(dev->name);
		free(dev);
		dev = below;
	}
	return err;
}
