// SPDX-License-Identifier: GPL-2.0-or-later
/* Writing the nodes of a plan: encoded and written by all threads, a level after the one below it. */

#include <stdlib.h>

#include "base/memory.h"
#include "base/thread_pool.h"
#include "commit/private.h"

/* One node to be written. */
struct job {
	struct bch_group *group;
	size_t piece;
};

struct level {
	struct bch_plan *plan;
	struct bch_node_rules rules;
	u8 csum_type;
	BCH_ARRAY(struct job) jobs;
};

static int encode(struct level *l, const struct job *j, u8 *bytes, size_t *len)
{
	struct bch_key_list keys bch_auto(key_list) = { 0 };
	const struct bch_group *g = j->group;
	struct bch_piece *p = &j->group->pieces.v[j->piece];
	struct bch_node_image image = {
		.btree_id = g->btree_id,
		.level = g->level,
		.seq = g->seq,
		.cookie = p->cookie,
		.min = bch_piece_min(g, j->piece),
		.max = p->max,
	};
	int err = bch_group_keys(l->plan, g, image.min, image.max, &keys);

	if (err)
		return err;
	image.keys = keys.keys.v;
	image.nr_keys = keys.keys.nr;
	return bch_node_encode(&image, &l->rules, l->csum_type, bytes, len);
}

static int write_copies(struct bch_fs *fs, const struct bch_piece *p, const u8 *bytes, size_t len)
{
	int err = 0;

	for (u32 i = 0; i < p->nr_ptrs && !err; i++)
		err = bch_blkdev_write(fs->members[p->ptrs[i].dev_idx].blkdev, bytes, len,
				       BCH_BYTES(p->ptrs[i].offset_sectors));
	return err;
}

static int write_one(void *arg, u64 idx, u32 worker_idx)
{
	struct level *l = arg;
	const struct job *j = &l->jobs.v[idx];
	struct bch_piece *p = &j->group->pieces.v[j->piece];
	u8 *bytes = bch_malloc(l->rules.node_bytes);
	size_t len;
	int err = bytes ? encode(l, j, bytes, &len) : -BCH_ERR_no_memory;

	if (!err) {
		p->nr_sectors = (u32)BCH_SECTORS(len);
		err = write_copies(l->plan->fs, p, bytes, len);
	}
	free(bytes);
	return err;
}

/* By place on the first device, so that it is written from its start to its end. */
static int compare_places(const void *l, const void *r)
{
	const struct job *a = l, *b = r;
	const struct bch_ptr *x = a->group->pieces.v[a->piece].ptrs;
	const struct bch_ptr *y = b->group->pieces.v[b->piece].ptrs;

	if (x->dev_idx != y->dev_idx)
		return x->dev_idx < y->dev_idx ? -1 : 1;
	return x->offset_sectors < y->offset_sectors ? -1 : x->offset_sectors > y->offset_sectors;
}

static int add_jobs(struct level *l, struct bch_group *g)
{
	int err = 0;

	for (size_t i = 0; i < g->nr_pieces && !err; i++) {
		g->pieces.v[i].cookie = bch_writer_random(l->plan->fs) | 1;
		err = bch_array_push(&l->jobs, ((struct job){ g, i }));
	}
	return err;
}

static int write_level(struct level *l, u32 level)
{
	int err = 0;

	l->jobs.nr = 0;
	for (u32 id = 0; id < BCH_BTREE_ID_MAX; id++) {
		struct bch_plan_btree *b = &l->plan->btrees[id];

		for (size_t i = 0; i < b->levels[level].a.nr && !err; i++)
			err = add_jobs(l, &b->levels[level].a.v[i]);
	}
	if (err || !l->jobs.nr)
		return err;
	qsort(l->jobs.v, l->jobs.nr, sizeof(*l->jobs.v), compare_places);
	return bch_thread_pool_for_each(l->plan->w->pool, l->jobs.nr, write_one, l);
}

/* The root of a plan's btree is the one piece of its top level. */
static void take_roots(struct bch_plan *plan)
{
	for (u32 id = 0; id < BCH_BTREE_ID_MAX; id++) {
		struct bch_plan_btree *b = &plan->btrees[id];

		if (b->touched)
			bch_piece_key(&b->levels[b->root_level].a.v[0].pieces.v[0], BCH_POS_MIN,
				      &b->root);
	}
}

int bch_plan_write(struct bch_plan *plan)
{
	struct level l = {
		.plan = plan,
		.rules = bch_btree_rules(plan->fs),
		.csum_type = bch_fs_metadata_csum_type(plan->fs),
	};
	int err = 0;

	for (u32 level = 0; level < BCH_BTREE_DEPTH_MAX && !err; level++)
		err = write_level(&l, level);
	bch_array_end(&l.jobs);
	if (!err)
		take_roots(plan);
	return err;
}
