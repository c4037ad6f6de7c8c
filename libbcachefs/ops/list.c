// SPDX-License-Identifier: GPL-2.0-or-later
/* The keys of btrees as text or JSON lines. CLI 7.1. */

#include <string.h>

#include <bcachefs/facts.h>
#include <bcachefs/list.h>
#include "btree/btree.h"
#include "ondisk/bbpos.h"
#include "ondisk/btree_ids.h"
#include "ondisk/keys.h"
#include "super/super.h"

/* Text is handed out in pieces of about this size. */
#define PIECE 65536

/* What is listed, with names and positions understood. */
struct list {
	struct bch_fs *fs;
	const struct bch_list_opts *opts;
	struct bch_pos start, end;
	int type; /* -1: all */
	struct bch_key_fs key_fs;
	struct bch_buf text;
	int (*write)(void *arg, const char *text);
	void *arg;
	bool missing; /* something could not be read */
};

static int flush(struct list *l)
{
	int err = bch_buf_failed(&l->text) ? -BCH_ERR_no_memory : 0;

	if (!err && l->text.len)
		err = l->write(l->arg, bch_buf_str(&l->text));
	bch_buf_reset(&l->text);
	return err;
}

/* ------------------------------------------------------------------ one key */

static void put_hex(struct bch_buf *out, struct bch_bytes val)
{
	for (size_t i = 0; i < val.len; i++)
		bch_buf_put(out, "%02x", val.p[i]);
}

static void put_text(struct list *l, const struct bch_key *k, const struct bch_key_context *c)
{
	if (l->opts->raw) {
		bch_key_header_put(&l->text, k);
		bch_buf_puts(&l->text, ": ");
		put_hex(&l->text, k->val);
	} else {
		bch_key_text_put(&l->text, k, c);
	}
	bch_buf_newline(&l->text);
}

static void fact_pos(struct bch_facts *facts, const char *key, struct bch_pos pos)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_put(&text, "%" PRIu64 ":%" PRIu64 ":%" PRIu32, pos.inode, pos.offset, pos.snapshot);
	bch_fact_json_str(facts, key, bch_buf_str(&text));
	bch_fact_json_u64(facts, "inode", pos.inode);
	bch_fact_json_u64(facts, "offset", pos.offset);
	bch_fact_json_u64(facts, "snapshot", pos.snapshot);
}

static void put_json(struct list *l, const struct bch_key *k, const struct bch_key_context *c)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);
	struct bch_buf value bch_auto(buf) = { 0 };
	const char *type = bch_key_type_name(k->type), *line;

	if (!facts) {
		l->text.failed = true;
		return;
	}
	bch_fact_json_str(facts, "btree", bch_btree_names[c->btree_id]);
	bch_fact_json_u64(facts, "level", c->level);
	fact_pos(facts, "pos", k->pos);
	bch_fact_json_u64(facts, "size", k->size);
	bch_fact_json_u64(facts, "bversion", k->version_lo);
	bch_fact_json_u64(facts, "type_nr", k->type);
	if (type)
		bch_fact_json_str(facts, "type", type);
	if (l->opts->raw)
		put_hex(&value, k->val);
	else
		bch_key_value_put(&value, k, c);
	bch_fact_json_str(facts, l->opts->raw ? "raw" : "value", bch_buf_str(&value));
	line = bch_facts_line(facts);
	if (line)
		bch_buf_puts(&l->text, line);
	l->text.failed |= !line;
}

/* A key that breaks a rule is shown all the same, and named. */
static void warn_of_invalid(struct list *l, const struct bch_key *k,
			    const struct bch_key_context *c)
{
	struct bch_buf why bch_auto(buf) = { 0 };
	struct bch_buf pos bch_auto(buf) = { 0 };
	int error = bch_key_validate(k, c, &why);

	if (error == BCH_KEY_VALID)
		return;
	bch_pos_put(&pos, k->pos);
	bch_log(l->fs->ctx, BCH_LOG_warn, "btree %s, key %s: %s%s%s", bch_btree_names[c->btree_id],
		bch_buf_str(&pos), bch_fsck_error_name((u64)error), why.len ? ": " : "",
		bch_buf_str(&why));
}

/* ------------------------------------------------------------------ one btree */

static struct bch_cursor open_cursor(struct list *l, u8 btree_id, u8 level)
{
	if (l->opts->mode == BCH_LIST_nodes)
		return bch_cursor_nodes(l->fs, btree_id, level, l->start, l->end);
	if (level) /* the keys of a level point to the nodes of the one below */
		return bch_cursor_nodes(l->fs, btree_id, level - 1, l->start, l->end);
	return bch_cursor(l->fs, btree_id, l->start, l->end);
}

static int list_btree(struct list *l, u8 btree_id)
{
	struct bch_key_context c = {
		.version = le16_get(l->fs->super.sb->version),
		.btree_id = btree_id,
		.level = (u8)(l->opts->level + (l->opts->mode == BCH_LIST_nodes)),
		.fs = &l->key_fs,
	};
	struct bch_cursor cur bch_auto(cursor) = open_cursor(l, btree_id, l->opts->level);
	struct bch_key k;
	u64 nr = 0;
	int more;

	while ((!l->opts->nr || nr < l->opts->nr) && (more = bch_cursor_next(&cur, &k))) {
		if (more == -BCH_ERR_io) { /* said; what lies behind is listed */
			l->missing = true;
			continue;
		}
		if (more < 0)
			return more;
		if (bch_cancelled(l->fs->ctx))
			return -BCH_ERR_cancelled;
		if (l->type >= 0 && k.type != l->type)
			continue;
		nr++;
		warn_of_invalid(l, &k, &c);
		if (l->opts->json)
			put_json(l, &k, &c);
		else
			put_text(l, &k, &c);
		if (l->text.len >= PIECE && (more = flush(l)))
			return more;
	}
	return flush(l);
}

static int list_all(struct list *l)
{
	int err = 0;

	for (u8 id = 0; !err && id < BCH_BTREE_NR; id++) {
		if (bch_btree_root(l->fs, id).state == BCH_ROOT_ABSENT)
			continue;
		if (!l->opts->json)
			bch_buf_put(&l->text, "== btree %s\n", bch_btree_names[id]);
		err = list_btree(l, id);
	}
	return err;
}

/* ------------------------------------------------------------------ what is asked for */

static int bad(struct list *l, const char *what, const char *text)
{
	return bch_error_whole(l->fs->ctx, -BCH_ERR_option_value, "%s: %s", what, text);
}

static int understand(struct list *l, u8 *btree_id)
{
	const struct bch_list_opts *o = l->opts;

	l->start = BCH_POS_MIN;
	l->end = BCH_SPOS_MAX;
	l->type = o->type ? bch_key_type_find(o->type) : -1;
	*btree_id = BCH_BTREE_extents;
	if (o->btree &&
	    (!bch_btree_parse(o->btree, strlen(o->btree), btree_id) || *btree_id >= BCH_BTREE_NR))
		return bad(l, "no such btree", o->btree);
	if (o->type && l->type < 0)
		return bad(l, "no such key type", o->type);
	if (o->start && !bch_pos_parse(o->start, strlen(o->start), 0, &l->start))
		return bad(l, "not a position", o->start);
	if (o->end && !bch_pos_parse(o->end, strlen(o->end), BCH_U32_MAX, &l->end))
		return bad(l, "not a position", o->end);
	return 0;
}

int bch_list(struct bch_fs *fs, const struct bch_list_opts *opts,
	     int (*write)(void *arg, const char *text), void *arg)
{
	struct list l = { .fs = fs, .opts = opts, .write = write, .arg = arg };
	u8 btree_id;
	int err = understand(&l, &btree_id);

	bch_key_fs_init(&l.key_fs, &fs->super);
	if (!err)
		err = opts->all ? list_all(&l) : list_btree(&l, btree_id);
	bch_buf_end(&l.text);
	if (!err && l.missing)
		err = bch_error_whole(fs->ctx, -BCH_ERR_io, "some keys could not be read");
	return err;
}

int bch_fs_scan_nodes(struct bch_fs *fs)
{
	return bch_btree_scan(fs, BCH_U64_MAX);
}
