// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of the write recorder. */

#include "temp.h"

#define SIZE 20000U
#define DEVS 2

static void change(struct temp *t, struct bch_blkdev *dev)
{
	u64 offset = temp_random(t) % SIZE;
	size_t len = (size_t)(temp_random(t) % (SIZE - offset));
	u8 *data = malloc(len + 1);

	temp_fill(t, data, len);
	switch (temp_random(t) % 4) {
	case 0:
		assert_int_equal(bch_blkdev_zero(dev, len, offset), 0);
		break;
	case 1:
		assert_int_equal(bch_blkdev_flush(dev), 0);
		break;
	default:
		assert_int_equal(bch_blkdev_write(dev, data, len, offset), 0);
	}
	free(data);
}

static void replay_gives_the_same_bytes_on_each_device(void **state)
{
	struct temp *t = *state;
	struct bch_blkdev *devs[DEVS];
	struct bch_record *record;
	u8 *model[DEVS];
	char *paths[DEVS];

	assert_int_equal(bch_record_new(&record), 0);
	for (u32 i = 0; i < DEVS; i++) {
		model[i] = calloc(1, SIZE);
		paths[i] = temp_image(t, i ? "b" : "a", NULL, SIZE);
		assert_int_equal(bch_record_stack(record, temp_open(t, paths[i], BCH_BLKDEV_WRITE),
						  &devs[i]),
				 0);
	}
	for (int i = 0; i < 100; i++)
		change(t, devs[temp_random(t) % DEVS]);
	for (u32 i = 0; i < DEVS; i++)
		assert_int_equal(bch_blkdev_close(devs[i]), 0);

	for (size_t i = 0; i < bch_record_nr(record); i++) {
		struct bch_record_entry e = bch_record_at(record, i);

		if (e.op == BCH_RECORD_write)
			memcpy(model[e.dev_nr] + e.offset, e.data, e.len);
	}
	for (u32 i = 0; i < DEVS; i++) {
		temp_assert_contents(paths[i], model[i], SIZE);
		free(model[i]);
		free(paths[i]);
	}
	bch_record_free(record);
}

static void operations_are_kept_in_their_order(void **state)
{
	static const enum bch_record_op want[] = { BCH_RECORD_write, BCH_RECORD_flush,
						   BCH_RECORD_discard, BCH_RECORD_write };
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, SIZE);
	struct bch_record *record;
	struct bch_blkdev *dev;

	assert_int_equal(bch_record_new(&record), 0);
	assert_int_equal(bch_record_stack(record, temp_open(t, path, BCH_BLKDEV_WRITE), &dev), 0);
	assert_int_equal(bch_blkdev_write(dev, "a", 1, 3), 0);
	assert_int_equal(bch_blkdev_flush(dev), 0);
	assert_int_equal(bch_blkdev_discard(dev, 4096, 4096), 0);
	assert_int_equal(bch_blkdev_write(dev, "bc", 2, 1), 0);
	assert_int_equal(bch_blkdev_close(dev), 0);

	assert_int_equal(bch_record_nr(record), bch_array_size(want));
	for (size_t i = 0; i < bch_array_size(want); i++)
		assert_int_equal(bch_record_at(record, i).op, want[i]);
	assert_int_equal(bch_record_at(record, 2).offset, 4096);
	assert_int_equal(bch_record_at(record, 3).len, 2);
	bch_record_free(record);
	free(path);
}

static void write_that_failed_is_kept_too(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "image", NULL, SIZE);
	struct bch_record *record;
	struct bch_blkdev *faulty, *dev;

	assert_int_equal(bch_record_new(&record), 0);
	assert_int_equal(bch_faulty_new(temp_open(t, path, BCH_BLKDEV_WRITE), &faulty), 0);
	assert_int_equal(bch_record_stack(record, faulty, &dev), 0);
	bch_faulty_set(faulty, BCH_FAULT_write, 1, 1);
	assert_int_equal(bch_blkdev_write(dev, "ab", 2, 0), -BCH_ERR_injected);
	assert_int_equal(bch_blkdev_close(dev), 0);
	assert_int_equal(bch_record_nr(record), 1);
	bch_record_free(record);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(replay_gives_the_same_bytes_on_each_device),
		TEMP_TEST(operations_are_kept_in_their_order),
		TEMP_TEST(write_that_failed_is_kept_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
