// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands of the key editor that write: set, update, delete, sb. CLI 7.5.
 *
 * A command is one commit: what it says is durable, or nothing of it.
 */

#include <string.h>

#include "commit/commit.h"
#include "ondisk/btree_ids.h"
#include "ondisk/key_fields.h"
#include "ondisk/sb_fields.h"
#include "ops/kvdb_private.h"

/* Cuts "FIELD=VALUE" in two. False where there is no '='. */
static bool cut(const char *word, char *field, size_t size, const char **value)
{
	const char *at = strchr(word, '=');

	if (!at || (size_t)(at - word) >= size)
		return false;
	memcpy(field, word, (size_t)(at - word));
	field[at - word] = '\0';
	*value = at + 1;
	return true;
}

/* ------------------------------------------------------------------ what is asked for */

/* Sets what the words from @from on say. */
static int set_fields(struct bch_kvdb *db, struct bch_key_edit *e, const struct bch_kvdb_line *line,
		      u32 from)
{
	const char *value;
	char field[128];
	int err = 0;

	for (u32 i = from; i < line->nr && !err; i++) {
		const char *type = bch_key_type_name(e->k.type);

		if (!cut(line->v[i], field, sizeof(field), &value))
			return bch_kvdb_bad(db, "not FIELD=VALUE", line->v[i]);
		err = bch_kvdb_field_error(db, bch_key_field_set(e, db->version, field, value),
					   type ? type : "an unknown type", field, value);
	}
	return err;
}

/* Is what is to be written valid? Otherwise it is said, or, with -f, nothing is derived from it. */
static int judge(struct bch_kvdb *db, u8 btree_id, const struct bch_key *k,
		 const struct bch_kvdb_line *line, unsigned *flags)
{
	struct bch_key_context c = bch_kvdb_context(db, btree_id);
	struct bch_buf why bch_auto(buf) = { 0 };
	int problem;

	c.writing = true;
	problem = bch_key_validate(k, &c, &why);
	if (problem == BCH_KEY_VALID)
		return 0;
	*flags |= BCH_UPDATE_QUIET;
	if (bch_kvdb_has(line, 'f'))
		return 0;
	return bch_error_whole(db->fs->ctx, -BCH_ERR_refused,
			       "the key would not be valid: %s%s%s; -f writes it all the same",
			       bch_fsck_error_name((u64)problem), why.len ? ": " : "",
			       bch_buf_str(&why));
}

/* Extents of one snapshot do not overlap; what is at the key's own position is replaced. */
static int check_overlap(struct bch_kvdb *db, u8 btree_id, const struct bch_key *k)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		db->fs, btree_id, bch_spos(k->pos.inode, k->pos.offset - k->size, 0),
		bch_spos(k->pos.inode, k->pos.offset, BCH_U32_MAX), BCH_CURSOR_EXTENTS);
	struct bch_buf text bch_auto(buf) = { 0 };
	struct bch_key other;
	int more;

	while ((more = bch_cursor_next(&cur, &other)) > 0)
		if (other.size && other.pos.snapshot == k->pos.snapshot &&
		    bch_pos_compare(other.pos, k->pos))
			break;
	if (more <= 0)
		return more;
	bch_pos_put(&text, other.pos);
	return bch_error_whole(db->fs->ctx, -BCH_ERR_refused,
			       "the extent would overlap the one at %s; -f writes it all the same",
			       bch_buf_str(&text));
}

/* ------------------------------------------------------------------ writing */

/* One command is one commit. Of one that fails nothing stays pending. */
static int commit(struct bch_kvdb *db, u8 btree_id, const struct bch_key *k, unsigned flags)
{
	int err = bch_update(db->fs, btree_id, k, flags);

	if (!err)
		err = bch_commit(db->fs);
	if (err) {
		bch_changes_drop(db->fs, BCH_CHANGE_GIVEN);
		bch_changes_drop(db->fs, BCH_CHANGE_DERIVED);
	}
	return err;
}

static int write_key(struct bch_kvdb *db, u8 btree_id, const struct bch_key *k,
		     const struct bch_kvdb_line *line)
{
	bool is_extent = btree_id < BCH_BTREE_NR && BCH_BTREES_OF_EXTENTS >> btree_id & 1;
	unsigned flags = bch_kvdb_has(line, 'q') ? BCH_UPDATE_QUIET : 0;
	int err = judge(db, btree_id, k, line, &flags);

	if (!err && is_extent && k->size && k->size <= k->pos.offset && !bch_kvdb_has(line, 'f'))
		err = check_overlap(db, btree_id, k);
	return err ? err : commit(db, btree_id, k, flags);
}

/* Is there a key at the very position? -BCH_ERR_not_found, said. */
static int must_be_there(struct bch_kvdb *db, u8 btree_id, struct bch_pos pos)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;

	return bch_kvdb_find(db, btree_id, pos, &cur, &k);
}

int bch_kvdb_delete(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	bool whiteout = bch_kvdb_has(line, 's');
	struct bch_key k = { .type = whiteout ? BCH_KEY_whiteout : BCH_KEY_deleted };
	u8 btree_id;
	int err = bch_kvdb_place(db, line, &btree_id, &k.pos);

	if (!err && whiteout && !bch_btree_has_snapshots(btree_id))
		err = bch_kvdb_bad(db, "a btree without snapshots has no whiteouts", line->v[0]);
	if (!err)
		err = must_be_there(db, btree_id, k.pos);
	return err ? err : commit(db, btree_id, &k, bch_kvdb_has(line, 'q') ? BCH_UPDATE_QUIET : 0);
}

int bch_kvdb_set(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	int type = bch_key_type_find(line->v[2]), err;
	struct bch_key_edit e;
	struct bch_pos pos;
	u8 btree_id;

	if (type < 0)
		return bch_kvdb_bad(db, "no such key type", line->v[2]);
	if (type == BCH_KEY_deleted)
		return bch_kvdb_delete(db, line);
	if (bch_kvdb_has(line, 's'))
		return bch_kvdb_bad(db, "-s is for deleting, not for", line->v[2]);
	err = bch_kvdb_place(db, line, &btree_id, &pos);
	if (err)
		return err;
	bch_key_edit_new(&e, pos, (u8)type, db->version);
	err = set_fields(db, &e, line, 3);
	return err ? err : write_key(db, btree_id, &e.k, line);
}

int bch_kvdb_update(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	struct bch_key_edit e;
	struct bch_pos pos;
	u8 btree_id;
	int err = bch_kvdb_place(db, line, &btree_id, &pos);

	if (!err) {
		struct bch_cursor cur bch_auto(cursor) = { 0 };
		struct bch_key k;

		err = bch_kvdb_find(db, btree_id, pos, &cur, &k);
		if (!err)
			err = bch_key_edit_copy(&e, &k);
	}
	if (err)
		return err;
	e.k.pos = pos; /* one that is seen from a snapshot becomes its own */
	err = set_fields(db, &e, line, 2);
	return err ? err : write_key(db, btree_id, &e.k, line);
}

/* ------------------------------------------------------------------ sb */

static int find_sb_field(struct bch_kvdb *db, const char *path, struct bch_field *f)
{
	struct bch_field_path p;
	int err = bch_field_path_parse(path, &p) ? bch_field_at(bch_sb_fields(), &p, f)
						 : -BCH_ERR_option_unknown;

	return bch_kvdb_field_error(db, err, "the superblock", path, NULL);
}

static int get_sb_field(struct bch_kvdb *db, const char *path)
{
	struct bch_field f;
	int err = find_sb_field(db, path, &f);

	if (err)
		return err;
	bch_field_put(&db->out, &f, (const u8 *)db->fs->super.sb);
	bch_buf_newline(&db->out);
	return 0;
}

static int set_sb_field(struct bch_kvdb *db, struct bch_sb *sb, const char *word)
{
	const char *value;
	struct bch_field f;
	char path[128];
	int err;

	if (!cut(word, path, sizeof(path), &value))
		return bch_kvdb_bad(db, "not FIELD=VALUE", word);
	err = find_sb_field(db, path, &f);
	if (!err)
		err = bch_kvdb_field_error(db, bch_field_parse(&f, (u8 *)sb, value),
					   "the superblock", path, value);
	return err;
}

/* What cannot be written leaves it as it was. Nodes are read and written by these fields: no key has been looked at. */
static int set_sb(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	struct bch_sb *sb = db->fs->super.sb, before = *sb;
	int err = 0;

	if (!db->opts.rw)
		return bch_error_whole(db->fs->ctx, -BCH_ERR_read_only,
				       "sb set: opened for reading; --rw allows changes");
	if (!db->opts.no_start)
		return bch_error_whole(db->fs->ctx, -BCH_ERR_refused,
				       "sb set: keys are read by what the superblock says now; "
				       "--nostart allows changes");
	for (u32 i = 1; i < line->nr && !err; i++)
		err = set_sb_field(db, sb, line->v[i]);
	if (!err)
		err = bch_fs_write_super(db->fs);
	if (err)
		*sb = before;
	return err;
}

int bch_kvdb_sb(struct bch_kvdb *db, const struct bch_kvdb_line *line)
{
	int err = 0;

	if (!strcmp(line->v[0], "set"))
		return set_sb(db, line);
	if (strcmp(line->v[0], "get"))
		return bch_kvdb_bad(db, "neither get nor set", line->v[0]);
	for (u32 i = 1; i < line->nr && !err; i++)
		err = get_sb_field(db, line->v[i]);
	return err;
}
