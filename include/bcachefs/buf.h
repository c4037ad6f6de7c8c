/* SPDX-License-Identifier: GPL-2.0-or-later */
/* String builder: grows by itself, indents lines, aligns columns, prints the units users know. */

#ifndef BCHFS_BUF_H
#define BCHFS_BUF_H

#include <stdarg.h>
#include <bcachefs/types.h>

#define BCH_BUF_NR_TABSTOPS 6

/*
 * All zero is an empty one. Memory that could not be had sets @failed, later calls then do nothing;
 * whoever uses the text asks bch_buf_failed() once. Freed by bch_buf_end() or bch_auto(buf).
 */
struct bch_buf {
	char *p; /* NUL-terminated when not NULL */
	size_t len;
	size_t size;
	size_t line_start;  /* where the last line begins */
	size_t field_start; /* where the field since the last tab begins */
	u32 indent;	    /* columns, put before the first character of a line */
	u32 nr_tabstops;
	u32 cur_tabstop;
	u32 tabstop[BCH_BUF_NR_TABSTOPS]; /* columns from the start of the line */
	bool failed;
};

void bch_buf_end(struct bch_buf *buf);
static inline void bch_buf_cleanup(struct bch_buf *buf)
{
	bch_buf_end(buf);
}

/* The text, "" when empty; valid until the next change. */
const char *bch_buf_str(const struct bch_buf *buf);
bool bch_buf_failed(const struct bch_buf *buf);

/* Empties the text and forgets tab stops and indent, keeps the memory. */
void bch_buf_reset(struct bch_buf *buf);

/*
 * The text, to be freed by the caller with free(); @buf is empty afterwards. NULL where memory is
 * out.
 */
char *bch_buf_take(struct bch_buf *buf);

/* Append. */
void bch_buf_put(struct bch_buf *buf, const char *fmt, ...) bch_printf(2, 3);
void bch_buf_vput(struct bch_buf *buf, const char *fmt, va_list args) bch_printf(2, 0);
void bch_buf_puts(struct bch_buf *buf, const char *s);
void bch_buf_putc(struct bch_buf *buf, char c);
void bch_buf_mem(struct bch_buf *buf, const void *p, size_t len);
void bch_buf_newline(struct bch_buf *buf);

/* The indent of the lines that follow; it does not move tab stops. */
void bch_buf_indent_add(struct bch_buf *buf, u32 columns);
void bch_buf_indent_sub(struct bch_buf *buf, u32 columns);

/*
 * Tab stops are counted from the last one (the first from the start of the line, indent included).
 */
void bch_buf_tabstop_push(struct bch_buf *buf, u32 columns);
void bch_buf_tabstop_pop(struct bch_buf *buf);
void bch_buf_tabstops_reset(struct bch_buf *buf);

/*
 * Blanks up to the next tab stop, one if the text reaches it; the second pushes what stands since
 * the last one to its right end.
 */
void bch_buf_tab(struct bch_buf *buf);
void bch_buf_tab_rjust(struct bch_buf *buf);

/*
 * Blanks up to @column of the line (indent included); one where the text reaches it, none in an
 * empty line.
 */
void bch_buf_pad(struct bch_buf *buf, u32 column);

/* Bytes of the UTF-8 character at @s, which ends with NUL; 0 where there is none. */
size_t bch_utf8_len(const char *s);

/* Columns that @len bytes of UTF-8 take: a character is one, whichever it is. */
size_t bch_text_columns(const char *p, size_t len);

/* Three significant digits and a binary unit: "0 B", "512 B", "4.00 KiB", "23.6 MiB", "157 MiB". */
void bch_buf_human(struct bch_buf *buf, u64 bytes);

/* The same for counts: "999", "1.23 K", "45.6 M" (powers of 1000). */
void bch_buf_human_count(struct bch_buf *buf, u64 n);

/* Canonical lower-case form of 16 raw bytes. */
void bch_buf_uuid(struct bch_buf *buf, const u8 uuid[16]);

/* Two digits for each byte. */
void bch_buf_hex(struct bch_buf *buf, const void *p, size_t len);

/* Local time as "Fri Nov 20 09:47:09 2026"; "(not set)" for 0; "@SECONDS" beyond the calendar. */
void bch_buf_time(struct bch_buf *buf, u64 unix_seconds);

/* Local time as "2026-11-20 09:47"; "@SECONDS" beyond the calendar. */
void bch_buf_time_short(struct bch_buf *buf, s64 unix_seconds);

/* Local time as "2026-11-20 09:47:09.123456789 +0100". */
void bch_buf_time_full(struct bch_buf *buf, s64 unix_seconds, u32 nsec);

/* "4m 10s", "250ms", "3.20us", for durations in nanoseconds. */
void bch_buf_duration(struct bch_buf *buf, u64 ns);

/*
 * Text from disk: bytes < 0x20, >= 0x7f and backslash as \xHH; stops at the first NUL or after @max
 * bytes.
 */
void bch_buf_text(struct bch_buf *buf, const void *p, size_t max);

/* A name from disk as it can be shown: control characters, and what is not UTF-8, as \xHH. */
void bch_buf_name(struct bch_buf *buf, const char *name);

/*
 * The names of set bits, comma-separated; bits without a name as "unknown(N)". @names ends with
 * NULL.
 */
void bch_buf_flags(struct bch_buf *buf, u64 flags, const char *const names[]);

/* The name of value @selected, "unknown(N)" where it has none. @names ends with NULL. */
void bch_buf_choice(struct bch_buf *buf, const char *const names[], u64 selected);

/* All names, blank after each, the selected one in brackets: "continue [fix_safe] panic ro ". */
void bch_buf_choices(struct bch_buf *buf, const char *const names[], u64 selected);

#endif
