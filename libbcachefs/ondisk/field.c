// SPDX-License-Identifier: GPL-2.0-or-later
/* A field of any structure as text, and text into it. */

#include "ondisk/field.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <bcachefs/error.h>

const struct bch_field *bch_field_find(const struct bch_field *rows, const char *name, size_t len)
{
	for (; rows->name; rows++)
		if (strlen(rows->name) == len && !memcmp(rows->name, name, len))
			return rows;
	return NULL;
}

/* ------------------------------------------------------------------ bits */

static u64 mask_of(const struct bch_field *f)
{
	return f->bits < 64 ? (1ULL << f->bits) - 1 : BCH_U64_MAX;
}

/* Bit by bit: fields may begin and end anywhere, and nobody waits for it. */
static u64 get_bits(const u8 *from, size_t bit, u32 nr)
{
	u64 v = 0;

	for (u32 i = 0; i < nr; i++, bit++)
		v |= (u64)(from[bit / 8] >> bit % 8 & 1) << i;
	return v;
}

static void set_bits(u8 *to, size_t bit, u32 nr, u64 v)
{
	for (u32 i = 0; i < nr; i++, bit++) {
		u8 at = (u8)(1U << bit % 8);

		to[bit / 8] = (u8)(v >> i & 1 ? to[bit / 8] | at : to[bit / 8] & ~at);
	}
}

/* ------------------------------------------------------------------ text */

static const char *name_of(const struct bch_field *f, u64 v)
{
	return v < f->nr_names ? f->names[v] : NULL;
}

/* "a,b", and bits without a name as one number: "a,0x40"; none is 0. */
static void put_flags(struct bch_buf *out, const struct bch_field *f, u64 v)
{
	const char *comma = "";
	u64 rest = v;

	for (u32 i = 0; i < f->nr_names; i++) {
		if (!(v >> i & 1) || !f->names[i])
			continue;
		bch_buf_put(out, "%s%s", comma, f->names[i]);
		rest &= ~(1ULL << i);
		comma = ",";
	}
	if (rest)
		bch_buf_put(out, "%s0x%" PRIx64, comma, rest);
	else if (!v)
		bch_buf_putc(out, '0');
}

void bch_field_put(struct bch_buf *out, const struct bch_field *f, const u8 *from)
{
	u64 v;

	if (f->kind == BCH_FIELD_BYTES) {
		bch_buf_hex(out, from + f->bit / 8, f->bits / 8);
		return;
	}
	v = get_bits(from, f->bit, f->bits) + f->add;
	if (f->kind == BCH_FIELD_FLAGS)
		put_flags(out, f, v);
	else if (f->kind == BCH_FIELD_CHOICE && name_of(f, v))
		bch_buf_puts(out, name_of(f, v));
	else if (f->kind == BCH_FIELD_OCTAL)
		bch_buf_put(out, "0%" PRIo64, v);
	else if (f->kind == BCH_FIELD_HEX)
		bch_buf_put(out, "0x%" PRIx64, v);
	else if (f->kind == BCH_FIELD_SIGNED)
		bch_buf_put(out, "%" PRId64, (s64)v);
	else
		bch_buf_put(out, "%" PRIu64, v);
}

/* ------------------------------------------------------------------ and back */

static bool parse_number(const char *text, size_t len, u64 *v)
{
	char *end;

	if (!len || !strchr("0123456789-", *text))
		return false;
	errno = 0;
	*v = *text == '-' ? (u64)strtoll(text, &end, 0) : (u64)strtoull(text, &end, 0);
	return !errno && end == text + len;
}

static int find_name(const struct bch_field *f, const char *name, size_t len)
{
	for (u32 i = 0; i < f->nr_names; i++)
		if (f->names[i] && strlen(f->names[i]) == len && !memcmp(f->names[i], name, len))
			return (int)i;
	return -1;
}

/* A name or number; of flags, the bit of the name. */
static bool parse_word(const struct bch_field *f, const char *text, size_t len, u64 *v)
{
	int nr = find_name(f, text, len);

	if (nr < 0)
		return parse_number(text, len, v);
	*v = f->kind == BCH_FIELD_FLAGS ? (u64)1 << nr : (u64)nr;
	return true;
}

static bool parse_flags(const struct bch_field *f, const char *text, u64 *v)
{
	u64 one;

	for (*v = 0;; text++) {
		size_t len = strcspn(text, ",");

		if (!parse_word(f, text, len, &one))
			return false;
		*v |= one;
		text += len;
		if (!*text)
			return true;
	}
}

/* What @text says, in the field's bits; of signed ones the high bits that are all alike are cut off. */
static bool parse_value(const struct bch_field *f, const char *text, u64 *v)
{
	u64 high;

	if (!(f->kind == BCH_FIELD_FLAGS ? parse_flags(f, text, v)
					 : parse_word(f, text, strlen(text), v)))
		return false;
	*v -= f->add;
	high = *v & ~mask_of(f);
	return !high || (*text == '-' && !f->add && high == ~mask_of(f));
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool bch_hex_parse(const char *text, u8 *to, size_t len)
{
	if (strlen(text) != len * 2)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i] = (u8)(high << 4 | low);
	}
	return true;
}

int bch_field_parse(const struct bch_field *f, u8 *to, const char *text)
{
	u64 v;

	if (f->kind == BCH_FIELD_BYTES)
		return bch_hex_parse(text, to + f->bit / 8, f->bits / 8) ? 0
									 : -BCH_ERR_option_value;
	if (!parse_value(f, text, &v))
		return -BCH_ERR_option_value;
	set_bits(to, f->bit, f->bits, v & mask_of(f));
	return 0;
}

/* ------------------------------------------------------------------ paths */

bool bch_field_path_parse(const char *text, struct bch_field_path *p)
{
	const char *at = text + strcspn(text, "[.");

	*p = (struct bch_field_path){ .name = text, .len = (size_t)(at - text), .rest = "" };
	if (*at == '[') {
		char *end;
		unsigned long idx = strtoul(at + 1, &end, 10);

		if (end == at + 1 || *end != ']' || idx > UINT16_MAX)
			return false;
		p->has_idx = true;
		p->idx = (u32)idx;
		at = end + 1;
	}
	if (*at == '.')
		p->rest = ++at;
	return p->len && (!*at || p->rest == at);
}

/* NAME_hi, where there is one and the other half is asked for. */
static const struct bch_field *
find_half(const struct bch_field *rows, const struct bch_field_path *p, const struct bch_field *low)
{
	const struct bch_field *high;
	char name[64];

	snprintf(name, sizeof(name), "%.*s_hi", (int)p->len, p->name);
	high = bch_field_find(rows, name, strlen(name));
	if (high && !strcmp(p->rest, "lo"))
		return low;
	return high && !strcmp(p->rest, "hi") ? high : NULL;
}

int bch_field_at(const struct bch_field *rows, const struct bch_field_path *p, struct bch_field *f)
{
	const struct bch_field *row = bch_field_find(rows, p->name, p->len);
	int flag = -1;

	if (row && *p->rest && row->kind == BCH_FIELD_FLAGS)
		flag = find_name(row, p->rest, strlen(p->rest));
	if (row && *p->rest && flag < 0)
		row = find_half(rows, p, row);
	if (!row || p->has_idx != (row->nr != 1))
		return -BCH_ERR_option_unknown;
	if (row->nr && p->idx >= row->nr)
		return -BCH_ERR_out_of_range;
	*f = bch_field_element(row, p->idx);
	if (flag >= 0)
		*f = (struct bch_field){
			.name = row->name, .bit = row->bit + (u32)flag, .bits = 1, .nr = 1
		};
	return 0;
}
