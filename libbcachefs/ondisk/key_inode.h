/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inodes of all three types, unpacked and packed. Format reference: 04 §6, 08 §11. */

#ifndef BCHFS_ONDISK_KEY_INODE_H
#define BCHFS_ONDISK_KEY_INODE_H

#include <bcachefs/opts.h>
#include "ondisk/bkey.h"
#include "ondisk/fields.h"

#define BCH_INODE_NR_MIN 4096 /* smaller ones are no inodes; it is that of the root directory */

/*
 * The packed fields, in the order of the disk: name, bits (96: two numbers, of which the second is
 * 0), the version since which the tools print them. Format reference: 04 §6.4.
 */
/* clang-format off */
#define BCH_INODE_TIMES(F)				\
	F(bi_atime,			96, 0)		\
	F(bi_ctime,			96, 0)		\
	F(bi_mtime,			96, 0)		\
	F(bi_otime,			96, 0)

#define BCH_INODE_SIZES(F)				\
	F(bi_size,			64, 0)		\
	F(bi_sectors,			64, 0)

#define BCH_INODE_FIELDS(F)				\
	F(bi_uid,			32, 0)		\
	F(bi_gid,			32, 0)		\
	F(bi_nlink,			32, 0)		\
	F(bi_generation,		32, 0)		\
	F(bi_dev,			32, 0)		\
	F(bi_data_checksum,		8,  0)		\
	F(bi_compression,		8,  0)		\
	F(bi_project,			32, 0)		\
	F(bi_background_compression,	8,  0)		\
	F(bi_data_replicas,		8,  0)		\
	F(bi_promote_target,		16, 0)		\
	F(bi_foreground_target,		16, 0)		\
	F(bi_background_target,		16, 0)		\
	F(bi_erasure_code,		16, 0)		\
	F(bi_fields_set,		16, 0)		\
	F(bi_dir,			64, 0)		\
	F(bi_dir_offset,		64, 0)		\
	F(bi_subvol,			32, 0)		\
	F(bi_parent_subvol,		32, 0)

#define BCH_INODE_LATER_FIELDS(F)					\
	F(bi_nocow,			8,  0)				\
	F(bi_depth,			32, BCH_VERSION(1, 17))		\
	F(bi_inodes_32bit,		8,  BCH_VERSION(1, 18))		\
	F(bi_casefold,			8,  BCH_VERSION(1, 24))		\
	F(bi_unused_ec_max_data_blocks,	8,  BCH_VERSION(1, 38))

#define BCH_INODE_V2_FIELDS(F) BCH_INODE_TIMES(F) BCH_INODE_SIZES(F) BCH_INODE_FIELDS(F)
#define BCH_INODE_V3_FIELDS(F) BCH_INODE_TIMES(F) BCH_INODE_FIELDS(F) BCH_INODE_LATER_FIELDS(F)

/* Bit, name. Format reference: 04 §6.5, 08 §11. */
#define BCH_INODE_FLAGS(F)		\
	F(0,  sync)			\
	F(1,  immutable)		\
	F(2,  append)			\
	F(3,  nodump)			\
	F(4,  noatime)			\
	F(5,  i_size_dirty)		\
	F(6,  i_sectors_dirty)		\
	F(7,  unlinked)			\
	F(8,  backptr_untrusted)	\
	F(9,  has_child_snapshot)	\
	F(10, has_case_insensitive)	\
	F(11, 31bit_dirent_offset)	\
	F(12, has_inode_opts)		\
	F(13, has_access_acl)		\
	F(14, has_default_acl)

enum bch_inode_flag {
#define F(nr, name) BCH_INODE_##name = nr,
	BCH_INODE_FLAGS(F)
#undef F
};

/* Bit in bi_fields_set, option: the field is bi_NAME, biased by one. Format reference: 04 §6.9. */
#define BCH_INODE_OPTS(O)		\
	O(0,  data_checksum)		\
	O(1,  compression)		\
	O(2,  project)			\
	O(3,  background_compression)	\
	O(4,  data_replicas)		\
	O(5,  promote_target)		\
	O(6,  foreground_target)	\
	O(7,  background_target)	\
	O(8,  erasure_code)		\
	O(9,  nocow)			\
	O(10, inodes_32bit)		\
	O(11, casefold)

/* Number, name: how an inode's names are hashed. Format reference: 04 §7.1. */
#define BCH_STR_HASHES(H)	\
	H(0, crc32c)		\
	H(1, crc64)		\
	H(2, siphash_old)	\
	H(3, siphash)

enum bch_str_hash {
#define H(nr, name) BCH_STR_HASH_##name = nr,
	BCH_STR_HASHES(H)
#undef H
	BCH_STR_HASH_NR
};
/* clang-format on */

/*
 * An inode. Times are in units of the filesystem, from its base, as the bits of a signed number;
 * bi_nlink is biased, and so are options: 0 is unset. Format reference: 04 §6.6, §6.7, §6.9.
 */
struct bch_inode {
	u64 bi_journal_seq;
	u64 bi_hash_seed;
	u64 bi_size;
	u64 bi_sectors;
	u64 bi_version;
	u32 bi_flags;  /* bits of enum bch_inode_flag */
	u8 hash_type;  /* enum bch_str_hash, or more: 4 bits from disk */
	u8 nr_fields;  /* as stored */
	u8 nr_unknown; /* of them, that we cannot name */
	u16 bi_mode;
#define BCH_INODE_TYPE_8		    u8
#define BCH_INODE_TYPE_16		    u16
#define BCH_INODE_TYPE_32		    u32
#define BCH_INODE_TYPE_64		    u64
#define BCH_INODE_TYPE_96		    u64
#define BCH_INODE_MEMBER(name, bits, since) BCH_INODE_TYPE_##bits name;
	BCH_INODE_V3_FIELDS(BCH_INODE_MEMBER)
};

static inline bool bch_key_is_inode(const struct bch_key *k)
{
	return k->type == BCH_KEY_inode || k->type == BCH_KEY_inode_v2 ||
	       k->type == BCH_KEY_inode_v3;
}

/* The inode in a key of type inode, inode_v2 or inode_v3. False where it cannot be unpacked. */
bool bch_inode_get(const struct bch_key *k, struct bch_inode *inode);

/* What a flat inode holds, each in a word of its own: all but what the stored form alone has. */
/* clang-format off */
#define BCH_INODE_FLAT_FIELDS(F)			\
	F(bi_journal_seq,		64, 0)		\
	F(bi_hash_seed,			64, 0)		\
	F(bi_flags,			32, 0)		\
	F(hash_type,			8,  0)		\
	F(bi_mode,			16, 0)		\
	BCH_INODE_SIZES(F)				\
	F(bi_version,			64, 0)		\
	BCH_INODE_V3_FIELDS(F)
/* clang-format on */

/* An inode whose fields have places, for tables of fields. */
struct bch_inode_flat {
#define BCH_INODE_FLAT_MEMBER(name, bits, since) le64 name;
	BCH_INODE_FLAT_FIELDS(BCH_INODE_FLAT_MEMBER)
};

/* Lays an inode out, and takes it from there. */
void bch_inode_flat_get(struct bch_inode_flat *flat, const struct bch_inode *inode);
void bch_inode_flat_put(const struct bch_inode_flat *flat, struct bch_inode *inode);

/* The longest value that bch_inode_put() makes, every field at its greatest. */
#define BCH_INODE_VAL_MAX 184

/*
 * Packs @inode as an inode_v3 value, the bytes that a kernel writes. Returns their number, or 0
 * where it has fields that we do not know, which would be lost.
 */
size_t bch_inode_put(const struct bch_inode *inode, u8 val[BCH_INODE_VAL_MAX]);

/* What stands for a deleted inode. Format reference: 04 §6.11. */
/* clang-format off */
#define BCH_INODE_GENERATION_FIELDS(F, B)	\
	F(u32, bi_generation, 1)		\
	B(pad, 4)
/* clang-format on */
BCH_DISK_STRUCT(bch_inode_generation, BCH_INODE_GENERATION_FIELDS, 8)

/* Since then the text of an inode names its type, and that of a cursor its range. */
#define BCH_INODE_TEXT_1_38 BCH_VERSION(1, 38)

#endif
