// SPDX-License-Identifier: GPL-2.0-or-later
/* Fields of keys that are as long as they are: names, data. Format reference: 04 §8, §9; 05 §6.2, §7.1. */

#include "ondisk/key_bytes.h"

#include <bcachefs/error.h>
#include "ondisk/field.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_stripe.h"
#include "ondisk/key_xattr.h"

/* ------------------------------------------------------------------ names of files */

static bool get_name(const struct bch_key *k, struct bch_bytes *b)
{
	struct bch_dirent d;
	bool got = bch_dirent_get(k, &d);

	*b = got ? d.name : (struct bch_bytes){ 0 };
	return got;
}

/* Only of casefolded directories. */
static bool get_cf_name(const struct bch_key *k, struct bch_bytes *b)
{
	struct bch_dirent d;
	bool got = bch_dirent_get(k, &d) && d.d_casefold;

	*b = got ? d.cf_name : (struct bch_bytes){ 0 };
	return got;
}

/* What the names were lies in the value that is written over. */
static bool put_dirent(struct bch_key_edit *e, const struct bch_dirent *d)
{
	u8 val[BCH_DIRENT_VAL_MAX];
	size_t len = bch_dirent_put(d, val);

	memcpy(e->val, val, len);
	e->k.val.len = len;
	return len;
}

static bool set_name(struct bch_key_edit *e, struct bch_bytes b)
{
	struct bch_dirent d;

	if (!bch_dirent_get(&e->k, &d))
		return false;
	d.name = b;
	return put_dirent(e, &d);
}

static bool set_cf_name(struct bch_key_edit *e, struct bch_bytes b)
{
	struct bch_dirent d;

	if (!bch_dirent_get(&e->k, &d))
		return false;
	d.cf_name = b;
	return put_dirent(e, &d);
}

/* ------------------------------------------------------------------ attributes */

static bool get_x_name(const struct bch_key *k, struct bch_bytes *b)
{
	struct bch_xattr x;
	bool got = bch_xattr_get(k, &x);

	*b = got ? x.name : (struct bch_bytes){ 0 };
	return got;
}

static bool get_x_value(const struct bch_key *k, struct bch_bytes *b)
{
	struct bch_xattr x;
	bool got = bch_xattr_get(k, &x);

	*b = got ? x.value : (struct bch_bytes){ 0 };
	return got;
}

/* Old writers made the value longer than need be: it stays so where it suffices. */
static bool put_xattr(struct bch_key_edit *e, const struct bch_xattr *x)
{
	u8 val[BCH_XATTR_VAL_MAX];
	size_t len = bch_xattr_put(x, val);

	if (!len)
		return false;
	memcpy(e->val, val, len);
	if (e->k.val.len > len)
		memset(e->val + len, 0, e->k.val.len - len);
	if (e->k.val.len < len || e->k.val.len > len + 8)
		e->k.val.len = len;
	return true;
}

static bool set_x_name(struct bch_key_edit *e, struct bch_bytes b)
{
	struct bch_xattr x;

	if (!bch_xattr_get(&e->k, &x))
		return false;
	x.name = b;
	return put_xattr(e, &x);
}

static bool set_x_value(struct bch_key_edit *e, struct bch_bytes b)
{
	struct bch_xattr x;

	if (!bch_xattr_get(&e->k, &x))
		return false;
	x.value = b;
	return put_xattr(e, &x);
}

/* ------------------------------------------------------------------ data, checksums */

#define INDIRECT_INLINE_DATA 8 /* bytes of the reference count before it */

/* What is behind @start becomes @b, filled up to whole words. */
static bool put_tail(struct bch_key_edit *e, size_t start, struct bch_bytes b)
{
	size_t len = (start + b.len + 7) & ~(size_t)7;

	if (b.len > BCH_KEY_VAL_MAX || len > BCH_KEY_VAL_MAX)
		return false;
	memset(e->val + start, 0, len - start);
	if (b.len)
		memcpy(e->val + start, b.p, b.len);
	e->k.val.len = len;
	return true;
}

static bool get_inline_data(const struct bch_key *k, struct bch_bytes *b)
{
	*b = k->val;
	return true;
}

static bool set_inline_data(struct bch_key_edit *e, struct bch_bytes b)
{
	return put_tail(e, 0, b);
}

static bool get_indirect_data(const struct bch_key *k, struct bch_bytes *b)
{
	*b = bch_bytes_from(k->val, INDIRECT_INLINE_DATA);
	return k->val.len >= INDIRECT_INLINE_DATA;
}

static bool set_indirect_data(struct bch_key_edit *e, struct bch_bytes b)
{
	return put_tail(e, INDIRECT_INLINE_DATA, b);
}

/* All that is behind a stripe's pointers: checksums, then how much of each block is used. */
static bool get_stripe_tail(const struct bch_key *k, struct bch_bytes *b)
{
	struct bch_bytes ptrs = bch_key_extent_entries(k);

	*b = (struct bch_bytes){ 0 };
	if (k->val.len < 8)
		return false;
	*b = bch_bytes_from(k->val, 8 + ptrs.len);
	return true;
}

static bool set_stripe_tail(struct bch_key_edit *e, struct bch_bytes b)
{
	return e->k.val.len >= 8 && put_tail(e, 8 + bch_key_extent_entries(&e->k).len, b);
}

const struct bch_key_bytes bch_key_bytes[] = {
	{ BCH_KEY_dirent, "d_name", true, get_name, set_name },
	{ BCH_KEY_dirent, "d_cf_name", true, get_cf_name, set_cf_name },
	{ BCH_KEY_xattr, "x_name", true, get_x_name, set_x_name },
	{ BCH_KEY_xattr, "x_value", true, get_x_value, set_x_value },
	{ BCH_KEY_inline_data, "data", false, get_inline_data, set_inline_data },
	{ BCH_KEY_indirect_inline_data, "data", false, get_indirect_data, set_indirect_data },
	{ BCH_KEY_stripe, "csums_and_counts", false, get_stripe_tail, set_stripe_tail },
	{ 0 },
};

const struct bch_key_bytes *bch_key_bytes_find(u8 type, const char *name)
{
	for (const struct bch_key_bytes *f = bch_key_bytes; f->name; f++)
		if (f->type == type && !strcmp(f->name, name))
			return f;
	return NULL;
}

/* ------------------------------------------------------------------ text */

static bool is_plain(struct bch_bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.p[i] <= ' ' || b.p[i] >= 0x7f || strchr("\"\\'", b.p[i]))
			return false;
	return b.len;
}

static void put_quoted(struct bch_buf *out, struct bch_bytes b)
{
	bch_buf_putc(out, '"');
	for (size_t i = 0; i < b.len; i++)
		if (b.p[i] < ' ' || b.p[i] >= 0x7f || strchr("\"\\", b.p[i]))
			bch_buf_put(out, "\\x%02x", b.p[i]);
		else
			bch_buf_putc(out, (char)b.p[i]);
	bch_buf_putc(out, '"');
}

int bch_key_bytes_put(struct bch_buf *out, const struct bch_key_bytes *f, const struct bch_key *k)
{
	struct bch_bytes b;

	if (!f->get(k, &b))
		return -BCH_ERR_invalid_argument;
	if (!f->is_text)
		bch_buf_hex(out, b.p, b.len);
	else if (is_plain(b))
		bch_buf_mem(out, b.p, b.len);
	else
		put_quoted(out, b);
	return 0;
}

/* The byte that an escape in quotes means, \xHH or another character itself; @text is left at its last character. */
static bool unescape(const char **text, u8 *byte)
{
	char hex[3] = { 0 };

	*byte = (u8) * ++*text;
	if (*byte != 'x')
		return *byte;
	for (u32 i = 0; i < 2 && (*text)[1]; i++)
		hex[i] = *++*text;
	return bch_hex_parse(hex, byte, 1);
}

static bool unquote(const char *text, u8 *to, size_t *len)
{
	for (*len = 0; *text != '"'; text++, ++*len) {
		if (!*text || *len == BCH_KEY_VAL_MAX)
			return false;
		to[*len] = (u8)*text;
		if (*text == '\\' && !unescape(&text, &to[*len]))
			return false;
	}
	return !text[1];
}

static bool parse_text(const char *text, u8 *to, size_t *len)
{
	if (*text == '"')
		return unquote(text + 1, to, len);
	*len = strlen(text);
	if (*len > BCH_KEY_VAL_MAX)
		return false;
	memcpy(to, text, *len);
	return true;
}

int bch_key_bytes_parse(const struct bch_key_bytes *f, struct bch_key_edit *e, const char *text)
{
	u8 bytes[BCH_KEY_VAL_MAX];
	struct bch_bytes b = { bytes, strlen(text) / 2 }, now;
	bool parsed = f->is_text ? parse_text(text, bytes, &b.len)
				 : b.len <= sizeof(bytes) && bch_hex_parse(text, bytes, b.len);

	if (!parsed)
		return -BCH_ERR_option_value;
	if (!f->get(&e->k, &now))
		return -BCH_ERR_invalid_argument;
	return f->set(e, b) ? 0 : -BCH_ERR_no_space;
}
