/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key types: are a key and its value valid, and as text. Format reference: 02 §3, §11.4; 04; 05; 06; 08. */

#ifndef BCHFS_ONDISK_KEYS_H
#define BCHFS_ONDISK_KEYS_H

#include "ondisk/bkey.h"
#include "ondisk/error_ids.h"
#include "ondisk/superblock.h"

/* A member, as far as keys are judged and printed by it. */
struct bch_key_dev {
	u64 first_bucket, nr_buckets;
	u16 bucket_sectors; /* 0: no member */
	u8 durability;	    /* 0 in state failed */
};

struct bch_ptr;

/* What keys are judged and printed by that is the same for the whole filesystem. */
struct bch_key_fs {
	const struct bch_super *super; /* the caller's; labels are read from it */
	u32 node_sectors;
	u32 coded_sectors_max; /* of a blob with checksum or compression */
	u8 backpointer_shift;
	bool encrypted;
	struct bch_key_dev
		devs[BCH_SB_MAX_MEMBERS + 1]; /* by device index; the last is no device */
	bool (*is_stale)(void *arg, const struct bch_ptr *p); /* NULL: texts do not say it */
	void *is_stale_arg;
};

/* Fills @fs from a validated superblock, which must outlive it. */
void bch_key_fs_init(struct bch_key_fs *fs, const struct bch_super *super);

/* Against what a key is judged and printed. All zero but @version is allowed. */
struct bch_key_context {
	u16 version; /* of the filesystem: rules and forms of text follow it */
	u8 btree_id, level;
	bool writing;		     /* rules for what is about to be written hold too */
	const struct bch_key_fs *fs; /* NULL: unknown, rules about devices are left out */
};

/* Bytes that a value of @type must have. */
size_t bch_key_val_min(u8 type);

/* What bch_key_validate() returns for a key that is fine: 0 is the id of an error. */
#define BCH_KEY_VALID (-1)

/*
 * BCH_KEY_VALID, or the id (enum bch_fsck_error) of the first rule that @k breaks, its details appended to @why (may be
 * NULL). Any bytes whatever are safe. Format reference: 02 §11.4 and the chapter of each type.
 */
int bch_key_validate(const struct bch_key *k, const struct bch_key_context *c, struct bch_buf *why);

/* The value alone, in the form of the filesystem's version; nothing for types without one. Any bytes are safe. */
void bch_key_value_put(struct bch_buf *out, const struct bch_key *k,
		       const struct bch_key_context *c);

/* "u64s 7 type dirent 4096:… len 0 ver 0": the header alone. */
void bch_key_header_put(struct bch_buf *out, const struct bch_key *k);

/* "u64s 7 type dirent 4096:… len 0 ver 0: name -> 5 type reg": header and value, one key as `list` prints it. */
void bch_key_text_put(struct bch_buf *out, const struct bch_key *k,
		      const struct bch_key_context *c);

/* Does each key belong to a snapshot? */
bool bch_btree_has_snapshots(u8 btree_id);

/* The name that a btree has in @version, its number where it has none. */
void bch_btree_name_put(struct bch_buf *out, u32 btree_id, u16 version);

/* The name of a key type, or NULL; and its number, or -1. */
const char *bch_key_type_name(u8 type);
int bch_key_type_find(const char *name);

#endif
