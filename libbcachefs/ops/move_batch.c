// SPDX-License-Identifier: GPL-2.0-or-later
/* A batch of keys: gathered, copied in the order of the devices as far as memory goes at once, and put anew. */

#include "ops/move_batch.h"

#include <stdlib.h>

#include "base/memory.h"
#include "commit/commit.h"

#define ITEMS_MAX 32768
#define BYTES_MAX (256U << 20) /* that one sweep over the devices is for */

int bch_move_batch_new(struct bch_move *m)
{
	m->batch = bch_calloc(1, sizeof(*m->batch));
	if (!m->batch)
		return -BCH_ERR_no_memory;
	m->batch->buffer = bch_malloc(BCH_MOVE_BUFFER_BYTES);
	return m->batch->buffer ? 0 : -BCH_ERR_no_memory;
}

static void reset(struct bch_move_batch *b)
{
	b->items.nr = b->values.nr = 0;
	b->bytes = 0;
}

void bch_move_batch_free(struct bch_move *m)
{
	struct bch_move_batch *b = m->batch;

	if (!b)
		return;
	reset(b);
	bch_array_end(&b->items);
	bch_array_end(&b->values);
	free(b->buffer);
	free(b);
	m->batch = NULL;
}

struct bch_key bch_move_item_key(const struct bch_move_batch *b, const struct bch_move_item *item)
{
	struct bch_key k = item->k;

	k.val = (struct bch_bytes){ b->values.v + item->val_at, item->val_len };
	return k;
}

/* ------------------------------------------------------------------ gathering */

/* The lower, the better: what leaves is read first, as its places are the ones that follow each other. */
static unsigned rank_of(const struct bch_move *m, const struct bch_ptr *p)
{
	if (p->cached)
		return 3;
	if (!bch_move_durability(m->fs, p->dev_idx))
		return 2;
	return bch_move_leaves(m->job, p) ? 0 : 1;
}

static void choose_source(const struct bch_move *m, const struct bch_key *k,
			  struct bch_move_item *item)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &m->fs->super);
	unsigned best = BCH_U32_MAX;
	struct bch_extent_ptr p;

	item->src_nr = BCH_MOVE_NO_SOURCE;
	for (u32 nr = 0; nr < BCH_PTRS_MAX && bch_extent_ptr_next(&walk, &p); nr++) {
		bool usable = item->v.unwritten ? p.ptr.unwritten : bch_move_is_source(m, k, &p);

		if (!usable || rank_of(m, &p.ptr) >= best)
			continue;
		best = rank_of(m, &p.ptr);
		item->src = p;
		item->src_nr = nr;
	}
	if (item->src_nr == BCH_MOVE_NO_SOURCE && item->v.durability)
		item->err = -BCH_ERR_device_missing;
}

int bch_move_batch_add(struct bch_move *m, u8 btree_id, const struct bch_key *k,
		       const struct bch_move_verdict *v)
{
	struct bch_move_batch *b = m->batch;
	struct bch_move_item item = { .k = *k,
				      .val_at = b->values.nr,
				      .val_len = k->val.len,
				      .v = *v,
				      .btree_id = btree_id };
	int err = bch_array_reserve(&b->values, b->values.nr + k->val.len);

	if (err)
		return err;
	item.k.val = (struct bch_bytes){ 0 };
	choose_source(m, k, &item);
	if (k->val.len)
		memcpy(b->values.v + b->values.nr, k->val.p, k->val.len);
	b->values.nr += k->val.len;
	item.waits = v->durability && !item.err;
	if (item.waits)
		b->bytes += BCH_BYTES(item.src.crc.compressed_sectors);
	return bch_array_push(&b->items, item);
}

bool bch_move_batch_is_full(const struct bch_move *m)
{
	u64 limit = m->opts->commit_bytes && m->opts->commit_bytes < BYTES_MAX
			    ? m->opts->commit_bytes
			    : BYTES_MAX;

	return m->batch->items.nr >= ITEMS_MAX || m->batch->bytes >= limit;
}

/* ------------------------------------------------------------------ in the order of the devices */

/* Those that need no reading come last. */
static int compare(const void *l, const void *r)
{
	const struct bch_move_item *a = l, *b = r;
	if (a->waits != b->waits)
		return a->waits ? -1 : 1;
	if (a->src.ptr.dev_idx != b->src.ptr.dev_idx)
		return a->src.ptr.dev_idx < b->src.ptr.dev_idx ? -1 : 1;
	if (a->src.ptr.offset_sectors != b->src.ptr.offset_sectors)
		return a->src.ptr.offset_sectors < b->src.ptr.offset_sectors ? -1 : 1;
	return a->val_at < b->val_at ? -1 : a->val_at > b->val_at;
}

/* Parts of one blob that several keys show are stored once afterwards too. */
static bool is_same_blob(const struct bch_move_item *a, const struct bch_move_item *b)
{
	const struct bch_crc *x = &a->src.crc, *y = &b->src.crc;

	return a->src.ptr.dev_idx == b->src.ptr.dev_idx &&
	       a->src.ptr.offset_sectors == b->src.ptr.offset_sectors &&
	       a->src.ptr.unwritten == b->src.ptr.unwritten &&
	       x->compressed_sectors == y->compressed_sectors &&
	       x->uncompressed_sectors == y->uncompressed_sectors && x->csum_type == y->csum_type &&
	       x->compression_type == y->compression_type && x->csum_lo == y->csum_lo &&
	       x->csum_hi == y->csum_hi && x->nonce == y->nonce &&
	       a->k.version_lo == b->k.version_lo && a->k.version_hi == b->k.version_hi;
}

/* As many as the buffer holds. */
static size_t slice_of(struct bch_move_item *items, size_t nr)
{
	u64 bytes = 0;
	size_t n = 0;

	for (; n < nr && items[n].waits; n++) {
		items[n].shares = n && is_same_blob(&items[n - 1], &items[n]);
		if (!items[n].shares)
			bytes += BCH_BYTES(items[n].src.crc.compressed_sectors);
		if (bytes > BCH_MOVE_BUFFER_BYTES && n)
			break;
	}
	return n;
}

/* What lies together at once. */
static void read_ahead(const struct bch_move *m, const struct bch_move_item *items, size_t nr)
{
	u64 start = 0, len = 0;

	for (size_t i = 0; i <= nr; i++) {
		const struct bch_move_item *item = i < nr ? &items[i] : NULL;
		u64 at = item ? BCH_BYTES(item->src.ptr.offset_sectors) : 0;

		if (item && len && at == start + len &&
		    item->src.ptr.dev_idx == items[i - 1].src.ptr.dev_idx) {
			len += BCH_BYTES(item->src.crc.compressed_sectors);
			continue;
		}
		if (len)
			bch_blkdev_read_ahead(bch_ptr_blkdev(m->fs, &items[i - 1].src.ptr), len,
					      start);
		start = at;
		len = item && !item->v.unwritten ? BCH_BYTES(item->src.crc.compressed_sectors) : 0;
	}
}

static int copy_all(struct bch_move *m)
{
	struct bch_move_batch *b = m->batch;
	size_t at = 0, n;
	int err = 0;

	while (!err && (n = slice_of(b->items.v + at, b->items.nr - at))) {
		struct bch_move_item *next = b->items.v + at + n;

		read_ahead(m, next, slice_of(next, b->items.nr - at - n));
		err = bch_cancelled(m->fs->ctx) ? -BCH_ERR_cancelled
						: bch_move_copy(m, b->items.v + at, n);
		at += n;
	}
	return err;
}

/* ------------------------------------------------------------------ keys */

/* What is lost stays as it is, or becomes an error that is known of. */
static int put_lost(struct bch_move *m, const struct bch_move_item *item)
{
	struct bch_key k = bch_move_item_key(m->batch, item);
	int err = bch_move_lost(m, item->btree_id, &k, item->err);

	if (err || !m->job->lose || item->btree_id == BCH_BTREE_reflink)
		return err;
	k.type = BCH_KEY_error;
	k.val = (struct bch_bytes){ 0 };
	return bch_update(m->fs, item->btree_id, &k, 0);
}

static int put(struct bch_move *m, const struct bch_move_item *item)
{
	struct bch_key k = bch_move_item_key(m->batch, item), rebuilt;
	bool whole = item->got >= item->v.durability;
	u32 drop = item->v.drop | (whole ? item->v.replaced : 0);
	u8 val[BCH_KEY_VALUE_MAX];
	int err;

	if (item->waits) /* it was interrupted */
		return 0;
	if (item->err)
		return put_lost(m, item);
	m->result->nr_few += !whole;
	if (!drop && !item->nr_new)
		return 0;
	err = bch_move_rebuild(m->fs, &k, drop, item->src_nr, item->new, item->nr_new, val,
			       &rebuilt);
	if (err)
		return bch_error(m->fs->ctx, err, "an extent of inode %" PRIu64, k.pos.inode);
	m->result->nr_extents++;
	return rebuilt.type == BCH_KEY_deleted ? bch_edit_delete(m->fs, item->btree_id, k.pos)
					       : bch_update(m->fs, item->btree_id, &rebuilt, 0);
}

static int run(struct bch_move *m)
{
	int copied = copy_all(m), err = copied == -BCH_ERR_cancelled ? 0 : copied;

	for (size_t i = 0; i < m->batch->items.nr && !err; i++)
		err = put(m, &m->batch->items.v[i]);
	return err ? err : copied;
}

int bch_move_batch_run(struct bch_move *m)
{
	int err;

	if (!m->batch->items.nr)
		return 0;
	qsort(m->batch->items.v, m->batch->items.nr, sizeof(*m->batch->items.v), compare);
	err = m->job->onto ? bch_move_clone_batch(m) : run(m);
	reset(m->batch);
	return err;
}
