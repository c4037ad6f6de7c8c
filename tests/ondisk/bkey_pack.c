// SPDX-License-Identifier: GPL-2.0-or-later
/* Packed keys: the examples of the format reference (02 §5.6), formats, packing there and back, any bytes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "ondisk/bkey_pack.h"

static struct bch_key_format format_of(u8 key_u64s, const u8 bits[6], const u64 offset[6])
{
	struct bkey_format disk = { .key_u64s = key_u64s, .nr_fields = BCH_KEY_FIELD_NR };
	struct bch_key_format f;

	memcpy(disk.bits_per_field, bits, 6);
	for (unsigned i = 0; i < 6; i++)
		disk.field_offset[i] = le64_of(offset[i]);
	assert_true(bch_key_format_get(&f, &disk));
	return f;
}

static struct bch_key_format format_of_example(void)
{
	return format_of(1, (const u8[]){ 8, 16, 2, 12, 0, 0 },
			 (const u64[]){ 5654, 1, 4294967292, 0, 0, 0 });
}

static void assert_unpacks(const struct bch_key_format *f, const u8 *bytes, size_t len,
			   const struct bch_key *want)
{
	u8 *b = calloc(1, len), again[64];
	struct bch_key k;
	size_t used;

	memcpy(b, bytes, 8U * f->key_u64s);
	assert_int_equal(bch_key_unpack((struct bch_bytes){ b, len }, f, &k, &used), BCH_KEY_VALID);
	assert_int_equal(used, len);
	assert_int_equal(bch_pos_compare(k.pos, want->pos), 0);
	assert_int_equal(bch_pos_compare(bch_key_unpack_pos(b, f), want->pos), 0);
	assert_int_equal(k.size, want->size);
	assert_int_equal(k.type, want->type);
	assert_int_equal(k.version_lo, want->version_lo);
	assert_int_equal(k.version_hi, want->version_hi);
	assert_int_equal(k.val.len, len - 8U * f->key_u64s);
	assert_true(bch_key_pack(&k, f, again));
	assert_memory_equal(again, b, 8U * f->key_u64s);
	free(b);
}

static void example_keys_unpack_and_pack_to_the_same_bytes(void **state)
{
	struct bch_key_format f = format_of_example();

	assert_unpacks(
		&f, (const u8[]){ 3, 0, 6, 0, 2, 0xff, 3, 0xa2 }, 24,
		&(struct bch_key){ .pos = { 5816, 1024, 4294967292 }, .size = 128, .type = 6 });
	assert_unpacks(&f, (const u8[]){ 3, 0, 0x11, 4, 0x80, 0, 0, 1 }, 24,
		       &(struct bch_key){ .pos = { 5655, 1, 4294967294 }, .size = 1, .type = 17 });
	f = format_of(2, (const u8[]){ 32, 16, 32, 16, 0, 0 },
		      (const u64[]){ 5109, 8, 0, 0, 0, 0 });
	assert_unpacks(
		&f, (const u8[]){ 4, 0, 17, 0, 8, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 4, 0, 0, 0 }, 32,
		&(struct bch_key){ .pos = { 5113, 8, 0xffffffff }, .size = 8, .type = 17 });
}

static void position_lies_verbatim_in_the_format_of_the_whole_key_space(void **state)
{
	static const u8 want[24] = { 9, 0, 18, 0, 0, 0, 0, 0, 46 };
	struct bch_key_format f =
		format_of(3, (const u8[]){ 64, 64, 32, 0, 0, 0 }, (const u64[6]){ 0 });
	struct bch_key k = { .pos = bch_pos(0, 46), .type = 18, .val = { want, 48 } };
	u8 out[24];

	assert_true(bch_key_pack(&k, &f, out));
	assert_memory_equal(out, want, 24);
}

static void key_outside_the_format_does_not_pack_but_unpacked_it_does(void **state)
{
	struct bch_key_format f = format_of_example();
	struct bch_key k = { .pos = { 5653, 1, 4294967292 },
			     .version_lo = 7,
			     .version_hi = 9,
			     .size = 5,
			     .type = 6 };
	u8 out[40];

	assert_false(bch_key_pack(&k, &f, out));
	k.pos.inode = 5654 + 256;
	assert_false(bch_key_pack(&k, &f, out));
	assert_true(bch_key_pack(&k, &bch_key_format_unpacked, out));
	assert_unpacks(&bch_key_format_unpacked, out, 40, &k);
	assert_int_equal(out[1], BCH_KEY_FORMAT_CURRENT);
}

static void format_is_the_one_that_a_kernel_chose(void **state)
{
	struct bch_key first = { .pos = { 5654, 1, 4294967292 }, .size = 0 };
	struct bch_key last = { .pos = { 5816, 1024, 4294967295 }, .size = 128 };
	struct bch_key_format want = format_of_example(), have;
	struct bch_key_ranges r;

	bch_key_ranges_init(&r);
	bch_key_ranges_add(&r, &first);
	bch_key_ranges_add(&r, &last);
	have = bch_key_format_of(&r);
	assert_memory_equal(have.bits, want.bits, 6);
	assert_memory_equal(have.offset, want.offset, sizeof(want.offset));
	assert_int_equal(have.key_u64s, 1);
}

static void format_of_an_empty_root_holds_positions_alone(void **state)
{
	struct bch_key_ranges r;
	struct bch_key_format f;

	bch_key_ranges_init(&r);
	bch_key_ranges_add_pos(&r, BCH_POS_MIN);
	bch_key_ranges_add_pos(&r, BCH_SPOS_MAX);
	f = bch_key_format_of(&r);
	assert_int_equal(f.key_u64s, 3);
	assert_memory_equal(f.bits, ((u8[]){ 64, 64, 32, 0, 0, 0 }), 6);
	assert_memory_equal(f.offset, ((u64[6]){ 0 }), sizeof(f.offset));
}

static void offset_near_the_top_is_lowered_for_whole_bytes(void **state)
{
	struct bch_key_ranges r;
	struct bch_key_format f;

	bch_key_ranges_init(&r);
	bch_key_ranges_add_pos(&r, bch_spos(1, 1, 4294967294));
	bch_key_ranges_add_pos(&r, bch_spos(1, 1, 4294967295));
	f = bch_key_format_of(&r);
	assert_int_equal(f.bits[BCH_KEY_FIELD_snapshot], 8);
	assert_int_equal(f.offset[BCH_KEY_FIELD_snapshot], 4294967040);
}

static void format_that_is_not_valid_is_refused(void **state)
{
	static const struct {
		u8 key_u64s, nr_fields, field, bits;
		u64 offset;
	} bad[] = {
		{ 2, 6, 0, 0, 0 },  { 1, 5, 0, 0, 0 },		{ 1, 6, 2, 33, 0 },
		{ 2, 6, 0, 64, 1 }, { 1, 6, 2, 0, 1ULL << 32 }, { 1, 6, 2, 8, 0xffffff01 },
		{ 6, 6, 0, 65, 0 },
	};

	for (size_t i = 0; i < bch_array_size(bad); i++) {
		struct bkey_format disk = { .key_u64s = bad[i].key_u64s,
					    .nr_fields = bad[i].nr_fields };
		struct bch_key_format f;

		disk.bits_per_field[bad[i].field] = bad[i].bits;
		disk.field_offset[bad[i].field] = le64_of(bad[i].offset);
		assert_false(bch_key_format_get(&f, &disk));
	}
}

static u64 next_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static struct bch_key random_key(u64 *seed)
{
	unsigned shift = next_random(seed) % 64;

	return (struct bch_key){ .pos = { next_random(seed) >> shift, next_random(seed) >> shift,
					  (u32)next_random(seed) },
				 .version_lo = next_random(seed) >> shift,
				 .size = (u32)next_random(seed) >> (shift & 31),
				 .type = (u8)next_random(seed) };
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void packed_keys_compare_as_their_positions(void **state)
{
	u64 seed = 4711;

	for (unsigned i = 0; i < 20000; i++) {
		struct bch_key a = random_key(&seed), b = random_key(&seed);
		struct bch_key_ranges r;
		struct bch_key_format f, got;
		struct bkey_format disk;
		u8 pa[40], pb[40], ua[40];
		int want;

		b.pos.inode = i % 3 ? b.pos.inode : a.pos.inode;
		b.pos.offset = i % 5 ? b.pos.offset : a.pos.offset;
		b.pos.snapshot = i % 7 ? b.pos.snapshot : a.pos.snapshot;
		want = bch_pos_compare(a.pos, b.pos);
		bch_key_ranges_init(&r);
		bch_key_ranges_add(&r, &a);
		bch_key_ranges_add(&r, &b);
		f = bch_key_format_of(&r);
		bch_key_format_put(&f, &disk);
		assert_true(bch_key_format_get(&got, &disk));
		assert_memory_equal(got.bits, f.bits, sizeof(f.bits));
		assert_memory_equal(got.shift, f.shift, sizeof(f.shift));
		assert_memory_equal(got.offset, f.offset, sizeof(f.offset));

		assert_true(bch_key_pack(&a, &f, pa));
		assert_true(bch_key_pack(&b, &f, pb));
		assert_true(bch_key_pack(&a, &bch_key_format_unpacked, ua));
		assert_int_equal(sign(bch_key_packed_compare(pa, pb, &f)), want);
		assert_int_equal(sign(bch_key_packed_compare(ua, pb, &f)), want);
		assert_unpacks(&f, pa, 8U * f.key_u64s, &a);
	}
}

static void bad_headers_are_told_apart(void **state)
{
	struct bch_key_format f = format_of_example();
	static const struct {
		u8 bytes[8];
		size_t len;
		int id;
	} bad[] = {
		{ { 1 }, 0, BCH_FSCK_btree_node_bkey_past_bset_end },
		{ { 2 }, 8, BCH_FSCK_btree_node_bkey_past_bset_end },
		{ { 1, 2 }, 8, BCH_FSCK_btree_node_bkey_bad_format },
		{ { 0 }, 8, BCH_FSCK_btree_node_bkey_bad_u64s },
		{ { 252 }, 8, BCH_FSCK_btree_node_bkey_bad_u64s },
		{ { 4, 1 }, 8, BCH_FSCK_btree_node_bkey_bad_u64s },
	};

	for (size_t i = 0; i < bch_array_size(bad); i++) {
		struct bch_key k;
		size_t len;

		assert_int_equal(bch_key_unpack((struct bch_bytes){ bad[i].bytes, bad[i].len }, &f,
						&k, &len),
				 bad[i].id);
		assert_int_equal(len, 0);
	}
}

static void successor_and_predecessor_carry(void **state)
{
	struct bch_pos p = bch_spos(1, BCH_U64_MAX, BCH_U32_MAX);

	assert_int_equal(bch_pos_compare(bch_pos_successor(p), bch_spos(2, 0, 0)), 0);
	assert_int_equal(bch_pos_compare(bch_pos_predecessor(bch_spos(2, 0, 0)), p), 0);
	assert_int_equal(bch_pos_compare(bch_pos_successor(BCH_SPOS_MAX), BCH_POS_MIN), 0);
	assert_int_equal(bch_pos_compare(bch_pos_predecessor(BCH_POS_MIN), BCH_SPOS_MAX), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(example_keys_unpack_and_pack_to_the_same_bytes),
		cmocka_unit_test(position_lies_verbatim_in_the_format_of_the_whole_key_space),
		cmocka_unit_test(key_outside_the_format_does_not_pack_but_unpacked_it_does),
		cmocka_unit_test(format_is_the_one_that_a_kernel_chose),
		cmocka_unit_test(format_of_an_empty_root_holds_positions_alone),
		cmocka_unit_test(offset_near_the_top_is_lowered_for_whole_bytes),
		cmocka_unit_test(format_that_is_not_valid_is_refused),
		cmocka_unit_test(packed_keys_compare_as_their_positions),
		cmocka_unit_test(bad_headers_are_told_apart),
		cmocka_unit_test(successor_and_predecessor_carry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
