// SPDX-License-Identifier: GPL-2.0-or-later
/* Inodes of all types: bytes there and back, rules, texts. Format reference: 04 §6, §12.1. */

#include "key_build.h"
#include "ondisk/key_inode.h"

#define POS bch_spos(0, 4099, BCH_U32_MAX)

/* 04 §6.12: a regular file with two links. */
#define EXAMPLE_HEAD \
	"0d00000000000000 0ae1096223bd3883 00003015431a0800 0800000000000000 0500000000000000"
#define EXAMPLE_TIMES "4f619bec1d00 6fe11f0b1e00 4f619bec1d00 4f619bec1d00"
#define EXAMPLE                                                     \
	EXAMPLE_HEAD " 0000000000000000" EXAMPLE_TIMES "0000020000" \
		     "00000000000000000000 0f00000008 fff66b869467e2455e 000000"

/* Seven fields: atime 5, size 4096, sectors 8, uid 1000. */
#define SEED	      "0102030405060708"
#define V2_VARINTS    "0a00 0000 0000 0000 0140 10 a10f"
#define LEGACY_FIELDS "85 80 80 80 5000 88 43e8"
#define V1_LEGACY     SEED "00001007 a481" LEGACY_FIELDS
#define V1_VARINTS    SEED "00001087 a481" V2_VARINTS
#define V2	      "0900000000000000" SEED "0000100700000000 a481" V2_VARINTS

static struct bch_inode decode(u8 type, const char *hex)
{
	struct key_build b;
	struct bch_inode inode;

	key_build(&b, type, POS, 0, hex);
	assert_true(bch_inode_get(&b.k, &inode));
	return inode;
}

static void inode_v3_of_the_reference_is_unpacked(void **state)
{
	struct bch_inode i = decode(BCH_KEY_inode_v3, EXAMPLE);

	assert_int_equal(i.bi_journal_seq, 13);
	assert_int_equal(i.bi_hash_seed, 0x8338bd236209e10a);
	assert_int_equal(i.bi_flags, 0);
	assert_int_equal(i.hash_type, BCH_STR_HASH_siphash);
	assert_int_equal(i.nr_fields, 21);
	assert_int_equal(i.nr_unknown, 0);
	assert_int_equal(i.bi_mode, 0100644);
	assert_int_equal(i.bi_sectors, 8);
	assert_int_equal(i.bi_size, 5);
	assert_int_equal(i.bi_atime, 4016364298);
	assert_int_equal(i.bi_ctime, 4032364299);
	assert_int_equal(i.bi_nlink, 1);
	assert_int_equal(i.bi_dir, 1073741824);
	assert_int_equal(i.bi_dir_offset, 6793084547459607542);
	assert_int_equal(i.bi_subvol, 0);
}

static void unpacked_inode_packs_into_the_same_bytes(void **state)
{
	struct bch_inode i = decode(BCH_KEY_inode_v3, EXAMPLE);
	u8 val[BCH_INODE_VAL_MAX];
	struct key_build b;

	key_build(&b, BCH_KEY_inode_v3, POS, 0, EXAMPLE);
	assert_int_equal(bch_inode_put(&i, val), 104);
	assert_memory_equal(val, b.val, 104);
}

static void inode_of_all_bits_packs_into_the_longest_value(void **state)
{
	struct bch_inode want, have;
	struct bch_key k = { .type = BCH_KEY_inode_v3 };
	u8 val[BCH_INODE_VAL_MAX];

	memset(&want, 0xff, sizeof(want));
	want.bi_flags = 0xfffff;
	want.hash_type = 15;
	want.nr_fields = 28;
	want.nr_unknown = 0;
	k.val = (struct bch_bytes){ val, bch_inode_put(&want, val) };
	assert_int_equal(k.val.len, BCH_INODE_VAL_MAX);
	assert_true(bch_inode_get(&k, &have));
#define F(name, bits, since) assert_int_equal(have.name, want.name);
	BCH_INODE_V3_FIELDS(F)
	BCH_INODE_SIZES(F)
#undef F
	assert_int_equal(have.bi_mode, want.bi_mode);
	assert_int_equal(have.bi_flags, want.bi_flags);
	assert_int_equal(have.hash_type, want.hash_type);
	assert_int_equal(have.nr_fields, want.nr_fields);
	assert_int_equal(have.bi_version, want.bi_version);
}

static void time_before_the_base_is_the_bits_of_a_negative_number(void **state)
{
	struct bch_inode i =
		decode(BCH_KEY_inode_v3, "0000000000000000" SEED "0000300143ff0f00 0000000000000000"
					 "0000000000000000 0000000000000000 fff14ee4ffffffffff00");

	assert_int_equal((s64)i.bi_atime, -1814799);
	assert_int_equal(i.bi_mtime, 0);
}

static void assert_old_inode(u8 type, const char *hex, u64 journal_seq)
{
	struct bch_inode i = decode(type, hex);

	assert_int_equal(i.bi_journal_seq, journal_seq);
	assert_int_equal(i.bi_hash_seed, 0x0807060504030201);
	assert_int_equal(i.hash_type, BCH_STR_HASH_crc64);
	assert_int_equal(i.bi_mode, 0100644);
	assert_int_equal(i.bi_atime, 5);
	assert_int_equal(i.bi_otime, 0);
	assert_int_equal(i.bi_size, 4096);
	assert_int_equal(i.bi_sectors, 8);
	assert_int_equal(i.bi_uid, 1000);
	assert_int_equal(i.bi_gid, 0);
}

static void inodes_of_older_types_are_unpacked(void **state)
{
	assert_old_inode(BCH_KEY_inode, V1_LEGACY, 0);
	assert_old_inode(BCH_KEY_inode, V1_VARINTS, 0);
	assert_old_inode(BCH_KEY_inode_v2, V2, 9);
}

static void inode_with_fields_that_we_do_not_know_is_not_packed(void **state)
{
	struct bch_inode i;
	struct key_build b;
	u8 val[BCH_INODE_VAL_MAX];

	key_build(&b, BCH_KEY_inode_v3, POS, 0,
		  "0000000000000000" SEED "0000301d431a0800 0000000000000000 0000000000000000"
		  "0000000000000000 0000000000000000 0000000000000000 0000000000000000"
		  "0000000000000000 0200000000000000");
	assert_true(bch_inode_get(&b.k, &i));
	assert_int_equal(i.nr_unknown, 1);
	assert_int_equal(bch_inode_put(&i, val), 0);
}

/* One field of a valid inode is changed. */
#define AT(field) offsetof(struct bch_inode, field), sizeof(((struct bch_inode *)0)->field)

static const struct {
	size_t at, size;
	u64 value;
	int want;
} changes[] = {
	{ AT(hash_type), 3, BCH_KEY_VALID },
	{ AT(hash_type), 4, BCH_FSCK_inode_str_hash_invalid },
	{ AT(bi_data_checksum), 4, BCH_KEY_VALID },
	{ AT(bi_data_checksum), 5, BCH_FSCK_inode_checksum_type_invalid },
	{ AT(bi_compression), 1, BCH_KEY_VALID },
	{ AT(bi_compression), 0xf4, BCH_KEY_VALID },
	{ AT(bi_compression), 5, BCH_FSCK_inode_compression_type_invalid },
	{ AT(bi_compression), 0x11, BCH_FSCK_inode_compression_type_invalid },
	{ AT(bi_flags), 1 << BCH_INODE_unlinked, BCH_FSCK_inode_unlinked_but_nlink_nonzero },
	{ AT(bi_nlink), 0, BCH_KEY_VALID },
	{ AT(bi_subvol), 1, BCH_FSCK_inode_subvol_root_but_not_dir },
	{ AT(bi_mode), 040755, BCH_KEY_VALID },
};

static void each_rule_about_a_field_has_its_error(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_inodes);

	for (size_t i = 0; i < bch_array_size(changes); i++) {
		struct bch_inode inode = decode(BCH_KEY_inode_v3, EXAMPLE);
		struct bch_key k = { .pos = POS, .type = BCH_KEY_inode_v3 };
		u8 val[BCH_INODE_VAL_MAX];
		u8 *at = (u8 *)&inode + changes[i].at;

		memset(at, 0, changes[i].size);
		for (size_t byte = 0; byte < changes[i].size; byte++)
			at[byte] = (u8)(changes[i].value >> 8 * byte);
		k.val = (struct bch_bytes){ val, bch_inode_put(&inode, val) };
		assert_problem(&k, &c, changes[i].want);
	}
}

static void assert_inode_problem(u8 type, struct bch_pos pos, const char *hex, int want)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_inodes);
	struct key_build b;

	key_build(&b, type, pos, 0, hex);
	assert_problem(&b.k, &c, want);
}

static void place_and_packing_have_their_errors(void **state)
{
	const char *cut = EXAMPLE_HEAD "0000000000000000" EXAMPLE_TIMES;
	const char *wide_uid = SEED "00001087 a481 0000 0000 0000 0000 00 00 dfffffffff01";
	const char *high_part = SEED "00001081 a481 0a02 000000000000";
	const char *start_5 = SEED SEED "00003081421a0800" SEED SEED SEED;
	const char *start_7 = SEED SEED "00003080431a0800" SEED SEED SEED;

	assert_inode_problem(BCH_KEY_inode_v3, POS, EXAMPLE, BCH_KEY_VALID);
	assert_inode_problem(BCH_KEY_inode_v2, POS, V2, BCH_KEY_VALID);
	assert_inode_problem(BCH_KEY_inode, POS, V1_LEGACY, BCH_KEY_VALID);
	assert_inode_problem(BCH_KEY_inode_v3, bch_spos(1, 4099, 1), EXAMPLE,
			     BCH_FSCK_inode_pos_inode_nonzero);
	assert_inode_problem(BCH_KEY_inode, bch_spos(0, 4095, 1), V1_LEGACY,
			     BCH_FSCK_inode_pos_blockdev_range);
	assert_inode_problem(BCH_KEY_inode_generation, bch_spos(1, 4096, 1), SEED,
			     BCH_FSCK_inode_pos_inode_nonzero);
	assert_inode_problem(BCH_KEY_inode_v3, POS, cut, BCH_FSCK_inode_unpack_error);
	assert_inode_problem(BCH_KEY_inode, POS, wide_uid, BCH_FSCK_inode_unpack_error);
	assert_inode_problem(BCH_KEY_inode, POS, high_part, BCH_FSCK_inode_unpack_error);
	assert_inode_problem(BCH_KEY_inode_v3, POS, start_5, BCH_FSCK_inode_v3_fields_start_bad);
	assert_inode_problem(BCH_KEY_inode_v3, POS, start_7, BCH_FSCK_inode_v3_fields_start_bad);
}

#define TEXT_FIELDS                                                                               \
	"\n  bi_size=5\n  bi_sectors=8\n  bi_version=0\n  bi_atime=4016364298\n"                  \
	"  bi_ctime=4032364299\n  bi_mtime=4016364298\n  bi_otime=4016364298\n  bi_uid=0\n"       \
	"  bi_gid=0\n  bi_nlink=1\n  bi_generation=0\n  bi_dev=0\n  bi_data_checksum=0\n"         \
	"  bi_compression=0\n  bi_project=0\n  bi_background_compression=0\n"                     \
	"  bi_data_replicas=0\n  bi_promote_target=0\n  bi_foreground_target=0\n"                 \
	"  bi_background_target=0\n  bi_erasure_code=0\n  bi_fields_set=0\n  bi_dir=1073741824\n" \
	"  bi_dir_offset=6793084547459607542\n  bi_subvol=0\n  bi_parent_subvol=0\n  bi_nocow=0"
#define TEXT_HASH "\n  hash_seed=8338bd236209e10a\n  hash_type=siphash"
#define TEXT_1_28 "\n  bi_depth=0\n  bi_inodes_32bit=0\n  bi_casefold=0"

static const struct {
	u16 version;
	const char *text;
} texts[] = {
	{ V_1_13, "\n  mode=100644\n  flags=(15300000)\n  journal_seq=13" TEXT_FIELDS },
	{ V_1_28,
	  "\n  mode=100644\n  flags=(15300000)\n  journal_seq=13" TEXT_HASH TEXT_FIELDS TEXT_1_28 },
	{ V_1_39,
	  "\n  mode=100644 (reg)\n  flags=(15300000)\n  journal_seq=13" TEXT_HASH TEXT_FIELDS
		  TEXT_1_28 "\n  bi_unused_ec_max_data_blocks=0\n" },
};

static void text_has_the_form_of_the_version(void **state)
{
	for (size_t i = 0; i < bch_array_size(texts); i++) {
		struct bch_key_context c = key_build_context(texts[i].version, BCH_BTREE_inodes);
		struct key_build b;

		key_build(&b, BCH_KEY_inode_v3, POS, 0, EXAMPLE);
		assert_value_text(&b.k, &c, texts[i].text);
	}
}

static void text_names_flags_and_says_what_it_cannot_name(void **state)
{
	struct bch_key_context c = key_build_context(V_1_39, BCH_BTREE_inodes);
	struct bch_inode inode = { .bi_flags = 1 << BCH_INODE_31bit_dirent_offset | 1 << 19,
				   .hash_type = 9,
				   .bi_mode = 0170000 };
	struct bch_buf out bch_auto(buf) = { 0 };
	u8 val[BCH_INODE_VAL_MAX];
	struct bch_key k = { .pos = POS, .type = BCH_KEY_inode_v3, .val = { val, 0 } };

	k.val.len = bch_inode_put(&inode, val);
	bch_key_value_put(&out, &k, &c);
	assert_non_null(strstr(bch_buf_str(&out), "mode=170000 (unknown)"));
	assert_non_null(strstr(bch_buf_str(&out), "flags=31bit_dirent_offset,unknown(19)(980800)"));
	assert_non_null(strstr(bch_buf_str(&out), "hash_type=unknown(9)"));
}

static void generation_of_a_deleted_inode_is_printed(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_inodes);
	struct key_build b;

	key_build(&b, BCH_KEY_inode_generation, POS, 0, "0100000000000000");
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	assert_value_text(&b.k, &c, "generation: 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inode_v3_of_the_reference_is_unpacked),
		cmocka_unit_test(unpacked_inode_packs_into_the_same_bytes),
		cmocka_unit_test(inode_of_all_bits_packs_into_the_longest_value),
		cmocka_unit_test(time_before_the_base_is_the_bits_of_a_negative_number),
		cmocka_unit_test(inodes_of_older_types_are_unpacked),
		cmocka_unit_test(inode_with_fields_that_we_do_not_know_is_not_packed),
		cmocka_unit_test(each_rule_about_a_field_has_its_error),
		cmocka_unit_test(place_and_packing_have_their_errors),
		cmocka_unit_test(text_has_the_form_of_the_version),
		cmocka_unit_test(text_names_flags_and_says_what_it_cannot_name),
		cmocka_unit_test(generation_of_a_deleted_inode_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
