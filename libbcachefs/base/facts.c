// SPDX-License-Identifier: GPL-2.0-or-later
/* Facts: what a command shows, written as text or as JSON. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include <bcachefs/facts.h>
#include "base/memory.h"

#define MAX_DEPTH 16

/*
 * Text is built as it is said; JSON is a tree that bch_facts_str() writes out, and open[] the way
 * to where it grows.
 */
struct bch_facts {
	enum bch_facts_format format;
	struct bch_buf text;
	u32 column;	       /* of the values */
	const int *row_widths; /* NULL: not within a row */
	u32 row_nr, row_at;    /* cells in the row, the next one */
	u32 row_column;	       /* where the next cell begins */
	struct json_object *open[MAX_DEPTH];
	u32 depth;
	bool failed;
};

/* "External UUID" gives external_uuid, and with @suffix "_bytes" external_uuid_bytes. */
static void put_key(struct bch_buf *key, const char *label, const char *suffix)
{
	size_t suffix_len = strlen(suffix);
	bool gap = false;

	for (; *label; label++) {
		char c = *label >= 'A' && *label <= 'Z' ? (char)(*label - 'A' + 'a') : *label;

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
			bch_buf_puts(key, gap && key->len ? "_" : "");
			bch_buf_putc(key, c);
			gap = false;
		} else {
			gap = true;
		}
	}
	if (key->len < suffix_len || strcmp(bch_buf_str(key) + key->len - suffix_len, suffix))
		bch_buf_puts(key, suffix);
}

/* JSON is UTF-8, a path need not be: what is not becomes \xHH. NULL where memory is out. */
static struct json_object *new_string(const char *s)
{
	struct bch_buf valid bch_auto(buf) = { 0 };

	while (*s) {
		size_t len = bch_utf8_len(s);

		if (len)
			bch_buf_mem(&valid, s, len);
		else
			bch_buf_put(&valid, "\\x%02x", (u8)*s);
		s += len ? len : 1;
	}
	return bch_buf_failed(&valid) ? NULL : json_object_new_string(bch_buf_str(&valid));
}

/* Puts @value, which is taken, where the tree grows. False if it did not get there. */
static bool add(struct bch_facts *facts, const char *key, struct json_object *value)
{
	struct json_object *to = facts->open[facts->depth - 1];
	bool list = json_object_is_type(to, json_type_array);

	if (!value) {
		facts->failed = true;
		return false;
	}
	if (list && !json_object_array_add(to, value))
		return true;
	if (!list && key && !json_object_object_add(to, key, value))
		return true;
	json_object_put(value);
	facts->failed |= list || key; /* without a key in an object is left out on purpose */
	return false;
}

/* As add(), with the key made of a label. */
static void add_fact(struct bch_facts *facts, const char *label, const char *suffix,
		     struct json_object *value)
{
	struct bch_buf key bch_auto(buf) = { 0 };

	if (label)
		put_key(&key, label, suffix);
	facts->failed |= bch_buf_failed(&key);
	add(facts, label ? bch_buf_str(&key) : NULL, value);
}

static void add_str(struct bch_facts *facts, const char *label, const struct bch_buf *value)
{
	facts->failed |= bch_buf_failed(value);
	add_fact(facts, label, "", new_string(bch_buf_str(value)));
}

/* The next cell of the row; columns that are too full push only themselves out of line. */
static void put_cell(struct bch_facts *facts, const struct bch_buf *value)
{
	int width = facts->row_at < facts->row_nr ? facts->row_widths[facts->row_at] : 0;
	u32 columns = (u32)bch_text_columns(bch_buf_str(value), value->len);
	u32 start = facts->row_column;

	facts->row_column += (u32)abs(width);
	facts->row_at++;
	if (!value->len && facts->row_at >= facts->row_nr)
		return; /* no blanks at the end of the line */
	if (width < 0 && columns < (u32)-width)
		start = facts->row_column - columns;
	bch_buf_pad(&facts->text, start);
	bch_buf_mem(&facts->text, bch_buf_str(value), value->len);
}

static void put_line(struct bch_facts *facts, const char *label, const struct bch_buf *value)
{
	facts->failed |= bch_buf_failed(value);
	if (facts->row_widths) {
		put_cell(facts, value);
		return;
	}
	if (label) {
		bch_buf_put(&facts->text, "%s:", label);
		bch_buf_pad(&facts->text, facts->column);
	}
	bch_buf_mem(&facts->text, bch_buf_str(value), value->len);
	bch_buf_newline(&facts->text);
}

struct bch_facts *bch_facts_new(enum bch_facts_format format)
{
	struct bch_facts *facts = bch_calloc(1, sizeof(*facts));

	if (!facts)
		return NULL;
	facts->format = format;
	facts->column = 43;
	if (format == BCH_FACTS_TEXT)
		return facts;

	facts->open[facts->depth++] = json_object_new_object();
	if (!facts->open[0]) {
		free(facts);
		return NULL;
	}
	if (format == BCH_FACTS_JSON)
		add(facts, "version", json_object_new_int(1));
	facts->format = BCH_FACTS_JSON;
	return facts;
}

void bch_facts_free(struct bch_facts *facts)
{
	if (!facts)
		return;
	json_object_put(facts->open[0]);
	bch_buf_end(&facts->text);
	free(facts);
}

bool bch_facts_are_json(const struct bch_facts *facts)
{
	return facts->format == BCH_FACTS_JSON;
}

void bch_facts_column(struct bch_facts *facts, u32 column)
{
	facts->column = column;
}

static const char *write_out(struct bch_facts *facts, int json_flags)
{
	if (facts->format == BCH_FACTS_JSON) {
		const char *json = json_object_to_json_string_ext(
			facts->open[0], json_flags | JSON_C_TO_STRING_NOSLASHESCAPE);

		facts->depth = 1;
		bch_buf_reset(&facts->text);
		facts->failed |= !json;
		bch_buf_put(&facts->text, "%s\n", json ? json : "");
	}
	return facts->failed || bch_buf_failed(&facts->text) ? NULL : bch_buf_str(&facts->text);
}

const char *bch_facts_str(struct bch_facts *facts)
{
	return write_out(facts, JSON_C_TO_STRING_PRETTY);
}

const char *bch_facts_line(struct bch_facts *facts)
{
	return write_out(facts, JSON_C_TO_STRING_PLAIN);
}

/*
 * Opens @inner where it got into the tree; else what follows up to its end is left out or has
 * failed anyway.
 */
static void open_inner(struct bch_facts *facts, const char *key, struct json_object *inner)
{
	struct json_object *outer = facts->open[facts->depth - 1];

	assert(facts->depth < MAX_DEPTH);
	facts->open[facts->depth++] = add(facts, key, inner) ? inner : outer;
}

void bch_facts_object(struct bch_facts *facts, const char *key)
{
	if (facts->format == BCH_FACTS_JSON)
		open_inner(facts, key, json_object_new_object());
}

void bch_facts_list(struct bch_facts *facts, const char *key)
{
	if (facts->format == BCH_FACTS_JSON)
		open_inner(facts, key, json_object_new_array());
}

void bch_facts_end(struct bch_facts *facts)
{
	if (facts->depth > 1)
		facts->depth--;
}

void bch_facts_heading(struct bch_facts *facts, const char *fmt, ...)
{
	va_list args;

	if (facts->format == BCH_FACTS_JSON)
		return;
	va_start(args, fmt);
	bch_buf_vput(&facts->text, fmt, args);
	va_end(args);
	bch_buf_newline(&facts->text);
}

void bch_facts_blank(struct bch_facts *facts)
{
	if (facts->format == BCH_FACTS_TEXT)
		bch_buf_newline(&facts->text);
}

void bch_facts_indent(struct bch_facts *facts)
{
	if (facts->format == BCH_FACTS_TEXT)
		bch_buf_indent_add(&facts->text, 2);
}

void bch_facts_outdent(struct bch_facts *facts)
{
	if (facts->format == BCH_FACTS_TEXT)
		bch_buf_indent_sub(&facts->text, 2);
}

void bch_facts_row(struct bch_facts *facts, const int *widths, u32 nr)
{
	facts->row_widths = widths;
	facts->row_nr = nr;
	facts->row_at = 0;
	facts->row_column = facts->text.indent;
}

void bch_facts_row_end(struct bch_facts *facts)
{
	facts->row_widths = NULL;
	bch_facts_blank(facts);
}

/* A fact whose value is the same string in both. */
static void put_str(struct bch_facts *facts, const char *label, const struct bch_buf *value)
{
	if (facts->format == BCH_FACTS_JSON)
		add_str(facts, label, value);
	else
		put_line(facts, label, value);
}

static void put_formatted(struct bch_facts *facts, const char *label, const char *fmt, va_list args)
{
	struct bch_buf value bch_auto(buf) = { 0 };

	bch_buf_vput(&value, fmt, args);
	put_str(facts, label, &value);
}

void bch_fact(struct bch_facts *facts, const char *label, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_formatted(facts, label, fmt, args);
	va_end(args);
}

void bch_fact_text(struct bch_facts *facts, const char *label, const char *fmt, ...)
{
	va_list args;

	if (facts->format == BCH_FACTS_JSON)
		return;
	va_start(args, fmt);
	put_formatted(facts, label, fmt, args);
	va_end(args);
}

void bch_fact_json_u64(struct bch_facts *facts, const char *key, u64 value)
{
	if (facts->format == BCH_FACTS_JSON)
		add(facts, key, json_object_new_uint64(value));
}

void bch_fact_json_s64(struct bch_facts *facts, const char *key, s64 value)
{
	if (facts->format == BCH_FACTS_JSON)
		add(facts, key, json_object_new_int64(value));
}

void bch_fact_json_bool(struct bch_facts *facts, const char *key, bool value)
{
	if (facts->format == BCH_FACTS_JSON)
		add(facts, key, json_object_new_boolean(value));
}

void bch_fact_json_str(struct bch_facts *facts, const char *key, const char *value)
{
	if (facts->format == BCH_FACTS_JSON)
		add(facts, key, new_string(value));
}

void bch_fact_u64(struct bch_facts *facts, const char *label, u64 value)
{
	if (facts->format == BCH_FACTS_JSON)
		add_fact(facts, label, "", json_object_new_uint64(value));
	else
		bch_fact_text(facts, label, "%" PRIu64, value);
}

void bch_fact_bool(struct bch_facts *facts, const char *label, bool value)
{
	if (facts->format == BCH_FACTS_JSON)
		add_fact(facts, label, "", json_object_new_boolean(value));
	else
		bch_fact_text(facts, label, "%d", value);
}

void bch_fact_bytes(struct bch_facts *facts, const char *label, u64 bytes)
{
	struct bch_buf value bch_auto(buf) = { 0 };

	if (facts->format == BCH_FACTS_JSON) {
		add_fact(facts, label, "_bytes", json_object_new_uint64(bytes));
	} else {
		bch_buf_human(&value, bytes);
		put_line(facts, label, &value);
	}
}

void bch_fact_time(struct bch_facts *facts, const char *label, u64 seconds)
{
	struct bch_buf value bch_auto(buf) = { 0 };

	if (facts->format == BCH_FACTS_TEXT) {
		bch_buf_time(&value, seconds);
		put_line(facts, label, &value);
	} else if (seconds) {
		add_fact(facts, label, "", json_object_new_uint64(seconds));
	}
}

void bch_fact_uuid(struct bch_facts *facts, const char *label, const u8 uuid[16])
{
	struct bch_buf value bch_auto(buf) = { 0 };

	bch_buf_uuid(&value, uuid);
	put_str(facts, label, &value);
}

/* The names of set bits as elements of the open list. */
static void add_flags(struct bch_facts *facts, u64 flags, const char *const names[])
{
	for (u32 bit = 0; bit < 64; bit++) {
		struct bch_buf name bch_auto(buf) = { 0 };

		bch_buf_flags(&name, flags & (u64)1 << bit, names);
		if (name.len || bch_buf_failed(&name))
			add_str(facts, NULL, &name);
	}
}

void bch_fact_json_flags(struct bch_facts *facts, const char *key, u64 flags,
			 const char *const names[])
{
	if (facts->format != BCH_FACTS_JSON)
		return;
	bch_facts_list(facts, key);
	add_flags(facts, flags, names);
	bch_facts_end(facts);
}

void bch_fact_flags(struct bch_facts *facts, const char *label, u64 flags,
		    const char *const names[])
{
	struct bch_buf value bch_auto(buf) = { 0 };

	if (facts->format == BCH_FACTS_TEXT) {
		bch_buf_flags(&value, flags, names);
		put_line(facts, label, &value);
	} else {
		if (label)
			put_key(&value, label, "");
		facts->failed |= bch_buf_failed(&value);
		bch_fact_json_flags(facts, label ? bch_buf_str(&value) : NULL, flags, names);
	}
}

void bch_fact_choice(struct bch_facts *facts, const char *label, const char *const names[],
		     u64 selected)
{
	struct bch_buf value bch_auto(buf) = { 0 };

	if (facts->format == BCH_FACTS_JSON) {
		bch_buf_choice(&value, names, selected);
		add_str(facts, label, &value);
	} else {
		bch_buf_choices(&value, names, selected);
		put_line(facts, label, &value);
	}
}
