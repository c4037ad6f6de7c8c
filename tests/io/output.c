// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of new files that are written from start to end. */

#include "temp.h"

#define SIZE (3U << 20)

/* Bytes, and zeroes that are put as well as skipped. */
static u8 *put_some(struct temp *t, struct bch_output *out)
{
	u8 *model = calloc(1, SIZE);

	temp_fill(t, model, 5000);
	temp_fill(t, model + 1500000, 300000);
	model[SIZE - 5000] = 'x';
	assert_int_equal(bch_output_put(out, model, 1), 0);
	assert_int_equal(bch_output_put(out, model + 1, 999999), 0);
	assert_int_equal(bch_output_skip(out, 500000), 0);
	assert_int_equal(bch_output_put(out, model + 1500000, SIZE - 1500000 - 4999), 0);
	assert_int_equal(bch_output_skip(out, 0), 0);
	assert_int_equal(bch_output_skip(out, 4999), 0);
	return model;
}

static void file_holds_what_was_put_and_holes_for_zeroes(void **state)
{
	struct temp *t = *state;
	char *path = temp_path(t, "file");
	struct bch_output *out;
	struct stat st;
	u8 *model;

	assert_int_equal(bch_output_create(t->ctx, path, 0, &out), 0);
	model = put_some(t, out);
	assert_int_equal(bch_output_close(out), 0);
	temp_assert_contents(path, model, SIZE);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(st.st_blocks * 512 < 400000);
	free(model);
	free(path);
}

static void compressed_file_unpacks_to_what_was_put(void **state)
{
	struct temp *t = *state;
	char *path = temp_path(t, "file.zst"), *raw = temp_path(t, "file");
	struct bch_output *out;
	struct stat st;
	u8 *model;

	if (temp_run("zstd -V >/dev/null 2>&1"))
		skip();
	assert_int_equal(bch_output_create(t->ctx, path, BCH_OUTPUT_ZSTD, &out), 0);
	model = put_some(t, out);
	assert_int_equal(bch_output_close(out), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(temp_run("zstd -qd %s -o %s", path, raw), 0);
	temp_assert_contents(raw, model, SIZE);
	free(model);
	free(path);
	free(raw);
}

static void stream_has_the_zeroes_in_full(void **state)
{
	struct temp *t = *state;
	char *path = temp_path(t, "file");
	struct bch_output *out;
	char command[128];
	FILE *pipe;
	u8 *model;

	snprintf(command, sizeof(command), "cat >%s", path);
	pipe = popen(command, "w");
	assert_non_null(pipe);
	assert_int_equal(bch_output_stream(t->ctx, "pipe", fileno(pipe), &out), 0);
	model = put_some(t, out);
	assert_int_equal(bch_output_close(out), 0);
	assert_int_equal(pclose(pipe), 0);
	temp_assert_contents(path, model, SIZE);
	free(model);
	free(path);
}

static void long_hole_takes_neither_time_nor_space(void **state)
{
	struct temp *t = *state;
	char *path = temp_path(t, "file");
	struct bch_output *out;
	struct stat st;

	assert_int_equal(bch_output_create(t->ctx, path, 0, &out), 0);
	assert_int_equal(bch_output_put(out, "x", 1), 0);
	assert_int_equal(bch_output_skip(out, 1ULL << 40), 0);
	assert_int_equal(bch_output_close(out), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, (1ULL << 40) + 1);
	assert_true(st.st_blocks * 512 < 1 << 20);
	free(path);
}

static void what_has_the_name_is_not_touched(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "file", "old", 3), want[256];
	struct bch_output *out;

	assert_int_equal(bch_output_create(t->ctx, path, 0, &out), -BCH_ERR_exists);
	assert_null(out);
	snprintf(want, sizeof(want), "%s already exists", path);
	assert_string_equal(bch_error_message(t->ctx, -BCH_ERR_exists), want);
	temp_assert_contents(path, "old", 3);
	free(path);
}

static void file_is_replaced_when_the_new_one_is_whole(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "file", "old", 3);
	struct bch_output *out;
	struct stat st;

	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(bch_output_create(t->ctx, path, BCH_OUTPUT_REPLACE, &out), 0);
	assert_int_equal(bch_output_put(out, "newer", 5), 0);
	temp_assert_contents(path, "old", 3);
	assert_int_equal(bch_output_close(out), 0);
	temp_assert_contents(path, "newer", 5);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	free(path);
}

static size_t nr_files(const struct temp *t)
{
	char command[128];
	size_t nr = 0;
	FILE *out;

	snprintf(command, sizeof(command), "ls -A %s | wc -l", t->folder);
	out = popen(command, "r");
	assert_non_null(out);
	assert_int_equal(fscanf(out, "%zu", &nr), 1);
	pclose(out);
	return nr;
}

static void abandoned_file_leaves_nothing_behind(void **state)
{
	struct temp *t = *state;
	char *old = temp_image(t, "old", "old", 3), *path = temp_path(t, "new");
	struct bch_output *out;

	assert_int_equal(bch_output_create(t->ctx, path, 0, &out), 0);
	assert_int_equal(bch_output_put(out, "x", 1), 0);
	bch_output_abandon(out);
	assert_int_equal(bch_output_create(t->ctx, old, BCH_OUTPUT_REPLACE, &out), 0);
	bch_output_abandon(out);
	bch_output_abandon(NULL);
	assert_int_equal(nr_files(t), 1);
	temp_assert_contents(old, "old", 3);
	free(old);
	free(path);
}

static void full_device_is_an_error_that_names_it(void **state)
{
	struct temp *t = *state;
	struct bch_output *out;
	int fd = open("/dev/full", O_WRONLY);

	if (fd < 0)
		skip();
	assert_int_equal(bch_output_stream(t->ctx, "standard output", fd, &out), 0);
	assert_int_equal(bch_output_put(out, "x", 1), 0);
	assert_int_equal(bch_output_close(out), -BCH_ERR_no_space);
	assert_string_equal(bch_error_message(t->ctx, -BCH_ERR_no_space),
			    "standard output: no space left");
	close(fd);
}

static void missing_folder_is_an_error(void **state)
{
	struct temp *t = *state;
	char *path = temp_path(t, "no/file");
	struct bch_output *out;

	assert_int_equal(bch_output_create(t->ctx, path, 0, &out), -BCH_ERR_not_found);
	assert_null(out);
	assert_int_equal(bch_output_create(t->ctx, path, BCH_OUTPUT_REPLACE, &out),
			 -BCH_ERR_not_found);
	assert_null(out);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(file_holds_what_was_put_and_holes_for_zeroes),
		TEMP_TEST(compressed_file_unpacks_to_what_was_put),
		TEMP_TEST(stream_has_the_zeroes_in_full),
		TEMP_TEST(long_hole_takes_neither_time_nor_space),
		TEMP_TEST(what_has_the_name_is_not_touched),
		TEMP_TEST(file_is_replaced_when_the_new_one_is_whole),
		TEMP_TEST(abandoned_file_leaves_nothing_behind),
		TEMP_TEST(full_device_is_an_error_that_names_it),
		TEMP_TEST(missing_folder_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
