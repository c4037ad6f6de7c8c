// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A member's data onto a device that takes its place: each blob where it was, from that member where it is good there, else
 * from a copy that is the same byte for byte. Format reference: 05 §2.3; 02 §9.1.
 */

#include <stdlib.h>

#include "base/memory.h"
#include "base/thread_pool.h"
#include "commit/commit.h"
#include "ops/move_batch.h"

/* Are the stored bytes the same? */
static bool is_same_crc(const struct bch_crc *a, const struct bch_crc *b)
{
	return a->compressed_sectors == b->compressed_sectors &&
	       a->uncompressed_sectors == b->uncompressed_sectors && a->csum_type == b->csum_type &&
	       a->compression_type == b->compression_type && a->csum_lo == b->csum_lo &&
	       a->csum_hi == b->csum_hi && a->nonce == b->nonce;
}

/* ------------------------------------------------------------------ data */

/* The key's pointer to what leaves; false where nothing is stored there that is of use. */
static bool find_place(struct bch_move *m, const struct bch_key *k, struct bch_extent_ptr *place)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &m->fs->super);
	bool stale;

	while (bch_extent_ptr_next(&walk, place))
		if (bch_move_has(m->job->leaving, place->ptr.dev_idx))
			return !place->ptr.unwritten && bch_crc_is_possible(k, &place->crc) &&
			       (!place->ptr.cached ||
				bch_ptr_is_stale(m->fs, &place->ptr, &stale) || !stale);
	return false;
}

static int read_same(struct bch_move *m, const struct bch_key *k,
		     const struct bch_extent_ptr *place, u8 *bytes)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &m->fs->super);
	struct bch_extent_ptr p;
	int why = bch_blob_read(m->fs, k, place, bytes);

	while (why && bch_extent_ptr_next(&walk, &p)) {
		if (p.ptr.dev_idx == place->ptr.dev_idx || !is_same_crc(&p.crc, &place->crc) ||
		    !bch_move_is_source(m, k, &p))
			continue;
		if (!bch_blob_read(m->fs, k, &p, bytes))
			why = 0;
	}
	return why;
}

static int clone_blob(struct bch_move *m, const struct bch_key *k,
		      const struct bch_extent_ptr *place, int *lost)
{
	size_t len = (size_t)BCH_BYTES(place->crc.compressed_sectors);
	u8 *bytes = bch_malloc(len);
	int err = 0;

	if (!bytes)
		return -BCH_ERR_no_memory;
	*lost = read_same(m, k, place, bytes);
	if (!*lost)
		err = bch_blkdev_write(m->job->onto, bytes, len,
				       BCH_BYTES(place->ptr.offset_sectors));
	free(bytes);
	return err;
}

static int clone_one(void *arg, u64 idx, u32 worker_idx)
{
	struct bch_move *m = arg;
	struct bch_move_item *item = &m->batch->items.v[idx];
	struct bch_key k = bch_move_item_key(m->batch, item);
	struct bch_extent_ptr place;
	int lost = 0, err;

	if (!find_place(m, &k, &place))
		return 0;
	if (bch_cancelled(m->fs->ctx))
		return -BCH_ERR_cancelled;
	err = clone_blob(m, &k, &place, &lost);
	item->err = lost;
	if (!err && !lost) {
		item->nr_cloned = place.crc.compressed_sectors;
		bch_progress_add(m->progress, BCH_BYTES(item->nr_cloned));
	}
	return err;
}

int bch_move_clone_batch(struct bch_move *m)
{
	int err =
		bch_thread_pool_for_each(bch_writer_pool(m->fs), m->batch->items.nr, clone_one, m);

	bch_blkdev_write_behind(m->job->onto);
	for (size_t i = 0; i < m->batch->items.nr && !err; i++) {
		const struct bch_move_item *item = &m->batch->items.v[i];
		struct bch_key k = bch_move_item_key(m->batch, item);

		if (item->err)
			err = bch_move_lost(m, item->btree_id, &k, item->err);
		m->result->nr_extents += !item->err;
		m->result->bytes += BCH_BYTES(item->nr_cloned);
	}
	return err;
}

/* ------------------------------------------------------------------ nodes */

/* The bytes of the first good copy as they are on its device. */
static int read_node(struct bch_move *m, const struct bch_node_want *want, const struct bch_key *k,
		     u8 *bytes, size_t len)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &m->fs->super);
	struct bch_extent_ptr p;

	while (bch_extent_ptr_next(&walk, &p)) {
		struct bch_btree_node node = { 0 };
		int err = bch_btree_node_read_copy(m->fs, want, &p.ptr, &node);
		bool good = !err && node.grade == BCH_NODE_GOOD;

		bch_btree_node_end(&node);
		if (good && !bch_blkdev_read(bch_ptr_blkdev(m->fs, &p.ptr), bytes, len,
					     BCH_BYTES(p.ptr.offset_sectors)))
			return 0;
	}
	return bch_error_whole(m->fs->ctx, -BCH_ERR_btree_node_read_failed,
			       "btree %s: a node has no good copy; run fsck first",
			       bch_btree_names[want->btree_id]);
}

int bch_move_clone_node(struct bch_move *m, u8 btree_id, u8 level, const struct bch_key *k)
{
	size_t len = (size_t)BCH_BYTES(bch_sb_flag(m->fs->super.sb, BCH_SB_BTREE_NODE_SIZE));
	struct bch_node_want want = { .btree_id = btree_id, .level = level };
	struct bch_extent_ptr place;
	u8 *bytes;
	int err;

	if (!bch_node_ptr_get(k, &want.ptr) || !find_place(m, k, &place))
		return 0;
	bytes = bch_malloc(len);
	if (!bytes)
		return -BCH_ERR_no_memory;
	err = read_node(m, &want, k, bytes, len);
	if (!err)
		err = bch_blkdev_write(m->job->onto, bytes, len,
				       BCH_BYTES(place.ptr.offset_sectors));
	free(bytes);
	m->result->bytes += len;
	return err;
}
