// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzz target: a btree node: decoded, walked in both directions, each key judged and printed. Format reference: 02. */

#include "filesystem.h"
#include "fuzz.h"

#include "btree/node.h"
#include "ondisk/btree_ids.h"

#define SMALL_BLOCKS  1U
#define ENCRYPTED     2U
#define RANGE_UPDATED 4U
#define WRITTEN	      8U /* the pointer says how much of it */

struct head {
	u8 minor; /* of the filesystem's version */
	u8 flags;
	u8 nr_sectors;
	u8 want; /* not what the node says that it is */
};

/* As a pointer leads to it that knows what is there, or nearly. */
static struct bch_node_want want_of(const struct head *head, struct bch_bytes bytes)
{
	struct bch_node_want want = { .ptr.v2 = true };
	struct bch_node_header h;
	struct bch_bset first;

	if (!bch_node_header_get(bytes, &h) || !bch_bset_at(bytes, 0, &first))
		return want;
	want.btree_id = (u8)((h.btree_id + head->want % 4) % BCH_BTREE_ID_MAX);
	want.level = (u8)((h.level + head->want / 4) % BCH_BTREE_DEPTH_MAX);
	want.ptr.seq = first.seq;
	want.ptr.min = h.min;
	want.ptr.max = h.max;
	want.ptr.range_updated = head->flags & RANGE_UPDATED;
	want.ptr.nr_sectors = head->flags & WRITTEN ? head->nr_sectors : 0;
	return want;
}

static void look_at_key(const struct bch_btree_node *node, const struct bch_key *k,
			const struct bch_node_rules *rules)
{
	struct bch_key_context c = { .version = rules->version,
				     .btree_id = node->btree_id,
				     .level = node->level,
				     .fs = rules->keys };
	struct bch_buf text bch_auto(buf) = { 0 };
	struct bch_node_ptr ptr;

	bch_key_text_put(&text, k, &c);
	(void)bch_node_ptr_get(k, &ptr);
	if (bch_pos_compare(k->pos, node->min) < 0 || bch_pos_compare(k->pos, node->max) > 0)
		abort(); /* cursors count on it */
}

/* The keys come in order, as many in each direction. */
static void walk(const struct bch_btree_node *node, const struct bch_node_rules *rules)
{
	struct bch_layers layers = { 0 };
	struct bch_pos last = BCH_POS_MIN;
	size_t nr[2] = { 0 };
	struct bch_key k;

	bch_layers_add(&layers, bch_btree_node_layer(node));
	bch_layers_seek(&layers, BCH_POS_MIN, BCH_SPOS_MAX, 1);
	for (; bch_layers_next(&layers, &k); nr[0]++) {
		if (nr[0] && bch_pos_compare(last, k.pos) >= 0)
			abort();
		last = k.pos;
		look_at_key(node, &k, rules);
	}
	bch_layers_seek(&layers, BCH_SPOS_MAX, BCH_POS_MIN, -1);
	while (bch_layers_next(&layers, &k))
		nr[1]++;
	if (nr[0] != nr[1] || nr[0] != node->keys.nr)
		abort();
}

void fuzz(struct bch_bytes input)
{
	static const struct bch_crypt_key key = { { 1, 2, 3 } };
	static const struct bch_blacklist blacklist = { 40, 44 };
	struct bch_btree_node node = { 0 };
	struct bch_node_want want;
	struct head head;

	fuzz_take(&input, &head, sizeof(head));
	want = want_of(&head, input);

	struct bch_node_rules rules = {
		.magic = bch_node_magic_at(input),
		.block_bytes = head.flags & SMALL_BLOCKS ? 512 : 4096,
		.node_bytes = (u32)input.len,
		.version = BCH_VERSION(1, head.minor),
		.key = head.flags & ENCRYPTED ? &key : NULL,
		.blacklist = &blacklist,
		.nr_blacklisted = 1,
		.keys = fuzz_key_fs(),
	};

	node.len = input.len;
	node.bytes = malloc(input.len + !input.len);
	if (input.len)
		memcpy(node.bytes, input.p, input.len);
	if (!bch_btree_node_decode(&node, &rules, &want) && node.grade != BCH_NODE_UNUSABLE)
		walk(&node, &rules);
	bch_btree_node_end(&node);
}
