/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layers of keys over one range, merged: at each position the last layer's key counts. Format reference: 03 §6.3, §6.4.
 *
 * A layer is anything that is walked in order of position: a node, keys from the journal, pending changes. A key of type
 * deleted hides what is below it.
 */

#ifndef BCHFS_BTREE_LAYER_H
#define BCHFS_BTREE_LAYER_H

#include "ondisk/pos.h"

struct bch_layer;

/* Both set layer->has, and layer->key where it is true. @dir is 1 for ascending, -1 for descending. */
struct bch_layer_ops {
	/* To the first key not before @pos; descending, to the last not after it. */
	void (*seek)(struct bch_layer *layer, struct bch_pos pos, int dir);
	void (*step)(struct bch_layer *layer, int dir);
};

struct bch_layer {
	const struct bch_layer_ops *ops;
	const void *keys; /* what ops know */
	size_t at;	  /* their place in it */
	bool deltas; /* accounting keys are to be added to what is below; several may have one position */
	bool has;
	struct bch_key key;
};

#define BCH_LAYERS_MAX	  5
#define BCH_KEY_VALUE_MAX 2000 /* bytes: 250 u64s */

/* Not to be copied while a key that it gave is in use. */
struct bch_layers {
	struct bch_layer v[BCH_LAYERS_MAX]; /* the later covers the earlier */
	u32 nr;
	int dir;
	struct bch_pos end;	   /* the last position of the range, in the direction */
	u8 sum[BCH_KEY_VALUE_MAX]; /* the value of a key that was added up */
};

static inline void bch_layers_add(struct bch_layers *layers, struct bch_layer layer)
{
	layers->v[layers->nr++] = layer;
}

/* To the first key of the range from @start to @end, which is below @start where @dir is -1. */
void bch_layers_seek(struct bch_layers *layers, struct bch_pos start, struct bch_pos end, int dir);

/* The next live key of the range. False at its end. The value of a sum lives until the next call. */
bool bch_layers_next(struct bch_layers *layers, struct bch_key *k);

#endif
