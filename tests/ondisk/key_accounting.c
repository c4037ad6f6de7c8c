// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters: positions in both byte orders, rules, texts. Format reference: 06 §7, 08 §7. */

#include "key_build.h"
#include "ondisk/key_accounting.h"

/* 06 §7.2, 08 §7: what is counted, and its first bytes. */
static const struct {
	struct bch_accounting a;
	u8 bytes[10];
} positions[] = {
	{ { .type = BCH_ACCOUNTING_nr_inodes }, { 0 } },
	{ { .type = BCH_ACCOUNTING_persistent_reserved, .nr_replicas = 2 }, { 1, 2 } },
	{ { .type = BCH_ACCOUNTING_replicas,
	    .data_type = 4,
	    .nr_devs = 2,
	    .nr_required = 1,
	    .devs = { 0, 1 } },
	  { 2, 4, 2, 1, 0, 1 } },
	{ { .type = BCH_ACCOUNTING_dev_data_type, .dev_idx = 7, .data_type = 4 }, { 3, 7, 4 } },
	{ { .type = BCH_ACCOUNTING_compression, .compression_type = 3 }, { 4, 3 } },
	{ { .type = BCH_ACCOUNTING_snapshot, .snapshot = 0xfffffffe, .btree_id = 1 },
	  { 5, 0xfe, 0xff, 0xff, 0xff, 1 } },
	{ { .type = BCH_ACCOUNTING_btree, .btree_id = 20 }, { 6, 20 } },
	{ { .type = BCH_ACCOUNTING_rebalance_work }, { 7 } },
	{ { .type = BCH_ACCOUNTING_inum, .inum = 0x123456789abcULL },
	  { 8, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12 } },
	{ { .type = BCH_ACCOUNTING_reconcile_work, .work = 5 }, { 9, 5 } },
	{ { .type = BCH_ACCOUNTING_dev_leaving, .leaving_dev_idx = 1 }, { 10, 1 } },
};

static u64 little(const u8 *p, unsigned nr)
{
	return nr ? p[0] | little(p + 1, nr - 1) << 8 : 0;
}

static void positions_hold_the_bytes_one_way_or_the_other(void **state)
{
	for (size_t i = 0; i < bch_array_size(positions); i++) {
		u8 b[20] = { 0 };
		struct bch_accounting back;
		struct bch_pos pos;
		u64 inode = 0, offset = 0;

		memcpy(b, positions[i].bytes, sizeof(positions[i].bytes));
		pos = bch_accounting_pos(&positions[i].a, V_1_39);
		for (unsigned j = 0; j < 8; j++) {
			inode = inode << 8 | b[j];
			offset = offset << 8 | b[8 + j];
		}
		assert_int_equal(pos.inode, inode);
		assert_int_equal(pos.offset, offset);
		assert_int_equal(pos.snapshot, 0);
		bch_accounting_get(pos, V_1_39, &back);
		assert_memory_equal(&back, &positions[i].a, sizeof(back));

		if (positions[i].a.type == BCH_ACCOUNTING_snapshot)
			continue; /* had no btree then */
		pos = bch_accounting_pos(&positions[i].a, V_1_13);
		assert_int_equal(pos.snapshot, little(b, 4));
		assert_int_equal(pos.offset, little(b + 4, 8));
		assert_int_equal(pos.inode, little(b + 12, 8));
		bch_accounting_get(pos, V_1_13, &back);
		assert_memory_equal(&back, &positions[i].a, sizeof(back));
	}
}

#define ONE   "40 10 00 00 00 00 00 00"
#define MINUS "f8 ff ff ff ff ff ff ff"
#define THREE "26 00 00 00 00 00 00 00 b0 20 00 00 00 00 00 00 50 05 00 00 00 00 00 00"

/* clang-format off */
static const struct {
	u16 version;
	struct bch_accounting a;
	const char *hex, *text;
} texts[] = {
	{ V_1_13, { .type = 0 }, ONE, "nr_inodes  4160" },
	{ V_1_13, { .type = 1, .nr_replicas = 2 }, ONE, "persistent_reserved replicas=2 4160" },
	{ V_1_13, { .type = 2, .data_type = 4, .nr_devs = 2, .nr_required = 1, .devs = { 0, 1 } }, ONE,
	  "replicas user: 1/2 [0 1] 4160" },
	{ V_1_13, { .type = 3, .data_type = 4 }, THREE, "dev_data_type dev=0 data_type=user 38 8368 1360" },
	{ V_1_28, { .type = 3, .data_type = 9 }, MINUS, "dev_data_type dev=0 data_type=need_discard -8" },
	{ V_1_13, { .type = 4, .compression_type = 3 }, THREE, "compression lz4 38 8368 1360" },
	{ V_1_28, { .type = 5, .snapshot = 7 }, ONE, "snapshot id=7 4160" },
	{ V_1_39, { .type = 5, .snapshot = 7, .btree_id = 1 }, THREE, "snapshot id=7 btree=inodes 38 8368 1360" },
	{ V_1_28, { .type = 6, .btree_id = 18 }, ONE, "btree btree=rebalance_work 4160" },
	{ V_1_39, { .type = 6, .btree_id = 18 }, THREE, "btree btree=reconcile_work 38 8368 1360" },
	{ V_1_39, { .type = 6, .btree_id = 77 }, ONE, "btree btree=77 4160" },
	{ V_1_13, { .type = 7 }, ONE, "rebalance_work  4160" },
	{ V_1_13, { .type = 8, .inum = 4096 }, THREE, "inum  38 8368 1360" },
	{ V_1_39, { .type = 9, .work = 5 }, ONE, "reconcile_work high_priority 4160" },
	{ V_1_39, { .type = 10, .leaving_dev_idx = 1 }, ONE, "dev_leaving dev=1 4160" },
	{ V_1_39, { .type = 99 }, ONE, "unknown(99)  4160" },
};

#define BAD(id) BCH_FSCK_accounting_key_##id
static const struct {
	u16 version;
	struct bch_accounting a;
	const char *hex;
	int want;
} breaches[] = {
	{ V_1_13, { .type = 0 }, ONE, BCH_KEY_VALID },
	{ V_1_13, { .type = 2, .nr_required = 1 }, ONE, BAD(replicas_nr_devs_0) },
	{ V_1_13, { .type = 2, .nr_devs = 1, .nr_required = 2 }, ONE, BAD(replicas_nr_required_bad) },
	{ V_1_13, { .type = 2, .nr_devs = 2, .nr_required = 2, .devs = { 0, 1 } }, ONE, BAD(replicas_nr_required_bad) },
	{ V_1_13, { .type = 2, .nr_devs = 1, .nr_required = 1 }, ONE, BCH_KEY_VALID },
	{ V_1_13, { .type = 2, .nr_devs = 2, .nr_required = 1, .devs = { 1, 1 } }, ONE, BAD(replicas_devs_unsorted) },
	{ V_1_13, { .type = 2, .nr_devs = 2, .nr_required = 1, .devs = { 0, 1, 2 } }, ONE, BAD(junk_at_end) },
	{ V_1_39, { .type = 6, .btree_id = 1 }, THREE, BCH_KEY_VALID },
	{ V_1_39, { .type = 6, .btree_id = 1 }, ONE, BAD(nr_counters_wrong) },
	{ V_1_28, { .type = 6, .btree_id = 1 }, ONE, BCH_KEY_VALID },
	{ V_1_28, { .type = 99 }, THREE ONE, BAD(nr_counters_wrong) },
};
/* clang-format on */

static void texts_are_those_of_the_tools(void **state)
{
	for (size_t i = 0; i < bch_array_size(texts); i++) {
		u16 version = texts[i].version;
		struct bch_key_context c = key_build_context(version, BCH_BTREE_accounting);
		struct key_build b;

		key_build(&b, BCH_KEY_accounting, bch_accounting_pos(&texts[i].a, version), 0,
			  texts[i].hex);
		assert_value_text(&b.k, &c, texts[i].text);
	}
}

static void each_breach_of_a_counter_has_its_error(void **state)
{
	for (size_t i = 0; i < bch_array_size(breaches); i++) {
		u16 version = breaches[i].version;
		struct bch_key_context c = key_build_context(version, BCH_BTREE_accounting);
		struct key_build b;

		key_build(&b, BCH_KEY_accounting, bch_accounting_pos(&breaches[i].a, version), 0,
			  breaches[i].hex);
		b.k.version_lo = 1;
		assert_problem(&b.k, &c, breaches[i].want);
	}
}

static void counters_have_a_version_and_no_junk(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_accounting);
	struct key_build b;

	key_build(&b, BCH_KEY_accounting, bch_spos(0, 0, 0), 0, ONE);
	assert_problem(&b.k, &c, BAD(version_0));
	b.k.version_hi = 1;
	assert_problem(&b.k, &c, BCH_KEY_VALID);
	b.k.pos.inode = 1;
	assert_problem(&b.k, &c, BAD(junk_at_end));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positions_hold_the_bytes_one_way_or_the_other),
		cmocka_unit_test(texts_are_those_of_the_tools),
		cmocka_unit_test(each_breach_of_a_counter_has_its_error),
		cmocka_unit_test(counters_have_a_version_and_no_junk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
