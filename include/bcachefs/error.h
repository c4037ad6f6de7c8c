/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error codes, and the context through which the library reports to its caller. */

#ifndef BCHFS_ERROR_H
#define BCHFS_ERROR_H

#include <stdarg.h>
#include <bcachefs/types.h>

/*
 * Every error that a library function returns, as -BCH_ERR_name. Name, text. The names of bad bytes
 * are those of the format reference (01 §10.3 and the chapters of each structure); the first group
 * is what the system said.
 */
/* clang-format off */
#define BCH_ERRORS(E)										\
	/* system: translated from errno where it enters, by bch_errno() */			\
	E(no_memory,			"out of memory")					\
	E(not_found,			"no such file or directory")				\
	E(access_denied,		"permission denied")					\
	E(exists,			"exists already")					\
	E(is_directory,			"is a directory")					\
	E(not_a_directory,		"not a directory")					\
	E(not_empty,			"directory not empty")					\
	E(busy,				"in use")						\
	E(read_only,			"read-only")						\
	E(no_space,			"no space left")					\
	E(io,				"input/output error")					\
	E(not_supported,		"not supported")					\
	E(too_many_files,		"too many open files")					\
	E(name_too_long,		"name too long")					\
	E(no_such_device,		"no such device")					\
	E(interrupted,			"interrupted")						\
	E(system,			"system error")						\
	/* what the caller asked for */								\
	E(invalid_argument,		"invalid argument")					\
	E(out_of_range,			"out of range")						\
	E(refused,			"refused")						\
	E(cancelled,			"cancelled")						\
	E(injected,			"fault injected by a test")				\
	/* devices */										\
	E(not_a_device,			"neither a block device nor a regular file")		\
	E(short_read,			"the device ends here")					\
	E(short_write,			"the device ends here")					\
	E(device_mounted,		"device is mounted")					\
	E(device_in_use,		"device is in use")					\
	E(device_too_small,		"device too small")					\
	E(device_foreign,		"device holds something else")				\
	E(device_ambiguous,		"two devices claim the same member")			\
	E(device_missing,		"members of the filesystem are missing")		\
	E(device_not_a_member_of_filesystem, "device belongs to another filesystem")		\
	E(device_removed,		"device was removed from the filesystem")		\
	E(device_splitbrain,		"device was written without the others")		\
	E(mismatched_block_size,	"block size differs from the other members'")		\
	E(block_size_too_small,		"block size is less than the device's logical block size") \
	E(device_size_too_small,	"device is smaller than the superblock says")		\
	E(insufficient_devices,		"not enough devices")					\
	/* superblock bytes */									\
	E(invalid_sb_magic,		"not a bcachefs superblock")				\
	E(invalid_sb_version,		"superblock version is not supported")			\
	E(invalid_sb_features,		"filesystem has features that are not supported")	\
	E(invalid_sb_too_big,		"superblock is larger than its place")			\
	E(invalid_sb_csum_type,		"unknown superblock checksum type")			\
	E(invalid_sb_csum,		"bad checksum")						\
	E(invalid_sb_block_size,	"invalid block size")					\
	E(invalid_sb_uuid,		"UUID is zero")						\
	E(invalid_sb_offset,		"superblock belongs to another place")			\
	E(invalid_sb_too_many_members,	"invalid number of members")				\
	E(invalid_sb_dev_idx,		"invalid device index")					\
	E(invalid_sb_time_precision,	"invalid time precision")				\
	E(invalid_sb_opt_compression,	"invalid compression option")				\
	E(invalid_sb_field_size,	"invalid section size")					\
	E(invalid_sb_layout,		"no superblock layout")					\
	E(invalid_sb_layout_type,	"invalid superblock layout type")			\
	E(invalid_sb_layout_nr_superblocks, "invalid number of superblocks in layout")		\
	E(invalid_sb_layout_sb_max_size_bits, "invalid superblock size in layout")		\
	E(invalid_sb_layout_superblocks_overlap, "superblocks overlap in layout")		\
	E(invalid_sb_members_missing,	"no members section")					\
	E(invalid_sb_members,		"invalid members section")				\
	E(invalid_sb_disk_groups,	"invalid disk_groups section")				\
	E(invalid_sb_replicas,		"invalid replicas section")				\
	E(invalid_replicas_entry,	"invalid replicas entry")				\
	E(invalid_sb_journal,		"invalid journal section")				\
	E(invalid_sb_journal_seq_blacklist, "invalid journal_seq_blacklist section")		\
	E(invalid_sb_crypt,		"invalid crypt section")				\
	E(invalid_sb_clean,		"invalid clean section")				\
	E(invalid_sb_quota,		"invalid quota section")				\
	E(invalid_sb_errors,		"invalid errors section")				\
	E(invalid_sb_ext,		"invalid ext section")					\
	E(invalid_sb_downgrade,		"invalid downgrade section")				\
	E(invalid_sb_extent_type_u64s,	"unknown sizes in extent_type_u64s section")		\
	E(no_sb_found,			"no bcachefs superblock found")				\
	E(no_space_in_sb,		"no space in superblock")				\
	/* encryption */									\
	E(not_encrypted,		"filesystem is not encrypted")				\
	E(no_key,			"no key")						\
	E(wrong_passphrase,		"incorrect passphrase")					\
	E(unknown_kdf,			"unknown key derivation function")			\
	E(mac_mismatch,			"bad MAC")						\
	/* options and names */									\
	E(option_unknown,		"unknown option")					\
	E(option_value,			"invalid value")					\
	E(option_too_small,		"too small")						\
	E(option_too_big,		"too big")						\
	E(target_unknown,		"invalid target")					\
	E(label_invalid,		"invalid label")					\
	E(version_unsupported,		"version is not supported")				\
	/* files */										\
	E(subvol_missing,		"no such subvolume")					\
	E(too_many_links,		"too many levels of symbolic links")			\
	E(data_lost,			"no good copy of the data")				\
	E(data_checksum,		"bad checksum of data")					\
	E(data_compression,		"bad compressed data")					\
	/* btrees */										\
	E(btree_node_read_failed,	"btree node cannot be read")				\
	/* writing */										\
	E(btree_lost,			"a btree is lost")					\
	E(alloc_inconsistent,		"what is stored about buckets does not fit")		\
	/* undo files */									\
	E(undo_invalid,			"not an undo file")					\
	E(undo_mismatch,		"does not fit the undo file")
/* clang-format on */

enum bch_err {
	BCH_ERR_first = 2048, /* above every errno */
#define E(name, text) BCH_ERR_##name,
	BCH_ERRORS(E)
#undef E
	BCH_ERR_end
};

/* The table's text of a code, which may be given as err or -err. Never NULL. */
const char *bch_err_text(int err);

/* The name of a code without its prefix, as tests and --json show it. Never NULL. */
const char *bch_err_name(int err);

/* The negative code for a system error number. */
int bch_errno(int system_errno);

enum bch_log_level {
	BCH_LOG_error,
	BCH_LOG_warn,
	BCH_LOG_info,
	BCH_LOG_debug,
};

/**
 * struct bch_callbacks - how the library speaks to its caller
 * @log:    one line without newline; from any thread, one call at a time; must not log itself
 * @report: one line about work under way (progress.h), never during a log(); NULL for silence
 * @cancelled: asked in long work by any thread; true ends it with -BCH_ERR_cancelled. May be NULL
 */
struct bch_callbacks {
	void (*log)(void *arg, enum bch_log_level level, const char *line);
	void (*report)(void *arg, const char *line);
	bool (*cancelled)(void *arg);
};

struct bch_ctx;

/*
 * A context; @callbacks is copied and may be NULL. NULL where memory is out. Freed by
 * bch_ctx_free().
 */
struct bch_ctx *bch_ctx_new(const struct bch_callbacks *callbacks, void *arg);
void bch_ctx_free(struct bch_ctx *ctx);
static inline void bch_ctx_cleanup(struct bch_ctx **ctx)
{
	bch_ctx_free(*ctx);
}

/*
 * Remembers the words for @err, "which one", and gives @err back. Said once, by the innermost
 * function that knows the device and the place; the text of the code follows by itself: "sda1:
 * superblock at sector 8" + ": bad checksum".
 */
int bch_error(struct bch_ctx *ctx, int err, const char *fmt, ...) bch_printf(3, 4);

/* As bch_error(), for words that say the reason too: the text of the code is not appended. */
int bch_error_whole(struct bch_ctx *ctx, int err, const char *fmt, ...) bch_printf(3, 4);

/*
 * The whole sentence for @err: the remembered words if they were said for this code, else the
 * code's text alone. Valid until the next bch_error(). @ctx may be NULL.
 */
const char *bch_error_message(struct bch_ctx *ctx, int err);

/* One line to the caller's log. */
void bch_log(struct bch_ctx *ctx, enum bch_log_level level, const char *fmt, ...) bch_printf(3, 4);

/* A line about work under way, and whether the caller wants it to end: see struct bch_callbacks. */
void bch_report(struct bch_ctx *ctx, const char *line);
bool bch_cancelled(struct bch_ctx *ctx);

#endif
