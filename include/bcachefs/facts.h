/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts: what a command shows, said once and written as text or as JSON.
 *
 * Text is "Label:" and the value at a fixed column, one fact a line; JSON is an object whose keys
 * are the labels in snake_case ("External UUID" becomes external_uuid). Structure (object, list) is
 * for JSON, layout (heading, indent, row, blank line) is for text; each ignores the other's.
 */

#ifndef BCHFS_FACTS_H
#define BCHFS_FACTS_H

#include <bcachefs/buf.h>
#include <bcachefs/types.h>

struct bch_facts;

enum bch_facts_format {
	BCH_FACTS_TEXT,
	BCH_FACTS_JSON,
	BCH_FACTS_JSON_PART, /* an object of a document that is written elsewhere */
};

/* NULL where memory is out. JSON begins as an object that holds "version": 1, a part as an empty one. */
struct bch_facts *bch_facts_new(enum bch_facts_format format);
void bch_facts_free(struct bch_facts *facts);
static inline void bch_facts_cleanup(struct bch_facts **facts)
{
	bch_facts_free(*facts);
}

/* Will it be JSON? For what is arranged in another way there. */
bool bch_facts_are_json(const struct bch_facts *facts);

/* The column of values in lines that follow; 43 at first. */
void bch_facts_column(struct bch_facts *facts, u32 column);

/*
 * All that was said so far: text, or the JSON document with a newline. Valid until the next call.
 * NULL where memory ran out on the way. Ends open objects and lists.
 */
const char *bch_facts_str(struct bch_facts *facts);

/* The same with the JSON document in one line. */
const char *bch_facts_line(struct bch_facts *facts);

/*
 * Structure. @key NULL: an element of the list that is open. bch_facts_end() closes the innermost.
 */
void bch_facts_object(struct bch_facts *facts, const char *key);
void bch_facts_list(struct bch_facts *facts, const char *key);
void bch_facts_end(struct bch_facts *facts);

/* Layout: a line of text alone, an empty line, two columns more or less of indent. */
void bch_facts_heading(struct bch_facts *facts, const char *fmt, ...) bch_printf(2, 3);
void bch_facts_blank(struct bch_facts *facts);
void bch_facts_indent(struct bch_facts *facts);
void bch_facts_outdent(struct bch_facts *facts);

/*
 * Layout: the facts up to bch_facts_row_end() stand side by side without labels, as one line: the
 * nth is padded to @widths[n] columns, the last not at all; a negative width aligns to the right.
 */
void bch_facts_row(struct bch_facts *facts, const int *widths, u32 nr);
void bch_facts_row_end(struct bch_facts *facts);

/*
 * One fact each. Within a list @label only serves the text. A NULL @label in an object is left out
 * of JSON; in text its value stands alone. JSON has bytes as "label_bytes": 4096, a time as seconds
 * (absent for 0), flags as a list of names, a choice as the selected name; text has 4.00 KiB, local
 * time, comma-separated names, all names in one line.
 */
void bch_fact(struct bch_facts *facts, const char *label, const char *fmt, ...) bch_printf(3, 4);
void bch_fact_u64(struct bch_facts *facts, const char *label, u64 value);
void bch_fact_bool(struct bch_facts *facts, const char *label, bool value);
void bch_fact_bytes(struct bch_facts *facts, const char *label, u64 bytes);
void bch_fact_time(struct bch_facts *facts, const char *label, u64 seconds);
void bch_fact_uuid(struct bch_facts *facts, const char *label, const u8 uuid[16]);
void bch_fact_flags(struct bch_facts *facts, const char *label, u64 flags,
		    const char *const names[]);
void bch_fact_choice(struct bch_facts *facts, const char *label, const char *const names[],
		     u64 selected);

/* Facts that JSON alone shows, and one that text alone shows. */
void bch_fact_json_flags(struct bch_facts *facts, const char *key, u64 flags,
			 const char *const names[]);
void bch_fact_json_u64(struct bch_facts *facts, const char *key, u64 value);
void bch_fact_json_s64(struct bch_facts *facts, const char *key, s64 value);
void bch_fact_json_bool(struct bch_facts *facts, const char *key, bool value);
void bch_fact_json_str(struct bch_facts *facts, const char *key, const char *value);
void bch_fact_text(struct bch_facts *facts, const char *label, const char *fmt, ...)
	bch_printf(3, 4);

#endif
