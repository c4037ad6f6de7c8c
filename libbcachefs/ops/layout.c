// SPDX-License-Identifier: GPL-2.0-or-later
/* Names side by side, as ls(1) has them on a terminal; the branches of trees. */

#include <string.h>

#include "ops/listing.h"

#define GAP	    2
#define COLUMNS_MAX 128

/* Texts filled downwards into columns. */
struct layout {
	size_t nr_rows;
	size_t widths[COLUMNS_MAX]; /* of the columns, gap included */
};

/* False where @columns of them are wider than @width. */
static bool fit(struct layout *y, char *const *texts, size_t nr, size_t columns, size_t width)
{
	size_t used = 0;

	y->nr_rows = (nr + columns - 1) / columns;
	memset(y->widths, 0, sizeof(y->widths));
	for (size_t i = 0; i < nr; i++) {
		size_t *column = &y->widths[i / y->nr_rows];
		size_t want = bch_text_columns(texts[i], strlen(texts[i])) + GAP;

		if (want > *column) {
			used += want - *column;
			*column = want;
		}
		if (columns > 1 && used > width + GAP)
			return false;
	}
	return true;
}

void bch_buf_columns(struct bch_buf *out, char *const *texts, size_t nr, u32 width)
{
	size_t columns = nr < COLUMNS_MAX ? nr : COLUMNS_MAX;
	struct layout y;

	while (columns && !fit(&y, texts, nr, columns, width))
		columns--;
	for (size_t row = 0; columns && row < y.nr_rows; row++) {
		size_t at = 0;

		for (size_t i = row; i < nr; i += y.nr_rows) {
			bch_buf_pad(out, (u32)at);
			bch_buf_puts(out, texts[i]);
			at += y.widths[i / y.nr_rows];
		}
		bch_buf_newline(out);
	}
}

void bch_buf_branches(struct bch_buf *out, const bool *last, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		bch_buf_puts(out, last[i] ? "    " : "│   ");
	bch_buf_puts(out, last[depth] ? "└── " : "├── ");
}
