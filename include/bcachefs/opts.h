/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of options of filesystems, devices and files, and of versions. Format reference: 01 §9.1, §12. */

#ifndef BCHFS_OPTS_H
#define BCHFS_OPTS_H

#include <bcachefs/buf.h>
#include <bcachefs/types.h>

struct bch_ctx;

#define BCH_VERSION(major, minor) ((u16)((major) << 10 | (minor)))
#define BCH_VERSION_MAJOR(v)	  ((v) >> 10)
#define BCH_VERSION_MINOR(v)	  ((v)&1023)

#define BCH_VERSION_DEFAULT    BCH_VERSION(1, 13) /* what format makes */
#define BCH_VERSION_READ_MIN   BCH_VERSION(1, 4)
#define BCH_VERSION_READ_MAX   BCH_VERSION(1, 39)
#define BCH_VERSION_FORMAT_MIN BCH_VERSION(1, 4)
#define BCH_VERSION_FORMAT_MAX BCH_VERSION(1, 28)

/* "1.13: inode_has_child_snapshots"; "0.0: (unknown version)" for what has no name. */
void bch_version_put(struct bch_buf *out, u16 version);

/* "1.13", a name, or the raw number (1024 and more). -BCH_ERR_option_value. */
int bch_version_parse(struct bch_ctx *ctx, const char *text, u16 *version);

enum bch_opt_type {
	BCH_OPT_BOOL,
	BCH_OPT_NUMBER,
	BCH_OPT_SIZE,	     /* bytes on the command line and in memory */
	BCH_OPT_CHOICE,	     /* index into @choices */
	BCH_OPT_COMPRESSION, /* type in bits 0-3, level in bits 4-7: 01 §12.4 */
	BCH_OPT_TARGET, /* 01 §12.3: needs a filesystem to be understood, see <bcachefs/super.h> */
	BCH_OPT_DATA_TYPES, /* set of data types */
	BCH_OPT_TEXT,	    /* not a number: kept as text */
};

enum bch_opt_flags {
	BCH_OPT_FS = 1 << 0,	  /* of the filesystem */
	BCH_OPT_DEVICE = 1 << 1,  /* of one member */
	BCH_OPT_INODE = 1 << 2,	  /* of a file or directory too */
	BCH_OPT_MOUNT = 1 << 3,	  /* mount or open option */
	BCH_OPT_FORMAT = 1 << 4,  /* may be given to format */
	BCH_OPT_SET = 1 << 5,	  /* may be changed later */
	BCH_OPT_POWER2 = 1 << 6,  /* must be a power of two */
	BCH_OPT_SECTORS = 1 << 7, /* must be a multiple of 512 */
	BCH_OPT_GONE = 1 << 8,	  /* newer versions ignore it: accepted with a warning */
};

/* How a stored value is made of the number in memory. */
enum bch_opt_encoding {
	BCH_OPT_PLAIN,
	BCH_OPT_IN_SECTORS,	 /* bytes >> 9 */
	BCH_OPT_LOG2_OF_SECTORS, /* log2(bytes >> 9) */
	BCH_OPT_TWO_NIBBLES,	 /* low nibble in @stored, high nibble in @stored_hi */
};

struct bch_opt {
	const char *name;
	const char *synonym; /* another spelling of other versions, or NULL */
	const char *hint;    /* what stands for the value in help: "SIZE" */
	const char *help;
	const char *const *choices; /* ends with NULL */
	unsigned flags;		    /* enum bch_opt_flags */
	enum bch_opt_type type;
	enum bch_opt_encoding encoding;
	u64 min, max;	    /* inclusive, through 1.28 */
	u64 max_newer;	    /* from 1.29 on; 0: as @max */
	u64 def, def_newer; /* @def_newer from 1.29 on where @has_def_newer */
	bool has_def_newer;
	u16 since, until; /* versions that store it: [since, until), 0 = no bound */
	u16 stored;	  /* enum bch_sb_flag (ondisk), 0 where it is not a flag word's field */
	u16 stored_hi;
};

extern const char *const bch_opt_error_actions[];
extern const char *const bch_opt_csum_types[];
extern const char *const bch_opt_str_hashes[];
extern const char *const bch_opt_version_upgrades[];
extern const char *const bch_opt_degraded_actions[];
extern const char *const bch_opt_scrub_journal[];
extern const char *const bch_opt_fix_errors[];
extern const char *const bch_opt_member_states[];

/* The name of a compression type without its level, "none" first. Ends with NULL. */
extern const char *const bch_opt_compression_types[];

#define BCH_OPT_B	     .type = BCH_OPT_BOOL, .max = 1
#define BCH_OPT_N(lo, hi)    .type = BCH_OPT_NUMBER, .hint = "N", .min = (lo), .max = (hi)
#define BCH_OPT_S(lo, hi)    .type = BCH_OPT_SIZE, .hint = "SIZE", .min = (lo), .max = (hi)
#define BCH_OPT_C(names, nr) .type = BCH_OPT_CHOICE, .choices = (names), .max = (nr)-1
#define BCH_OPT_K                                                         \
	.type = BCH_OPT_COMPRESSION, .hint = "TYPE[:LEVEL]", .max = 0xf3, \
	.encoding = BCH_OPT_TWO_NIBBLES
#define BCH_OPT_T	  .type = BCH_OPT_TARGET, .hint = "TARGET", .max = 0xfff
#define BCH_OPT_AT(field) .stored = BCH_SB_##field
#define BCH_OPT_FM	  (BCH_OPT_FS | BCH_OPT_MOUNT)
#define BCH_OPT_FF	  (BCH_OPT_FS | BCH_OPT_FORMAT)
#define BCH_OPT_FFS	  (BCH_OPT_FS | BCH_OPT_FORMAT | BCH_OPT_SET)
#define BCH_OPT_FFM	  (BCH_OPT_FS | BCH_OPT_FORMAT | BCH_OPT_MOUNT)
#define BCH_OPT_FFMS	  (BCH_OPT_FS | BCH_OPT_FORMAT | BCH_OPT_MOUNT | BCH_OPT_SET)
#define BCH_OPT_FMS	  (BCH_OPT_FS | BCH_OPT_MOUNT | BCH_OPT_SET)

/*
 * The options, in the order in which show-super prints those that the superblock stores. Ranges and defaults: 01 §12.1
 * (through 1.28), 08 §14 (newer).
 */
/* clang-format off */
#define BCH_OPTS(O)											\
	O(block_size, .flags = BCH_OPT_FF | BCH_OPT_POWER2, BCH_OPT_S(512, 32768),			\
	  .help = "unit of data I/O; at most 4096 for kernels with 4 KiB pages")			\
	O(btree_node_size, .flags = BCH_OPT_FF | BCH_OPT_POWER2, BCH_OPT_S(512, 524288),		\
	  .def = 262144, .encoding = BCH_OPT_IN_SECTORS, BCH_OPT_AT(BTREE_NODE_SIZE),			\
	  .help = "size of btree nodes, at most the smallest bucket")					\
	O(errors, .flags = BCH_OPT_FFMS, BCH_OPT_C(bch_opt_error_actions, 4), .def = 1,			\
	  BCH_OPT_AT(ERROR_ACTION), .help = "what a running kernel does on an inconsistency")		\
	O(write_error_timeout, .flags = BCH_OPT_FFMS, BCH_OPT_N(1, 299), .max_newer = 300, .def = 30,	\
	  .since = BCH_VERSION(1, 14), BCH_OPT_AT(WRITE_ERROR_TIMEOUT),					\
	  .help = "seconds of write errors before a device is dropped")					\
	O(metadata_replicas, .flags = BCH_OPT_FFMS, BCH_OPT_N(1, 3), .max_newer = 4, .def = 1,		\
	  BCH_OPT_AT(META_REPLICAS_WANT), .help = "copies of metadata")					\
	O(data_replicas, .flags = BCH_OPT_FFMS | BCH_OPT_INODE, BCH_OPT_N(1, 3), .max_newer = 4,	\
	  .def = 1, BCH_OPT_AT(DATA_REPLICAS_WANT), .help = "copies of file data")			\
	O(metadata_replicas_required, .flags = BCH_OPT_FFM | BCH_OPT_GONE, BCH_OPT_N(1, 3),		\
	  .max_newer = 4, .def = 1, .until = BCH_VERSION(1, 36), BCH_OPT_AT(META_REPLICAS_REQ),		\
	  .help = "copies of metadata that a write waits for; newer kernels ignore it")			\
	O(data_replicas_required, .flags = BCH_OPT_FFM | BCH_OPT_GONE, BCH_OPT_N(1, 3),			\
	  .max_newer = 4, .def = 1, .until = BCH_VERSION(1, 36), BCH_OPT_AT(DATA_REPLICAS_REQ),		\
	  .help = "copies of file data that a write waits for; newer kernels ignore it")		\
	O(encoded_extent_max, .flags = BCH_OPT_FF | BCH_OPT_POWER2, BCH_OPT_S(4096, 1048576),		\
	  .max_newer = 2097152, .def = 65536, .def_newer = 262144, .has_def_newer = true,		\
	  .encoding = BCH_OPT_LOG2_OF_SECTORS, BCH_OPT_AT(ENCODED_EXTENT_MAX_BITS),			\
	  .help = "largest checksummed or compressed extent")						\
	O(metadata_checksum, .flags = BCH_OPT_FFS, BCH_OPT_C(bch_opt_csum_types, 4), .def = 1,		\
	  BCH_OPT_AT(META_CSUM_TYPE), .help = "checksum of metadata")					\
	O(data_checksum, .flags = BCH_OPT_FFS | BCH_OPT_INODE, BCH_OPT_C(bch_opt_csum_types, 4),	\
	  .def = 1, BCH_OPT_AT(DATA_CSUM_TYPE), .help = "checksum of file data")			\
	O(checksum_err_retry_nr, .flags = BCH_OPT_FFMS, BCH_OPT_N(0, 31), .max_newer = 32, .def = 3,	\
	  .since = BCH_VERSION(1, 14), BCH_OPT_AT(CSUM_ERR_RETRY_NR),					\
	  .help = "how often a read with a bad checksum is tried again")				\
	O(compression, .flags = BCH_OPT_FFS | BCH_OPT_INODE, BCH_OPT_K,					\
	  BCH_OPT_AT(COMPRESSION_TYPE_LO), .stored_hi = BCH_SB_COMPRESSION_TYPE_HI,			\
	  .help = "compression when data is written: none, lz4, gzip or zstd, level 0 to 15")		\
	O(background_compression, .flags = BCH_OPT_FFS | BCH_OPT_INODE, BCH_OPT_K,			\
	  BCH_OPT_AT(BACKGROUND_COMPRESSION_TYPE_LO),							\
	  .stored_hi = BCH_SB_BACKGROUND_COMPRESSION_TYPE_HI,						\
	  .help = "compression by the background mover")						\
	O(str_hash, .flags = BCH_OPT_FFMS, BCH_OPT_C(bch_opt_str_hashes, 3), .def = 2,			\
	  BCH_OPT_AT(STR_HASH_TYPE), .help = "hash of directory entries and xattr names")		\
	O(metadata_target, .flags = BCH_OPT_FFS, BCH_OPT_T, BCH_OPT_AT(METADATA_TARGET),		\
	  .help = "device or label that metadata goes to")						\
	O(foreground_target, .flags = BCH_OPT_FFS | BCH_OPT_INODE, BCH_OPT_T,				\
	  BCH_OPT_AT(FOREGROUND_TARGET), .help = "device or label that data is first written to")	\
	O(background_target, .flags = BCH_OPT_FFS | BCH_OPT_INODE, BCH_OPT_T,				\
	  BCH_OPT_AT(BACKGROUND_TARGET), .help = "device or label that data is moved to later")		\
	O(promote_target, .flags = BCH_OPT_FFS | BCH_OPT_INODE, BCH_OPT_T,				\
	  BCH_OPT_AT(PROMOTE_TARGET), .help = "device or label that data is cached on when read")	\
	O(erasure_code, .flags = BCH_OPT_FFS | BCH_OPT_INODE, BCH_OPT_B, BCH_OPT_AT(ERASURE_CODE),	\
	  .help = "erasure coding of file data")							\
	O(ec_max_data_blocks, .flags = BCH_OPT_FFMS, BCH_OPT_N(0, 15), .since = BCH_VERSION(1, 38),	\
	  BCH_OPT_AT(EC_MAX_DATA_BLOCKS), .help = "most data blocks in a stripe, 0 for no limit")	\
	O(casefold, .flags = BCH_OPT_FF | BCH_OPT_INODE, BCH_OPT_B, .since = BCH_VERSION(1, 24),	\
	  BCH_OPT_AT(CASEFOLD), .help = "directory lookups ignore case")				\
	O(inodes_32bit, .flags = BCH_OPT_FFMS | BCH_OPT_INODE, BCH_OPT_B, .def = 1,			\
	  .has_def_newer = true, BCH_OPT_AT(INODE_32BIT), .help = "inode numbers of 32 bits")		\
	O(shard_inode_numbers, .flags = BCH_OPT_FFMS, BCH_OPT_B, .def = 1, .until = BCH_VERSION(1, 20),	\
	  BCH_OPT_AT(SHARD_INUMS), .help = "inode numbers by CPU")					\
	O(shard_inode_numbers_bits, .flags = BCH_OPT_FF, BCH_OPT_N(0, 7), .max_newer = 15,		\
	  .since = BCH_VERSION(1, 20), BCH_OPT_AT(SHARD_INUMS_NBITS),					\
	  .help = "bits of the inode number that say the CPU, 0 for automatic")				\
	O(inodes_use_key_cache, .flags = BCH_OPT_FFM | BCH_OPT_GONE, BCH_OPT_B, .def = 1,		\
	  .until = BCH_VERSION(1, 36), BCH_OPT_AT(INODES_USE_KEY_CACHE),				\
	  .help = "inodes go through the key cache; newer kernels ignore it")				\
	O(gc_reserve_percent, .flags = BCH_OPT_FFMS, BCH_OPT_N(5, 20), .def = 8,			\
	  BCH_OPT_AT(GC_RESERVE), .help = "percentage kept free for moving")				\
	O(gc_reserve_bytes, .flags = BCH_OPT_FFMS | BCH_OPT_SECTORS, BCH_OPT_S(0, UINT64_MAX >> 4),	\
	  .encoding = BCH_OPT_IN_SECTORS, BCH_OPT_AT(GC_RESERVE_BYTES),					\
	  .help = "space kept free for moving, overrides the percentage")				\
	O(root_reserve_percent, .flags = BCH_OPT_FFMS, BCH_OPT_N(0, 99), .max_newer = 100,		\
	  BCH_OPT_AT(ROOT_RESERVE), .help = "percentage kept for root")					\
	O(wide_macs, .flags = BCH_OPT_FFMS, BCH_OPT_B, BCH_OPT_AT(128_BIT_MACS),			\
	  .help = "MACs of 128 instead of 80 bits")							\
	O(promote_whole_extents, .flags = BCH_OPT_FMS, BCH_OPT_B, .def = 1,				\
	  BCH_OPT_AT(PROMOTE_WHOLE_EXTENTS), .help = "cache whole extents")				\
	O(acl, .flags = BCH_OPT_FFMS, BCH_OPT_B, .def = 1, BCH_OPT_AT(POSIX_ACL),			\
	  .help = "POSIX access control lists")								\
	O(usrquota, .flags = BCH_OPT_FFMS, BCH_OPT_B, BCH_OPT_AT(USRQUOTA), .synonym = "quota",		\
	  .help = "quotas by user")									\
	O(grpquota, .flags = BCH_OPT_FFMS, BCH_OPT_B, BCH_OPT_AT(GRPQUOTA), .help = "quotas by group")	\
	O(prjquota, .flags = BCH_OPT_FFMS, BCH_OPT_B, BCH_OPT_AT(PRJQUOTA), .help = "quotas by project")	\
	O(degraded, .flags = BCH_OPT_FMS, BCH_OPT_C(bch_opt_degraded_actions, 4),			\
	  .since = BCH_VERSION(1, 14), BCH_OPT_AT(DEGRADED_ACTION),					\
	  .help = "go on with members missing")								\
	O(journal_flush_delay, .flags = BCH_OPT_FMS, BCH_OPT_N(1, UINT32_MAX - 1), .def = 1000,		\
	  BCH_OPT_AT(JOURNAL_FLUSH_DELAY), .help = "milliseconds until the journal is flushed")		\
	O(journal_flush_disabled, .flags = BCH_OPT_FMS, BCH_OPT_B, BCH_OPT_AT(JOURNAL_FLUSH_DISABLED),	\
	  .help = "fsync does nothing")									\
	O(journal_reclaim_delay, .flags = BCH_OPT_FMS, BCH_OPT_N(0, UINT32_MAX - 1), .def = 100,	\
	  BCH_OPT_AT(JOURNAL_RECLAIM_DELAY), .help = "milliseconds until the journal is reclaimed")	\
	O(journal_transaction_names, .flags = BCH_OPT_FFMS, BCH_OPT_B, .def = 1,			\
	  BCH_OPT_AT(JOURNAL_TRANSACTION_NAMES), .help = "function names in journal entries")		\
	O(allocator_stuck_timeout, .flags = BCH_OPT_FFMS, BCH_OPT_N(0, 65534), .def = 30,		\
	  BCH_OPT_AT(ALLOCATOR_STUCK_TIMEOUT), .help = "seconds until a stuck allocator is reported")	\
	O(version_upgrade, .flags = BCH_OPT_FMS, BCH_OPT_C(bch_opt_version_upgrades, 3),		\
	  BCH_OPT_AT(VERSION_UPGRADE), .help = "what a mount by a newer kernel upgrades to")		\
	O(nocow, .flags = BCH_OPT_FFMS | BCH_OPT_INODE, BCH_OPT_B, BCH_OPT_AT(NOCOW),			\
	  .help = "overwrite data in place; not together with encryption")				\
	O(rebalance_on_ac_only, .flags = BCH_OPT_FMS, BCH_OPT_B, .since = BCH_VERSION(1, 14),		\
	  .synonym = "reconcile_on_ac_only", BCH_OPT_AT(REBALANCE_AC_ONLY),				\
	  .help = "move data in the background on mains power only")					\
	O(writeback_timeout, .flags = BCH_OPT_FMS, BCH_OPT_N(0, 65535), .since = BCH_VERSION(1, 32),	\
	  BCH_OPT_AT(WRITEBACK_TIMEOUT), .help = "seconds until dirty data is written, 0 for the kernel's own") \
	O(scrub_recent_journal_entries, .flags = BCH_OPT_FMS, BCH_OPT_C(bch_opt_scrub_journal, 3),	\
	  .since = BCH_VERSION(1, 37), BCH_OPT_AT(SCRUB_JOURNAL),					\
	  .help = "verify the last journal entries at mount")						\
	O(move_writes_fua, .flags = BCH_OPT_FMS, BCH_OPT_B, .since = BCH_VERSION(1, 38),		\
	  BCH_OPT_AT(MOVE_WRITES_FUA), .help = "background moves are written through")			\
	/* of members */										\
	O(fs_size, .flags = BCH_OPT_DEVICE | BCH_OPT_FORMAT, BCH_OPT_S(0, UINT64_MAX),			\
	  .help = "use only so much of the device")							\
	O(bucket_size, .flags = BCH_OPT_DEVICE | BCH_OPT_FORMAT | BCH_OPT_POWER2,			\
	  BCH_OPT_S(512, 16777216), .synonym = "bucket", .help = "unit of allocation")			\
	O(durability, .flags = BCH_OPT_DEVICE | BCH_OPT_FORMAT | BCH_OPT_SET, BCH_OPT_N(0, 2),		\
	  .def = 1, .help = "how many copies a copy on this device counts for, 0 for a cache")		\
	O(data_allowed, .flags = BCH_OPT_DEVICE | BCH_OPT_FORMAT | BCH_OPT_SET,				\
	  .type = BCH_OPT_DATA_TYPES, .hint = "LIST", .max = 0x1c, .def = 0x1c,				\
	  .help = "what may be placed here: journal,btree,user")					\
	O(label, .flags = BCH_OPT_DEVICE | BCH_OPT_FORMAT | BCH_OPT_SET, .type = BCH_OPT_TEXT,		\
	  .hint = "LABEL", .synonym = "group", .help = "label of the device: parts separated by dots")	\
	O(discard, .flags = BCH_OPT_DEVICE | BCH_OPT_FORMAT | BCH_OPT_SET, BCH_OPT_B,			\
	  .def_newer = 1, .has_def_newer = true, .help = "issue discards")				\
	O(failure_domain, .flags = BCH_OPT_DEVICE | BCH_OPT_FORMAT | BCH_OPT_SET,			\
	  .type = BCH_OPT_TEXT, .hint = "NAME", .since = BCH_VERSION(1, 39),				\
	  .help = "replicas are kept in different domains")						\
	O(rotational, .flags = BCH_OPT_DEVICE | BCH_OPT_FORMAT | BCH_OPT_SET, BCH_OPT_B,		\
	  .since = BCH_VERSION(1, 33), .help = "a spinning disk; default: what the device says")	\
	O(state, .flags = BCH_OPT_DEVICE | BCH_OPT_SET, BCH_OPT_C(bch_opt_member_states, 4),		\
	  .help = "state of the member")								\
	/* of files only */										\
	O(project, .flags = BCH_OPT_INODE, BCH_OPT_N(0, UINT32_MAX), .help = "project for quotas")	\
	/* of a mount, or of opening by this tool */							\
	O(very_degraded, .flags = BCH_OPT_MOUNT, BCH_OPT_B,						\
	  .help = "go on although data will be unreadable")						\
	O(no_splitbrain_check, .flags = BCH_OPT_MOUNT, BCH_OPT_B,					\
	  .help = "take members that were written without the others")					\
	O(sb, .flags = BCH_OPT_MOUNT, BCH_OPT_N(0, UINT64_MAX), .def = 8,				\
	  .help = "sector of the superblock to read")							\
	O(noexcl, .flags = BCH_OPT_MOUNT, BCH_OPT_B, .help = "open devices without O_EXCL")		\
	O(nochanges, .flags = BCH_OPT_MOUNT, BCH_OPT_B, .help = "write nothing")			\
	O(norecovery, .flags = BCH_OPT_MOUNT, BCH_OPT_B, .help = "do not replay the journal")		\
	O(verbose, .flags = BCH_OPT_MOUNT, BCH_OPT_B, .help = "say more")
/* clang-format on */

enum bch_opt_id {
#define O(name, ...) BCH_OPT_##name,
	BCH_OPTS(O)
#undef O
	BCH_OPT_NR
};

/* The row of an option. */
const struct bch_opt *bch_opt(enum bch_opt_id id);

/* The id of a row. */
enum bch_opt_id bch_opt_id(const struct bch_opt *opt);

/* By name or synonym, '-' and '_' equal; NULL if there is none. Negations ("noacl") are the parser's business. */
const struct bch_opt *bch_opt_find(const char *name);

/* Default and largest value in @version, and whether the superblock of that version stores it. */
u64 bch_opt_default(const struct bch_opt *opt, u16 version);
u64 bch_opt_max(const struct bch_opt *opt, u16 version);
bool bch_opt_in_version(const struct bch_opt *opt, u16 version);

/*
 * The number of @text, checked against the ranges of @version. Not for BCH_OPT_TARGET and BCH_OPT_TEXT.
 * -BCH_ERR_option_value, _option_too_small, _option_too_big: said through @ctx with what was given and the choices.
 */
int bch_opt_parse(struct bch_ctx *ctx, const struct bch_opt *opt, const char *text, u16 version,
		  u64 *value);

/* The checks of bch_opt_parse() on a number. */
int bch_opt_check(struct bch_ctx *ctx, const struct bch_opt *opt, u64 value, u16 version);

/* A value as users read it: "64.0 KiB", "zstd:5", "journal,btree,user". Choices by name, alone. */
void bch_opt_put(struct bch_buf *out, const struct bch_opt *opt, u64 value);

/*
 * Sizes: digits, optional fraction, optional blank, suffix: k M G T P E and KiB ... are powers of 1024, kB MB ... of
 * 1000. -BCH_ERR_option_value.
 */
int bch_size_parse(struct bch_ctx *ctx, const char *what, const char *text, u64 *bytes);

/* A set of values, as a command line gives them: texts, for what is understood only with a filesystem at hand. */
struct bch_opt_set {
	bool given[BCH_OPT_NR];
	u64 value[BCH_OPT_NR];
	const char *text[BCH_OPT_NR]; /* not owned */
};

#endif
