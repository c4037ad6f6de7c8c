// SPDX-License-Identifier: GPL-2.0-or-later
/* Which numbers are missing between a journal's entries. Format reference: 03 §4.4, §5. */

#include "../ondisk/sb_build.h"
#include "journal/journal.h"

/* A journal of entries 3, 4 and 9. */
static void with_journal(struct bch_blacklist range, void (*check)(struct bch_journal *j))
{
	struct bch_journal_entry entries[] = { { .seq = 3 }, { .seq = 4 }, { .seq = 9 } };
	struct bch_fs fs = { .super = sb_build_small(BCH_VERSION(1, 39)) };
	struct bch_journal j = { .fs = &fs, .blacklist_seq = 10 };

	j.entries.a.v = entries;
	j.entries.a.nr = bch_array_size(entries);
	assert_int_equal(bch_super_blacklist_add(&fs.super, range), 0);
	check(&j);
	bch_super_end(&fs.super);
}

static void check_whole_gap(struct bch_journal *j)
{
	u64 seq = 1, end;

	assert_true(bch_journal_gap(j, &seq, 10, &end));
	assert_int_equal(seq, 1);
	assert_int_equal(end, 3);
	seq = end;
	assert_true(bch_journal_gap(j, &seq, 10, &end));
	assert_int_equal(seq, 5);
	assert_int_equal(end, 9);
	seq = end;
	assert_false(bch_journal_gap(j, &seq, 10, &end));
	assert_int_equal(bch_journal_contiguous_from(j), 9);
}

static void what_is_not_there_is_a_gap(void **state)
{
	with_journal((struct bch_blacklist){ 20, 30 }, check_whole_gap);
}

static void check_rest_of_gap(struct bch_journal *j)
{
	u64 seq = 3, end;

	assert_true(bch_journal_gap(j, &seq, 10, &end));
	assert_int_equal(seq, 7);
	assert_int_equal(end, 9);
}

static void what_is_blacklisted_is_none(void **state)
{
	with_journal((struct bch_blacklist){ 5, 7 }, check_rest_of_gap);
}

/* The search went on for ever where the last range ended at the number that was looked for. */
static void gap_behind_the_last_blacklisted_range_is_found(void **state)
{
	with_journal((struct bch_blacklist){ 4, 5 }, check_whole_gap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_there_is_a_gap),
		cmocka_unit_test(what_is_blacklisted_is_none),
		cmocka_unit_test(gap_behind_the_last_blacklisted_range_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
