// SPDX-License-Identifier: GPL-2.0-or-later
/* Key types as a table: names, the rules of all keys, whole keys as text, hostile bytes. Format reference: 02 §3, §11.4. */

#include "key_build.h"

static void names_lead_there_and_back(void **state)
{
	for (int type = 0; type < BCH_KEY_TYPE_NR; type++)
		assert_int_equal(bch_key_type_find(bch_key_type_name((u8)type)), type);
	assert_null(bch_key_type_name(BCH_KEY_TYPE_NR));
	assert_int_equal(bch_key_type_find("extents"), -1);
}

static void whole_keys_print_as_the_tools_do(void **state)
{
	struct bch_key_context c = key_build_context(V_1_13, BCH_BTREE_freespace);
	struct bch_buf out bch_auto(buf) = { 0 };
	struct key_build b;

	key_build(&b, BCH_KEY_set, bch_pos(0, 26), 1, "");
	bch_key_text_put(&out, &b.k, &c);
	assert_string_equal(bch_buf_str(&out), "u64s 5 type set 0:26:0 len 1 ver 0");

	bch_buf_reset(&out);
	key_build(&b, BCH_KEY_reservation, bch_spos(4108, 195, BCH_U32_MAX), 195,
		  "00 00 00 00 01 00 00 00");
	b.k.version_lo = 7;
	bch_key_text_put(&out, &b.k, &c);
	assert_string_equal(bch_buf_str(&out), "u64s 6 type reservation 4108:195:U32_MAX len 195 "
					       "ver 7: generation 0 replicas 1");

	bch_buf_reset(&out);
	key_build(&b, 77, bch_pos(0, 0), 0, "01");
	bch_key_text_put(&out, &b.k, &c);
	assert_string_equal(bch_buf_str(&out), "u64s 6 type (unknown 77) POS_MIN len 0 ver 0");
}

/* What is wrong with a key in a leaf (or not) of a btree, for those who read or write it. */
/* clang-format off */
#define VALID	BCH_KEY_VALID
#define BAD(id)	BCH_FSCK_bkey_##id
#define READ	false
#define WRITE	true
static const struct {
	u16 version;
	u8 btree_id, level;
	bool writing;
	u8 type;
	struct bch_pos pos;
	u32 size;
	const char *hex;
	int want;
} breaches[] = {
#define IN(version, btree, level, rw, type, ...) { version, BCH_BTREE_##btree, level, rw, BCH_KEY_##type, __VA_ARGS__ }
	IN(V_1_13, freespace, 0, WRITE, set, { 0, 100, 0 }, 100, "", VALID),
	IN(V_1_13, freespace, 0, WRITE, set, { 0, 100, 0 }, 101, "", BAD(extent_size_greater_than_offset)),
	IN(V_1_13, freespace, 0, WRITE, set, { 0, 100, 0 }, 0, "", BAD(extent_size_zero)),
	IN(V_1_13, freespace, 0, WRITE, set, { 0, 100, 1 }, 1, "", BAD(snapshot_nonzero)),
	IN(V_1_13, freespace, 0, WRITE, set, { 0, 100, 0 }, 1, "01", BAD(val_size_nonzero)),
	IN(V_1_13, need_discard, 0, WRITE, set, { 0, 100, 0 }, 1, "", BAD(size_nonzero)),
	IN(V_1_13, need_discard, 0, WRITE, set, { BCH_U64_MAX, BCH_U64_MAX, 0 }, 0, "", BAD(at_pos_max)),
	IN(V_1_13, need_discard, 0, WRITE, set, { BCH_U64_MAX, 0, 0 }, 0, "", VALID),
	IN(V_1_13, deleted_inodes, 0, WRITE, set, { 0, 100, 9 }, 0, "", VALID),
	IN(V_1_13, deleted_inodes, 0, WRITE, set, { 0, 100, 0 }, 0, "", VALID),
	IN(V_1_13, extents, 0, WRITE, error, { 4096, 100, 0 }, 8, "", BAD(snapshot_zero)),
	IN(V_1_13, extents, 0, WRITE, whiteout, { 4096, 100, 1 }, 0, "", VALID),
	IN(V_1_13, extents, 0, WRITE, whiteout, { 4096, 100, 1 }, 8, "", BAD(size_nonzero)),
	IN(V_1_39, extents, 0, WRITE, extent_whiteout, { 4096, 100, 1 }, 0, "", VALID),
	IN(V_1_13, extents, 0, WRITE, set, { 4096, 100, 1 }, 8, "", BAD(invalid_type_for_btree)),
	IN(V_1_39, extents, 0, READ, set, { 4096, 100, 1 }, 8, "", VALID),
	IN(V_1_13, dirents, 0, READ, cookie, { 4096, 100, 1 }, 0, "01", VALID),
	IN(V_1_13, extents, 0, READ, hash_whiteout, { 4096, 100, 1 }, 8, "", VALID),
	IN(V_1_28, extents, 0, READ, hash_whiteout, { 4096, 100, 1 }, 8, "", BAD(invalid_type_for_btree)),
	IN(V_1_13, inodes, 0, READ, reflink_p, { 0, 4100, BCH_U32_MAX }, 0, "0000000000000000" "0000000000000000",
	   BAD(invalid_type_for_btree)),
	IN(V_1_13, extents, 1, READ, cookie, { 4096, 100, 1 }, 0, "01", BAD(invalid_type_for_btree)),
	IN(V_1_13, extents, 1, READ, deleted, { 4096, 100, 0 }, 0, "", VALID),
	IN(V_1_13, extents, 1, READ, deleted, { 4096, 100, 0 }, 1, "", BAD(size_nonzero)),
	IN(V_1_13, rebalance_work, 0, WRITE, cookie, { 4096, 100, 1 }, 0, "", BAD(val_size_too_small)),
#undef IN
	{ V_1_13, BCH_BTREE_extents, 1, READ, BCH_KEY_TYPE_NR, { 4096, 100, 0 }, 0, "", VALID },
	{ V_1_13, BCH_BTREE_NR, 0, WRITE, BCH_KEY_set, { BCH_U64_MAX, BCH_U64_MAX, 3 }, 4, "", VALID },
	{ V_1_13, BCH_BTREE_NR, 1, WRITE, BCH_KEY_set, { 0, 0, 3 }, 0, "", BAD(invalid_type_for_btree) },
};
/* clang-format on */

static void each_breach_of_the_rules_of_all_keys_has_its_error(void **state)
{
	for (size_t i = 0; i < bch_array_size(breaches); i++) {
		struct bch_key_context c =
			key_build_context(breaches[i].version, breaches[i].btree_id);
		struct key_build b;

		c.level = breaches[i].level;
		c.writing = breaches[i].writing;
		key_build(&b, breaches[i].type, breaches[i].pos, breaches[i].size, breaches[i].hex);
		assert_problem(&b.k, &c, breaches[i].want);
	}
}

static void members_are_known_by_the_superblock(void **state)
{
	struct key_build_fs *f = key_build_fs();

	assert_int_equal(f->fs.devs[0].bucket_sectors, SB_BUILD_BUCKET);
	assert_int_equal(f->fs.devs[0].nr_buckets, SB_BUILD_BUCKETS);
	assert_int_equal(f->fs.devs[0].durability, 1);
	assert_int_equal(f->fs.devs[SB_BUILD_HOLE].bucket_sectors, 0);
	assert_int_equal(f->fs.devs[255].bucket_sectors, 0);
	assert_int_equal(f->fs.node_sectors, 256);
	assert_int_equal(f->fs.coded_sectors_max, 128);
	assert_int_equal(f->fs.backpointer_shift, 10);
	assert_false(f->fs.encrypted);
}

static u64 next_random(u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 16;
}

/* Bytes that are rather often small, zero or all ones: these get further into a decoder. */
static void fill(u8 *p, size_t len, u64 *state)
{
	for (size_t i = 0; i < len; i++) {
		u64 r = next_random(state);

		p[i] = (u8)(r & 0x300 ? r & 0x400 ? 0 : r >> 4 & 0x1f : r);
	}
}

#define VALUES_A_TYPE 3000
#define TEXT_MAX      65536

/* The value is allocated to its length: AddressSanitizer sees a byte too many. */
static void one_hostile_value(u8 type, const struct bch_key_fs *fs, u64 *state)
{
	static const u16 versions[] = { BCH_VERSION(1, 4), V_1_13, BCH_VERSION(1, 20), V_1_28,
					V_1_39 };
	struct bch_key_context c = { .version = versions[next_random(state) % 5],
				     .btree_id = (u8)(next_random(state) % 32),
				     .level = next_random(state) % 8 == 0,
				     .writing = next_random(state) % 2 };
	size_t len = next_random(state) % (next_random(state) % 8 ? 10 : 250) * 8;
	struct bch_buf out bch_auto(buf) = { 0 }, why bch_auto(buf) = { 0 };
	u8 *val = malloc(len ? len : 1);
	struct bch_key k = { .type = type, .val = { val, len } };

	c.fs = next_random(state) % 4 ? fs : NULL;
	fill(val, len, state);
	fill((u8 *)&k.pos, sizeof(k.pos), state);
	k.size = (u32)next_random(state) & 0xff;
	k.version_lo = next_random(state) % 2;
	assert_true(bch_key_validate(&k, &c, &why) < BCH_FSCK_ERROR_NR);
	bch_key_text_put(&out, &k, &c);
	assert_true(out.len < TEXT_MAX);
	free(val);
}

static void any_bytes_are_judged_and_printed_within_bounds(void **state)
{
	const struct bch_key_fs *fs = &key_build_fs()->fs;
	u64 random = 1;

	for (u32 type = 0; type <= BCH_KEY_TYPE_NR; type++)
		for (u32 i = 0; i < VALUES_A_TYPE; i++)
			one_hostile_value((u8)type, fs, &random);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_lead_there_and_back),
		cmocka_unit_test(whole_keys_print_as_the_tools_do),
		cmocka_unit_test(each_breach_of_the_rules_of_all_keys_has_its_error),
		cmocka_unit_test(members_are_known_by_the_superblock),
		cmocka_unit_test(any_bytes_are_judged_and_printed_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
