// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of versions: names, text there and back, what may be read. Format reference: 01 §9.1. */

#include "sb_build.h"

static struct bch_ctx *ctx;

static void every_version_with_a_name_goes_there_and_back(void **state)
{
	u32 named = 0;

	for (u32 v = BCH_VERSION(0, 9); v <= BCH_VERSION_READ_MAX; v++) {
		struct bch_buf buf bch_auto(buf) = { 0 };
		const char *name;
		char pair[32];
		u16 version = 0;

		bch_version_put(&buf, (u16)v);
		name = strchr(bch_buf_str(&buf), ':') + 2;
		snprintf(pair, sizeof(pair), "%u.%u", v >> 10, v & 1023);
		assert_int_equal(bch_version_parse(ctx, pair, &version), 0);
		assert_int_equal(version, v);
		if (!strcmp(name, "(unknown version)"))
			continue;
		named++;
		assert_int_equal(bch_version_parse(ctx, name, &version), 0);
		assert_int_equal(version, v);
	}
	assert_int_equal(named, 21 + 40);
}

static void versions_print_as_scripts_expect(void **state)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	bch_version_put(&buf, 1037);
	bch_buf_putc(&buf, ' ');
	bch_version_put(&buf, 0);
	assert_string_equal(bch_buf_str(&buf),
			    "1.13: inode_has_child_snapshots 0.0: (unknown version)");
}

static void raw_numbers_are_clear_from_1024_on(void **state)
{
	u16 version;

	assert_int_equal(bch_version_parse(ctx, "1037", &version), 0);
	assert_int_equal(version, 1037);
	assert_int_equal(bch_version_parse(ctx, "13", &version), -BCH_ERR_option_value);
	assert_non_null(
		strstr(bch_error_message(ctx, -BCH_ERR_option_value), "did you mean 1.13?"));
}

static void other_text_is_no_version(void **state)
{
	static const char *const bad[] = { "",	   "1.",    ".13",    "1.13x", "1.1024",
					   "64.0", "-1.13", "+1.13",  " 1.13", "1. 13",
					   "1.-3", "65536", "newest", "1.13.1" };
	u16 version;

	for (size_t i = 0; i < bch_array_size(bad); i++)
		assert_int_equal(bch_version_parse(ctx, bad[i], &version), -BCH_ERR_option_value);
}

static void versions_from_0_9_to_the_end_of_major_1_are_compatible(void **state)
{
	assert_false(bch_version_compatible(8));
	assert_true(bch_version_compatible(9));
	assert_true(bch_version_compatible(BCH_VERSION(1, 39)));
	assert_true(bch_version_compatible(BCH_VERSION(1, 1023)));
	assert_false(bch_version_compatible(BCH_VERSION(2, 0)));
}

static int begin(void **state)
{
	ctx = bch_ctx_new(NULL, NULL);
	return !ctx;
}

static int end(void **state)
{
	bch_ctx_free(ctx);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version_with_a_name_goes_there_and_back),
		cmocka_unit_test(versions_print_as_scripts_expect),
		cmocka_unit_test(raw_numbers_are_clear_from_1024_on),
		cmocka_unit_test(other_text_is_no_version),
		cmocka_unit_test(versions_from_0_9_to_the_end_of_major_1_are_compatible),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
