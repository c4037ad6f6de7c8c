// SPDX-License-Identifier: GPL-2.0-or-later
/* The one scan of all pointers: recount, fingerprints of backpointers, what points to shared data. 07 §4.3, §8.3. */

#include <stdlib.h>

#include "base/memory.h"
#include "base/thread_pool.h"
#include "check/alloc_private.h"
#include "codec/codec.h"

bool bch_alloc_is_checked(const struct bch_check *c)
{
	return bch_sb_flag(c->fs->super.sb, BCH_SB_INITIALIZED);
}

/* ------------------------------------------------------------------ buckets */

bool bch_alloc_bucket_of(const struct bch_check *c, u32 dev_idx, u64 sector, u64 *bucket)
{
	const struct bch_key_dev *d = &c->key_fs.devs[dev_idx];

	*bucket = d->bucket_sectors ? sector / d->bucket_sectors : 0;
	return d->bucket_sectors && *bucket >= d->first_bucket && *bucket < d->nr_buckets;
}

int bch_alloc_facts(struct bch_check *c, u32 dev_idx, u64 bucket, struct bch_bucket_facts **facts)
{
	const struct bch_key_dev *d = &c->key_fs.devs[dev_idx];

	*facts = NULL;
	if (bucket < d->first_bucket || bucket >= d->nr_buckets || bucket > BCH_U32_MAX)
		return 0;
	*facts = bch_radix_make(&c->alloc->facts, bch_bucket_place(dev_idx, bucket));
	return *facts ? 0 : -BCH_ERR_no_memory;
}

struct bch_recount_bucket *bch_alloc_counted(const struct bch_check *c, u32 dev_idx, u64 bucket)
{
	return bch_recount_bucket_find(c->alloc->recount, dev_idx, bucket);
}

/* ------------------------------------------------------------------ fingerprints */

u64 bch_alloc_hash(const struct bch_check_alloc *a, struct bch_pos pos, const void *val, size_t len)
{
	u8 fact[20 + BCH_BACKPOINTER_LEN] = { 0 };

	memcpy(fact, &pos.inode, 8);
	memcpy(fact + 8, &pos.offset, 8);
	memcpy(fact + 16, &pos.snapshot, 4);
	if (len > BCH_BACKPOINTER_LEN)
		len = BCH_BACKPOINTER_LEN;
	if (len)
		memcpy(fact + 20, val, len);
	return bch_siphash(a->hash_key, fact, sizeof(fact));
}

void bch_alloc_sum_add(struct bch_bucket_facts *f, u64 hash)
{
	u64 sum = ((u64)f->sum[1] << 32 | f->sum[0]) + hash;

	f->sum[0] = (u32)sum;
	f->sum[1] = (u32)(sum >> 32);
}

bool bch_alloc_bp_matters(const struct bch_check *c, u32 dev_idx, u64 bucket,
			  const struct bch_backpointer *bp)
{
	const struct bch_recount_bucket *b = bch_alloc_counted(c, dev_idx, bucket);

	return bp->data_type != BCH_DATA_cached || !b || b->gen == bp->bucket_gen;
}

static int add_backpointers(struct bch_check *c, u8 btree_id, u8 level, const struct bch_key *k)
{
	struct bch_backpointers w = bch_backpointers_of(&c->key_fs, c->version, btree_id, level, k);
	u8 val[BCH_BACKPOINTER_LEN];
	struct bch_backpointer bp;
	struct bch_bucket_facts *f;
	struct bch_pos at;
	u64 bucket;
	int err = 0;

	while (!err && bch_backpointers_next(&w, &at, &bp)) {
		if (!bch_alloc_bucket_of(c, (u32)at.inode, at.offset >> BCH_BACKPOINTER_SHIFT,
					 &bucket) ||
		    !bch_alloc_bp_matters(c, (u32)at.inode, bucket, &bp))
			continue;
		bch_backpointer_put(&bp, c->version, val);
		err = bch_alloc_facts(c, (u32)at.inode, bucket, &f);
		if (!err && f)
			bch_alloc_sum_add(f, bch_alloc_hash(c->alloc, at, val, sizeof(val)));
	}
	return err;
}

/* ------------------------------------------------------------------ pointers and their buckets */

static void note_gen(struct bch_check_alloc *a, struct bch_bucket_facts *f,
		     const struct bch_recount_bucket *b, const struct bch_ptr *p)
{
	bool knows = b && b->has_key;
	int8_t ahead = (int8_t)(p->gen - (b ? b->gen : 0));

	if (knows && p->cached) {
		a->suspect |= ahead > 0 || ahead < -BCH_GC_GEN_MAX;
		return;
	}
	a->suspect |= !knows || ahead;
	if (p->cached)
		return;
	if (knows && !ahead) {
		f->flags |= BCH_BUCKET_CURRENT;
		return;
	}
	if (!(f->flags & BCH_BUCKET_OTHER) || (int8_t)(p->gen - f->other_gen) > 0)
		f->other_gen = p->gen;
	f->flags |= BCH_BUCKET_OTHER;
}

static void note_kind(struct bch_check_alloc *a, struct bch_bucket_facts *f,
		      const struct bch_recount_bucket *b, u8 level, const struct bch_ptr *p)
{
	if (p->cached && b && b->gen != p->gen)
		return;
	f->flags = (u8)(f->flags | (level ? BCH_BUCKET_NODES : BCH_BUCKET_DATA));
	a->suspect |= (f->flags & BCH_BUCKET_NODES && f->flags & BCH_BUCKET_DATA) ||
		      (b && (b->hint == BCH_DATA_sb || b->hint == BCH_DATA_journal));
}

static int take_ptr(struct bch_check *c, u8 level, const struct bch_extent_ptr *p)
{
	struct bch_check_alloc *a = c->alloc;
	struct bch_bucket_facts *f;
	const struct bch_recount_bucket *b;
	u64 bucket;
	int err;

	a->compression = (u8)(a->compression | 1U << (p->crc.compression_type & 7));
	if (!bch_alloc_bucket_of(c, p->ptr.dev_idx, p->ptr.offset_sectors, &bucket)) {
		a->suspect = true;
		return 0;
	}
	err = bch_alloc_facts(c, p->ptr.dev_idx, bucket, &f);
	if (err || !f)
		return err;
	b = bch_alloc_counted(c, p->ptr.dev_idx, bucket);
	note_gen(a, f, b, &p->ptr);
	note_kind(a, f, b, level, &p->ptr);
	a->suspect |= p->in_stripe && !bch_recount_stripe(a->recount, p);
	return 0;
}

static int take_ptrs(struct bch_check *c, u8 level, const struct bch_key *k)
{
	struct bch_extent_walk w = bch_extent_walk(k, &c->fs->super);
	struct bch_extent_ptr p;
	int err = 0;

	while (!err && bch_extent_ptr_next(&w, &p))
		err = take_ptr(c, level, &p);
	return err;
}

static bool is_data(const struct bch_key *k)
{
	return k->type == BCH_KEY_extent || k->type == BCH_KEY_reflink_v;
}

static int take_key(void *arg, u8 btree_id, u8 level, const struct bch_key *k)
{
	struct bch_check *c = arg;
	struct bch_check_alloc *a = c->alloc;
	int err = 0;

	if (k->version_lo > a->key_version && btree_id != BCH_BTREE_accounting)
		a->key_version = k->version_lo;
	if (level || is_data(k))
		err = take_ptrs(c, level, k);
	if (!err && (level || is_data(k) || k->type == BCH_KEY_stripe))
		err = add_backpointers(c, btree_id, level, k);
	if (!err && !level && k->type == BCH_KEY_reflink_p)
		err = bch_shared_take(c, k);
	if (!level && is_data(k) && bch_rebalance_sectors(c->fs, k))
		a->rebalance_sum += bch_alloc_hash(a, k->pos, NULL, 0);
	return err;
}

static int take_inum(void *arg, const struct bch_inum_count *counted)
{
	struct bch_check *c = arg;

	bch_inums_take(&c->alloc->inums, counted);
	return 0;
}

/* ------------------------------------------------------------------ all */

void bch_check_alloc_free(struct bch_check_alloc *a)
{
	if (!a)
		return;
	bch_recount_free(a->recount);
	bch_radix_end(&a->facts);
	bch_alloc_stored_free(a->stored);
	bch_array_end(&a->shared.a);
	free(a);
}

const struct bch_recount *bch_alloc_found(const struct bch_check *c)
{
	return c->alloc && !c->alloc->missing ? c->alloc->recount : NULL;
}

static int look_for_counters(struct bch_check *c)
{
	const struct bch_accounting inodes = { .type = BCH_ACCOUNTING_nr_inodes };
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;
	int more = bch_check_key(c, BCH_BTREE_accounting, bch_accounting_pos(&inodes, c->version),
				 &cur, &k);

	c->alloc->no_counters = !more;
	return more < 0 && more != -BCH_ERR_btree_node_read_failed ? more : 0;
}

static int scan(struct bch_check *c)
{
	const struct bch_recount_sink sink = {
		.arg = c,
		.inum = take_inum,
		.key = take_key,
		.committed = true,
		.progress = c->progress,
	};
	struct bch_check_alloc *a = c->alloc;
	int err = bch_alloc_drop_old_counters(c);

	if (!err)
		err = look_for_counters(c);
	if (!err)
		err = bch_shared_begin(c);
	if (!err)
		err = bch_recount_new(c->fs, &sink, &a->recount);
	if (!err)
		err = bch_alloc_stored_begin(c);
	if (!err)
		err = bch_recount_walk(a->recount);
	bch_thread_pool_wait(c->pool);
	a->missing = err == -BCH_ERR_btree_node_read_failed;
	if (!err || a->missing)
		err = bch_inums_compare(&a->inums, a->missing);
	if (err || !a->missing)
		return err;
	bch_log(c->ctx, BCH_LOG_warn, "allocation is not checked: not all btrees can be read");
	return 0;
}

int bch_alloc_scan(struct bch_check *c)
{
	if (c->alloc)
		return 0;
	c->alloc = bch_calloc(1, sizeof(*c->alloc));
	if (!c->alloc)
		return -BCH_ERR_no_memory;
	c->alloc->facts = BCH_RADIX(sizeof(struct bch_bucket_facts));
	c->alloc->inums = bch_inums(c->fs, true, bch_alloc_take_inum, c);
	bch_random(c->alloc->hash_key, sizeof(c->alloc->hash_key));
	return scan(c);
}

/* ------------------------------------------------------------------ nodes */

static int each_of_level(struct bch_check *c, u8 btree_id, u8 level,
			 int (*fn)(struct bch_check *c, u8 btree_id, u8 level,
				   const struct bch_key *k))
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(c->fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)))
		err = more < 0 ? more : fn(c, btree_id, (u8)(level + 1), &k);
	return err;
}

int bch_alloc_each_node(struct bch_check *c, int (*fn)(struct bch_check *c, u8 btree_id, u8 level,
						       const struct bch_key *k))
{
	int err = 0;

	for (u8 id = 0; id < BCH_BTREE_ID_MAX && !err; id++) {
		struct bch_btree_root root = bch_btree_root(c->fs, id);

		for (u8 level = 0; level <= root.level && !err; level++)
			err = each_of_level(c, id, level, fn);
	}
	return err;
}
