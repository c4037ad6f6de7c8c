// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of files: text in pieces, JSON as one document that is never whole in memory. */

#include <string.h>

#include "ops/listing.h"
#include "super/super.h"

/* Text is handed out in pieces of about this size. */
#define PIECE 65536

/* ------------------------------------------------------------------ writing */

static int flush(struct bch_listing *l)
{
	int err = bch_buf_failed(&l->text) ? -BCH_ERR_no_memory : 0;

	if (!err && l->text.len)
		err = l->opts->write(l->opts->arg, bch_buf_str(&l->text));
	bch_buf_reset(&l->text);
	return err;
}

int bch_listing_pace(struct bch_listing *l)
{
	if (bch_cancelled(l->fs->ctx))
		return -BCH_ERR_cancelled;
	return l->text.len >= PIECE ? flush(l) : 0;
}

void bch_listing_begin(struct bch_listing *l, struct bch_fs *fs,
		       const struct bch_listing_opts *opts, const char *key)
{
	*l = (struct bch_listing){ .fs = fs, .opts = opts };
	if (opts->json)
		bch_buf_put(&l->text, "{\"version\":1,\"%s\":[\n", key);
}

int bch_listing_end(struct bch_listing *l, int err)
{
	int write_err;

	if (l->opts->json)
		bch_buf_puts(&l->text, "\n]}\n");
	write_err = flush(l);
	bch_buf_end(&l->text);
	if (!err)
		err = write_err;
	if (!err && l->missing)
		err = bch_error_whole(l->fs->ctx, -BCH_ERR_io, "some files could not be read");
	return err;
}

int bch_listing_pass(struct bch_listing *l, int err)
{
	if (!l->opts->ignore_errors || err == -BCH_ERR_no_memory || err == -BCH_ERR_cancelled)
		return err;
	bch_log(l->fs->ctx, BCH_LOG_error, "%s", bch_error_message(l->fs->ctx, err));
	l->missing = true;
	return 0;
}

int bch_listing_incomplete(struct bch_fs *fs, int err, bool *missing)
{
	if (!err || err == -BCH_ERR_no_memory || err == -BCH_ERR_cancelled)
		return err;
	bch_log(fs->ctx, BCH_LOG_error, "%s", bch_error_message(fs->ctx, err));
	*missing = true;
	return 0;
}

void bch_listing_name(struct bch_listing *l, const char *name)
{
	if (l->opts->terminal)
		bch_buf_name(&l->text, name);
	else
		bch_buf_puts(&l->text, name);
}

/* ------------------------------------------------------------------ JSON */

void bch_listing_element(struct bch_listing *l, struct bch_facts *facts, const char *inner)
{
	const char *line = facts ? bch_facts_line(facts) : NULL;
	size_t len = line ? strlen(line) : 0;

	if (len < 3) { /* "{}\n": no memory, or nothing was said */
		l->text.failed |= !line;
		return;
	}
	if (l->comma)
		bch_buf_puts(&l->text, ",\n");
	bch_buf_mem(&l->text, line, len - 2); /* all but "}\n" */
	if (inner)
		bch_buf_put(&l->text, ",\"%s\":[\n", inner);
	else
		bch_buf_putc(&l->text, '}');
	l->comma = !inner;
}

void bch_listing_element_end(struct bch_listing *l)
{
	bch_buf_puts(&l->text, "]}");
	l->comma = true;
}
