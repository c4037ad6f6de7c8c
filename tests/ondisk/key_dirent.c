// SPDX-License-Identifier: GPL-2.0-or-later
/* Directory entries: bytes there and back, rules, texts. Format reference: 04 §8, §12.1. */

#include "key_build.h"
#include "ondisk/key_dirent.h"

#define POS bch_spos(4096, 5118850387473354067, BCH_U32_MAX)

static const struct {
	const char *hex;
	u8 type;
	const char *name, *cf_name, *text;
} examples[] = {
	{ "0110000000000000 04 6c6f73742b666f756e64 0000000000", BCH_DIRENT_dir, "lost+found", NULL,
	  "lost+found -> 4097 type dir" },
	{ "0310000000000000 08 66326c696e6b 00", BCH_DIRENT_reg, "f2link", NULL,
	  "f2link -> 4099 type reg" },
	{ "04000000 02000000 10 6e6573746564 00", BCH_DIRENT_subvol, "nested", NULL,
	  "nested -> 2 -> 4 type subvol" },
	{ "1210000000000000 84 00 00 0600 0600 537562446972 737562646972 0000000000",
	  BCH_DIRENT_dir, "SubDir", "subdir", "SubDir (casefold subdir) -> 4114 type dir" },
	{ "1210000000000000 81 00 00 0400 0600 c380c389 61cc8065cc81", BCH_DIRENT_fifo,
	  "\xc3\x80\xc3\x89",
	  "a\xcc\x80"
	  "e\xcc\x81",
	  "\xc3\x80\xc3\x89 (casefold a\xcc\x80"
	  "e\xcc\x81) -> 4114 type fifo" },
	{ "0310000000000000 0e 61626364656667", 14, "abcdefg", NULL,
	  "abcdefg -> 4099 type unknown(14)" },
};

static void assert_bytes(struct bch_bytes have, const char *want)
{
	assert_int_equal(have.len, want ? strlen(want) : 0);
	if (want)
		assert_memory_equal(have.p, want, have.len);
}

static void entries_of_the_reference_are_read_printed_and_made_again(void **state)
{
	struct bch_key_context c = key_build_context(V_1_28, BCH_BTREE_dirents);

	for (size_t i = 0; i < bch_array_size(examples); i++) {
		struct key_build b;
		struct bch_dirent d;
		u8 val[BCH_DIRENT_VAL_MAX];

		key_build(&b, BCH_KEY_dirent, POS, 0, examples[i].hex);
		assert_problem(&b.k, &c, BCH_KEY_VALID);
		assert_value_text(&b.k, &c, examples[i].text);
		assert_true(bch_dirent_get(&b.k, &d));
		assert_int_equal(d.d_type, examples[i].type);
		assert_bytes(d.name, examples[i].name);
		assert_bytes(d.cf_name, examples[i].cf_name);
		assert_int_equal(bch_dirent_put(&d, val), b.k.val.len);
		assert_memory_equal(val, b.val, b.k.val.len);
	}
}

#define AA_64                                                              \
	"6161616161616161616161616161616161616161616161616161616161616161" \
	"6161616161616161616161616161616161616161616161616161616161616161"
#define AA_512 AA_64 AA_64 AA_64 AA_64 AA_64 AA_64 AA_64 AA_64

static const struct {
	const char *hex;
	bool writing;
	int want;
} breaches[] = {
	{ "0110000000000000 04 00000000000000", false, BCH_FSCK_dirent_empty_name },
	{ "0110000000000000 00 00000000000000", false, BCH_FSCK_dirent_empty_name },
	{ "1210000000000000 84 0000 0000 0100 61", false, BCH_FSCK_dirent_empty_name },
	{ "0110000000000000 04 61626364656667 0000000000000000", false,
	  BCH_FSCK_dirent_val_too_big },
	{ "1210000000000000 84 0000 0600 0600 537562446972 7375", false,
	  BCH_FSCK_dirent_val_too_big },
	{ "1210000000000000 84 0000 ffff ffff 53", false, BCH_FSCK_dirent_val_too_big },
	{ "0110000000000000 08" AA_512, true, BCH_KEY_VALID },
	{ "0110000000000000 08" AA_512 "61", true, BCH_FSCK_dirent_name_too_long },
	{ "0110000000000000 08" AA_512 "61", false, BCH_KEY_VALID },
	{ "0110000000000000 88 0000 0100 0002 61" AA_512, true, BCH_KEY_VALID },
	{ "0110000000000000 88 0000 0100 0102 61" AA_512 "61", true,
	  BCH_FSCK_dirent_cf_name_too_big },
	{ "0110000000000000 88 0000 0100 0102 61" AA_512 "61", false, BCH_KEY_VALID },
	{ "0110000000000000 08 6100 62", false, BCH_FSCK_dirent_name_embedded_nul },
	{ "0110000000000000 88 0000 0100 0300 61 610062", false,
	  BCH_FSCK_dirent_stray_data_after_cf_name },
	{ "0110000000000000 08 2e", false, BCH_FSCK_dirent_name_dot_or_dotdot },
	{ "0110000000000000 08 2e2e", false, BCH_FSCK_dirent_name_dot_or_dotdot },
	{ "0110000000000000 08 2e2e2e", false, BCH_KEY_VALID },
	{ "0110000000000000 08 612f62", false, BCH_FSCK_dirent_name_has_slash },
	{ "0010000000000000 04 61", false, BCH_FSCK_dirent_to_itself },
	{ "0010000000000000 10 61", false, BCH_KEY_VALID },
};

static void each_rule_has_its_error(void **state)
{
	struct bch_key_context c = key_build_context(V_1_28, BCH_BTREE_dirents);

	for (size_t i = 0; i < bch_array_size(breaches); i++) {
		struct key_build b;

		key_build(&b, BCH_KEY_dirent, POS, 0, breaches[i].hex);
		c.writing = breaches[i].writing;
		assert_problem(&b.k, &c, breaches[i].want);
	}
}

static void name_is_made_up_to_its_longest(void **state)
{
	u8 name[BCH_NAME_MAX + 1], val[BCH_DIRENT_VAL_MAX];
	struct bch_dirent d = { .d_inum = 5, .d_type = BCH_DIRENT_reg }, back;
	struct bch_key k = { .type = BCH_KEY_dirent };

	memset(name, 'a', sizeof(name));
	for (size_t len = 1; len <= BCH_NAME_MAX; len++) {
		d.d_casefold = len % 2;
		d.name = (struct bch_bytes){ name, len };
		d.cf_name = (struct bch_bytes){ name, d.d_casefold ? len : 0 };
		k.val = (struct bch_bytes){ val, bch_dirent_put(&d, val) };
		assert_int_equal(k.val.len % 8, 0);
		assert_true(bch_dirent_get(&k, &back));
		assert_int_equal(back.d_inum, 5);
		assert_int_equal(back.name.len, len);
		assert_int_equal(back.cf_name.len, d.cf_name.len);
	}
	d.name.len = BCH_NAME_MAX + 1;
	assert_int_equal(bch_dirent_put(&d, val), 0);
	d.name.len = 1;
	d.cf_name.len = BCH_NAME_MAX + 1;
	assert_int_equal(bch_dirent_put(&d, val), 0);
}

static void types_have_the_names_of_the_tools(void **state)
{
	assert_string_equal(bch_dirent_type_name(BCH_DIRENT_reg), "reg");
	assert_string_equal(bch_dirent_type_name(16), "subvol");
	assert_null(bch_dirent_type_name(0));
	assert_null(bch_dirent_type_name(15));
	assert_null(bch_dirent_type_name(255));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_of_the_reference_are_read_printed_and_made_again),
		cmocka_unit_test(each_rule_has_its_error),
		cmocka_unit_test(name_is_made_up_to_its_longest),
		cmocka_unit_test(types_have_the_names_of_the_tools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
