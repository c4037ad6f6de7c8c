// SPDX-License-Identifier: GPL-2.0-or-later
/* Undo files read, verified and applied. Layout of the file: undo.h. */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/checked.h"
#include "base/memory.h"
#include "io/blkdev.h"
#include "io/undo.h"

/* A range and where in the file its data is; at 0, the header's place, where it held zeroes. */
struct range {
	u64 offset;
	u64 data_at;
	u64 csum;
	u32 len;
};

struct undo_file_dev {
	struct bch_undo_dev shown;
	char *name;
	BCH_ARRAY(struct range) ranges;
	BCH_ARRAY(u64) sums; /* of the ranges, when the device was closed */
};

struct bch_undo_file {
	struct bch_ctx *ctx;
	char *path;
	int fd;
	u64 size, id;
	struct bch_undo_header header;
	char *command;
	BCH_ARRAY(struct undo_file_dev) devs;
	bool whole;
	u8 *payload;   /* BCH_UNDO_PAYLOAD_MAX bytes */
	u8 *on_device; /* as many */
};

static int invalid(const struct bch_undo_file *f, u64 place)
{
	return bch_error(f->ctx, -BCH_ERR_undo_invalid, "%s: at byte %" PRIu64, f->path, place);
}

static int read_file(const struct bch_undo_file *f, void *buf, size_t len, u64 place)
{
	int err = bch_fd_read(f->fd, buf, len, place);

	return err ? bch_error(f->ctx, err, "%s: read of %zu bytes at %" PRIu64, f->path, len,
			       place)
		   : 0;
}

static int check_header(struct bch_undo_file *f, u8 *p, size_t len)
{
	struct undo_header h;
	u64 want;

	memcpy(&h, p, sizeof(h));
	want = le64_get(h.csum);
	f->id = le64_get(h.id);
	h.csum = le64_of(0);
	memcpy(p, &h, sizeof(h));
	if (XXH64(p, len, f->id) != want || p[len - 1])
		return invalid(f, 0);

	f->command = strdup((const char *)p + sizeof(h));
	if (!f->command)
		return bch_error(f->ctx, -BCH_ERR_no_memory, "%s", f->path);
	memcpy(f->header.fs_uuid, h.fs_uuid, sizeof(h.fs_uuid));
	f->header.sb_seq = le64_get(h.sb_seq);
	f->header.time = le64_get(h.time);
	f->header.command = f->command;
	return 0;
}

/* Gives the length of the header: the place of the first record. */
static int read_header(struct bch_undo_file *f, u64 *len)
{
	static const u8 magic[16] = BCH_UNDO_MAGIC;
	struct undo_header h;
	int err;

	if (f->size < sizeof(h))
		return invalid(f, 0);
	err = read_file(f, &h, sizeof(h), 0);
	if (err)
		return err;
	if (memcmp(h.magic, magic, sizeof(magic)) != 0)
		return bch_error(f->ctx, -BCH_ERR_undo_invalid, "%s", f->path);
	if (le32_get(h.version) != BCH_UNDO_VERSION)
		return bch_error(f->ctx, -BCH_ERR_not_supported, "%s: undo file of version %u",
				 f->path, le32_get(h.version));

	*len = le32_get(h.len);
	if (*len <= sizeof(h) || *len > BCH_UNDO_RECORD_MAX || *len > f->size ||
	    !bch_is_aligned(*len, BCH_UNDO_ALIGN))
		return invalid(f, 0);
	err = read_file(f, f->payload, (size_t)*len, 0);
	return err ? err : check_header(f, f->payload, (size_t)*len);
}

/*
 * A record at @place, were it not for its payload: 1, 0 if there is none, or an error of the
 * system.
 */
static int read_record(const struct bch_undo_file *f, u64 place, struct undo_record *record)
{
	int err;

	if (f->size - place < sizeof(*record))
		return 0;
	err = read_file(f, record, sizeof(*record), place);
	if (err)
		return err;
	return le64_get(record->csum) == undo_record_csum(record, f->id, place) &&
	       le32_get(record->payload_len) <= BCH_UNDO_PAYLOAD_MAX &&
	       le32_get(record->payload_len) <= f->size - place - sizeof(*record);
}

static u64 next_place(u64 place, const struct undo_record *record)
{
	u64 len;

	(void)bch_round_up(sizeof(*record) + le32_get(record->payload_len), BCH_UNDO_ALIGN, &len);
	return place + len;
}

/* 1 if what is read into f->payload is what was written. */
static int read_payload(struct bch_undo_file *f, u64 place, const struct undo_record *record)
{
	size_t len = le32_get(record->payload_len);
	int err = read_file(f, f->payload, len, place + sizeof(*record));

	return err ? err : XXH64(f->payload, len, f->id) == le64_get(record->payload_csum);
}

static struct undo_file_dev *record_dev(const struct bch_undo_file *f,
					const struct undo_record *record)
{
	u32 nr = le32_get(record->dev_nr);

	return nr < f->devs.nr ? &f->devs.v[nr] : NULL;
}

static int add_device(struct bch_undo_file *f, u64 place, const struct undo_record *record)
{
	struct bch_bytes payload = { f->payload, le32_get(record->payload_len) };
	const struct undo_device *on_disk = bch_bytes_view(payload, 0, sizeof(*on_disk));
	struct undo_file_dev dev = { 0 };
	int err;

	if (!on_disk || le32_get(record->dev_nr) != f->devs.nr)
		return invalid(f, place);
	memcpy(dev.shown.uuid, on_disk->uuid, sizeof(on_disk->uuid));
	dev.shown.size = le64_get(on_disk->size);
	dev.shown.idx = le32_get(on_disk->idx);
	dev.name = strndup((const char *)on_disk->name, payload.len - sizeof(*on_disk));
	dev.shown.name = dev.name;

	err = dev.name ? bch_array_push(&f->devs, dev) : -BCH_ERR_no_memory;
	if (err) {
		free(dev.name);
		return bch_error(f->ctx, err, "%s", f->path);
	}
	return 0;
}

static int add_range(struct bch_undo_file *f, u64 place, const struct undo_record *record)
{
	struct undo_file_dev *dev = record_dev(f, record);
	bool zeroes = le32_get(record->type) == UNDO_zeroes;
	struct range range = {
		.offset = le64_get(record->offset),
		.data_at = zeroes ? 0 : place + sizeof(*record),
		.csum = le64_get(record->payload_csum),
		.len = le32_get(record->len),
	};
	int err;

	if (!dev || dev->sums.nr || !range.len || range.len > BCH_UNDO_PAYLOAD_MAX ||
	    range.len > dev->shown.size || range.offset > dev->shown.size - range.len ||
	    le32_get(record->payload_len) != (zeroes ? 0 : range.len))
		return invalid(f, place);
	err = bch_array_push(&dev->ranges, range);
	return err ? bch_error(f->ctx, err, "%s", f->path) : 0;
}

static int add_sums(struct bch_undo_file *f, u64 place, const struct undo_record *record)
{
	struct undo_file_dev *dev = record_dev(f, record);
	struct bch_bytes payload = { f->payload, le32_get(record->payload_len) };
	const le64 *sum;
	int err = 0;

	if (!dev || payload.len / sizeof(*sum) > dev->ranges.nr - dev->sums.nr)
		return invalid(f, place);
	while (!err && (sum = bch_bytes_view(payload, 0, sizeof(*sum)))) {
		err = bch_array_push(&dev->sums, le64_get(*sum));
		payload = bch_bytes_from(payload, sizeof(*sum));
	}
	return err ? bch_error(f->ctx, err, "%s", f->path) : 0;
}

static int add_record(struct bch_undo_file *f, u64 place, const struct undo_record *record)
{
	switch (le32_get(record->type)) {
	case UNDO_device:
		return add_device(f, place, record);
	case UNDO_data:
	case UNDO_zeroes:
		return add_range(f, place, record);
	case UNDO_sums:
		return add_sums(f, place, record);
	case UNDO_end:
		f->whole = true;
		return 0;
	default:
		return invalid(f, place);
	}
}

/*
 * Is the record at @place whole? Data is read only where it may have been cut off: in the last
 * record. That of zeroes is none.
 */
static int is_record_whole(struct bch_undo_file *f, u64 place, const struct undo_record *record)
{
	u32 type = le32_get(record->type);

	if (type == UNDO_zeroes || (type == UNDO_data && next_place(place, record) < f->size))
		return 1;
	return read_payload(f, place, record);
}

/* The file ends at @place if this is where it was cut off: nothing good follows, and not much. */
static int check_cut(struct bch_undo_file *f, u64 place)
{
	struct undo_record record;
	int found = 0;

	if (f->size - place > BCH_UNDO_RECORD_MAX)
		return invalid(f, place);
	for (u64 at = place + BCH_UNDO_ALIGN; at < f->size && !found; at += BCH_UNDO_ALIGN)
		found = read_record(f, at, &record);
	return found > 0 ? invalid(f, place) : found;
}

static int read_records(struct bch_undo_file *f, u64 place)
{
	struct undo_record record;
	int err = 0;

	while (!err && !f->whole && place < f->size) {
		int good = read_record(f, place, &record);

		if (good > 0)
			good = is_record_whole(f, place, &record);
		if (good < 0)
			return good;
		if (!good)
			return check_cut(f, place);
		err = add_record(f, place, &record);
		place = next_place(place, &record);
	}
	return err;
}

static int file_new(struct bch_ctx *ctx, const char *path, struct bch_undo_file **file)
{
	struct bch_undo_file *f = bch_calloc(1, sizeof(*f));

	*file = f;
	if (!f)
		return bch_error(ctx, -BCH_ERR_no_memory, "%s", path);
	f->ctx = ctx;
	f->fd = -1;
	f->path = strdup(path);
	f->payload = bch_malloc(BCH_UNDO_RECORD_MAX);
	f->on_device = bch_malloc(BCH_UNDO_PAYLOAD_MAX);
	return f->path && f->payload && f->on_device
		       ? 0
		       : bch_error(ctx, -BCH_ERR_no_memory, "%s", path);
}

static int read_all(struct bch_undo_file *f)
{
	struct stat st;
	u64 first = 0;
	int err;

	f->fd = bch_file_open(f->ctx, f->path, O_RDONLY, &st);
	if (f->fd < 0)
		return f->fd;
	f->size = S_ISREG(st.st_mode) ? (u64)st.st_size : 0;
	err = read_header(f, &first);
	return err ? err : read_records(f, first);
}

int bch_undo_open(struct bch_ctx *ctx, const char *path, struct bch_undo_file **file)
{
	struct bch_undo_file *f;
	int err = file_new(ctx, path, &f);

	*file = NULL;
	if (!err)
		err = read_all(f);
	if (err) {
		bch_undo_file_free(f);
		return err;
	}
	for (size_t i = 0; i < f->devs.nr; i++) {
		struct undo_file_dev *dev = &f->devs.v[i];

		dev->shown.nr_ranges = dev->ranges.nr;
		for (size_t j = 0; j < dev->ranges.nr; j++)
			dev->shown.nr_bytes += dev->ranges.v[j].len;
		dev->shown.whole = f->whole && dev->sums.nr == dev->ranges.nr;
	}
	*file = f;
	return 0;
}

void bch_undo_file_free(struct bch_undo_file *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < file->devs.nr; i++) {
		free(file->devs.v[i].name);
		bch_array_end(&file->devs.v[i].ranges);
		bch_array_end(&file->devs.v[i].sums);
	}
	bch_array_end(&file->devs);
	if (file->fd >= 0)
		close(file->fd);
	free(file->command);
	free(file->payload);
	free(file->on_device);
	free(file->path);
	free(file);
}

const struct bch_undo_header *bch_undo_file_header(const struct bch_undo_file *file)
{
	return &file->header;
}

bool bch_undo_file_whole(const struct bch_undo_file *file)
{
	return file->whole;
}

size_t bch_undo_file_nr_devs(const struct bch_undo_file *file)
{
	return file->devs.nr;
}

const struct bch_undo_dev *bch_undo_file_dev(const struct bch_undo_file *file, size_t dev_nr)
{
	return &file->devs.v[dev_nr].shown;
}

int bch_undo_file_range(struct bch_undo_file *file, size_t dev_nr, size_t range_nr,
			struct bch_undo_range *range)
{
	struct range r = file->devs.v[dev_nr].ranges.v[range_nr];
	int err = 0;

	*range = (struct bch_undo_range){ r.offset, r.len, file->payload };
	if (r.data_at)
		err = read_file(file, file->payload, r.len, r.data_at);
	else
		memset(file->payload, 0, r.len);
	if (!err && XXH64(file->payload, r.len, file->id) != r.csum)
		err = invalid(file, r.data_at);
	return err;
}

static int check_size(const struct undo_file_dev *dev, struct bch_blkdev *target)
{
	if (target->geometry.size >= dev->shown.size)
		return 0;
	return bch_error(target->ctx, -BCH_ERR_undo_mismatch,
			 "%s: %" PRIu64 " bytes now, %" PRIu64 " then", target->name,
			 target->geometry.size, dev->shown.size);
}

/* A range may hold what was there before: put back already, or saved for a write that failed. */
int bch_undo_verify(struct bch_undo_file *file, size_t dev_nr, struct bch_blkdev *dev)
{
	const struct undo_file_dev *d = &file->devs.v[dev_nr];
	int err = check_size(d, dev);

	for (size_t i = 0; i < d->ranges.nr && d->shown.whole && !err; i++) {
		struct range range = d->ranges.v[i];
		u64 have;

		err = bch_blkdev_read(dev, file->on_device, range.len, range.offset);
		if (err)
			return err;
		have = XXH64(file->on_device, range.len, file->id);
		if (have != d->sums.v[i] && have != range.csum)
			err = bch_error(dev->ctx, -BCH_ERR_undo_mismatch,
					"%s: %u bytes at %" PRIu64, dev->name, range.len,
					range.offset);
	}
	return err;
}

int bch_undo_check(struct bch_undo_file *file, size_t dev_nr, struct bch_blkdev *dev)
{
	const struct undo_file_dev *d = &file->devs.v[dev_nr];
	struct bch_undo_range range;
	int err = check_size(d, dev);

	for (size_t i = 0; i < d->ranges.nr && !err; i++)
		err = bch_undo_file_range(file, dev_nr, i, &range);
	return err;
}

/* An image file ends where it ended, unless that has to be taken back in turn. */
static int put_end_back(const struct undo_file_dev *d, struct bch_blkdev *dev)
{
	int err = dev->geometry.size > d->shown.size ? bch_blkdev_resize(dev, d->shown.size) : 0;

	return err == -BCH_ERR_not_supported ? 0 : err;
}

int bch_undo_apply(struct bch_undo_file *file, size_t dev_nr, struct bch_blkdev *dev)
{
	const struct undo_file_dev *d = &file->devs.v[dev_nr];
	struct bch_undo_range range;
	int err = bch_undo_check(file, dev_nr, dev);

	for (size_t i = 0; i < d->ranges.nr && !err; i++) {
		err = bch_undo_file_range(file, dev_nr, i, &range);
		if (!err)
			err = bch_blkdev_write(dev, range.data, range.len, range.offset);
	}
	if (!err)
		err = put_end_back(d, dev);
	return err ? err : bch_blkdev_flush(dev);
}
