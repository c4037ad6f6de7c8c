// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of the options: text to number and back, ranges, their places in the superblock. Format reference: 01 §12. */

#include "sb_build.h"

#define V_1_13 BCH_VERSION(1, 13)
#define V_1_39 BCH_VERSION(1, 39)

static struct bch_ctx *ctx;

/* The number of @text, which must be good. */
static u64 parsed(enum bch_opt_id id, const char *text, u16 version)
{
	u64 value = 4711;
	int err = bch_opt_parse(ctx, bch_opt(id), text, version, &value);

	if (err)
		print_error("%s\n", bch_error_message(ctx, err));
	assert_int_equal(err, 0);
	return value;
}

static int refused(enum bch_opt_id id, const char *text, u16 version)
{
	u64 value;

	return bch_opt_parse(ctx, bch_opt(id), text, version, &value);
}

/* The smallest number that is good and not less, for options of any kind. */
static u64 near(const struct bch_opt *opt, u64 value, u16 version)
{
	while (bch_opt_check(NULL, opt, value, version))
		value++;
	return value;
}

static void assert_stored(enum bch_opt_id id, u64 value, u16 version)
{
	struct bch_super super = sb_build_small(version);
	struct bch_sb before = *super.sb;

	bch_sb_opt_set(super.sb, id, value);
	assert_true(bch_sb_opt(super.sb, id) == value);
	for (u32 other = 0; other < BCH_OPT_NR; other++)
		if (other != id)
			assert_true(bch_sb_opt(super.sb, other) == bch_sb_opt(&before, other));
	bch_super_end(&super);
}

static void stored_options_hold_their_bounds_and_disturb_no_other(void **state)
{
	static const u16 versions[] = { BCH_VERSION(1, 4), V_1_13, BCH_VERSION(1, 28), V_1_39 };
	u32 nr = 0;

	for (u32 v = 0; v < bch_array_size(versions); v++)
		for (u32 id = 0; id < BCH_OPT_NR; id++) {
			const struct bch_opt *opt = bch_opt(id);
			u16 version = versions[v];

			if ((!opt->stored && id != BCH_OPT_block_size) ||
			    !bch_opt_in_version(opt, version))
				continue;
			nr++;
			assert_stored(id, near(opt, opt->min, version), version);
			assert_stored(id, bch_opt_default(opt, version), version);
			if (opt->type == BCH_OPT_COMPRESSION)
				assert_stored(id, 0xf3, version);
			else if (id == BCH_OPT_gc_reserve_bytes)
				assert_stored(id, bch_opt_max(opt, version) / 512 * 512, version);
			else
				assert_stored(id, bch_opt_max(opt, version), version);
		}
	assert_true(nr > 120);
}

/* What is printed is understood as the same number, for every option that has text of its own. */
static void printed_values_parse_back(void **state)
{
	for (u32 id = 0; id < BCH_OPT_NR; id++) {
		const struct bch_opt *opt = bch_opt(id);

		if (opt->type == BCH_OPT_TARGET || opt->type == BCH_OPT_TEXT)
			continue;
		for (u64 value = opt->min; value <= opt->max && value < opt->min + 300; value++) {
			struct bch_buf buf bch_auto(buf) = { 0 };

			if (bch_opt_check(NULL, opt, value, V_1_13))
				continue;
			bch_opt_put(&buf, opt, value);
			assert_true(parsed(id, bch_buf_str(&buf), V_1_13) == value);
		}
	}
}

static void options_are_found_by_every_spelling(void **state)
{
	for (u32 id = 0; id < BCH_OPT_NR; id++) {
		char name[64];

		assert_ptr_equal(bch_opt_find(bch_opt(id)->name), bch_opt(id));
		assert_int_equal(bch_opt_id(bch_opt(id)), id);
		assert_non_null(bch_opt(id)->help);
		strcpy(name, bch_opt(id)->name);
		for (char *c = name; *c; c++)
			*c = *c == '_' ? '-' : *c;
		assert_ptr_equal(bch_opt_find(name), bch_opt(id));
		if (bch_opt(id)->synonym)
			assert_ptr_equal(bch_opt_find(bch_opt(id)->synonym), bch_opt(id));
	}
	assert_null(bch_opt_find("no_such_option"));
	assert_null(bch_opt_find(""));
	assert_null(bch_opt_find("ac"));
}

static void sizes_have_fractions_and_suffixes(void **state)
{
	static const struct {
		const char *text;
		u64 value;
	} good[] = {
		{ "0", 0 },
		{ "512", 512 },
		{ "1k", 1024 },
		{ "1K", 1024 },
		{ "4 KiB", 4096 },
		{ "1.5M", 1572864 },
		{ "0.5k", 512 },
		{ "1kB", 1000 },
		{ "2.5 MB", 2500000 },
		{ "16E", 0 },
		{ "15E", 15ULL << 60 },
		{ "1T", 1ULL << 40 },
		{ "3P", 3ULL << 50 },
		{ "7B", 7 },
		{ "18446744073709551615", UINT64_MAX },
	};
	static const char *const bad[] = { "",
					   "k",
					   "-1",
					   "1x",
					   "1kk",
					   "1  k",
					   "0x10",
					   "1.5.5",
					   "1e3",
					   "16E",
					   " 1",
					   "+1",
					   "18446744073709551616" };
	u64 value;

	for (size_t i = 0; i < bch_array_size(good); i++)
		if (good[i].value || !strcmp(good[i].text, "0")) {
			assert_int_equal(bch_size_parse(ctx, "size", good[i].text, &value), 0);
			assert_true(value == good[i].value);
		}
	for (size_t i = 0; i < bch_array_size(bad); i++)
		assert_int_equal(bch_size_parse(ctx, "size", bad[i], &value),
				 -BCH_ERR_option_value);
}

static void values_of_each_kind_are_parsed(void **state)
{
	assert_int_equal(parsed(BCH_OPT_acl, "yes", V_1_13), 1);
	assert_int_equal(parsed(BCH_OPT_acl, "FALSE", V_1_13), 0);
	assert_int_equal(parsed(BCH_OPT_errors, "ro", V_1_13), 3);
	assert_int_equal(parsed(BCH_OPT_block_size, "4k", V_1_13), 4096);
	assert_int_equal(parsed(BCH_OPT_compression, "zstd:15", V_1_13), 0xf3);
	assert_int_equal(parsed(BCH_OPT_compression, "lz4", V_1_13), 1);
	assert_int_equal(parsed(BCH_OPT_compression, "none:0", V_1_13), 0);
	assert_int_equal(parsed(BCH_OPT_data_allowed, "journal,btree", V_1_13), 0xc);
	assert_int_equal(parsed(BCH_OPT_data_allowed, "-user", V_1_13), 0xc);
	assert_int_equal(parsed(BCH_OPT_state, "evacuating", V_1_13), 2);
	assert_int_equal(parsed(BCH_OPT_degraded, "very", V_1_13), 2);
	assert_int_equal(parsed(BCH_OPT_degraded, "true", V_1_13), 1);
	assert_int_equal(parsed(BCH_OPT_degraded, "off", V_1_13), 3);
}

static void bad_values_are_refused_with_their_error(void **state)
{
	assert_int_equal(refused(BCH_OPT_acl, "2", V_1_13), -BCH_ERR_option_value);
	assert_int_equal(refused(BCH_OPT_errors, "rw", V_1_13), -BCH_ERR_option_value);
	assert_non_null(strstr(bch_error_message(ctx, -BCH_ERR_option_value),
			       "errors: invalid selection: rw (one of continue, fix_safe"));
	assert_int_equal(refused(BCH_OPT_block_size, "3k", V_1_13), -BCH_ERR_option_value);
	assert_int_equal(refused(BCH_OPT_block_size, "256", V_1_13), -BCH_ERR_option_too_small);
	assert_int_equal(refused(BCH_OPT_block_size, "64k", V_1_13), -BCH_ERR_option_too_big);
	assert_non_null(strstr(bch_error_message(ctx, -BCH_ERR_option_too_big), "max 32.0 KiB"));
	assert_int_equal(refused(BCH_OPT_data_replicas, "4", V_1_13), -BCH_ERR_option_too_big);
	assert_int_equal(parsed(BCH_OPT_data_replicas, "4", V_1_39), 4);
	assert_int_equal(refused(BCH_OPT_data_replicas, "1.0", V_1_13), -BCH_ERR_option_value);
	assert_int_equal(refused(BCH_OPT_data_replicas, "", V_1_13), -BCH_ERR_option_value);
	assert_int_equal(refused(BCH_OPT_gc_reserve_bytes, "1000", V_1_13), -BCH_ERR_option_value);
	assert_int_equal(refused(BCH_OPT_compression, "zstd:16", V_1_13), -BCH_ERR_option_value);
	assert_int_equal(refused(BCH_OPT_compression, "zstd:", V_1_13), -BCH_ERR_option_value);
	assert_int_equal(refused(BCH_OPT_compression, "lzo", V_1_13), -BCH_ERR_option_value);
	assert_int_equal(refused(BCH_OPT_compression, "none:3", V_1_13),
			 -BCH_ERR_invalid_sb_opt_compression);
	assert_int_equal(refused(BCH_OPT_data_allowed, "stripe", V_1_13), -BCH_ERR_option_too_big);
	assert_int_equal(refused(BCH_OPT_data_allowed, "sb", V_1_13), -BCH_ERR_option_value);
	assert_int_equal(refused(BCH_OPT_durability, "3", V_1_13), -BCH_ERR_option_too_big);
	assert_int_equal(refused(BCH_OPT_sb, "99999999999999999999", V_1_13),
			 -BCH_ERR_option_value);
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
		cmocka_unit_test(stored_options_hold_their_bounds_and_disturb_no_other),
		cmocka_unit_test(printed_values_parse_back),
		cmocka_unit_test(options_are_found_by_every_spelling),
		cmocka_unit_test(sizes_have_fractions_and_suffixes),
		cmocka_unit_test(values_of_each_kind_are_parsed),
		cmocka_unit_test(bad_values_are_refused_with_their_error),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
