/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys that cover those in the nodes: replayed from the journal, or pointers to nodes that a scan found. Format
 * reference: 03 §6.2.
 *
 * Filled by one thread, then sealed, then read by any number.
 */

#ifndef BCHFS_BTREE_OVERLAY_H
#define BCHFS_BTREE_OVERLAY_H

#include "btree/layer.h"

struct bch_key_overlay;

/* An empty one. NULL where memory is out. */
struct bch_key_overlay *bch_key_overlay_new(void);
void bch_key_overlay_free(struct bch_key_overlay *overlay);
static inline void bch_key_overlay_cleanup(struct bch_key_overlay **overlay)
{
	bch_key_overlay_free(*overlay);
}

/*
 * Adds a copy of @k, a key in nodes of @level, the oldest first: a later one at the same position replaces it, but of
 * accounting all are kept as deltas. -BCH_ERR_no_memory.
 */
int bch_key_overlay_add(struct bch_key_overlay *overlay, u8 btree_id, u8 level,
			const struct bch_key *k);

/* Puts the keys in order; from now on it is for reading. */
void bch_key_overlay_seal(struct bch_key_overlay *overlay);

/* Number of keys, once it is sealed. */
size_t bch_key_overlay_nr(const struct bch_key_overlay *overlay);

/* A walk over all of a sealed one: by btree, level, position; deltas by age. False at the end; *@at begins as 0. */
bool bch_key_overlay_next(const struct bch_key_overlay *overlay, size_t *at, u8 *btree_id,
			  u8 *level, struct bch_key *k);

/* The keys of one btree and level in a sealed overlay. */
struct bch_overlay_run {
	const struct bch_overlay_entry *v;
	size_t nr;
};
struct bch_overlay_run bch_key_overlay_run(const struct bch_key_overlay *overlay, u8 btree_id,
					   u8 level);

/* They as a layer; @run must outlive it. */
struct bch_layer bch_overlay_layer(const struct bch_overlay_run *run, bool deltas);

#endif
