// SPDX-License-Identifier: GPL-2.0-or-later
/* What is read of files is what the kernel read: of every file of every image, by ranges of any size. */

#include "manifest.h"

/* The kernel says at which page or folio it failed. */
#define FOLIO_MAX 65536

/* Reads a file in steps, up to its end or to what is lost. */
static int read_by(struct image *image, const struct bch_file *file, u64 step, u64 *len,
		   char hash[SHA256_HEX])
{
	crypto_hash_sha256_state sha;
	u8 *buf = malloc(step);
	size_t done;
	int err;

	crypto_hash_sha256_init(&sha);
	*len = 0;
	do {
		err = bch_file_read(image->fs, file, buf, step, *len, &done);
		crypto_hash_sha256_update(&sha, buf, done);
		*len += done;
	} while (!err && done);
	sha256_text(&sha, hash);
	free(buf);
	return err;
}

static void check_contents(struct image *image, const struct manifest_entry *e)
{
	const u64 steps[] = { e->size + 4096, 65536 - 17 };
	struct bch_file file = image_file(image, e->path);
	char hash[SHA256_HEX];
	u64 len, lost;

	for (u32 i = 0; i < bch_array_size(steps); i++) {
		int err = read_by(image, &file, steps[i], &len, hash);

		if (sscanf(e->sha256, "READERR5@%" SCNu64, &lost) == 1) {
			assert_int_equal(err, -BCH_ERR_data_lost);
			assert_in_range(len, lost, lost + FOLIO_MAX - 1);
			continue;
		}
		if (err || strcmp(hash, e->sha256))
			print_error("%s: %s\n", image->dir, e->path);
		assert_int_equal(err, 0);
		assert_int_equal(len, e->size);
		assert_string_equal(hash, e->sha256);
	}
}

/* ------------------------------------------------------------------ streams */

/* What came out of a stream. */
struct streamed {
	crypto_hash_sha256_state sha;
	u64 offset; /* of what is to come next */
	u64 first_lost;
	u64 hole_bytes;
	u64 largest;
};

static int take_data(void *arg, void *buf, size_t len, u64 offset)
{
	struct streamed *s = arg;

	assert_int_equal(offset, s->offset);
	assert_true(len > 0);
	crypto_hash_sha256_update(&s->sha, buf, len);
	memset(buf, 0xee, len); /* it may be changed */
	s->offset += len;
	s->largest = len > s->largest ? len : s->largest;
	return 0;
}

static int take_hole(void *arg, u64 len, u64 offset)
{
	static const u8 zeroes[65536];
	struct streamed *s = arg;

	assert_int_equal(offset, s->offset);
	assert_true(len > 0);
	s->offset += len;
	s->hole_bytes += len;
	for (; len > sizeof(zeroes); len -= sizeof(zeroes))
		crypto_hash_sha256_update(&s->sha, zeroes, sizeof(zeroes));
	crypto_hash_sha256_update(&s->sha, zeroes, len);
	return 0;
}

static int take_lost(void *arg, u64 len, u64 offset, const char *why)
{
	struct streamed *s = arg;

	assert_int_equal(offset, s->offset);
	assert_true(len > 0 && why[0]);
	if (s->first_lost == BCH_U64_MAX)
		s->first_lost = offset;
	s->offset += len;
	return 0;
}

static struct streamed stream_file(struct image *image, const struct bch_file *file, bool holes)
{
	struct streamed s = { .first_lost = BCH_U64_MAX };
	const struct bch_file_sink sink = {
		.arg = &s, .data = take_data, .hole = holes ? take_hole : NULL, .lost = take_lost
	};

	crypto_hash_sha256_init(&s.sha);
	assert_int_equal(bch_file_stream(image->fs, file, 0, BCH_U64_MAX, &sink), 0);
	return s;
}

static void check_stream(struct image *image, const struct manifest_entry *e)
{
	struct bch_file file = image_file(image, e->path);
	char hash[SHA256_HEX];
	u64 lost;

	for (int holes = 0; holes < 2; holes++) {
		struct streamed s = stream_file(image, &file, holes);

		assert_int_equal(s.offset, e->size);
		sha256_text(&s.sha, hash);
		if (sscanf(e->sha256, "READERR5@%" SCNu64, &lost) == 1)
			assert_in_range(s.first_lost, lost, lost + FOLIO_MAX - 1);
		else
			assert_string_equal(hash, e->sha256);
		assert_true(holes || !s.hole_bytes);
		assert_true(s.largest <= 1 << 20);
	}
}

/* ------------------------------------------------------------------ holes */

/* What SEEK_DATA and SEEK_HOLE told, as the manifest writes it: "0+4096,8192+100". */
static void segments_put(struct image *image, const struct bch_file *file, u64 size,
			 struct bch_buf *out)
{
	u64 data, hole = 0;

	while (hole < size && !bch_file_seek(image->fs, file, hole, true, &data)) {
		assert_int_equal(bch_file_seek(image->fs, file, data, false, &hole), 0);
		bch_buf_put(out, "%s%" PRIu64 "+%" PRIu64, out->len ? "," : "", data, hole - data);
	}
}

static void check_segments(struct image *image, const struct manifest_entry *e)
{
	struct bch_buf have bch_auto(buf) = { 0 }, whole bch_auto(buf) = { 0 };
	struct bch_file file = image_file(image, e->path);
	const char *segs = strstr(e->extra, "segs=");
	u64 found;

	segments_put(image, &file, e->size, &have);
	bch_buf_put(&whole, "0+%" PRIu64, e->size);
	if (segs || !e->size)
		assert_string_equal(have.len ? bch_buf_str(&have) : "none",
				    segs ? segs + 5 : "none");
	else
		assert_string_equal(bch_buf_str(&have), bch_buf_str(&whole));
	assert_int_equal(bch_file_seek(image->fs, &file, e->size, false, &found),
			 -BCH_ERR_not_found);
}

/* ------------------------------------------------------------------ all */

static void check_image(struct image *image)
{
	struct manifest *m = manifest_open(image->dir, "manifest.txt");
	struct manifest_entry e;
	u32 nr = 0;

	for (; manifest_next(m, &e); nr++)
		if (e.type == 'f') {
			check_contents(image, &e);
			check_stream(image, &e);
			check_segments(image, &e);
		}
	assert_true(nr);
	manifest_close(m);
}

static void every_file_and_its_holes_are_as_the_kernel_saw_them(void **state)
{
	glob_t dirs = image_dirs("manifest.txt*");

	for (size_t i = 0; i < dirs.gl_pathc; i++) {
		struct image image = image_unpack(*state, dirs.gl_pathv[i]);

		image_start_files(&image, NULL);
		check_image(&image);
		image_end(&image);
	}
	globfree(&dirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_file_and_its_holes_are_as_the_kernel_saw_them,
						temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
