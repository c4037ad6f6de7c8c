// SPDX-License-Identifier: GPL-2.0-or-later
/* Btree nodes that have to go elsewhere: written anew as they are, some at a time. Format reference: 02 §10.5; 06 §13.4. */

#include "commit/commit.h"
#include "ops/move.h"

#define NODES_AT_ONCE 1024 /* of one commit */

/* A walk over the nodes of one level, up to where a commit is due. */
struct level {
	struct bch_move *m;
	u8 btree_id, level;
	struct bch_pos pos; /* where to go on */
	u32 nr_touched;
	u32 durability; /* of all members that nodes may go to */
};

static bool is_of_older_form(const struct level *l, const struct bch_key *k)
{
	const struct bch_btree_node *node;
	struct bch_bset first;
	bool is_older = true;

	if (k->type == BCH_KEY_btree_ptr ||
	    bch_btree_node_get(l->m->fs, l->btree_id, l->level, k, &node))
		return k->type == BCH_KEY_btree_ptr;
	if (bch_bset_at((struct bch_bytes){ node->bytes, node->len }, 0, &first))
		is_older = first.version < le16_get(l->m->fs->super.sb->version);
	bch_btree_node_put(l->m->fs, node);
	return is_older;
}

/* Has it to be written anew? More copies than there are members for cannot be made. */
static bool has_to_change(struct level *l, const struct bch_key *k, struct bch_move_verdict *v)
{
	bool changes = bch_move_judge_node(l->m, k, v);

	if (l->m->job->onto)
		return changes;
	if (changes && v->kept + v->durability > l->durability)
		l->m->result->nr_few++;
	if (changes && !v->drop && l->durability <= v->kept)
		changes = false;
	return changes || (l->m->job->rewrite_nodes && is_of_older_form(l, k));
}

/* Without any copy the btree cannot be read there: that is not for a mover. */
static int check_copies(const struct level *l, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &l->m->fs->super);
	struct bch_extent_ptr p;

	while (bch_extent_ptr_next(&walk, &p))
		if (bch_ptr_blkdev(l->m->fs, &p.ptr))
			return 0;
	return bch_error_whole(l->m->fs->ctx, -BCH_ERR_btree_lost,
			       "btree %s: a node is on missing members alone; run fsck first",
			       bch_btree_names[l->btree_id]);
}

static int take(struct level *l, const struct bch_key *k)
{
	struct bch_move_verdict v;
	int err;

	if (!has_to_change(l, k, &v))
		return 0;
	err = check_copies(l, k);
	if (err)
		return err;
	l->nr_touched++;
	if (!l->m->surveys && l->m->job->onto)
		return bch_move_clone_node(l->m, l->btree_id, l->level, k);
	if (!l->m->surveys)
		return bch_change_touch(l->m->fs, l->btree_id, l->level, k->pos);
	bch_move_room_take_node(l->m, &v);
	return 0;
}

/* 1 where there is more behind l->pos. */
static int touch_some(struct level *l)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(l->m->fs, l->btree_id, l->level, l->pos, l->m->end);
	struct bch_key k;
	int more, err = 0;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		err = bch_cancelled(l->m->fs->ctx) ? -BCH_ERR_cancelled : take(l, &k);
		if (err)
			return err;
		if (!bch_pos_compare(k.pos, BCH_SPOS_MAX))
			return 0;
		l->pos = bch_pos_successor(k.pos);
		if (l->nr_touched >= NODES_AT_ONCE)
			return 1;
	}
	return more;
}

static int commit(struct level *l)
{
	int err = l->m->surveys || !l->nr_touched ? 0 : bch_commit(l->m->fs);

	if (err)
		return err;
	l->m->result->nr_nodes += l->nr_touched;
	if (!l->m->surveys)
		bch_progress_add(l->m->progress,
				 l->nr_touched *
					 bch_sb_opt(l->m->fs->super.sb, BCH_OPT_btree_node_size));
	l->nr_touched = 0;
	return 0;
}

/* What was begun before an interrupt is committed too. */
static int move_level(struct bch_move *m, u8 btree_id, u8 level)
{
	struct level l = { .m = m, .btree_id = btree_id, .level = level, .pos = m->start };
	struct bch_write_devs devs;
	int more, err;

	bch_fs_metadata_devs(m->fs, BCH_DATA_btree, &devs);
	l.durability = devs.durability;
	do {
		more = touch_some(&l);
		err = more < 0 && more != -BCH_ERR_cancelled ? more : commit(&l);
	} while (!err && more > 0);
	return err ? err : more;
}

int bch_move_nodes(struct bch_move *m)
{
	int err = 0;

	for (u32 id = 0; id < BCH_BTREE_ID_MAX && !err; id++) {
		if (m->confined && id != m->btree_id)
			continue;
		for (u32 level = 0; !err && bch_btree_root(m->fs, id).state == BCH_ROOT_PRESENT &&
				    level <= bch_btree_root(m->fs, id).level;
		     level++)
			err = move_level(m, (u8)id, (u8)level);
	}
	return err;
}
