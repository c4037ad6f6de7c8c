// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault injection: the nth call of a kind fails, for tests. */

#include <stdatomic.h>

#include "io/blkdev.h"

struct faulty {
	struct bch_blkdev dev;
	/*
	 * Each stands alone: which thread gets the fault is anybody's guess, that one does is not.
	 */
	_Atomic u64 calls[BCH_FAULT_NR];   /* so far */
	_Atomic u64 fail_at[BCH_FAULT_NR]; /* which of them; 0: none */
	_Atomic size_t torn;
};

static struct faulty *to_faulty(struct bch_blkdev *dev)
{
	return (struct faulty *)dev;
}

static bool is_due(struct bch_blkdev *dev, enum bch_fault_op op)
{
	struct faulty *f = to_faulty(dev);

	return atomic_fetch_add(&f->calls[op], 1) + 1 == atomic_load(&f->fail_at[op]);
}

static int faulty_read(struct bch_blkdev *dev, void *buf, size_t len, u64 offset)
{
	return is_due(dev, BCH_FAULT_read)
		       ? bch_blkdev_error(dev, -BCH_ERR_injected, "read", len, offset)
		       : bch_blkdev_read(dev->below, buf, len, offset);
}

static int faulty_write(struct bch_blkdev *dev, const void *buf, size_t len, u64 offset)
{
	size_t torn = atomic_load(&to_faulty(dev)->torn);
	int err;

	if (!is_due(dev, BCH_FAULT_write))
		return bch_blkdev_write(dev->below, buf, len, offset);
	err = bch_blkdev_write(dev->below, buf, torn < len ? torn : len, offset);
	return err ? err : bch_blkdev_error(dev, -BCH_ERR_injected, "write", len, offset);
}

static int faulty_flush(struct bch_blkdev *dev)
{
	return is_due(dev, BCH_FAULT_flush)
		       ? bch_error(dev->ctx, -BCH_ERR_injected, "%s: flush", dev->name)
		       : bch_blkdev_flush(dev->below);
}

static int faulty_discard(struct bch_blkdev *dev, u64 len, u64 offset)
{
	return is_due(dev, BCH_FAULT_discard)
		       ? bch_blkdev_error(dev, -BCH_ERR_injected, "discard", len, offset)
		       : bch_blkdev_discard(dev->below, len, offset);
}

static const struct bch_blkdev_ops faulty_ops = {
	.read = faulty_read,
	.write = faulty_write,
	.flush = faulty_flush,
	.discard = faulty_discard,
};

int bch_faulty_new(struct bch_blkdev *below, struct bch_blkdev **dev)
{
	struct faulty *f = bch_blkdev_new_on(below, &faulty_ops, sizeof(*f));

	*dev = f ? &f->dev : NULL;
	return f ? 0 : -BCH_ERR_no_memory;
}

void bch_faulty_set(struct bch_blkdev *dev, enum bch_fault_op op, u64 nth, size_t torn)
{
	struct faulty *f = to_faulty(dev);

	atomic_store(&f->torn, torn);
	atomic_store(&f->fail_at[op], nth ? atomic_load(&f->calls[op]) + nth : 0);
}
