// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of writing qcow2 files: qemu finds them whole, and reads what was put into them. */

#include "qcow2_image.h"

static void assert_qemu_accepts_what_we_write(struct temp *t, u32 cluster_size)
{
	struct bch_qcow2_writer *w bch_auto(qcow2_writer) = writer_of_ranges(t, cluster_size);
	u8 *model = model_of_ranges(t);
	char *image = write_image(t, w, model), *raw = temp_path(t, "raw");

	assert_dev_is(t, image, model, SIZE);
	assert_int_equal(temp_run("qemu-img check -q -f qcow2 %s && "
				  "qemu-img convert -f qcow2 -O raw %s %s",
				  image, image, raw),
			 0);
	temp_assert_contents(raw, model, SIZE);
	free(image);
	free(raw);
	free(model);
}

static void what_we_write_is_whole_to_qemu_at_every_cluster_size(void **state)
{
	need_qemu();
	for (u32 cluster_size = 512; cluster_size <= 2 << 20; cluster_size *= 2)
		assert_qemu_accepts_what_we_write(*state, cluster_size);
}

static void image_of_nothing_is_whole_to_qemu_and_zeroes(void **state)
{
	struct temp *t = *state;
	struct bch_qcow2_writer *w bch_auto(qcow2_writer) = NULL;
	u8 *model = calloc(1, SIZE);
	char *image;

	need_qemu();
	assert_int_equal(bch_qcow2_writer_new(t->ctx, SIZE, 65536, &w), 0);
	image = write_image(t, w, model);
	assert_int_equal(temp_run("qemu-img check -q -f qcow2 %s", image), 0);
	assert_dev_is(t, image, model, SIZE);
	free(image);
	free(model);
}

static void image_is_the_same_through_a_pipe(void **state)
{
	struct temp *t = *state;
	struct bch_qcow2_writer *w bch_auto(qcow2_writer) = writer_of_ranges(t, 4096);
	struct device d = { .model = model_of_ranges(t) };
	char *image = write_image(t, w, d.model), command[256];
	struct bch_output *out;
	FILE *pipe;

	snprintf(command, sizeof(command), "cat >%s/piped", t->folder);
	pipe = popen(command, "w");
	assert_non_null(pipe);
	assert_int_equal(bch_output_stream(t->ctx, "pipe", fileno(pipe), &out), 0);
	assert_int_equal(bch_qcow2_write(w, out, read_model, &d), 0);
	assert_int_equal(bch_output_close(out), 0);
	assert_int_equal(pclose(pipe), 0);
	assert_int_equal(temp_run("cmp %s %s/piped", image, t->folder), 0);
	free(image);
	free(d.model);
}

static void range_within_another_is_not_read(void **state)
{
	struct temp *t = *state;
	struct bch_qcow2_writer *w bch_auto(qcow2_writer) = writer_of_ranges(t, 4096);
	struct device d = { .model = model_of_ranges(t) };
	char *path = temp_path(t, "image");
	struct bch_output *out;

	assert_int_equal(bch_output_create(t->ctx, path, 0, &out), 0);
	assert_int_equal(bch_qcow2_write(w, out, read_model, &d), 0);
	assert_int_equal(d.nr_reads, bch_array_size(ranges) - 2);
	bch_output_abandon(out);
	free(path);
	free(d.model);
}

static int read_fails(void *arg, const struct bch_qcow2_range *range, void *buf)
{
	return range->offset >= *(u64 *)arg ? -BCH_ERR_injected : 0;
}

static void error_of_a_range_ends_the_writing(void **state)
{
	struct temp *t = *state;
	struct bch_qcow2_writer *w bch_auto(qcow2_writer) = writer_of_ranges(t, 4096);
	char *path = temp_path(t, "image");
	u64 from = 1 << 20;
	struct bch_output *out;

	assert_int_equal(bch_output_create(t->ctx, path, 0, &out), 0);
	assert_int_equal(bch_qcow2_write(w, out, read_fails, &from), -BCH_ERR_injected);
	bch_output_abandon(out);
	assert_int_not_equal(access(path, F_OK), 0);
	free(path);
}

static void writer_refuses_what_no_reader_would_take(void **state)
{
	struct temp *t = *state;
	struct bch_qcow2_writer *w;

	assert_int_equal(bch_qcow2_writer_new(t->ctx, SIZE, 256, &w), -BCH_ERR_out_of_range);
	assert_int_equal(bch_qcow2_writer_new(t->ctx, SIZE, 5000, &w), -BCH_ERR_out_of_range);
	assert_int_equal(bch_qcow2_writer_new(t->ctx, SIZE, 4 << 20, &w), -BCH_ERR_out_of_range);
	assert_int_equal(bch_qcow2_writer_new(t->ctx, BCH_U64_MAX, 2 << 20, &w),
			 -BCH_ERR_out_of_range);
	assert_int_equal(bch_qcow2_writer_new(t->ctx, (128ULL << 30) + 1, 512, &w),
			 -BCH_ERR_out_of_range);
	assert_null(w);
	assert_int_equal(bch_qcow2_writer_new(t->ctx, 128ULL << 30, 512, &w), 0);
	assert_int_equal(bch_qcow2_add(w, &(struct bch_qcow2_range){ 128ULL << 30, 1, 0 }),
			 -BCH_ERR_out_of_range);
	assert_int_equal(bch_qcow2_add(w, &(struct bch_qcow2_range){ 1, BCH_U64_MAX, 0 }),
			 -BCH_ERR_out_of_range);
	bch_qcow2_writer_free(w);
}

/* With the nth allocation failing, for every n until none fails. */
static void lack_of_memory_is_an_error_of_readers_and_writers(void **state)
{
	struct temp *t = *state;
	struct bch_faults faults bch_auto(faults) = bch_faults();
	struct device d = { .model = model_of_ranges(t) };
	struct bch_qcow2_writer *w bch_auto(qcow2_writer) = writer_of_ranges(t, 4096);
	char *path = write_image(t, w, d.model), *other = temp_path(t, "other");
	int err = -BCH_ERR_no_memory;

	if (bch_fault_set(&faults, "memory", 0))
		skip();
	for (u64 nth = 1; err; nth++) {
		struct bch_blkdev *dev = NULL;
		struct bch_output *out = NULL;

		assert_int_equal(bch_fault_set(&faults, "memory", nth), 0);
		err = bch_blkdev_open(t->ctx, path, 0, &dev);
		if (!err)
			err = bch_output_create(t->ctx, other, BCH_OUTPUT_REPLACE, &out);
		if (!err)
			err = bch_qcow2_write(w, out, read_model, &d);
		assert_true(!err || err == -BCH_ERR_no_memory);
		bch_output_abandon(out);
		assert_int_equal(bch_blkdev_close(dev), 0);
	}
	assert_true(bch_fault_fired(&faults, "memory") > 0);
	free(path);
	free(other);
	free(d.model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(what_we_write_is_whole_to_qemu_at_every_cluster_size),
		TEMP_TEST(image_of_nothing_is_whole_to_qemu_and_zeroes),
		TEMP_TEST(image_is_the_same_through_a_pipe),
		TEMP_TEST(range_within_another_is_not_read),
		TEMP_TEST(error_of_a_range_ends_the_writing),
		TEMP_TEST(writer_refuses_what_no_reader_would_take),
		TEMP_TEST(lack_of_memory_is_an_error_of_readers_and_writers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
