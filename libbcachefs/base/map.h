/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ordered map: a balanced tree of nodes that lie in the caller's structs, with one compare
 * function.
 *
 * The map owns no memory: inserting cannot fail, and whoever removes a node frees what it lies in.
 * Finding, inserting and removing take O(log n) compares (expected), next and previous none.
 * Readers may share it, a writer is alone.
 */

#ifndef BCHFS_BASE_MAP_H
#define BCHFS_BASE_MAP_H

#include <bcachefs/types.h>

struct bch_map_node {
	struct bch_map_node *left, *right; /* the tree */
	struct bch_map_node *prev, *next;  /* the neighbours in key order, NULL at the ends */
	u32 priority;
};

/*
 * Less than, equal to or more than 0 as @key is less than, equal to or more than the key of @node.
 */
typedef int bch_map_compare(const void *key, const struct bch_map_node *node);

struct bch_map {
	struct bch_map_node *root;
	bch_map_compare *compare;
	u32 random; /* last random priority */
};

/* An empty map. */
#define BCH_MAP(compare_keys) ((struct bch_map){ .compare = (compare_keys), .random = 1 })

/* The struct that a node is a member of; NULL for NULL. */
#define bch_map_entry(node, type, member)                                                     \
	({                                                                                    \
		const struct bch_map_node *node_e = (node);                                   \
		node_e ? (type *)((char *)(uintptr_t)node_e - offsetof(type, member)) : NULL; \
	})

/*
 * Puts @node in under @key, its own key. If the key is there already: that node, and nothing
 * changes. Else NULL.
 */
struct bch_map_node *bch_map_insert(struct bch_map *map, const void *key,
				    struct bch_map_node *node);

/* Takes out the node with @key, and returns it; NULL where there is none. */
struct bch_map_node *bch_map_remove(struct bch_map *map, const void *key);

/* The node with @key; the first with a key not less than @key; NULL where there is none. */
struct bch_map_node *bch_map_find(const struct bch_map *map, const void *key);
struct bch_map_node *bch_map_find_ge(const struct bch_map *map, const void *key);

/* The ends, NULL where the map is empty. From there on through @next and @prev. */
struct bch_map_node *bch_map_first(const struct bch_map *map);
struct bch_map_node *bch_map_last(const struct bch_map *map);

#endif
