/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extended attributes, and the ACLs that are stored as such. Format reference: 04 §9. */

#ifndef BCHFS_ONDISK_KEY_XATTR_H
#define BCHFS_ONDISK_KEY_XATTR_H

#include "ondisk/bkey.h"

/* Number, name, what users put before the name (ACLs: all of it), what the tools do. */
/* clang-format off */
#define BCH_XATTR_TYPES(T)							\
	T(0, user,		"user.",			"user.")	\
	T(1, posix_acl_access,	"system.posix_acl_access",	"(type 1)")	\
	T(2, posix_acl_default,	"system.posix_acl_default",	"(type 2)")	\
	T(3, trusted,		"trusted.",			"trusted.")	\
	T(4, security,		"security.",			"security.")

enum bch_xattr_type {
#define T(nr, name, prefix, text) BCH_XATTR_##name = nr,
	BCH_XATTR_TYPES(T)
#undef T
	BCH_XATTR_TYPE_NR
};
/* clang-format on */

/* What users put before the name of an attribute of @type; NULL for a number that is none. */
const char *bch_xattr_prefix(u8 type);

/* An attribute. Name (without prefix) and value lie in the key's value. */
struct bch_xattr {
	u8 type; /* enum bch_xattr_type, or another */
	struct bch_bytes name, value;
};

/* The attribute in a key of type xattr. False where the key's value cannot hold it. */
bool bch_xattr_get(const struct bch_key *k, struct bch_xattr *x);

/* The longest value that bch_xattr_put() makes: a key has at most 255 u64s. */
#define BCH_XATTR_VAL_MAX  2000
#define BCH_XATTR_NAME_MAX 255

/* Makes the key's value, and returns its length, or 0 where the attribute is too long for a key. */
size_t bch_xattr_put(const struct bch_xattr *x, u8 val[BCH_XATTR_VAL_MAX]);

/* Number, name, name of its id or NULL where it has none. Format reference: 04 §9.1. */
/* clang-format off */
#define BCH_ACL_TAGS(T)			\
	T(0x01, user_obj,	NULL)	\
	T(0x02, user,		"uid")	\
	T(0x04, group_obj,	NULL)	\
	T(0x08, group,		"gid")	\
	T(0x10, mask,		NULL)	\
	T(0x20, other,		NULL)

enum bch_acl_tag {
#define T(nr, name, id_name) BCH_ACL_##name = nr,
	BCH_ACL_TAGS(T)
#undef T
};
/* clang-format on */

struct bch_acl_entry {
	u16 tag;  /* enum bch_acl_tag */
	u16 perm; /* 4 read, 2 write, 1 execute */
	u32 id;	  /* of tags user and group */
};

/* The entries of an attribute that is an ACL. False where @value is none. */
bool bch_acl_begin(struct bch_bytes value, struct bch_bytes *entries);

/*
 * Takes the next entry off the front of @entries. Returns 1, 0 at the end, or
 * -BCH_ERR_invalid_argument where the tag is unknown or the entry cut off.
 */
int bch_acl_next(struct bch_bytes *entries, struct bch_acl_entry *e);

#endif
