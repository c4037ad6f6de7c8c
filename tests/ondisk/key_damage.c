// SPDX-License-Identifier: GPL-2.0-or-later
/* Which errors damaged an inode: the rule, texts. Format reference: 08 §12. */

#include "key_build.h"

#define LOST  "8901 01000000 1d21 006b00 1d21006b00" /* id 393, once, at 0x6b00211d */
#define LOST2 "8901 02000000 1e21 006b00 1d21006b00"
#define NEXT  "f2ff 01000000 0200 000000 0100000000" /* an id without name */

static const struct {
	const char *hex;
	int want;
	const char *text;
} examples[] = {
	{ LOST, BCH_KEY_VALID, "data_lost_device_removed nr 1 first 1795170589 last 1795170589" },
	{ LOST2 NEXT, BCH_KEY_VALID,
	  "data_lost_device_removed nr 2 first 1795170589 last 1795170590, unknown(65522) nr 1 "
	  "first 1 "
	  "last 2" },
	{ "", BCH_FSCK_damage_entries_bad, "" },
	{ LOST "0000000000000000", BCH_FSCK_damage_entries_bad, NULL },
	{ LOST LOST, BCH_FSCK_damage_entries_bad, NULL },
	{ NEXT LOST, BCH_FSCK_damage_entries_bad, NULL },
	{ "0000 01000000 0200 000000 0100000000", BCH_FSCK_damage_entries_bad, NULL },
	{ "0100 01000000 0100 000000 0200000000", BCH_FSCK_damage_entries_bad, NULL },
};

static void entries_are_judged_and_printed(void **state)
{
	struct bch_key_context c = key_build_context(V_1_39, BCH_BTREE_damage);

	for (size_t i = 0; i < bch_array_size(examples); i++) {
		struct key_build b;

		key_build(&b, BCH_KEY_damage, bch_spos(0, 4099, BCH_U32_MAX), 0, examples[i].hex);
		assert_problem(&b.k, &c, examples[i].want);
		if (examples[i].text)
			assert_value_text(&b.k, &c, examples[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_judged_and_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
