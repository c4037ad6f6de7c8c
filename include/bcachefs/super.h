/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An unmounted filesystem as its superblocks say it: find, open, show, change, recover. Format reference: 01. */

#ifndef BCHFS_SUPER_H
#define BCHFS_SUPER_H

#include <bcachefs/crypto.h>
#include <bcachefs/error.h>
#include <bcachefs/facts.h>
#include <bcachefs/opts.h>
#include <bcachefs/types.h>
#include <bcachefs/undo.h>

/* ------------------------------------------------------------------ open */

/* A filesystem whose members are open. One thread at a time, unless a function says otherwise. */
struct bch_fs;

enum bch_open_flags {
	BCH_OPEN_WRITE = 1 << 0,    /* O_EXCL, refused where it is mounted or a member is missing */
	BCH_OPEN_DEGRADED = 1 << 1, /* write although members are missing */
	BCH_OPEN_VERY_DEGRADED = 1 << 2, /* although the rest does not hold all data */
	BCH_OPEN_NO_SPLITBRAIN_CHECK = 1 << 3,
	BCH_OPEN_NOEXCL = 1 << 4,
	BCH_OPEN_DRY_RUN = 1 << 5, /* with WRITE: nothing gets to the devices */
	BCH_OPEN_ALONE = 1 << 6, /* only what is named; the others are not looked for nor missed */
	BCH_OPEN_MOUNTED = 1 << 8, /* as another filesystem, which is known of */
	BCH_OPEN_SHORT = 1 << 9,   /* write although a device ends before what is on it */
	BCH_OPEN_DIRECT = 1 << 7,  /* what the devices hold, not what the system remembers */
};

struct bch_open_opts {
	unsigned flags;
	u64 sb_sector; /* which copy, without fallback; 0: the default one, else a backup */
	const char *const *scan; /* folders whose files are looked at too */
	size_t nr_scan;
	bool no_split;		   /* a colon in a name is part of it */
	struct bch_undo_opts undo; /* with WRITE */
	u64 now;		   /* unix seconds, for write times */
};

/* Does the mount option say anything about opening? */
bool bch_open_takes(const struct bch_opt *opt);

/* Takes what one mount option says about opening: -BCH_ERR_option_unknown where it says nothing about it. */
int bch_open_opt(struct bch_ctx *ctx, const struct bch_opt *opt, const char *text,
		 struct bch_open_opts *opts);

/*
 * Opens the filesystem that @names say: devices, image files, "A:B:C", UUID=, LABEL=, a bare UUID. Members that are not
 * named are looked for among the block devices (if one is named) and in @opts->scan. Members that were removed, or have
 * a history of their own, are left out with a warning. Errors are said with the device. @fs is to be closed.
 */
int bch_fs_open(struct bch_ctx *ctx, const char *const *names, size_t nr,
		const struct bch_open_opts *opts, struct bch_fs **fs);

/* What could not be written any more is its error; @fs is gone whatever it returns. NULL is 0. */
int bch_fs_close(struct bch_fs *fs);

/* For those open for reading, whose close cannot lose anything. */
static inline void bch_fs_cleanup(struct bch_fs **fs)
{
	(void)bch_fs_close(*fs);
}

/*
 * Makes the changes to the superblock durable on all open members, in an order in which a crash leaves the old or the
 * new state: 01 §11. Nothing on disk has changed before it.
 */
int bch_fs_write_super(struct bch_fs *fs);

/* The external UUID, 16 bytes, as long as @fs. */
const u8 *bch_fs_uuid(const struct bch_fs *fs);

/* ------------------------------------------------------------------ show */

struct bch_show_opts {
	u64 sections;	   /* bits by bch_section_names; 0 for the usual ones */
	bool section_only; /* without anything before and around */
	bool layout;
	bool all_copies; /* compare all copies instead */
};

/* The names of the sections, by number. Ends with NULL. */
extern const char *const bch_sb_section_names[];

/* The superblock of the device @name as facts; the other members serve for names and are not missed. */
int bch_super_show(struct bch_ctx *ctx, const char *name, const struct bch_open_opts *opts,
		   const struct bch_show_opts *show, struct bch_facts *facts);

/* The superblock that @fs has now, sections members_v2 alone: what format prints. */
void bch_fs_show(const struct bch_fs *fs, struct bch_facts *facts);

/* ------------------------------------------------------------------ change */

/*
 * Sets the options of the filesystem that @set gives (those of members too, on @dev_idx[0..nr_devs), or on all named
 * members where @nr_devs is 0). All or nothing: every refused one is named. Durable with bch_fs_write_super().
 */
int bch_fs_set_opts(struct bch_fs *fs, const struct bch_opt_set *set, const u32 *dev_idx,
		    u32 nr_devs);

/* The index of the member that @name says: path, index, label, member UUID. -BCH_ERR_no_such_device. */
int bch_fs_member_find(struct bch_fs *fs, const char *name, u32 *dev_idx);

enum bch_state_flags {
	BCH_STATE_DEGRADED = 1 << 0, /* although there will be fewer copies than wanted */
	BCH_STATE_LOST = 1 << 1,     /* although data cannot be read then */
};

/* What a user calls a state, by either of the words for the third: -BCH_ERR_option_value. */
int bch_member_state_parse(struct bch_ctx *ctx, const char *text, u64 *state);

/*
 * Has the member be in @state, as bch_member_state_parse() gives it. -BCH_ERR_refused, said, where what is left does not suffice for what is written and stored, but for @flags.
 */
int bch_fs_set_state(struct bch_fs *fs, u32 dev_idx, u64 state, unsigned flags);

/* The word for the state of a member. */
void bch_fs_state_put(struct bch_buf *out, const struct bch_fs *fs, u32 dev_idx);

/* The path of a member, as it was given; "device N" where it is missing. */
void bch_fs_member_name_put(struct bch_buf *out, const struct bch_fs *fs, u32 dev_idx);

/* Label and external UUID of the filesystem; a NULL UUID is a random one. */
int bch_fs_set_label(struct bch_fs *fs, const char *label);
int bch_fs_set_uuid(struct bch_fs *fs, const char *uuid);

/* One option's value, or of all where @opt is NULL, as facts. */
int bch_fs_show_opts(struct bch_fs *fs, const struct bch_opt *opt, struct bch_facts *facts);

/* Zeroes the counters of those names (comma-separated), all where @names is NULL. */
int bch_fs_reset_counters(struct bch_fs *fs, const char *names);

/* ------------------------------------------------------------------ encryption */

enum bch_encryption {
	BCH_NOT_ENCRYPTED,
	BCH_KEY_IN_CLEAR, /* encrypted, but anybody may read it */
	BCH_KEY_WRAPPED,
};

enum bch_encryption bch_fs_encryption(const struct bch_fs *fs);

/* Takes the filesystem's key by the passphrase: -BCH_ERR_wrong_passphrase, -BCH_ERR_not_encrypted. */
int bch_fs_unlock(struct bch_fs *fs, const char *passphrase);

/* Takes it from the kernel's keyrings, or where it lies in the clear. -BCH_ERR_no_key. */
int bch_fs_unlock_from_keyring(struct bch_fs *fs);

/* Puts the passphrase's key into @keyring, for the kernel. The passphrase must be right. */
int bch_fs_keyring_add(struct bch_fs *fs, const char *passphrase, enum bch_keyring keyring);

/* Has the kernel find the key while this process lives, whichever keyring it is in. */
int bch_fs_keyring_lend(struct bch_fs *fs);

/* Takes the keys out of all keyrings. -BCH_ERR_no_key where none has one. */
int bch_fs_keyring_remove(struct bch_fs *fs);

/* Wraps the key, which must have been unlocked, by a new passphrase; NULL stores it in the clear. */
int bch_fs_set_passphrase(struct bch_fs *fs, const char *passphrase);

/* ------------------------------------------------------------------ recover */

struct bch_recover_opts {
	u64 dev_size;	  /* of the filesystem's part of the device; 0: all */
	u64 offset;	  /* look only there; 0: everywhere */
	u64 scan_len;	  /* of the start and of the end */
	const char *from; /* take this member's superblock instead */
	u32 dev_idx;	  /* with @from: which member the device is */
	u32 copy;	  /* choose the nth that was found; 0: the best */
	bool dry_run;
	struct bch_undo_opts undo;
	u64 now;
};

struct bch_recovery;

/*
 * Looks for superblocks on @name and chooses one. Each that was found is said in the log. -BCH_ERR_no_sb_found.
 * @recovery is to be ended by bch_recovery_write() or bch_recovery_free().
 */
int bch_recovery_find(struct bch_ctx *ctx, const char *name, const struct bch_recover_opts *opts,
		      struct bch_recovery **recovery);

/* The chosen superblock. */
void bch_recovery_show(const struct bch_recovery *recovery, struct bch_facts *facts);

/* Writes it to all its places, and the layout. */
int bch_recovery_write(struct bch_recovery *recovery);
void bch_recovery_free(struct bch_recovery *recovery);

/* ------------------------------------------------------------------ scan */

struct bch_scan_result {
	u32 nr_filesystems;
	u32 nr_incomplete;
};

/*
 * Every filesystem with a member among @names (devices, folders; none: all block devices), as facts. Damaged and
 * foreign devices are passed over.
 */
int bch_scan(struct bch_ctx *ctx, const char *const *names, size_t nr, struct bch_facts *facts,
	     struct bch_scan_result *result);

/* What a udev rule imports about one device, as KEY=value lines. -BCH_ERR_no_sb_found. */
int bch_scan_udev(struct bch_ctx *ctx, const char *name, struct bch_buf *out);

#endif
