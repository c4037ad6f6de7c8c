// SPDX-License-Identifier: GPL-2.0-or-later
/* Extended attributes, ACLs: bytes there and back, rules, texts. Format reference: 04 §9. */

#include "key_build.h"

#include <bcachefs/error.h>
#include "ondisk/key_xattr.h"

#define POS bch_spos(4099, 6969574460532977509, BCH_U32_MAX)

/* 04 §9.1: rw-, user 1001 rw-, group r--, mask rw-, other r--. */
#define ACL "01000000 01000600 02000600e9030000 04000400 10000600 20000400"

static const struct {
	u16 version;
	const char *hex, *text;
} examples[] = {
	{ V_1_13, "00 03 0300 666f6f 626172 000000000000", "user.foo:bar" },
	{ V_1_13, "00 05 0000 656d707479 00000000000000", "user.empty:" },
	{ V_1_13, "03 01 0400 74 7476616c 00000000000000", "trusted.t:tval" },
	{ V_1_13, "04 02 0300 6162 610063", "security.ab:a" },
	{ V_1_13, "00 01 0300 61 0a0a62", "user.a:\n\nb" },
	{ V_1_39, "00 01 0400 61 0a0a620a", "user.a:\n  \n  b\n" },
	{ V_1_13, "01 00 1c00" ACL,
	  "(type 1):\x01 user_obj 6 user uid 1001 6 group_obj 4 mask 6 other 4" },
	{ V_1_13, "02 00 0c00 01000000 08000500d0070000", "(type 2):\x01 group gid 2000 5" },
};

static void attributes_of_the_reference_are_read_printed_and_made_again(void **state)
{
	for (size_t i = 0; i < bch_array_size(examples); i++) {
		struct bch_key_context c = key_build_context(examples[i].version, BCH_BTREE_xattrs);
		struct key_build b;
		struct bch_xattr x;
		u8 val[BCH_XATTR_VAL_MAX];

		key_build(&b, BCH_KEY_xattr, POS, 0, examples[i].hex);
		assert_problem(&b.k, &c, BCH_KEY_VALID);
		assert_value_text(&b.k, &c, examples[i].text);
		assert_true(bch_xattr_get(&b.k, &x));
		assert_int_equal(bch_xattr_put(&x, val), b.k.val.len);
		assert_memory_equal(val, b.val, b.k.val.len);
	}
}

/* Values that are no ACLs, and what is said of them. */
static const struct {
	const char *hex, *text;
} bad_acls[] = {
	{ "01 00 0000", "(type 1): (no ACL)" },
	{ "01 00 0400 02000000", "(type 1):\x02 (no ACL)" },
	{ "01 00 0600 01000000 0100", "(type 1):\x01 (invalid)" },
	{ "01 00 0800 01000000 03000600", "(type 1):\x01 (invalid)" },
	{ "01 00 0c00 01000000 01000600 02000600", "(type 1):\x01 user_obj 6 (invalid)" },
	{ "09 01 0100 61 62", "(unknown type 9)a:b" },
};

static void what_is_no_acl_is_said_to_be_none(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_xattrs);

	for (size_t i = 0; i < bch_array_size(bad_acls); i++) {
		struct key_build b;

		key_build(&b, BCH_KEY_xattr, POS, 0, bad_acls[i].hex);
		assert_value_text(&b.k, &c, bad_acls[i].text);
	}
}

static void acl_of_the_reference_is_read_entry_by_entry(void **state)
{
	static const struct bch_acl_entry want[] = {
		{ BCH_ACL_user_obj, 6, 0 }, { BCH_ACL_user, 6, 1001 }, { BCH_ACL_group_obj, 4, 0 },
		{ BCH_ACL_mask, 6, 0 },	    { BCH_ACL_other, 4, 0 },
	};
	struct bch_bytes rest;
	struct bch_acl_entry e;
	struct key_build b;

	key_build(&b, BCH_KEY_xattr, POS, 0, ACL "ff");
	assert_true(bch_acl_begin((struct bch_bytes){ b.val, 28 }, &rest));
	for (size_t i = 0; i < bch_array_size(want); i++) {
		assert_int_equal(bch_acl_next(&rest, &e), 1);
		assert_int_equal(e.tag, want[i].tag);
		assert_int_equal(e.perm, want[i].perm);
		assert_int_equal(e.id, want[i].id);
	}
	assert_int_equal(bch_acl_next(&rest, &e), 0);

	assert_true(bch_acl_begin((struct bch_bytes){ b.val, 29 }, &rest));
	for (size_t i = 0; i < bch_array_size(want); i++)
		assert_int_equal(bch_acl_next(&rest, &e), 1);
	assert_int_equal(bch_acl_next(&rest, &e), -BCH_ERR_invalid_argument);
}

static const struct {
	const char *hex;
	int want;
} breaches[] = {
	{ "00 03 0300 666f", BCH_FSCK_xattr_val_size_too_small },
	{ "00 ff ffff 666f6f62", BCH_FSCK_xattr_val_size_too_small },
	{ "00 03 0100 666f6f62", BCH_KEY_VALID },
	{ "00 03 0100 666f6f62 00000000 00000000", BCH_KEY_VALID },
	{ "00 03 0100 666f6f62 00000000 00000000 00", BCH_FSCK_xattr_val_size_too_big },
	{ "05 01 0000 61", BCH_FSCK_xattr_invalid_type },
	{ "00 03 0000 610062", BCH_FSCK_xattr_name_invalid_chars },
};

static void each_rule_has_its_error(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_xattrs);

	for (size_t i = 0; i < bch_array_size(breaches); i++) {
		struct key_build b;

		key_build(&b, BCH_KEY_xattr, POS, 0, breaches[i].hex);
		assert_problem(&b.k, &c, breaches[i].want);
	}
}

static void attribute_is_made_as_long_as_a_key_may_be(void **state)
{
	static u8 bytes[BCH_XATTR_VAL_MAX];
	u8 val[BCH_XATTR_VAL_MAX];
	struct bch_xattr x = { .name = { bytes, 1 }, .value = { bytes, 1995 } };

	assert_int_equal(bch_xattr_put(&x, val), BCH_XATTR_VAL_MAX);
	x.value.len++;
	assert_int_equal(bch_xattr_put(&x, val), 0);
	x.value.len = 1;
	x.name.len = BCH_XATTR_NAME_MAX;
	assert_int_equal(bch_xattr_put(&x, val), 264);
	x.name.len++;
	assert_int_equal(bch_xattr_put(&x, val), 0);
}

static void users_see_names_with_their_prefix(void **state)
{
	assert_string_equal(bch_xattr_prefix(BCH_XATTR_security), "security.");
	assert_string_equal(bch_xattr_prefix(1), "system.posix_acl_access");
	assert_null(bch_xattr_prefix(5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes_of_the_reference_are_read_printed_and_made_again),
		cmocka_unit_test(what_is_no_acl_is_said_to_be_none),
		cmocka_unit_test(acl_of_the_reference_is_read_entry_by_entry),
		cmocka_unit_test(each_rule_has_its_error),
		cmocka_unit_test(attribute_is_made_as_long_as_a_key_may_be),
		cmocka_unit_test(users_see_names_with_their_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
