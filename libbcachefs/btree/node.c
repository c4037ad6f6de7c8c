// SPDX-License-Identifier: GPL-2.0-or-later
/* A decoded node: its keys by number and position, and as a layer. Format reference: 02 §7.3. */

#include "btree/node.h"

void bch_btree_node_end(struct bch_btree_node *node)
{
	free(node->bytes);
	bch_array_end(&node->keys);
	bch_array_end(&node->problems);
}

struct bch_key bch_btree_node_key(const struct bch_btree_node *node, size_t nr)
{
	size_t at = node->keys.v[nr] * 8ULL, len;
	struct bch_key k = { 0 };

	/* It was decoded before. */
	(void)bch_key_unpack((struct bch_bytes){ node->bytes + at, node->len - at }, &node->format,
			     &k, &len);
	return k;
}

size_t bch_btree_node_find(const struct bch_btree_node *node, struct bch_pos pos)
{
	size_t lo = 0, hi = node->keys.nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const u8 *key = node->bytes + node->keys.v[mid] * 8ULL;

		if (bch_pos_compare(bch_key_unpack_pos(key, &node->format), pos) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* ------------------------------------------------------------------ as a layer */

static void step_node(struct bch_layer *layer, int dir)
{
	const struct bch_btree_node *node = layer->keys;

	layer->at += (size_t)dir; /* one before the first is SIZE_MAX */
	layer->has = layer->at < node->keys.nr;
	if (layer->has)
		layer->key = bch_btree_node_key(node, layer->at);
}

static void seek_node(struct bch_layer *layer, struct bch_pos pos, int dir)
{
	const struct bch_btree_node *node = layer->keys;

	layer->at = bch_btree_node_find(node, pos);
	if (dir > 0)
		layer->at--;
	else if (layer->at < node->keys.nr &&
		 !bch_pos_compare(bch_btree_node_key(node, layer->at).pos, pos))
		layer->at++;
	step_node(layer, dir);
}

struct bch_layer bch_btree_node_layer(const struct bch_btree_node *node)
{
	static const struct bch_layer_ops ops = { seek_node, step_node };

	return (struct bch_layer){ .ops = &ops, .keys = node };
}
