// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Overlay: writes stay in memory, in whole pages.
 *
 * A page that is filled covers the device below; its bytes change under the lock. A page is read
 * from below before the lock is taken: until it is filled nothing else can be what it has to hold.
 */

#include <pthread.h>
#include <string.h>

#include "base/radix.h"
#include "io/blkdev.h"

struct page {
	bool filled;
	u8 bytes[BCH_OVERLAY_PAGE];
};

struct overlay {
	struct bch_blkdev dev;
	pthread_mutex_t lock;	/* guards pages and what is in them */
	struct bch_radix pages; /* by offset / BCH_OVERLAY_PAGE */
};

static struct overlay *to_overlay(struct bch_blkdev *dev)
{
	return (struct overlay *)dev;
}

/* The part of a request that lies in its first page. */
struct part {
	u64 page_nr;
	size_t skip, len;
};

static struct part first_part(size_t len, u64 offset)
{
	size_t skip = (size_t)(offset % BCH_OVERLAY_PAGE);
	size_t room = BCH_OVERLAY_PAGE - skip;

	return (struct part){ offset / BCH_OVERLAY_PAGE, skip, len < room ? len : room };
}

/* The last page of a device may be short. */
static size_t page_len(const struct bch_blkdev *dev, u64 page_nr)
{
	u64 left = dev->geometry.size - page_nr * BCH_OVERLAY_PAGE;

	return left < BCH_OVERLAY_PAGE ? (size_t)left : BCH_OVERLAY_PAGE;
}

/* The page, if it covers the one below. Under the lock. */
static struct page *filled_page(struct overlay *o, u64 page_nr)
{
	struct page *page = bch_radix_get(&o->pages, page_nr);

	return page && page->filled ? page : NULL;
}

static bool read_page(struct overlay *o, struct part part, void *buf)
{
	struct page *page;

	pthread_mutex_lock(&o->lock);
	page = filled_page(o, part.page_nr);
	if (page)
		memcpy(buf, page->bytes + part.skip, part.len);
	pthread_mutex_unlock(&o->lock);
	return page;
}

/* It may have grown past what is below. */
static int read_below(struct bch_blkdev *dev, u8 *buf, size_t len, u64 offset)
{
	u64 size = dev->below->geometry.size;
	size_t n = offset >= size ? 0 : size - offset < len ? (size_t)(size - offset) : len;

	memset(buf + n, 0, len - n);
	return n ? bch_blkdev_read(dev->below, buf, n, offset) : 0;
}

static int overlay_read(struct bch_blkdev *dev, void *buf, size_t len, u64 offset)
{
	u8 *p = buf;
	int err = 0;

	while (len && !err) {
		struct part part = first_part(len, offset);

		if (!read_page(to_overlay(dev), part, p))
			err = read_below(dev, p, part.len, offset);
		p += part.len;
		len -= part.len;
		offset += part.len;
	}
	return err;
}

static bool is_filled(struct overlay *o, u64 page_nr)
{
	bool filled;

	pthread_mutex_lock(&o->lock);
	filled = filled_page(o, page_nr);
	pthread_mutex_unlock(&o->lock);
	return filled;
}

/* @below is used where no other thread has filled the page. */
static int fill_and_change(struct overlay *o, struct part part, const void *below, const void *buf)
{
	struct page *page;

	pthread_mutex_lock(&o->lock);
	page = bch_radix_make(&o->pages, part.page_nr);
	if (page) {
		if (!page->filled)
			memcpy(page->bytes, below, BCH_OVERLAY_PAGE);
		memcpy(page->bytes + part.skip, buf, part.len);
		page->filled = true;
	}
	pthread_mutex_unlock(&o->lock);
	return page ? 0 : -BCH_ERR_no_memory;
}

static int write_part(struct bch_blkdev *dev, struct part part, const void *buf)
{
	struct overlay *o = to_overlay(dev);
	size_t len = page_len(dev, part.page_nr);
	u8 below[BCH_OVERLAY_PAGE] = { 0 };
	int err = 0;

	if (part.len < len && !is_filled(o, part.page_nr))
		err = read_below(dev, below, len, part.page_nr * BCH_OVERLAY_PAGE);
	if (err)
		return err;
	err = fill_and_change(o, part, below, buf);
	return err ? bch_blkdev_error(dev, err, "write", part.len,
				      part.page_nr * BCH_OVERLAY_PAGE + part.skip)
		   : 0;
}

static int overlay_write(struct bch_blkdev *dev, const void *buf, size_t len, u64 offset)
{
	const u8 *p = buf;
	int err = 0;

	while (len && !err) {
		struct part part = first_part(len, offset);

		err = write_part(dev, part, p);
		p += part.len;
		len -= part.len;
		offset += part.len;
	}
	return err;
}

/* Nothing of it is durable, ever. */
static int overlay_flush(struct bch_blkdev *dev)
{
	(void)dev;
	return 0;
}

static int overlay_resize(struct bch_blkdev *dev, u64 size)
{
	(void)size;
	return dev->geometry.is_block ? -BCH_ERR_not_supported : 0;
}

static int overlay_close(struct bch_blkdev *dev)
{
	struct overlay *o = to_overlay(dev);

	bch_radix_end(&o->pages);
	pthread_mutex_destroy(&o->lock);
	return 0;
}

static const struct bch_blkdev_ops overlay_ops = {
	.read = overlay_read,
	.write = overlay_write,
	.flush = overlay_flush,
	.resize = overlay_resize,
	.close = overlay_close,
};

int bch_overlay_new(struct bch_blkdev *below, struct bch_blkdev **dev)
{
	struct overlay *o = bch_blkdev_new_on(below, &overlay_ops, sizeof(*o));

	*dev = NULL;
	if (!o)
		return -BCH_ERR_no_memory;
	o->dev.writable = true;
	o->pages = BCH_RADIX(sizeof(struct page));
	pthread_mutex_init(&o->lock, NULL);
	*dev = &o->dev;
	return 0;
}

int bch_overlay_each(struct bch_blkdev *dev,
		     int (*fn)(void *arg, const void *buf, size_t len, u64 offset), void *arg)
{
	struct overlay *o = to_overlay(dev);
	struct page *page;
	int err = 0;

	for (u64 nr = 0; !err && (page = bch_radix_next(&o->pages, &nr)); nr++)
		if (page->filled)
			err = fn(arg, page->bytes, page_len(dev, nr), nr * BCH_OVERLAY_PAGE);
	return err;
}
