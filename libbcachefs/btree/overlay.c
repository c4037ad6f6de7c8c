// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys that cover those in the nodes: kept, put in order, walked. Format reference: 03 §6.2. */

#include "btree/overlay.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/memory.h"
#include "ondisk/btree_ids.h"

#define CHUNK_BYTES (256U << 10)

struct bch_overlay_entry {
	struct bch_key k;
	u64 age; /* the number of its coming */
	u8 btree_id, level;
};

/* Memory for values, which never move. */
struct chunk {
	struct chunk *next;
	u8 bytes[CHUNK_BYTES];
};

struct bch_key_overlay {
	BCH_ARRAY(struct bch_overlay_entry) keys;
	struct chunk *chunks; /* the newest first */
	size_t used;	      /* of the newest */
};

struct bch_key_overlay *bch_key_overlay_new(void)
{
	return bch_calloc(1, sizeof(struct bch_key_overlay));
}

void bch_key_overlay_free(struct bch_key_overlay *overlay)
{
	if (!overlay)
		return;
	while (overlay->chunks) {
		struct chunk *chunk = overlay->chunks;

		overlay->chunks = chunk->next;
		free(chunk);
	}
	bch_array_end(&overlay->keys);
	free(overlay);
}

/* Values have at most BCH_KEY_VALUE_MAX bytes. */
static const u8 *keep(struct bch_key_overlay *overlay, struct bch_bytes val)
{
	u8 *kept;

	if (!overlay->chunks || val.len > CHUNK_BYTES - overlay->used) {
		struct chunk *chunk = bch_malloc(sizeof(*chunk));

		if (!chunk)
			return NULL;
		chunk->next = overlay->chunks;
		overlay->chunks = chunk;
		overlay->used = 0;
	}
	kept = overlay->chunks->bytes + overlay->used;
	if (val.len)
		memcpy(kept, val.p, val.len);
	overlay->used += val.len;
	return kept;
}

int bch_key_overlay_add(struct bch_key_overlay *overlay, u8 btree_id, u8 level,
			const struct bch_key *k)
{
	struct bch_overlay_entry entry = {
		.k = *k, .age = overlay->keys.nr, .btree_id = btree_id, .level = level
	};

	entry.k.val.p = keep(overlay, k->val);
	return entry.k.val.p ? bch_array_push(&overlay->keys, entry) : -BCH_ERR_no_memory;
}

/* ------------------------------------------------------------------ order */

static int compare_places(const struct bch_overlay_entry *a, const struct bch_overlay_entry *b)
{
	if (a->btree_id != b->btree_id)
		return a->btree_id < b->btree_id ? -1 : 1;
	if (a->level != b->level)
		return a->level < b->level ? -1 : 1;
	return bch_pos_compare(a->k.pos, b->k.pos);
}

static int compare_entries(const void *x, const void *y)
{
	const struct bch_overlay_entry *a = x, *b = y;
	int cmp = compare_places(a, b);

	return cmp ? cmp : a->age < b->age ? -1 : 1;
}

static bool is_delta(const struct bch_overlay_entry *e)
{
	return e->btree_id == BCH_BTREE_accounting && e->k.type == BCH_KEY_accounting;
}

void bch_key_overlay_seal(struct bch_key_overlay *overlay)
{
	struct bch_overlay_entry *v = overlay->keys.v;
	size_t nr = 0;

	if (!overlay->keys.nr)
		return;
	qsort(v, overlay->keys.nr, sizeof(*v), compare_entries);
	for (size_t i = 0; i < overlay->keys.nr; i++) {
		bool replaces = nr && !compare_places(&v[nr - 1], &v[i]) && !is_delta(&v[i]);

		v[replaces ? nr - 1 : nr++] = v[i];
	}
	overlay->keys.nr = nr;
}

size_t bch_key_overlay_nr(const struct bch_key_overlay *overlay)
{
	return overlay->keys.nr;
}

bool bch_key_overlay_next(const struct bch_key_overlay *overlay, size_t *at, u8 *btree_id,
			  u8 *level, struct bch_key *k)
{
	const struct bch_overlay_entry *e = overlay->keys.v + *at;

	if (*at >= overlay->keys.nr)
		return false;
	*btree_id = e->btree_id;
	*level = e->level;
	*k = e->k;
	++*at;
	return true;
}

/* ------------------------------------------------------------------ reading */

/* The number of the first entry not before @place. */
static size_t find(const struct bch_overlay_entry *v, size_t nr,
		   const struct bch_overlay_entry *place)
{
	size_t lo = 0, hi = nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_places(&v[mid], place) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct bch_overlay_run bch_key_overlay_run(const struct bch_key_overlay *overlay, u8 btree_id,
					   u8 level)
{
	struct bch_overlay_entry first = { .btree_id = btree_id, .level = level };
	struct bch_overlay_entry behind = { .btree_id = btree_id, .level = (u8)(level + 1) };
	const struct bch_overlay_entry *v = overlay->keys.v;
	size_t start = find(v, overlay->keys.nr, &first);

	return (struct bch_overlay_run){ v + start, find(v, overlay->keys.nr, &behind) - start };
}

static void step_overlay(struct bch_layer *layer, int dir)
{
	const struct bch_overlay_run *run = layer->keys;

	layer->at += (size_t)dir; /* one before the first is SIZE_MAX */
	layer->has = layer->at < run->nr;
	if (layer->has)
		layer->key = run->v[layer->at].k;
}

static void seek_overlay(struct bch_layer *layer, struct bch_pos pos, int dir)
{
	const struct bch_overlay_run *run = layer->keys;
	struct bch_overlay_entry place = { .k.pos = pos };

	if (run->nr) {
		place.btree_id = run->v->btree_id;
		place.level = run->v->level;
	}
	layer->at = find(run->v, run->nr, &place);
	if (dir < 0) /* behind all that are at @pos, then back */
		while (layer->at < run->nr && !bch_pos_compare(run->v[layer->at].k.pos, pos))
			layer->at++;
	else
		layer->at--;
	step_overlay(layer, dir);
}

struct bch_layer bch_overlay_layer(const struct bch_overlay_run *run, bool deltas)
{
	static const struct bch_layer_ops ops = { seek_overlay, step_overlay };

	return (struct bch_layer){ .ops = &ops, .keys = run, .deltas = deltas };
}
