// SPDX-License-Identifier: GPL-2.0-or-later
/* Running mean and variance, exponentially weighted mean. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/stats.h"

#define assert_close(have, want) assert_float_equal(have, want, 1e-4)

static const double values[] = { 2, 4, 4, 4, 5, 5, 7, 9 };

static void mean_and_variance_are_those_of_the_textbook(void **state)
{
	struct bch_moments moments = { 0 };

	(void)state;
	for (size_t i = 0; i < bch_array_size(values); i++)
		bch_moments_add(&moments, values[i]);
	assert_int_equal(moments.nr, 8);
	assert_close(moments.mean, 5);
	assert_close(bch_moments_variance(&moments), 32.0 / 7);
	assert_close(bch_moments_stddev(&moments), 2.13809);
}

static void a_mean_far_from_zero_keeps_its_variance(void **state)
{
	struct bch_moments moments = { 0 };

	(void)state;
	for (u32 i = 0; i < 1000; i++)
		bch_moments_add(&moments, 1e9 + i % 2);
	assert_close(bch_moments_variance(&moments), 250.0 / 999);
}

static void less_than_two_values_have_no_variance(void **state)
{
	struct bch_moments moments = { 0 };

	(void)state;
	assert_close(bch_moments_variance(&moments), 0);
	bch_moments_add(&moments, 7);
	assert_close(moments.mean, 7);
	assert_close(bch_moments_stddev(&moments), 0);
}

static void merged_parts_equal_the_whole(void **state)
{
	(void)state;
	for (size_t cut = 0; cut <= bch_array_size(values); cut++) {
		struct bch_moments parts[2] = { 0 };

		for (size_t i = 0; i < bch_array_size(values); i++)
			bch_moments_add(&parts[i >= cut], values[i]);
		bch_moments_merge(&parts[0], &parts[1]);
		assert_int_equal(parts[0].nr, 8);
		assert_close(parts[0].mean, 5);
		assert_close(bch_moments_variance(&parts[0]), 32.0 / 7);
	}
}

static void the_weighted_mean_forgets_with_time(void **state)
{
	struct bch_ewma once = { .memory_ns = 1000 }, often = { .memory_ns = 1000 };

	(void)state;
	bch_ewma_add(&once, 10, 1);
	assert_close(once.mean, 10);
	bch_ewma_add(&once, 20, 1000);
	assert_close(once.mean, 20 - 10 * 0.367879);

	bch_ewma_add(&often, 10, 1);
	for (u32 i = 0; i < 100; i++)
		bch_ewma_add(&often, 20, 10);
	assert_close(often.mean, once.mean);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mean_and_variance_are_those_of_the_textbook),
		cmocka_unit_test(a_mean_far_from_zero_keeps_its_variance),
		cmocka_unit_test(less_than_two_values_have_no_variance),
		cmocka_unit_test(merged_parts_equal_the_whole),
		cmocka_unit_test(the_weighted_mean_forgets_with_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
