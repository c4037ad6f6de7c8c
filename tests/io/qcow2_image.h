/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of qcow2 files: an image of ours with known contents, and what it must read as. */

#ifndef BCHFS_TESTS_IO_QCOW2_IMAGE_H
#define BCHFS_TESTS_IO_QCOW2_IMAGE_H

#include "temp.h"

#define SIZE (8U << 20)

/* What a device holds: bytes in the ranges, all else is zero. */
struct device {
	u8 *model;
	size_t nr_reads;
};

static inline void need_qemu(void)
{
	if (temp_run("command -v qemu-img >/dev/null")) {
		print_message("qemu-img is not installed\n");
		skip();
	}
}

/* Is the file at @path a qcow2 image of a device that holds @model? */
static inline void assert_dev_is(struct temp *t, const char *path, const u8 *model, u64 size)
{
	struct bch_blkdev *dev = temp_open(t, path, 0);
	u8 *have = malloc(size);

	assert_true(bch_blkdev_is_qcow2(dev));
	assert_int_equal(dev->geometry.size, size);
	assert_int_equal(bch_blkdev_read(dev, have, size, 0), 0);
	assert_memory_equal(have, model, size);
	for (int i = 0; i < 200; i++) {
		u64 offset = temp_random(t) % size;
		size_t len = (size_t)(temp_random(t) % (i % 2 ? 2000 : size)) % (size - offset);

		assert_int_equal(bch_blkdev_read(dev, have, len, offset), 0);
		assert_memory_equal(have, model + offset, len);
	}
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(have);
}

static inline int read_model(void *arg, const struct bch_qcow2_range *range, void *buf)
{
	struct device *d = arg;

	d->nr_reads++;
	memcpy(buf, d->model + range->offset, (size_t)range->len);
	return 0;
}

static const struct bch_qcow2_range ranges[] = {
	{ 5 << 20, 262144, 0 },		 /* of several L2 tables, where clusters are small */
	{ 3584, 512, 0 },		 /* less than a cluster */
	{ 4096, 1000, 0 },		 /* in the same one, or the next */
	{ 6000, 0, 0 },			 /* nothing */
	{ SIZE - 100, 100, 0 },		 /* up to the end */
	{ (5 << 20) + 5000, 300000, 0 }, /* overlaps the first one */
	{ (5 << 20) + 5000, 100, 0 },	 /* within it */
	{ 1 << 20, 1 << 20, 0 },
};

static inline struct bch_qcow2_writer *writer_of_ranges(struct temp *t, u32 cluster_size)
{
	struct bch_qcow2_writer *w;

	assert_int_equal(bch_qcow2_writer_new(t->ctx, SIZE, cluster_size, &w), 0);
	for (size_t i = 0; i < bch_array_size(ranges); i++)
		assert_int_equal(bch_qcow2_add(w, &ranges[i]), 0);
	return w;
}

static inline u8 *model_of_ranges(struct temp *t)
{
	u8 *model = calloc(1, SIZE);

	for (size_t i = 0; i < bch_array_size(ranges); i++)
		temp_fill(t, model + ranges[i].offset, (size_t)ranges[i].len);
	return model;
}

/* Writes the image, whose size must be what was said before. */
static inline char *write_image(struct temp *t, struct bch_qcow2_writer *w, u8 *model)
{
	struct device d = { .model = model };
	u64 size = bch_qcow2_size(w);
	char *path = temp_path(t, "image");
	struct bch_output *out;
	struct stat st;

	assert_int_equal(bch_output_create(t->ctx, path, BCH_OUTPUT_REPLACE, &out), 0);
	assert_int_equal(bch_qcow2_write(w, out, read_model, &d), 0);
	assert_int_equal(bch_output_close(out), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, size);
	return path;
}

#endif
