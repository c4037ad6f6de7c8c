// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of the overlay. */

#include "temp.h"

#define SIZE (40U * BCH_OVERLAY_PAGE + 777)

struct fixture {
	struct temp *t;
	char *path;
	u8 *before;
	struct bch_blkdev *dev;
};

static struct fixture begin(struct temp *t, unsigned flags)
{
	struct fixture f = { .t = t, .before = malloc(SIZE) };

	temp_fill(t, f.before, SIZE);
	f.path = temp_image(t, "image", f.before, SIZE);
	assert_int_equal(bch_overlay_new(temp_open(t, f.path, flags), &f.dev), 0);
	return f;
}

static void end(struct fixture *f)
{
	assert_int_equal(bch_blkdev_close(f->dev), 0);
	temp_assert_contents(f->path, f->before, SIZE); /* never touched */
	free(f->path);
	free(f->before);
}

static void reads_see_the_writes_and_the_file_does_not(void **state)
{
	struct fixture f = begin(*state, 0);
	u8 *model = malloc(SIZE), *have = malloc(SIZE);

	memcpy(model, f.before, SIZE);
	for (int i = 0; i < 400; i++) {
		u64 offset = temp_random(f.t) % SIZE;
		size_t len = (size_t)(temp_random(f.t) % 9000) % (SIZE - offset + 1);

		if (i % 10 == 0) {
			memset(model + offset, 0, len);
			assert_int_equal(bch_blkdev_zero(f.dev, len, offset), 0);
		} else {
			temp_fill(f.t, model + offset, len);
			assert_int_equal(bch_blkdev_write(f.dev, model + offset, len, offset), 0);
		}
		offset = temp_random(f.t) % SIZE;
		len = (size_t)(temp_random(f.t) % (SIZE - offset + 1));
		assert_int_equal(bch_blkdev_read(f.dev, have, len, offset), 0);
		assert_memory_equal(have, model + offset, len);
	}
	assert_int_equal(bch_blkdev_flush(f.dev), 0);
	assert_int_equal(bch_blkdev_discard(f.dev, SIZE, 0), 0);
	assert_int_equal(bch_blkdev_read(f.dev, have, SIZE, 0), 0);
	assert_memory_equal(have, model, SIZE);
	free(model);
	free(have);
	end(&f);
}

static void one_that_grows_has_zeroes_behind_what_is_below(void **state)
{
	struct fixture f = begin(*state, 0);
	u8 have[3 * BCH_OVERLAY_PAGE], want[sizeof(have)] = { 0 };

	assert_int_equal(bch_blkdev_write(f.dev, "x", 1, SIZE), -BCH_ERR_short_write);
	assert_int_equal(bch_blkdev_resize(f.dev, SIZE + 2 * BCH_OVERLAY_PAGE), 0);
	memcpy(want, f.before + SIZE - BCH_OVERLAY_PAGE, BCH_OVERLAY_PAGE);
	assert_int_equal(bch_blkdev_read(f.dev, have, sizeof(have), SIZE - BCH_OVERLAY_PAGE), 0);
	assert_memory_equal(have, want, sizeof(have));
	memcpy(want + BCH_OVERLAY_PAGE - 2, "there", 5);
	assert_int_equal(bch_blkdev_write(f.dev, "there", 5, SIZE - 2), 0);
	assert_int_equal(bch_blkdev_read(f.dev, have, sizeof(have), SIZE - BCH_OVERLAY_PAGE), 0);
	assert_memory_equal(have, want, sizeof(have));
	assert_int_equal(bch_blkdev_resize(f.dev, SIZE), 0);
	assert_int_equal(bch_blkdev_read(f.dev, have, 1, SIZE), -BCH_ERR_short_read);
	end(&f);
}

struct seen {
	u8 *image;
	u64 offsets[8];
	size_t lens[8];
	size_t nr;
	int err;
};

static int see(void *arg, const void *buf, size_t len, u64 offset)
{
	struct seen *s = arg;

	memcpy(s->image + offset, buf, len);
	s->offsets[s->nr] = offset;
	s->lens[s->nr++] = len;
	return s->err;
}

static void each_shows_the_written_pages_ascending(void **state)
{
	struct fixture f = begin(*state, 0);
	struct seen seen = { .image = malloc(SIZE) };
	u8 *want = malloc(SIZE);

	assert_int_equal(bch_blkdev_write(f.dev, "end", 3, SIZE - 3), 0);
	assert_int_equal(bch_blkdev_write(f.dev, "both", 4, 2 * BCH_OVERLAY_PAGE - 2), 0);
	memcpy(seen.image, f.before, SIZE);
	assert_int_equal(bch_blkdev_read(f.dev, want, SIZE, 0), 0);

	assert_int_equal(bch_overlay_each(f.dev, see, &seen), 0);
	assert_memory_equal(seen.image, want, SIZE);
	assert_int_equal(seen.nr, 3);
	assert_int_equal(seen.offsets[0], BCH_OVERLAY_PAGE);
	assert_int_equal(seen.offsets[1], 2 * BCH_OVERLAY_PAGE);
	assert_int_equal(seen.offsets[2], 40 * BCH_OVERLAY_PAGE);
	assert_int_equal(seen.lens[2], 777);

	seen.nr = 0;
	seen.err = -BCH_ERR_cancelled;
	assert_int_equal(bch_overlay_each(f.dev, see, &seen), -BCH_ERR_cancelled);
	assert_int_equal(seen.nr, 1);
	free(seen.image);
	free(want);
	end(&f);
}

static void read_error_below_writes_nothing(void **state)
{
	struct fixture f = begin(*state, 0);
	struct bch_blkdev *faulty, *top;
	u8 have[8];

	assert_int_equal(bch_faulty_new(f.dev, &faulty), 0);
	assert_int_equal(bch_overlay_new(faulty, &top), 0);
	bch_faulty_set(faulty, BCH_FAULT_read, 1, 0);
	assert_int_equal(bch_blkdev_write(top, "partial", 7, 5), -BCH_ERR_injected);
	assert_int_equal(bch_blkdev_read(top, have, 7, 5), 0);
	assert_memory_equal(have, f.before + 5, 7);
	f.dev = top;
	end(&f);
}

static void threads_may_write_parts_of_one_page(void **state)
{
	struct fixture f = begin(*state, 0);

	temp_assert_threads_can_write(f.dev);
	end(&f);
}

static void lack_of_memory_is_an_error(void **state)
{
	struct fixture f = begin(*state, 0);
	u8 have[8];

	temp_assert_write_survives_lack_of_memory(f.dev, "abc", 5);
	assert_int_equal(bch_blkdev_read(f.dev, have, 8, 0), 0);
	assert_memory_equal(have, f.before, 5);
	assert_memory_equal(have + 5, "abc", 3);
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(reads_see_the_writes_and_the_file_does_not),
		TEMP_TEST(one_that_grows_has_zeroes_behind_what_is_below),
		TEMP_TEST(each_shows_the_written_pages_ascending),
		TEMP_TEST(read_error_below_writes_nothing),
		TEMP_TEST(threads_may_write_parts_of_one_page),
		TEMP_TEST(lack_of_memory_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
