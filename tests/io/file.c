// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of block devices and image files. */

#include "temp.h"

#define SIZE (256U << 10)

static void what_is_written_is_read_at_any_alignment(void **state, unsigned flags)
{
	struct temp *t = *state;
	u8 *model = calloc(1, SIZE), *have = malloc(SIZE);
	char *path = temp_image(t, "image", NULL, SIZE);
	struct bch_blkdev *dev = temp_open(t, path, BCH_BLKDEV_WRITE | flags);

	for (int i = 0; i < 300; i++) {
		u64 offset = temp_random(t) % SIZE;
		size_t len = (size_t)(temp_random(t) % (i % 2 ? 600 : SIZE)) % (SIZE - offset);

		temp_fill(t, model + offset, len);
		assert_int_equal(bch_blkdev_write(dev, model + offset, len, offset), 0);
		offset = temp_random(t) % SIZE;
		len = (size_t)(temp_random(t) % (SIZE - offset));
		assert_int_equal(bch_blkdev_read(dev, have, len, offset), 0);
		assert_memory_equal(have, model + offset, len);
	}
	assert_int_equal(bch_blkdev_flush(dev), 0);
	assert_int_equal(bch_blkdev_close(dev), 0);
	temp_assert_contents(path, model, SIZE);
	free(path);
	free(model);
	free(have);
}

static void image_file_holds_what_was_written(void **state)
{
	what_is_written_is_read_at_any_alignment(state, 0);
}

static void image_file_holds_what_was_written_with_o_direct(void **state)
{
	what_is_written_is_read_at_any_alignment(state, BCH_BLKDEV_DIRECT);
}

static void threads_may_write_parts_of_one_block(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, SIZE);
	struct bch_blkdev *dev = temp_open(t, path, BCH_BLKDEV_WRITE | BCH_BLKDEV_DIRECT);

	temp_assert_threads_can_write(dev);
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
}

static void odd_size_is_kept_with_o_direct(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 5000);
	struct bch_blkdev *dev = temp_open(t, path, BCH_BLKDEV_WRITE | BCH_BLKDEV_DIRECT);
	u8 want[5000] = { [4999] = 'x' };

	assert_int_equal(dev->geometry.size, 5000);
	assert_int_equal(bch_blkdev_write(dev, "x", 1, 4999), 0);
	assert_int_equal(bch_blkdev_close(dev), 0);
	temp_assert_contents(path, want, sizeof(want));
	free(path);
}

static void access_past_the_end_is_refused_and_named(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 4096);
	struct bch_blkdev *dev = temp_open(t, path, BCH_BLKDEV_WRITE);
	char want[256], buf[2] = "";

	assert_int_equal(bch_blkdev_read(dev, buf, 2, 4095), -BCH_ERR_short_read);
	snprintf(want, sizeof(want), "%s: read of 2 bytes at 4095: the device ends here", path);
	assert_string_equal(bch_error_message(t->ctx, -BCH_ERR_short_read), want);
	assert_int_equal(bch_blkdev_read(dev, buf, 1, BCH_U64_MAX), -BCH_ERR_short_read);
	assert_int_equal(bch_blkdev_write(dev, buf, 2, 4095), -BCH_ERR_short_write);
	assert_int_equal(bch_blkdev_zero(dev, BCH_U64_MAX, 1), -BCH_ERR_short_write);
	assert_int_equal(bch_blkdev_discard(dev, 4097, 0), -BCH_ERR_short_write);
	assert_int_equal(bch_blkdev_read(dev, buf, 1, 4095), 0);
	assert_int_equal(bch_blkdev_read(dev, buf, 0, 4096), 0);
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
}

static void file_that_became_shorter_is_a_short_read(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 8192);
	struct bch_blkdev *dev = temp_open(t, path, 0);
	u8 buf[8192];

	assert_int_equal(truncate(path, 5000), 0);
	assert_int_equal(bch_blkdev_read(dev, buf, sizeof(buf), 0), -BCH_ERR_short_read);
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
}

static void reader_can_change_nothing(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", "abcd", 4);
	struct bch_blkdev *dev = temp_open(t, path, 0);

	assert_int_equal(bch_blkdev_write(dev, "x", 1, 0), -BCH_ERR_read_only);
	assert_int_equal(bch_blkdev_zero(dev, 1, 0), -BCH_ERR_read_only);
	assert_int_equal(bch_blkdev_discard(dev, 1, 0), -BCH_ERR_read_only);
	assert_int_equal(bch_blkdev_close(dev), 0);
	temp_assert_contents(path, "abcd", 4);
	free(path);
}

static void zeroing_and_discarding_touch_nothing_beside_the_range(void **state)
{
	struct temp *t = *state;
	u8 *model = malloc(SIZE), zeroes[700] = { 0 }, have[700];
	char *path;
	struct bch_blkdev *dev;

	temp_fill(t, model, SIZE);
	path = temp_image(t, "image", model, SIZE);
	dev = temp_open(t, path, BCH_BLKDEV_WRITE);
	memset(model + 1000, 0, 100001);
	assert_int_equal(bch_blkdev_zero(dev, 100001, 1000), 0);
	assert_int_equal(bch_blkdev_zero(dev, 0, 7), 0);

	memset(model + 150016, 0, 512); /* the one whole sector in the range */
	assert_int_equal(bch_blkdev_discard(dev, 700, 149900), 0);
	assert_int_equal(bch_blkdev_read(dev, have, 512, 150016), 0);
	assert_memory_equal(have, zeroes, 512);
	assert_int_equal(bch_blkdev_close(dev), 0);
	temp_assert_contents(path, model, SIZE);
	free(path);
	free(model);
}

static void what_is_no_device_is_refused(void **state)
{
	struct temp *t = *state;
	char *fifo = temp_path(t, "fifo"), *missing = temp_path(t, "missing");
	struct bch_blkdev *dev;

	assert_int_equal(mkfifo(fifo, 0600), 0);
	for (unsigned flags = 0; flags <= BCH_BLKDEV_WRITE; flags++) {
		assert_int_equal(bch_blkdev_open(t->ctx, fifo, flags, &dev), -BCH_ERR_not_a_device);
		assert_int_equal(bch_blkdev_open(t->ctx, t->folder, flags, &dev),
				 -BCH_ERR_is_directory);
		assert_int_equal(bch_blkdev_open(t->ctx, "/dev/null", flags, &dev),
				 -BCH_ERR_not_a_device);
		assert_int_equal(bch_blkdev_open(t->ctx, missing, flags, &dev), -BCH_ERR_not_found);
		assert_null(dev);
	}
	free(fifo);
	free(missing);
}

static void empty_file_is_a_device_of_no_bytes(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 0);
	struct bch_blkdev *dev = temp_open(t, path, BCH_BLKDEV_WRITE | BCH_BLKDEV_DIRECT);
	u8 byte;

	assert_int_equal(dev->geometry.size, 0);
	assert_int_equal(bch_blkdev_read(dev, &byte, 1, 0), -BCH_ERR_short_read);
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
}

static void file_without_permission_is_refused(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 4096);
	struct bch_blkdev *dev = NULL;
	bool was_root = !geteuid();

	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(chmod(t->folder, 0755), 0);
	if (was_root)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(bch_blkdev_open(t->ctx, path, 0, &dev), -BCH_ERR_access_denied);
	assert_int_equal(bch_blkdev_open(t->ctx, path, BCH_BLKDEV_WRITE, &dev),
			 -BCH_ERR_access_denied);
	if (was_root)
		assert_int_equal(seteuid(0), 0);
	free(path);
}

static void second_writer_of_an_image_is_refused(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 4096);
	struct bch_blkdev *first = temp_open(t, path, BCH_BLKDEV_WRITE), *second;

	assert_int_equal(bch_blkdev_open(t->ctx, path, BCH_BLKDEV_WRITE, &second),
			 -BCH_ERR_device_in_use);
	second = temp_open(t, path, 0);
	assert_int_equal(bch_blkdev_close(second), 0);
	second = temp_open(t, path, BCH_BLKDEV_WRITE | BCH_BLKDEV_SHARED);
	assert_int_equal(bch_blkdev_close(second), 0);
	assert_int_equal(bch_blkdev_close(first), 0);
	second = temp_open(t, path, BCH_BLKDEV_WRITE);
	assert_int_equal(bch_blkdev_close(second), 0);
	free(path);
}

static void block_device_is_written_exclusively_and_shown_as_it_is(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 8 << 20);
	struct bch_blkdev *dev, *second;
	u8 buf[1500], have[1500], zeroes[4096] = { 0 };

	temp_loop(t, path);
	dev = temp_open(t, t->loop, BCH_BLKDEV_WRITE | BCH_BLKDEV_DIRECT);
	assert_true(dev->geometry.is_block);
	assert_true(dev->geometry.can_discard);
	assert_int_equal(dev->geometry.size, 8 << 20);
	assert_int_equal(dev->geometry.logical_block_size, 512);
	assert_int_equal(bch_blkdev_open(t->ctx, t->loop, BCH_BLKDEV_WRITE, &second),
			 -BCH_ERR_device_in_use);

	temp_fill(t, buf, sizeof(buf));
	assert_int_equal(bch_blkdev_write(dev, buf, sizeof(buf), 12345), 0);
	assert_int_equal(bch_blkdev_flush(dev), 0);
	assert_int_equal(bch_blkdev_read(dev, have, sizeof(have), 12345), 0);
	assert_memory_equal(have, buf, sizeof(buf));
	assert_int_equal(bch_blkdev_zero(dev, 4096, 12288), 0);
	assert_int_equal(bch_blkdev_read(dev, have, sizeof(have), 12345), 0);
	assert_memory_equal(have, zeroes, sizeof(have));

	assert_int_equal(bch_blkdev_write(dev, buf, sizeof(buf), 20000), 0);
	assert_int_equal(bch_blkdev_zero(dev, 1501, 19999), 0);
	assert_int_equal(bch_blkdev_read(dev, have, sizeof(have), 20000), 0);
	assert_memory_equal(have, zeroes, sizeof(have));
	assert_int_equal(bch_blkdev_discard(dev, 1 << 20, 1 << 20), 0);
	assert_int_equal(bch_blkdev_close(dev), 0);
	assert_null(bch_blkdev_model(t->loop));
	assert_null(bch_blkdev_model(path));
	free(path);
}

static void read_only_block_device_is_not_opened_for_writing(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, 1 << 20);
	struct bch_blkdev *dev;
	int err;

	temp_loop(t, path);
	assert_int_equal(temp_run("blockdev --setro %s", t->loop), 0);
	err = bch_blkdev_open(t->ctx, t->loop, BCH_BLKDEV_WRITE, &dev);
	assert_true(err == -BCH_ERR_read_only || err == -BCH_ERR_access_denied);
	dev = temp_open(t, t->loop, 0);
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(image_file_holds_what_was_written),
		TEMP_TEST(image_file_holds_what_was_written_with_o_direct),
		TEMP_TEST(threads_may_write_parts_of_one_block),
		TEMP_TEST(odd_size_is_kept_with_o_direct),
		TEMP_TEST(access_past_the_end_is_refused_and_named),
		TEMP_TEST(file_that_became_shorter_is_a_short_read),
		TEMP_TEST(reader_can_change_nothing),
		TEMP_TEST(zeroing_and_discarding_touch_nothing_beside_the_range),
		TEMP_TEST(what_is_no_device_is_refused),
		TEMP_TEST(empty_file_is_a_device_of_no_bytes),
		TEMP_TEST(file_without_permission_is_refused),
		TEMP_TEST(second_writer_of_an_image_is_refused),
		TEMP_TEST(block_device_is_written_exclusively_and_shown_as_it_is),
		TEMP_TEST(read_only_block_device_is_not_opened_for_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
