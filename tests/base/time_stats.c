// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics of durations, as text and as JSON. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/time_stats.h"

static void they_are_shown_with_units(void **state)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_TEXT);
	struct bch_time_stats stats = { 0 };

	(void)state;
	for (u64 us = 1; us <= 99; us++)
		bch_time_stats_add(&stats, 1000 * us);
	bch_facts_column(facts, 8);
	bch_time_stats_show(&stats, facts);
	assert_string_equal(bch_facts_str(facts), "count:  99\n"
						  "min:    1.00us\n"
						  "max:    99.0us\n"
						  "mean:   50.0us\n"
						  "stddev: 28.7us\n"
						  "median: 50.2us\n"
						  "p95:    96.3us\n"
						  "p99:    99.0us\n");
}

static void json_has_nanoseconds(void **state)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);
	struct bch_time_stats stats = { 0 };

	(void)state;
	bch_time_stats_add(&stats, 1000001);
	bch_time_stats_show(&stats, facts);
	assert_string_equal(bch_facts_str(facts), "{\n"
						  "  \"version\":1,\n"
						  "  \"count\":1,\n"
						  "  \"min_ns\":1000001,\n"
						  "  \"max_ns\":1000001,\n"
						  "  \"mean_ns\":1000001,\n"
						  "  \"stddev_ns\":0,\n"
						  "  \"median_ns\":1000001,\n"
						  "  \"p95_ns\":1000001,\n"
						  "  \"p99_ns\":1000001\n"
						  "}\n");
}

static void merged_parts_equal_the_whole(void **state)
{
	static const u64 durations[] = { 700, 300, 900, 500 };

	(void)state;
	for (size_t cut = 0; cut <= bch_array_size(durations); cut++) {
		struct bch_time_stats parts[2] = { 0 };

		for (size_t i = 0; i < bch_array_size(durations); i++)
			bch_time_stats_add(&parts[i >= cut], durations[i]);
		bch_time_stats_merge(&parts[0], &parts[1]);
		assert_int_equal(parts[0].min_ns, 300);
		assert_int_equal(parts[0].max_ns, 900);
		assert_int_equal(parts[0].moments.nr, 4);
		assert_int_equal(parts[0].quantiles.nr, 4);
		assert_float_equal(parts[0].moments.mean, 600, 1e-4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_shown_with_units),
		cmocka_unit_test(json_has_nanoseconds),
		cmocka_unit_test(merged_parts_equal_the_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
