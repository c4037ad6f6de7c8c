/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An editor of keys and superblock fields, a line of text a command. CLI 7.5. */

#ifndef BCHFS_KVDB_H
#define BCHFS_KVDB_H

#include <bcachefs/super.h>

struct bch_kvdb;

struct bch_kvdb_opts {
	bool rw;      /* the filesystem is open with BCH_OPEN_WRITE; keys and fields may be set */
	bool journal; /* what only the journal of an unclean filesystem holds is seen; with @rw always */
	bool no_start; /* the superblock alone */
};

/*
 * Starts @fs, which was unlocked, for commands; it must stay open. What they print goes to @write, whole lines, until it
 * returns an error. @opts is copied. @db is for bch_kvdb_end(). Errors are those of bch_fs_start(), and with @opts->rw
 * -BCH_ERR_version_unsupported, said.
 */
int bch_kvdb_begin(struct bch_fs *fs, const struct bch_kvdb_opts *opts,
		   int (*write)(void *arg, const char *text), void *arg, struct bch_kvdb **db);

/*
 * Runs one line: 0, 1 where it was the last, or an error that is said. What a command that writes changes is durable, with
 * all that follows from it, when it returns 0; after an error nothing was changed.
 */
int bch_kvdb_run(struct bch_kvdb *db, const char *line);

/* Appends "kvdb> ", or "kvdb[SNAPSHOT]> ". */
void bch_kvdb_prompt(const struct bch_kvdb *db, struct bch_buf *out);

/* Leaves the filesystem clean where that is due. NULL is 0. */
int bch_kvdb_end(struct bch_kvdb *db);

#endif
