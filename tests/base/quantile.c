// SPDX-License-Identifier: GPL-2.0-or-later
/* Quantiles, held against the sorted numbers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/quantile.h"

#define NR_VALUES 5000

static int compare_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

static void no_numbers_give_zero(void **state)
{
	struct bch_quantiles quantiles = { 0 };

	(void)state;
	assert_int_equal(bch_quantile(&quantiles, 500), 0);
}

static void small_numbers_are_exact(void **state)
{
	struct bch_quantiles quantiles = { 0 };

	(void)state;
	for (u64 value = 0; value < 32; value++)
		bch_quantiles_add(&quantiles, value);
	for (u64 value = 0; value < 32; value++)
		assert_int_equal(bch_quantile(&quantiles, (u32)(value + 1) * 1000 / 32), value);
	assert_int_equal(bch_quantile(&quantiles, 0), 0);
}

static void the_largest_number_has_a_bucket(void **state)
{
	struct bch_quantiles quantiles = { 0 };

	(void)state;
	bch_quantiles_add(&quantiles, BCH_U64_MAX);
	assert_int_equal(quantiles.bucket[BCH_QUANTILE_NR_BUCKETS - 1], 1);
	assert_true(bch_quantile(&quantiles, 1000) >= BCH_U64_MAX - BCH_U64_MAX / 32);
}

static void any_numbers_are_within_a_thirty_second(void **state)
{
	static const u32 per_milles[] = { 0, 1, 10, 250, 500, 750, 900, 990, 999, 1000 };
	struct bch_quantiles parts[2] = { 0 };
	u64 values[NR_VALUES], random = 1;

	(void)state;
	for (u32 i = 0; i < NR_VALUES; i++) {
		random = random * 6364136223846793005 + 1442695040888963407;
		values[i] = random >> random % 61;
		bch_quantiles_add(&parts[i % 2], values[i]);
	}
	bch_quantiles_merge(&parts[0], &parts[1]);
	assert_int_equal(parts[0].nr, NR_VALUES);
	qsort(values, NR_VALUES, sizeof(values[0]), compare_u64);

	for (u32 i = 0; i < bch_array_size(per_milles); i++) {
		u32 rank = NR_VALUES / 1000 * per_milles[i];
		u64 want = values[rank ? rank - 1 : 0];
		u64 have = bch_quantile(&parts[0], per_milles[i]);

		assert_true((have > want ? have - want : want - have) <= want / 32);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_numbers_give_zero),
		cmocka_unit_test(small_numbers_are_exact),
		cmocka_unit_test(the_largest_number_has_a_bucket),
		cmocka_unit_test(any_numbers_are_within_a_thirty_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
