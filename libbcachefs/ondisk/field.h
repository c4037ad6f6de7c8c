/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A field of any structure of the format: where it lies, and how its value is written. */

#ifndef BCHFS_ONDISK_FIELD_H
#define BCHFS_ONDISK_FIELD_H

#include <bcachefs/buf.h>
#include "ondisk/fields.h"

enum bch_field_kind {
	BCH_FIELD_NUMBER,
	BCH_FIELD_SIGNED,
	BCH_FIELD_OCTAL,
	BCH_FIELD_HEX,	  /* a number in hexadecimal */
	BCH_FIELD_BYTES,  /* so many bytes, in hexadecimal */
	BCH_FIELD_CHOICE, /* one of names */
	BCH_FIELD_FLAGS,  /* a set of names, by bit */
};

/* A list of them ends with a name of NULL; of two of one name the first counts. */
struct bch_field {
	const char *name;
	u32 bit;  /* the first one of the structure */
	u16 bits; /* of one element, at most 64, but of BYTES */
	u16 nr;	  /* elements; 1: no array; 0: as many as there is room for */
	u8 add;	  /* is added to the bits */
	enum bch_field_kind kind;
	const char *const *names;
	u32 nr_names;
};

/*
 * Rows for a structure that the code around knows as this_struct: @bits_ of it from bit @skip of a member on, or fields in
 * the form of ondisk/fields.h. Other columns are appended.
 */
/* clang-format off */
#define BCH_FIELD(name_, member, skip, bits_, nr_, ...)			\
	{ .name = (name_), .bit = 8 * (u32)offsetof(this_struct, member) + (skip),	\
	  .bits = (bits_), .nr = (nr_), ##__VA_ARGS__ },
#define BCH_FIELD_ROW(type, name_, nr_)	\
	BCH_FIELD(#name_, name_, 0, 8 * sizeof(type), nr_)
#define BCH_FIELD_BYTES_ROW(name_, nr_)	\
	BCH_FIELD(#name_, name_, 0, 8 * (nr_), 1, .kind = BCH_FIELD_BYTES)
/* clang-format on */

/* Columns: one of these names, or a set of them. */
#define BCH_FIELD_ONE_OF(v, nr) .kind = BCH_FIELD_CHOICE, .names = (v), .nr_names = (nr)
#define BCH_FIELD_SET_OF(v, nr) .kind = BCH_FIELD_FLAGS, .names = (v), .nr_names = (nr)

/* The row of that name, of @len characters, or NULL. */
const struct bch_field *bch_field_find(const struct bch_field *rows, const char *name, size_t len);

/* "NAME[N].REST". */
struct bch_field_path {
	const char *name, *rest; /* "" for none */
	size_t len;		 /* of the name */
	bool has_idx;
	u32 idx;
};

/* False where @text is none. */
bool bch_field_path_parse(const char *text, struct bch_field_path *p);

/*
 * The field at a path, as one element alone: "NAME", "NAME[N]" of an array, "NAME.FLAG" of flags; NAME.lo is NAME, NAME.hi
 * NAME_hi. -BCH_ERR_option_unknown, -BCH_ERR_out_of_range.
 */
int bch_field_at(const struct bch_field *rows, const struct bch_field_path *p, struct bch_field *f);

/* Element @i of an array alone; its nr still says how many there are. */
static inline struct bch_field bch_field_element(const struct bch_field *f, u32 i)
{
	struct bch_field one = *f;

	one.bit += i * f->bits;
	return one;
}

/* One element, of the structure @from, whose bytes must reach that far; BYTES: as hexadecimal. */
void bch_field_put(struct bch_buf *out, const struct bch_field *f, const u8 *from);

/* Puts what @text says into @to. -BCH_ERR_option_value. */
int bch_field_parse(const struct bch_field *f, u8 *to, const char *text);

/* Behind its last byte. */
static inline size_t bch_field_end(const struct bch_field *f)
{
	return ((size_t)f->bit + f->bits + 7) / 8;
}

/* @len bytes out of twice as many hexadecimal digits. False where @text is anything else. */
bool bch_hex_parse(const char *text, u8 *to, size_t len);

#endif
