// SPDX-License-Identifier: GPL-2.0-or-later
/* Pending changes, in order. */

#include "btree/changes.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/memory.h"
#include "btree/private.h"

struct bch_changes {
	struct bch_map maps[BCH_CHANGE_KINDS][BCH_BTREE_ID_MAX];
	struct {
		BCH_ARRAY(struct bch_touch) a;
	} touches;
	size_t bytes;
};

static struct bch_change *change_of(const struct bch_map_node *node)
{
	return bch_map_entry(node, struct bch_change, node);
}

static int compare(const void *key, const struct bch_map_node *node)
{
	const struct bch_pos *pos = key;

	return bch_pos_compare(*pos, change_of(node)->k.pos);
}

static struct bch_changes *changes_of(struct bch_fs *fs)
{
	struct bch_changes *c = fs->btrees->changes;

	if (c)
		return c;
	c = bch_calloc(1, sizeof(*c));
	for (u32 kind = 0; c && kind < BCH_CHANGE_KINDS; kind++)
		for (u32 id = 0; id < BCH_BTREE_ID_MAX; id++)
			c->maps[kind][id] = BCH_MAP(compare);
	fs->btrees->changes = c;
	return c;
}

static void take_out(struct bch_changes *c, struct bch_map *map, struct bch_pos pos)
{
	struct bch_change *old = change_of(bch_map_remove(map, &pos));

	if (!old)
		return;
	c->bytes -= sizeof(*old) + old->k.val.len;
	free(old);
}

int bch_change_put(struct bch_fs *fs, enum bch_change_kind kind, u8 btree_id,
		   const struct bch_key *k, bool quiet)
{
	struct bch_changes *c = changes_of(fs);
	struct bch_change *new = c ? bch_malloc(sizeof(*new) + k->val.len) : NULL;
	struct bch_map *map;

	if (!new)
		return -BCH_ERR_no_memory;
	new->k = *k;
	new->k.val.p = new->value;
	new->quiet = quiet;
	if (k->val.len)
		memcpy(new->value, k->val.p, k->val.len);
	map = &c->maps[kind][btree_id];
	if (bch_map_insert(map, &new->k.pos, &new->node)) { /* most are new */
		take_out(c, map, k->pos);
		(void)bch_map_insert(map, &new->k.pos, &new->node);
	}
	c->bytes += sizeof(*new) + k->val.len;
	return 0;
}

void bch_change_remove(struct bch_fs *fs, enum bch_change_kind kind, u8 btree_id,
		       struct bch_pos pos)
{
	struct bch_changes *c = fs->btrees->changes;

	if (c)
		take_out(c, &c->maps[kind][btree_id], pos);
}

const struct bch_change *bch_change_first(const struct bch_fs *fs, enum bch_change_kind kind,
					  u8 btree_id, struct bch_pos pos)
{
	const struct bch_changes *c = fs->btrees->changes;

	return c ? change_of(bch_map_find_ge(&c->maps[kind][btree_id], &pos)) : NULL;
}

const struct bch_change *bch_change_next(const struct bch_change *after)
{
	return change_of(after->node.next);
}

int bch_change_touch(struct bch_fs *fs, u8 btree_id, u8 level, struct bch_pos pos)
{
	struct bch_changes *c = changes_of(fs);

	return c ? bch_array_push(&c->touches.a, ((struct bch_touch){ btree_id, level, pos }))
		 : -BCH_ERR_no_memory;
}

const struct bch_touch *bch_change_touched(const struct bch_fs *fs, size_t nr)
{
	const struct bch_changes *c = fs->btrees->changes;

	return c && nr < c->touches.a.nr ? &c->touches.a.v[nr] : NULL;
}

static void drop_map(struct bch_changes *c, struct bch_map *map)
{
	struct bch_map_node *node = bch_map_first(map), *next;

	for (; node; node = next) {
		struct bch_change *change = change_of(node);

		next = node->next;
		c->bytes -= sizeof(*change) + change->k.val.len;
		free(change);
	}
	*map = BCH_MAP(compare);
}

void bch_changes_drop(struct bch_fs *fs, enum bch_change_kind kind)
{
	struct bch_changes *c = fs->btrees->changes;

	for (u32 id = 0; c && id < BCH_BTREE_ID_MAX; id++)
		drop_map(c, &c->maps[kind][id]);
	if (c && kind == BCH_CHANGE_GIVEN)
		c->touches.a.nr = 0;
}

size_t bch_changes_bytes(const struct bch_fs *fs)
{
	return fs->btrees->changes ? fs->btrees->changes->bytes : 0;
}

void bch_changes_free(struct bch_changes *c)
{
	for (u32 kind = 0; c && kind < BCH_CHANGE_KINDS; kind++)
		for (u32 id = 0; id < BCH_BTREE_ID_MAX; id++)
			drop_map(c, &c->maps[kind][id]);
	if (c)
		bch_array_end(&c->touches.a);
	free(c);
}

/* ------------------------------------------------------------------ as a layer */

static void show(struct bch_layer *layer, const struct bch_map_node *node)
{
	layer->at = (size_t)(uintptr_t)node;
	layer->has = node;
	if (node)
		layer->key = change_of(node)->k;
}

static void step_changes(struct bch_layer *layer, int dir)
{
	const struct bch_map_node *node = (const void *)(uintptr_t)layer->at;

	show(layer, dir > 0 ? node->next : node->prev);
}

static void seek_changes(struct bch_layer *layer, struct bch_pos pos, int dir)
{
	const struct bch_map *map = layer->keys;
	const struct bch_map_node *node = bch_map_find_ge(map, &pos);

	if (dir < 0 && (!node || bch_pos_compare(change_of(node)->k.pos, pos)))
		node = node ? node->prev : bch_map_last(map);
	show(layer, node);
}

bool bch_changes_layer(const struct bch_changes *c, enum bch_change_kind kind, u8 btree_id,
		       struct bch_layer *layer)
{
	static const struct bch_layer_ops ops = { seek_changes, step_changes };
	const struct bch_map *map;

	if (!c)
		return false;
	map = &c->maps[kind][btree_id];
	*layer = (struct bch_layer){ .ops = &ops, .keys = map };
	return map->root;
}
