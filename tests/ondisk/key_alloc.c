// SPDX-License-Identifier: GPL-2.0-or-later
/* alloc keys of all versions: the reference's bytes, one breach of each rule, texts. Format reference: 06 §2, 08 §5. */

#include "key_build.h"
#include "ondisk/key_alloc.h"

#define POS bch_pos(0, 26)

/* 06 §2.4: the bucket of a superblock. */
#define SB_BUCKET                                                           \
	"01 00 00 00 00 00 00 00 23 00 00 00 00 00 01 00 00 01 00 00"       \
	"00 00 00 00 01 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00"       \
	"00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00" \
	"00 00"

/* 08 §5.1: the bucket of a parity block. */
#define PARITY_BUCKET                                                       \
	"16 00 00 00 00 00 00 00 23 00 00 00 00 00 06 00 40 00 00 00"       \
	"00 00 00 00 01 00 00 00 00 00 00 00 2e 0d 00 00 00 00 00 00"       \
	"01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00" \
	"00 00"

static void texts_are_those_of_the_version(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_alloc);
	struct key_build b;

	key_build(&b, BCH_KEY_alloc_v4, POS, 0, SB_BUCKET);
	assert_value_text(&b.k, &c,
			  "\n  gen 0 oldest_gen 0 data_type sb\n  journal_seq       1\n"
			  "  need_discard      1\n  need_inc_gen      1\n  dirty_sectors     256\n"
			  "  stripe_sectors    0\n  cached_sectors    0\n  stripe            0\n"
			  "  stripe_redundancy 0\n  io_time[READ]     1\n  io_time[WRITE]    1\n"
			  "  fragmentation     0\n  bp_start          8\n");
	c.version = V_1_39;
	key_build(&b, BCH_KEY_alloc_v4, POS, 0, PARITY_BUCKET);
	assert_value_text(&b.k, &c,
			  "\n  gen 0 oldest_gen 0 data_type parity\n  journal_seq_nonempty 22\n"
			  "  journal_seq_empty    0\n  need_discard         1\n"
			  "  need_inc_gen         1\n  dirty_sectors        64\n"
			  "  stripe_sectors       0\n  cached_sectors       0\n"
			  "  stripe_refcount      1\n  io_time[READ]        1\n"
			  "  io_time[WRITE]       3374\n  fragmentation     0\n"
			  "  bp_start          8\n");
}

static void values_come_back_as_they_were_written(void **state)
{
	static const char *const values[] = { SB_BUCKET, PARITY_BUCKET };

	for (size_t i = 0; i < bch_array_size(values); i++) {
		u8 val[BCH_ALLOC_V4_LEN];
		struct bch_alloc a;
		struct key_build b;

		key_build(&b, BCH_KEY_alloc_v4, POS, 0, values[i]);
		assert_int_equal(bch_alloc_get(&b.k, V_1_39, &a), BCH_KEY_VALID);
		bch_alloc_put(&a, V_1_39, val);
		assert_memory_equal(val, b.val, sizeof(val));
	}
}

static void fields_past_the_fixed_part_are_zero(void **state)
{
	struct bch_alloc a;
	struct key_build b;

	key_build(&b, BCH_KEY_alloc_v4, POS, 0, SB_BUCKET);
	b.val[56] = 9;
	assert_int_equal(bch_alloc_get(&b.k, V_1_13, &a), BCH_KEY_VALID);
	assert_int_equal(a.stripe_sectors, 9);
	b.val[8] = 7 << 2;
	assert_int_equal(bch_alloc_get(&b.k, V_1_13, &a), BCH_KEY_VALID);
	assert_int_equal(a.stripe_sectors, 0);
	assert_int_equal(a.dirty_sectors, 256);
}

/* What is changed in the bucket of a superblock, and what is wrong then. */
struct breach {
	u16 version;
	struct bch_alloc a;
	bool writing;
	int want;
};

#define A(...)                                   \
	{                                        \
		.io_time = { 1, 1 }, __VA_ARGS__ \
	}

static const struct breach breaches[] = {
	{ V_1_13, A(.data_type = BCH_DATA_free), false, BCH_KEY_VALID },
	{ V_1_13, A(.data_type = BCH_DATA_free, .gen = 95), false, BCH_KEY_VALID },
	{ V_1_13, A(.data_type = BCH_DATA_free, .gen = 96), false,
	  BCH_FSCK_alloc_key_data_type_bad },
	{ V_1_13, A(.data_type = BCH_DATA_need_gc_gens, .gen = 96), false, BCH_KEY_VALID },
	{ V_1_13, A(.data_type = BCH_DATA_free, .need_discard = true), false,
	  BCH_FSCK_alloc_key_data_type_bad },
	{ V_1_39, A(.data_type = BCH_DATA_free, .need_discard = true), false, BCH_KEY_VALID },
	{ V_1_39, A(.data_type = BCH_DATA_need_discard), false, BCH_KEY_VALID },
	{ V_1_13, A(.data_type = BCH_DATA_need_discard), false, BCH_FSCK_alloc_key_data_type_bad },
	{ V_1_13, A(.data_type = BCH_DATA_user), false, BCH_FSCK_alloc_key_data_type_bad },
	{ V_1_13, A(.data_type = BCH_DATA_user, .dirty_sectors = 1), false, BCH_KEY_VALID },
	{ V_1_13, A(.data_type = BCH_DATA_user, .stripe_sectors = 1), false, BCH_KEY_VALID },
	{ V_1_13, A(.data_type = BCH_DATA_stripe, .dirty_sectors = 1), false, BCH_KEY_VALID },
	{ V_1_28, A(.data_type = BCH_DATA_stripe, .dirty_sectors = 1), false,
	  BCH_FSCK_alloc_key_data_type_bad },
	{ V_1_28, A(.data_type = BCH_DATA_stripe, .stripe = 1), false, BCH_KEY_VALID },
	{ V_1_13, A(.data_type = BCH_DATA_parity, .stripe = 1), false,
	  BCH_FSCK_alloc_key_dirty_sectors_0 },
	{ V_1_13, A(.data_type = BCH_DATA_free, .dirty_sectors = 1), false,
	  BCH_FSCK_alloc_key_empty_but_have_data },
	{ V_1_13, A(.data_type = BCH_DATA_cached, .cached_sectors = 1), false, BCH_KEY_VALID },
	{ V_1_13, A(.data_type = BCH_DATA_cached, .cached_sectors = 1, .dirty_sectors = 1), false,
	  BCH_FSCK_alloc_key_cached_inconsistency },
	{ V_1_13, A(.data_type = BCH_DATA_unstriped, .dirty_sectors = 1), false,
	  BCH_FSCK_alloc_key_data_type_bad },
	{ V_1_13, A(.data_type = 11, .dirty_sectors = 1), false, BCH_FSCK_alloc_key_data_type_bad },
	{ V_1_39, A(.data_type = 11, .dirty_sectors = 1), false, BCH_KEY_VALID },
	{ V_1_13,
	  { .data_type = BCH_DATA_free, .io_time = { BCH_IO_TIME_MAX, 1 } },
	  false,
	  BCH_KEY_VALID },
	{ V_1_13,
	  { .data_type = BCH_DATA_free, .io_time = { 1, BCH_IO_TIME_MAX + 1 } },
	  false,
	  BCH_FSCK_alloc_key_io_time_bad },
	{ V_1_13, { .data_type = BCH_DATA_cached, .cached_sectors = 1 }, false, BCH_KEY_VALID },
	{ V_1_13,
	  { .data_type = BCH_DATA_cached, .cached_sectors = 1 },
	  true,
	  BCH_FSCK_alloc_key_cached_but_read_time_zero },
};

static void each_breach_of_a_bucket_has_its_error(void **state)
{
	for (size_t i = 0; i < bch_array_size(breaches); i++) {
		struct bch_key_context c = key_build_context(breaches[i].version, BCH_BTREE_alloc);
		struct key_build b;

		key_build(&b, BCH_KEY_alloc_v4, POS, 0, SB_BUCKET);
		bch_alloc_put(&breaches[i].a, breaches[i].version, b.val);
		c.writing = breaches[i].writing;
		assert_problem(&b.k, &c, breaches[i].want);
	}
}

static void values_that_are_too_short_for_themselves_are_wrong(void **state)
{
	static const struct {
		u8 type;
		const char *hex;
		int want;
	} values[] = {
		{ BCH_KEY_alloc, "05 03 01 00 04 00 00 00", BCH_KEY_VALID },
		{ BCH_KEY_alloc, "ff 03 01 00 04 00 00 00", BCH_FSCK_alloc_v1_val_size_bad },
		{ BCH_KEY_alloc_v2, "02 03 01 04 02 04 00 00", BCH_KEY_VALID },
		{ BCH_KEY_alloc_v2, "02 03 01 04 02 ff 00 00", BCH_FSCK_alloc_v2_unpack_error },
		{ BCH_KEY_alloc_v2, "05 03 01 04 00 00 00 00", BCH_FSCK_alloc_v2_unpack_error },
		{ BCH_KEY_alloc_v3, "00 00 00 00 00 00 00 00 01 00 00 00 00 03 01 04",
		  BCH_KEY_VALID },
		{ BCH_KEY_alloc_v3, "00 00 00 00 00 00 00 00 01 00 00 00 01 03 01 04",
		  BCH_FSCK_alloc_v2_unpack_error },
		{ BCH_KEY_alloc_v4, "00", BCH_FSCK_bkey_val_size_too_small },
		{ BCH_KEY_alloc_v4,
		  "00 00 00 00 00 00 00 00 20 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
		  "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
		  BCH_FSCK_alloc_v4_val_size_bad },
		{ BCH_KEY_alloc_v4,
		  "00 00 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
		  "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
		  "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00"
		  "00 00 00 00 00 00 00 00",
		  BCH_FSCK_alloc_v4_backpointers_start_bad },
	};
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_alloc);
	struct key_build b;

	for (size_t i = 0; i < bch_array_size(values); i++) {
		key_build(&b, values[i].type, POS, 0, values[i].hex);
		assert_problem(&b.k, &c, values[i].want);
	}
}

static void older_keys_read_as_one_structure(void **state)
{
	struct bch_alloc a;
	struct key_build b;

	/* read_time 0x102, dirty 0x304 */
	key_build(&b, BCH_KEY_alloc, POS, 0, "09 03 02 01 04 03 00 00");
	assert_int_equal(bch_alloc_get(&b.k, V_1_13, &a), BCH_KEY_VALID);
	assert_int_equal(a.gen, 3);
	assert_int_equal(a.io_time[0], 0x102);
	assert_int_equal(a.dirty_sectors, 0x304);

	/* 06 §2.7, 04 §5: varints 1000, 0, 127 */
	key_build(&b, BCH_KEY_alloc_v3, POS, 0,
		  "07 00 00 00 00 00 00 00 03 00 00 00 03 05 04 04 a1 0f 00 fe");
	assert_int_equal(bch_alloc_get(&b.k, V_1_13, &a), BCH_KEY_VALID);
	assert_int_equal(a.journal_seq_nonempty, 7);
	assert_true(a.need_discard);
	assert_false(a.need_inc_gen);
	assert_int_equal(a.gen, 5);
	assert_int_equal(a.oldest_gen, 4);
	assert_int_equal(a.data_type, BCH_DATA_user);
	assert_int_equal(a.io_time[0], 1000);
	assert_int_equal(a.io_time[1], 0);
	assert_int_equal(a.dirty_sectors, 127);
}

static void fragmentation_is_the_time_in_the_lru(void **state)
{
	struct bch_alloc a = { .data_type = BCH_DATA_user,
			       .dirty_sectors = 70,
			       .stripe_sectors = 2 };

	assert_int_equal(bch_alloc_fragmentation(&a, 256), 0x24000000); /* 06 §5 */
	a.dirty_sectors = 254;
	assert_int_equal(bch_alloc_fragmentation(&a, 256), 0);
	a.dirty_sectors = 70;
	a.data_type = BCH_DATA_parity;
	assert_int_equal(bch_alloc_fragmentation(&a, 256), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_those_of_the_version),
		cmocka_unit_test(values_come_back_as_they_were_written),
		cmocka_unit_test(fields_past_the_fixed_part_are_zero),
		cmocka_unit_test(each_breach_of_a_bucket_has_its_error),
		cmocka_unit_test(values_that_are_too_short_for_themselves_are_wrong),
		cmocka_unit_test(older_keys_read_as_one_structure),
		cmocka_unit_test(fragmentation_is_the_time_in_the_lru),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
