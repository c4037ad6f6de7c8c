// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of labels of devices: made, found, shared, pruned, broken. Format reference: 01 §8.7, §12.3. */

#include "sb_build.h"

#define V_1_13 BCH_VERSION(1, 13)

static void assert_path(const struct bch_super *super, u32 idx, const char *want)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	bch_super_group_path_put(&buf, super, idx);
	assert_string_equal(bch_buf_str(&buf), want);
}

static void group_path_of_the_format_reference_is_made(void **state)
{
	struct bch_super super = sb_build_small(V_1_13);
	struct bch_bytes b;

	assert_int_equal(bch_super_group_make(&super, "ssd.fast"), 1);
	b = bch_super_section(&super, BCH_SECTION_disk_groups);
	assert_int_equal(b.len, 96);
	assert_memory_equal(b.p, "ssd\0", 4);
	assert_int_equal(b.p[32], 0x3e);
	assert_memory_equal(b.p + 48, "fast\0", 5);
	assert_int_equal(b.p[80], 0x7e);
	assert_path(&super, 1, "ssd.fast");
	bch_super_end(&super);
}

static void groups_are_found_shared_and_made_anew_from_deleted_ones(void **state)
{
	struct bch_super super = sb_build_small(V_1_13);
	struct bch_disk_group g;
	struct bch_member m;

	assert_int_equal(bch_super_group_make(&super, "a.b"), 1);
	assert_int_equal(bch_super_group_make(&super, "a.c"), 2);
	assert_int_equal(bch_super_group_make(&super, "b"), 3);
	assert_int_equal(bch_super_group_make(&super, "a.b"), 1);
	assert_int_equal(bch_super_group_find(&super, "a"), 0);
	assert_int_equal(bch_super_group_find(&super, "b"), 3);
	assert_int_equal(bch_super_group_find(&super, "c"), -BCH_ERR_target_unknown);
	assert_int_equal(bch_super_group_find(&super, "a.b.c"), -BCH_ERR_target_unknown);
	assert_int_equal(bch_super_group_find(&super, "a."), -BCH_ERR_target_unknown);
	assert_int_equal(bch_super_group_find(&super, ""), -BCH_ERR_target_unknown);
	assert_true(bch_super_group_within(&super, 2, 0));
	assert_true(bch_super_group_within(&super, 2, 2));
	assert_false(bch_super_group_within(&super, 0, 2));
	assert_false(bch_super_group_within(&super, 3, 0));

	/* a member holds a.c; a target holds b; a.b is nobody's */
	assert_true(bch_super_member(&super, 0, &m));
	bch_member_GROUP_set(&m, 2 + 1);
	bch_super_member_put(&super, 0, &m);
	bch_sb_opt_set(super.sb, BCH_OPT_promote_target, BCH_TARGET_GROUP(3));
	assert_int_equal(bch_super_groups_prune(&super), 0);
	for (u32 i = 0; i < 4; i++) {
		assert_true(bch_super_group(&super, i, &g));
		assert_int_equal(bch_disk_group_deleted(&g), i == 1);
	}
	assert_int_equal(bch_super_group_find(&super, "a.b"), -BCH_ERR_target_unknown);
	assert_int_equal(bch_super_group_make(&super, "new"), 1);
	assert_int_equal(bch_super_groups_nr(&super), 4);
	assert_path(&super, 1, "new");
	bch_super_end(&super);
}

static void labels_have_1_to_32_bytes_and_32_parts(void **state)
{
	static const char *const bad[] = { "",	 ".",	 "a.",
					   ".a", "a..b", "123456789012345678901234567890123" };
	struct bch_super super = sb_build_small(V_1_13);
	char deep[2 * 33 + 1] = "";

	for (size_t i = 0; i < bch_array_size(bad); i++)
		assert_int_equal(bch_super_group_make(&super, bad[i]), -BCH_ERR_label_invalid);
	assert_int_equal(bch_super_groups_nr(&super), 0);
	assert_int_equal(bch_super_group_make(&super, "12345678901234567890123456789012"), 0);
	assert_path(&super, 0, "12345678901234567890123456789012");

	for (u32 i = 0; i < 33; i++)
		strcat(deep, i ? ".d" : "d");
	assert_int_equal(bch_super_group_make(&super, deep), -BCH_ERR_label_invalid);
	deep[2 * 32 - 1] = 0;
	assert_int_equal(bch_super_group_make(&super, deep), 32);
	assert_path(&super, 32, deep);
	bch_super_end(&super);
}

static void broken_and_looping_chains_are_invalid_but_end(void **state)
{
	struct bch_super super = sb_build_small(V_1_13);
	struct bch_buf buf bch_auto(buf) = { 0 };
	u8 *p;

	assert_int_equal(bch_super_group_make(&super, "a.b"), 1);
	p = bch_super_section_mut(&super, BCH_SECTION_disk_groups);
	p[32] = 0xbe; /* a's parent is b */
	assert_path(&super, 0, "(invalid)");
	assert_false(bch_super_group_within(&super, 0, 7));
	assert_int_equal(bch_super_groups_prune(&super), 0);
	p[32] = 0x3e | 0x40 << 1; /* no such entry */
	p[33] = 0x7f;
	assert_path(&super, 0, "(invalid)");
	assert_path(&super, 9, "(invalid)");

	bch_super_target_put(&buf, &super, 0);
	bch_buf_putc(&buf, ' ');
	bch_super_target_put(&buf, &super, BCH_TARGET_DEV(2));
	bch_buf_putc(&buf, ' ');
	bch_super_target_put(&buf, &super, BCH_TARGET_GROUP(9));
	assert_string_equal(bch_buf_str(&buf), "none device 2 (invalid)");
	bch_super_end(&super);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(group_path_of_the_format_reference_is_made),
		cmocka_unit_test(groups_are_found_shared_and_made_anew_from_deleted_ones),
		cmocka_unit_test(labels_have_1_to_32_bytes_and_32_parts),
		cmocka_unit_test(broken_and_looping_chains_are_invalid_but_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
