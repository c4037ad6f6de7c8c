// SPDX-License-Identifier: GPL-2.0-or-later
/* Scrub on devices that cannot be read, without memory, and stopped at any time. */

#include "scrub_run.h"

#include "base/fault.h"
#include "io/blkdev.h"
#include "ops/scrub_private.h"

/* ------------------------------------------------------------------ errors of reading */

/* Each read in turn fails once: it is tried again, or what it was to read is said to be bad. */
static void a_read_that_fails_is_survived_wherever_it_is(void **state)
{
	struct image image = image_unpack(*state, "tests/images/139-evac-pending");
	u64 nth = 0, nr_found = 0, nr_bad;
	bool failed;

	do {
		struct bch_scrub_result result;
		struct json_object *json;
		struct bch_blkdev **dev;

		scrub_open(&image);
		dev = &image.fs->members[0].blkdev;
		assert_int_equal(bch_faulty_new(*dev, dev), 0);
		bch_faulty_set(*dev, BCH_FAULT_read, ++nth, 0);
		assert_int_equal(scrub_run(&image, NULL, &result, &json), 0);
		nr_bad = result.nr_bad;
		assert_true(nr_bad <= 1);
		if (nr_bad)
			assert_string_equal(
				json_text(json_object_array_get_idx(json_get(json, "damage"), 0),
					  "device"),
				"dev0.img");
		nr_found += nr_bad;
		json_object_put(json);
		failed = bch_blkdev_read(*dev, &(u8){ 0 }, 1, 0) == 0;
		bch_faulty_set(*dev, BCH_FAULT_read, 1, 0);
		image_close(&image);
	} while (failed && nth < 200);
	assert_true(nr_found > 0);
	image_open_fs(&image);
	image_end(&image);
}

/* A device with a range that cannot be read. */
struct bad_range {
	struct bch_blkdev dev;
	u64 from, to; /* bytes */
};

static int read_around(struct bch_blkdev *dev, void *buf, size_t len, u64 offset)
{
	const struct bad_range *bad = (struct bad_range *)dev;

	if (offset < bad->to && bad->from < offset + len)
		return -BCH_ERR_io;
	return bch_blkdev_read(dev->below, buf, len, offset);
}

static const struct bch_blkdev_ops bad_range_ops = { .read = read_around };

/* The first blob of a regular file with two copies, that on @dev_idx. */
static struct bch_ptr blob_with_two_copies(struct bch_fs *fs, u32 dev_idx, struct bch_key *k,
					   u32 *nr_sectors)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_extents, BCH_POS_MIN, BCH_SPOS_MAX);

	while (bch_cursor_next(&cur, k) > 0) {
		struct bch_extent_walk walk = bch_extent_walk(k, &fs->super);
		struct bch_extent_ptr p;
		struct bch_ptr found = { 0 };
		u32 nr = 0;

		while (bch_extent_ptr_next(&walk, &p)) {
			nr++;
			if (p.ptr.dev_idx == dev_idx) {
				found = p.ptr;
				*nr_sectors = p.crc.compressed_sectors;
			}
		}
		if (nr == 2 && found.offset_sectors)
			return found;
	}
	fail();
	return (struct bch_ptr){ 0 };
}

/* A bad sector is in one blob, though many are read at once. */
static void a_sector_that_cannot_be_read_is_bad_in_one_blob_alone(void **state)
{
	struct image image = image_unpack(*state, "tests/images/139-evac-pending");
	struct bch_scrub_result result;
	struct json_object *json, *d;
	struct bch_blkdev **dev;
	struct bad_range *bad;
	struct bch_ptr p;
	struct bch_key k;
	u32 nr_sectors;

	scrub_open(&image);
	p = blob_with_two_copies(image.fs, 1, &k, &nr_sectors);
	dev = &image.fs->members[1].blkdev;
	bad = bch_blkdev_new_on(*dev, &bad_range_ops, sizeof(*bad));
	assert_non_null(bad);
	bad->from = BCH_BYTES(p.offset_sectors + nr_sectors - 1);
	bad->to = bad->from + 1;
	*dev = &bad->dev;

	assert_int_equal(scrub_run(&image, NULL, &result, &json), 0);
	assert_int_equal(result.nr_bad, 1);
	d = json_object_array_get_idx(json_get(json, "damage"), 0);
	assert_string_equal(json_text(d, "kind"), "data");
	assert_string_equal(json_text(d, "state"), "bad");
	assert_string_equal(json_text(d, "reason"), "input/output error");
	assert_int_equal(json_number(d, "sector"), p.offset_sectors);
	d = json_object_array_get_idx(json_get(json, "devices"), 1);
	assert_int_equal(json_number(d, "uncorrected_bytes"), BCH_BYTES(nr_sectors));
	json_object_put(json);
	image_end(&image);
}

/* ------------------------------------------------------------------ ends */

static bool is_last_call(void *arg)
{
	_Atomic int *left = arg;

	return *left <= 0 || --*left == 0;
}

/* At the nth question whether to go on the answer is no, ever later ones. */
static void one_that_is_interrupted_says_so_and_what_it_found(void **state)
{
	static const struct bch_callbacks callbacks = { .cancelled = is_last_call };
	struct image image = image_unpack(*state, "tests/images/139-evac-pending");
	const struct bch_scrub_opts opts = { .batch_bytes = 1000 };
	int nth = 0;
	u32 nr_interrupted = 0;
	bool interrupted;

	do {
		_Atomic int calls = nth += 1 + nth / 4;
		struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &calls);
		struct bch_scrub_result result;
		struct bch_ctx *usual;
		struct json_object *json;

		scrub_open(&image);
		usual = image.fs->ctx;
		image.fs->ctx = ctx;
		assert_int_equal(scrub_run(&image, &opts, &result, &json), 0);
		interrupted = result.interrupted;
		nr_interrupted += interrupted;
		assert_string_equal(
			json_text(json_object_array_get_idx(json_get(json, "devices"), 0), "state"),
			interrupted ? "interrupted" : "complete");
		json_object_put(json);
		image.fs->ctx = usual;
		image_close(&image);
	} while (interrupted);
	assert_true(nr_interrupted > 10);
	image_open_fs(&image);
	image_end(&image);
}

/* The nth allocation fails, ever later ones: all is well, or it is said. */
static void lack_of_memory_is_an_error(void **state)
{
	struct image image = image_unpack(*state, "tests/images/139-evac-pending");
	struct bch_faults faults bch_auto(faults) = bch_faults();
	u64 nth = 0, fired;
	u32 nr_failed = 0;

	if (bch_fault_set(&faults, "memory", 0))
		skip();
	do {
		struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);
		const struct bch_scrub_opts opts = { .batch_bytes = 2000 };
		struct bch_scrub_result result;
		int err;

		scrub_open(&image);
		fired = bch_fault_fired(&faults, "memory");
		assert_int_equal(bch_fault_set(&faults, "memory", nth += 1 + nth / 8), 0);
		err = bch_scrub(image.fs, &opts, facts, &result);
		assert_int_equal(bch_fault_set(&faults, "memory", 0), 0);
		assert_true(!err || err == -BCH_ERR_no_memory);
		if (!err)
			assert_int_equal(result.nr_bad, 0);
		nr_failed += err != 0;
		image_close(&image);
	} while (bch_fault_fired(&faults, "memory") != fired);
	assert_true(nr_failed > 10);
	image_open_fs(&image);
	image_end(&image);
}

/* ------------------------------------------------------------------ what is asked for */

static void one_member_alone_is_read_where_it_alone_is_wanted(void **state)
{
	struct image image = image_unpack(*state, "tests/images/139-evac-pending");
	const char *const devices[] = { "1" }, *const wrong[] = { "17" };
	struct bch_scrub_opts opts = { .devices = devices, .nr_devices = 1 };
	struct bch_scrub_result result;
	struct json_object *json;

	scrub_open(&image);
	assert_int_equal(scrub_run(&image, &opts, &result, &json), 0);
	assert_int_equal(json_object_array_length(json_get(json, "devices")), 1);
	assert_string_equal(
		json_text(json_object_array_get_idx(json_get(json, "devices"), 0), "device"),
		"dev1.img");
	json_object_put(json);
	opts.devices = wrong;
	assert_int_equal(scrub_run(&image, &opts, &result, &json), -BCH_ERR_no_such_device);
	image_end(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_read_that_fails_is_survived_wherever_it_is,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(
			a_sector_that_cannot_be_read_is_bad_in_one_blob_alone, temp_setup,
			temp_teardown),
		cmocka_unit_test_setup_teardown(one_that_is_interrupted_says_so_and_what_it_found,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(lack_of_memory_is_an_error, temp_setup,
						temp_teardown),
		cmocka_unit_test_setup_teardown(one_member_alone_is_read_where_it_alone_is_wanted,
						temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
