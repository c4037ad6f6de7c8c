// SPDX-License-Identifier: GPL-2.0-or-later
/* A recount takes any keys whatever, and bears that memory runs out at any place. */

#include "../btree/image.h"

#include <bcachefs/journal.h>
#include "alloc/alloc.h"
#include "base/fault.h"

#define NR_ROUNDS 600 /* times all keys of the image */

/* The same numbers in every run: xorshift. */
static u64 next_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Changes some bytes of the value, its length, and what the key says of itself. */
static void mutate(struct bch_key *k, u8 val[BCH_KEY_VALUE_MAX], u64 *random)
{
	u64 r = next_random(random);

	memcpy(val, k->val.p, k->val.len);
	k->val.p = val;
	for (u32 i = 0; i < r % 4; i++)
		val[next_random(random) % (k->val.len + 1)] ^= (u8)(1 << next_random(random) % 8);
	r = next_random(random);
	if (r % 8 == 0)
		k->type = (u8)(r >> 8) % (BCH_KEY_TYPE_NR + 1);
	if (r % 16 == 1)
		k->size = (u32)(r >> 8);
	if (r % 16 == 2)
		k->val.len -= (r >> 8) % (k->val.len + 1);
	if (r % 16 == 3)
		k->pos = bch_spos(r >> 8, next_random(random), (u32)(r >> 40));
	if (r % 16 == 4)
		k->pos.inode = r >> 60;
}

static void feed_mutated(struct bch_recount *r, u8 btree_id, u64 *random)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	u8 val[BCH_KEY_VALUE_MAX + 1];
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0) {
		u8 level = next_random(random) % 16 ? 0 : (u8)(next_random(random) % 6);

		mutate(&k, val, random);
		assert_int_equal(bch_recount_key(r, btree_id, level, &k), 0);
	}
}

static void recount_mutated(struct image *image, u16 version, u64 *random)
{
	struct bch_recount *r bch_auto(recount) = NULL;

	image->fs->super.sb->version = le16_of(version);
	assert_int_equal(bch_recount_new(image->fs, NULL, &r), 0);
	for (u8 id = 0; id < BCH_BTREE_NR; id++)
		feed_mutated(r, id, random);
	assert_int_equal(bch_recount_finish(r), 0);
	assert_non_null(bch_counters_next(&r->counters, NULL));
}

static void any_keys_are_counted_without_harm(void **state)
{
	static const char *const dirs[] = { "tests/images/09-targets", "tests/images/139-removed" };
	static const u16 versions[] = { BCH_VERSION(1, 7), BCH_VERSION(1, 13), BCH_VERSION(1, 28),
					BCH_VERSION(1, 39) };
	u64 random = 0x9e3779b97f4a7c15;

	for (u32 i = 0; i < bch_array_size(dirs); i++) {
		struct image image = image_unpack(*state, dirs[i]);

		image_ready(&image, NULL);
		for (u32 round = 0; round < NR_ROUNDS; round++)
			recount_mutated(&image, versions[round % bch_array_size(versions)],
					&random);
		image_end(&image);
	}
}

/* ------------------------------------------------------------------ memory */

static int ignore(void *arg, const struct bch_recount_difference *d)
{
	return 0;
}

static void memory_that_runs_out_anywhere_is_an_error(void **state)
{
	struct bch_faults faults bch_auto(faults) = bch_faults();
	struct image image = image_unpack(*state, "tests/images/14-quota");
	u64 fired = 1;
	int err = 0;

	image_ready(&image, NULL);
	for (u64 nth = 1; fired; nth++) {
		struct bch_counters counted bch_auto(counters) = bch_counters();

		assert_int_equal(bch_fault_set(&faults, "memory", nth), 0);
		err = bch_recount_compare(image.fs, ignore, NULL, &counted);
		fired = bch_fault_fired(&faults, "memory");
		bch_faults_end(&faults);
		assert_true(!fired || err == -BCH_ERR_no_memory || !err);
	}
	assert_int_equal(err, 0);
	image_end(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_keys_are_counted_without_harm, temp_setup,
						temp_teardown),
		cmocka_unit_test_setup_teardown(memory_that_runs_out_anywhere_is_an_error,
						temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
