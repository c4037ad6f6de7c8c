// SPDX-License-Identifier: GPL-2.0-or-later
/* Checked arithmetic, alignment, logarithm. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/checked.h"

static void results_that_fit_are_exact(void **state)
{
	u64 wide;
	u8 narrow;
	s64 negative;

	(void)state;
	assert_true(bch_add(BCH_U64_MAX - 1, 1, &wide));
	assert_int_equal(wide, BCH_U64_MAX);
	assert_true(bch_mul((u64)BCH_U32_MAX, BCH_U32_MAX, &wide));
	assert_int_equal(wide, 0xfffffffe00000001);
	assert_true(bch_sub(300, 45, &narrow));
	assert_int_equal(narrow, 255);
	assert_true(bch_sub(3U, 5U, &negative));
	assert_int_equal(negative, -2);
}

static void results_that_do_not_fit_are_told(void **state)
{
	u64 wide;
	u8 narrow;
	size_t size;

	(void)state;
	assert_false(bch_add(BCH_U64_MAX, 1, &wide));
	assert_false(bch_sub((u64)3, (u64)5, &wide));
	assert_false(bch_mul(BCH_U64_MAX / 2 + 1, 2, &wide));
	assert_false(bch_mul(SIZE_MAX, 2, &size));
	assert_false(bch_add(200, 56, &narrow));
}

static void alignment_goes_down_and_up(void **state)
{
	u64 up;

	(void)state;
	assert_int_equal(bch_round_down(4097, 4096), 4096);
	assert_int_equal(bch_round_down(4096, 4096), 4096);
	assert_true(bch_round_up(4097, 4096, &up));
	assert_int_equal(up, 8192);
	assert_true(bch_round_up(0, 4096, &up));
	assert_int_equal(up, 0);
	assert_true(bch_round_up(BCH_U64_MAX - 4095, 4096, &up));
	assert_int_equal(up, BCH_U64_MAX - 4095);
	assert_false(bch_round_up(BCH_U64_MAX - 4094, 4096, &up));
	assert_true(bch_is_aligned(8192, 4096));
	assert_false(bch_is_aligned(8191, 4096));
}

static void powers_of_two_are_known(void **state)
{
	(void)state;
	assert_false(bch_is_power_of_two(0));
	assert_false(bch_is_power_of_two(BCH_U64_MAX));
	for (u32 e = 0; e < 64; e++) {
		assert_true(bch_is_power_of_two((u64)1 << e));
		assert_int_equal(bch_ilog2((u64)1 << e), e);
		assert_int_equal(bch_ilog2(((u64)2 << e) - 1), e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_that_fit_are_exact),
		cmocka_unit_test(results_that_do_not_fit_are_told),
		cmocka_unit_test(alignment_goes_down_and_up),
		cmocka_unit_test(powers_of_two_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
