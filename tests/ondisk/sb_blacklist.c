// SPDX-License-Identifier: GPL-2.0-or-later
/* The blacklist of journal sequence numbers grows by ranges that stay sorted and apart. */

#include "sb_build.h"

#define SECTION BCH_SECTION_journal_seq_blacklist

static void add(struct bch_super *super, u64 start, u64 end)
{
	assert_int_equal(bch_super_blacklist_add(super, (struct bch_blacklist){ start, end }), 0);
}

static void assert_range(const struct bch_super *super, u64 seq, u64 start, u64 end)
{
	struct bch_blacklist b;

	assert_true(bch_super_blacklist_find(super, seq, &b));
	assert_int_equal(b.start, start);
	assert_int_equal(b.end, end);
}

static struct bch_super empty(void)
{
	struct bch_super super = { 0 };

	assert_int_equal(bch_super_new(&super), 0);
	super.sb->layout.sb_max_size_bits = 11;
	return super;
}

static void ranges_are_kept_in_order(void **state)
{
	struct bch_super super bch_auto(super) = empty();

	add(&super, 30, 40);
	add(&super, 10, 12);
	add(&super, 20, 21);
	assert_range(&super, 0, 10, 12);
	assert_range(&super, 12, 20, 21);
	assert_range(&super, 21, 30, 40);
	assert_int_equal(bch_sb_section_validate(&super, SECTION,
						 bch_super_section(&super, SECTION), 0, NULL),
			 0);
}

static void ranges_that_touch_are_joined(void **state)
{
	struct bch_super super bch_auto(super) = empty();

	add(&super, 10, 20);
	add(&super, 30, 40);
	add(&super, 50, 60);
	add(&super, 20, 35);
	assert_range(&super, 0, 10, 40);
	assert_range(&super, 40, 50, 60);
	assert_int_equal(bch_super_section(&super, SECTION).len, 2 * 16);
}

static void a_number_is_blacklisted_within_a_range_alone(void **state)
{
	struct bch_super super bch_auto(super) = empty();
	struct bch_blacklist b;

	assert_false(bch_super_blacklisted(&super, 5));
	add(&super, 10, 20);
	assert_false(bch_super_blacklisted(&super, 9));
	assert_true(bch_super_blacklisted(&super, 10));
	assert_true(bch_super_blacklisted(&super, 19));
	assert_false(bch_super_blacklisted(&super, 20));
	b.start = b.end = 7;
	assert_false(bch_super_blacklist_find(&super, 20, &b));
	assert_true(b.start == 7 && b.end == 7);
}

static void the_first_range_sets_its_feature(void **state)
{
	struct bch_super super bch_auto(super) = empty();

	add(&super, 10, 20);
	assert_true(le64_get(super.sb->features[0]) & 1ULL << BCH_FEATURE_journal_seq_blacklist_v3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_kept_in_order),
		cmocka_unit_test(ranges_that_touch_are_joined),
		cmocka_unit_test(a_number_is_blacklisted_within_a_range_alone),
		cmocka_unit_test(the_first_range_sets_its_feature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
