// SPDX-License-Identifier: GPL-2.0-or-later
/* Every way to compute the CRCs, held against the definition, a bit at a time. */

#include "vector.h"

#include <stdlib.h>

#include "codec/crc.h"

static const struct bch_crc *const ways[] = { &bch_crc_portable, &BCH_CRC };

static u32 crc32c_by_bits(u32 crc, const u8 *p, size_t len)
{
	for (; len; len--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	return crc;
}

static u64 crc64_by_bits(u64 crc, const u8 *p, size_t len)
{
	for (; len; len--) {
		crc ^= (u64)*p++ << 56;
		for (int i = 0; i < 8; i++)
			crc = crc << 1 ^ (crc >> 63 ? 0x42f0e1eba9ea3693 : 0);
	}
	return crc;
}

static void assert_all_agree(u64 start, const u8 *p, size_t len)
{
	u32 want32 = crc32c_by_bits((u32)start, p, len);
	u64 want64 = crc64_by_bits(start, p, len);

	for (size_t i = 0; i < bch_array_size(ways); i++) {
		assert_int_equal(ways[i]->crc32c((u32)start, p, len), want32);
		assert_int_equal(ways[i]->crc64(start, p, len), want64);
	}
}

/* A byte in each of the eight places of a step, and in the rest after it. */
static void every_byte_in_every_place_is_right(void **state)
{
	(void)state;
	for (int place = 0; place < 16; place++)
		for (unsigned value = 0; value < 256; value++) {
			u8 buf[16] = { 0 };

			buf[place] = (u8)value;
			assert_all_agree(0, buf, 16);
			assert_all_agree(BCH_U64_MAX, buf, (size_t)place + 1);
		}
}

static void every_length_at_every_alignment_is_right(void **state)
{
	u8 buf[320] __attribute__((aligned(64)));

	(void)state;
	fill(buf, sizeof(buf), 3);
	for (size_t start = 0; start < 16; start++)
		for (size_t len = 0; len <= sizeof(buf) - start; len++)
			assert_all_agree(0x0123456789abcdef * (len + 1), buf + start, len);
}

static void a_large_buffer_is_right_in_one_piece_and_in_many(void **state)
{
	const size_t size = (1 << 20) + 77;
	u8 *buf = malloc(size);

	(void)state;
	assert_non_null(buf);
	fill(buf, size, 4);
	assert_all_agree(0, buf, size);

	for (size_t i = 0; i < bch_array_size(ways); i++) {
		u32 crc32c = 0;
		u64 crc64 = 0;

		for (size_t at = 0, n; at < size; at += n) {
			n = size - at < 4999 ? size - at : 4999;
			crc32c = ways[i]->crc32c(crc32c, buf + at, n);
			crc64 = ways[i]->crc64(crc64, buf + at, n);
		}
		assert_int_equal(crc32c, crc32c_by_bits(0, buf, size));
		assert_int_equal(crc64, crc64_by_bits(0, buf, size));
	}
	free(buf);
}

static void zeroes_are_appended_as_if_they_were_read(void **state)
{
	static const u8 zeroes[4096];

	(void)state;
	for (size_t len = 0; len <= sizeof(zeroes); len += len < 70 ? 1 : 61) {
		assert_int_equal(bch_crc32c_zeroes(0xdeadbeef, len),
				 crc32c_by_bits(0xdeadbeef, zeroes, len));
		assert_int_equal(bch_crc64_zeroes(0x0123456789abcdef, len),
				 crc64_by_bits(0x0123456789abcdef, zeroes, len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_in_every_place_is_right),
		cmocka_unit_test(every_length_at_every_alignment_is_right),
		cmocka_unit_test(a_large_buffer_is_right_in_one_piece_and_in_many),
		cmocka_unit_test(zeroes_are_appended_as_if_they_were_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
