/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of keys that are as long as they are: names, data. */

#ifndef BCHFS_ONDISK_KEY_BYTES_H
#define BCHFS_ONDISK_KEY_BYTES_H

#include "ondisk/key_fields.h"

/* Fields of one type; a list of them ends with a name of NULL. */
struct bch_key_bytes {
	u8 type;
	const char *name;
	bool is_text; /* written as it is or in quotes; else in hexadecimal */
	bool (*get)(const struct bch_key *k, struct bch_bytes *b); /* false: the value is damaged */
	bool (*set)(struct bch_key_edit *e, struct bch_bytes b);   /* or it would be too long */
};

/* All of all types. */
extern const struct bch_key_bytes bch_key_bytes[];

/* That of the key's type and that name, or NULL. */
const struct bch_key_bytes *bch_key_bytes_find(u8 type, const char *name);

/* The field as text, and from text. Errors as bch_key_field_get() and bch_key_field_set(). */
int bch_key_bytes_put(struct bch_buf *out, const struct bch_key_bytes *f, const struct bch_key *k);
int bch_key_bytes_parse(const struct bch_key_bytes *f, struct bch_key_edit *e, const char *text);

#endif
