// SPDX-License-Identifier: GPL-2.0-or-later
/* Key derivation: the vectors of the format reference (01 §8.4, 05 §5.2), parameters from disk. */

#include "vector.h"

#include "codec/codec.h"

static void passphrases_of_kernel_made_filesystems_give_their_keys(void **state)
{
	struct bch_crypt_key key;

	(void)state;
	assert_int_equal(bch_derive_key(BCH_KDF_DEFAULT, "hunter2", 7, &key), 0);
	assert_hex(key.b, "192a226411a410eaeed7d625ba84f7b378684608955b97fcc9b81fe8839e2888", 32);
	assert_int_equal(bch_derive_key(BCH_KDF_DEFAULT, "correct horse", 13, &key), 0);
	assert_hex(key.b, "d3f4890002d955a0435c02a332696fa9c02ae662ce8dae4639ae1c73bbd0e5b7", 32);
}

static void every_parameter_and_byte_counts(void **state)
{
	static const struct {
		struct bch_kdf kdf;
		size_t len;
	} ways[] = {
		{ { 2, 1, 1 }, 8 }, { { 3, 1, 1 }, 8 }, { { 2, 2, 1 }, 8 }, { { 2, 1, 2 }, 8 },
		{ { 2, 1, 1 }, 7 }, { { 2, 1, 1 }, 0 }, { { 1, 0, 0 }, 8 },
	};
	struct bch_crypt_key keys[bch_array_size(ways)];

	(void)state;
	for (size_t i = 0; i < bch_array_size(ways); i++) {
		assert_int_equal(bch_derive_key(ways[i].kdf, "password", ways[i].len, &keys[i]), 0);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(&keys[i], &keys[j], sizeof(keys[i]));
	}
}

/* These return at once: the test would never end, or the machine would, if one were tried. */
static void parameters_that_would_never_end_are_refused(void **state)
{
	static const struct bch_kdf hostile[] = {
		{ 0, 0, 0 },			/* N is 1 */
		{ 0, 3, 4 },	  { 24, 0, 0 }, /* 2 GiB */
		{ 21, 3, 0 },	  { 1, 23, 0 },
		{ 1, 14, 3 },			/* 16 MiB of p blocks */
		{ 1, 3, 14 },	  { 20, 3, 6 }, /* 2^29 mixings */
		{ 31, 0, 0 },			/* at and past the width of numbers */
		{ 32, 3, 4 },	  { 63, 3, 4 },
		{ 64, 3, 4 },	  { 14, 32, 4 },
		{ 14, 3, 32 },	  { 14, 3, 64 },
		{ 65535, 0, 0 },  { 14, 65535, 4 },
		{ 14, 3, 65535 }, { 65535, 65535, 65535 },
	};
	const struct bch_crypt_key zero = { { 0 } };
	struct bch_crypt_key key = zero;

	(void)state;
	for (size_t i = 0; i < bch_array_size(hostile); i++)
		assert_int_equal(bch_derive_key(hostile[i], "x", 1, &key), -BCH_ERR_out_of_range);
	assert_memory_equal(&key, &zero, sizeof(key));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passphrases_of_kernel_made_filesystems_give_their_keys),
		cmocka_unit_test(every_parameter_and_byte_counts),
		cmocka_unit_test(parameters_that_would_never_end_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
