/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys by the names of their fields: one table a key type says where each lies, for reading and for writing.
 *
 * A path is "NAME", "NAME[N]" of an array, "NAME.FLAG" of flags, and "ENTRY[N].NAME" in lists of pointers, N counting the
 * entries of that kind: "children[1]", "bi_flags.unlinked", "ptr[0].gen". "NAME.lo" is NAME, "NAME.hi" NAME_hi. "k.size"
 * and its like are the key's header, "raw" is the whole value in hexadecimal. Any bytes are safe.
 */

#ifndef BCHFS_ONDISK_KEY_FIELDS_H
#define BCHFS_ONDISK_KEY_FIELDS_H

#include <bcachefs/buf.h>
#include "ondisk/bkey.h"

#define BCH_KEY_VAL_MAX 2000 /* bytes: 250 u64s */

/* A key whose value can be changed: it is @val, which k.val points to. */
struct bch_key_edit {
	struct bch_key k;
	u8 val[BCH_KEY_VAL_MAX];
};

/* A copy of @k. -BCH_ERR_out_of_range where its value is longer than that of any key. */
int bch_key_edit_copy(struct bch_key_edit *e, const struct bch_key *k);

/* A new key: all fields zero, its value as long as those of @version are. */
void bch_key_edit_new(struct bch_key_edit *e, struct bch_pos pos, u8 type, u16 version);

/*
 * The field at @path as bch_key_field_set() reads it: numbers in decimal, names of flags and of what has some, modes in
 * octal, bytes in hexadecimal, names of files as they are, or in quotes where they have other than plain characters.
 *
 * Return: 0, or
 *   -BCH_ERR_option_unknown	the type has no such field
 *   -BCH_ERR_out_of_range	there is no such element, or the value ends before it
 *   -BCH_ERR_invalid_argument	the value cannot be decoded
 */
int bch_key_field_get(struct bch_buf *out, const struct bch_key *k, u16 version, const char *path);

/*
 * Sets it; numbers may be decimal, 0x… or 0…, flags names separated by commas. What is one behind the last is appended,
 * a value that is too short grows. Keys of older types become those of the type that replaced it. After an error @e is of
 * no use. Errors as above, and
 *   -BCH_ERR_option_value	not a value of the field
 *   -BCH_ERR_no_space		the value would be longer than that of any key
 */
int bch_key_field_set(struct bch_key_edit *e, u16 version, const char *path, const char *text);

/* The paths of all fields that @k has, a line each; but "raw" and those that begin with "k.". */
void bch_key_field_paths(struct bch_buf *out, const struct bch_key *k, u16 version);

/* The paths that keys of @type may have, a line each: "children[N]". */
void bch_key_field_names(struct bch_buf *out, u8 type);

#endif
