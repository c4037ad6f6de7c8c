// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing a node: keys packed by the format that suits them, in one set. Format reference: 02 §5.4, §10.1. */

#include "btree/node.h"

#include "ondisk/btree_ids.h"

/* A word stays free: 6.12 wants to be able to insert. 02 §10.1. */
#define SPARE_BYTES 8

static struct bch_key_format format_of(const struct bch_node_image *n)
{
	struct bch_key_ranges ranges;

	bch_key_ranges_init(&ranges);
	bch_key_ranges_add_pos(&ranges, n->min);
	bch_key_ranges_add_pos(&ranges, n->max);
	for (size_t i = 0; i < n->nr_keys; i++)
		bch_key_ranges_add(&ranges, &n->keys[i]);
	return bch_key_format_of(&ranges);
}

size_t bch_node_image_bytes(const struct bch_node_image *n)
{
	struct bch_key_format format = format_of(n);
	size_t bytes = sizeof(struct btree_node);

	for (size_t i = 0; i < n->nr_keys; i++)
		bytes += format.key_u64s * 8U + n->keys[i].val.len;
	return bytes;
}

/* Every key packs: the format was made for it. */
static u8 *put_key(u8 *at, const struct bch_key *k, const struct bch_key_format *format)
{
	(void)bch_key_pack(k, format, at);
	at += format->key_u64s * 8U;
	if (k->val.len)
		memcpy(at, k->val.p, k->val.len);
	return at + k->val.len;
}

static void put_header(struct btree_node *node, const struct bch_node_image *n,
		       const struct bch_node_rules *rules, const struct bch_key_format *format)
{
	const struct bch_node_header header = {
		.btree_id = n->btree_id,
		.level = n->level,
		.new_extent_overwrite = true,
		.seq = n->seq,
		.min = n->min,
		.max = n->max,
	};

	memset(node, 0, sizeof(*node));
	bch_node_header_put(node, &header, format);
	node->magic = le64_of(rules->magic);
}

/* Encrypts it and gives it its checksum. */
static int seal(u8 *bytes, size_t len, const struct bch_node_rules *rules)
{
	struct btree_node *node = (struct btree_node *)bytes;
	struct bch_csum csum;
	struct bch_bset b;
	le64 stored[2];
	int err;

	if (!bch_bset_at((struct bch_bytes){ bytes, len }, 0, &b))
		return -BCH_ERR_out_of_range;
	err = bch_bset_crypt(bytes, &b, rules->key);
	if (!err)
		err = bch_bset_csum(bytes, &b, rules->key, &csum);
	if (err)
		return err;
	stored[0] = le64_of(csum.lo);
	stored[1] = le64_of(csum.hi);
	memcpy(node->csum, stored, sizeof(node->csum));
	return 0;
}

int bch_node_encode(const struct bch_node_image *n, const struct bch_node_rules *rules,
		    u8 csum_type, u8 *bytes, size_t *len)
{
	struct bch_key_format format = format_of(n);
	struct btree_node *node = (struct btree_node *)bytes;
	u8 *at = bytes + sizeof(*node);
	size_t used = bch_node_image_bytes(n);

	if (used > rules->node_bytes - SPARE_BYTES)
		return -BCH_ERR_out_of_range;
	put_header(node, n, rules, &format);
	for (size_t i = 0; i < n->nr_keys; i++)
		at = put_key(at, &n->keys[i], &format);
	node->keys = (struct bset){
		.seq = le64_of(n->cookie),
		.flags = le32_of(csum_type),
		.version = le16_of(rules->version),
		.u64s = le16_of((u16)((used - sizeof(*node)) / 8)),
	};
	*len = (used + rules->block_bytes - 1) / rules->block_bytes * rules->block_bytes;
	memset(at, 0, *len - used);
	return seal(bytes, *len, rules);
}
