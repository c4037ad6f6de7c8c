// SPDX-License-Identifier: GPL-2.0-or-later
/* What lies in the logged_ops btree: rules, texts. Format reference: 04 §10.2, §13.2; 08 §11. */

#include "key_build.h"
#include "ondisk/key_inode_cursor.h"
#include "ondisk/key_logged_op.h"

static const struct {
	u8 type;
	struct bch_pos pos;
	u16 version;
	const char *hex, *text;
} examples[] = {
	{ BCH_KEY_logged_op_truncate,
	  { 0, 1, 0 },
	  V_1_13,
	  "01000000 00000000 0510000000000000 0010000000000000",
	  "subvol=1 inum=4101 new_i_size=4096" },
	{ BCH_KEY_logged_op_finsert,
	  { 0, 1, 0 },
	  V_1_13,
	  "00000000 01000000 0200004000000000 2000000000000000 1000000000000000 ffffffffffffffff",
	  "subvol=1 inum=1073741826 dst_offset=32 src_offset=16" },
	{ BCH_KEY_logged_op_finsert,
	  { 0, 1, 0 },
	  V_1_13,
	  "01000000 01000000 1b00004000000000 80ffffffffffffff 8000000000000000 8000000000000000",
	  "subvol=1 inum=1073741851 dst_offset=-128 src_offset=128" },
	{ BCH_KEY_logged_op_stripe_update,
	  { 0, 1, 0 },
	  V_1_39,
	  "0500000000000000 0600000000000000 03 02000100000000000000000000000000 00000000000000",
	  "old_idx=5 new_idx=6 old_blocks=2,0,1" },
	{ BCH_KEY_inode_alloc_cursor,
	  { 1, 0, 0 },
	  V_1_28,
	  "00000000 00000000 1810000000000000",
	  "idx 4120 generation 0" },
	{ BCH_KEY_inode_alloc_cursor,
	  { 1, 0, 0 },
	  V_1_39,
	  "02000000 01000000 0b10000000000000",
	  "min 4096 max 2147483647 consumed 11 idx 4107 generation 1" },
	{ BCH_KEY_inode_alloc_cursor,
	  { 1, 1, 0 },
	  V_1_39,
	  "02000000 00000000 0100008000000000",
	  "min 2147483648 max 2305843009213693951 consumed 1 idx 2147483649 generation 0" },
	{ BCH_KEY_inode_alloc_cursor,
	  { 1, 2, 0 },
	  V_1_39,
	  "01000000 00000000 0201000000000040",
	  "min 4611686018427387904 max 9223372036854775807 consumed 258 idx 4611686018427388162 "
	  "generation 0" },
	{ BCH_KEY_inode_alloc_cursor,
	  { 1, 5, 0 },
	  V_1_39,
	  "02000000 00000000 0100000000000000",
	  "idx 1 generation 0" },
	{ BCH_KEY_inode_alloc_cursor,
	  { 1, 1, 0 },
	  V_1_39,
	  "ff000000 00000000 0100000000000000",
	  "idx 1 generation 0" },
};

static void values_are_valid_and_printed_in_the_form_of_the_version(void **state)
{
	for (size_t i = 0; i < bch_array_size(examples); i++) {
		struct bch_key_context c =
			key_build_context(examples[i].version, BCH_BTREE_logged_ops);
		struct key_build b;

		key_build(&b, examples[i].type, examples[i].pos, 0, examples[i].hex);
		assert_problem(&b.k, &c, BCH_KEY_VALID);
		assert_value_text(&b.k, &c, examples[i].text);
	}
}

static void cursor_lies_at_inode_1(void **state)
{
	struct bch_key_context c = key_build_context(V_1_28, BCH_BTREE_logged_ops);
	struct key_build b;

	key_build(&b, BCH_KEY_inode_alloc_cursor, bch_pos(0, 1), 0,
		  "00000000 00000000 1810000000000000");
	assert_problem(&b.k, &c, BCH_FSCK_inode_alloc_cursor_inode_bad);
}

static void shards_share_the_numbers_without_gap_or_overlap(void **state)
{
	for (u8 bits = 0; bits <= 8; bits++) {
		struct bch_inode_range r;
		u64 next = 1ULL << 31;

		for (u64 shard = 1; shard <= 1ULL << bits; shard++) {
			assert_true(bch_inode_cursor_range(shard, bits, &r));
			assert_int_equal(r.min, next);
			next = r.max + 1;
		}
		assert_int_equal(next, 1ULL << 63);
		assert_false(bch_inode_cursor_range((1ULL << bits) + 1, bits, &r));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_valid_and_printed_in_the_form_of_the_version),
		cmocka_unit_test(cursor_lies_at_inode_1),
		cmocka_unit_test(shards_share_the_numbers_without_gap_or_overlap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
