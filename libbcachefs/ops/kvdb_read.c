// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands of the key editor that read: get, peek, list, fields, snapshot, list_journal. CLI 7.5. */

#include <bcachefs/journal.h>
#include <stdlib.h>
#include <string.h>

#include "file/file.h"
#include "ondisk/key_fields.h"
#include "ops/kvdb_private.h"

/* Output is handed out in pieces of about this size. */
#define PIECE 65536

/* ------------------------------------------------------------------ finding */

/* The keys from @from to @to, as they are or as they are seen. */
static struct bch_cursor open_cursor(struct bch_kvdb *db, u8 btree_id, struct bch_pos from,
				     struct bch_pos to, unsigned flags)
{
	if (db->view.id && bch_btree_has_snapshots(btree_id))
		return bch_cursor_in_snapshot(db->fs, btree_id, from, to, flags, &db->view);
	return bch_cursor_flavour(db->fs, btree_id, from, to, flags);
}

/* A key that a command looks for: 0, or -BCH_ERR_not_found, said. */
static int first(struct bch_kvdb *db, u8 btree_id, struct bch_pos pos, struct bch_cursor *cur,
		 struct bch_key *k)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	int more = bch_cursor_next(cur, k);

	if (more)
		return more < 0 ? more : 0;
	bch_btree_name_put(&text, btree_id, db->version);
	bch_buf_putc(&text, ':');
	bch_pos_put(&text, pos);
	return bch_error_whole(db->fs->ctx, -BCH_ERR_not_found, "%s: no key", bch_buf_str(&text));
}

int bch_kvdb_find(struct bch_kvdb *db, u8 btree_id, struct bch_pos pos, struct bch_cursor *cur,
		  struct bch_key *k)
{
	bool seen = db->view.id == pos.snapshot && bch_btree_has_snapshots(btree_id);

	*cur = seen && db->view.id ? open_cursor(db, btree_id, bch_spos(pos.inode, pos.offset, 0),
						 bch_spos(pos.inode, pos.offset, BCH_U32_MAX), 0)
				   : bch_cursor(db->fs, btree_id, pos, pos);
	return first(db, btree_id, pos, cur, k);
}

/* ------------------------------------------------------------------ printing */

int bch_kvdb_field_error(struct bch_kvdb *db, int err, const char *of, const char *path,
			 const char *text)
{
	struct bch_ctx *ctx = db->fs->ctx;

	switch (-err) {
	case BCH_ERR_option_unknown:
		return bch_error_whole(ctx, err, "%s: no such field of %s", path, of);
	case BCH_ERR_out_of_range:
		return bch_error_whole(ctx, err, "%s: there is no such element", path);
	case BCH_ERR_invalid_argument:
		return bch_error_whole(ctx, err,
				       "%s: the value of the key is damaged; raw is all "
				       "that can be had",
				       path);
	case BCH_ERR_option_value:
		return bch_error_whole(ctx, err, "%s: not a value of this field: %s", path, text);
	case BCH_ERR_no_space:
		return bch_error_whole(ctx, err, "%s: the key gets too long", path);
	default:
		return err;
	}
}

static const char *type_name(u8 type)
{
	const char *name = bch_key_type_name(type);

	return name ? name : "an unknown type";
}

static void put_key(struct bch_kvdb *db, u8 btree_id, const struct bch_key *k, bool key_only)
{
	struct bch_key_context c = bch_kvdb_context(db, btree_id);

	if (key_only)
		bch_key_header_put(&db->out, k);
	else
		bch_key_text_put(&db->out, k, &c);
	bch_buf_newline(&db->out);
}

/* The fields that are named from word @from on, or all of the key. */
static int put_fields(struct bch_kvdb *db, u8 btree_id, const struct bch_key *k,
		      const struct bch_kvdb_line *line, u32 from)
{
	int err = 0;

	if (line->nr == from)
		put_key(db, btree_id, k, bch_kvdb_has(line, 'k'));
	for (u32 i = from; i < line->nr && !err; i++) {
		err = bch_kvdb_field_error(db,
					   bch_key_field_get(&db->out, k, db->version, line->v[i]),
					   type_name(k->type), line->v[i], NULL);
		if (!err)
			bch_buf_newline(&db->out);
	}
	return err;
}

/* ------------------------------------------------------------------ get, peek, peek_prev */

int bch_kvdb_get(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_pos pos;
	struct bch_key k;
	u8 btree_id;
	int err = bch_kvdb_place(db, line, &btree_id, &pos);

	if (!err)
		err = bch_kvdb_find(db, btree_id, pos, &cur, &k);
	return err ? err : put_fields(db, btree_id, &k, line, 2);
}

/* The key that is nearest in a direction, that at the position included. */
static int peek(struct bch_kvdb *db, const struct bch_kvdb_line *line, unsigned direction)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_pos from = BCH_POS_MIN, to = BCH_SPOS_MAX, *pos = direction ? &to : &from;
	struct bch_key k;
	u8 btree_id;
	int err = bch_kvdb_btree(db, line->v[0], &btree_id);

	if (!err) /* where no snapshot is said all of them are behind it */
		err = bch_kvdb_pos(db, line->v[1], pos->snapshot, pos);
	if (err)
		return err;
	cur = open_cursor(db, btree_id, from, to, direction);
	err = first(db, btree_id, *pos, &cur, &k);
	return err ? err : put_fields(db, btree_id, &k, line, 2);
}

int bch_kvdb_peek(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	return peek(db, line, 0);
}

int bch_kvdb_peek_prev(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	return peek(db, line, BCH_CURSOR_DESCENDING);
}

/* ------------------------------------------------------------------ list, fields */

static int list(struct bch_kvdb *db, u8 btree_id, struct bch_pos from, struct bch_pos to,
		bool key_only)
{
	struct bch_cursor cur bch_auto(cursor) = open_cursor(db, btree_id, from, to, 0);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		if (more < 0)
			return more;
		if (bch_cancelled(db->fs->ctx))
			return -BCH_ERR_cancelled;
		put_key(db, btree_id, &k, key_only);
		if (db->out.len >= PIECE)
			err = bch_kvdb_flush(db);
	}
	return err;
}

int bch_kvdb_list(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	struct bch_pos from = BCH_POS_MIN, to = BCH_SPOS_MAX;
	u8 btree_id;
	int err = bch_kvdb_btree(db, line->v[0], &btree_id);

	if (!err && line->nr > 1)
		err = bch_kvdb_pos(db, line->v[1], 0, &from);
	if (!err && line->nr > 2)
		err = bch_kvdb_pos(db, line->v[2], BCH_U32_MAX, &to);
	return err ? err : list(db, btree_id, from, to, bch_kvdb_has(line, 'k'));
}

static int fields_of_type(struct bch_kvdb *db, const char *name)
{
	int type = bch_key_type_find(name);

	if (type < 0)
		return bch_kvdb_bad(db, "no such key type", name);
	bch_key_field_names(&db->out, (u8)type);
	return 0;
}

/* "PATH=VALUE" a line, which update takes as it is. */
static int fields_of_key(struct bch_kvdb *db, const struct bch_key *k)
{
	struct bch_buf paths bch_auto(buf) = { 0 };
	char *rest, *path;

	bch_key_field_paths(&paths, k, db->version);
	if (bch_buf_failed(&paths))
		return -BCH_ERR_no_memory;
	for (rest = paths.p; (path = strtok_r(rest, "\n", &rest));) {
		bch_buf_put(&db->out, "%s=", path);
		(void)bch_key_field_get(&db->out, k, db->version, path);
		bch_buf_newline(&db->out);
	}
	return 0;
}

int bch_kvdb_fields(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_pos pos;
	struct bch_key k;
	u8 btree_id;
	int err;

	if (line->nr == 1)
		return fields_of_type(db, line->v[0]);
	if (db->opts.no_start)
		return bch_kvdb_bad(db, "there are no keys with --nostart", line->v[0]);
	err = bch_kvdb_place(db, line, &btree_id, &pos);
	if (!err)
		err = bch_kvdb_find(db, btree_id, pos, &cur, &k);
	return err ? err : fields_of_key(db, &k);
}

/* ------------------------------------------------------------------ snapshot, list_journal */

int bch_kvdb_snapshot(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	unsigned long id;
	char *end;
	int err;

	if (!line->nr) {
		if (db->view.id)
			bch_buf_put(&db->out, "%u\n", db->view.id);
		else
			bch_buf_puts(&db->out, "none\n");
		return 0;
	}
	if (!strcmp(line->v[0], "none")) {
		db->view = (struct bch_snapshot_view){ 0 };
		return 0;
	}
	err = db->fs->files ? 0 : bch_files_start(db->fs, NULL);
	if (err)
		return err;
	id = strcmp(line->v[0], "U32_MAX") ? strtoul(line->v[0], &end, 10) : BCH_U32_MAX;
	if ((id != BCH_U32_MAX && *end) || id > BCH_U32_MAX || !bch_snapshot_find(db->fs, (u32)id))
		return bch_kvdb_bad(db, "no such snapshot", line->v[0]);
	db->view = bch_snapshot_view(db->fs, (u32)id);
	return 0;
}

int bch_kvdb_list_journal(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	const struct bch_journal_filter filter = { .last_seq = BCH_U64_MAX,
						   .keys = line->v,
						   .nr_keys = line->nr };
	const struct bch_journal_form form = { 0 };

	if (bch_kvdb_has(line, 'k') != (line->nr > 0))
		return bch_kvdb_bad(db, "usage", "list_journal [-k RANGE...]");
	return bch_journal_list(db->fs, &filter, &form, db->write, db->arg);
}
