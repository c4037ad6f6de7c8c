// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of file data and small derived ones, but for lists of pointers: rules and texts. Format reference: 05 §6, 06 §3, §5. */

#include "key_build.h"
#include "ondisk/key_reflink.h"

/* Btree, type, version, value, what is wrong with it, its text. */
static const struct row {
	u8 btree_id, type;
	u16 version;
	const char *hex;
	int want;
	const char *text;
} rows[] = {
	{ BCH_BTREE_extents, BCH_KEY_reservation, V_1_13, "00 00 00 00 01 00 00 00", BCH_KEY_VALID,
	  "generation 0 replicas 1" },
	{ BCH_BTREE_extents, BCH_KEY_reservation, V_1_13, "00 00 00 00 04 00 00 00", BCH_KEY_VALID,
	  "generation 0 replicas 4" },
	{ BCH_BTREE_extents, BCH_KEY_reservation, V_1_13, "00 00 00 00 00 00 00 00",
	  BCH_FSCK_reservation_key_nr_replicas_invalid, "generation 0 replicas 0" },
	{ BCH_BTREE_extents, BCH_KEY_reservation, V_1_13, "00 00 00 00 05 00 00 00",
	  BCH_FSCK_reservation_key_nr_replicas_invalid, "generation 0 replicas 5" },
	{ BCH_BTREE_extents, BCH_KEY_reflink_p, V_1_13,
	  "50 01 00 00 00 00 00 00 00 00 00 00 48 00 00 00", BCH_KEY_VALID,
	  "idx 336 front_pad 0 back_pad 72" },
	{ BCH_BTREE_extents, BCH_KEY_reflink_p, V_1_13,
	  "a0 01 00 00 00 00 00 00 a1 01 00 00 00 00 00 00", BCH_FSCK_reflink_p_front_pad_bad,
	  "idx 416 front_pad 417 back_pad 0" },
	{ BCH_BTREE_extents, BCH_KEY_reflink_p, V_1_13,
	  "a0 01 00 00 00 00 00 03 a1 01 00 00 00 00 00 00", BCH_KEY_VALID,
	  "idx 216172782113784224 front_pad 417 back_pad 0" },
	{ BCH_BTREE_extents, BCH_KEY_reflink_p, V_1_28,
	  "a0 01 00 00 00 00 00 03 a1 01 00 00 00 00 00 00", BCH_FSCK_reflink_p_front_pad_bad,
	  "idx 416 front_pad 417 back_pad 0 error" },
	{ BCH_BTREE_extents, BCH_KEY_reflink_p, V_1_39,
	  "00 01 00 00 00 00 00 02 00 00 00 00 00 00 00 00", BCH_KEY_VALID,
	  "idx 256 front_pad 0 back_pad 0 may_update_opts" },
	{ BCH_BTREE_reflink, BCH_KEY_reflink_v, V_1_13,
	  "05 00 00 00 00 00 00 00 01 00 01 00 00 00 00 00", BCH_KEY_VALID,
	  "refcount: 5 durability: 1 ptr: 0:16:0 gen 0" },
	{ BCH_BTREE_reflink, BCH_KEY_reflink_v, V_1_13,
	  "05 00 00 00 00 00 00 00 09 00 01 00 00 00 00 00", BCH_FSCK_extent_ptrs_unwritten,
	  "refcount: 5 durability: 1 ptr: 0:16:0 gen 0 unwritten" },
	{ BCH_BTREE_reflink, BCH_KEY_reflink_v, V_1_13, "05 00 00 00 00 00 00 00",
	  BCH_FSCK_extent_ptrs_no_ptrs, "refcount: 5 durability: 0" },
	{ BCH_BTREE_reflink, BCH_KEY_indirect_inline_data, V_1_13,
	  "02 00 00 00 00 00 00 00 68 65 6c 6c 6f 00 00 00", BCH_KEY_VALID,
	  "refcount 2 datalen 8: 68656c6c6f000000" },
	{ BCH_BTREE_extents, BCH_KEY_inline_data, V_1_28,
	  "01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 01 "
	  "01 01 01"
	  "02 02 02 02 02 02 02 02",
	  BCH_KEY_VALID,
	  "datalen 40: 0101010101010101010101010101010101010101010101010101010101010101" },
	{ BCH_BTREE_extents, BCH_KEY_error, V_1_13, "", BCH_KEY_VALID, "" },
	{ BCH_BTREE_extents, BCH_KEY_error, V_1_28, "01 00 00 00 00 00 00 00",
	  BCH_FSCK_bkey_val_size_nonzero, "device_removed" },
	{ BCH_BTREE_extents, BCH_KEY_error, V_1_39, "01 00 00 00 00 00 00 00", BCH_KEY_VALID,
	  "device_removed" },
	{ BCH_BTREE_extents, BCH_KEY_error, V_1_39, "04 00 00 00 00 00 00 00", BCH_KEY_VALID,
	  "data_decompress_err_exceeded_max_encoded_extent" },
	{ BCH_BTREE_extents, BCH_KEY_error, V_1_39, "12 00 00 00 00 00 00 00", BCH_KEY_VALID,
	  "data_decompress_err_unknown" },
	{ BCH_BTREE_extents, BCH_KEY_error, V_1_39, "13 00 00 00 00 00 00 00", BCH_KEY_VALID,
	  "unknown(19)" },
	{ BCH_BTREE_extents, BCH_KEY_cookie, V_1_39, "02 00 00 00 00 00 00 00", BCH_KEY_VALID,
	  "2" },
};

static void values_are_judged_and_printed(void **state)
{
	for (size_t i = 0; i < bch_array_size(rows); i++) {
		struct bch_key_context c = key_build_context(rows[i].version, rows[i].btree_id);
		u32 snapshot = rows[i].btree_id == BCH_BTREE_extents ? BCH_U32_MAX : 0;
		struct key_build b;

		key_build(&b, rows[i].type, bch_spos(0, 1024, snapshot), 8, rows[i].hex);
		assert_problem(&b.k, &c, rows[i].want);
		assert_value_text(&b.k, &c, rows[i].text);
	}
}

static void flags_of_reflink_pointers_are_no_part_of_the_index(void **state)
{
	struct bch_reflink_p p;
	struct key_build b;

	key_build(&b, BCH_KEY_reflink_p, bch_pos(0, 8), 8,
		  "00 01 00 00 00 00 00 02 03 00 00 00 04 00 00 00");
	p = bch_reflink_p_get(&b.k, BCH_VERSION(1, 16));
	assert_int_equal(p.idx, 256);
	assert_int_equal(p.front_pad, 3);
	assert_int_equal(p.back_pad, 4);
	assert_true(p.may_update_opts);
	assert_false(p.error);
	assert_int_equal(bch_reflink_p_get(&b.k, BCH_VERSION(1, 15)).idx, 256 | 1ULL << 57);
}

static void indirect_extents_lie_where_a_pointer_can_lead(void **state)
{
	struct bch_key_context c = key_build_context(V_1_28, BCH_BTREE_reflink);
	struct key_build b;

	key_build(&b, BCH_KEY_reflink_v, bch_pos(0, (1ULL << 56) - 1), 8,
		  "01 00 00 00 00 00 00 00 01 00 01 00 00 00 00 00");
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	b.k.pos.offset++;
	assert_problem(&b.k, &c, BCH_FSCK_reflink_v_pos_bad);
	c.version = V_1_13;
	assert_problem(&b.k, &c, BCH_KEY_VALID);
}

static void bucket_gens_are_256(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_bucket_gens);
	struct bch_buf out bch_auto(buf) = { 0 };
	struct key_build b;

	key_build(&b, BCH_KEY_bucket_gens, bch_pos(0, 0), 0, "03 ff");
	b.k.val.len = 256;
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	bch_key_value_put(&out, &b.k, &c);
	assert_int_equal(out.len, 2 * 256 - 1 + 2);
	assert_memory_equal(bch_buf_str(&out), "3 255 0 0 ", 10);
	b.k.val.len = 264;
	assert_problem(&b.k, &c, BCH_FSCK_bucket_gens_val_size_bad);
	b.k.val.len = 248;
	assert_problem(&b.k, &c, BCH_FSCK_bucket_gens_val_size_bad);
}

static void old_lru_keys_have_a_time(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_lru);
	struct key_build b;

	key_build(&b, BCH_KEY_lru, bch_pos(3ULL << 48 | 1, 0), 0, "07 00 00 00 00 00 00 00");
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	assert_value_text(&b.k, &c, "idx 7");
	b.k.pos.inode--;
	assert_problem(&b.k, &c, BCH_FSCK_lru_entry_at_time_0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_judged_and_printed),
		cmocka_unit_test(flags_of_reflink_pointers_are_no_part_of_the_index),
		cmocka_unit_test(indirect_extents_lie_where_a_pointer_can_lead),
		cmocka_unit_test(bucket_gens_are_256),
		cmocka_unit_test(old_lru_keys_have_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
