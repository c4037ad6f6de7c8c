// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of the undo log: writing it, reading it, putting things back. */

#include "temp.h"

#include "io/undo.h"

#define SIZE	  (20U * BCH_UNDO_BLOCK + 100)
#define NR_WRITES 12

static const u8 uuid[16] = "0123456789abcdef";

struct fixture {
	struct temp *t;
	u8 *before;
	char *image, *log;
	struct bch_undo *undo;
	struct bch_record *record; /* what reached the image */
	struct bch_blkdev *dev;
};

static struct fixture begin(struct temp *t)
{
	struct fixture f = { .t = t, .before = malloc(SIZE), .log = temp_path(t, "undo") };
	struct bch_undo_header header = { .sb_seq = 7, .time = 1234, .command = "bcachefs test" };
	struct bch_blkdev *below;

	temp_fill(t, f.before, SIZE);
	memset(f.before + 8192, 0, 8192); /* zeroes are kept in another way */
	f.image = temp_image(t, "image", f.before, SIZE);
	memcpy(header.fs_uuid, uuid, sizeof(uuid));
	assert_int_equal(bch_undo_create(t->ctx, f.log, &header, &f.undo), 0);
	assert_int_equal(bch_record_new(&f.record), 0);
	assert_int_equal(
		bch_record_stack(f.record, temp_open(t, f.image, BCH_BLKDEV_WRITE), &below), 0);
	assert_int_equal(bch_undo_stack(f.undo, below, 3, uuid, &f.dev), 0);
	return f;
}

static void write_something(struct fixture *f)
{
	u64 offset = temp_random(f->t) % SIZE;
	size_t len = (size_t)(temp_random(f->t) % (SIZE - offset + 1));
	u8 *data = malloc(SIZE);

	temp_fill(f->t, data, SIZE);
	if (temp_random(f->t) % 5)
		assert_int_equal(bch_blkdev_write(f->dev, data, len, offset), 0);
	else
		assert_int_equal(bch_blkdev_zero(f->dev, len, offset), 0);
	free(data);
}

static void close_all(struct fixture *f)
{
	assert_int_equal(bch_blkdev_close(f->dev), 0);
	assert_int_equal(bch_undo_close(f->undo), 0);
}

static void end(struct fixture *f)
{
	bch_record_free(f->record);
	free(f->before);
	free(f->image);
	free(f->log);
}

static struct bch_undo_file *open_log(struct temp *t, const char *path)
{
	struct bch_undo_file *file = NULL;
	int err = bch_undo_open(t->ctx, path, &file);

	if (err)
		print_error("%s\n", bch_error_message(t->ctx, err));
	assert_int_equal(err, 0);
	return file;
}

/* Puts @image back, whose device is the log's last, after verifying it; is it what it was? */
static void assert_can_be_put_back(const struct fixture *f, const char *log, const char *image)
{
	struct bch_undo_file *file bch_auto(undo_file) = open_log(f->t, log);
	struct bch_blkdev *dev = temp_open(f->t, image, BCH_BLKDEV_WRITE);
	size_t nr = bch_undo_file_nr_devs(file) - 1;

	assert_int_equal(bch_undo_verify(file, nr, dev), 0);
	assert_int_equal(bch_undo_apply(file, nr, dev), 0);
	assert_int_equal(bch_undo_verify(file, nr, dev), 0);
	assert_int_equal(bch_blkdev_close(dev), 0);
	temp_assert_contents(image, f->before, SIZE);
}

static void random_writes_are_put_back(void **state)
{
	struct fixture f = begin(*state);

	for (int i = 0; i < NR_WRITES; i++)
		write_something(&f);
	close_all(&f);
	assert_can_be_put_back(&f, f.log, f.image);
	assert_can_be_put_back(&f, f.log, f.image);
	end(&f);
}

static void header_and_device_are_told(void **state)
{
	struct fixture f = begin(*state);
	struct bch_undo_file *file;

	assert_int_equal(bch_blkdev_write(f.dev, "x", 1, SIZE - 1), 0);
	close_all(&f);
	file = open_log(f.t, f.log);
	assert_string_equal(bch_undo_file_header(file)->command, "bcachefs test");
	assert_int_equal(bch_undo_file_header(file)->sb_seq, 7);
	assert_int_equal(bch_undo_file_header(file)->time, 1234);
	assert_memory_equal(bch_undo_file_header(file)->fs_uuid, uuid, 16);
	assert_true(bch_undo_file_whole(file));
	assert_int_equal(bch_undo_file_dev(file, 0)->idx, 3);
	assert_memory_equal(bch_undo_file_dev(file, 0)->uuid, uuid, 16);
	assert_int_equal(bch_undo_file_dev(file, 0)->size, SIZE);
	assert_string_equal(bch_undo_file_dev(file, 0)->name, f.image);
	assert_int_equal(bch_undo_file_dev(file, 0)->nr_ranges, 1);
	assert_true(bch_undo_file_dev(file, 0)->whole);
	bch_undo_file_free(file);
	end(&f);
}

static void range_is_saved_once_with_what_was_there_first(void **state)
{
	struct fixture f = begin(*state);
	struct bch_undo_file *file;
	struct bch_undo_range range;

	assert_int_equal(bch_blkdev_write(f.dev, "first", 5, BCH_UNDO_BLOCK), 0);
	assert_int_equal(bch_blkdev_write(f.dev, "second", 6, BCH_UNDO_BLOCK), 0);
	assert_int_equal(bch_blkdev_write(f.dev, "end", 3, SIZE - 3), 0);
	close_all(&f);
	file = open_log(f.t, f.log);
	assert_int_equal(bch_undo_file_dev(file, 0)->nr_ranges, 2);
	assert_int_equal(bch_undo_file_range(file, 0, 0, &range), 0);
	assert_int_equal(range.offset, BCH_UNDO_BLOCK);
	assert_int_equal(range.len, BCH_UNDO_BLOCK);
	assert_memory_equal(range.data, f.before + range.offset, range.len);
	assert_int_equal(bch_undo_file_range(file, 0, 1, &range), 0);
	assert_int_equal(range.offset + range.len, SIZE);
	assert_memory_equal(range.data, f.before + range.offset, range.len);
	bch_undo_file_free(file);
	end(&f);
}

static void an_image_that_grew_ends_again_where_it_ended(void **state)
{
	struct fixture f = begin(*state);

	assert_int_equal(bch_blkdev_resize(f.dev, SIZE - 1), -BCH_ERR_not_supported);
	assert_int_equal(bch_blkdev_resize(f.dev, SIZE + 100000), 0);
	assert_int_equal(bch_blkdev_write(f.dev, "behind", 6, SIZE + 5000), 0);
	assert_int_equal(bch_blkdev_write(f.dev, "across", 6, SIZE - 3), 0);
	assert_int_equal(bch_blkdev_resize(f.dev, SIZE), 0);
	assert_int_equal(bch_blkdev_resize(f.dev, SIZE + 1), 0);
	close_all(&f);
	assert_can_be_put_back(&f, f.log, f.image);
	temp_assert_contents(f.image, f.before, SIZE);
	end(&f);
}

static void discards_are_kept_from_the_device(void **state)
{
	struct fixture f = begin(*state);

	assert_int_equal(bch_blkdev_discard(f.dev, SIZE, 0), 0);
	close_all(&f);
	temp_assert_contents(f.image, f.before, SIZE);
	end(&f);
}

/* The image as it was after the first @nr writes that reached it. */
static char *image_after(const struct fixture *f, size_t nr)
{
	u8 *bytes = malloc(SIZE);
	char *path;

	memcpy(bytes, f->before, SIZE);
	for (size_t i = 0; i < nr; i++) {
		struct bch_record_entry e = bch_record_at(f->record, i);

		memcpy(bytes + e.offset, e.data, e.len);
	}
	path = temp_image(f->t, "cut", bytes, SIZE);
	free(bytes);
	return path;
}

static void power_cut_before_any_write_can_be_undone(void **state)
{
	struct fixture f = begin(*state);
	u64 log_len[NR_WRITES + 1];
	size_t nr_writes[NR_WRITES + 1];
	struct stat st;
	u8 *log;
	int fd;

	for (int i = 0; i <= NR_WRITES; i++) {
		if (i)
			write_something(&f);
		assert_int_equal(stat(f.log, &st), 0);
		log_len[i] = (u64)st.st_size;
		nr_writes[i] = bch_record_nr(f.record);
	}
	close_all(&f);
	log = malloc((size_t)log_len[NR_WRITES]);
	fd = open(f.log, O_RDONLY);
	assert_int_equal(read(fd, log, (size_t)log_len[NR_WRITES]), log_len[NR_WRITES]);
	close(fd);

	for (int i = 0; i < NR_WRITES; i++)
		for (size_t nr = nr_writes[i]; nr <= nr_writes[i + 1]; nr++) {
			/*
			 * Until the first write of a step arrives, the log may end anywhere in it.
			 */
			u64 from = nr == nr_writes[i] ? log_len[i] : log_len[i + 1];

			for (u64 len = from; len <= log_len[i + 1]; len += 1000) {
				char *cut_log = temp_image(f.t, "cut-log", log, (size_t)len);
				char *image = image_after(&f, nr);

				assert_can_be_put_back(&f, cut_log, image);
				unlink(cut_log);
				unlink(image);
				free(cut_log);
				free(image);
			}
		}
	free(log);
	end(&f);
}

static void write_is_not_passed_on_when_the_log_fails(void **state)
{
	struct fixture f = begin(*state);
	struct bch_blkdev *faulty, *top;
	struct bch_undo_file *file;

	assert_int_equal(bch_faulty_new(f.dev, &faulty), 0);
	assert_int_equal(bch_undo_stack(f.undo, faulty, 4, uuid, &top), 0);
	bch_faulty_set(faulty, BCH_FAULT_read, 1, 0); /* of the old contents */
	assert_int_equal(bch_blkdev_write(top, "x", 1, 0), -BCH_ERR_injected);
	assert_int_equal(bch_record_nr(f.record), 0);
	assert_int_equal(bch_blkdev_write(top, "x", 1, 0), 0);
	f.dev = top;
	close_all(&f);

	file = open_log(f.t, f.log);
	assert_int_equal(bch_undo_file_nr_devs(file), 2);
	assert_int_equal(bch_undo_file_dev(file, 1)->idx, 4);
	assert_int_equal(bch_undo_file_dev(file, 1)->nr_ranges, 1);
	bch_undo_file_free(file);
	end(&f);
}

static void write_that_failed_half_way_is_put_back(void **state)
{
	struct fixture f = begin(*state);
	struct bch_blkdev *faulty, *top;

	assert_int_equal(bch_blkdev_close(f.dev), 0);
	assert_int_equal(bch_faulty_new(temp_open(f.t, f.image, BCH_BLKDEV_WRITE), &faulty), 0);
	assert_int_equal(bch_undo_stack(f.undo, faulty, 3, uuid, &top), 0);
	bch_faulty_set(faulty, BCH_FAULT_write, 1, 3);
	assert_int_equal(bch_blkdev_write(top, "abcdef", 6, 30000), -BCH_ERR_injected);
	assert_int_equal(bch_blkdev_close(top), 0);
	assert_int_equal(bch_undo_close(f.undo), 0);
	assert_can_be_put_back(&f, f.log, f.image);
	end(&f);
}

static void threads_may_write_parts_of_one_block(void **state)
{
	struct fixture f = begin(*state);

	temp_assert_threads_can_write(f.dev);
	close_all(&f);
	assert_can_be_put_back(&f, f.log, f.image);
	end(&f);
}

static void lack_of_memory_is_an_error_and_loses_nothing(void **state)
{
	struct fixture f = begin(*state);

	temp_assert_write_survives_lack_of_memory(f.dev, "abc", 3 * BCH_UNDO_BLOCK - 1);
	close_all(&f);
	assert_can_be_put_back(&f, f.log, f.image);
	end(&f);
}

static void device_written_since_does_not_verify(void **state)
{
	struct fixture f = begin(*state);
	struct bch_undo_file *file;
	struct bch_blkdev *dev;

	assert_int_equal(bch_blkdev_write(f.dev, "by the command", 14, 5000), 0);
	close_all(&f);
	dev = temp_open(f.t, f.image, BCH_BLKDEV_WRITE);
	file = open_log(f.t, f.log);
	assert_int_equal(bch_blkdev_write(dev, "elsewhere", 9, 100), 0);
	assert_int_equal(bch_undo_verify(file, 0, dev), 0);
	assert_int_equal(bch_blkdev_write(dev, "later", 5, 5000), 0);
	assert_int_equal(bch_undo_verify(file, 0, dev), -BCH_ERR_undo_mismatch);
	bch_undo_file_free(file);
	assert_int_equal(bch_blkdev_close(dev), 0);
	end(&f);
}

static void smaller_device_is_refused(void **state)
{
	struct fixture f = begin(*state);
	struct bch_undo_file *file;
	struct bch_blkdev *dev;

	assert_int_equal(bch_blkdev_write(f.dev, "x", 1, 0), 0);
	close_all(&f);
	assert_int_equal(truncate(f.image, SIZE - 1), 0);
	dev = temp_open(f.t, f.image, BCH_BLKDEV_WRITE);
	file = open_log(f.t, f.log);
	assert_int_equal(bch_undo_verify(file, 0, dev), -BCH_ERR_undo_mismatch);
	assert_int_equal(bch_undo_check(file, 0, dev), -BCH_ERR_undo_mismatch);
	assert_int_equal(bch_undo_apply(file, 0, dev), -BCH_ERR_undo_mismatch);
	bch_undo_file_free(file);
	assert_int_equal(bch_blkdev_close(dev), 0);
	end(&f);
}

static void a_file_with_nothing_to_put_back_is_taken_away(void **state)
{
	struct fixture f = begin(*state);

	close_all(&f);
	assert_int_equal(access(f.log, F_OK), -1);
	end(&f);
}

/* Any byte that counts, changed, is found at the latest when it would be put back. */
static void damage_is_found_and_nothing_is_written(void **state)
{
	struct fixture f = begin(*state);
	struct stat st;
	u8 *after = malloc(SIZE), *log;
	struct bch_blkdev *dev;
	u32 found = 0;

	assert_int_equal(bch_blkdev_write(f.dev, "1", 1, 0), 0);
	assert_int_equal(bch_blkdev_write(f.dev, "2", 1, 3 * BCH_UNDO_BLOCK), 0);
	assert_int_equal(bch_blkdev_write(f.dev, "3", 1, 5 * BCH_UNDO_BLOCK), 0);
	assert_int_equal(bch_blkdev_read(f.dev, after, SIZE, 0), 0);
	close_all(&f);

	assert_int_equal(stat(f.log, &st), 0);
	log = malloc((size_t)st.st_size);
	dev = temp_open(f.t, f.log, BCH_BLKDEV_WRITE);
	assert_int_equal(bch_blkdev_read(dev, log, (size_t)st.st_size, 0), 0);
	for (u64 at = 0; at < (u64)st.st_size; at += 13) {
		struct bch_undo_file *file = NULL;
		struct bch_blkdev *image = temp_open(f.t, f.image, BCH_BLKDEV_WRITE);
		u8 wrong = log[at] ^ 0x10;
		int err;

		assert_int_equal(bch_blkdev_write(dev, &wrong, 1, at), 0);
		err = bch_undo_open(f.t->ctx, f.log, &file);
		if (!err && !bch_undo_file_whole(file)) { /* the end's own record */
			assert_true(at >= (u64)st.st_size - BCH_UNDO_ALIGN);
			err = -BCH_ERR_undo_invalid;
		}
		if (!err)
			err = bch_undo_apply(file, 0, image);
		if (err) {
			found++;
			temp_assert_contents(f.image, after, SIZE);
		} else { /* padding */
			temp_assert_contents(f.image, f.before, SIZE);
			assert_int_equal(bch_blkdev_write(image, after, SIZE, 0), 0);
		}
		bch_undo_file_free(file);
		assert_int_equal(bch_blkdev_write(dev, log + at, 1, at), 0);
		assert_int_equal(bch_blkdev_close(image), 0);
	}
	assert_true(found > 2 * BCH_UNDO_BLOCK / 13); /* the data alone */
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(after);
	free(log);
	end(&f);
}

static void other_files_are_no_undo_files(void **state)
{
	struct temp *t = *state;
	char *small = temp_image(t, "small", "bcachefs", 8);
	char *other = temp_image(t, "other", NULL, 100000);
	struct bch_undo_file *file;

	assert_int_equal(bch_undo_open(t->ctx, small, &file), -BCH_ERR_undo_invalid);
	assert_int_equal(bch_undo_open(t->ctx, other, &file), -BCH_ERR_undo_invalid);
	assert_int_equal(bch_undo_open(t->ctx, t->folder, &file), -BCH_ERR_is_directory);
	assert_null(file);
	free(small);
	free(other);
}

static void existing_file_is_not_overwritten(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "precious", "abc", 3);
	struct bch_undo_header header = { .command = "" };
	struct bch_undo *undo;

	assert_int_equal(bch_undo_create(t->ctx, path, &header, &undo), -BCH_ERR_exists);
	assert_null(undo);
	temp_assert_contents(path, "abc", 3);
	free(path);
}

static void long_command_line_is_cut(void **state)
{
	struct temp *t = *state;
	char *path = temp_path(t, "undo"), *command = malloc(200001);
	struct bch_undo_header header = { .command = command };
	char *image = temp_image(t, "image", NULL, SIZE);
	struct bch_undo *undo;
	struct bch_undo_file *file;
	struct bch_blkdev *dev;

	memset(command, 'x', 200000);
	command[200000] = '\0';
	assert_int_equal(bch_undo_create(t->ctx, path, &header, &undo), 0);
	assert_int_equal(bch_undo_stack(undo, temp_open(t, image, BCH_BLKDEV_WRITE), 0, uuid, &dev),
			 0);
	assert_int_equal(bch_blkdev_write(dev, "x", 1, 0), 0);
	assert_int_equal(bch_blkdev_close(dev), 0);
	assert_int_equal(bch_undo_close(undo), 0);
	file = open_log(t, path);
	assert_int_equal(strlen(bch_undo_file_header(file)->command), BCH_UNDO_COMMAND_MAX - 1);
	bch_undo_file_free(file);
	free(command);
	free(image);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(random_writes_are_put_back),
		TEMP_TEST(header_and_device_are_told),
		TEMP_TEST(range_is_saved_once_with_what_was_there_first),
		TEMP_TEST(an_image_that_grew_ends_again_where_it_ended),
		TEMP_TEST(discards_are_kept_from_the_device),
		TEMP_TEST(power_cut_before_any_write_can_be_undone),
		TEMP_TEST(write_is_not_passed_on_when_the_log_fails),
		TEMP_TEST(write_that_failed_half_way_is_put_back),
		TEMP_TEST(threads_may_write_parts_of_one_block),
		TEMP_TEST(lack_of_memory_is_an_error_and_loses_nothing),
		TEMP_TEST(device_written_since_does_not_verify),
		TEMP_TEST(smaller_device_is_refused),
		TEMP_TEST(a_file_with_nothing_to_put_back_is_taken_away),
		TEMP_TEST(damage_is_found_and_nothing_is_written),
		TEMP_TEST(other_files_are_no_undo_files),
		TEMP_TEST(existing_file_is_not_overwritten),
		TEMP_TEST(long_command_line_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
