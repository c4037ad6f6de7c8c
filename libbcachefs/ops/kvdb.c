// SPDX-License-Identifier: GPL-2.0-or-later
/* The key editor: its lines, its commands, its beginning and end. CLI 7.5. */

#include "ops/kvdb_private.h"

#include <bcachefs/journal.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "commit/commit.h"
#include "file/file.h"
#include "ondisk/bbpos.h"

/* ------------------------------------------------------------------ what commands share */

int bch_kvdb_flush(struct bch_kvdb *db)
{
	int err = bch_buf_failed(&db->out) ? -BCH_ERR_no_memory : 0;

	if (!err && db->out.len)
		err = db->write(db->arg, bch_buf_str(&db->out));
	bch_buf_reset(&db->out);
	return err;
}

int bch_kvdb_bad(struct bch_kvdb *db, const char *what, const char *text)
{
	return bch_error_whole(db->fs->ctx, -BCH_ERR_option_value, "%s: %s", what, text);
}

int bch_kvdb_btree(struct bch_kvdb *db, const char *text, u8 *btree_id)
{
	return bch_btree_parse(text, strlen(text), btree_id)
		       ? 0
		       : bch_kvdb_bad(db, "no such btree", text);
}

int bch_kvdb_pos(struct bch_kvdb *db, const char *text, u32 no_snapshot, struct bch_pos *pos)
{
	return bch_pos_parse(text, strlen(text), no_snapshot, pos)
		       ? 0
		       : bch_kvdb_bad(db, "not a position", text);
}

/* Where none is said: that which is looked from, else that without parent. */
static u32 no_snapshot(const struct bch_kvdb *db, u8 btree_id)
{
	if (!bch_btree_has_snapshots(btree_id))
		return 0;
	return db->view.id ? db->view.id : BCH_U32_MAX;
}

int bch_kvdb_place(struct bch_kvdb *db, const struct bch_kvdb_line *line, u8 *btree_id,
		   struct bch_pos *pos)
{
	int err = bch_kvdb_btree(db, line->v[0], btree_id);

	return err ? err : bch_kvdb_pos(db, line->v[1], no_snapshot(db, *btree_id), pos);
}

struct bch_key_context bch_kvdb_context(const struct bch_kvdb *db, u8 btree_id)
{
	return (struct bch_key_context){ .version = db->version,
					 .btree_id = btree_id,
					 .fs = &db->key_fs };
}

/* ------------------------------------------------------------------ commands */

static bch_kvdb_fn show_help, quit;

enum {
	STARTED = 1 << 0, /* it looks at keys */
	WRITES = 1 << 1,
};

/* Name, flags, least and most words, needs, what is typed, what it does. */
static const struct command {
	const char *name, *flags;
	u32 min, max;
	unsigned needs;
	bch_kvdb_fn *run;
	const char *synopsis, *help;
} commands[] = {
	{ "get", "k", 2, BCH_KVDB_WORDS_MAX, STARTED, bch_kvdb_get, "[-k] BTREE POS [FIELD]...",
	  "the key at POS, without its value with -k, or fields of it, one a line" },
	{ "peek", "k", 2, BCH_KVDB_WORDS_MAX, STARTED, bch_kvdb_peek, "[-k] BTREE POS [FIELD]...",
	  "the first key at POS or behind it" },
	{ "peek_prev", "k", 2, BCH_KVDB_WORDS_MAX, STARTED, bch_kvdb_peek_prev,
	  "[-k] BTREE POS [FIELD]...", "the last key at POS or before it" },
	{ "list", "k", 1, 3, STARTED, bch_kvdb_list, "[-k] BTREE [START [END]]",
	  "the keys from START to END" },
	{ "fields", "", 1, 2, 0, bch_kvdb_fields, "TYPE | BTREE POS",
	  "the fields that keys of a type may have; those of a key, as update takes them" },
	{ "set", "sqf", 3, BCH_KVDB_WORDS_MAX, STARTED | WRITES, bch_kvdb_set,
	  "[-qf] [-s] BTREE POS TYPE [FIELD=VALUE]...",
	  "make a key, in place of what is at POS; deleted as TYPE: delete" },
	{ "update", "qf", 3, BCH_KVDB_WORDS_MAX, STARTED | WRITES, bch_kvdb_update,
	  "[-qf] BTREE POS FIELD=VALUE...", "set fields of the key at POS" },
	{ "delete", "sq", 2, 2, STARTED | WRITES, bch_kvdb_delete, "[-q] [-s] BTREE POS",
	  "delete the key at POS; with -s leave a whiteout there" },
	{ "sb", "", 2, BCH_KVDB_WORDS_MAX, 0, bch_kvdb_sb, "get FIELD... | set FIELD=VALUE...",
	  "fields of the superblock" },
	{ "snapshot", "", 0, 1, STARTED, bch_kvdb_snapshot, "[ID | none]",
	  "look from a snapshot; which one is it" },
	{ "list_journal", "k", 0, BCH_KVDB_WORDS_MAX, 0, bch_kvdb_list_journal, "[-k RANGE...]",
	  "the journal's entries, or those that touch such keys" },
	{ "help", "", 0, 0, 0, show_help, "", "this list" },
	{ "quit", "", 0, 0, 0, quit, "", "end" },
};

static int show_help(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	for (size_t i = 0; i < bch_array_size(commands); i++)
		bch_buf_put(&db->out, "%s %s\n\t%s\n", commands[i].name, commands[i].synopsis,
			    commands[i].help);
	bch_buf_puts(&db->out,
		     "-q: nothing is derived from the change\n"
		     "-f: although the key is not valid, of which nothing is derived then\n"
		     "FIELD: NAME, NAME[N], NAME.FLAG, ptr[N].NAME, k.size, raw; see fields\n"
		     "POS: without a snapshot in that which is looked from, else in the root's\n");
	return 0;
}

static int quit(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	return 1;
}

/* ------------------------------------------------------------------ lines */

/* Ends the word at @p, within which blanks may be in quotes, and returns what follows; NULL: a quote is not ended. */
static char *end_word(char *p)
{
	bool quoted = false;

	for (; *p && (quoted || !strchr(" \t\n", *p)); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (quoted && *p == '\\' && p[1])
			p++;
	}
	if (quoted)
		return NULL;
	if (*p)
		*p++ = '\0';
	return p;
}

static int split(struct bch_kvdb *db, char *text, struct bch_kvdb_line *line)
{
	for (line->nr = 0;; line->nr++) {
		text += strspn(text, " \t\n");
		if (!*text || *text == '#')
			return 0;
		if (line->nr == BCH_KVDB_WORDS_MAX)
			return bch_kvdb_bad(db, "too many words", line->v[0]);
		line->v[line->nr] = text;
		text = end_word(text);
		if (!text)
			return bch_kvdb_bad(db, "quote is not ended", line->v[line->nr]);
	}
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < bch_array_size(commands); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* Takes the first @nr words off. */
static void shift(struct bch_kvdb_line *line, u32 nr)
{
	line->nr -= nr;
	memmove(line->v, line->v + nr, line->nr * sizeof(line->v[0]));
}

/* The words that begin with '-' right behind the name. */
static int take_flags(struct bch_kvdb *db, const struct command *c, struct bch_kvdb_line *line)
{
	line->flags = 0;
	for (; line->nr && line->v[0][0] == '-'; shift(line, 1))
		for (const char *letter = line->v[0] + 1; *letter; letter++) {
			if (!strchr(c->flags, *letter))
				return bch_kvdb_bad(db, c->name, "no such option");
			line->flags |= 1ULL << (*letter - 'a');
		}
	return 0;
}

static int check(struct bch_kvdb *db, const struct command *c, const struct bch_kvdb_line *line)
{
	if (line->nr < c->min || line->nr > c->max)
		return bch_error_whole(db->fs->ctx, -BCH_ERR_invalid_argument, "usage: %s %s",
				       c->name, c->synopsis);
	if (c->needs & WRITES && !db->opts.rw)
		return bch_error_whole(db->fs->ctx, -BCH_ERR_read_only,
				       "%s: opened for reading; --rw allows changes", c->name);
	if (c->needs & STARTED && db->opts.no_start)
		return bch_error_whole(db->fs->ctx, -BCH_ERR_refused,
				       "%s: there are no keys with --nostart", c->name);
	return 0;
}

static int run_words(struct bch_kvdb *db, struct bch_kvdb_line *line)
{
	const struct command *c = find_command(line->v[0]);
	int err, flushed;

	if (!c)
		return bch_kvdb_bad(db, "no such command, see help", line->v[0]);
	shift(line, 1);
	err = take_flags(db, c, line);
	if (!err)
		err = check(db, c, line);
	if (!err)
		err = c->run(db, line);
	flushed = bch_kvdb_flush(db);
	return err ? err : flushed;
}

int bch_kvdb_run(struct bch_kvdb *db, const char *text)
{
	struct bch_kvdb_line *line = bch_calloc(1, sizeof(*line));
	char *copy = strdup(text);
	int err = line && copy ? split(db, copy, line) : -BCH_ERR_no_memory;

	if (!err && line->nr)
		err = run_words(db, line);
	free(copy);
	free(line);
	return err;
}

void bch_kvdb_prompt(const struct bch_kvdb *db, struct bch_buf *out)
{
	if (db->view.id)
		bch_buf_put(out, "kvdb[%u]> ", db->view.id);
	else
		bch_buf_puts(out, "kvdb> ");
}

/* ------------------------------------------------------------------ begin and end */

static int start(struct bch_kvdb *db)
{
	const struct bch_start_opts opts = { .no_journal = !db->opts.journal && !db->opts.rw };
	int err = bch_fs_start(db->fs, &opts);

	if (!err && opts.no_journal && !bch_sb_flag(db->fs->super.sb, BCH_SB_CLEAN))
		bch_log(db->fs->ctx, BCH_LOG_warn,
			"filesystem is not clean: what only its journal holds is not seen without "
			"--journal");
	return err || !db->opts.rw ? err : bch_writer_start(db->fs, NULL);
}

int bch_kvdb_begin(struct bch_fs *fs, const struct bch_kvdb_opts *opts,
		   int (*write)(void *arg, const char *text), void *arg, struct bch_kvdb **out)
{
	struct bch_kvdb *db = bch_calloc(1, sizeof(*db));
	int err;

	*out = db;
	if (!db)
		return -BCH_ERR_no_memory;
	db->fs = fs;
	db->opts = *opts;
	db->version = le16_get(fs->super.sb->version);
	db->write = write;
	db->arg = arg;
	bch_key_fs_init(&db->key_fs, &fs->super);
	err = opts->no_start ? 0 : start(db);
	if (err) {
		free(db);
		*out = NULL;
	}
	return err;
}

int bch_kvdb_end(struct bch_kvdb *db)
{
	int err = db && db->fs->writer ? bch_writer_finish(db->fs) : 0;

	if (db)
		bch_buf_end(&db->out);
	free(db);
	return err;
}
