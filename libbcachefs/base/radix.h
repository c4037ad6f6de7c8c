/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic radix tree: a sparse array of objects of one size, indexed by any u64.
 *
 * Objects are zeroed when made, aligned to 16 bytes, never move, and live until bch_radix_end().
 * One thread at a time makes; any number may look meanwhile without a lock: they see an object
 * zeroed or later, never half a tree. What is in the objects is for the callers to guard.
 */

#ifndef BCHFS_BASE_RADIX_H
#define BCHFS_BASE_RADIX_H

#include <bcachefs/types.h>

struct bch_radix_node;

struct bch_radix {
	struct bch_radix_node *_Atomic root;
	size_t object_size;
};

/* An empty tree. */
#define BCH_RADIX(size) ((struct bch_radix){ .object_size = (size) })

void bch_radix_end(struct bch_radix *radix);
static inline void bch_radix_cleanup(struct bch_radix *radix)
{
	bch_radix_end(radix);
}

/*
 * The object at @index, made where it is not there. NULL where memory is out: no object is made
 * then.
 */
void *bch_radix_make(struct bch_radix *radix, u64 index);

/* The object at @index; NULL where there is none. */
void *bch_radix_get(const struct bch_radix *radix, u64 index);

/*
 * The first object at *@index or after it, the last at *@index or before it; *@index becomes its
 * place. NULL where there is none, *@index is left alone.
 */
void *bch_radix_next(const struct bch_radix *radix, u64 *index);
void *bch_radix_prev(const struct bch_radix *radix, u64 *index);

#endif
