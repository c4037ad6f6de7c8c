// SPDX-License-Identifier: GPL-2.0-or-later
/* Backpointers of all versions: the reference's bytes, rules, texts. Format reference: 06 §6, 08 §6. */

#include "key_build.h"
#include "ondisk/key_backpointer.h"

/* 06 §6.4, 08 §6; devices 0 and 2 have buckets of 256 sectors. */
static const struct {
	u16 version;
	struct bch_pos pos;
	u8 shift;
	const char *hex, *text;
} examples[] = {
	{ V_1_13,
	  { 0, 25428032, 0 },
	  10,
	  "00 00 04 40 00 00 00 00 40 00 00 00 fe ff ff ff c0 00 00 00 00 00 00 00 1b 10 00 00 00 "
	  "00 00 00",
	  "bucket=0:97:0 btree=extents l=0 offset=0:64 len=64 pos=4123:192:4294967294" },
	{ V_1_13,
	  { 0, 8912896, 0 },
	  10,
	  "04 01 03 00 00 00 00 00 00 01 00 00 ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff "
	  "ff ff ff",
	  "bucket=0:34:0 btree=alloc l=1 offset=0:0 len=256 pos=SPOS_MAX" },
	{ V_1_28,
	  { 0, 12952576, 0 },
	  10,
	  "00 00 04 02 00 00 00 00 01 00 00 00 ff ff ff ff 01 00 00 00 00 00 00 00 0d 10 00 00 00 "
	  "00 00 00",
	  "bucket=0:49:105 btree=extents level=0 data_type=user suboffset=0 len=1 gen=2 "
	  "pos=4109:1:U32_MAX" },
	{ V_1_39,
	  { 0, 448790527, 0 },
	  16,
	  "06 00 06 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 00 "
	  "00 00 00",
	  "bucket=0:26:191 btree=stripes level=0 data_type=parity suboffset=65535 len=0 gen=0 "
	  "pos=0:1:0" },
	{ V_1_39,
	  { 1, 11917312, 0 },
	  10,
	  "00 00 04 00 02 00 00 00 0a 00 00 00 ff ff ff ff 0a 00 00 00 00 00 00 00 9d 10 00 00 00 "
	  "00 00 00",
	  "bucket=1:11638 btree=extents level=0 data_type=user suboffset=0 len=10 gen=0 "
	  "pos=4253:10:U32_MAX phys" },
};

static void examples_read_as_the_reference_says(void **state)
{
	for (size_t i = 0; i < bch_array_size(examples); i++) {
		struct bch_key_context c =
			key_build_context(examples[i].version, BCH_BTREE_backpointers);
		u8 val[BCH_BACKPOINTER_LEN];
		struct bch_backpointer bp;
		struct key_build b;

		key_build_fs()->fs.backpointer_shift = examples[i].shift;
		key_build(&b, BCH_KEY_backpointer, examples[i].pos, 0, examples[i].hex);
		assert_problem(&b.k, &c, BCH_KEY_VALID);
		assert_value_text(&b.k, &c, examples[i].text);
		bch_backpointer_get(&b.k, examples[i].version, &bp);
		bch_backpointer_put(&bp, examples[i].version, val);
		assert_memory_equal(val, b.val, sizeof(val));
	}
}

static void each_breach_of_a_backpointer_has_its_error(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_backpointers);
	struct key_build b;

	key_build(&b, BCH_KEY_backpointer, examples[0].pos, 0, examples[0].hex);
	b.val[3]++;
	assert_problem(&b.k, &c, BCH_FSCK_backpointer_bucket_offset_wrong);
	b.val[3]--;
	b.k.pos.offset += 256 << 10;
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	b.val[5] = 4; /* sector 256 of 256 */
	assert_problem(&b.k, &c, BCH_FSCK_backpointer_bucket_offset_wrong);
	b.k.pos.inode = 1; /* no such device: nothing to compare */
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	b.val[1] = 4;
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	b.val[1] = 5;
	assert_problem(&b.k, &c, BCH_FSCK_backpointer_level_bad);

	c.version = V_1_28;
	key_build(&b, BCH_KEY_backpointer, bch_pos(255, 1), 0, examples[2].hex);
	assert_problem(&b.k, &c, BCH_FSCK_backpointer_dev_bad);
	c.btree_id = BCH_BTREE_stripe_backpointers;
	assert_problem(&b.k, &c, BCH_KEY_VALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(examples_read_as_the_reference_says),
		cmocka_unit_test(each_breach_of_a_backpointer_has_its_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
