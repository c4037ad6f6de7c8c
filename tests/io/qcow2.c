// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of reading qcow2 files: those of qemu, those of ours, and files made to deceive. */

#include "qcow2_image.h"
#include "io/qcow2.h"

/* ------------------------------------------------------------------ what qemu wrote */

/* A raw file with some contents, and zeroes between; the model is the caller's to free. */
static u8 *sparse_raw(struct temp *t, char **path)
{
	u8 *model = calloc(1, SIZE);

	temp_fill(t, model + 3584, 512);
	temp_fill(t, model + (1 << 20), 300000);
	temp_fill(t, model + SIZE - 70000, 70000);
	*path = temp_image(t, "raw", model, SIZE);
	return model;
}

static void assert_reads_what_qemu_writes(struct temp *t, const char *options)
{
	char *raw, *image = temp_path(t, "image");
	u8 *model = sparse_raw(t, &raw);

	need_qemu();
	assert_int_equal(
		temp_run("qemu-img convert -f raw -O qcow2 -o %s %s %s", options, raw, image), 0);
	assert_dev_is(t, image, model, SIZE);
	free(raw);
	free(image);
	free(model);
}

static void version_2_of_qemu_is_read(void **state)
{
	assert_reads_what_qemu_writes(*state, "compat=0.10");
}

static void version_3_of_qemu_is_read(void **state)
{
	assert_reads_what_qemu_writes(*state, "compat=1.1");
}

static void smallest_and_largest_clusters_of_qemu_are_read(void **state)
{
	assert_reads_what_qemu_writes(*state, "compat=0.10,cluster_size=512");
	temp_run("rm %s/*", ((struct temp *)*state)->folder);
	assert_reads_what_qemu_writes(*state, "compat=1.1,cluster_size=2M");
}

static void zero_clusters_of_version_3_are_zeroes(void **state)
{
	struct temp *t = *state;
	char *raw, *image = temp_path(t, "image");
	u8 *model = sparse_raw(t, &raw);

	need_qemu();
	if (temp_run("command -v qemu-io >/dev/null"))
		skip();
	assert_int_equal(temp_run("qemu-img convert -f raw -O qcow2 %s %s && "
				  "qemu-io -c 'write -z 1M 192k' %s >/dev/null",
				  raw, image, image),
			 0);
	memset(model + (1 << 20), 0, 192 << 10);
	assert_dev_is(t, image, model, SIZE);
	free(raw);
	free(image);
	free(model);
}

static void assert_refused(struct temp *t, const char *path, int want, const char *words)
{
	struct bch_blkdev *dev;
	char message[256];

	assert_int_equal(bch_blkdev_open(t->ctx, path, 0, &dev), want);
	assert_null(dev);
	snprintf(message, sizeof(message), "%s: %s", path, words);
	assert_string_equal(bch_error_message(t->ctx, want), message);
}

static void what_is_not_understood_is_refused_by_name(void **state)
{
	static const struct {
		const char *options, *words;
	} cases[] = {
		{ "-b raw -F raw -o compat=1.1", "qcow2 backing file: not supported" },
		{ "-b raw -F raw -o compat=0.10", "qcow2 backing file: not supported" },
		{ "-o data_file=data", "qcow2 external data file: not supported" },
		{ "-o extended_l2=on", "qcow2 extended L2 entries: not supported" },
		/* AES: for LUKS, qemu-img measures the processor, which it cannot on every machine. */
		{ "--object secret,id=s,data=x -o encrypt.format=aes,encrypt.key-secret=s",
		  "qcow2 encryption: not supported" },
	};
	struct temp *t = *state;
	char *raw, *image = temp_path(t, "image");

	need_qemu();
	free(sparse_raw(t, &raw));
	for (size_t i = 0; i < bch_array_size(cases); i++) {
		assert_int_equal(temp_run("cd %s && qemu-img create -q -f qcow2 %s image %u",
					  t->folder, cases[i].options, SIZE),
				 0);
		assert_refused(t, image, -BCH_ERR_not_supported, cases[i].words);
	}
	free(raw);
	free(image);
}

static void compressed_cluster_is_an_error_where_it_is_read(void **state)
{
	struct temp *t = *state;
	char *raw, *image = temp_path(t, "image");
	u8 *model = sparse_raw(t, &raw), have[512];
	struct bch_blkdev *dev;

	need_qemu();
	assert_int_equal(temp_run("head -c %u /dev/zero | tr '\\0' x >%s && "
				  "qemu-img convert -c -f raw -O qcow2 %s %s",
				  SIZE, raw, raw, image),
			 0);
	dev = temp_open(t, image, 0);
	assert_int_equal(bch_blkdev_read(dev, have, sizeof(have), 0), -BCH_ERR_not_supported);
	assert_non_null(strstr(bch_error_message(t->ctx, -BCH_ERR_not_supported),
			       "qcow2 compressed cluster: not supported"));
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(raw);
	free(image);
	free(model);
}

/* ------------------------------------------------------------------ readers of an image */

static int read_letters(void *arg, const struct bch_qcow2_range *range, void *buf)
{
	memset(buf, 'x', (size_t)range->len);
	return 0;
}

static void contents_are_found_and_holes_passed_over(void **state)
{
	struct temp *t = *state;
	struct bch_qcow2_writer *w bch_auto(qcow2_writer) = NULL;
	u64 size = 100ULL << 40, start, len;
	struct bch_qcow2_range last = { size - 4096, 4096, 0 };
	char *path = temp_path(t, "image");
	struct bch_output *out;
	struct bch_blkdev *dev;

	assert_int_equal(bch_qcow2_writer_new(t->ctx, size, 65536, &w), 0);
	assert_int_equal(bch_qcow2_add(w, &last), 0);
	assert_int_equal(bch_output_create(t->ctx, path, 0, &out), 0);
	assert_int_equal(bch_qcow2_write(w, out, read_letters, NULL), 0);
	assert_int_equal(bch_output_close(out), 0);

	dev = temp_open(t, path, 0);
	assert_int_equal(dev->geometry.size, size);
	assert_int_equal(bch_qcow2_next(dev, 0, &start, &len), 1);
	assert_int_equal(start, size - 65536);
	assert_int_equal(len, 65536);
	assert_int_equal(bch_qcow2_next(dev, size - 1, &start, &len), 1);
	assert_int_equal(start, size - 1);
	assert_int_equal(len, 1);
	assert_int_equal(bch_qcow2_next(dev, size, &start, &len), 0);
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
}

static void writers_are_refused(void **state)
{
	struct temp *t = *state;
	struct bch_qcow2_writer *w bch_auto(qcow2_writer) = writer_of_ranges(t, 4096);
	u8 *model = model_of_ranges(t);
	char *path = write_image(t, w, model);
	struct bch_blkdev *dev;

	assert_int_equal(bch_blkdev_open(t->ctx, path, BCH_BLKDEV_WRITE, &dev), -BCH_ERR_read_only);
	assert_null(dev);
	assert_non_null(strstr(bch_error_message(t->ctx, -BCH_ERR_read_only),
			       "qcow2 images can only be read"));
	dev = temp_open(t, path, 0);
	assert_int_equal(bch_blkdev_write(dev, "x", 1, 0), -BCH_ERR_read_only);
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
	free(model);
}

static void other_files_stay_what_they_are(void **state)
{
	struct temp *t = *state;
	char *path = temp_image(t, "raw", "QFI", 3);
	struct bch_blkdev *dev = temp_open(t, path, BCH_BLKDEV_WRITE);

	assert_false(bch_blkdev_is_qcow2(dev));
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
}

/* ------------------------------------------------------------------ files made to deceive */

static struct bch_qcow2_header good_header(void)
{
	return (struct bch_qcow2_header){
		.magic = be32_of(BCH_QCOW2_MAGIC),
		.version = be32_of(2),
		.cluster_bits = be32_of(12),
		.size = be64_of(2 << 20), /* an L2 table's span: 2 MiB */
		.l1_size = be32_of(1),
		.l1_table_offset = be64_of(4096),
	};
}

static char *image_of(struct temp *t, const struct bch_qcow2_header *h, u64 l1_entry, u64 l2_entry)
{
	static u8 file[16384];
	be64 l1 = be64_of(l1_entry), l2 = be64_of(l2_entry);
	char *path = temp_path(t, "image");

	memset(file, 'd', sizeof(file));
	memset(file + 4096, 0, 8192);
	memcpy(file, h, sizeof(*h));
	memcpy(file + 4096, &l1, sizeof(l1));
	memcpy(file + 8192, &l2, sizeof(l2));
	unlink(path);
	free(path);
	return temp_image(t, "image", file, sizeof(file));
}

static void header_that_contradicts_itself_is_refused(void **state)
{
	struct temp *t = *state;
	struct bch_qcow2_header bad[9];
	const char *words[] = {
		"qcow2 version other than 2 and 3: not supported",
		"damaged qcow2 image: header at 0",
		"damaged qcow2 image: header at 0",
		"damaged qcow2 image: header at 0",
		"damaged qcow2 image: L1 table at 4096",
		"damaged qcow2 image: L1 table at 4100",
		"damaged qcow2 image: L1 table at 18446744073709547520",
		"damaged qcow2 image: L1 table at 4096",
		"qcow2 unknown feature: not supported",
	};

	for (size_t i = 0; i < bch_array_size(bad); i++)
		bad[i] = good_header();
	bad[0].version = be32_of(4);
	bad[1].cluster_bits = be32_of(8);
	bad[2].cluster_bits = be32_of(BCH_U32_MAX);
	bad[3].size = be64_of(1ULL << 63);
	bad[4].size = be64_of((2 << 20) + 1);
	bad[5].l1_table_offset = be64_of(4100);
	bad[6].l1_table_offset = be64_of(-4096ULL);
	bad[7].l1_size = be32_of(BCH_U32_MAX);
	bad[8].version = be32_of(3);
	bad[8].incompatible_features = be64_of(1ULL << 63);
	for (size_t i = 0; i < bch_array_size(bad); i++) {
		char *path = image_of(t, &bad[i], 0, 0);

		assert_refused(t, path, i && i < 8 ? -BCH_ERR_io : -BCH_ERR_not_supported,
			       words[i]);
		free(path);
	}
}

static void header_that_is_cut_off_is_an_error(void **state)
{
	struct temp *t = *state;
	struct bch_qcow2_header h = good_header();
	char *path = temp_image(t, "image", &h, 70);
	struct bch_blkdev *dev;

	assert_int_equal(bch_blkdev_open(t->ctx, path, 0, &dev), -BCH_ERR_short_read);
	assert_null(dev);
	free(path);
}

static void tables_and_clusters_outside_the_file_are_errors(void **state)
{
	static const struct {
		u64 l1_entry, l2_entry;
		const char *words;
	} cases[] = {
		{ 16384, 0, "damaged qcow2 image: table at 16384" },
		{ 8704, 0, "damaged qcow2 image: table at 8704" },
		{ BCH_QCOW2_OFFSET, 0, "damaged qcow2 image: table at 72057594037927424" },
		{ 8192, 16384, "damaged qcow2 image: cluster at 16384" },
		{ 8192, 12800, "damaged qcow2 image: cluster at 12800" },
		{ 8192, 0xfffffffffff000, "damaged qcow2 image: cluster at 72057594037923840" },
	};
	struct temp *t = *state;
	struct bch_qcow2_header h = good_header();

	for (size_t i = 0; i < bch_array_size(cases); i++) {
		char *path = image_of(t, &h, cases[i].l1_entry, cases[i].l2_entry);
		struct bch_blkdev *dev = temp_open(t, path, 0);
		u64 start, len;
		u8 b;

		assert_int_equal(bch_blkdev_read(dev, &b, 1, 0), -BCH_ERR_io);
		assert_non_null(strstr(bch_error_message(t->ctx, -BCH_ERR_io), cases[i].words));
		assert_int_equal(bch_qcow2_next(dev, 0, &start, &len), -BCH_ERR_io);
		assert_int_equal(bch_blkdev_close(dev), 0);
		free(path);
	}
}

static void last_cluster_may_be_cut_short_by_the_end_of_the_file(void **state)
{
	struct temp *t = *state;
	struct bch_qcow2_header h = good_header();
	char *path = image_of(t, &h, 8192, 12288);
	u8 want[4096] = { 0 }, have[4096];
	struct bch_blkdev *dev;

	assert_int_equal(truncate(path, 12288 + 100), 0);
	memset(want, 'd', 100);
	dev = temp_open(t, path, 0);
	assert_int_equal(bch_blkdev_read(dev, have, 4096, 0), 0);
	assert_memory_equal(have, want, 4096);
	assert_int_equal(bch_blkdev_read(dev, have, 96, 4000), 0);
	assert_memory_equal(have, want + 4000, 96);
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
}

static void no_change_of_a_byte_of_the_tables_makes_it_fail_otherwise(void **state)
{
	struct temp *t = *state;
	struct bch_qcow2_header h = good_header();
	u8 *have = malloc(2 << 20);

	for (int i = 0; i < 600; i++) {
		u8 *bytes = (u8 *)&h;
		u64 l1 = 8192, l2 = 12288, *entry = i % 2 ? &l1 : &l2;
		struct bch_blkdev *dev;
		char *path;

		h = good_header();
		if (i % 3)
			bytes[4 + temp_random(t) % 44] = (u8)temp_random(t);
		else
			*entry ^= 1ULL << temp_random(t) % 64;
		path = image_of(t, &h, l1, l2);
		if (!bch_blkdev_open(t->ctx, path, 0, &dev)) {
			u64 size = dev->geometry.size;
			int err = bch_blkdev_read(dev, have, size < 2 << 20 ? size : 2 << 20, 0);

			assert_true(!err || err == -BCH_ERR_io || err == -BCH_ERR_not_supported);
			assert_int_equal(bch_blkdev_close(dev), 0);
		}
		free(path);
	}
	free(have);
}

struct reader {
	struct bch_blkdev *dev;
	const u8 *model;
	bool same;
};

static void *read_again_and_again(void *arg)
{
	struct reader *r = arg;
	u8 *have = malloc(SIZE);

	r->same = true;
	for (int i = 0; i < 10 && r->same; i++)
		r->same = !bch_blkdev_read(r->dev, have, SIZE, 0) && !memcmp(have, r->model, SIZE);
	free(have);
	return NULL;
}

static void threads_may_read_at_once(void **state)
{
	struct temp *t = *state;
	struct bch_qcow2_writer *w bch_auto(qcow2_writer) = writer_of_ranges(t, 512);
	u8 *model = model_of_ranges(t);
	char *path = write_image(t, w, model);
	struct bch_blkdev *dev = temp_open(t, path, 0);
	struct reader readers[TEMP_WRITERS];
	pthread_t threads[TEMP_WRITERS];

	for (u32 i = 0; i < TEMP_WRITERS; i++) {
		readers[i] = (struct reader){ .dev = dev, .model = model };
		assert_int_equal(
			pthread_create(&threads[i], NULL, read_again_and_again, &readers[i]), 0);
	}
	for (u32 i = 0; i < TEMP_WRITERS; i++) {
		pthread_join(threads[i], NULL);
		assert_true(readers[i].same);
	}
	assert_int_equal(bch_blkdev_close(dev), 0);
	free(path);
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEMP_TEST(version_2_of_qemu_is_read),
		TEMP_TEST(version_3_of_qemu_is_read),
		TEMP_TEST(smallest_and_largest_clusters_of_qemu_are_read),
		TEMP_TEST(zero_clusters_of_version_3_are_zeroes),
		TEMP_TEST(what_is_not_understood_is_refused_by_name),
		TEMP_TEST(compressed_cluster_is_an_error_where_it_is_read),
		TEMP_TEST(contents_are_found_and_holes_passed_over),
		TEMP_TEST(writers_are_refused),
		TEMP_TEST(other_files_stay_what_they_are),
		TEMP_TEST(header_that_contradicts_itself_is_refused),
		TEMP_TEST(header_that_is_cut_off_is_an_error),
		TEMP_TEST(tables_and_clusters_outside_the_file_are_errors),
		TEMP_TEST(last_cluster_may_be_cut_short_by_the_end_of_the_file),
		TEMP_TEST(no_change_of_a_byte_of_the_tables_makes_it_fail_otherwise),
		TEMP_TEST(threads_may_read_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
