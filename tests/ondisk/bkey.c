// SPDX-License-Identifier: GPL-2.0-or-later
/* Tests of positions and of keys that are not packed. Format reference: 02 §1, §2.1, §9.1. */

#include "sb_build.h"
#include "ondisk/bkey.h"

static void assert_pos(struct bch_pos pos, const char *want)
{
	struct bch_buf buf bch_auto(buf) = { 0 };

	bch_pos_put(&buf, pos);
	assert_string_equal(bch_buf_str(&buf), want);
}

static void positions_print_by_number_or_name(void **state)
{
	assert_pos(bch_pos(0, 0), "POS_MIN");
	assert_pos(bch_pos(BCH_U64_MAX, BCH_U64_MAX), "POS_MAX");
	assert_pos(bch_spos(BCH_U64_MAX, BCH_U64_MAX, BCH_U32_MAX), "SPOS_MAX");
	assert_pos(bch_pos(4096, 0), "4096:0:0");
	assert_pos(bch_spos(4096, 8, BCH_U32_MAX), "4096:8:U32_MAX");
	assert_pos(bch_pos(0, BCH_U64_MAX), "0:U64_MAX:0");
}

static void position_on_disk_is_snapshot_offset_inode(void **state)
{
	static const struct bpos p = { { { 1, 2, 0, 0 } },
				       { { 3 } },
				       { { 0, 0, 0, 0, 0, 0, 0, 4 } } };
	struct bch_pos pos = bch_pos_get(&p);

	assert_int_equal(pos.snapshot, 0x201);
	assert_int_equal(pos.offset, 3);
	assert_true(pos.inode == 4ULL << 56);
}

/* No other length, no other format. */
static void unpacked_key_must_fill_its_bytes_exactly(void **state)
{
	u8 bytes[12 * 8] = { 11, 0x81, 18 };
	struct bch_key k;

	bytes[20] = 0xff; /* snapshot */
	assert_true(bch_key_get_unpacked((struct bch_bytes){ bytes, 88 }, &k));
	assert_int_equal(k.type, BCH_KEY_btree_ptr_v2);
	assert_int_equal(k.pos.snapshot, 0xff);
	assert_int_equal(k.val.len, 48);
	for (size_t len = 0; len <= sizeof(bytes); len++)
		assert_int_equal(bch_key_get_unpacked((struct bch_bytes){ bytes, len }, &k),
				 len == 88);
	bytes[1] = 0; /* packed */
	assert_false(bch_key_get_unpacked((struct bch_bytes){ bytes, 88 }, &k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positions_print_by_number_or_name),
		cmocka_unit_test(position_on_disk_is_snapshot_offset_inode),
		cmocka_unit_test(unpacked_key_must_fill_its_bytes_exactly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
