// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generic radix tree.
 *
 * A node has 64 slots and a bitmap of those in use: objects at level 0, nodes of the level below
 * elsewhere. A slot at level n covers 64^n indexes. The root is as high as the largest index
 * needed, its first slot leads to the old root. Nothing is ever taken out, so the writer publishes
 * a slot by setting its bit with release, and a new root likewise; a reader that loads with acquire
 * sees all that lies behind.
 */

#include <stdatomic.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/memory.h"
#include "base/radix.h"

#define LEVEL_BITS 6
#define NR_SLOTS   (1 << LEVEL_BITS)
#define SLOT_MASK  ((u64)NR_SLOTS - 1)

struct bch_radix_node {
	_Atomic u64 used;
	u32 level;
	_Alignas(16) union {
		struct bch_radix_node *child[NR_SLOTS];
		u8 objects[1]; /* NR_SLOTS of them, end to end */
	};
};

enum direction {
	FORWARD,
	BACKWARD
};

/*
 * Distance of the objects: their size rounded up, so that all are aligned. 0 where that does not
 * fit.
 */
static size_t object_stride(const struct bch_radix *radix)
{
	u64 stride = 0;

	return bch_round_up(radix->object_size, 16, &stride) && stride <= SIZE_MAX ? stride : 0;
}

static u32 slot_of(const struct bch_radix_node *node, u64 index)
{
	return (u32)(index >> LEVEL_BITS * node->level & SLOT_MASK);
}

/*
 * The last index below @node, whose first is 0. The top level of all has bits to spare: nothing
 * overflows.
 */
static u64 last_index(const struct bch_radix_node *root)
{
	u32 bits = LEVEL_BITS * (root->level + 1);

	return bits < 64 ? ((u64)1 << bits) - 1 : BCH_U64_MAX;
}

static bool slot_used(const struct bch_radix_node *node, u32 slot)
{
	return atomic_load_explicit(&node->used, memory_order_acquire) >> slot & 1;
}

static void publish_slot(struct bch_radix_node *node, u32 slot)
{
	atomic_fetch_or_explicit(&node->used, (u64)1 << slot, memory_order_release);
}

static void *object_at(const struct bch_radix *radix, struct bch_radix_node *node, u32 slot)
{
	return node->objects + object_stride(radix) * slot;
}

static struct bch_radix_node *new_node(const struct bch_radix *radix, u32 level)
{
	size_t size = sizeof(struct bch_radix_node), stride = object_stride(radix), bytes;
	struct bch_radix_node *node;

	if (!level) {
		if (!stride || !bch_mul(stride, (size_t)NR_SLOTS, &bytes) ||
		    !bch_add(bytes, offsetof(struct bch_radix_node, objects), &bytes))
			return NULL;
		size = bytes > size ? bytes : size;
	}
	node = bch_calloc(1, size);
	if (node)
		node->level = level;
	return node;
}

static void free_node(struct bch_radix_node *node)
{
	for (u32 slot = 0; node->level && slot < NR_SLOTS; slot++)
		if (node->child[slot])
			free_node(node->child[slot]);
	free(node);
}

void bch_radix_end(struct bch_radix *radix)
{
	if (radix->root)
		free_node(radix->root);
	radix->root = NULL;
}

/* The level of a root that just covers @index. */
static u32 level_for(u64 index)
{
	return index ? bch_ilog2(index) / LEVEL_BITS : 0;
}

/* A root that covers @index. */
static struct bch_radix_node *make_root(struct bch_radix *radix, u64 index)
{
	struct bch_radix_node *root = radix->root, *higher;

	while (!root || index > last_index(root)) {
		higher = new_node(radix, root ? root->level + 1 : level_for(index));
		if (!higher)
			return NULL;
		if (root) {
			higher->child[0] = root;
			publish_slot(higher, 0);
		}
		atomic_store_explicit(&radix->root, higher, memory_order_release);
		root = higher;
	}
	return root;
}

void *bch_radix_make(struct bch_radix *radix, u64 index)
{
	struct bch_radix_node *node = make_root(radix, index);
	u32 slot;

	while (node && node->level) {
		slot = slot_of(node, index);
		if (!slot_used(node, slot)) {
			node->child[slot] = new_node(radix, node->level - 1);
			if (!node->child[slot])
				return NULL;
			publish_slot(node, slot);
		}
		node = node->child[slot];
	}
	if (!node)
		return NULL;
	slot = slot_of(node, index);
	publish_slot(node, slot);
	return object_at(radix, node, slot);
}

void *bch_radix_get(const struct bch_radix *radix, u64 index)
{
	struct bch_radix_node *node = atomic_load_explicit(&radix->root, memory_order_acquire);

	if (!node || index > last_index(node))
		return NULL;
	for (; slot_used(node, slot_of(node, index)); node = node->child[slot_of(node, index)])
		if (!node->level)
			return object_at(radix, node, slot_of(node, index));
	return NULL;
}

/* *@index, which @node covers, moved to @slot: to the near end of it unless it is there already. */
static u64 enter_slot(const struct bch_radix_node *node, u64 index, u32 slot, enum direction way)
{
	u32 shift = LEVEL_BITS * node->level;
	u64 below = ((u64)1 << shift) - 1;

	if (slot == slot_of(node, index))
		return index;
	index = (index & ~(SLOT_MASK << shift)) | (u64)slot << shift;
	return way == FORWARD ? index & ~below : index | below;
}

/*
 * The nearest object to *@index in one direction below @node. A node may be empty where making
 * stopped for want of memory, so that several slots are tried; the depth of the recursion is that
 * of the tree, 11 at most.
 */
static void *find_near(const struct bch_radix *radix, struct bch_radix_node *node, u64 *index,
		       enum direction way)
{
	u32 slot = slot_of(node, *index);
	u64 used = atomic_load_explicit(&node->used, memory_order_acquire);

	used &= way == FORWARD ? BCH_U64_MAX << slot : BCH_U64_MAX >> (NR_SLOTS - 1 - slot);
	while (used) {
		u64 at;
		void *object;

		slot = way == FORWARD ? (u32)__builtin_ctzll(used) : bch_ilog2(used);
		at = enter_slot(node, *index, slot, way);
		object = node->level ? find_near(radix, node->child[slot], &at, way)
				     : object_at(radix, node, slot);
		if (object) {
			*index = at;
			return object;
		}
		used &= ~((u64)1 << slot);
	}
	return NULL;
}

void *bch_radix_next(const struct bch_radix *radix, u64 *index)
{
	struct bch_radix_node *root = atomic_load_explicit(&radix->root, memory_order_acquire);

	return root && *index <= last_index(root) ? find_near(radix, root, index, FORWARD) : NULL;
}

void *bch_radix_prev(const struct bch_radix *radix, u64 *index)
{
	struct bch_radix_node *root = atomic_load_explicit(&radix->root, memory_order_acquire);
	u64 at = *index;
	void *object;

	if (!root)
		return NULL;
	if (at > last_index(root))
		at = last_index(root);
	object = find_near(radix, root, &at, BACKWARD);
	if (object)
		*index = at;
	return object;
}
