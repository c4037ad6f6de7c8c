// SPDX-License-Identifier: GPL-2.0-or-later
/* String builder: growing, lines and their indent, columns. Units and names: buf_units.c. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bcachefs/buf.h>
#include "base/memory.h"

void bch_buf_end(struct bch_buf *buf)
{
	free(buf->p);
	*buf = (struct bch_buf){ 0 };
}

const char *bch_buf_str(const struct bch_buf *buf)
{
	return buf->p ? buf->p : "";
}

bool bch_buf_failed(const struct bch_buf *buf)
{
	return buf->failed;
}

void bch_buf_reset(struct bch_buf *buf)
{
	char *p = buf->p;
	size_t size = buf->size;

	if (p)
		p[0] = '\0';
	*buf = (struct bch_buf){ .p = p, .size = size };
}

/* Room for @extra bytes and the NUL behind them. */
static bool reserve(struct bch_buf *buf, size_t extra)
{
	size_t want, size;
	char *p;

	if (buf->failed)
		return false;
	if (extra < buf->size - buf->len)
		return true;
	if (extra > SIZE_MAX / 2 - buf->len - 1) {
		buf->failed = true;
		return false;
	}

	want = buf->len + extra + 1;
	size = want < 64 ? 64 : want;
	if (size < 2 * buf->size)
		size = 2 * buf->size;
	p = bch_realloc(buf->p, size);
	if (!p) {
		buf->failed = true;
		return false;
	}
	buf->p = p;
	buf->size = size;
	return true;
}

char *bch_buf_take(struct bch_buf *buf)
{
	char *p = NULL;

	if (reserve(buf, 0)) {
		p = buf->p;
		p[buf->len] = '\0';
		buf->p = NULL;
	}
	bch_buf_end(buf);
	return p;
}

static void append(struct bch_buf *buf, const void *p, size_t len)
{
	if (!len || !reserve(buf, len))
		return;
	memcpy(buf->p + buf->len, p, len);
	buf->len += len;
	buf->p[buf->len] = '\0';
}

static void append_blanks(struct bch_buf *buf, size_t nr)
{
	if (!nr || !reserve(buf, nr))
		return;
	memset(buf->p + buf->len, ' ', nr);
	buf->len += nr;
	buf->p[buf->len] = '\0';
}

/* The indent is written with the first character of a line, so that empty lines stay empty. */
static void begin_line(struct bch_buf *buf)
{
	if (buf->len != buf->line_start)
		return;
	append_blanks(buf, buf->indent);
	buf->field_start = buf->len;
}

void bch_buf_newline(struct bch_buf *buf)
{
	append(buf, "\n", 1);
	buf->line_start = buf->len;
	buf->field_start = buf->len;
	buf->cur_tabstop = 0;
}

void bch_buf_mem(struct bch_buf *buf, const void *p, size_t len)
{
	const char *at = p, *end = at + len, *nl;

	for (; at < end && !buf->failed; at = nl + 1) {
		nl = memchr(at, '\n', (size_t)(end - at));
		if (at != nl) {
			begin_line(buf);
			append(buf, at, (size_t)((nl ? nl : end) - at));
		}
		if (!nl)
			break;
		bch_buf_newline(buf);
	}
}

void bch_buf_puts(struct bch_buf *buf, const char *s)
{
	bch_buf_mem(buf, s, strlen(s));
}

void bch_buf_putc(struct bch_buf *buf, char c)
{
	bch_buf_mem(buf, &c, 1);
}

void bch_buf_vput(struct bch_buf *buf, const char *fmt, va_list args)
{
	char brief[256], *text = brief;
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(brief, sizeof(brief), fmt, args);
	if (len >= (int)sizeof(brief)) {
		text = bch_malloc((size_t)len + 1);
		if (text)
			len = vsnprintf(text, (size_t)len + 1, fmt, again);
	}
	va_end(again);

	if (len >= 0 && text)
		bch_buf_mem(buf, text, (size_t)len);
	else
		buf->failed = true;
	if (text != brief)
		free(text);
}

void bch_buf_put(struct bch_buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	bch_buf_vput(buf, fmt, args);
	va_end(args);
}

void bch_buf_indent_add(struct bch_buf *buf, u32 columns)
{
	buf->indent += columns;
}

void bch_buf_indent_sub(struct bch_buf *buf, u32 columns)
{
	buf->indent -= columns < buf->indent ? columns : buf->indent;
}

void bch_buf_tabstop_push(struct bch_buf *buf, u32 columns)
{
	u32 last = buf->nr_tabstops ? buf->tabstop[buf->nr_tabstops - 1] : 0;

	if (buf->nr_tabstops < BCH_BUF_NR_TABSTOPS)
		buf->tabstop[buf->nr_tabstops++] = last + columns;
}

void bch_buf_tabstop_pop(struct bch_buf *buf)
{
	if (buf->nr_tabstops)
		buf->nr_tabstops--;
}

void bch_buf_tabstops_reset(struct bch_buf *buf)
{
	buf->nr_tabstops = 0;
	buf->cur_tabstop = 0;
}

size_t bch_utf8_len(const char *text)
{
	static const u32 least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const u8 *s = (const u8 *)text;
	size_t len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	u32 c = s[0] & (0x7fU >> len);

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc0 || s[0] >= 0xf8)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c >= least[len] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? len : 0;
}

size_t bch_text_columns(const char *p, size_t len)
{
	size_t columns = 0;

	for (size_t i = 0; i < len; i++)
		columns += ((u8)p[i] & 0xc0) != 0x80;
	return columns;
}

/* Columns of the last line from byte @start on. */
static size_t columns_from(const struct bch_buf *buf, size_t start)
{
	return buf->p ? bch_text_columns(buf->p + start, buf->len - start) : 0;
}

void bch_buf_pad(struct bch_buf *buf, u32 column)
{
	bool empty = buf->len == buf->line_start;
	size_t have;

	begin_line(buf);
	have = columns_from(buf, buf->line_start);
	if (have < column)
		append_blanks(buf, column - have);
	else if (!empty)
		append_blanks(buf, 1);
}

/* The column of the next tab stop, 0 where there is none. */
static u32 next_tabstop(struct bch_buf *buf)
{
	return buf->cur_tabstop < buf->nr_tabstops ? buf->tabstop[buf->cur_tabstop++] : 0;
}

void bch_buf_tab(struct bch_buf *buf)
{
	bch_buf_pad(buf, next_tabstop(buf));
	buf->field_start = buf->len;
}

void bch_buf_tab_rjust(struct bch_buf *buf)
{
	u32 stop = next_tabstop(buf);
	size_t have, field, shift;

	begin_line(buf);
	have = columns_from(buf, buf->line_start);
	field = buf->len - buf->field_start;
	shift = have < stop ? stop - have : 0;
	append_blanks(buf, shift);
	if (!buf->failed && shift) {
		memmove(buf->p + buf->field_start + shift, buf->p + buf->field_start, field);
		memset(buf->p + buf->field_start, ' ', shift);
	}
	buf->field_start = buf->len;
}
