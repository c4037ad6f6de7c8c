// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading keys with what is repaired, and queueing repairs. Format reference: 04 §2.3. */

#include "base/memory.h"
#include "check/check.h"
#include "commit/commit.h"

/* ------------------------------------------------------------------ keys */

void bch_check_key_put(struct bch_check *c, struct bch_buf *out, u8 btree_id,
		       const struct bch_key *k)
{
	struct bch_key_context context = c->key_context;

	context.btree_id = btree_id;
	bch_key_text_put(out, k, &context);
}

struct bch_check_walk bch_check_walk(struct bch_check *c, u8 btree_id, struct bch_pos from,
				     struct bch_pos to)
{
	return (struct bch_check_walk){ .c = c,
					.cur = bch_cursor(c->fs, btree_id, from, to),
					.next = from,
					.to = to,
					.nr_applied = c->nr_applied };
}

/* No cursor may be open on what changes: it goes on behind the last key. */
static int see_repairs(struct bch_check_walk *w)
{
	struct bch_check *c = w->c;
	u8 btree_id = w->cur.btree_id;
	int err = 0;

	if (!c->queue.a.nr && w->nr_applied == c->nr_applied)
		return 0;
	bch_cursor_end(&w->cur);
	w->nr_nodes = 0;
	if (c->queue.a.nr)
		err = bch_repairs_apply(c);
	w->cur = bch_cursor(c->fs, btree_id, w->next, w->to);
	w->nr_applied = c->nr_applied;
	return err;
}

/* What cannot be read is passed over. */
static int next_readable(struct bch_check *c, struct bch_cursor *cur, struct bch_key *k)
{
	int more;

	do {
		if (bch_cancelled(c->ctx))
			return -BCH_ERR_cancelled;
		more = bch_cursor_next(cur, k);
	} while (more == -BCH_ERR_btree_node_read_failed);
	return more;
}

static void advance(struct bch_check_walk *w)
{
	if (w->nr_nodes == w->cur.nr_nodes)
		return;
	bch_progress_add(w->c->progress, w->cur.nr_nodes - w->nr_nodes);
	w->nr_nodes = w->cur.nr_nodes;
}

int bch_check_walk_next(struct bch_check_walk *w, struct bch_key *k)
{
	int more = w->done ? 0 : see_repairs(w);

	if (more || w->done)
		return more;
	more = next_readable(w->c, &w->cur, k);
	advance(w);
	if (more > 0)
		w->next = bch_pos_successor(k->pos);
	w->done = more <= 0 || !bch_pos_compare(k->pos, w->to);
	return more;
}

void bch_check_walk_end(struct bch_check_walk *w)
{
	bch_cursor_end(&w->cur);
}

int bch_check_key(struct bch_check *c, u8 btree_id, struct bch_pos pos, struct bch_cursor *cur,
		  struct bch_key *k)
{
	*cur = bch_cursor(c->fs, btree_id, pos, pos);
	return next_readable(c, cur, k);
}

/* ------------------------------------------------------------------ repairs */

int bch_repair(struct bch_check *c, u8 btree_id, const struct bch_key *k, unsigned flags)
{
	struct bch_check_repair *r = bch_malloc(sizeof(*r) + k->val.len);
	int err = r ? 0 : -BCH_ERR_no_memory;

	if (err)
		return err;
	*r = (struct bch_check_repair){ .btree_id = btree_id, .flags = flags, .k = *k };
	if (k->val.len)
		memcpy(r->value, k->val.p, k->val.len);
	r->k.val.p = r->value;
	err = bch_array_push(&c->queue.a, r);
	if (err)
		free(r);
	return err;
}

int bch_repair_delete(struct bch_check *c, u8 btree_id, struct bch_pos pos)
{
	return bch_repair(c, btree_id, &(struct bch_key){ .pos = pos }, 0);
}

/* Is anything seen at @pos that belongs to a snapshot above? */
static int shows_through(struct bch_check *c, u8 btree_id, struct bch_pos pos)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(c->fs, btree_id, bch_pos_successor(pos),
			   bch_spos(pos.inode, pos.offset, BCH_U32_MAX));
	struct bch_key k;
	int more;

	while ((more = next_readable(c, &cur, &k)) > 0)
		if (bch_snapshot_is_ancestor(c->fs, pos.snapshot, k.pos.snapshot))
			return !bch_check_is_whiteout(&k);
	return more;
}

int bch_repair_hide(struct bch_check *c, u8 btree_id, struct bch_pos pos)
{
	int shows = pos.snapshot == BCH_U32_MAX ? 0 : shows_through(c, btree_id, pos);
	const struct bch_key k = { .pos = pos, .type = shows ? BCH_KEY_whiteout : 0 };

	return shows < 0 ? shows : bch_repair(c, btree_id, &k, 0);
}

int bch_repairs_apply(struct bch_check *c)
{
	int err = 0;

	c->nr_repairs += c->queue.a.nr;
	c->nr_applied += c->queue.a.nr;
	for (size_t i = 0; i < c->queue.a.nr && !err; i++)
		err = bch_update(c->fs, c->queue.a.v[i]->btree_id, &c->queue.a.v[i]->k,
				 c->queue.a.v[i]->flags);
	bch_repairs_drop(c);
	return err;
}

void bch_repairs_drop(struct bch_check *c)
{
	for (size_t i = 0; i < c->queue.a.nr; i++)
		free(c->queue.a.v[i]);
	bch_array_end(&c->queue.a);
}
