// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of the journal over those of nodes: order, covering, hiding, adding up. Format reference: 03 §6. */

#include "node_build.h"

#include "btree/overlay.h"

static struct bch_key value_key(u64 offset, u64 *value)
{
	return (struct bch_key){ .pos = bch_pos(0, offset),
				 .type = BCH_KEY_cookie,
				 .val = { (const u8 *)value, sizeof(*value) } };
}

static void add(struct bch_key_overlay *o, u8 btree_id, u8 level, u64 offset, u64 value)
{
	struct bch_key k = value_key(offset, &value);

	assert_int_equal(bch_key_overlay_add(o, btree_id, level, &k), 0);
}

static u64 value_of(const struct bch_key *k)
{
	le64 v = { { 0 } };

	memcpy(&v, k->val.p, k->val.len < 8 ? k->val.len : 8);
	return le64_get(v);
}

static void later_key_replaces_the_earlier_at_its_place_alone(void **state)
{
	struct bch_key_overlay *o bch_auto(key_overlay) = bch_key_overlay_new();
	u8 btree_id, level;
	struct bch_key k;
	size_t at = 0;

	add(o, 2, 0, 20, 1);
	add(o, 1, 1, 10, 2);
	add(o, 2, 0, 10, 3);
	add(o, 1, 0, 10, 4);
	add(o, 2, 0, 20, 5);
	bch_key_overlay_seal(o);

	assert_int_equal(bch_key_overlay_nr(o), 4);
	for (u64 i = 0; i < 4; i++) {
		static const u64 want[][4] = {
			{ 1, 0, 10, 4 }, { 1, 1, 10, 2 }, { 2, 0, 10, 3 }, { 2, 0, 20, 5 }
		};

		assert_true(bch_key_overlay_next(o, &at, &btree_id, &level, &k));
		assert_int_equal(btree_id, want[i][0]);
		assert_int_equal(level, want[i][1]);
		assert_int_equal(k.pos.offset, want[i][2]);
		assert_int_equal(value_of(&k), want[i][3]);
	}
	assert_false(bch_key_overlay_next(o, &at, &btree_id, &level, &k));
	assert_int_equal(bch_key_overlay_run(o, 2, 0).nr, 2);
	assert_int_equal(bch_key_overlay_run(o, 1, 1).nr, 1);
	assert_int_equal(bch_key_overlay_run(o, 3, 0).nr, 0);
}

static void empty_overlay_has_no_keys(void **state)
{
	struct bch_key_overlay *o bch_auto(key_overlay) = bch_key_overlay_new();

	bch_key_overlay_seal(o);
	assert_int_equal(bch_key_overlay_nr(o), 0);
	assert_int_equal(bch_key_overlay_run(o, 0, 0).nr, 0);
}

static void values_survive_their_source(void **state)
{
	struct bch_key_overlay *o bch_auto(key_overlay) = bch_key_overlay_new();
	u64 nr = 200000; /* more than a chunk holds */
	struct bch_overlay_run run;
	struct bch_layer layer;

	for (u64 i = 0; i < nr; i++)
		add(o, 0, 0, nr - i, i);
	bch_key_overlay_seal(o);
	run = bch_key_overlay_run(o, 0, 0);
	layer = bch_overlay_layer(&run, false);
	layer.ops->seek(&layer, bch_pos(0, 0), 1);
	for (u64 i = 0; i < nr; i++, layer.ops->step(&layer, 1)) {
		assert_true(layer.has);
		assert_int_equal(value_of(&layer.key), nr - layer.key.pos.offset);
	}
	assert_false(layer.has);
}

/* Two layers: keys 10, 20, 30 below, 20 replaced, 30 deleted, 40 new above. */
static void check_merge(int dir, struct bch_pos start, struct bch_pos end, const u64 *want,
			size_t nr)
{
	struct bch_key_overlay *below bch_auto(key_overlay) = bch_key_overlay_new();
	struct bch_key_overlay *above bch_auto(key_overlay) = bch_key_overlay_new();
	struct bch_key deleted = build_deleted(30), k;
	struct bch_overlay_run runs[2];
	struct bch_layers l = { .nr = 0 };

	add(below, 0, 0, 10, 1);
	add(below, 0, 0, 20, 2);
	add(below, 0, 0, 30, 3);
	add(above, 0, 0, 20, 4);
	assert_int_equal(bch_key_overlay_add(above, 0, 0, &deleted), 0);
	add(above, 0, 0, 40, 5);
	bch_key_overlay_seal(below);
	bch_key_overlay_seal(above);

	runs[0] = bch_key_overlay_run(below, 0, 0);
	runs[1] = bch_key_overlay_run(above, 0, 0);
	bch_layers_add(&l, bch_overlay_layer(&runs[0], false));
	bch_layers_add(&l, bch_overlay_layer(&runs[1], false));
	bch_layers_seek(&l, start, end, dir);
	for (size_t i = 0; i < nr; i++) {
		assert_true(bch_layers_next(&l, &k));
		assert_int_equal(value_of(&k), want[i]);
	}
	assert_false(bch_layers_next(&l, &k));
}

static void upper_layer_covers_and_hides_in_both_directions(void **state)
{
	check_merge(1, BCH_POS_MIN, BCH_SPOS_MAX, (const u64[]){ 1, 4, 5 }, 3);
	check_merge(-1, BCH_SPOS_MAX, BCH_POS_MIN, (const u64[]){ 5, 4, 1 }, 3);
	check_merge(1, bch_pos(0, 11), bch_pos(0, 40), (const u64[]){ 4, 5 }, 2);
	check_merge(1, bch_pos(0, 10), bch_pos(0, 39), (const u64[]){ 1, 4 }, 2);
	check_merge(-1, bch_pos(0, 39), bch_pos(0, 20), (const u64[]){ 4 }, 1);
	check_merge(-1, bch_pos(0, 40), bch_pos(0, 11), (const u64[]){ 5, 4 }, 2);
	check_merge(1, bch_pos(0, 41), BCH_SPOS_MAX, NULL, 0);
	check_merge(-1, bch_pos(0, 9), BCH_POS_MIN, NULL, 0);
}

/* ------------------------------------------------------------------ accounting */

struct counter {
	u64 version, value;
};

static void add_counter(struct bch_key_overlay *o, struct counter c)
{
	struct bch_key k = value_key(10, &c.value);

	k.type = BCH_KEY_accounting;
	k.version_lo = c.version;
	assert_int_equal(bch_key_overlay_add(o, BCH_BTREE_accounting, 0, &k), 0);
}

/* What comes out at position 10, in both directions; *@version is that of the sum. False: nothing. */
static bool sum(const struct counter *base, const struct counter *deltas, size_t nr, u64 *value,
		u64 *version)
{
	struct bch_key_overlay *below bch_auto(key_overlay) = bch_key_overlay_new();
	struct bch_key_overlay *above bch_auto(key_overlay) = bch_key_overlay_new();
	struct bch_overlay_run runs[2];
	struct bch_layers l = { .nr = 0 };
	struct bch_key k, back;
	bool found;

	if (base)
		add_counter(below, *base);
	for (size_t i = 0; i < nr; i++)
		add_counter(above, deltas[i]);
	bch_key_overlay_seal(below);
	bch_key_overlay_seal(above);
	runs[0] = bch_key_overlay_run(below, BCH_BTREE_accounting, 0);
	runs[1] = bch_key_overlay_run(above, BCH_BTREE_accounting, 0);
	bch_layers_add(&l, bch_overlay_layer(&runs[0], false));
	bch_layers_add(&l, bch_overlay_layer(&runs[1], true));

	bch_layers_seek(&l, BCH_POS_MIN, BCH_SPOS_MAX, 1);
	found = bch_layers_next(&l, &k);
	if (found) {
		*value = value_of(&k);
		*version = k.version_lo;
		assert_false(bch_layers_next(&l, &k));
	}
	bch_layers_seek(&l, BCH_SPOS_MAX, BCH_POS_MIN, -1);
	assert_int_equal(bch_layers_next(&l, &back), found);
	if (found) {
		assert_int_equal(value_of(&back), *value);
		assert_int_equal(back.version_lo, *version);
	}
	return found;
}

static void deltas_add_up_unless_they_are_in_the_sum_already(void **state)
{
	const struct counter base = { 5, 100 };
	const struct counter deltas[] = { { 4, 1000 }, { 5, 1000 }, { 6, 7 }, { 7, -(u64)2 } };
	u64 value, version;

	assert_true(sum(&base, deltas, 4, &value, &version));
	assert_int_equal(value, 105);
	assert_int_equal(version, 7);
	assert_true(sum(&base, deltas, 2, &value, &version));
	assert_int_equal(value, 100);
	assert_int_equal(version, 5);
	assert_true(sum(NULL, deltas + 2, 2, &value, &version));
	assert_int_equal(value, 5);
	assert_int_equal(version, 7);
}

static void counters_that_become_zero_are_absent(void **state)
{
	const struct counter base = { 5, 2 }, delta = { 6, -(u64)2 };
	u64 value, version;

	assert_false(sum(&base, &delta, 1, &value, &version));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_key_replaces_the_earlier_at_its_place_alone),
		cmocka_unit_test(empty_overlay_has_no_keys),
		cmocka_unit_test(values_survive_their_source),
		cmocka_unit_test(upper_layer_covers_and_hides_in_both_directions),
		cmocka_unit_test(deltas_add_up_unless_they_are_in_the_sum_already),
		cmocka_unit_test(counters_that_become_zero_are_absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
