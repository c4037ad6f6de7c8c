// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers of varying length, there and back, cut off. Format reference: 04 §5. */

#include "key_build.h"
#include "ondisk/varint.h"

static const struct {
	u64 v;
	u8 len, bytes[BCH_VARINT_MAX];
} examples[] = {
	{ 0, 1, { 0x00 } },
	{ 1, 1, { 0x02 } },
	{ 127, 1, { 0xfe } },
	{ 128, 2, { 0x01, 0x02 } },
	{ 1000, 2, { 0xa1, 0x0f } },
	{ 16383, 2, { 0xfd, 0xff } },
	{ 16384, 3, { 0x03, 0x00, 0x02 } },
	{ UINT32_MAX, 5, { 0xef, 0xff, 0xff, 0xff, 0x1f } },
	{ (1ULL << 56) - 1, 8, { 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
	{ 1ULL << 56, 9, { 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01 } },
	{ UINT64_MAX, 9, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
};

static void numbers_of_the_reference_are_written_as_its_bytes(void **state)
{
	for (size_t i = 0; i < bch_array_size(examples); i++) {
		u8 have[BCH_VARINT_MAX];

		assert_int_equal(bch_varint_put(have, examples[i].v), examples[i].len);
		assert_memory_equal(have, examples[i].bytes, examples[i].len);
	}
}

static void bytes_of_the_reference_are_read_and_those_behind_left(void **state)
{
	for (size_t i = 0; i < bch_array_size(examples); i++) {
		u8 bytes[BCH_VARINT_MAX + 1];
		struct bch_bytes rest = { bytes, examples[i].len + 1U };
		u64 v;

		memcpy(bytes, examples[i].bytes, examples[i].len);
		bytes[examples[i].len] = 0xfe;
		assert_true(bch_varint_take(&rest, &v));
		assert_int_equal(v, examples[i].v);
		assert_true(bch_varint_take(&rest, &v));
		assert_int_equal(v, 127);
		assert_int_equal(rest.len, 0);
		assert_false(bch_varint_take(&rest, &v));
	}
}

static void number_that_is_cut_off_is_not_read(void **state)
{
	for (size_t i = 0; i < bch_array_size(examples); i++)
		for (size_t len = 0; len < examples[i].len; len++) {
			struct bch_bytes rest = { examples[i].bytes, len };
			u64 v;

			assert_false(bch_varint_take(&rest, &v));
			assert_int_equal(rest.len, len);
		}
}

static void every_power_of_two_and_its_neighbours_come_back(void **state)
{
	for (unsigned bit = 0; bit < 64; bit++)
		for (u64 want = (1ULL << bit) - 1; want <= (1ULL << bit); want++) {
			u8 bytes[BCH_VARINT_MAX];
			struct bch_bytes rest = { bytes, bch_varint_put(bytes, want) };
			u64 have;

			assert_true(bch_varint_take(&rest, &have));
			assert_int_equal(have, want);
			assert_int_equal(rest.len, 0);
		}
}

static void longer_encoding_than_needed_is_read(void **state)
{
	static const u8 three[] = { 0x0b, 0x00, 0x00 };
	static const u8 nine[] = { 0xff, 1, 0, 0, 0, 0, 0, 0, 0 };
	struct bch_bytes rest = { three, sizeof(three) };
	u64 v;

	assert_true(bch_varint_take(&rest, &v));
	assert_int_equal(v, 1);
	rest = (struct bch_bytes){ nine, sizeof(nine) };
	assert_true(bch_varint_take(&rest, &v));
	assert_int_equal(v, 1);
}

/* The marker's bit tells the length, from bit 7 down: 1, 2, 3, 4, 6, 8, 10, 13 bytes. */
static const struct {
	u8 len, bytes[13];
	bool fits;
	u64 v;
} legacy[] = {
	{ 1, { 0x80 }, true, 0 },
	{ 1, { 0xff }, true, 0x7f },
	{ 2, { 0x7f, 0xff }, true, 0x3fff },
	{ 3, { 0x20, 0x01, 0x02 }, true, 0x0102 },
	{ 4, { 0x10, 0, 0, 9 }, true, 9 },
	{ 6, { 0x0f, 1, 2, 3, 4, 5 }, true, 0x070102030405 },
	{ 8, { 0x04, 1, 2, 3, 4, 5, 6, 7 }, true, 0x01020304050607 },
	{ 10, { 0x02, 0, 1, 2, 3, 4, 5, 6, 7, 8 }, true, 0x0102030405060708 },
	{ 10, { 0x02, 1, 0, 0, 0, 0, 0, 0, 0, 0 }, false, 0 },
	{ 13, { 0x01, 0, 0, 0, 0, 0xff, 2, 3, 4, 5, 6, 7, 8 }, true, 0xff02030405060708 },
	{ 13, { 0x01, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8 }, false, 0 },
	{ 1, { 0x00 }, false, 0 },
};

static void legacy_numbers_are_read_where_they_fit_64_bits(void **state)
{
	for (size_t i = 0; i < bch_array_size(legacy); i++) {
		struct bch_bytes rest = { legacy[i].bytes, legacy[i].len };
		struct bch_bytes cut = { legacy[i].bytes, legacy[i].len - 1U };
		u64 v;

		assert_int_equal(bch_varint_take_legacy(&rest, &v), legacy[i].fits);
		assert_int_equal(rest.len, legacy[i].fits ? 0 : legacy[i].len);
		if (legacy[i].fits)
			assert_int_equal(v, legacy[i].v);
		assert_false(bch_varint_take_legacy(&cut, &v));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_the_reference_are_written_as_its_bytes),
		cmocka_unit_test(bytes_of_the_reference_are_read_and_those_behind_left),
		cmocka_unit_test(number_that_is_cut_off_is_not_read),
		cmocka_unit_test(every_power_of_two_and_its_neighbours_come_back),
		cmocka_unit_test(longer_encoding_than_needed_is_read),
		cmocka_unit_test(legacy_numbers_are_read_where_they_fit_64_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
