// SPDX-License-Identifier: GPL-2.0-or-later
/* Positions and ranges as users write them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ondisk/bbpos.h"
#include "ondisk/btree_ids.h"
#include "ondisk/pos.h"

static bool parse(const char *text, struct bch_bbpos_range *r)
{
	return bch_bbpos_range_parse(text, strlen(text), r);
}

static bool parse_pos(const char *text, struct bch_pos *pos)
{
	return bch_pos_parse(text, strlen(text), 7, pos);
}

static void positions_are_read_as_they_are_printed(void **state)
{
	const struct bch_pos all[] = {
		BCH_POS_MIN,
		BCH_SPOS_MAX,
		bch_pos(BCH_U64_MAX, BCH_U64_MAX),
		bch_spos(4096, 18446744073709551614ULL, 4294967294U),
		bch_spos(BCH_U64_MAX, 1, BCH_U32_MAX),
	};

	for (size_t i = 0; i < bch_array_size(all); i++) {
		struct bch_buf text bch_auto(buf) = { 0 };
		struct bch_pos pos;

		bch_pos_put(&text, all[i]);
		assert_true(parse_pos(bch_buf_str(&text), &pos));
		assert_int_equal(bch_pos_compare(pos, all[i]), 0);
	}
}

static void a_snapshot_that_is_not_said_is_the_callers(void **state)
{
	struct bch_pos pos;

	assert_true(parse_pos("1:2", &pos));
	assert_int_equal(bch_pos_compare(pos, bch_spos(1, 2, 7)), 0);
}

static void what_is_no_position_is_refused(void **state)
{
	static const char *const bad[] = { "",
					   "1",
					   "1:",
					   ":1",
					   "1:2:",
					   "1:x",
					   "1:2:3:4",
					   "-1:2",
					   "1:2:4294967296",
					   "18446744073709551616:0",
					   "POS_MIN:1" };
	struct bch_pos pos;

	for (size_t i = 0; i < bch_array_size(bad); i++)
		assert_false(parse_pos(bad[i], &pos));
}

static void a_range_holds_both_its_ends_and_all_snapshots_of_them(void **state)
{
	struct bch_bbpos_range r;

	assert_true(parse("extents:1:5-extents:1:9", &r));
	assert_true(bch_bbpos_range_has(&r, BCH_BTREE_extents, bch_spos(1, 5, 0)));
	assert_true(bch_bbpos_range_has(&r, BCH_BTREE_extents, bch_spos(1, 9, BCH_U32_MAX)));
	assert_false(bch_bbpos_range_has(&r, BCH_BTREE_extents, bch_spos(1, 10, 0)));
	assert_false(bch_bbpos_range_has(&r, BCH_BTREE_inodes, bch_spos(1, 6, 0)));
}

static void a_btree_alone_is_all_of_it(void **state)
{
	struct bch_bbpos_range r;

	assert_true(parse("reconcile_work", &r));
	assert_true(bch_bbpos_range_has(&r, BCH_BTREE_rebalance_work, BCH_SPOS_MAX));
	assert_true(parse("45", &r)); /* of a version to come */
	assert_true(bch_bbpos_range_has(&r, 45, BCH_POS_MIN));
	assert_false(parse("63", &r));
	assert_false(parse("bch2_inode_rm", &r));
}

static void a_range_goes_across_btrees(void **state)
{
	struct bch_bbpos_range r;

	assert_true(parse("inodes:0:4-xattrs:9:9", &r));
	assert_false(bch_bbpos_range_has(&r, BCH_BTREE_inodes, bch_pos(0, 3)));
	assert_true(bch_bbpos_range_has(&r, BCH_BTREE_dirents, BCH_POS_MIN));
	assert_false(bch_bbpos_range_has(&r, BCH_BTREE_xattrs, bch_pos(9, 10)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positions_are_read_as_they_are_printed),
		cmocka_unit_test(a_snapshot_that_is_not_said_is_the_callers),
		cmocka_unit_test(what_is_no_position_is_refused),
		cmocka_unit_test(a_range_holds_both_its_ends_and_all_snapshots_of_them),
		cmocka_unit_test(a_btree_alone_is_all_of_it),
		cmocka_unit_test(a_range_goes_across_btrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
