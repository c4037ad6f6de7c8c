// SPDX-License-Identifier: GPL-2.0-or-later
/* Fault points: listed, switched one by one, the nth time or always. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bcachefs/error.h>
#include "base/fault.h"
#include "base/memory.h"

static bool reach_rare_path(void)
{
	return bch_fault("rare path");
}

static bool reach_twin(void)
{
	return bch_fault("rare path");
}

static bool reach_other(void)
{
	return bch_fault("other");
}

/* In a release there is nothing to switch, and nothing ever fires. */
static int need_faults(void **state)
{
	static struct bch_faults faults;

	faults = bch_faults();
	*state = faults.nr ? &faults : NULL;
	return 0;
}

static int end_faults(void **state)
{
	if (*state)
		bch_faults_end(*state);
	return 0;
}

static void all_points_of_the_program_are_listed(void **state)
{
	struct bch_faults *faults = *state;
	u32 rare = 0, here = 0;

	if (!faults)
		skip();
	for (size_t i = 0; i < faults->nr; i++) {
		const struct bch_fault_point *point = faults->points[i];

		rare += !strcmp(point->name, "rare path");
		here += !!strstr(point->file, "tests/base/fault.c");
		assert_true(point->line > 0);
	}
	assert_int_equal(rare, 2);
	assert_int_equal(here, 3);
}

static void a_point_is_off_until_it_is_switched_on(void **state)
{
	(void)state;
	for (u32 i = 0; i < 3; i++)
		assert_false(reach_rare_path());
}

static void it_fires_once_at_the_nth_time(void **state)
{
	struct bch_faults *faults = *state;

	if (!faults)
		skip();
	assert_int_equal(bch_fault_set(faults, "other", 3), 0);
	assert_false(reach_other());
	assert_false(reach_other());
	assert_false(reach_rare_path());
	assert_true(reach_other());
	assert_false(reach_other());
	assert_int_equal(bch_fault_fired(faults, "other"), 1);
}

static void points_of_one_name_fire_always_when_told_so(void **state)
{
	struct bch_faults *faults = *state;

	if (!faults)
		skip();
	assert_int_equal(bch_fault_set(faults, "rare path", BCH_FAULT_ALWAYS), 0);
	for (u32 i = 0; i < 3; i++) {
		assert_true(reach_rare_path());
		assert_true(reach_twin());
		assert_false(reach_other());
	}
	assert_int_equal(bch_fault_fired(faults, "rare path"), 6);
	bch_faults_end(faults);
	assert_false(reach_rare_path());
	assert_int_equal(bch_fault_fired(faults, "rare path"), 0);
}

static void an_unknown_name_is_told(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();

	(void)state;
	assert_int_equal(bch_fault_set(&faults, "no such point", 1), -BCH_ERR_not_found);
	assert_int_equal(bch_fault_fired(&faults, "no such point"), 0);
}

static void any_allocation_can_be_made_to_fail(void **state)
{
	struct bch_faults *faults = *state;
	void *p;

	if (!faults)
		skip();
	assert_int_equal(bch_fault_set(faults, "memory", BCH_FAULT_ALWAYS), 0);
	assert_null(bch_malloc(1));
	assert_null(bch_calloc(1, 1));
	assert_null(bch_realloc(NULL, 1));
	bch_faults_end(faults);
	p = bch_realloc(bch_malloc(1), 100);
	assert_non_null(p);
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(all_points_of_the_program_are_listed, end_faults),
		cmocka_unit_test_teardown(a_point_is_off_until_it_is_switched_on, end_faults),
		cmocka_unit_test_teardown(it_fires_once_at_the_nth_time, end_faults),
		cmocka_unit_test_teardown(points_of_one_name_fire_always_when_told_so, end_faults),
		cmocka_unit_test_teardown(an_unknown_name_is_told, end_faults),
		cmocka_unit_test_teardown(any_allocation_can_be_made_to_fail, end_faults),
	};

	return cmocka_run_group_tests(tests, need_faults, NULL);
}
