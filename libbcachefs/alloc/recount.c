// SPDX-License-Identifier: GPL-2.0-or-later
/* The recount: which key counts for what. Format reference: 06 §9, §10; 08 §7. */

#include "alloc/private.h"

#include <stdlib.h>

#include "base/memory.h"
#include "ondisk/key_reservation.h"
#include "super/super.h"

int bch_recount_bare(struct bch_fs *fs, const struct bch_recount_sink *sink,
		     struct bch_recount **recount)
{
	struct bch_recount *r = bch_calloc(1, sizeof(*r));

	*recount = r;
	if (!r)
		return -BCH_ERR_no_memory;
	r->fs = fs;
	r->version = le16_get(fs->super.sb->version);
	if (sink)
		r->sink = *sink;
	r->counters = bch_counters();
	r->buckets = BCH_RADIX(sizeof(struct bch_recount_bucket));
	bch_key_fs_init(&r->key_fs, &fs->super);
	return 0;
}

int bch_recount_new(struct bch_fs *fs, const struct bch_recount_sink *sink,
		    struct bch_recount **recount)
{
	int err = bch_recount_bare(fs, sink, recount);

	if (!err)
		err = bch_recount_mark_members(*recount);
	if (err) {
		bch_recount_free(*recount);
		*recount = NULL;
	}
	return err;
}

void bch_recount_free(struct bch_recount *r)
{
	if (!r)
		return;
	bch_counters_end(&r->counters);
	bch_radix_end(&r->buckets);
	bch_array_end(&r->stripes);
	free(r);
}

bool bch_recount_wants(const struct bch_recount *r, u8 btree_id)
{
	return btree_id == BCH_BTREE_extents || btree_id == BCH_BTREE_inodes ||
	       btree_id == BCH_BTREE_alloc || btree_id == BCH_BTREE_stripes ||
	       btree_id == BCH_BTREE_reflink ||
	       (r->version >= BCH_VERSION_SNAPSHOT_BTREE && bch_btree_has_snapshots(btree_id));
}

/* ------------------------------------------------------------------ keys without pointers */

static s64 reserved_sectors(const struct bch_key *k, u8 *nr_replicas)
{
	struct bch_reservation v;

	bch_reservation_get(&v, k->val.p, k->val.len);
	*nr_replicas = v.nr_replicas;
	return (s64)k->size;
}

static int count_reservation(struct bch_recount *r, const struct bch_key *k)
{
	struct bch_accounting what = { .type = BCH_ACCOUNTING_persistent_reserved };
	s64 nr_sectors = reserved_sectors(k, &what.nr_replicas);

	return bch_recount_add(r, &what, nr_sectors, 0, 0);
}

static int count_inode(struct bch_recount *r)
{
	static const struct bch_accounting what = { .type = BCH_ACCOUNTING_nr_inodes };

	return bch_recount_add(r, &what, 1, 0, 0);
}

/* A key as such, and what is promised to it; the sectors of extents come with their pointers. 08 §7. */
static int count_in_snapshot(struct bch_recount *r, u8 btree_id, const struct bch_key *k)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_snapshot,
					     .snapshot = k->pos.snapshot,
					     .btree_id = btree_id };
	s64 nr_sectors = 0;
	u8 nr_replicas;

	if (!k->pos.snapshot || k->type == BCH_KEY_deleted || k->type == BCH_KEY_whiteout ||
	    k->type == BCH_KEY_extent_whiteout)
		return 0;
	if (k->type == BCH_KEY_reservation) {
		nr_sectors = reserved_sectors(k, &nr_replicas);
		nr_sectors *= nr_replicas;
	}
	return bch_recount_add(r, &what, 1, (s64)(sizeof(struct bkey) + k->val.len), nr_sectors);
}

static int count_leaf_key(struct bch_recount *r, const struct bch_key *k)
{
	switch (k->type) {
	case BCH_KEY_reservation:
		return count_reservation(r, k);
	case BCH_KEY_inode:
	case BCH_KEY_inode_v2:
	case BCH_KEY_inode_v3:
		return count_inode(r);
	case BCH_KEY_alloc:
	case BCH_KEY_alloc_v2:
	case BCH_KEY_alloc_v3:
	case BCH_KEY_alloc_v4:
		return bch_recount_alloc_key(r, k);
	case BCH_KEY_stripe:
		return bch_recount_stripe_key(r, k);
	default:
		return 0;
	}
}

/* ------------------------------------------------------------------ all keys */

static bool has_pointers(u8 type)
{
	return type == BCH_KEY_extent || type == BCH_KEY_reflink_v || type == BCH_KEY_btree_ptr ||
	       type == BCH_KEY_btree_ptr_v2;
}

int bch_recount_key(struct bch_recount *r, u8 btree_id, u8 level, const struct bch_key *k)
{
	int err = 0;

	if (has_pointers(k->type)) {
		err = bch_recount_ptrs(r, btree_id, level, k);
		if (!err)
			err = bch_recount_work(r, level, k);
	} else if (!level) {
		err = count_leaf_key(r, k);
	}
	if (!err && !level && r->version >= BCH_VERSION_SNAPSHOT_BTREE &&
	    bch_btree_has_snapshots(btree_id))
		err = count_in_snapshot(r, btree_id, k);
	return err;
}

int bch_recount_finish(struct bch_recount *r)
{
	int err = bch_recount_end_inum(r);

	return err ? err : bch_recount_count_buckets(r);
}

void bch_recount_take_counters(struct bch_recount *r, struct bch_counters *counters)
{
	*counters = r->counters;
	r->counters = bch_counters();
}

/* ------------------------------------------------------------------ all of a filesystem */

static int feed_key(struct bch_recount *r, u8 btree_id, u8 level, const struct bch_key *k)
{
	int err = r->sink.key ? r->sink.key(r->sink.arg, btree_id, level, k) : 0;

	return err ? err : bch_recount_key(r, btree_id, level, k);
}

/* Feeds what a cursor gives: keys of nodes of @level. */
static int feed(struct bch_recount *r, struct bch_cursor *cur, u8 btree_id, u8 level)
{
	struct bch_key k;
	u32 nr_leaves = 0;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(cur, &k))) {
		if (!level && cur->nr_nodes != nr_leaves)
			bch_progress_add(r->sink.progress, cur->nr_nodes - nr_leaves);
		nr_leaves = cur->nr_nodes;
		if (more == -BCH_ERR_btree_node_read_failed)
			r->missing = true;
		else if (more < 0)
			return more;
		else if (bch_cancelled(r->fs->ctx))
			return -BCH_ERR_cancelled;
		else if (!level || !bch_node_ptr_is_hole(&k))
			err = feed_key(r, btree_id, level, &k);
	}
	return err;
}

static int feed_leaves(struct bch_recount *r, u8 btree_id)
{
	bool committed = r->sink.committed && btree_id != BCH_BTREE_alloc;
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		r->fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX, committed ? BCH_CURSOR_COMMITTED : 0);

	return feed(r, &cur, btree_id, 0);
}

/* The pointers to nodes of @level, which lie a level higher. */
static int feed_pointers(struct bch_recount *r, u8 btree_id, u8 level)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(r->fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);

	return feed(r, &cur, btree_id, (u8)(level + 1));
}

static int feed_nodes(struct bch_recount *r)
{
	int err = 0;

	for (u8 id = 0; id < BCH_BTREE_ID_MAX && !err; id++) {
		struct bch_btree_root root = bch_btree_root(r->fs, id);

		r->missing |= root.state == BCH_ROOT_LOST;
		for (u8 level = 0; level <= root.level && !err; level++)
			err = feed_pointers(r, id, level);
	}
	return err;
}

/* The order that bch_recount_key() wants; then all others. */
static const u8 first[] = { BCH_BTREE_alloc, BCH_BTREE_stripes, BCH_BTREE_reflink };

static bool is_first(u8 btree_id)
{
	return memchr(first, btree_id, sizeof(first));
}

int bch_recount_walk(struct bch_recount *r)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(first) && !err; i++)
		err = feed_leaves(r, first[i]);
	for (u8 id = 0; id < BCH_BTREE_NR && !err; id++)
		if (!is_first(id) && bch_recount_wants(r, id))
			err = feed_leaves(r, id);
	if (!err)
		err = feed_nodes(r);
	if (!err)
		err = bch_recount_finish(r);
	return !err && r->missing ? -BCH_ERR_btree_node_read_failed : err;
}
