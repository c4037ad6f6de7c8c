// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The nodes of one level, the copies of each read by threads, some nodes at a time, before it is looked at in its turn: what
 * is told does not depend on which is read first.
 */

#include "check/nodes.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/thread_pool.h"

static void read_copies(struct bch_nodes_ahead *a, struct bch_node_ahead *n)
{
	struct bch_key ptr = bch_node_key_get(&n->ptr);
	struct bch_node_want want = { .btree_id = a->cur.btree_id, .level = a->level };
	struct bch_extent_walk walk = bch_extent_walk(&ptr, &a->c->fs->super);
	struct bch_extent_ptr p;

	if (!bch_node_ptr_get(&ptr, &want.ptr))
		return;
	while (n->nr_read < BCH_NODE_PTRS_MAX && bch_extent_ptr_next(&walk, &p)) {
		struct bch_node_copy *copy = &n->copies[n->nr_read++];

		copy->err = bch_btree_node_read_used(a->c->fs, &want, &p.ptr, &copy->node);
	}
}

static int read_one(void *arg, u64 idx, u32 worker_idx)
{
	struct bch_nodes_ahead *a = arg;
	struct bch_node_ahead *n = &a->v[idx];

	if (n->more > 0)
		read_copies(a, n);
	return 0;
}

/* One pointer; false after the last. */
static bool take_ptr(struct bch_nodes_ahead *a, struct bch_node_ahead *n)
{
	struct bch_key k;

	n->more = bch_cursor_next(&a->cur, &k);
	if (n->more > 0 && k.val.len > sizeof(n->ptr.val))
		n->more = -BCH_ERR_out_of_range;
	if (n->more <= 0)
		return n->more == -BCH_ERR_btree_node_read_failed;
	n->ptr.k = k;
	memcpy(n->ptr.val, k.val.p, k.val.len);
	return true;
}

static void drop(struct bch_nodes_ahead *a)
{
	for (u32 i = 0; i < a->nr; i++)
		for (u32 copy = 0; copy < a->v[i].nr_read; copy++)
			bch_btree_node_end(&a->v[i].copies[copy].node);
	memset(a->v, 0, sizeof(*a->v) * BCH_NODES_AHEAD);
	a->at = a->nr = 0;
}

static void refill(struct bch_nodes_ahead *a)
{
	bool more = true;

	drop(a);
	while (more && a->nr < a->room)
		more = take_ptr(a, &a->v[a->nr++]);
	a->c->nr_nodes[a->cur.btree_id] += a->nr;
	bch_progress_add(a->c->progress, a->nr);
	(void)bch_thread_pool_for_each(a->c->pool, a->nr, read_one, a); /* errors are the nodes' */
}

int bch_nodes_ahead_begin(struct bch_nodes_ahead *a, struct bch_check *c, u8 btree_id, u8 level)
{
	size_t room = bch_check_room(c, bch_btree_rules(c->fs).node_bytes);

	*a = (struct bch_nodes_ahead){
		.c = c,
		.level = level,
		.room = room < BCH_NODES_AHEAD ? (u32)room : BCH_NODES_AHEAD,
		.cur = bch_cursor_nodes(c->fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX),
		.v = bch_calloc(BCH_NODES_AHEAD, sizeof(*a->v)),
	};
	return a->v ? 0 : -BCH_ERR_no_memory;
}

int bch_nodes_ahead_next(struct bch_nodes_ahead *a, struct bch_node_ahead **n)
{
	if (a->at == a->nr)
		refill(a);
	*n = &a->v[a->at++];
	return (*n)->more;
}

void bch_nodes_ahead_end(struct bch_nodes_ahead *a)
{
	if (a->v)
		drop(a);
	bch_cursor_end(&a->cur);
	free(a->v);
}
