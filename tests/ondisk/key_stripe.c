// SPDX-License-Identifier: GPL-2.0-or-later
/* Stripes: the reference's bytes, rules, texts. Format reference: 05 §7.1, 08 §9.1. */

#include "key_build.h"
#include "ondisk/key_stripe.h"

/* 05 §7.1, but that the devices are 0, 2 and others that are not there. */
static const char raid6[] =
	"00 01 00 05 02 07 05 00"
	"01 d0 01 00 00 00 02 00 01 d0 01 00 00 00 03 00 01 d0 01 00 00 00 04 00"
	"01 f0 01 00 00 00 00 00 01 d0 01 00 00 00 01 00"
	"f4 d7 c9 03 48 9e a8 28 a0 0a 3e da 0b d3 55 91 6c 0f 7e 9a 94 86 55 85"
	"38 d2 89 43 d7 cb a8 3c 80 ec 82 28 40 8f b0 48"
	"00 01 00 01 00 01 00 00 00 00 00 00 00 00 00 00";

static void the_example_reads_as_the_reference_says(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_stripes);
	struct bch_bytes csum;
	struct bch_stripe s;
	struct key_build b;
	struct bch_ptr p;
	u16 used;

	key_build(&b, BCH_KEY_stripe, bch_pos(0, 1), 0, raid6);
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	bch_stripe_get(&b.k, &s);
	assert_int_equal(s.want, 98);
	assert_true(bch_stripe_block(&s, 3, &p));
	assert_int_equal(p.offset_sectors, 7936);
	assert_false(bch_stripe_block(&s, 5, &p));
	assert_true(bch_stripe_block_used(&s, 2, &used));
	assert_int_equal(used, 256);
	assert_false(bch_stripe_block_used(&s, 5, &used));
	assert_true(bch_stripe_block_csum(&s, 1, 1, &csum));
	assert_int_equal(csum.len, 4);
	assert_memory_equal(csum.p, "\x0b\xd3\x55\x91", 4);
	assert_false(bch_stripe_block_csum(&s, 1, 2, &csum));
	assert_false(bch_stripe_block_csum(&s, 5, 0, &csum));

	assert_value_text(
		&b.k, &c,
		"algo 0 sectors 256 blocks 3:2 csum crc32c gran 128 ptr: 2:29:0 gen 0#256 "
		"ptr: 3:7424 gen 0#256 ptr: 4:7424 gen 0#256 ptr: 0:31:0 gen 0 ptr: 1:7424 "
		"gen 0");
	c.version = V_1_39;
	assert_value_text(&b.k, &c,
			  "algo 0 sectors 256 blocks 3:2 csum crc32c gran 128 label=(none)\n"
			  "  2:29:0 gen 0#256\n  3:7424 gen 0#256\n  4:7424 gen 0#256\n"
			  "  0:31:0 gen 0#0\n  1:7424 gen 0#0");
	b.val[2] = 0x30;
	bch_stripe_get(&b.k, &s);
	assert_true(s.needs_reconcile);
	assert_int_equal(s.can_widen, 1);
	assert_int_equal(s.algorithm, 0);
}

static void each_breach_of_a_stripe_has_its_error(void **state)
{
	static const struct {
		u16 version;
		u64 inode, offset;
		u32 at;
		u8 byte;
		int want;
	} rows[] = {
		{ V_1_13, 0, 0, 0, 0, BCH_FSCK_stripe_pos_bad },
		{ V_1_13, 0, 1ULL << 32, 0, 0, BCH_FSCK_stripe_pos_bad },
		{ V_1_13, 1, 1, 0, 0, BCH_FSCK_stripe_pos_bad },
		{ V_1_13, 0, 1, 3, 6, BCH_FSCK_stripe_val_size_bad },
		{ V_1_13, 0, 1, 5, 6, BCH_FSCK_stripe_val_size_bad },
		{ V_1_13, 0, 1, 5, 63, BCH_KEY_VALID },
		{ V_1_13, 0, 1, 5, 64, BCH_FSCK_stripe_csum_granularity_bad },
		{ V_1_39, 0, 1, 5, 30, BCH_KEY_VALID },
		{ V_1_39, 0, 1, 5, 31, BCH_FSCK_stripe_csum_granularity_bad },
		{ V_1_13, 0, 1, 1, 0, BCH_KEY_VALID },
		{ V_1_39, 0, 1, 1, 0, BCH_FSCK_stripe_sectors_zero },
		{ V_1_13, 0, 1, 8 + 8 + 6, 2, BCH_FSCK_ptr_to_duplicate_device },
		{ V_1_39, 0, 1, 8 + 8 + 6, 255, BCH_KEY_VALID },
		{ V_1_13, 0, 1, 8 + 8, 2, BCH_FSCK_extent_ptrs_invalid_entry },
	};

	for (size_t i = 0; i < bch_array_size(rows); i++) {
		struct bch_key_context c = key_build_context(rows[i].version, BCH_BTREE_stripes);
		struct key_build b;

		key_build(&b, BCH_KEY_stripe, bch_pos(rows[i].inode, rows[i].offset), 0, raid6);
		b.val[rows[i].at] = rows[i].byte;
		assert_problem(&b.k, &c, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_example_reads_as_the_reference_says),
		cmocka_unit_test(each_breach_of_a_stripe_has_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
