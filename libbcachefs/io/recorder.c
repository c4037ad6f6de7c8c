// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Write recorder, for crash tests: what was done to several devices, in one order.
 *
 * A write is entered when it has ended, a flush when it begins: what stands before a flush is what
 * that flush makes durable, also where threads write meanwhile. A write that failed is entered too.
 */

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/memory.h"
#include "io/blkdev.h"

struct kept {
	struct bch_record_entry entry;
	void *data; /* the entry's; NULL but for writes */
};

struct bch_record {
	pthread_mutex_t lock; /* guards all that follows */
	BCH_ARRAY(struct kept) entries;
	u32 nr_devs;
};

struct recorder {
	struct bch_blkdev dev;
	struct bch_record *record;
	u32 dev_nr;
};

static struct recorder *to_recorder(struct bch_blkdev *dev)
{
	return (struct recorder *)dev;
}

/* Takes @data. */
static int add(struct bch_blkdev *dev, struct bch_record_entry entry, void *data)
{
	struct recorder *r = to_recorder(dev);
	int err;

	entry.dev_nr = r->dev_nr;
	entry.data = data;
	pthread_mutex_lock(&r->record->lock);
	err = bch_array_push(&r->record->entries, ((struct kept){ entry, data }));
	pthread_mutex_unlock(&r->record->lock);
	if (!err)
		return 0;
	free(data);
	return bch_error(dev->ctx, err, "%s: record", dev->name);
}

static int recorder_write(struct bch_blkdev *dev, const void *buf, size_t len, u64 offset)
{
	struct bch_record_entry entry = { .op = BCH_RECORD_write, .offset = offset, .len = len };
	void *data = bch_malloc(len + !len);
	int err, add_err;

	if (!data)
		return bch_blkdev_error(dev, -BCH_ERR_no_memory, "write", len, offset);
	memcpy(data, buf, len);
	err = bch_blkdev_write(dev->below, buf, len, offset);
	add_err = add(dev, entry, data);
	return err ? err : add_err;
}

static int recorder_flush(struct bch_blkdev *dev)
{
	int err = add(dev, (struct bch_record_entry){ .op = BCH_RECORD_flush }, NULL);

	return err ? err : bch_blkdev_flush(dev->below);
}

static int recorder_discard(struct bch_blkdev *dev, u64 len, u64 offset)
{
	struct bch_record_entry entry = { .op = BCH_RECORD_discard, .offset = offset, .len = len };
	int err = add(dev, entry, NULL);

	return err ? err : bch_blkdev_discard(dev->below, len, offset);
}

static const struct bch_blkdev_ops recorder_ops = {
	.write = recorder_write,
	.flush = recorder_flush,
	.discard = recorder_discard,
};

int bch_record_new(struct bch_record **record)
{
	*record = bch_calloc(1, sizeof(**record));
	if (!*record)
		return -BCH_ERR_no_memory;
	pthread_mutex_init(&(*record)->lock, NULL);
	return 0;
}

void bch_record_free(struct bch_record *record)
{
	if (!record)
		return;
	for (size_t i = 0; i < record->entries.nr; i++)
		free(record->entries.v[i].data);
	bch_array_end(&record->entries);
	pthread_mutex_destroy(&record->lock);
	free(record);
}

int bch_record_stack(struct bch_record *record, struct bch_blkdev *below, struct bch_blkdev **dev)
{
	struct recorder *r = bch_blkdev_new_on(below, &recorder_ops, sizeof(*r));

	*dev = NULL;
	if (!r)
		return -BCH_ERR_no_memory;
	r->record = record;
	r->dev_nr = record->nr_devs++;
	*dev = &r->dev;
	return 0;
}

size_t bch_record_nr(const struct bch_record *record)
{
	return record->entries.nr;
}

struct bch_record_entry bch_record_at(const struct bch_record *record, size_t nr)
{
	return record->entries.v[nr].entry;
}
