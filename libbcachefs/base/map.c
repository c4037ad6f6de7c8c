// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ordered map: a treap, threaded.
 *
 * Between calls: a node's key is more than all keys left of it and less than all right of it; no
 * child has a higher priority than its parent; prev and next are the neighbours in key order.
 * Priorities are pseudo-random and do not depend on keys, so the depth is logarithmic whatever the
 * order of insertion.
 */

#include "base/map.h"

/* Where a key belongs: the node that has it, or else its neighbours. */
struct place {
	struct bch_map_node *equal, *prev, *next;
};

static struct place find_place(const struct bch_map *map, const void *key)
{
	struct place place = { 0 };
	struct bch_map_node *node = map->root;

	while (node) {
		int order = map->compare(key, node);

		if (!order) {
			place.equal = node;
			break;
		}
		*(order < 0 ? &place.next : &place.prev) = node;
		node = order < 0 ? node->left : node->right;
	}
	return place;
}

/* xorshift32: every value but 0, each once before the first comes again. */
static u32 next_priority(struct bch_map *map)
{
	map->random ^= map->random << 13;
	map->random ^= map->random >> 17;
	map->random ^= map->random << 5;
	return map->random;
}

/* Parts @tree into what is less and what is more than @key, which is not in it. */
static void split(const struct bch_map *map, const void *key, struct bch_map_node *tree,
		  struct bch_map_node **less, struct bch_map_node **more)
{
	while (tree) {
		if (map->compare(key, tree) < 0) {
			*more = tree;
			more = &tree->left;
			tree = tree->left;
		} else {
			*less = tree;
			less = &tree->right;
			tree = tree->right;
		}
	}
	*less = NULL;
	*more = NULL;
}

/* Joins two trees, all of @less before all of @more, at *@into. */
static void join(struct bch_map_node **into, struct bch_map_node *less, struct bch_map_node *more)
{
	while (less && more) {
		if (less->priority > more->priority) {
			*into = less;
			into = &less->right;
			less = less->right;
		} else {
			*into = more;
			into = &more->left;
			more = more->left;
		}
	}
	*into = less ? less : more;
}

struct bch_map_node *bch_map_insert(struct bch_map *map, const void *key, struct bch_map_node *node)
{
	struct place place = find_place(map, key);
	struct bch_map_node **link = &map->root;

	if (place.equal)
		return place.equal;

	node->priority = next_priority(map);
	while (*link && (*link)->priority >= node->priority)
		link = map->compare(key, *link) < 0 ? &(*link)->left : &(*link)->right;
	split(map, key, *link, &node->left, &node->right);
	*link = node;

	node->prev = place.prev;
	node->next = place.next;
	if (node->prev)
		node->prev->next = node;
	if (node->next)
		node->next->prev = node;
	return NULL;
}

struct bch_map_node *bch_map_remove(struct bch_map *map, const void *key)
{
	struct bch_map_node **link = &map->root, *node;
	int order;

	while (*link && (order = map->compare(key, *link)))
		link = order < 0 ? &(*link)->left : &(*link)->right;
	node = *link;
	if (!node)
		return NULL;

	join(link, node->left, node->right);
	if (node->prev)
		node->prev->next = node->next;
	if (node->next)
		node->next->prev = node->prev;
	return node;
}

struct bch_map_node *bch_map_find(const struct bch_map *map, const void *key)
{
	return find_place(map, key).equal;
}

struct bch_map_node *bch_map_find_ge(const struct bch_map *map, const void *key)
{
	struct place place = find_place(map, key);

	return place.equal ? place.equal : place.next;
}

struct bch_map_node *bch_map_first(const struct bch_map *map)
{
	struct bch_map_node *node = map->root;

	while (node && node->left)
		node = node->left;
	return node;
}

struct bch_map_node *bch_map_last(const struct bch_map *map)
{
	struct bch_map_node *node = map->root;

	while (node && node->right)
		node = node->right;
	return node;
}
