// SPDX-License-Identifier: GPL-2.0-or-later
/* Parity: every loss that can be made good is, by every way to sum, held against the definitions of P and Q. */

#include "vector.h"

#include <stdlib.h>

#include <bcachefs/error.h>
#include "codec/codec.h"
#include "codec/raid.h"

#define LEN 1536

static void (*const ways[])(u32 nr, const u8 *coefs, u8 *const *in, u8 *out, size_t len) = {
	bch_gf_sum_portable,
	bch_gf_sum,
};

struct stripe {
	u8 *blocks[BCH_RAID_BLOCKS_MAX];
	u32 nr_blocks, nr_redundant;
};

/* P and Q by their definition: Q by Horner's rule, from the last block to the first. */
static struct stripe stripe_new(u32 nr_blocks, u32 nr_redundant)
{
	struct stripe s = { .nr_blocks = nr_blocks, .nr_redundant = nr_redundant };
	u32 nr_data = nr_blocks - nr_redundant;

	for (u32 i = 0; i < nr_blocks; i++) {
		s.blocks[i] = calloc(1, LEN);
		assert_non_null(s.blocks[i]);
		if (i < nr_data)
			fill(s.blocks[i], LEN, i + 1);
	}
	for (u32 i = nr_data; i--;)
		for (u32 at = 0; at < LEN; at++) {
			u8 *q = nr_redundant > 1 ? &s.blocks[nr_data + 1][at] : NULL;

			s.blocks[nr_data][at] ^= s.blocks[i][at];
			if (q)
				*q = (u8)(*q << 1 ^ (*q & 0x80 ? 0x1d : 0) ^ s.blocks[i][at]);
		}
	return s;
}

static void stripe_end(struct stripe *s)
{
	for (u32 i = 0; i < s->nr_blocks; i++)
		free(s->blocks[i]);
}

/* What is lost is garbage while it is rebuilt. */
static void check_loss(struct stripe *s, u32 want, u32 other)
{
	u8 right[2][LEN];

	memcpy(right[0], s->blocks[want], LEN);
	memcpy(right[1], s->blocks[other], LEN);
	fill(s->blocks[want], LEN, 77);
	fill(s->blocks[other], LEN, 78);
	assert_int_equal(
		bch_raid_rebuild(s->nr_blocks, s->nr_redundant, 1U << other, want, s->blocks, LEN),
		0);
	assert_memory_equal(s->blocks[want], right[0], LEN);
	memcpy(s->blocks[other], right[1], LEN);
}

static void any_lost_block_is_rebuilt(void **state)
{
	(void)state;
	for (u32 nr = 2; nr <= BCH_RAID_BLOCKS_MAX; nr++) {
		struct stripe s = stripe_new(nr, 1);

		for (u32 want = 0; want < nr; want++)
			check_loss(&s, want, want);
		stripe_end(&s);
	}
}

static void any_two_lost_blocks_are_rebuilt(void **state)
{
	(void)state;
	for (u32 nr = 3; nr <= BCH_RAID_BLOCKS_MAX; nr++) {
		struct stripe s = stripe_new(nr, 2);

		for (u32 want = 0; want < nr; want++)
			for (u32 other = 0; other < nr; other++)
				check_loss(&s, want, other);
		stripe_end(&s);
	}
}

static void more_losses_than_parity_are_refused(void **state)
{
	struct stripe s = stripe_new(5, 2);

	(void)state;
	assert_int_equal(bch_raid_rebuild(5, 2, 0x6, 0, s.blocks, LEN), -BCH_ERR_data_lost);
	assert_int_equal(bch_raid_rebuild(5, 2, 0xe, 1, s.blocks, LEN), -BCH_ERR_data_lost);
	assert_int_equal(bch_raid_rebuild(5, 1, 0x10, 0, s.blocks, LEN), -BCH_ERR_data_lost);
	stripe_end(&s);
}

static void impossible_stripes_are_refused(void **state)
{
	u8 *none[1] = { NULL };

	(void)state;
	assert_int_equal(bch_raid_rebuild(17, 2, 0, 0, none, LEN), -BCH_ERR_invalid_argument);
	assert_int_equal(bch_raid_rebuild(5, 3, 0, 0, none, LEN), -BCH_ERR_invalid_argument);
	assert_int_equal(bch_raid_rebuild(1, 1, 0, 0, none, LEN), -BCH_ERR_invalid_argument);
	assert_int_equal(bch_raid_rebuild(0, 0, 0, 0, none, LEN), -BCH_ERR_invalid_argument);
	assert_int_equal(bch_raid_rebuild(5, 1, 0, 5, none, LEN), -BCH_ERR_invalid_argument);
}

static void every_number_has_its_inverse(void **state)
{
	(void)state;
	for (unsigned a = 1; a < 256; a++)
		assert_int_equal(bch_gf_mul((u8)a, bch_gf_inverse((u8)a)), 1);
	assert_int_equal(bch_gf_mul(0x80, 2), 0x1d);
}

static void all_ways_to_sum_agree(void **state)
{
	struct stripe s = stripe_new(16, 2);
	u8 sums[bch_array_size(ways)][LEN], coefs[16];

	(void)state;
	fill(coefs, sizeof(coefs), 5);
	coefs[3] = 1;
	coefs[4] = 0;
	for (u32 nr = 1; nr <= 16; nr++)
		for (size_t len = 1; len <= LEN; len += len < 70 ? 1 : 293) {
			for (size_t i = 0; i < bch_array_size(ways); i++)
				ways[i](nr, coefs, s.blocks, sums[i], len);
			assert_memory_equal(sums[0], sums[1], len);
		}
	stripe_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_lost_block_is_rebuilt),
		cmocka_unit_test(any_two_lost_blocks_are_rebuilt),
		cmocka_unit_test(more_losses_than_parity_are_refused),
		cmocka_unit_test(impossible_stripes_are_refused),
		cmocka_unit_test(every_number_has_its_inverse),
		cmocka_unit_test(all_ways_to_sum_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
