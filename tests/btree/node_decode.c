// SPDX-License-Identifier: GPL-2.0-or-later
/* Decoding nodes: merging, what is wrong and what follows from it, encryption, any bytes. Format reference: 02 §7. */

#include <stdio.h>

#include "node_build.h"

/* Decodes @b; has it the keys @offsets, and the problem @id (0: none) of that grade? */
static void check_with(const struct node_build *b, const struct bch_node_rules *rules,
		       const struct bch_node_want *want, const u64 *offsets, size_t nr, u16 id,
		       enum bch_node_grade grade)
{
	struct bch_btree_node node = build_decode(b, rules, want);
	bool found = !id && !node.problems.nr;

	for (size_t i = 0; i < node.problems.nr; i++)
		found |= node.problems.v[i].id == id;
	if (!found)
		print_error("first problem: %s\n",
			    node.problems.nr ? bch_fsck_error_name(node.problems.v[0].id) : "none");
	assert_true(found);
	assert_int_equal(node.grade, grade);
	if (grade != BCH_NODE_UNUSABLE) {
		assert_int_equal(node.keys.nr, nr);
		for (size_t i = 0; i < nr; i++)
			assert_int_equal(bch_btree_node_key(&node, i).pos.offset, offsets[i]);
	}
	bch_btree_node_end(&node);
}

#define KEYS(...) (const u64[]){ __VA_ARGS__ }, bch_array_size(((const u64[]){ __VA_ARGS__ }))

static void check(const struct node_build *b, const u64 *offsets, size_t nr, u16 id,
		  enum bch_node_grade grade)
{
	struct bch_node_rules rules = build_rules();
	struct bch_node_want want = build_want(b);

	check_with(b, &rules, &want, offsets, nr, id, grade);
}

/* Keys 10, 20, 30; then 20 again, 30 deleted, and 40, 50 unpacked. */
static void make_two_sets(struct node_build *b)
{
	build_begin(b, BCH_POS_MIN, BCH_SPOS_MAX);
	build_put(b, build_key(10));
	build_put(b, build_key(20));
	build_put(b, build_key(30));
	build_seal(b);
	build_set(b, 7);
	build_put(b, build_key(20));
	build_put(b, build_deleted(30));
	build_put(b, build_key(40));
	build_put_as(b, build_key(50), &bch_key_format_unpacked);
	build_seal(b);
}

static void later_set_covers_the_earlier(void **state)
{
	struct node_build b;
	struct bch_node_rules rules = build_rules();
	struct bch_node_want want;
	struct bch_btree_node node;

	make_two_sets(&b);
	check(&b, KEYS(10, 20, 40, 50), 0, BCH_NODE_GOOD);

	want = build_want(&b);
	node = build_decode(&b, &rules, &want);
	assert_true(bch_btree_node_key(&node, 1).val.p > node.bytes + BUILD_BLOCK);
	assert_int_equal(node.seq, 3);
	assert_int_equal(node.journal_seq, 7);
	assert_int_equal(bch_btree_node_find(&node, bch_pos(0, 11)), 1);
	assert_int_equal(bch_btree_node_find(&node, bch_pos(0, 20)), 1);
	assert_int_equal(bch_btree_node_find(&node, bch_pos(1, 0)), 4);
	bch_btree_node_end(&node);
}

static void sets_behind_what_was_written_are_not_seen(void **state)
{
	struct bch_node_rules rules = build_rules();
	struct bch_node_want want;
	struct node_build b;

	make_two_sets(&b);
	want = build_want(&b);
	want.ptr.nr_sectors = 1;
	check_with(&b, &rules, &want, KEYS(10, 20, 30), 0, BCH_NODE_GOOD);
	want.ptr.nr_sectors = 0;
	check_with(&b, &rules, &want, KEYS(10, 20, 40, 50), 0, BCH_NODE_GOOD);
	want.ptr.nr_sectors = 3;
	check_with(&b, &rules, &want, KEYS(10, 20, 40, 50), BCH_FSCK_btree_node_data_missing,
		   BCH_NODE_DOUBTFUL);
}

static void blacklisted_set_is_left_out_but_for_the_first(void **state)
{
	struct bch_blacklist black[] = { { .start = 3, .end = 7 }, { .start = 7, .end = 8 } };
	struct bch_node_rules rules = build_rules();
	struct bch_node_want want;
	struct node_build b;

	make_two_sets(&b);
	want = build_want(&b);
	rules.blacklist = black;
	rules.nr_blacklisted = 1;
	check_with(&b, &rules, &want, KEYS(10, 20, 40, 50), 0, BCH_NODE_GOOD);
	rules.nr_blacklisted = 2;
	check_with(&b, &rules, &want, KEYS(10, 20, 30), BCH_FSCK_first_bset_blacklisted_journal_seq,
		   BCH_NODE_GOOD);
	want.ptr.nr_sectors = 0;
	check_with(&b, &rules, &want, KEYS(10, 20, 30), 0, BCH_NODE_GOOD);
	black[0].start = 0;
	check_with(&b, &rules, &want, KEYS(10, 20, 30), BCH_FSCK_bset_blacklisted_journal_seq,
		   BCH_NODE_GOOD);
}

static void pointers_range_replaces_the_nodes(void **state)
{
	struct bch_node_rules rules = build_rules();
	struct bch_node_want want;
	struct node_build b;

	make_two_sets(&b);
	want = build_want(&b);
	want.ptr.min = bch_pos(0, 20);
	want.ptr.max = bch_pos(0, 40);
	check_with(&b, &rules, &want, NULL, 0, BCH_FSCK_btree_node_bad_min_key, BCH_NODE_UNUSABLE);
	want.ptr.range_updated = true;
	check_with(&b, &rules, &want, KEYS(20, 40), 0, BCH_NODE_GOOD);
}

static void node_that_is_not_the_one_wanted_is_unusable(void **state)
{
	struct bch_node_rules rules = build_rules();
	struct bch_node_want good, want;
	struct node_build b;

	make_two_sets(&b);
	good = want = build_want(&b);
	want.ptr.seq++;
	check_with(&b, &rules, &want, NULL, 0, BCH_FSCK_btree_node_bad_seq, BCH_NODE_UNUSABLE);
	want = good;
	want.btree_id++;
	check_with(&b, &rules, &want, NULL, 0, BCH_FSCK_btree_node_bad_btree, BCH_NODE_UNUSABLE);
	want = good;
	want.level++;
	check_with(&b, &rules, &want, NULL, 0, BCH_FSCK_btree_node_bad_level, BCH_NODE_UNUSABLE);
	want = good;
	want.ptr.max = bch_pos(0, 60);
	check_with(&b, &rules, &want, NULL, 0, BCH_FSCK_btree_node_bad_max_key, BCH_NODE_UNUSABLE);
	rules.magic++;
	check_with(&b, &rules, &good, NULL, 0, BCH_FSCK_btree_node_bad_magic, BCH_NODE_UNUSABLE);
}

static void reseal_first(struct node_build *b)
{
	const struct btree_node *node = (const void *)b->bytes;
	size_t end = sizeof(*node) + le16_get(node->keys.u64s) * 8ULL;
	struct bch_csum csum;
	le64 stored;

	assert_int_equal(bch_csum(BCH_CSUM_crc32c_nonzero, NULL, (struct bch_nonce){ 0 },
				  b->bytes + 16, end - 16, &csum),
			 0);
	stored = le64_of(csum.lo);
	memcpy(b->bytes, &stored, sizeof(stored));
}

static void node_that_cannot_be_understood_is_unusable(void **state)
{
	struct node_build b;

	make_two_sets(&b);
	b.bytes[156] = 11; /* version 0.11 */
	b.bytes[157] = 0;
	reseal_first(&b);
	check(&b, NULL, 0, BCH_FSCK_btree_node_unsupported_version, BCH_NODE_UNUSABLE);
	make_two_sets(&b);
	b.bytes[152] |= 1 << 4; /* big-endian */
	reseal_first(&b);
	check(&b, NULL, 0, BCH_FSCK_btree_node_unsupported_version, BCH_NODE_UNUSABLE);
	make_two_sets(&b);
	b.bytes[81] = 5; /* fields of the format */
	check(&b, NULL, 0, BCH_FSCK_btree_node_bad_format, BCH_NODE_UNUSABLE);
	make_two_sets(&b);
	b.bytes[152] = BCH_CSUM_chacha20_poly1305_128;
	check(&b, NULL, 0, BCH_FSCK_bset_unknown_csum, BCH_NODE_UNUSABLE);
}

static void doubtful_node_gives_what_it_has(void **state)
{
	struct node_build b;

	make_two_sets(&b);
	b.bytes[0]++;
	check(&b, KEYS(10, 20, 40, 50), BCH_FSCK_bset_bad_csum, BCH_NODE_DOUBTFUL);
	make_two_sets(&b);
	b.bytes[157] = 77; /* a version counts only with the right checksum */
	check(&b, KEYS(10, 20, 40, 50), BCH_FSCK_bset_bad_csum, BCH_NODE_DOUBTFUL);
	make_two_sets(&b);
	b.bytes[BUILD_BLOCK + 16 + 16 + 2] = 2; /* where the set says that it is */
	check(&b, KEYS(10, 20, 40, 50), BCH_FSCK_bset_wrong_sector_offset, BCH_NODE_DOUBTFUL);
	make_two_sets(&b);
	b.bytes[BUILD_BLOCK + 16 + 23] = 0xff; /* its length */
	check(&b, KEYS(10, 20, 30), BCH_FSCK_bset_past_end_of_btree_node, BCH_NODE_DOUBTFUL);
	make_two_sets(&b);
	b.bytes[159] = 0xff; /* that of the first */
	check(&b, NULL, 0, BCH_FSCK_bset_past_end_of_btree_node, BCH_NODE_UNUSABLE);
}

/* Five keys, 10 to 50; @break_it changes the bytes of the third. */
static void make_broken(struct node_build *b, void (*break_it)(u8 *key))
{
	u8 *third = NULL;

	build_begin(b, BCH_POS_MIN, BCH_SPOS_MAX);
	for (u64 i = 1; i <= 5; i++) {
		u8 *key = build_put(b, build_key(10 * i));

		third = i == 3 ? key : third;
	}
	break_it(third);
	build_seal(b);
}

static void check_broken(void (*break_it)(u8 *key), u16 id)
{
	struct node_build b;

	make_broken(&b, break_it);
	check(&b, KEYS(10, 20, 40, 50), id, BCH_NODE_GOOD);
}

static void break_format(u8 *key)
{
	key[1] = 2;
}

static void break_length(u8 *key)
{
	key[0] = 1;
}

static void make_it_long(u8 *key)
{
	key[0] = 200;
}

static void break_type(u8 *key)
{
	key[2] = BCH_KEY_extent;
	key[4] = 1; /* snapshot: subvolumes have none */
}

static void break_value(u8 *key)
{
	key[0] -= 2; /* a subvolume of 8 bytes; the rest is no key */
}

static void move_down(u8 *key)
{
	key[8] = 15;
}

static void move_up(u8 *key)
{
	key[8] = 200;
}

static void one_bad_key_costs_none_of_its_neighbours(void **state)
{
	check_broken(break_format, BCH_FSCK_btree_node_bkey_bad_format);
	check_broken(break_length, BCH_FSCK_btree_node_bkey_bad_u64s);
	check_broken(make_it_long, BCH_FSCK_btree_node_bkey_past_bset_end);
	check_broken(break_type, BCH_FSCK_bkey_invalid_type_for_btree);
	check_broken(break_value, BCH_FSCK_bkey_val_size_too_small);
	check_broken(move_down, BCH_FSCK_btree_node_bkey_out_of_order);
	check_broken(move_up, BCH_FSCK_btree_node_bkey_out_of_order);
}

static void check_judged(const struct node_build *b, const u64 *offsets, size_t nr, u16 id,
			 enum bch_node_grade grade)
{
	struct bch_node_rules rules = build_rules();
	struct bch_node_want want = build_want(b);

	rules.judged = true;
	check_with(b, &rules, &want, offsets, nr, id, grade);
}

static void what_was_judged_is_not_judged_again(void **state)
{
	struct node_build b;

	make_broken(&b, break_type);
	check_judged(&b, KEYS(10, 20, 30, 40, 50), 0, BCH_NODE_GOOD);
	b.bytes[0] ^= 1; /* of the checksum: these may be others */
	check_judged(&b, KEYS(10, 20, 40, 50), BCH_FSCK_bkey_invalid_type_for_btree,
		     BCH_NODE_DOUBTFUL);

	make_two_sets(&b);
	check_judged(&b, KEYS(10, 20, 40, 50), 0, BCH_NODE_GOOD);
}

static void what_is_not_safe_to_decode_is_judged_in_any_case(void **state)
{
	static const struct {
		void (*break_it)(u8 *key);
		u16 id;
	} unsafe[] = {
		{ break_format, BCH_FSCK_btree_node_bkey_bad_format },
		{ break_length, BCH_FSCK_btree_node_bkey_bad_u64s },
		{ make_it_long, BCH_FSCK_btree_node_bkey_past_bset_end },
		{ break_value, BCH_FSCK_bkey_val_size_too_small },
	};

	for (size_t i = 0; i < bch_array_size(unsafe); i++) {
		struct node_build b;

		make_broken(&b, unsafe[i].break_it);
		check_judged(&b, KEYS(10, 20, 40, 50), unsafe[i].id, BCH_NODE_GOOD);
	}
}

static void key_outside_the_node_is_left_out(void **state)
{
	struct node_build b;

	build_begin(&b, bch_pos(0, 20), bch_pos(0, 30));
	build_put_as(&b, build_key(10), &bch_key_format_unpacked);
	build_put(&b, build_key(20));
	build_put(&b, build_key(30));
	build_put_as(&b, build_key(40), &bch_key_format_unpacked);
	build_seal(&b);
	check(&b, KEYS(20, 30), BCH_FSCK_bkey_before_start_of_btree_node, BCH_NODE_GOOD);
	check(&b, KEYS(20, 30), BCH_FSCK_bkey_after_end_of_btree_node, BCH_NODE_GOOD);
}

static void deleted_key_before_a_live_one_at_its_place_is_no_error(void **state)
{
	struct node_build b;

	build_begin(&b, BCH_POS_MIN, BCH_SPOS_MAX);
	build_put(&b, build_deleted(10));
	build_put(&b, build_key(10));
	build_seal(&b);
	check(&b, KEYS(10), 0, BCH_NODE_GOOD);

	build_begin(&b, BCH_POS_MIN, BCH_SPOS_MAX);
	build_put(&b, build_key(10));
	build_put(&b, build_deleted(10));
	build_seal(&b);
	check(&b, KEYS(10), BCH_FSCK_btree_node_bkey_out_of_order, BCH_NODE_GOOD);
}

static void empty_later_set_and_other_versions_are_told(void **state)
{
	struct bch_node_rules rules = build_rules();
	struct bch_node_want want;
	struct node_build b;

	build_begin(&b, BCH_POS_MIN, BCH_SPOS_MAX);
	build_put(&b, build_key(10));
	build_seal(&b);
	build_set(&b, 5);
	build_seal(&b);
	check(&b, KEYS(10), BCH_FSCK_bset_empty, BCH_NODE_GOOD);

	make_two_sets(&b);
	want = build_want(&b);
	rules.version_min = BUILD_VERSION + 1;
	check_with(&b, &rules, &want, KEYS(10, 20, 40, 50),
		   BCH_FSCK_btree_node_bset_older_than_sb_min, BCH_NODE_GOOD);
}

/* ------------------------------------------------------------------ the encrypted node of 02 §8.1 */

static void fill_hex(u8 *to, const char *hex)
{
	for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2 + (hex[2] == ' '))
		*to++ = (u8)byte;
}

static const char *const encrypted_first[] = {
	"a8 0e 52 cc 07 cb 44 c8 c8 47 c5 0c 86 6b cb bf ",
	"8b fd 4c ae 6c 54 51 61 6b 38 fa 9a 44 3f b8 75 ",
	"72 74 ab f0 40 29 ef 54 70 15 20 b2 76 de 96 73 ",
	"1b 05 bf 32 c4 7e 36 b8 80 e1 45 11 1a 47 f9 5e ",
	"fd 8d b5 c2 5e 11 ef 71 d5 70 b9 7a 09 2f 33 96 ",
	"a1 0c d2 57 3a 03 97 36 15 68 ca 4f da 7b de e0 ",
	"01 2a 05 b7 23 dd fe 50 12 6d b1 20 59 ef 59 f2 ",
	"fd 9e f1 9d 53 8d 04 4e a3 35 61 a9 e5 a1 aa 09 ",
	"5c 18 1f 0d 49 5c c9 cd de 0c 78 af 91 bc 48 4e ",
	"00 00 00 00 00 00 00 00 04 00 00 00 04 04 00 00 ",
};

static const char *const encrypted_second[] = {
	"56 52 f5 9a 9c 4f e5 fd 5a b8 40 7f 67 83 6b 53 ",
	"de 0c 78 af 91 bc 48 4e 01 00 00 00 00 00 00 00 ",
	"04 00 08 00 04 04 08 00 2c 8e 82 e3 b5 e5 f4 b8 ",
	"42 f7 6e 38 aa 10 90 78 cd a1 d6 b4 0f 3f 40 73 ",
	"76 d2 bc fc 7a 15 85 24 d2 22 e1 84 42 18 6b 25 ",
	"3d 19 80 35 5d 4b 0f ce 20 a4 03 f9 10 b4 7b 42 ",
	"b2 82 a4 01 77 e6 a6 12 ",
};

static void encrypted_node_of_the_reference_is_read(void **state)
{
	struct bch_btree_node node = { .len = 8192, .bytes = calloc(1, 8192) };
	struct bch_crypt_key key;
	struct bch_node_rules rules = { .block_bytes = 4096,
					.node_bytes = 8192,
					.version = BCH_VERSION(1, 4),
					.version_min = BCH_VERSION(1, 4),
					.key = &key };
	struct bch_node_want want = { .btree_id = BCH_BTREE_subvolumes,
				      .ptr = { .v2 = true,
					       .seq = 0x4e48bc91af780cde,
					       .nr_sectors = 16,
					       .max = BCH_SPOS_MAX } };
	u8 uuid[16] = { 0 };
	struct bch_key k;

	fill_hex(key.b, "b3d468c41220e93262c4f103a3fdd98e232a6a68f10351ecc1ead05cb2c410f8");
	fill_hex(uuid, "7efad217140842f1");
	rules.magic = bch_node_magic(uuid);
	for (size_t i = 0; i < bch_array_size(encrypted_first); i++)
		fill_hex(node.bytes + 16 * i, encrypted_first[i]);
	for (size_t i = 0; i < bch_array_size(encrypted_second); i++)
		fill_hex(node.bytes + 4096 + 16 * i, encrypted_second[i]);

	assert_int_equal(bch_btree_node_decode(&node, &rules, &want), 0);
	assert_int_equal(node.problems.nr, 0);
	assert_int_equal(node.grade, BCH_NODE_GOOD);
	assert_int_equal(node.keys.nr, 1);
	k = bch_btree_node_key(&node, 0);
	assert_int_equal(k.type, BCH_KEY_subvolume);
	assert_int_equal(bch_pos_compare(k.pos, bch_pos(0, 1)), 0);
	assert_int_equal(k.val.len, 40);
	bch_btree_node_end(&node);
}

/* ------------------------------------------------------------------ any bytes */

static u64 next_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* A few bytes anywhere in what is used, or words of the headers. */
static void mutate(struct node_build *b, u64 *seed)
{
	size_t used = b->start;

	for (u64 nr = 1 + next_random(seed) % 4; nr; nr--)
		b->bytes[next_random(seed) % used] = (u8)next_random(seed);
}

static void assert_in_order(const struct bch_btree_node *node)
{
	for (size_t i = 1; i < node->keys.nr; i++)
		assert_true(bch_pos_compare(bch_btree_node_key(node, i - 1).pos,
					    bch_btree_node_key(node, i).pos) < 0);
}

static void any_bytes_give_keys_in_order_or_none(void **state)
{
	struct bch_node_rules rules = build_rules();
	struct node_build good;
	struct bch_node_want want;
	u64 seed = 20261120, nr_used = 0;

	make_two_sets(&good);
	want = build_want(&good);
	for (unsigned i = 0; i < 100000; i++) {
		struct node_build b = good;
		struct bch_btree_node node;

		mutate(&b, &seed);
		rules.judged = i % 3 == 0;
		want.ptr.nr_sectors = i % 2 ? (u32)(good.start / 512) : 0;
		node = build_decode(&b, &rules, &want);
		nr_used += node.grade != BCH_NODE_UNUSABLE;
		if (node.grade != BCH_NODE_UNUSABLE)
			assert_in_order(&node);
		bch_btree_node_end(&node);
	}
	assert_true(nr_used > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_set_covers_the_earlier),
		cmocka_unit_test(sets_behind_what_was_written_are_not_seen),
		cmocka_unit_test(blacklisted_set_is_left_out_but_for_the_first),
		cmocka_unit_test(pointers_range_replaces_the_nodes),
		cmocka_unit_test(node_that_is_not_the_one_wanted_is_unusable),
		cmocka_unit_test(node_that_cannot_be_understood_is_unusable),
		cmocka_unit_test(doubtful_node_gives_what_it_has),
		cmocka_unit_test(one_bad_key_costs_none_of_its_neighbours),
		cmocka_unit_test(what_was_judged_is_not_judged_again),
		cmocka_unit_test(what_is_not_safe_to_decode_is_judged_in_any_case),
		cmocka_unit_test(key_outside_the_node_is_left_out),
		cmocka_unit_test(deleted_key_before_a_live_one_at_its_place_is_no_error),
		cmocka_unit_test(empty_later_set_and_other_versions_are_told),
		cmocka_unit_test(encrypted_node_of_the_reference_is_read),
		cmocka_unit_test(any_bytes_give_keys_in_order_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
