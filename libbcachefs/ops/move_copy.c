// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Copying blobs as they are stored: read by all threads, what lies together at once; verified; given places by one thread,
 * so that these follow from the data alone; written by all threads. Format reference: 05 §10, §11 B.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "base/thread_pool.h"
#include "commit/commit.h"
#include "ops/move_batch.h"

#define RUN_BYTES (1U << 20) /* of one request, but for larger blobs */

/* Items that lie together on a device, and in memory. */
struct run {
	size_t first, nr;
	u64 offset; /* bytes on the device */
	size_t len;
	bool unread;
};

struct copy {
	struct bch_move *m;
	struct bch_move_item *items;
	size_t nr;
	struct {
		BCH_ARRAY(struct run) a;
	} runs;
};

static size_t len_of(const struct bch_move_item *item)
{
	return (size_t)BCH_BYTES(item->src.crc.compressed_sectors);
}

/* ------------------------------------------------------------------ reading */

static int add_to_read(struct copy *c, size_t i, u8 *to)
{
	struct bch_move_item *item = &c->items[i];
	struct run *last = c->runs.a.nr ? &c->runs.a.v[c->runs.a.nr - 1] : NULL;
	u64 offset = BCH_BYTES(item->src.ptr.offset_sectors);

	item->bytes = to;
	if (last && c->items[last->first].src.ptr.dev_idx == item->src.ptr.dev_idx &&
	    last->offset + last->len == offset && last->len + len_of(item) <= RUN_BYTES) {
		last->len += len_of(item);
		last->nr = i + 1 - last->first;
		return 0;
	}
	return bch_array_push(
		&c->runs.a,
		((struct run){ .first = i, .nr = 1, .offset = offset, .len = len_of(item) }));
}

static int plan_reading(struct copy *c)
{
	u8 *to = c->m->batch->buffer, *end = to + BCH_MOVE_BUFFER_BYTES;
	int err = 0;

	for (size_t i = 0; i < c->nr && !err; i++) {
		struct bch_move_item *item = &c->items[i];

		if (item->shares || item->v.unwritten || len_of(item) > (size_t)(end - to))
			continue;
		err = add_to_read(c, i, to);
		to += len_of(item);
	}
	return err;
}

/* What cannot be read is tried again item by item. */
static int read_run(void *arg, u64 idx, u32 worker_idx)
{
	struct copy *c = arg;
	struct run *r = &c->runs.a.v[idx];
	struct bch_move_item *first = &c->items[r->first];
	u8 *to = c->m->batch->buffer + (first->bytes - c->m->batch->buffer);

	r->unread = bch_blkdev_read(bch_ptr_blkdev(c->m->fs, &first->src.ptr), to, r->len,
				    r->offset) != 0;
	for (size_t i = 0; r->unread && i < r->nr; i++)
		first[i].bytes = first[i].shares ? first[i].bytes : NULL;
	return 0;
}

/* ------------------------------------------------------------------ verifying */

/* A bad copy goes, and another comes in its place. */
static void give_up_copy(const struct bch_fs *fs, struct bch_move_item *item,
			 const struct bch_extent_ptr *p, u32 nr)
{
	if (item->v.drop >> nr & 1)
		return;
	item->v.drop |= 1U << nr;
	item->v.replaced &= ~(1U << nr);
	if (!p->ptr.cached) {
		u32 durability = bch_move_durability(fs, p->ptr.dev_idx);

		item->v.durability += durability;
		item->v.kept -= durability < item->v.kept ? durability : item->v.kept;
	}
}

/* One pointer by itself, into memory of its own. */
static int read_alone(struct copy *c, const struct bch_key *k, struct bch_move_item *item,
		      const struct bch_extent_ptr *p)
{
	int err;

	free(item->own);
	item->own = bch_malloc(BCH_BYTES(p->crc.compressed_sectors));
	if (!item->own)
		return -BCH_ERR_no_memory;
	err = bch_blob_read(c->m->fs, k, p, item->own);
	item->bytes = err ? NULL : item->own;
	return err;
}

/* Any pointer that leads to what is right: what has checksums is asked first. */
static int read_any(struct copy *c, const struct bch_key *k, struct bch_move_item *item)
{
	int why = -BCH_ERR_data_lost;

	for (int plain = 0; plain < 2; plain++) {
		struct bch_extent_walk walk = bch_extent_walk(k, &c->m->fs->super);
		struct bch_extent_ptr p;

		for (u32 nr = 0; nr < BCH_PTRS_MAX && bch_extent_ptr_next(&walk, &p); nr++) {
			int err;

			if (plain != !p.crc.csum_type || !bch_move_is_source(c->m, k, &p))
				continue;
			err = read_alone(c, k, item, &p);
			if (err == -BCH_ERR_no_memory)
				return err;
			if (!err) {
				item->src = p;
				item->src_nr = nr;
				return 0;
			}
			why = err;
			give_up_copy(c->m->fs, item, &p, nr);
		}
	}
	return why;
}

static int verify_one(void *arg, u64 idx, u32 worker_idx)
{
	struct copy *c = arg;
	struct bch_move_item *item = &c->items[idx];
	struct bch_key k = bch_move_item_key(c->m->batch, item);

	if (item->v.unwritten || item->shares ||
	    (item->bytes && !bch_blob_verify(c->m->fs, &k, &item->src.crc, item->bytes)))
		return 0;
	item->err = read_any(c, &k, item);
	return item->err == -BCH_ERR_no_memory ? item->err : 0;
}

/* Those that share a blob have what the item before them has, unless that has changed its source. */
static int verify_shared(struct copy *c)
{
	int err = 0;

	for (size_t i = 1; i < c->nr && !err; i++) {
		struct bch_move_item *item = &c->items[i], *before = item - 1;

		if (!item->shares)
			continue;
		item->shares = !before->err && !before->own;
		item->bytes = item->shares ? before->bytes : NULL;
		if (!item->shares)
			err = verify_one(c, i, 0);
	}
	return err;
}

/* ------------------------------------------------------------------ places */

static bool can_share(const struct bch_move_item *item, const struct bch_move_item *before)
{
	if (!item->shares || item->v.durability != before->v.durability)
		return false;
	for (u32 i = 0; i < before->nr_new; i++)
		if (bch_move_has(item->v.taken, before->new[i].dev_idx))
			return false;
	return true;
}

static int no_room(struct bch_move *m, u64 nr_sectors)
{
	return bch_error_whole(m->fs->ctx, -BCH_ERR_no_space,
			       "no other member has room for %" PRIu64 " bytes more",
			       BCH_BYTES(nr_sectors));
}

static int place(struct bch_move *m, struct bch_move_item *item)
{
	struct bch_space *space = bch_writer_space(m->fs);
	struct bch_space_want want = { .target = item->v.target,
				       .durability = item->v.durability,
				       .nr_sectors = item->src.crc.compressed_sectors };
	struct bch_space_run run;
	int err;

	memcpy(want.taken, item->v.taken, sizeof(want.taken));
	err = bch_space_copies(space, &want, &run);
	if (err)
		return err;
	if (!run.nr_ptrs && !item->v.kept && (item->v.drop || !item->v.replaced))
		return no_room(m, want.nr_sectors);
	for (u32 i = 0; i < run.nr_ptrs; i++) {
		item->new[i] = run.ptrs[i];
		item->new[i].unwritten = item->v.unwritten;
		item->got += bch_move_durability(m->fs, run.ptrs[i].dev_idx);
	}
	item->nr_new = run.nr_ptrs;
	bch_space_take(space, &run, want.nr_sectors);
	return 0;
}

static int place_all(struct copy *c)
{
	int err = 0;

	for (size_t i = 0; i < c->nr && !err; i++) {
		struct bch_move_item *item = &c->items[i], *before = item - 1;

		if (item->err)
			continue;
		item->shares = item->shares && can_share(item, before);
		if (!item->shares) {
			err = place(c->m, item);
			continue;
		}
		memcpy(item->new, before->new, sizeof(item->new));
		item->nr_new = before->nr_new;
		item->got = before->got;
	}
	return err;
}

/* ------------------------------------------------------------------ writing */

static bool follows(const struct copy *c, const struct run *r, const struct bch_move_item *item)
{
	const struct bch_move_item *first = &c->items[r->first];

	if (item->bytes != first->bytes + r->len || item->nr_new != first->nr_new ||
	    r->len + len_of(item) > RUN_BYTES)
		return false;
	for (u32 i = 0; i < item->nr_new; i++)
		if (item->new[i].dev_idx != first->new[i].dev_idx ||
		    item->new[i].offset_sectors !=
			    first->new[i].offset_sectors + BCH_SECTORS(r->len))
			return false;
	return true;
}

static int plan_writing(struct copy *c)
{
	int err = 0;

	c->runs.a.nr = 0;
	for (size_t i = 0; i < c->nr && !err; i++) {
		struct bch_move_item *item = &c->items[i];
		struct run *last = c->runs.a.nr ? &c->runs.a.v[c->runs.a.nr - 1] : NULL;

		if (item->err || item->shares || item->v.unwritten || !item->nr_new)
			continue;
		if (last && follows(c, last, item))
			last->len += len_of(item);
		else
			err = bch_array_push(&c->runs.a,
					     ((struct run){ .first = i, .len = len_of(item) }));
		c->m->nr_uncommitted += len_of(item) * item->nr_new;
		c->m->result->bytes += len_of(item) * item->nr_new;
	}
	return err;
}

static int write_run(void *arg, u64 idx, u32 worker_idx)
{
	struct copy *c = arg;
	const struct run *r = &c->runs.a.v[idx];
	const struct bch_move_item *first = &c->items[r->first];
	int err = 0;

	for (u32 i = 0; i < first->nr_new && !err; i++)
		err = bch_blkdev_write(bch_ptr_blkdev(c->m->fs, &first->new[i]), first->bytes,
				       r->len, BCH_BYTES(first->new[i].offset_sectors));
	bch_progress_add(c->m->progress, r->len * first->nr_new);
	return err;
}

/* The next ones are read while these go to the devices. */
static int write_all(struct copy *c, struct bch_thread_pool *pool)
{
	int err = bch_thread_pool_for_each(pool, c->runs.a.nr, write_run, c);

	for (u32 i = 0; i < c->m->fs->nr_members; i++)
		bch_blkdev_write_behind(c->m->fs->members[i].blkdev);
	return err;
}

/* ------------------------------------------------------------------ all */

static int copy(struct copy *c)
{
	struct bch_thread_pool *pool = bch_writer_pool(c->m->fs);
	int err = plan_reading(c);

	if (!err)
		err = bch_thread_pool_for_each(pool, c->runs.a.nr, read_run, c);
	if (!err)
		err = bch_thread_pool_for_each(pool, c->nr, verify_one, c);
	if (!err)
		err = verify_shared(c);
	if (!err)
		err = place_all(c);
	if (!err)
		err = plan_writing(c);
	return err ? err : write_all(c, pool);
}

int bch_move_copy(struct bch_move *m, struct bch_move_item *items, size_t nr)
{
	struct copy c = { .m = m, .items = items, .nr = nr };
	int err = copy(&c);

	bch_array_end(&c.runs.a);
	for (size_t i = 0; i < nr; i++) {
		free(items[i].own);
		items[i].own = NULL;
		items[i].waits = false;
	}
	return err;
}
