/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sections of the superblock, one by one: in memory, decode, encode. Format reference: 01 §8, 08 §2.
 *
 * Functions that take a struct bch_super work on a validated one (bch_sb_validate()); "_next" functions walk any bytes.
 * Those that change return 0, -BCH_ERR_no_space_in_sb or -BCH_ERR_no_memory.
 */

#ifndef BCHFS_ONDISK_SB_SECTIONS_H
#define BCHFS_ONDISK_SB_SECTIONS_H

#include "ondisk/jset.h"
#include "ondisk/superblock.h"

struct bch_facts;

/* ------------------------------------------------------------------ members: 01 §8.2, §8.3, 08 §2.6 */

/* clang-format off */
#define BCH_MEMBER_FIELDS(F, B)			\
	B(uuid, 16)				\
	F(u64, nbuckets, 1)			\
	F(u16, first_bucket, 1)			\
	F(u16, bucket_size, 1)			\
	F(u8, btree_bitmap_shift, 1)		\
	B(pad, 3)				\
	F(u64, last_mount, 1)			\
	F(u64, flags, 1)			\
	F(u32, iops, 4)				\
	F(u64, errors, 3)			\
	F(u64, errors_at_reset, 3)		\
	F(u64, errors_reset_time, 1)		\
	F(u64, seq, 1)				\
	F(u64, btree_allocated_bitmap, 1)	\
	F(u32, last_journal_bucket, 1)		\
	F(u32, last_journal_bucket_offset, 1)	\
	B(device_name, 16)			\
	B(device_model, 64)			\
	F(u64, flush_errors, 1)			\
	B(device_serial, 64)			\
	B(failure_domain, 32)
/* clang-format on */
BCH_DISK_STRUCT(bch_member, BCH_MEMBER_FIELDS, 328)

#define BCH_MEMBER_V1_BYTES   56  /* of an entry of members_v1 */
#define BCH_MEMBER_BYTES_1_13 144 /* what 6.12 writes */
#define BCH_MEMBERS_V2_HEADER 8	  /* member_bytes and padding, before the first entry */

#define BCH_MEMBER_MIN_BUCKETS 64U /* behind the first, or kernels refuse it */

/* Name, first bit, bit after the last. */
/* clang-format off */
#define BCH_MEMBER_FLAGS(F)			\
	F(STATE,			0, 4)	\
	F(DISCARD,			14, 15)	\
	F(DATA_ALLOWED,			15, 20)	\
	F(GROUP,			20, 28)	\
	F(DURABILITY,			28, 30)	\
	F(FREESPACE_INITIALIZED,	30, 31)	\
	F(RESIZE_ON_MOUNT,		31, 32)	\
	F(ROTATIONAL,			32, 33)	\
	F(ROTATIONAL_SET,		33, 34)	\
	F(INITIALIZED,			34, 38)

#define F(name, lo, hi)									\
	static inline u64 bch_member_##name(const struct bch_member *m)			\
	{										\
		return bch_bits_get(m->flags, lo, hi);					\
	}										\
	static inline void bch_member_##name##_set(struct bch_member *m, u64 value)	\
	{										\
		m->flags = bch_bits_set(m->flags, lo, hi, value);			\
	}
BCH_MEMBER_FLAGS(F)
#undef F
/* clang-format on */

/* What STATE is: 01 §8.2. From 1.33 on failed ones are being evacuated, and still read: 08 §2.6. */
enum bch_member_state {
	BCH_MEMBER_STATE_rw,
	BCH_MEMBER_STATE_ro,
	BCH_MEMBER_STATE_failed,
	BCH_MEMBER_STATE_spare
};

/* Copies that a copy on this member counts for: the stored number is biased, 0 is the default. */
static inline u32 bch_member_durability(const struct bch_member *m)
{
	u64 stored = bch_member_DURABILITY(m);

	return stored ? (u32)stored - 1 : 1;
}

/* Is the slot a member, neither free nor deleted? */
bool bch_member_alive(const struct bch_member *m);

/* Member @dev_idx, from members_v2 or else members_v1. False where neither has that slot. */
bool bch_super_member(const struct bch_super *super, u32 dev_idx, struct bch_member *m);

/* Writes @m into both sections, as far as they are there and know its fields. */
void bch_super_member_put(struct bch_super *super, u32 dev_idx, const struct bch_member *m);

/* Makes both sections (members_v2 with @member_bytes an entry), all slots empty, nr_devices set. */
int bch_super_members_create(struct bch_super *super, u32 nr, u16 member_bytes);

/* Has those sections that are there have @nr slots, no fewer than now; the new ones are empty. */
int bch_super_members_grow(struct bch_super *super, u32 nr);

/* Makes the entries of members_v2 at least @member_bytes long, what is new in them zero. */
int bch_super_members_widen(struct bch_super *super, u16 member_bytes);

/* ------------------------------------------------------------------ journal and journal_v2: 01 §8.1 */

struct bch_bucket_range {
	u64 start, nr;
};

/* The journal's buckets in their order, as ranges. @ranges is to be freed; its number is returned, or an error. */
int bch_super_journal(const struct bch_super *super, struct bch_bucket_range **ranges, u32 *nr);

/* Writes journal_v2 (neighbours joined) and drops journal. Without ranges there is neither afterwards. */
int bch_super_journal_put(struct bch_super *super, const struct bch_bucket_range *ranges, u32 nr);

/* ------------------------------------------------------------------ crypt: 01 §8.4 */

/* clang-format off */
#define BCH_SB_CRYPT_FIELDS(F, B)	\
	F(u64, flags, 1)		\
	F(u64, kdf_flags, 1)		\
	B(key, 40)
/* clang-format on */
BCH_DISK_STRUCT(bch_sb_crypt, BCH_SB_CRYPT_FIELDS, 56)

bool bch_super_crypt(const struct bch_super *super,
		     struct bch_sb_crypt *crypt); /* false: there is none */
/* Into the section, made where it is missing. */
int bch_super_crypt_put(struct bch_super *super, const struct bch_sb_crypt *crypt);

/* ------------------------------------------------------------------ replicas_v0 and replicas: 01 §8.5 */

struct bch_replicas {
	u8 data_type, nr_devs, nr_required;
	const u8 *devs; /* nr_devs of them, in somebody's bytes */
};

/* Takes the next record off @rest, of the section type @section. 1, 0 at the end, -BCH_ERR_invalid_replicas_entry. */
int bch_replicas_next(struct bch_bytes *rest, u32 section, struct bch_replicas *r);

/* "user: 1/2 [0 1]". */
void bch_replicas_put(struct bch_buf *out, const struct bch_replicas *r);

/* The section that holds the records (replicas before replicas_v0), for bch_replicas_next(). */
struct bch_bytes bch_super_replicas(const struct bch_super *super, u32 *section);

/* Writes replicas_v0 where every record requires one device, else replicas, and drops the other. */
int bch_super_replicas_put(struct bch_super *super, const struct bch_replicas *r, u32 nr);

/* The data types that have a record with @dev_idx, as bits. */
u64 bch_super_dev_has_data(const struct bch_super *super, u32 dev_idx);

/* ------------------------------------------------------------------ quota: 01 §8.6 */

/* clang-format off */
#define BCH_SB_QUOTA_FIELDS(F, B)	\
	F(u64, flags, 1)		\
	F(u32, space_timelimit, 1)	\
	F(u32, space_warnlimit, 1)	\
	F(u32, inodes_timelimit, 1)	\
	F(u32, inodes_warnlimit, 1)
/* clang-format on */
BCH_DISK_STRUCT(bch_sb_quota, BCH_SB_QUOTA_FIELDS, 24)

#define BCH_QUOTA_TYPES 3

/* ------------------------------------------------------------------ disk_groups: 01 §8.7 */

/* clang-format off */
#define BCH_DISK_GROUP_FIELDS(F, B)	\
	B(label, 32)			\
	F(u64, flags0, 1)		\
	F(u64, flags1, 1)
/* clang-format on */
BCH_DISK_STRUCT(bch_disk_group, BCH_DISK_GROUP_FIELDS, 48)

static inline bool bch_disk_group_deleted(const struct bch_disk_group *g)
{
	return g->flags0 & 1;
}

/* 0 for the top level, else index + 1. */
static inline u32 bch_disk_group_parent(const struct bch_disk_group *g)
{
	return (u32)bch_bits_get(g->flags0, 6, 24);
}

/* Number of entries, deleted ones too, and entry @idx: false past the last. */
u32 bch_super_groups_nr(const struct bch_super *super);
bool bch_super_group(const struct bch_super *super, u32 idx, struct bch_disk_group *g);

/* "ssd.fast" for entry @idx; "(invalid)" where the chain of parents is broken or has a loop. */
void bch_super_group_path_put(struct bch_buf *out, const struct bch_super *super, u32 idx);

/* Index of the path, or -BCH_ERR_target_unknown. */
int bch_super_group_find(const struct bch_super *super, const char *path);

/* The same, made where it is missing; -BCH_ERR_label_invalid for empty parts or those over 32 bytes. */
int bch_super_group_make(struct bch_super *super, const char *path);

/* Is the entry @group (index) @ancestor or below it? */
bool bch_super_group_within(const struct bch_super *super, u32 group, u32 ancestor);

/* Deletes entries that no member, target or entry below them needs. -BCH_ERR_no_memory. */
int bch_super_groups_prune(struct bch_super *super);

/* Targets: 01 §12.3. */
#define BCH_TARGET_DEV(idx)   ((u64)(idx) + 1)
#define BCH_TARGET_GROUP(idx) ((u64)(idx) + 257)

/* Is member @dev_idx in the target, which is one? */
bool bch_super_in_target(const struct bch_super *super, u32 dev_idx, u64 target);

/* A target as text: "none", "device N", a label. */
void bch_super_target_put(struct bch_buf *out, const struct bch_super *super, u64 target);

/* ------------------------------------------------------------------ clean: 01 §8.8 */

/* Records of the journal (ondisk/jset.h) follow. */
struct sb_clean {
	le32 flags;
	le16 read_clock, write_clock; /* unused */
	le64 journal_seq;
};
_Static_assert(sizeof(struct sb_clean) == 16, "format reference 01 §8.8");

/* ------------------------------------------------------------------ journal_seq_blacklist: 01 §8.9 */

/* clang-format off */
#define BCH_BLACKLIST_FIELDS(F, B)	\
	F(u64, start, 1)		\
	F(u64, end, 1)
/* clang-format on */
BCH_DISK_STRUCT(bch_blacklist, BCH_BLACKLIST_FIELDS, 16)

/* The first range that ends after @seq; false, and @range as it was, where there is none. 03 §5. */
bool bch_super_blacklist_find(const struct bch_super *super, u64 seq, struct bch_blacklist *range);

static inline bool bch_super_blacklisted(const struct bch_super *super, u64 seq)
{
	struct bch_blacklist range;

	return bch_super_blacklist_find(super, seq, &range) && range.start <= seq;
}

/* Adds the range, joined with those that it overlaps or touches, and the feature bit that goes with it. */
int bch_super_blacklist_add(struct bch_super *super, struct bch_blacklist range);

/* ------------------------------------------------------------------ counters: 01 §8.10 */

/* Number of counters that are stored, and one of them, 0 where it is not. */
u32 bch_super_counters_nr(const struct bch_super *super);
u64 bch_super_counter(const struct bch_super *super, u32 index);
void bch_super_counter_put(struct bch_super *super, u32 index,
			   u64 value); /* nothing where there is none */

/* ------------------------------------------------------------------ errors, errors_v2: 01 §8.11, 08 §2.3 */

struct bch_sb_error {
	u16 id;
	u64 nr;
	u64 last_time,
		first_time; /* unix seconds; in errors there is no first time, it reads as the last */
};

/* Entry @i of errors_v2 or errors (@section says which). False after the last. */
bool bch_sb_error_get(struct bch_bytes body, u32 section, u32 i, struct bch_sb_error *e);

/* Writes the entries (ascending ids) as @section. */
int bch_super_errors_put(struct bch_super *super, u32 section, const struct bch_sb_error *e,
			 u32 nr);

/* ------------------------------------------------------------------ ext: 01 §8.12, 08 §2.4 */

/* clang-format off */
#define BCH_SB_EXT_FIELDS(F, B)				\
	F(u64, recovery_passes_required, 2)		\
	F(u64, errors_silent, 8)			\
	F(u64, btrees_lost_data, 1)			\
	F(u64, flags0, 1)				\
	F(u64, btrees_lost_data_ever, 1)		\
	F(u64, btrees_clean, 1)
/* clang-format on */
BCH_DISK_STRUCT(bch_sb_ext, BCH_SB_EXT_FIELDS, 112)

#define BCH_SB_EXT_MIN 80 /* without section header: what era 1.4 wrote */

/* All zero where there is none. */
void bch_super_ext(const struct bch_super *super, struct bch_sb_ext *ext);

/* Into the section as it is; made with 88 bytes of body where it is missing. */
int bch_super_ext_put(struct bch_super *super, const struct bch_sb_ext *ext);

/* ------------------------------------------------------------------ extent_type_u64s: 08 §2.2 */

/* The size of extent entries of @type, as the section tells it; 0 where it does not. */
u32 bch_super_extent_type_u64s(const struct bch_super *super, u32 type);

/* ------------------------------------------------------------------ downgrade: 01 §8.13 */

struct bch_downgrade {
	u16 version;
	u64 passes[2];
	u16 nr_errors;
	struct bch_bytes errors; /* 2 bytes each */
};

/* Takes the next entry off @rest: 1, or 0 where no whole one is left. */
int bch_downgrade_next(struct bch_bytes *rest, struct bch_downgrade *d);

/* Error id @i of the entry, 0 past the last. */
u16 bch_downgrade_error(const struct bch_downgrade *d, u32 i);

/* As many errors, and bytes in all, has an entry that is written. */
#define BCH_DOWNGRADE_ERRORS_MAX 13
#define BCH_DOWNGRADE_ENTRY_MAX	 (20 + 2 * BCH_DOWNGRADE_ERRORS_MAX)

/* Writes an entry; @errors up to the first 0. Returns its length. */
size_t bch_downgrade_put(u8 to[BCH_DOWNGRADE_ENTRY_MAX], u16 version, u64 passes,
			 const u16 *errors);

/* ------------------------------------------------------------------ recovery_passes: 01 §8.14 */

/* clang-format off */
#define BCH_PASS_RUN_FIELDS(F, B)	\
	F(u64, last_run, 1)		\
	F(u32, last_runtime, 1)		\
	F(u32, flags, 1)
/* clang-format on */
BCH_DISK_STRUCT(bch_pass_run, BCH_PASS_RUN_FIELDS, 16)

/* ------------------------------------------------------------------ all: validate and show */

/* What show functions may know beside the superblock: names of the open members by index, or NULL. */
struct bch_sb_show {
	const struct bch_super *super;
	const char *const *dev_names; /* nr_devices of them, each may be NULL */
};

/* The rules of one section, 0 for those without and for unknown types. Appends details to @why (may be NULL). */
int bch_sb_section_validate(const struct bch_super *super, u32 type, struct bch_bytes body,
			    unsigned flags, struct bch_buf *why);

/* Heading and contents; unknown types as bytes. @heading false: contents alone. */
void bch_sb_section_show(struct bch_facts *facts, const struct bch_sb_show *show, u32 type,
			 struct bch_bytes body, bool heading);

/* Everything before the sections, options included. */
void bch_sb_show_header(struct bch_facts *facts, const struct bch_sb_show *show);

/* An option's value as a fact: choices by name alone. */
void bch_sb_opt_show(struct bch_facts *facts, const struct bch_super *super, enum bch_opt_id id);

/* The layout, with its heading or without. */
void bch_sb_show_layout(struct bch_facts *facts, const struct bch_sb_layout *layout, bool heading);

/* Section names to a set of bits; "all" is all. -BCH_ERR_option_value. */
int bch_sb_sections_parse(struct bch_ctx *ctx, const char *list, u64 *sections);

#endif
