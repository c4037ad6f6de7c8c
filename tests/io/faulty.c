// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of fault injection. */

#include "temp.h"

static struct bch_blkdev *begin(struct temp *t, char **path)
{
	struct bch_blkdev *dev;

	*path = temp_image(t, "image", "0123456789", 10);
	assert_int_equal(bch_faulty_new(temp_open(t, *path, BCH_BLKDEV_WRITE), &dev), 0);
	return dev;
}

static int call(struct bch_blkdev *dev, enum bch_fault_op op)
{
	char byte;

	switch (op) {
	case BCH_FAULT_read:
		return bch_blkdev_read(dev, &byte, 1, 0);
	case BCH_FAULT_write:
		return bch_blkdev_write(dev, "x", 1, 0);
	case BCH_FAULT_flush:
		return bch_blkdev_flush(dev);
	default:
		return bch_blkdev_discard(dev, 1, 0);
	}
}

static void exactly_the_nth_call_of_its_kind_fails(void **state)
{
	char *path;
	struct bch_blkdev *dev = begin(*state, &path);

	for (enum bch_fault_op op = 0; op < BCH_FAULT_NR; op++)
		for (u32 nth = 1; nth <= 3; nth++) {
			bch_faulty_set(dev, op, nth, 0);
			for (u32 i = 1; i <= 5; i++) {
				for (enum bch_fault_op other = 0; other < BCH_FAULT_NR; other++)
					if (other != op)
						assert_int_equal(call(dev, other), 0);
				assert_int_equal(call(dev, op), i == nth ? -BCH_ERR_injected : 0);
			}
		}
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
}

static void fault_can_be_switched_off(void **state)
{
	char *path;
	struct bch_blkdev *dev = begin(*state, &path);

	bch_faulty_set(dev, BCH_FAULT_write, 1, 0);
	bch_faulty_set(dev, BCH_FAULT_write, 0, 0);
	assert_int_equal(call(dev, BCH_FAULT_write), 0);
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
}

static void torn_write_leaves_its_beginning(void **state)
{
	char *path;
	struct bch_blkdev *dev = begin(*state, &path);

	bch_faulty_set(dev, BCH_FAULT_write, 1, 2);
	assert_int_equal(bch_blkdev_write(dev, "abcde", 5, 3), -BCH_ERR_injected);
	assert_int_equal(bch_blkdev_close(dev), 0);
	temp_assert_contents(path, "012ab56789", 10);
	free(path);
}

static void fault_names_device_and_place(void **state)
{
	struct temp *t = *state;
	char *path, want[256], buf[4];
	struct bch_blkdev *dev = begin(t, &path);

	bch_faulty_set(dev, BCH_FAULT_read, 1, 0);
	assert_int_equal(bch_blkdev_read(dev, buf, 4, 2), -BCH_ERR_injected);
	snprintf(want, sizeof(want), "%s: read of 4 bytes at 2: fault injected by a test", path);
	assert_string_equal(bch_error_message(t->ctx, -BCH_ERR_injected), want);
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(exactly_the_nth_call_of_its_kind_fails),
		TEMP_TEST(fault_can_be_switched_off),
		TEMP_TEST(torn_write_leaves_its_beginning),
		TEMP_TEST(fault_names_device_and_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
