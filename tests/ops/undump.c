// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of undumping that was not to come to its end. */

#include "../io/temp.h"
#include <bcachefs/dump.h>

#define SIZE (4U << 20)

static int read_letters(void *arg, const struct bch_qcow2_range *range, void *buf)
{
	memset(buf, 'x', (size_t)range->len);
	return 0;
}

static char *dump_of_letters(struct temp *t)
{
	struct bch_qcow2_writer *w bch_auto(qcow2_writer) = NULL;
	char *path = temp_path(t, "image.qcow2");
	struct bch_output *out;

	assert_int_equal(bch_qcow2_writer_new(t->ctx, 2 * SIZE, 4096, &w), 0);
	assert_int_equal(bch_qcow2_add(w, &(struct bch_qcow2_range){ 0, SIZE, 0 }), 0);
	assert_int_equal(bch_output_create(t->ctx, path, 0, &out), 0);
	assert_int_equal(bch_qcow2_write(w, out, read_letters, NULL), 0);
	assert_int_equal(bch_output_close(out), 0);
	return path;
}

static bool is_last_call(void *arg)
{
	return --*(int *)arg == 0;
}

/* At the nth question whether to go on the answer is no, for every n until it is not asked so often. */
static void undump_that_is_cancelled_leaves_what_was_there(void **state)
{
	static const struct bch_callbacks callbacks = { .cancelled = is_last_call };
	struct temp *t = *state;
	char *image = dump_of_letters(t), *raw = temp_image(t, "image", "old", 3);
	struct bch_undump_opts opts = { .replace = true };
	struct stat st;
	int nth = 0, err;

	do {
		int calls = ++nth;
		struct bch_ctx *ctx bch_auto(ctx) = bch_ctx_new(&callbacks, &calls);

		temp_assert_contents(raw, "old", 3);
		err = bch_undump(ctx, image, raw, &opts);
		assert_true(!err || err == -BCH_ERR_cancelled);
	} while (err);
	assert_true(nth > 3);
	assert_int_equal(stat(raw, &st), 0);
	assert_int_equal(st.st_size, 2 * SIZE);
	free(image);
	free(raw);
}

static void lack_of_memory_leaves_no_file(void **state)
{
	struct temp *t = *state;
	struct bch_faults faults bch_auto(faults) = bch_faults();
	char *image = dump_of_letters(t), *raw = temp_path(t, "image");
	struct bch_undump_opts opts = { 0 };
	int err = -BCH_ERR_no_memory;

	if (bch_fault_set(&faults, "memory", 0))
		skip();
	for (u64 nth = 1; err; nth++) {
		assert_int_equal(bch_fault_set(&faults, "memory", nth), 0);
		assert_int_not_equal(access(raw, F_OK), 0);
		err = bch_undump(t->ctx, image, raw, &opts);
		assert_true(!err || err == -BCH_ERR_no_memory);
	}
	assert_true(bch_fault_fired(&faults, "memory") > 0);
	assert_int_equal(access(raw, F_OK), 0);
	free(image);
	free(raw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(undump_that_is_cancelled_leaves_what_was_there),
		TEMP_TEST(lack_of_memory_leaves_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
