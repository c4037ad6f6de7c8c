// SPDX-License-Identifier: GPL-2.0-or-later
/* Fields of keys and of the superblock by their names: keys made from nothing, paths that lead nowhere, damaged values. */

#include "key_build.h"

#include <bcachefs/error.h>
#include <stdlib.h>
#include "ondisk/key_fields.h"
#include "ondisk/sb_fields.h"

#define ROUNDS 300

static u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 33;
}

/* ------------------------------------------------------------------ made from nothing */

static struct bch_key_edit made(u8 type, const char *const *words)
{
	struct bch_key_edit e;

	bch_key_edit_new(&e, bch_spos(4096, 128, 1), type, V_1_13);
	for (; *words; words += 2)
		assert_int_equal(bch_key_field_set(&e, V_1_13, words[0], words[1]), 0);
	return e;
}

static void assert_field(struct bch_key_edit *e, const char *path, const char *want)
{
	struct bch_buf have bch_auto(buf) = { 0 };

	e->k.val.p = e->val; /* it was moved */
	assert_int_equal(bch_key_field_get(&have, &e->k, V_1_13, path), 0);
	assert_string_equal(bch_buf_str(&have), want);
}

static void entries_are_appended_in_the_order_in_which_they_are_named(void **state)
{
	struct bch_key_edit e =
		made(BCH_KEY_extent,
		     (const char *[]){ "k.size", "8", "crc32[0].csum_type", "crc32c",
				       "crc32[0].compressed_size", "8",
				       "crc32[0].uncompressed_size", "8", "crc32[0].csum_lo",
				       "0xdeadbeef", "ptr[0].dev", "2", "ptr[0].offset", "4096",
				       "ptr[1].dev", "0", "ptr[1].gen", "7", NULL });

	/* 8 sectors are stored as 7; crc32c is 5; dev 2, offset 4096; gen 7 */
	assert_field(&e, "raw",
		     "1e0e0005efbeadde010001000000020001000000"
		     "00000007");
	assert_field(&e, "crc32[0].csum_type", "crc32c");
	assert_field(&e, "crc32[0].uncompressed_size", "8");
	assert_field(&e, "ptr[1].gen", "7");
	assert_field(&e, "k.size", "8");
}

static void names_and_flags_are_numbers_on_disk(void **state)
{
	struct bch_key_edit e = made(BCH_KEY_snapshot,
				     (const char *[]){ "flags", "subvol,will_delete", "children[1]",
						       "12", "btime.lo", "5", "btime.hi", "0x6",
						       "flags.will_delete", "0", NULL });

	assert_field(&e, "flags", "subvol");
	assert_field(&e, "flags.subvol", "1");
	assert_field(&e, "children[0]", "0");
	assert_field(&e, "children[1]", "12");
	assert_field(&e, "btime", "5");
	assert_field(&e, "btime_hi", "6");
	assert_int_equal(e.k.val.len, 56);

	e = made(BCH_KEY_inode_v3,
		 (const char *[]){ "bi_mode", "0100644", "bi_flags", "sync,0x80000", "hash_type",
				   "siphash", NULL });
	assert_field(&e, "bi_mode", "0100644");
	assert_field(&e, "bi_flags", "sync,0x80000");
	assert_field(&e, "hash_type", "siphash");
}

static void names_of_files_may_have_any_bytes(void **state)
{
	struct bch_key_edit e =
		made(BCH_KEY_dirent, (const char *[]){ "d_inum", "4100", "d_type", "reg", "d_name",
						       "\"a \\\"b\\x00\\\\x41\"", NULL });

	assert_field(&e, "d_name", "\"a \\x22b\\x00\\x5cx41\"");
	assert_field(&e, "d_type", "reg");
	assert_int_equal(bch_key_field_set(&e, V_1_13, "d_name", "plain"), 0);
	assert_field(&e, "d_name", "plain");
	assert_int_equal(e.k.val.len, 16);
}

static void accounting_keys_have_as_many_counters_as_are_set(void **state)
{
	struct bch_key_edit e =
		made(BCH_KEY_accounting,
		     (const char *[]){ "counters[0]", "-5", "counters[1]", "6", NULL });

	assert_int_equal(e.k.val.len, 16);
	assert_field(&e, "counters[0]", "-5");
	assert_int_equal(bch_key_field_set(&e, V_1_13, "counters[3]", "1"), -BCH_ERR_out_of_range);
}

/* ------------------------------------------------------------------ refused */

static void what_is_no_field_or_no_value_is_refused(void **state)
{
	static const struct {
		u8 type;
		const char *path, *text;
		int err;
	} v[] = {
		{ BCH_KEY_snapshot, "nonsense", "1", -BCH_ERR_option_unknown },
		{ BCH_KEY_snapshot, "", "1", -BCH_ERR_option_unknown },
		{ BCH_KEY_snapshot, "flags.nonsense", "1", -BCH_ERR_option_unknown },
		{ BCH_KEY_snapshot, "parent.hi", "1", -BCH_ERR_option_unknown },
		{ BCH_KEY_snapshot, "children", "1", -BCH_ERR_option_unknown },
		{ BCH_KEY_snapshot, "parent[0]", "1", -BCH_ERR_option_unknown },
		{ BCH_KEY_snapshot, "children[", "1", -BCH_ERR_option_unknown },
		{ BCH_KEY_snapshot, "children[2]", "1", -BCH_ERR_out_of_range },
		{ BCH_KEY_snapshot, "children[99999999999999999999]", "1",
		  -BCH_ERR_option_unknown },
		{ BCH_KEY_snapshot, "ptr[0].dev", "1", -BCH_ERR_option_unknown },
		{ BCH_KEY_extent, "ptr[1].dev", "1", -BCH_ERR_out_of_range },
		{ BCH_KEY_extent, "ptr[0].nonsense", "1", -BCH_ERR_option_unknown },
		{ BCH_KEY_extent, "k.nonsense", "1", -BCH_ERR_option_unknown },
		{ BCH_KEY_extent, "k.size", "0x100000000", -BCH_ERR_option_value },
		{ BCH_KEY_extent, "crc32[0].compressed_size", "0", -BCH_ERR_option_value },
		{ BCH_KEY_extent, "crc32[0].compressed_size", "129", -BCH_ERR_option_value },
		{ BCH_KEY_snapshot, "parent", "", -BCH_ERR_option_value },
		{ BCH_KEY_snapshot, "parent", "1x", -BCH_ERR_option_value },
		{ BCH_KEY_snapshot, "parent", " 1", -BCH_ERR_option_value },
		{ BCH_KEY_snapshot, "flags", "subvol,", -BCH_ERR_option_value },
		{ BCH_KEY_dirent, "d_name", "\"open", -BCH_ERR_option_value },
		{ BCH_KEY_dirent, "d_name", "\"\\x4\"", -BCH_ERR_option_value },
		{ BCH_KEY_dirent, "d_cf_name", "a", -BCH_ERR_invalid_argument },
		{ BCH_KEY_inline_data, "data", "0g", -BCH_ERR_option_value },
		{ BCH_KEY_stripe, "ptr[0].dev", "1", -BCH_ERR_out_of_range },
	};

	for (size_t i = 0; i < bch_array_size(v); i++) {
		struct bch_key_edit e;
		int err;

		bch_key_edit_new(&e, bch_spos(0, 1, 0), v[i].type, V_1_13);
		err = bch_key_field_set(&e, V_1_13, v[i].path, v[i].text);
		if (err != v[i].err)
			print_error("%s=%s: %s\n", v[i].path, v[i].text, bch_err_name(err));
		assert_int_equal(err, v[i].err);
	}
}

/* ------------------------------------------------------------------ damaged */

/* A value in memory of just its length, so that AddressSanitizer sees a byte too many. To be freed. */
static u8 *random_value(struct bch_key *k, u64 *state)
{
	size_t len = next_random(state) % 40 * 8;
	u8 *val = malloc(len ? len : 1);

	assert_non_null(val);
	for (size_t i = 0; i < len; i++)
		val[i] = next_random(state) % 4 ? (u8)(next_random(state) % 9)
						: (u8)next_random(state);
	k->val = (struct bch_bytes){ val, len };
	return val;
}

/* What can be read can be set to what it is, and reads the same. */
static u64 read_and_set(const struct bch_key *k, u16 version)
{
	struct bch_buf paths bch_auto(buf) = { 0 };
	char *rest, *path;
	u64 nr = 0;

	bch_key_field_paths(&paths, k, version);
	for (rest = paths.p; rest && (path = strtok_r(rest, "\n", &rest)); nr++) {
		struct bch_buf text bch_auto(buf) = { 0 }, again bch_auto(buf) = { 0 };
		struct bch_key_edit e;

		assert_int_equal(bch_key_edit_copy(&e, k), 0);
		assert_int_equal(bch_key_field_get(&text, k, version, path), 0);
		if (bch_key_field_set(&e, version, path, bch_buf_str(&text)))
			continue;
		assert_true(e.k.val.len <= sizeof(e.val) && e.k.val.len % 8 == 0);
		if (!bch_key_field_get(&again, &e.k, version, path))
			assert_string_equal(bch_buf_str(&again), bch_buf_str(&text));
	}
	return nr;
}

static void damaged_values_are_read_and_set_without_harm(void **state)
{
	u64 random = 1, nr = 0;

	for (u32 type = 0; type <= BCH_KEY_TYPE_NR; type++)
		for (u32 i = 0; i < ROUNDS; i++) {
			struct bch_key k = { .type = (u8)type };
			u8 *val = random_value(&k, &random);

			nr += read_and_set(&k, i % 2 ? V_1_13 : V_1_28);
			free(val);
		}
	assert_true(nr > 1000);
}

/* ------------------------------------------------------------------ superblock */

static void a_field_of_the_superblock_that_is_set_to_what_it_is_leaves_it_as_it_was(void **state)
{
	struct bch_super super bch_auto(super) = sb_build_small(V_1_13);
	u32 nr = 0;

	for (const struct bch_field *f = bch_sb_fields(); f->name; f++)
		for (u32 i = 0; i < f->nr; i++, nr++) {
			struct bch_buf text bch_auto(buf) = { 0 };
			struct bch_field one = bch_field_element(f, i);
			struct bch_sb sb = *super.sb;

			assert_true(bch_field_end(&one) <= sizeof(sb));
			bch_field_put(&text, &one, (const u8 *)&sb);
			assert_int_equal(bch_field_parse(&one, (u8 *)&sb, bch_buf_str(&text)), 0);
			assert_memory_equal(&sb, super.sb, sizeof(sb));
		}
	assert_true(nr > 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_appended_in_the_order_in_which_they_are_named),
		cmocka_unit_test(names_and_flags_are_numbers_on_disk),
		cmocka_unit_test(names_of_files_may_have_any_bytes),
		cmocka_unit_test(accounting_keys_have_as_many_counters_as_are_set),
		cmocka_unit_test(what_is_no_field_or_no_value_is_refused),
		cmocka_unit_test(damaged_values_are_read_and_set_without_harm),
		cmocka_unit_test(
			a_field_of_the_superblock_that_is_set_to_what_it_is_leaves_it_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
