// SPDX-License-Identifier: GPL-2.0-or-later
/* Compressed blobs: those of the format reference, those of stock encoders, and those that somebody made to hurt. */

#include "vector.h"

#include <stdlib.h>

#include <lz4.h>
#include <zlib.h>
#include <zstd.h>

#include <bcachefs/error.h>
#include "codec/codec.h"
#include "codec/inflate.h"
#include "ondisk/csum_types.h"
#include "ondisk/le.h"

#define SIZE  (64 << 10)
#define BLOCK 4096

static int (*const inflaters[])(const void *blob, size_t len, void *out, size_t out_len) = {
	bch_inflate_zlib,
	bch_inflate,
};

/* ------------------------------------------------------------------ blobs as a kernel would store them */

struct blob {
	u8 *b; /* of SIZE bytes, zero behind the stream */
	size_t stream, len;
};

static size_t put_lz4(const u8 *data, u8 *blob)
{
	return (size_t)LZ4_compress_default((const char *)data, (char *)blob, SIZE, SIZE);
}

static size_t put_gzip(const u8 *data, u8 *blob)
{
	z_stream z = { .next_in = (u8 *)(uintptr_t)data,
		       .avail_in = SIZE,
		       .next_out = blob,
		       .avail_out = SIZE };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static size_t put_zstd(const u8 *data, u8 *blob)
{
	size_t len = ZSTD_compress(blob + 4, SIZE - 4, data, SIZE, 3);
	le32 stored = le32_of((u32)len);

	assert_false(ZSTD_isError(len));
	memcpy(blob, &stored, sizeof(stored));
	return len + 4;
}

static const struct {
	u8 type;
	size_t (*put)(const u8 *data, u8 *blob);
} kinds[] = {
	{ BCH_COMPRESSION_lz4_old, put_lz4 },
	{ BCH_COMPRESSION_lz4, put_lz4 },
	{ BCH_COMPRESSION_gzip, put_gzip },
	{ BCH_COMPRESSION_zstd, put_zstd },
};

/* Text of few words, as it compresses well but not to nothing. */
static void fill_text(u8 *data)
{
	u8 words[256];

	fill(words, sizeof(words), 7);
	for (size_t i = 0, at = 0; i < SIZE; i++) {
		if (i % 16 == 0)
			at = (i * 2654435761U >> 7) % (sizeof(words) - 16);
		data[i] = i % 23 ? words[at + i % 16] : (u8)(i >> 8);
	}
}

static struct blob blob_new(size_t kind, const u8 *data)
{
	struct blob blob = { .b = calloc(1, SIZE) };

	assert_non_null(blob.b);
	blob.stream = kinds[kind].put(data, blob.b);
	assert_in_range(blob.stream, 1, SIZE - 2 * BLOCK);
	blob.len = (blob.stream + BLOCK - 1) / BLOCK * BLOCK;
	return blob;
}

/* A copy that ends where its memory ends, for AddressSanitizer. */
static u8 *exactly(const u8 *b, size_t len)
{
	u8 *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, b, len);
	return copy;
}

static int decode(u8 type, const u8 *b, size_t len, size_t out_len, u8 **out)
{
	u8 *in = exactly(b, len);
	int err;

	*out = malloc(out_len);
	assert_non_null(*out);
	err = bch_decompress(type, in, len, *out, out_len);
	free(in);
	return err;
}

/* ------------------------------------------------------------------ tests */

static void assert_zeroes(u8 type, const u8 *b, size_t len)
{
	u8 *out;

	assert_int_equal(decode(type, b, len, SIZE, &out), 0);
	assert_true(bch_bytes_are_zero((struct bch_bytes){ out, SIZE }));
	free(out);
}

/* Format reference: 05 §4.2. */
static void zeroes_as_a_kernel_wrote_them_are_zeroes(void **state)
{
	u8 blob[BLOCK] = { 0 };

	(void)state;
	from_hex("14 00 00 00  28 b5 2f fd 60 00 ff 55 00 00 10 00 00 01 00 fb 7f 1d 60 01", blob,
		 24);
	assert_zeroes(BCH_COMPRESSION_zstd, blob, sizeof(blob));

	memset(blob, 0, sizeof(blob));
	from_hex("1f 00 01 00", blob, 4);
	memset(blob + 4, 0xff, 262 - 4);
	assert_zeroes(BCH_COMPRESSION_lz4, blob, sizeof(blob));
	assert_zeroes(BCH_COMPRESSION_lz4_old, blob, sizeof(blob));
}

static void what_stock_encoders_made_comes_back(void **state)
{
	u8 *data = malloc(SIZE), *out;

	(void)state;
	fill_text(data);
	for (size_t i = 0; i < bch_array_size(kinds); i++) {
		struct blob blob = blob_new(i, data);

		assert_int_equal(decode(kinds[i].type, blob.b, blob.len, SIZE, &out), 0);
		assert_memory_equal(out, data, SIZE);
		free(out);
		free(blob.b);
	}
	free(data);
}

static void more_or_less_than_was_wanted_is_refused(void **state)
{
	u8 *data = malloc(SIZE), *out;

	(void)state;
	fill_text(data);
	for (size_t i = 0; i < bch_array_size(kinds); i++) {
		struct blob blob = blob_new(i, data);
		bool partial = kinds[i].put == put_lz4; /* stops when it has all */

		assert_int_equal(decode(kinds[i].type, blob.b, blob.len, SIZE + BLOCK, &out),
				 -BCH_ERR_data_compression);
		free(out);
		assert_int_equal(decode(kinds[i].type, blob.b, blob.len, SIZE - BLOCK, &out),
				 partial ? 0 : -BCH_ERR_data_compression);
		free(out);
		free(blob.b);
	}
	free(data);
}

static void a_blob_that_is_cut_off_is_refused(void **state)
{
	u8 *data = malloc(SIZE), *out;

	(void)state;
	fill_text(data);
	for (size_t i = 0; i < bch_array_size(kinds); i++) {
		struct blob blob = blob_new(i, data);

		for (size_t len = 0; len < blob.stream - 1; len += len < 64 ? 1 : 997) {
			assert_int_equal(decode(kinds[i].type, blob.b, len, SIZE, &out),
					 -BCH_ERR_data_compression);
			free(out);
		}
		free(blob.b);
	}
	free(data);
}

/* Whatever comes out, nothing but the output is written. */
static void damaged_blobs_hurt_nobody(void **state)
{
	u8 *data = malloc(SIZE), *out;
	u32 refused = 0;

	(void)state;
	fill_text(data);
	for (size_t i = 0; i < bch_array_size(kinds); i++) {
		struct blob blob = blob_new(i, data);

		for (u32 n = 0; n < 400; n++) {
			u8 bytes[3][2];

			fill(bytes, sizeof(bytes), n);
			for (u32 j = 0; j < 3; j++)
				blob.b[(bytes[j][0] << 8 | bytes[j][1]) % blob.stream] ^=
					(u8)(1 + n);
			refused += decode(kinds[i].type, blob.b, blob.len, SIZE, &out) != 0;
			free(out);
		}
		free(blob.b);
	}
	assert_true(refused > 100);
	free(data);
}

static void a_zstd_frame_longer_than_its_blob_is_refused(void **state)
{
	const u32 lengths[] = { 0, BLOCK - 3, BLOCK, 0x7fffffff, 0xffffffff };
	u8 blob[BLOCK] = { 0 }, *out;

	(void)state;
	for (size_t i = 0; i < bch_array_size(lengths); i++) {
		le32 stored = le32_of(lengths[i]);

		memcpy(blob, &stored, sizeof(stored));
		assert_int_equal(decode(BCH_COMPRESSION_zstd, blob, sizeof(blob), SIZE, &out),
				 -BCH_ERR_data_compression);
		free(out);
	}
}

/* isa-l and zlib, where both are there. */
static void all_inflaters_agree(void **state)
{
	u8 *data = malloc(SIZE), *out[bch_array_size(inflaters)];
	struct blob blob;

	(void)state;
	fill_text(data);
	blob = blob_new(2, data);
	for (u32 n = 0; n < 300; n++) {
		u32 nr_good = 0;

		for (size_t i = 0; i < bch_array_size(inflaters); i++) {
			out[i] = malloc(SIZE);
			nr_good += !inflaters[i](blob.b, blob.len, out[i], SIZE);
		}
		assert_true(n || nr_good == bch_array_size(inflaters));
		if (nr_good == bch_array_size(inflaters))
			assert_memory_equal(out[0], out[1], SIZE);
		for (size_t i = 0; i < bch_array_size(inflaters); i++)
			free(out[i]);
		blob.b[n * 7919 % blob.stream] ^= (u8)(1 << n % 8);
	}
	free(blob.b);
	free(data);
}

/* At each level, one after another by one compressor; the same again gives the same bytes. */
static void what_is_compressed_comes_back(void **state)
{
	struct bch_compressor *c = bch_compressor_new(), *other = bch_compressor_new();
	u8 *data = malloc(SIZE), *blob = malloc(SIZE), *again = malloc(SIZE), *out = malloc(SIZE);

	(void)state;
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (u8)(i % 997 ^ i >> 12);
	for (unsigned option = 1; option < 256; option++) {
		int n;

		if (!bch_compression_type((u8)option)) {
			assert_int_equal(bch_compress(c, (u8)option, data, SIZE, blob, SIZE),
					 -BCH_ERR_invalid_argument);
			continue;
		}
		n = bch_compress(c, (u8)option, data, SIZE, blob, SIZE);
		assert_in_range(n, 1, SIZE / 2);
		assert_int_equal(bch_compress(other, (u8)option, data, SIZE, again, SIZE), n);
		assert_memory_equal(blob, again, n);
		assert_int_equal(bch_compress(c, (u8)option, data, SIZE, again, (size_t)n / 2), 0);
		memset(blob + n, 0, SIZE - (size_t)n);
		assert_int_equal(
			bch_decompress(bch_compression_type((u8)option), blob, SIZE, out, SIZE), 0);
		assert_memory_equal(out, data, SIZE);
	}
	bch_compressor_free(c);
	bch_compressor_free(other);
	free(data);
	free(blob);
	free(again);
	free(out);
}

static void types_that_do_not_compress_are_not_taken(void **state)
{
	const u8 types[] = { BCH_COMPRESSION_none, BCH_COMPRESSION_incompressible,
			     BCH_COMPRESSION_NR, 255 };
	u8 blob[16] = { 0 }, *out;

	(void)state;
	for (size_t i = 0; i < bch_array_size(types); i++) {
		assert_int_equal(decode(types[i], blob, sizeof(blob), BLOCK, &out),
				 -BCH_ERR_invalid_argument);
		free(out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroes_as_a_kernel_wrote_them_are_zeroes),
		cmocka_unit_test(what_stock_encoders_made_comes_back),
		cmocka_unit_test(more_or_less_than_was_wanted_is_refused),
		cmocka_unit_test(a_blob_that_is_cut_off_is_refused),
		cmocka_unit_test(damaged_blobs_hurt_nobody),
		cmocka_unit_test(a_zstd_frame_longer_than_its_blob_is_refused),
		cmocka_unit_test(all_inflaters_agree),
		cmocka_unit_test(what_is_compressed_comes_back),
		cmocka_unit_test(types_that_do_not_compress_are_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
