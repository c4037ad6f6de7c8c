/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What points to data: the entries of extents, btree pointers and indirect extents. Format reference: 05 §2, 08 §4.3. */

#ifndef BCHFS_ONDISK_KEY_EXTENT_H
#define BCHFS_ONDISK_KEY_EXTENT_H

#include "ondisk/bkey.h"

/* Number (the lowest set bit of the first word), name, u64s. */
/* clang-format off */
#define BCH_EXTENT_ENTRIES(E)	\
	E(0, ptr,		1)	\
	E(1, crc32,		1)	\
	E(2, crc64,		2)	\
	E(3, crc128,		3)	\
	E(4, stripe_ptr,	1)	\
	E(5, rebalance,		1)	\
	E(6, flags,		1)	\
	E(7, reconcile,		1)	\
	E(8, reconcile_bp,	1)
/* clang-format on */

enum bch_extent_entry_type {
#define E(nr, name, u64s) BCH_EXTENT_ENTRY_##name = nr,
	BCH_EXTENT_ENTRIES(E)
#undef E
	BCH_EXTENT_ENTRY_NR
};

/* Entry, field, first bit, bit after the last, what is added to the bits. Format reference: 05 §2.2, §2.3, §2.5. */
/* clang-format off */
#define BCH_EXTENT_ENTRY_FIELDS(F)			\
	F(ptr, cached,			  1,   2, 0)	\
	F(ptr, unwritten,		  3,   4, 0)	\
	F(ptr, offset,			  4,  48, 0)	\
	F(ptr, dev,			 48,  56, 0)	\
	F(ptr, gen,			 56,  64, 0)	\
	F(crc32, compressed_size,	  2,   9, 1)	\
	F(crc32, uncompressed_size,	  9,  16, 1)	\
	F(crc32, offset,		 16,  23, 0)	\
	F(crc32, csum_type,		 24,  28, 0)	\
	F(crc32, compression_type,	 28,  32, 0)	\
	F(crc32, csum_lo,		 32,  64, 0)	\
	F(crc64, compressed_size,	  3,  12, 1)	\
	F(crc64, uncompressed_size,	 12,  21, 1)	\
	F(crc64, offset,		 21,  30, 0)	\
	F(crc64, nonce,			 30,  40, 0)	\
	F(crc64, csum_type,		 40,  44, 0)	\
	F(crc64, compression_type,	 44,  48, 0)	\
	F(crc64, csum_hi,		 48,  64, 0)	\
	F(crc64, csum_lo,		 64, 128, 0)	\
	F(crc128, compressed_size,	  4,  17, 1)	\
	F(crc128, uncompressed_size,	 17,  30, 1)	\
	F(crc128, offset,		 30,  43, 0)	\
	F(crc128, nonce,		 43,  56, 0)	\
	F(crc128, csum_type,		 56,  60, 0)	\
	F(crc128, compression_type,	 60,  64, 0)	\
	F(crc128, csum_lo,		 64, 128, 0)	\
	F(crc128, csum_hi,		128, 192, 0)	\
	F(stripe_ptr, block,		  5,  13, 0)	\
	F(stripe_ptr, redundancy,	 13,  17, 0)	\
	F(stripe_ptr, idx,		 17,  64, 0)	\
	F(rebalance, promote_target_from_inode,	9, 10, 0) \
	F(rebalance, erasure_code_from_inode, 10, 11, 0) \
	F(rebalance, data_checksum_from_inode, 11, 12, 0) \
	F(rebalance, background_compression_from_inode, 12, 13, 0) \
	F(rebalance, data_replicas_from_inode, 13, 14, 0) \
	F(rebalance, background_target_from_inode, 14, 15, 0) \
	F(rebalance, promote_target,	 15,  31, 0)	\
	F(rebalance, erasure_code,	 31,  32, 0)	\
	F(rebalance, data_checksum,	 32,  36, 0)	\
	F(rebalance, data_replicas,	 36,  40, 0)	\
	F(rebalance, background_compression, 40, 48, 0)	\
	F(rebalance, background_target,	 48,  64, 0)	\
	F(flags, flags,			  7,  64, 0)
/* clang-format on */

/* The bits of the first word: BCH_ENTRY_ptr_gen_lo, BCH_ENTRY_ptr_gen_hi. */
enum bch_extent_entry_bit {
#define F(entry, name, lo, hi, add) \
	BCH_ENTRY_##entry##_##name##_lo = lo, BCH_ENTRY_##entry##_##name##_hi = hi,
	BCH_EXTENT_ENTRY_FIELDS(F)
#undef F
};

#define BCH_PTRS_MAX	 16
#define BCH_REPLICAS_MAX 4   /* copies that are asked for */
#define BCH_PTR_DEV_NONE 255 /* a lost block of a stripe, or a replica that is missing */

struct bch_ptr {
	u64 offset_sectors; /* on the device */
	u8 dev_idx, gen;
	bool cached, unwritten;
};

/* How the blob is stored that the pointers after it lead to; sizes and places in sectors. */
struct bch_crc {
	u32 compressed_sectors, uncompressed_sectors;
	u32 offset_sectors; /* of the key's data in the decoded blob */
	u32 nonce;	    /* sectors */
	u8 csum_type, compression_type;
	u64 csum_lo, csum_hi;
};

/* The block of a stripe that the next pointer is. */
struct bch_stripe_ptr {
	u64 idx;
	u8 block, redundancy;
};

/* Number, name as in texts: bits of need and from_inode. Format reference: 08 §8.2. */
/* clang-format off */
#define BCH_EXTENT_OPTS(O)		\
	O(0, data_replicas)		\
	O(1, data_checksum)		\
	O(2, erasure_code)		\
	O(3, background_compression)	\
	O(4, background_target)		\
	O(5, promote_target)
/* clang-format on */

enum bch_extent_opt {
#define O(nr, name) BCH_EXTENT_OPT_##name = nr,
	BCH_EXTENT_OPTS(O)
#undef O
	BCH_EXTENT_OPT_NR
};

/* The options that applied to an extent, and what is to be done to make it so: rebalance, reconcile. */
struct bch_extent_opts {
	u16 value[BCH_EXTENT_OPT_NR];
	u8 from_inode;	/* set of options, as bits: the inode's, not the filesystem's */
	u8 need;	/* set of options that the extent does not fulfil */
	u8 ptrs_moving; /* set of pointers, by index */
	bool hipri, pending;
};

struct bch_extent_entry {
	enum bch_extent_entry_type type; /* from BCH_EXTENT_ENTRY_NR on: unknown */
	union {
		struct bch_ptr ptr;
		struct bch_crc crc; /* crc32, crc64, crc128 */
		struct bch_stripe_ptr stripe;
		struct bch_extent_opts opts; /* rebalance, reconcile */
		u64 flags;
		u64 idx; /* reconcile_bp */
	};
};

#define BCH_EXTENT_FLAG_poisoned (1ULL << 0)

static inline bool bch_extent_entry_is_crc(enum bch_extent_entry_type type)
{
	return type >= BCH_EXTENT_ENTRY_crc32 && type <= BCH_EXTENT_ENTRY_crc128;
}

/* Is the data stored other than as it is? "Incompressible" is. */
bool bch_crc_is_compressed(const struct bch_crc *crc);

/* Sectors that a key of @key_sectors takes on a device of its pointer. Format reference: 05 §8. */
u64 bch_crc_disk_sectors(const struct bch_crc *crc, u32 key_sectors);

/* A pointer alone, as stripes hold them; and its word. */
struct bch_ptr bch_ptr_get(u64 word);
u64 bch_ptr_word(const struct bch_ptr *ptr);

/* Where in a value the entries begin; -1 for types without. */
int bch_key_extent_entries_start(u8 type);

/* The bytes of the entries in a value; empty for types without. */
struct bch_bytes bch_key_extent_entries(const struct bch_key *k);

struct bch_super;

/*
 * Takes the next entry off @rest. Of a type that is unknown, whose size @super (may be NULL) tells, nothing but the
 * type is decoded. False at the end, and, leaving @rest not empty, at an entry of unknown size or cut off: what follows
 * cannot be read.
 */
bool bch_extent_entry_next(struct bch_bytes *rest, const struct bch_super *super,
			   struct bch_extent_entry *e);

/* A value of pointers being built, as long as a kernel lets it be: all crc128 and pointer. Begins as zeroes. */
#define BCH_EXTENT_U64S_MAX (1 + 4 * (BCH_REPLICAS_MAX + 1))

struct bch_extent_val {
	le64 v[BCH_EXTENT_U64S_MAX];
	u32 nr; /* words */
};

/* Each appends an entry: of crcs the smallest form that holds it, none where it says nothing. 05 §2.4 */
void bch_extent_val_ptr(struct bch_extent_val *val, const struct bch_ptr *ptr);
void bch_extent_val_crc(struct bch_extent_val *val, const struct bch_crc *crc);
void bch_extent_val_rebalance(struct bch_extent_val *val, const struct bch_extent_opts *opts);

/* A pointer with all that governs it. Format reference: 05 §2.3. */
struct bch_extent_ptr {
	struct bch_ptr ptr;
	struct bch_crc crc; /* that of uncompressed data without checksum where there is none */
	struct bch_stripe_ptr stripe;
	bool in_stripe;
};

/*
 * A walk over the pointers of a key, past entries that only @super tells of (NULL: up to them):
 * struct bch_extent_walk w = bch_extent_walk(k, super); while (bch_extent_ptr_next(&w, &p)).
 */
struct bch_extent_walk {
	const struct bch_super *super;
	struct bch_bytes rest;
	struct bch_crc crc;
};

struct bch_extent_walk bch_extent_walk(const struct bch_key *k, const struct bch_super *super);
bool bch_extent_ptr_next(struct bch_extent_walk *w, struct bch_extent_ptr *p);

/* Does it take room, so that its inode counts its sectors? 04 §11.1 */
static inline bool bch_key_is_allocation(const struct bch_key *k)
{
	return k->type == BCH_KEY_extent || k->type == BCH_KEY_reservation ||
	       k->type == BCH_KEY_reflink_p || k->type == BCH_KEY_inline_data ||
	       k->type == BCH_KEY_error;
}

/*
 * Cuts @nr_sectors, fewer than it has, off the front of an extent of any type, or off its back. @val: where the key's
 * value lies. Format reference: 05 §2.5.
 */
void bch_key_cut_front(struct bch_key *k, u8 *val, u32 nr_sectors);
void bch_key_cut_back(struct bch_key *k, u32 nr_sectors);

#endif
