/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of the key editor share. CLI 7.5. */

#ifndef BCHFS_OPS_KVDB_PRIVATE_H
#define BCHFS_OPS_KVDB_PRIVATE_H

#include <bcachefs/kvdb.h>
#include "btree/btree.h"
#include "ondisk/keys.h"
#include "super/super.h"

struct bch_kvdb {
	struct bch_fs *fs;
	struct bch_kvdb_opts opts;
	u16 version;
	struct bch_key_fs key_fs;
	struct bch_snapshot_view view; /* keys are as seen from there; its id 0: all */
	int (*write)(void *arg, const char *text);
	void *arg;
	struct bch_buf out; /* whole lines, handed out now and then */
};

#define BCH_KVDB_WORDS_MAX 512

/* A command's line: its flags, and the words behind them. */
struct bch_kvdb_line {
	u64 flags; /* bit 0 is -a */
	const char *v[BCH_KVDB_WORDS_MAX];
	u32 nr;
};

static inline bool bch_kvdb_has(const struct bch_kvdb_line *line, char letter)
{
	return line->flags >> (letter - 'a') & 1;
}

/* Commands: bch_kvdb_run(). */
typedef int bch_kvdb_fn(struct bch_kvdb *db, const struct bch_kvdb_line *line);
bch_kvdb_fn bch_kvdb_get;
bch_kvdb_fn bch_kvdb_peek;
bch_kvdb_fn bch_kvdb_peek_prev;
bch_kvdb_fn bch_kvdb_list;
bch_kvdb_fn bch_kvdb_fields;
bch_kvdb_fn bch_kvdb_set;
bch_kvdb_fn bch_kvdb_update;
bch_kvdb_fn bch_kvdb_delete;
bch_kvdb_fn bch_kvdb_sb;
bch_kvdb_fn bch_kvdb_snapshot;
bch_kvdb_fn bch_kvdb_list_journal;

/* Hands out what is ready to be printed. */
int bch_kvdb_flush(struct bch_kvdb *db);

/* What a line says that is not so: -BCH_ERR_option_value. */
int bch_kvdb_bad(struct bch_kvdb *db, const char *what, const char *text);

/* A btree by its name; a position in it, @no_snapshot where it says none. */
int bch_kvdb_btree(struct bch_kvdb *db, const char *text, u8 *btree_id);
int bch_kvdb_pos(struct bch_kvdb *db, const char *text, u32 no_snapshot, struct bch_pos *pos);

/* The place of a single key, which the first two words say. */
int bch_kvdb_place(struct bch_kvdb *db, const struct bch_kvdb_line *line, u8 *btree_id,
		   struct bch_pos *pos);

/* The key that lies at a position, or is seen there. -BCH_ERR_not_found, said. @cur is for bch_cursor_end(). */
int bch_kvdb_find(struct bch_kvdb *db, u8 btree_id, struct bch_pos pos, struct bch_cursor *cur,
		  struct bch_key *k);

/* By what the keys of a btree are judged and printed. */
struct bch_key_context bch_kvdb_context(const struct bch_kvdb *db, u8 btree_id);

/* Says what is wrong with a field of the type, and with what it should become (may be NULL). Returns @err, which may be 0. */
int bch_kvdb_field_error(struct bch_kvdb *db, int err, const char *of, const char *path,
			 const char *text);

#endif
