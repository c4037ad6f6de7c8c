/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The superblock: structures, flag fields, sections, and a superblock in memory. Format reference: 01, 08 §2.
 *
 * In memory a superblock is its bytes: what we do not know is carried along unharmed by never being touched. Fields of
 * the fixed part and of sections are read and written in place; only lists become arrays.
 */

#ifndef BCHFS_ONDISK_SUPERBLOCK_H
#define BCHFS_ONDISK_SUPERBLOCK_H

#include <bcachefs/buf.h>
#include <bcachefs/opts.h>
#include "ondisk/fields.h"

#define BCH_SB_SECTOR	     8 /* of the default superblock */
#define BCH_SB_LAYOUT_SECTOR 7 /* of the layout that stands alone */
#define BCH_SB_LABEL_SIZE    32
#define BCH_SB_MAX_COPIES    61
#define BCH_SB_MAX_SIZE_BITS 16	 /* log2 of sectors */
#define BCH_SB_MAX_MEMBERS   255 /* a device index is a u8, and 255 is none */

extern const u8 bch_magic[16];	      /* what is written */
extern const u8 bch_magic_bcache[16]; /* what is accepted too */

/* A member whose slot was freed without cleaning up what refers to it (1.27). */
extern const u8 bch_member_deleted_uuid[16];

struct bch_sb_layout {
	u8 magic[16];
	u8 layout_type;
	u8 sb_max_size_bits; /* log2 of the sectors reserved for each copy */
	u8 nr_superblocks;
	u8 pad[5];
	le64 sb_offset[BCH_SB_MAX_COPIES]; /* sectors */
};
_Static_assert(sizeof(struct bch_sb_layout) == 512, "format reference 01 §2.1");

/* Has a device of that layout its superblock where all look for it, and the layout in sector 7? Not while it is migrated. */
static inline bool bch_sb_layout_is_default(const struct bch_sb_layout *layout)
{
	return le64_get(layout->sb_offset[0]) == BCH_SB_SECTOR;
}

struct bch_sb {
	le64 csum[2];
	le16 version;
	le16 version_min;
	le16 pad[2];
	u8 magic[16];
	u8 uuid[16];	  /* internal */
	u8 user_uuid[16]; /* external */
	u8 label[BCH_SB_LABEL_SIZE];
	le64 offset; /* sector of this copy */
	le64 seq;
	le16 block_size; /* sectors */
	u8 dev_idx;
	u8 nr_devices;
	le32 u64s; /* of the sections */
	le64 time_base_lo;
	le32 time_base_hi;
	le32 time_precision;
	le64 flags[7];
	le64 write_time; /* unix seconds */
	le64 features[2];
	le64 compat[2];
	struct bch_sb_layout layout;
};
_Static_assert(sizeof(struct bch_sb) == 752, "format reference 01 §3");

/* Where the checksum begins to count. */
#define BCH_SB_CSUM_START offsetof(struct bch_sb, version)

/* Name, flag word, first bit, bit after the last. Format reference: 01 §4, 08 §2.5. */
/* clang-format off */
#define BCH_SB_FLAGS(F)					\
	F(INITIALIZED,			0,  0,  1)	\
	F(CLEAN,			0,  1,  2)	\
	F(CSUM_TYPE,			0,  2,  8)	\
	F(ERROR_ACTION,			0,  8, 12)	\
	F(BTREE_NODE_SIZE,		0, 12, 28)	\
	F(GC_RESERVE,			0, 28, 33)	\
	F(ROOT_RESERVE,			0, 33, 40)	\
	F(META_CSUM_TYPE,		0, 40, 44)	\
	F(DATA_CSUM_TYPE,		0, 44, 48)	\
	F(META_REPLICAS_WANT,		0, 48, 52)	\
	F(DATA_REPLICAS_WANT,		0, 52, 56)	\
	F(POSIX_ACL,			0, 56, 57)	\
	F(USRQUOTA,			0, 57, 58)	\
	F(GRPQUOTA,			0, 58, 59)	\
	F(PRJQUOTA,			0, 59, 60)	\
	F(HAS_ERRORS,			0, 60, 61)	\
	F(HAS_TOPOLOGY_ERRORS,		0, 61, 62)	\
	F(BIG_ENDIAN,			0, 62, 63)	\
	F(PROMOTE_WHOLE_EXTENTS,	0, 63, 64)	\
	F(STR_HASH_TYPE,		1,  0,  4)	\
	F(COMPRESSION_TYPE_LO,		1,  4,  8)	\
	F(INODE_32BIT,			1,  8,  9)	\
	F(128_BIT_MACS,			1,  9, 10)	\
	F(ENCRYPTION_TYPE,		1, 10, 14)	\
	F(ENCODED_EXTENT_MAX_BITS,	1, 14, 20)	\
	F(META_REPLICAS_REQ,		1, 20, 24)	\
	F(DATA_REPLICAS_REQ,		1, 24, 28)	\
	F(PROMOTE_TARGET,		1, 28, 40)	\
	F(FOREGROUND_TARGET,		1, 40, 52)	\
	F(BACKGROUND_TARGET,		1, 52, 64)	\
	F(BACKGROUND_COMPRESSION_TYPE_LO, 2, 0, 4)	\
	F(GC_RESERVE_BYTES,		2,  4, 64)	\
	F(ERASURE_CODE,			3,  0, 16)	\
	F(METADATA_TARGET,		3, 16, 28)	\
	F(SHARD_INUMS,			3, 28, 29)	\
	F(INODES_USE_KEY_CACHE,		3, 29, 30)	\
	F(JOURNAL_FLUSH_DELAY,		3, 30, 62)	\
	F(JOURNAL_FLUSH_DISABLED,	3, 62, 63)	\
	F(MULTI_DEVICE,			3, 63, 64)	\
	F(JOURNAL_RECLAIM_DELAY,	4,  0, 32)	\
	F(JOURNAL_TRANSACTION_NAMES,	4, 32, 33)	\
	F(NOCOW,			4, 33, 34)	\
	F(WRITE_BUFFER_SIZE,		4, 34, 54)	\
	F(VERSION_UPGRADE,		4, 54, 56)	\
	F(COMPRESSION_TYPE_HI,		4, 56, 60)	\
	F(BACKGROUND_COMPRESSION_TYPE_HI, 4, 60, 64)	\
	F(VERSION_UPGRADE_COMPLETE,	5,  0, 16)	\
	F(ALLOCATOR_STUCK_TIMEOUT,	5, 16, 32)	\
	F(VERSION_INCOMPAT,		5, 32, 48)	\
	F(VERSION_INCOMPAT_ALLOWED,	5, 48, 64)	\
	F(SHARD_INUMS_NBITS,		6,  0,  4)	\
	F(WRITE_ERROR_TIMEOUT,		6,  4, 14)	\
	F(CSUM_ERR_RETRY_NR,		6, 14, 20)	\
	F(DEGRADED_ACTION,		6, 20, 22)	\
	F(CASEFOLD,			6, 22, 23)	\
	F(REBALANCE_AC_ONLY,		6, 23, 24)	\
	F(WRITEBACK_TIMEOUT,		6, 24, 40)	\
	F(EXTENT_BP_SHIFT,		6, 40, 48)	\
	F(SCRUB_JOURNAL,		6, 48, 50)	\
	F(EC_MAX_DATA_BLOCKS,		6, 50, 58)	\
	F(MOVE_WRITES_FUA,		6, 58, 59)	\
	F(DIRENTS_SANITIZED,		6, 59, 60)
/* clang-format on */

enum bch_sb_flag {
	BCH_SB_NONE, /* so that 0 means "not stored in a flag word" */
#define F(name, word, lo, hi) BCH_SB_##name,
	BCH_SB_FLAGS(F)
#undef F
	BCH_SB_FLAG_NR
};

/* A field of the flag words, and the same written; what does not fit is cut off. */
u64 bch_sb_flag(const struct bch_sb *sb, enum bch_sb_flag flag);
void bch_sb_flag_set(struct bch_sb *sb, enum bch_sb_flag flag, u64 value);

/* Bit, name. A reader that does not know a set bit refuses. Format reference: 01 §5.1, 08 §1.5. */
/* clang-format off */
#define BCH_SB_FEATURES(F)			\
	F(0,  lz4)				\
	F(1,  gzip)				\
	F(2,  zstd)				\
	F(3,  atomic_nlink)			\
	F(4,  ec)				\
	F(5,  journal_seq_blacklist_v3)		\
	F(6,  reflink)				\
	F(7,  new_siphash)			\
	F(8,  inline_data)			\
	F(9,  new_extent_overwrite)		\
	F(10, incompressible)			\
	F(11, btree_ptr_v2)			\
	F(12, extents_above_btree_updates)	\
	F(13, btree_updates_journalled)		\
	F(14, reflink_inline_data)		\
	F(15, new_varint)			\
	F(16, journal_no_flush)			\
	F(17, alloc_v2)				\
	F(18, extents_across_btree_nodes)	\
	F(19, incompat_version_field)		\
	F(20, casefolding)			\
	F(21, no_alloc_info)			\
	F(22, small_image)			\
	F(23, no_default_sb)

/* Bit, name. A reader may ignore unknown ones. Format reference: 01 §5.2. */
#define BCH_SB_COMPATS(F)			\
	F(0, alloc_info)			\
	F(1, alloc_metadata)			\
	F(2, extents_above_btree_updates_done)	\
	F(3, bformat_overflow_done)		\
	F(4, no_stale_ptrs)

/* Number, name. Format reference: 01 §7, 08 §2.1. */
#define BCH_SB_SECTIONS(S)		\
	S(0,  journal)			\
	S(1,  members_v1)		\
	S(2,  crypt)			\
	S(3,  replicas_v0)		\
	S(4,  quota)			\
	S(5,  disk_groups)		\
	S(6,  clean)			\
	S(7,  replicas)			\
	S(8,  journal_seq_blacklist)	\
	S(9,  journal_v2)		\
	S(10, counters)			\
	S(11, members_v2)		\
	S(12, errors)			\
	S(13, ext)			\
	S(14, downgrade)		\
	S(15, recovery_passes)		\
	S(16, extent_type_u64s)		\
	S(17, errors_v2)
/* clang-format on */

enum bch_sb_feature {
#define F(nr, name) BCH_FEATURE_##name = nr,
	BCH_SB_FEATURES(F)
#undef F
	BCH_FEATURE_NR
};

enum bch_sb_compat {
#define F(nr, name) BCH_COMPAT_##name = nr,
	BCH_SB_COMPATS(F)
#undef F
	BCH_COMPAT_NR
};

enum bch_sb_section {
#define S(nr, name) BCH_SECTION_##name = nr,
	BCH_SB_SECTIONS(S)
#undef S
	BCH_SECTION_NR
};

extern const char *const bch_sb_feature_names[];
extern const char *const bch_sb_compat_names[];
extern const char *const bch_sb_section_names[];

/* What features[0] of a new filesystem holds, at 1.13 and since 1.14. Format reference: 01 §5.1. */
#define BCH_FEATURES_ALL      0x7ba80ULL
#define BCH_FEATURES_ALL_1_14 (BCH_FEATURES_ALL | 1ULL << BCH_FEATURE_incompat_version_field)

/* ------------------------------------------------------------------ a superblock in memory */

/* One copy's bytes, fixed part and sections; owned. All zero is none. Freed by bch_super_end() or bch_auto(super). */
struct bch_super {
	struct bch_sb *sb;
	size_t size; /* of the memory behind sb */
};

void bch_super_end(struct bch_super *super);
static inline void bch_super_cleanup(struct bch_super *super)
{
	bch_super_end(super);
}

/* Bytes of fixed part and sections. */
size_t bch_super_len(const struct bch_super *super);

/*
 * Takes a copy of @from, whose length must be that which its u64s says or more: -BCH_ERR_invalid_sb_too_big.
 * -BCH_ERR_no_memory. What @super held before is freed.
 */
int bch_super_set(struct bch_super *super, struct bch_bytes from);

/* A fixed part without sections, all zero. */
int bch_super_new(struct bch_super *super);

/* Header of a section. Format reference: 01 §7. */
struct bch_sb_section_header {
	le32 u64s; /* of the section, this header included */
	le32 type;
};

/*
 * Takes the next section off @rest, header included in @body's place but not in its bytes. 1, 0 at the end, or
 * -BCH_ERR_invalid_sb_field_size where the lengths do not add up.
 */
int bch_sb_section_next(struct bch_bytes *rest, u32 *type, struct bch_bytes *body);

/* All sections of @super, for bch_sb_section_next(). */
struct bch_bytes bch_super_sections(const struct bch_super *super);

/* The first section of @type without its header; p is NULL where there is none. Valid until the superblock changes. */
struct bch_bytes bch_super_section(const struct bch_super *super, u32 type);

/* The same to be written in place. */
static inline u8 *bch_super_section_mut(struct bch_super *super, u32 type)
{
	struct bch_bytes b = bch_super_section(super, type);

	return b.p ? (u8 *)super->sb + (b.p - (const u8 *)super->sb) : NULL;
}

/*
 * Makes the section hold @len bytes (rounded up to 8, zero-filled): grows or shrinks it in place, or appends it. Its
 * bytes are kept as far as they go. -BCH_ERR_no_space_in_sb where the copy's place is too small, -BCH_ERR_no_memory.
 */
int bch_super_section_resize(struct bch_super *super, u32 type, size_t len);

/* The section becomes @body (padded to 8 bytes). Errors as bch_super_section_resize(). */
int bch_super_section_put(struct bch_super *super, u32 type, const void *body, size_t len);

/* Removes every section of @type. */
void bch_super_section_drop(struct bch_super *super, u32 type);

/* Makes @to hold the fs-wide content of @from, and keeps what is a device's own. Format reference: 01 §10.4. */
int bch_super_copy_fs(struct bch_super *to, const struct bch_super *from);

/* ------------------------------------------------------------------ validity and text */

enum bch_sb_validate_flags {
	BCH_SB_VALIDATE_WRITE = 1 << 0, /* the rules for writing: 01 §10.3 (12), §11 */
};

/* The layout rules of 01 §2.1: first error found; its details are appended to @why (may be NULL). */
int bch_sb_layout_validate(const struct bch_sb_layout *layout, struct bch_buf *why);

/*
 * The rules of 01 §10.3 in their order, on a superblock whose checksum was right, read at @sector. Returns the first
 * error and appends its details to @why (may be NULL).
 */
int bch_sb_validate(const struct bch_super *super, u64 sector, unsigned flags, struct bch_buf *why);

/* May a reader that knows BCH_VERSION_READ_MAX read @version at all? Format reference: 01 §9.1. */
bool bch_version_compatible(u16 version);

/* The silent fix-ups that readers make: 01 §10.3 (7). */
void bch_sb_fix_up(struct bch_sb *sb);

/* An option's number from the superblock, and into it. Only for options that it stores (bch_opt_in_version()). */
u64 bch_sb_opt(const struct bch_sb *sb, enum bch_opt_id id);
void bch_sb_opt_set(struct bch_sb *sb, enum bch_opt_id id, u64 value);

#endif
