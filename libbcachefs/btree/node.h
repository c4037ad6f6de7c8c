/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A btree node in memory: its bytes, and the order of its keys. Format reference: 02 §7. */

#ifndef BCHFS_BTREE_NODE_H
#define BCHFS_BTREE_NODE_H

#include "base/array.h"
#include "btree/layer.h"
#include "codec/codec.h"
#include "ondisk/node.h"
#include "ondisk/sb_sections.h"

/* What a filesystem says about its nodes; does not change while it is open. */
struct bch_node_rules {
	u64 magic;
	u32 block_bytes, node_bytes;
	u16 version, version_min;
	const struct bch_crypt_key *key; /* NULL: none */
	const struct bch_blacklist *blacklist;
	size_t nr_blacklisted;
	const struct bch_key_fs *keys; /* by which keys are judged; NULL: no rules about devices */
	bool judged; /* the values in sets whose checksum is right were found to be valid before */
};

/* The node that is looked for. */
struct bch_node_want {
	u8 btree_id, level;
	struct bch_node_ptr ptr;
};

/* Something wrong in a node. */
struct bch_node_problem {
	u16 id;		    /* enum bch_fsck_error */
	bool of_key;	    /* at offset; else of the set of keys there */
	u32 offset;	    /* bytes in the node */
	struct bch_pos pos; /* of the key, as far as it is known */
};

/* Is a node that has problems to be used? Format reference: 02 §11.1. */
enum bch_node_grade {
	BCH_NODE_GOOD,	   /* yes: what is wrong was left out or corrected */
	BCH_NODE_DOUBTFUL, /* if no replica is better */
	BCH_NODE_UNUSABLE,
};

/* Where keys are in a node's bytes, in u64s. */
struct bch_key_places {
	u32 *v;
	size_t nr, size; /* used, allocated: base/array.h */
};

/* Reading only, once it is decoded. */
struct bch_btree_node {
	u8 btree_id, level;
	u32 seq; /* counts rewrites */
	u64 cookie;
	u64 journal_seq; /* the highest of its sets of keys */
	struct bch_pos min, max;
	struct bch_key_format format;
	u8 *bytes;		    /* owned */
	size_t len;		    /* used on the device */
	struct bch_key_places keys; /* the live ones, by position */
	BCH_ARRAY(struct bch_node_problem) problems;
	enum bch_node_grade grade;
};

/*
 * The checksum that the set should have, over its bytes as they are on the device, and the one that it has. The set's
 * bytes lie within @node. -BCH_ERR_no_key, or -BCH_ERR_invalid_argument for checksum types that do not exist.
 */
int bch_bset_csum(const u8 *node, const struct bch_bset *b, const struct bch_crypt_key *key,
		  struct bch_csum *csum);
struct bch_csum bch_bset_csum_get(const u8 *node, const struct bch_bset *b);

/* Decrypts the set's keys in place, with the first also the node's header; encrypts them where it is called again. */
int bch_bset_crypt(u8 *node, const struct bch_bset *b, const struct bch_crypt_key *key);

/*
 * Decrypts a node's header in place, as far as @first encrypts: for who looks what a node is. -BCH_ERR_no_key, or
 * -BCH_ERR_invalid_argument for checksum types that do not exist.
 */
int bch_node_header_decrypt(u8 *node, const struct bch_bset *first,
			    const struct bch_crypt_key *key);

/* Frees what it holds. */
void bch_btree_node_end(struct bch_btree_node *node);
static inline void bch_btree_node_cleanup(struct bch_btree_node *node)
{
	bch_btree_node_end(node);
}

/*
 * Decodes node->bytes, node->len of them as they were read: checks, decrypts in place, and orders the keys. What is
 * wrong is in node->problems, node->grade says what follows. Keys that are wrong are left out, their neighbours stay.
 * -BCH_ERR_no_memory.
 */
int bch_btree_node_decode(struct bch_btree_node *node, const struct bch_node_rules *rules,
			  const struct bch_node_want *want);

/* ------------------------------------------------------------------ the keys of one set */

/* Where a walk over the keys of a set is. All but @at stays. */
struct bch_set_walk {
	const struct bch_btree_node
		*node; /* its bytes, decrypted as far as @end, its range and its format */
	const struct bch_key_context *context;
	bool any_pos; /* keys may lie outside of the node's range: it was updated */
	size_t at, end;
};

struct bch_set_item {
	size_t at;   /* up to walk->at */
	bool is_key; /* else bytes that no key can be made of, or one that is none of this node */
	int problem; /* BCH_KEY_VALID or enum bch_fsck_error; of a key: its value breaks that rule */
	struct bch_key k; /* as far as it could be unpacked */
};

/* What comes next; false at the end. What is not a key reaches up to where a good one begins. */
bool bch_set_walk_next(struct bch_set_walk *walk, struct bch_set_item *item);

/* BCH_KEY_VALID, or the first rule that the key at @at breaks; *@len its bytes, 0 where that cannot be told. */
int bch_set_walk_check(const struct bch_set_walk *walk, size_t at, struct bch_key *k, size_t *len);

/* A node to be written, of one set of keys. */
struct bch_node_image {
	u8 btree_id, level;
	u32 seq;    /* counts rewrites */
	u64 cookie; /* fresh: random, not 0 */
	struct bch_pos min, max;
	const struct bch_key *keys; /* live, by position, within [min, max] */
	size_t nr_keys;
};

/* Bytes that the keys take in one node from @min to @max, its header too. */
size_t bch_node_image_bytes(const struct bch_node_image *image);

/*
 * Writes the node to @bytes, of which there are rules->node_bytes, the end of the last block zeroed: *@len becomes its
 * length on the device. @csum_type is the metadata's. -BCH_ERR_out_of_range where the keys are too many.
 * Format reference: 02 §10.1.
 */
int bch_node_encode(const struct bch_node_image *image, const struct bch_node_rules *rules,
		    u8 csum_type, u8 *bytes, size_t *len);

/* ------------------------------------------------------------------ all keys */

/* Its keys as a layer; @node must outlive it. */
struct bch_layer bch_btree_node_layer(const struct bch_btree_node *node);

/* Key number @nr, below node->keys.nr, by position. Its value lives as long as the node. */
struct bch_key bch_btree_node_key(const struct bch_btree_node *node, size_t nr);

/* The number of the first key not before @pos; node->keys.nr where there is none. */
size_t bch_btree_node_find(const struct bch_btree_node *node, struct bch_pos pos);

#endif
