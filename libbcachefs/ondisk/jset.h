/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal entry (jset) and its records, which the superblock's clean section holds too. Format reference: 03 §1, §2;
 * 08 §3.
 */

#ifndef BCHFS_ONDISK_JSET_H
#define BCHFS_ONDISK_JSET_H

#include "ondisk/fields.h"
#include "ondisk/keys.h"

/* ------------------------------------------------------------------ header: 03 §1 */

/* clang-format off */
#define BCH_JSET_FIELDS(F, B)		\
	F(u64, csum, 2)			\
	F(u64, magic, 1)		\
	F(u64, seq, 1)			\
	F(u32, version, 1)		\
	F(u32, flags, 1)		\
	F(u32, u64s, 1)			\
	F(u16, read_clock, 1)		\
	F(u16, write_clock, 1)		\
	F(u64, last_seq, 1)
/* clang-format on */
BCH_DISK_STRUCT(bch_jset, BCH_JSET_FIELDS, 56)

#define BCH_JSET_BYTES	     sizeof(struct bch_jset_disk)
#define BCH_JSET_CSUM_START  offsetof(struct bch_jset_disk, magic)
#define BCH_JSET_CRYPT_START offsetof(struct bch_jset_disk, read_clock)

/* Name, first bit, bit after the last. Format reference: 03 §1.1, 08 §3.1. */
/* clang-format off */
#define BCH_JSET_FLAGS(F)		\
	F(CSUM_TYPE,	  0, 4)		\
	F(BIG_ENDIAN,	  4, 5)		\
	F(NO_FLUSH,	  5, 6)		\
	F(HAS_OVERWRITES, 6, 7)

#define F(name, lo, hi)							\
	static inline u8 bch_jset_##name(u32 flags)			\
	{								\
		return (u8)bch_bits_get(flags, lo, hi);			\
	}
BCH_JSET_FLAGS(F)
#undef F
/* clang-format on */

/* What the magic of all entries of a filesystem is; @uuid is its internal UUID. */
u64 bch_jset_magic(const u8 uuid[16]);

/* Bytes of header and records. */
static inline u64 bch_jset_len(const struct bch_jset *j)
{
	return BCH_JSET_BYTES + (u64)j->u64s * 8;
}

/* ------------------------------------------------------------------ records: 03 §2 */

struct jset_entry {
	le16 u64s; /* of the payload */
	u8 btree_id;
	u8 level;
	u8 type;
	u8 pad[3];
};
_Static_assert(sizeof(struct jset_entry) == 8, "format reference 03 §2");

/*
 * Number, name, least and greatest payload in bytes (0: no bound), the error of another size. The sizes of those that
 * hold keys follow from the keys.
 */
/* clang-format off */
#define BCH_JSET_ENTRY_TYPES(J)									\
	J(0,  btree_keys,	 0,  0,  journal_entry_bkey_invalid)				\
	J(1,  btree_root,	 0,  0,  journal_entry_btree_root_bad_size)			\
	J(2,  prio_ptrs,	 0,  0,  journal_entry_bkey_invalid)				\
	J(3,  blacklist,	 8,  8,  journal_entry_blacklist_bad_size)			\
	J(4,  blacklist_v2,	 16, 16, journal_entry_blacklist_v2_bad_size)			\
	J(5,  usage,		 8,  0,  journal_entry_usage_bad_size)				\
	J(6,  data_usage,	 11, 0,  journal_entry_data_usage_bad_size)			\
	J(7,  clock,		 16, 16, journal_entry_clock_bad_size)				\
	J(8,  dev_usage,	 24, 0,  journal_entry_dev_usage_bad_size)			\
	J(9,  log,		 0,  0,  journal_entry_bkey_invalid)				\
	J(10, overwrite,	 0,  0,  journal_entry_bkey_invalid)				\
	J(11, write_buffer_keys, 0,  0,  journal_entry_bkey_invalid)				\
	J(12, datetime,		 8,  0,  journal_entry_dev_usage_bad_size)			\
	J(13, log_bkey,		 0,  0,  journal_entry_bkey_invalid)				\
	J(14, rewind_limit,	 8,  0,  journal_entry_rewind_limit_bad_size)			\
	J(15, rewind,		 16, 0,  journal_entry_rewind_bad_size)

enum bch_jset_entry_type {
#define J(nr, name, min, max, error) BCH_JSET_ENTRY_##name = nr,
	BCH_JSET_ENTRY_TYPES(J)
#undef J
	BCH_JSET_ENTRY_NR
};

/* Kinds of usage records (in btree_id): 03 §2. */
#define BCH_JSET_USAGES(U)	\
	U(0, reserved)		\
	U(1, inodes)		\
	U(2, key_version)

enum bch_jset_usage {
#define U(nr, name) BCH_JSET_USAGE_##name = nr,
	BCH_JSET_USAGES(U)
#undef U
	BCH_JSET_USAGE_NR
};
/* clang-format on */

/* The level of log records. */
enum {
	BCH_JSET_LOG_transaction = 0, /* begins a transaction: its function's name */
	BCH_JSET_LOG_message = 1
};

struct bch_jset_entry {
	u8 btree_id, level, type;
	struct bch_bytes payload; /* in the bytes of the jset */
};

/*
 * Takes the next record off @rest. 1, 0 at the end, -BCH_ERR_out_of_range where it overruns the end
 * (journal_entry_past_jset_end).
 */
int bch_jset_entry_next(struct bch_bytes *rest, struct bch_jset_entry *e);

/* The @nr-th word of the payload, 0 where it is shorter. */
u64 bch_jset_entry_u64(const struct bch_jset_entry *e, size_t nr);

/* The text of a log record; it may hold any bytes. */
struct bch_bytes bch_jset_entry_log(const struct bch_jset_entry *e);

/* Do records of this type hold keys of which there may be any number: all that do but btree_root. */
bool bch_jset_entry_has_keys(u8 type);

/* Is it a record of no meaning? */
static inline bool bch_jset_entry_is_filler(const struct bch_jset_entry *e)
{
	return e->type == BCH_JSET_ENTRY_btree_keys && !e->payload.len;
}

static inline bool bch_jset_begins_transaction(const struct bch_jset_entry *e)
{
	return e->type == BCH_JSET_ENTRY_log && e->level == BCH_JSET_LOG_transaction;
}

/*
 * Takes the next key off @rest, the payload of a record. 1 and @problem: BCH_KEY_VALID, or what is wrong with its form
 * (enum bch_fsck_error): it is dropped then, with all that follows where its end is not known. 0 at the end. The value
 * is for bch_key_validate() yet.
 */
int bch_jset_key_next(struct bch_bytes *rest, struct bch_key *k, int *problem);

/*
 * The rules of one record but for those of its keys: BCH_KEY_VALID, or the id of the first error (03 §12), details in
 * @why (may be NULL). A record with an error means nothing; a btree_root means a root that is lost.
 */
int bch_jset_entry_validate(const struct bch_jset_entry *e, struct bch_buf *why);

/* For the keys of a record: they are judged and printed as those of the filesystem's @c. */
struct bch_key_context bch_jset_key_context(const struct bch_jset_entry *e,
					    const struct bch_key_context *c);

/* "btree_root: btree=inodes l=0 u64s 11 type …", in the form of @c's version: keys on lines of their own. CLI 7.2. */
void bch_jset_entry_put(struct bch_buf *out, const struct bch_jset_entry *e,
			const struct bch_key_context *c);

/* "btree_keys: btree=inodes l=0 " and the key: one key of such a record. */
void bch_jset_key_put(struct bch_buf *out, const struct bch_jset_entry *e, const struct bch_key *k,
		      const struct bch_key_context *c);

/* The same without the key's value. */
void bch_jset_key_header_put(struct bch_buf *out, const struct bch_jset_entry *e,
			     const struct bch_key *k, u16 version);

/* The name of a type of records, or NULL. */
const char *bch_jset_entry_type_name(u8 type);

#endif
