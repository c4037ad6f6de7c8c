/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Btree nodes as bytes: the header, the sets of keys in it, pointers to nodes. Format reference: 02 §6, §9.1, §11.2.
 *
 * Pure functions, safe on any bytes. What big-endian machines and versions before 0.12 wrote is refused: 02 §13.
 */

#ifndef BCHFS_ONDISK_NODE_H
#define BCHFS_ONDISK_NODE_H

#include "ondisk/bkey_pack.h"

#define BCH_BTREE_DEPTH_MAX 4 /* levels are 0 to 3 */

/* Header of a set of keys: 02 §6.3. */
struct bset {
	le64 seq;
	le64 journal_seq;
	le32 flags;
	le16 version;
	le16 u64s;
};
_Static_assert(sizeof(struct bset) == 24, "format reference 02 §6.3");

/* What a node begins with; its first keys follow. 02 §6.1. */
struct btree_node {
	u8 csum[16];
	le64 magic;
	le64 flags;
	struct bpos min_key;
	struct bpos max_key;
	le64 ptr;
	struct bkey_format format;
	struct bset keys;
};
_Static_assert(sizeof(struct btree_node) == 160, "format reference 02 §6.1");

/* What the later sets of keys begin with. 02 §6.2. */
struct btree_node_entry {
	u8 csum[16];
	struct bset keys;
};
_Static_assert(sizeof(struct btree_node_entry) == 40, "format reference 02 §6.2");

#define BCH_NODE_MAGIC 0x90135c78b99e07f5ULL /* XORed with the first 8 bytes of the internal UUID */

/* The node's own header, after decryption. */
struct bch_node_header {
	u32 btree_id;
	u8 level;
	bool new_extent_overwrite;
	u32 seq; /* counts rewrites: the higher is the newer */
	struct bch_pos min, max;
};

/* False where the node has less than a header. */
bool bch_node_header_get(struct bch_bytes node, struct bch_node_header *header);

/* Into the header of a node, all but checksum, magic number and the set of keys. */
void bch_node_header_put(struct btree_node *node, const struct bch_node_header *header,
			 const struct bch_key_format *format);

/* The magic number that it begins with, for bch_node_magic() of the filesystem; 0 where it is too short. */
u64 bch_node_magic_at(struct bch_bytes node);
u64 bch_node_magic(const u8 fs_uuid[16]);

/* A set of keys in a node. Offsets are bytes in the node. */
struct bch_bset {
	u64 seq; /* the node's cookie */
	u64 journal_seq;
	u8 csum_type;
	bool big_endian, separate_whiteouts;
	u32 sector; /* where it says that it is; 0: it does not */
	u16 version;
	size_t start, keys, end; /* header, keys, behind the keys */
};

/*
 * The set whose header is at @start, 0 for the first. False where its header does not lie within the node; its keys
 * may reach past the end.
 */
bool bch_bset_at(struct bch_bytes node, size_t start, struct bch_bset *bset);

/* Where the bytes that the checksum is of begin; they end with the keys. */
#define BCH_BSET_CSUM_START 16

/* The node's header as it is encrypted, besides the keys: bytes [START, END). 02 §8. */
#define BCH_NODE_CRYPT_START offsetof(struct btree_node, flags)
#define BCH_NODE_CRYPT_END   offsetof(struct btree_node, keys)

/* Where the next set would be, and this one ends on the device. */
size_t bch_bset_end(const struct bch_bset *bset, u32 block_bytes);

/* ------------------------------------------------------------------ pointers */

#define BCH_BTREE_PTR_RANGE_UPDATED 1U /* in flags: the node's own range is out of date */

/* The value of a btree_ptr_v2 before its pointers: 02 §9.1. */
struct btree_ptr_v2 {
	le64 mem_ptr;
	le64 seq;
	le16 sectors_written;
	le16 flags;
	struct bpos min_key;
};
_Static_assert(sizeof(struct btree_ptr_v2) == 40, "format reference 02 §9.1");

/* A key of an interior node, or a root: where the node is and what it should be. 02 §9. */
struct bch_node_ptr {
	bool v2;	    /* btree_ptr_v2: what follows is known */
	u64 seq;	    /* cookie */
	u32 nr_sectors;	    /* written; 0: unknown */
	bool range_updated; /* min and max replace those of the node's header */
	struct bch_pos min;
	struct bch_pos max; /* the key's position; known of btree_ptr too */
};

/* False where the key is of another type, or too short. For the devices: bch_extent_walk() on the key. */
bool bch_node_ptr_get(const struct bch_key *k, struct bch_node_ptr *ptr);

#define BCH_NODE_PTRS_MAX    4
#define BCH_NODE_PTR_VAL_MAX (sizeof(struct btree_ptr_v2) + BCH_NODE_PTRS_MAX * 8)

/* The value of a btree_ptr_v2 to copies at @ptrs, at most BCH_NODE_PTRS_MAX. Returns its length. */
struct bch_ptr;
size_t bch_node_ptr_put(const struct bch_node_ptr *ptr, const struct bch_ptr *ptrs, u32 nr,
			u8 val[BCH_NODE_PTR_VAL_MAX]);

#endif
