// SPDX-License-Identifier: GPL-2.0-or-later
/* What a listing of btrees walks over, and what it shows of it. CLI 7.1. */

#include <string.h>

#include "file/file.h"
#include "ondisk/bbpos.h"
#include "ops/list_private.h"

/* Text is handed out in pieces of about this size. */
#define PIECE 65536

static int flush(struct bch_list *l)
{
	int err = bch_buf_failed(&l->text) ? -BCH_ERR_no_memory : 0;

	if (!err && l->text.len)
		err = l->write(l->arg, bch_buf_str(&l->text));
	bch_buf_reset(&l->text);
	return err;
}

/* A key that breaks a rule is shown all the same, and named. */
static void warn_of_invalid(struct bch_list *l, const struct bch_key *k,
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

static struct bch_cursor open_cursor(struct bch_list *l, u8 btree_id, u8 level)
{
	if (l->opts->mode != BCH_LIST_keys)
		return bch_cursor_nodes(l->fs, btree_id, level, l->start, l->end);
	if (level) /* the keys of a level point to the nodes of the one below */
		return bch_cursor_nodes(l->fs, btree_id, level - 1, l->start, l->end);
	if (l->view.id && bch_btree_has_snapshots(btree_id))
		return bch_cursor_in_snapshot(l->fs, btree_id, l->start, l->end, 0, &l->view);
	return bch_cursor(l->fs, btree_id, l->start, l->end);
}

/* Once for each btree: of those that have no nodes yet, before the first key that only the journal has. */
static void put_heading(struct bch_list *l, u8 btree_id)
{
	if (!l->heading)
		return;
	l->heading = false;
	if (l->opts->json)
		return;
	bch_list_color(l, BCH_LIST_BOLD);
	bch_buf_puts(&l->text, "== btree ");
	bch_btree_name_put(&l->text, btree_id, le16_get(l->fs->super.sb->version));
	bch_list_color(l, BCH_LIST_PLAIN);
	bch_buf_newline(&l->text);
}

/* What the mode shows for a key of the walk. */
static int show(struct bch_list *l, const struct bch_key *k, const struct bch_key_context *c)
{
	warn_of_invalid(l, k, c);
	switch (l->opts->mode) {
	case BCH_LIST_formats:
		return bch_list_format(l, k, c);
	case BCH_LIST_nodes_ondisk:
		return bch_list_ondisk(l, k, c);
	default:
		bch_list_key(l, k, c);
		return 0;
	}
}

/* In the modes that look into nodes, the type is one of the keys in them. */
static bool is_wanted(const struct bch_list *l, const struct bch_key *k)
{
	return l->type < 0 || k->type == l->type || l->opts->mode >= BCH_LIST_formats;
}

static int list_btree(struct bch_list *l, u8 btree_id)
{
	struct bch_key_context c = {
		.version = le16_get(l->fs->super.sb->version),
		.btree_id = btree_id,
		.level = (u8)(l->opts->level + (l->opts->mode != BCH_LIST_keys)),
		.fs = &l->key_fs,
	};
	struct bch_cursor cur bch_auto(cursor) = open_cursor(l, btree_id, l->opts->level);
	struct bch_key k;
	u64 nr = 0;
	int more;

	while ((!l->opts->nr || nr < l->opts->nr) && (more = bch_cursor_next(&cur, &k))) {
		if (bch_cancelled(l->fs->ctx))
			return -BCH_ERR_cancelled;
		if (more > 0 && is_wanted(l, &k)) {
			nr++;
			put_heading(l, btree_id);
			more = show(l, &k, &c);
		}
		if (more == -BCH_ERR_btree_node_read_failed) /* said; what lies behind is listed */
			l->missing = true;
		else if (more < 0)
			return more;
		if (l->text.len >= PIECE && (more = flush(l)))
			return more;
	}
	return flush(l);
}

static int list_all(struct bch_list *l)
{
	int err = 0;

	for (u8 id = 0; !err && id < BCH_BTREE_NR; id++) {
		l->heading = true;
		if (bch_btree_root(l->fs, id).state != BCH_ROOT_ABSENT)
			put_heading(l, id);
		err = list_btree(l, id);
	}
	return err;
}

/* ------------------------------------------------------------------ what is asked for */

static int bad(struct bch_list *l, const char *what, const char *text)
{
	return bch_error_whole(l->fs->ctx, -BCH_ERR_option_value, "%s: %s", what, text);
}

static int understand(struct bch_list *l, u8 *btree_id)
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

/* A start in a snapshot: the keys are listed as they are seen from there. */
static int take_view(struct bch_list *l)
{
	int err = l->start.snapshot && !l->fs->files ? bch_files_start(l->fs, NULL) : 0;

	if (err || !l->start.snapshot)
		return err;
	if (!bch_snapshot_find(l->fs, l->start.snapshot))
		return bch_error_whole(l->fs->ctx, -BCH_ERR_option_value, "no such snapshot: %u",
				       l->start.snapshot);
	l->view = bch_snapshot_view(l->fs, l->start.snapshot);
	return 0;
}

int bch_list(struct bch_fs *fs, const struct bch_list_opts *opts,
	     int (*write)(void *arg, const char *text), void *arg)
{
	struct bch_list l = { .fs = fs, .opts = opts, .write = write, .arg = arg };
	u8 btree_id;
	int err = understand(&l, &btree_id);

	bch_key_fs_init(&l.key_fs, &fs->super);
	l.key_fs.is_stale = bch_list_is_stale;
	l.key_fs.is_stale_arg = &l;
	if (!err)
		err = take_view(&l);
	if (!err)
		err = opts->all ? list_all(&l) : list_btree(&l, btree_id);
	bch_buf_end(&l.text);
	if (!err && l.missing)
		err = bch_error_whole(fs->ctx, -BCH_ERR_btree_node_read_failed,
				      "some keys could not be read");
	return err;
}

int bch_fs_scan_nodes(struct bch_fs *fs)
{
	return bch_btree_scan(fs, BCH_U64_MAX);
}
