// SPDX-License-Identifier: GPL-2.0-or-later
/* Dynamic arrays. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/array.h"
#include "base/fault.h"

struct numbers {
	BCH_ARRAY(u32) list;
};

static void pushed_elements_keep_their_order(void **state)
{
	struct numbers numbers = { 0 };

	(void)state;
	for (u32 i = 0; i < 1000; i++)
		assert_int_equal(bch_array_push(&numbers.list, 3 * i), 0);
	assert_int_equal(numbers.list.nr, 1000);
	for (u32 i = 0; i < 1000; i++)
		assert_int_equal(numbers.list.v[i], 3 * i);
	bch_array_end(&numbers.list);
	assert_int_equal(numbers.list.nr, 0);
	assert_null(numbers.list.v);
}

static void elements_are_inserted_and_removed_anywhere(void **state)
{
	static const u32 expected[] = { 10, 20, 30, 40 };
	struct numbers numbers = { 0 };

	(void)state;
	assert_int_equal(bch_array_insert(&numbers.list, 0, 30), 0);
	assert_int_equal(bch_array_insert(&numbers.list, 0, 10), 0);
	assert_int_equal(bch_array_insert(&numbers.list, 1, 20), 0);
	assert_int_equal(bch_array_insert(&numbers.list, 3, 40), 0);
	assert_int_equal(numbers.list.nr, 4);
	assert_memory_equal(numbers.list.v, expected, sizeof(expected));

	bch_array_remove(&numbers.list, 3);
	bch_array_remove(&numbers.list, 0);
	assert_int_equal(numbers.list.nr, 2);
	assert_memory_equal(numbers.list.v, expected + 1, 2 * sizeof(expected[0]));
	bch_array_end(&numbers.list);
}

static void arguments_are_evaluated_once(void **state)
{
	struct numbers numbers = { 0 };
	struct numbers *at = &numbers;
	u32 next = 5;

	(void)state;
	assert_int_equal(bch_array_push(&(at++)->list, next++), 0);
	assert_int_equal(numbers.list.v[0], 5);
	assert_int_equal(next, 6);
	assert_ptr_equal(at, &numbers + 1);
	bch_array_end(&numbers.list);
}

static void reserved_memory_is_not_moved(void **state)
{
	struct numbers numbers = { 0 };
	u32 *v;

	(void)state;
	assert_int_equal(bch_array_reserve(&numbers.list, 0), 0);
	assert_null(numbers.list.v);
	assert_int_equal(bch_array_reserve(&numbers.list, 500), 0);
	v = numbers.list.v;
	for (u32 i = 0; i < 500; i++)
		assert_int_equal(bch_array_push(&numbers.list, i), 0);
	assert_ptr_equal(v, numbers.list.v);
	bch_array_end(&numbers.list);
}

static void a_size_that_does_not_fit_is_refused(void **state)
{
	struct numbers numbers = { 0 };

	(void)state;
	assert_int_equal(bch_array_push(&numbers.list, 1), 0);
	assert_int_equal(bch_array_reserve(&numbers.list, SIZE_MAX), -BCH_ERR_no_memory);
	assert_int_equal(bch_array_reserve(&numbers.list, SIZE_MAX / 4 + 2), -BCH_ERR_no_memory);
	assert_int_equal(numbers.list.nr, 1);
	assert_int_equal(numbers.list.v[0], 1);
	bch_array_end(&numbers.list);
}

static void without_memory_the_array_is_as_before(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();
	struct numbers numbers = { 0 };
	u32 pushed = 0;
	int err = 0;

	(void)state;
	if (!faults.nr)
		skip();
	assert_int_equal(bch_fault_set(&faults, "memory", 3), 0);
	while (!err && pushed < 1000)
		err = bch_array_push(&numbers.list, pushed++);
	assert_int_equal(err, -BCH_ERR_no_memory);
	assert_int_equal(numbers.list.nr, pushed - 1);
	assert_int_equal(numbers.list.v[pushed - 2], pushed - 2);
	assert_int_equal(bch_array_push(&numbers.list, pushed), 0);
	bch_array_end(&numbers.list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pushed_elements_keep_their_order),
		cmocka_unit_test(elements_are_inserted_and_removed_anywhere),
		cmocka_unit_test(arguments_are_evaluated_once),
		cmocka_unit_test(reserved_memory_is_not_moved),
		cmocka_unit_test(a_size_that_does_not_fit_is_refused),
		cmocka_unit_test(without_memory_the_array_is_as_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
