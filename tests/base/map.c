// SPDX-License-Identifier: GPL-2.0-or-later
/* Ordered map, held against a sorted table. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/map.h"

#define NR_KEYS 300

struct item {
	u32 key;
	struct bch_map_node node;
};

/* The model: items[key] is in the map if present[key]. */
struct model {
	struct bch_map map;
	struct item items[NR_KEYS];
	bool present[NR_KEYS];
};

static u32 key_of(const struct bch_map_node *node)
{
	return bch_map_entry(node, struct item, node)->key;
}

static int compare(const void *key, const struct bch_map_node *node)
{
	u32 a = *(const u32 *)key, b = key_of(node);

	return (a > b) - (a < b);
}

static struct model new_model(void)
{
	struct model model = { .map = BCH_MAP(compare) };

	for (u32 key = 0; key < NR_KEYS; key++)
		model.items[key].key = key;
	return model;
}

static u32 next_random(u32 *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static struct bch_map_node *first_present(struct model *model, u32 key)
{
	for (; key < NR_KEYS; key++)
		if (model->present[key])
			return &model->items[key].node;
	return NULL;
}

static void insert(struct model *model, u32 key)
{
	struct bch_map_node *have = bch_map_insert(&model->map, &key, &model->items[key].node);

	assert_ptr_equal(have, model->present[key] ? &model->items[key].node : NULL);
	model->present[key] = true;
}

static void remove_key(struct model *model, u32 key)
{
	struct bch_map_node *have = bch_map_remove(&model->map, &key);

	assert_ptr_equal(have, model->present[key] ? &model->items[key].node : NULL);
	model->present[key] = false;
}

/* Keys, priorities and depth below @node; returns the depth. */
static u32 check_tree(const struct bch_map_node *node, s64 low, s64 high)
{
	u32 left, right;

	if (!node)
		return 0;
	assert_true(key_of(node) > low);
	assert_true(key_of(node) < high);
	assert_true(!node->left || node->left->priority <= node->priority);
	assert_true(!node->right || node->right->priority <= node->priority);
	left = check_tree(node->left, low, key_of(node));
	right = check_tree(node->right, key_of(node), high);
	return 1 + (left > right ? left : right);
}

/* The map has what the model has, forward and backward, and every search finds what it should. */
static void check_model(struct model *model)
{
	struct bch_map_node *node = bch_map_first(&model->map), *before = NULL;

	check_tree(model->map.root, -1, NR_KEYS);
	for (u32 key = 0; key < NR_KEYS; key++) {
		struct bch_map_node *item = &model->items[key].node;

		assert_ptr_equal(bch_map_find_ge(&model->map, &key), first_present(model, key));
		assert_ptr_equal(bch_map_find(&model->map, &key),
				 model->present[key] ? item : NULL);
		if (!model->present[key])
			continue;
		assert_ptr_equal(node, item);
		assert_ptr_equal(node->prev, before);
		before = node;
		node = node->next;
	}
	assert_null(node);
	assert_ptr_equal(bch_map_last(&model->map), before);
}

static void an_empty_map_has_nothing(void **state)
{
	struct model model = new_model();

	(void)state;
	check_model(&model);
	remove_key(&model, 7);
	assert_null(bch_map_first(&model.map));
}

static void a_key_that_is_there_is_not_inserted_again(void **state)
{
	struct model model = new_model();
	struct item twin = { .key = 7 };

	(void)state;
	insert(&model, 7);
	assert_ptr_equal(bch_map_insert(&model.map, &twin.key, &twin.node), &model.items[7].node);
	check_model(&model);
}

static void random_operations_agree_with_the_model(void **state)
{
	(void)state;
	for (u32 seed = 1; seed <= 5; seed++) {
		struct model model = new_model();
		u32 random = seed;

		for (u32 i = 0; i < 3000; i++) {
			u32 key = next_random(&random) % NR_KEYS;

			/* Mostly full, mostly empty, and back. */
			if (next_random(&random) % 8 < (i / 500 % 2 ? 2 : 6))
				insert(&model, key);
			else
				remove_key(&model, key);
			if (i % 50 == 0)
				check_model(&model);
		}
		check_model(&model);
	}
}

static void it_is_emptied_from_either_end(void **state)
{
	struct model model = new_model();

	(void)state;
	for (u32 key = 0; key < NR_KEYS; key++)
		insert(&model, key);
	for (u32 i = 0; i < NR_KEYS / 2; i++) {
		remove_key(&model, key_of(bch_map_first(&model.map)));
		remove_key(&model, key_of(bch_map_last(&model.map)));
	}
	check_model(&model);
	assert_null(model.map.root);
}

static void ascending_keys_make_no_list_of_it(void **state)
{
	static struct item items[20000];
	struct bch_map map = BCH_MAP(compare);

	(void)state;
	for (u32 key = 0; key < bch_array_size(items); key++) {
		items[key].key = key;
		assert_null(bch_map_insert(&map, &items[key].key, &items[key].node));
	}
	assert_in_range(check_tree(map.root, -1, bch_array_size(items)), 15, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_has_nothing),
		cmocka_unit_test(a_key_that_is_there_is_not_inserted_again),
		cmocka_unit_test(random_operations_agree_with_the_model),
		cmocka_unit_test(it_is_emptied_from_either_end),
		cmocka_unit_test(ascending_keys_make_no_list_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
