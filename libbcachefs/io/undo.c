// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Undo log: what is overwritten goes to a file first. Layout of the file: undo.h.
 *
 * A block's bit in saved is set once its old contents are durable in the file, and only then is a
 * write to it passed on. The lock is held over the whole step, I/O included: a second writer of the
 * same block has to wait until it is durable, and records go to the file one by one.
 */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/array.h"
#include "base/checked.h"
#include "base/memory.h"
#include "base/radix.h"
#include "io/blkdev.h"
#include "io/undo.h"

struct bch_undo {
	struct bch_ctx *ctx;
	char *path;
	int fd;
	u64 id;
	pthread_mutex_t lock; /* guards all that follows, and the devices' saved and ranges */
	u64 end;	      /* of the file: the next record's place */
	u32 nr_devs;
	bool any; /* range is in it */
	u8 *buf;  /* a record and its payload */
};

struct range {
	u64 offset;
	size_t len;
};

struct undo_dev {
	struct bch_blkdev dev;
	struct bch_undo *undo;
	u32 nr;
	u64 size;		/* when the command began: what is behind it was not there */
	struct bch_radix saved; /* u64 each: a bit for each of 64 blocks */
	BCH_ARRAY(struct range) ranges;
};

static struct undo_dev *to_undo_dev(struct bch_blkdev *dev)
{
	return (struct undo_dev *)dev;
}

static u8 *payload(struct bch_undo *undo)
{
	return undo->buf + sizeof(struct undo_record);
}

static le64 payload_csum(struct bch_undo *undo, size_t len)
{
	return le64_of(XXH64(payload(undo), len, undo->id));
}

/* Makes a record durable, whose payload is in the buffer and whose checksum of it is set. */
static int append(struct bch_undo *undo, struct undo_record record, size_t payload_len)
{
	size_t used = sizeof(record) + payload_len;
	u64 len;
	int err;

	(void)bch_round_up(used, BCH_UNDO_ALIGN, &len);
	record.payload_len = le32_of((u32)payload_len);
	record.csum = le64_of(undo_record_csum(&record, undo->id, undo->end));
	memcpy(undo->buf, &record, sizeof(record));
	memset(undo->buf + used, 0, (size_t)len - used);

	err = bch_fd_write(undo->fd, undo->buf, (size_t)len, undo->end);
	if (!err && fdatasync(undo->fd))
		err = bch_errno(errno);
	if (err)
		return bch_error(undo->ctx, err, "%s", undo->path);
	undo->end += len;
	return 0;
}

static bool is_saved(const struct undo_dev *d, u64 block)
{
	const u64 *bits = bch_radix_get(&d->saved, block / 64);

	return bits && *bits >> block % 64 & 1;
}

/* All the memory that it takes to note a run: nothing is to fail when it is in the file. */
static int reserve(struct undo_dev *d, u64 block, u64 nr_blocks)
{
	int err = bch_array_reserve(&d->ranges, d->ranges.nr + 1);

	for (u64 i = block / 64; i <= (block + nr_blocks - 1) / 64 && !err; i++)
		if (!bch_radix_make(&d->saved, i))
			err = -BCH_ERR_no_memory;
	return err ? bch_error(d->undo->ctx, err, "%s", d->undo->path) : 0;
}

static void mark_saved(struct undo_dev *d, u64 block, u64 nr_blocks)
{
	for (u64 i = block; i < block + nr_blocks; i++) {
		u64 *bits = bch_radix_get(&d->saved, i / 64);

		*bits |= 1ULL << i % 64;
	}
}

/* Blocks from @block on, before @end, that are not saved and fit into one record. */
static u64 unsaved_run(const struct undo_dev *d, u64 block, u64 end)
{
	u64 nr = 0;

	while (block + nr < end && nr < BCH_UNDO_PAYLOAD_MAX / BCH_UNDO_BLOCK &&
	       !is_saved(d, block + nr))
		nr++;
	return nr;
}

static int save_range(struct undo_dev *d, struct range range)
{
	struct bch_undo *undo = d->undo;
	struct bch_bytes old = { payload(undo), range.len };
	struct undo_record record = {
		.dev_nr = le32_of(d->nr),
		.offset = le64_of(range.offset),
		.len = le32_of((u32)range.len),
	};
	bool zeroes;
	int err = bch_blkdev_read(d->dev.below, payload(undo), range.len, range.offset);

	if (err)
		return err;
	zeroes = bch_bytes_are_zero(old);
	record.type = le32_of(zeroes ? UNDO_zeroes : UNDO_data);
	record.payload_csum = payload_csum(undo, range.len);
	return append(undo, record, zeroes ? 0 : range.len);
}

/* The blocks are marked last: what fails leaves them to be saved again, as they still are. */
static int save_run(struct undo_dev *d, u64 block, u64 nr_blocks)
{
	u64 offset = block * BCH_UNDO_BLOCK;
	u64 left = d->size - offset;
	u64 len = nr_blocks * BCH_UNDO_BLOCK;
	struct range range = { offset, (size_t)(len < left ? len : left) };
	int err = reserve(d, block, nr_blocks);

	if (!err)
		err = save_range(d, range);
	if (err)
		return err;
	d->ranges.v[d->ranges.nr++] = range;
	d->undo->any = true;
	mark_saved(d, block, nr_blocks);
	return 0;
}

static int save(struct undo_dev *d, size_t len, u64 offset)
{
	u64 block = offset / BCH_UNDO_BLOCK;
	u64 bytes_end = offset + len < d->size ? offset + len : d->size;
	u64 end = (bytes_end + BCH_UNDO_BLOCK - 1) / BCH_UNDO_BLOCK;
	int err = 0;

	while (block < end && !err) {
		u64 nr_blocks = unsaved_run(d, block, end);

		if (nr_blocks)
			err = save_run(d, block, nr_blocks);
		block += nr_blocks + !nr_blocks;
	}
	return err;
}

static int undo_write(struct bch_blkdev *dev, const void *buf, size_t len, u64 offset)
{
	struct undo_dev *d = to_undo_dev(dev);
	int err;

	pthread_mutex_lock(&d->undo->lock);
	err = save(d, len, offset);
	pthread_mutex_unlock(&d->undo->lock);
	return err ? err : bch_blkdev_write(dev->below, buf, len, offset);
}

/* Sums of what the ranges hold now, from @nr on, as many as fit into a record. */
static int append_sums(struct undo_dev *d, size_t nr, size_t nr_sums)
{
	struct bch_undo *undo = d->undo;
	struct undo_record record = { .type = le32_of(UNDO_sums), .dev_nr = le32_of(d->nr) };
	le64 *sums = bch_calloc(nr_sums, sizeof(*sums));
	int err = sums ? 0 : bch_error(undo->ctx, -BCH_ERR_no_memory, "%s", undo->path);

	for (size_t i = 0; i < nr_sums && !err; i++) {
		struct range range = d->ranges.v[nr + i];

		err = bch_blkdev_read(d->dev.below, payload(undo), range.len, range.offset);
		if (!err)
			sums[i] = payload_csum(undo, range.len);
	}
	if (!err) {
		memcpy(payload(undo), sums, nr_sums * sizeof(*sums));
		record.payload_csum = payload_csum(undo, nr_sums * sizeof(*sums));
		err = append(undo, record, nr_sums * sizeof(*sums));
	}
	free(sums);
	return err;
}

static int append_all_sums(struct undo_dev *d)
{
	const size_t max = BCH_UNDO_PAYLOAD_MAX / sizeof(le64);
	int err = 0;

	for (size_t nr = 0; nr < d->ranges.nr && !err; nr += max)
		err = append_sums(d, nr, d->ranges.nr - nr < max ? d->ranges.nr - nr : max);
	return err;
}

static int undo_dev_close(struct bch_blkdev *dev)
{
	struct undo_dev *d = to_undo_dev(dev);
	int err;

	pthread_mutex_lock(&d->undo->lock);
	err = append_all_sums(d);
	pthread_mutex_unlock(&d->undo->lock);
	bch_radix_end(&d->saved);
	bch_array_end(&d->ranges);
	return err;
}

/*
 * The end of the file stays, or nobody could put it back. Of one that grows a block is saved, so that there is something to
 * put back, with which it ends where it ended.
 */
static int undo_resize(struct bch_blkdev *dev, u64 size)
{
	struct undo_dev *d = to_undo_dev(dev);
	int err;

	if (size < d->size)
		return -BCH_ERR_not_supported;
	pthread_mutex_lock(&d->undo->lock);
	err = save(d, 1, 0);
	pthread_mutex_unlock(&d->undo->lock);
	return err ? err : bch_blkdev_resize(dev->below, size);
}

static const struct bch_blkdev_ops undo_ops = {
	.write = undo_write,
	.resize = undo_resize,
	.close = undo_dev_close,
};

static int append_device(struct undo_dev *d, u32 dev_idx, const u8 dev_uuid[16])
{
	struct bch_undo *undo = d->undo;
	struct undo_record record = { .type = le32_of(UNDO_device), .dev_nr = le32_of(d->nr) };
	struct undo_device device = {
		.size = le64_of(d->dev.geometry.size),
		.idx = le32_of(dev_idx),
	};
	size_t name_len = strnlen(d->dev.name, BCH_UNDO_NAME_MAX);

	memcpy(device.uuid, dev_uuid, sizeof(device.uuid));
	memcpy(payload(undo), &device, sizeof(device));
	memcpy(payload(undo) + sizeof(device), d->dev.name, name_len);
	record.payload_csum = payload_csum(undo, sizeof(device) + name_len);
	return append(undo, record, sizeof(device) + name_len);
}

int bch_undo_stack(struct bch_undo *undo, struct bch_blkdev *below, u32 dev_idx,
		   const u8 dev_uuid[16], struct bch_blkdev **dev)
{
	struct undo_dev *d = bch_blkdev_new_on(below, &undo_ops, sizeof(*d));
	int err;

	*dev = NULL;
	if (!d)
		return -BCH_ERR_no_memory;
	d->undo = undo;
	d->size = below->geometry.size;
	d->saved = BCH_RADIX(sizeof(u64));

	pthread_mutex_lock(&undo->lock);
	d->nr = undo->nr_devs;
	err = append_device(d, dev_idx, dev_uuid);
	undo->nr_devs += !err;
	pthread_mutex_unlock(&undo->lock);
	if (err) {
		(void)bch_blkdev_close(&d->dev);
		return err;
	}
	*dev = &d->dev;
	return 0;
}

static void undo_free(struct bch_undo *undo)
{
	if (undo->fd >= 0)
		close(undo->fd);
	pthread_mutex_destroy(&undo->lock);
	free(undo->buf);
	free(undo->path);
	free(undo);
}

static struct bch_undo *undo_new(struct bch_ctx *ctx, const char *path)
{
	struct bch_undo *undo = bch_calloc(1, sizeof(*undo));

	if (!undo)
		return NULL;
	pthread_mutex_init(&undo->lock, NULL);
	undo->ctx = ctx;
	undo->fd = -1;
	undo->path = strdup(path);
	undo->buf = bch_malloc(BCH_UNDO_RECORD_MAX);
	if (undo->path && undo->buf)
		return undo;
	undo_free(undo);
	return NULL;
}

static int write_header(struct bch_undo *undo, const struct bch_undo_header *header)
{
	size_t command_len = strnlen(header->command, BCH_UNDO_COMMAND_MAX - 1);
	struct undo_header h = {
		.magic = BCH_UNDO_MAGIC,
		.version = le32_of(BCH_UNDO_VERSION),
		.sb_seq = le64_of(header->sb_seq),
		.time = le64_of(header->time),
		.id = le64_of(undo->id),
	};
	u64 len;

	(void)bch_round_up(sizeof(h) + command_len + 1, BCH_UNDO_ALIGN, &len);
	h.len = le32_of((u32)len);
	memcpy(h.fs_uuid, header->fs_uuid, sizeof(h.fs_uuid));
	memset(undo->buf, 0, (size_t)len);
	memcpy(undo->buf, &h, sizeof(h));
	memcpy(undo->buf + sizeof(h), header->command, command_len);
	h.csum = le64_of(XXH64(undo->buf, (size_t)len, undo->id));
	memcpy(undo->buf, &h, sizeof(h));
	undo->end = len;
	return bch_fd_write(undo->fd, undo->buf, (size_t)len, 0);
}

/* A new file lasts only when the folder that names it is on disk as well. */
static int sync_folder(const char *path)
{
	char *copy = strdup(path);
	int err = 0;
	int fd;

	if (!copy)
		return -BCH_ERR_no_memory;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		err = bch_errno(errno);
	if (fd >= 0)
		close(fd);
	free(copy);
	return err;
}

int bch_undo_create(struct bch_ctx *ctx, const char *path, const struct bch_undo_header *header,
		    struct bch_undo **undo)
{
	struct bch_undo *u = undo_new(ctx, path);
	int err = 0;

	*undo = NULL;
	if (!u)
		return bch_error(ctx, -BCH_ERR_no_memory, "%s", path);
	u->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (u->fd < 0 || getrandom(&u->id, sizeof(u->id), 0) != sizeof(u->id))
		err = bch_errno(errno);
	if (!err)
		err = write_header(u, header);
	if (!err && fsync(u->fd))
		err = bch_errno(errno);
	if (!err)
		err = sync_folder(path);
	if (!err) {
		*undo = u;
		return 0;
	}
	if (u->fd >= 0)
		unlink(path);
	undo_free(u);
	return bch_error(ctx, err, "%s", path);
}

int bch_undo_close(struct bch_undo *undo)
{
	struct undo_record record = { .type = le32_of(UNDO_end) };
	int err;

	if (!undo)
		return 0;
	record.payload_csum = payload_csum(undo, 0);
	err = append(undo, record, 0);
	if (!undo->any)
		(void)unlink(undo->path); /* nothing was written that could be undone */
	undo_free(undo);
	return err;
}
