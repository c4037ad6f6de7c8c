/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: nodes made set by set, as a kernel writes them, and broken. */

#ifndef BCHFS_TESTS_BTREE_NODE_BUILD_H
#define BCHFS_TESTS_BTREE_NODE_BUILD_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "btree/node.h"
#include "ondisk/btree_ids.h"

#define BUILD_BLOCK   512
#define BUILD_NODE    8192
#define BUILD_MAGIC   0x1122334455667788ULL
#define BUILD_COOKIE  0xc00c1eULL
#define BUILD_VERSION BCH_VERSION(1, 13)

struct node_build {
	u8 bytes[BUILD_NODE];
	struct bch_key_format format;
	size_t start, at; /* of the set that is being made */
	u64 cookie;
};

/* A valid value of a subvolume: the keys of these tests are of that type. */
static const u8 build_value[24] = { 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x10 };

static inline struct bch_key build_key(u64 offset)
{
	return (struct bch_key){ .pos = bch_pos(0, offset),
				 .type = BCH_KEY_subvolume,
				 .val = { build_value, sizeof(build_value) } };
}

static inline struct bch_key build_deleted(u64 offset)
{
	return (struct bch_key){ .pos = bch_pos(0, offset), .type = BCH_KEY_deleted };
}

static inline struct bset *build_bset(struct node_build *b)
{
	size_t header = b->start ? sizeof(struct btree_node_entry) : sizeof(struct btree_node);

	return (struct bset *)(b->bytes + b->start + header - sizeof(struct bset));
}

static inline void build_set(struct node_build *b, u64 journal_seq)
{
	b->at = b->start + (b->start ? sizeof(struct btree_node_entry) : sizeof(struct btree_node));
	*build_bset(b) = (struct bset){ .seq = le64_of(b->cookie),
					.journal_seq = le64_of(journal_seq),
					.flags = le32_of(BCH_CSUM_crc32c_nonzero |
							 (u32)(b->start / 512) << 16),
					.version = le16_of(BUILD_VERSION) };
}

static inline struct bpos build_bpos(struct bch_pos p)
{
	return (struct bpos){ le32_of(p.snapshot), le64_of(p.offset), le64_of(p.inode) };
}

/* A leaf of subvolumes; the first set is begun. */
static inline void build_begin(struct node_build *b, struct bch_pos min, struct bch_pos max)
{
	struct btree_node *n = (struct btree_node *)b->bytes;
	struct bch_key_ranges r;

	memset(b, 0, sizeof(*b));
	bch_key_ranges_init(&r);
	bch_key_ranges_add_pos(&r, min);
	bch_key_ranges_add_pos(&r, max);
	b->format = bch_key_format_of(&r);
	b->cookie = BUILD_COOKIE;
	n->magic = le64_of(BUILD_MAGIC);
	n->flags = le64_of(BCH_BTREE_subvolumes | 1 << 8 | 3ULL << 32);
	n->min_key = build_bpos(min);
	n->max_key = build_bpos(max);
	bch_key_format_put(&b->format, &n->format);
	build_set(b, 0);
}

/* The bytes of the key, of @format. */
static inline u8 *build_put_as(struct node_build *b, struct bch_key k,
			       const struct bch_key_format *format)
{
	u8 *key = b->bytes + b->at;

	assert_true(bch_key_pack(&k, format, key));
	if (k.val.len)
		memcpy(key + format->key_u64s * 8U, k.val.p, k.val.len);
	b->at += key[0] * 8U;
	return key;
}

static inline u8 *build_put(struct node_build *b, struct bch_key k)
{
	return build_put_as(b, k, &b->format);
}

/* Length and checksum of the set; the next may be begun. */
static inline void build_seal(struct node_build *b)
{
	size_t header = b->start ? sizeof(struct btree_node_entry) : sizeof(struct btree_node);
	struct bch_csum csum;
	le64 stored;

	build_bset(b)->u64s = le16_of((u16)((b->at - b->start - header) / 8));
	assert_int_equal(bch_csum(BCH_CSUM_crc32c_nonzero, NULL, (struct bch_nonce){ 0 },
				  b->bytes + b->start + 16, b->at - b->start - 16, &csum),
			 0);
	stored = le64_of(csum.lo);
	memcpy(b->bytes + b->start, &stored, sizeof(stored));
	b->start = (b->at + BUILD_BLOCK - 1) / BUILD_BLOCK * BUILD_BLOCK;
}

static inline struct bch_node_rules build_rules(void)
{
	return (struct bch_node_rules){ .magic = BUILD_MAGIC,
					.block_bytes = BUILD_BLOCK,
					.node_bytes = BUILD_NODE,
					.version = BUILD_VERSION,
					.version_min = BUILD_VERSION };
}

/* What a pointer to it says. */
static inline struct bch_node_want build_want(const struct node_build *b)
{
	const struct btree_node *n = (const struct btree_node *)b->bytes;

	return (struct bch_node_want){ .btree_id = BCH_BTREE_subvolumes,
				       .ptr = { .v2 = true,
						.seq = BUILD_COOKIE,
						.nr_sectors = (u32)(b->start / 512),
						.min = bch_pos_get(&n->min_key),
						.max = bch_pos_get(&n->max_key) } };
}

/* Decodes a copy, as it would have been read; to be ended. */
static inline struct bch_btree_node build_decode(const struct node_build *b,
						 const struct bch_node_rules *rules,
						 const struct bch_node_want *want)
{
	struct bch_btree_node node = { .len = want->ptr.nr_sectors ? want->ptr.nr_sectors * 512
								   : BUILD_NODE };

	node.bytes = malloc(node.len);
	memcpy(node.bytes, b->bytes, node.len);
	assert_int_equal(bch_btree_node_decode(&node, rules, want), 0);
	return node;
}

#endif
