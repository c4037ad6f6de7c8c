// SPDX-License-Identifier: GPL-2.0-or-later
/* Btree nodes: decoding of headers and of pointers to nodes. Format reference: 02 §6, §9.1. */

#include "ondisk/node.h"

#include "ondisk/key_extent.h"

bool bch_node_header_get(struct bch_bytes node, struct bch_node_header *header)
{
	const struct btree_node *n = bch_bytes_view(node, 0, sizeof(*n));
	u64 flags;

	if (!n)
		return false;
	flags = le64_get(n->flags);
	*header = (struct bch_node_header){
		.btree_id = (u32)(bch_bits_get(flags, 0, 4) | bch_bits_get(flags, 9, 25) << 4),
		.level = (u8)bch_bits_get(flags, 4, 8),
		.new_extent_overwrite = bch_bits_get(flags, 8, 9),
		.seq = (u32)(flags >> 32),
		.min = bch_pos_get(&n->min_key),
		.max = bch_pos_get(&n->max_key),
	};
	return true;
}

void bch_node_header_put(struct btree_node *node, const struct bch_node_header *header,
			 const struct bch_key_format *format)
{
	u64 flags = bch_bits_set(0, 0, 4, header->btree_id & 15);

	flags = bch_bits_set(flags, 4, 8, header->level);
	flags = bch_bits_set(flags, 8, 9, header->new_extent_overwrite);
	flags = bch_bits_set(flags, 9, 25, header->btree_id >> 4);
	node->flags = le64_of(flags | (u64)header->seq << 32);
	node->min_key = bch_pos_disk(header->min);
	node->max_key = bch_pos_disk(header->max);
	node->ptr = le64_of(0);
	bch_key_format_put(format, &node->format);
}

u64 bch_node_magic_at(struct bch_bytes node)
{
	const struct btree_node *n = bch_bytes_view(node, 0, sizeof(*n));

	return n ? le64_get(n->magic) : 0;
}

u64 bch_node_magic(const u8 fs_uuid[16])
{
	le64 uuid;

	memcpy(&uuid, fs_uuid, sizeof(uuid));
	return BCH_NODE_MAGIC ^ le64_get(uuid);
}

bool bch_bset_at(struct bch_bytes node, size_t start, struct bch_bset *bset)
{
	size_t header = start ? sizeof(struct btree_node_entry) : sizeof(struct btree_node);
	const struct bset *b;
	u32 flags;

	if (!bch_bytes_view(node, start, header))
		return false;
	b = bch_bytes_view(node, start + header - sizeof(*b), sizeof(*b));
	flags = le32_get(b->flags);
	*bset = (struct bch_bset){
		.seq = le64_get(b->seq),
		.journal_seq = le64_get(b->journal_seq),
		.csum_type = (u8)bch_bits_get(flags, 0, 4),
		.big_endian = bch_bits_get(flags, 4, 5),
		.separate_whiteouts = bch_bits_get(flags, 5, 6),
		.sector = flags >> 16,
		.version = le16_get(b->version),
		.start = start,
		.keys = start + header,
		.end = start + header + le16_get(b->u64s) * 8U,
	};
	return true;
}

size_t bch_bset_end(const struct bch_bset *bset, u32 block_bytes)
{
	return (bset->end + block_bytes - 1) / block_bytes * block_bytes;
}

bool bch_node_ptr_get(const struct bch_key *k, struct bch_node_ptr *ptr)
{
	const struct btree_ptr_v2 *v;

	*ptr = (struct bch_node_ptr){ .max = k->pos };
	if (k->type == BCH_KEY_btree_ptr)
		return true;
	v = bch_bytes_view(k->val, 0, sizeof(*v));
	if (k->type != BCH_KEY_btree_ptr_v2 || !v)
		return false;

	ptr->v2 = true;
	ptr->seq = le64_get(v->seq);
	ptr->nr_sectors = le16_get(v->sectors_written);
	ptr->range_updated = le16_get(v->flags) & BCH_BTREE_PTR_RANGE_UPDATED;
	ptr->min = bch_pos_get(&v->min_key);
	return true;
}

size_t bch_node_ptr_put(const struct bch_node_ptr *ptr, const struct bch_ptr *ptrs, u32 nr,
			u8 val[BCH_NODE_PTR_VAL_MAX])
{
	struct btree_ptr_v2 v = {
		.seq = le64_of(ptr->seq),
		.sectors_written = le16_of((u16)ptr->nr_sectors),
		.flags = le16_of(ptr->range_updated ? BCH_BTREE_PTR_RANGE_UPDATED : 0),
		.min_key = bch_pos_disk(ptr->min),
	};
	size_t len = sizeof(v);

	memcpy(val, &v, sizeof(v));
	for (u32 i = 0; i < nr && i < BCH_NODE_PTRS_MAX; i++, len += sizeof(le64)) {
		le64 word = le64_of(bch_ptr_word(&ptrs[i]));

		memcpy(val + len, &word, sizeof(word));
	}
	return len;
}
