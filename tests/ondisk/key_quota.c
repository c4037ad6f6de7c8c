// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits of users, groups and projects: rule and text. Format reference: 04 §10.4. */

#include "key_build.h"
#include "ondisk/key_quota.h"

#define EXAMPLE "0010000000000000 0008000000000000 6400000000000000 3200000000000000"

static void limits_of_the_reference_are_read_and_printed(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_quotas);
	struct bch_quota q;
	struct key_build b;

	key_build(&b, BCH_KEY_quota, bch_pos(0, 1000), 0, EXAMPLE);
	bch_quota_get(&q, b.k.val.p, b.k.val.len);
	assert_int_equal(BCH_BYTES(q.space_hardlimit_sectors), 2 << 20);
	assert_int_equal(BCH_BYTES(q.space_softlimit_sectors), 1 << 20);
	assert_int_equal(q.nr_inodes_hardlimit, 100);
	assert_int_equal(q.nr_inodes_softlimit, 50);
	assert_value_text(&b.k, &c,
			  "space hardlimit 4096 softlimit 2048inodes hardlimit 100 softlimit 50");
}

static void there_are_three_kinds_of_quotas(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_quotas);
	struct key_build b;

	key_build(&b, BCH_KEY_quota, bch_pos(2, 0), 0, EXAMPLE);
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	b.k.pos.inode = 3;
	assert_problem(&b.k, &c, BCH_FSCK_quota_type_invalid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_of_the_reference_are_read_and_printed),
		cmocka_unit_test(there_are_three_kinds_of_quotas),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
