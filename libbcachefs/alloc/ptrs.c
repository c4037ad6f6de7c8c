// SPDX-License-Identifier: GPL-2.0-or-later
/* Recount of what keys point to. Format reference: 06 §9.1, §9.2; 05 §8; 08 §7. */

#include "alloc/private.h"

#include "ondisk/csum_types.h"
#include "super/super.h"

/* One key on its way. */
struct ptrs {
	struct bch_recount *r;
	const struct bch_key *k;
	u8 btree_id, level;
	/* all pointers to whole copies, as one record */
	u8 devs[BCH_PTRS_MAX];
	u8 nr_devs, nr_required;
	s64 nr_sectors;
	/* a run of pointers with the same compression */
	u8 compression_type;
	s64 uncompressed, compressed;
};

static u64 disk_sectors(const struct ptrs *s, const struct bch_extent_ptr *p)
{
	return s->level ? s->r->key_fs.node_sectors : bch_crc_disk_sectors(&p->crc, s->k->size);
}

static int end_compression_run(struct ptrs *s)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_compression,
					     .compression_type = s->compression_type };

	if (!s->compression_type)
		return 0;
	return bch_recount_add(s->r, &what, 1, s->uncompressed, s->compressed);
}

static int count_compression(struct ptrs *s, const struct bch_crc *crc)
{
	int err = 0;

	if (crc->compression_type != s->compression_type) {
		err = end_compression_run(s);
		s->compression_type = crc->compression_type;
		s->uncompressed = s->compressed = 0;
	}
	s->uncompressed += crc->uncompressed_sectors;
	s->compressed += crc->compressed_sectors;
	return err;
}

static int count_dirty(struct ptrs *s, const struct bch_extent_ptr *p, s64 nr_sectors)
{
	const struct bch_recount_stripe *stripe = p->in_stripe ? bch_recount_stripe(s->r, p) : NULL;

	if (stripe) {
		s->nr_required = 0;
		return bch_recount_in_stripe(s->r, stripe, p->stripe.block, nr_sectors);
	}
	if (s->nr_devs < BCH_PTRS_MAX)
		s->devs[s->nr_devs++] = p->ptr.dev_idx;
	s->nr_sectors += nr_sectors; /* of a copy that should be there and is not, too */
	return 0;
}

static void mark_bucket(struct ptrs *s, struct bch_recount_bucket *b,
			const struct bch_extent_ptr *p, u64 nr_sectors)
{
	u8 data_type = s->level ? BCH_DATA_btree : p->in_stripe ? BCH_DATA_stripe : BCH_DATA_user;

	if (p->ptr.cached)
		bch_recount_mark(b, &b->cached_sectors, nr_sectors, BCH_DATA_cached);
	else if (p->in_stripe && s->r->version >= BCH_VERSION_STRIPE_SECTORS)
		bch_recount_mark(b, &b->stripe_sectors, nr_sectors, data_type);
	else
		bch_recount_mark(b, &b->dirty_sectors, nr_sectors, data_type);
}

static int count_ptr(struct ptrs *s, const struct bch_extent_ptr *p)
{
	u32 bucket_sectors = s->r->key_fs.devs[p->ptr.dev_idx].bucket_sectors;
	u64 nr_sectors = disk_sectors(s, p);
	struct bch_recount_bucket *b = NULL;
	int err = bucket_sectors ? bch_recount_bucket(s->r, p->ptr.dev_idx,
						      p->ptr.offset_sectors / bucket_sectors, &b)
				 : 0;

	if (err || (p->ptr.cached && (!b || b->gen != p->ptr.gen)))
		return err; /* the bucket holds something else by now */
	if (b)
		mark_bucket(s, b, p, nr_sectors);
	err = p->ptr.cached ? bch_recount_replicas(s->r, BCH_DATA_cached, 1, &p->ptr.dev_idx, 1,
						   (s64)nr_sectors)
			    : count_dirty(s, p, (s64)nr_sectors);
	return err ? err : count_compression(s, &p->crc);
}

int bch_recount_end_inum(struct bch_recount *r)
{
	struct bch_inum_count done = r->inum;
	bool had = r->has_inum;

	r->inum = (struct bch_inum_count){ 0 };
	r->has_inum = false;
	return had && r->sink.inum ? r->sink.inum(r->sink.arg, &done) : 0;
}

/* The next inode begins: the last one's counters are complete. */
static int open_inum(struct bch_recount *r, u64 inum)
{
	int err = 0;

	if (r->has_inum && r->inum.inum != inum)
		err = bch_recount_end_inum(r);
	r->inum.inum = inum;
	r->has_inum = true;
	return err;
}

static int count_inum(const struct ptrs *s)
{
	struct bch_inum_count *inum = &s->r->inum;
	int err;

	if (s->r->version < BCH_VERSION_INUM)
		return 0;
	err = open_inum(s->r, s->k->pos.inode);
	inum->v[0]++;
	inum->v[1] += s->k->size;
	inum->v[2] += s->nr_sectors;
	return err;
}

static int count_btree(const struct ptrs *s)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_btree,
					     .btree_id = s->btree_id };
	bool nodes = s->r->version >= BCH_VERSION_NODE_COUNTS;

	return bch_recount_add(s->r, &what, s->nr_sectors, nodes, nodes && s->level > 1);
}

static int count_snapshot(const struct ptrs *s)
{
	struct bch_accounting what = { .type = BCH_ACCOUNTING_snapshot,
				       .snapshot = s->k->pos.snapshot };

	if (s->r->version >= BCH_VERSION_SNAPSHOT_BTREE) {
		what.btree_id = s->btree_id;
		return s->btree_id == BCH_BTREE_extents && what.snapshot
			       ? bch_recount_add(s->r, &what, 0, 0, s->nr_sectors)
			       : 0;
	}
	return s->nr_devs && what.snapshot ? bch_recount_add(s->r, &what, s->nr_sectors, 0, 0) : 0;
}

static int count_whole(const struct ptrs *s)
{
	int err = 0;

	if (s->nr_devs)
		err = bch_recount_replicas(s->r, s->level ? BCH_DATA_btree : BCH_DATA_user,
					   s->nr_required, s->devs, s->nr_devs, s->nr_sectors);
	if (err)
		return err;
	if (s->level)
		return count_btree(s);
	err = count_snapshot(s);
	return err ? err : count_inum(s);
}

int bch_recount_ptrs(struct bch_recount *r, u8 btree_id, u8 level, const struct bch_key *k)
{
	struct ptrs s = { .r = r, .k = k, .btree_id = btree_id, .level = level, .nr_required = 1 };
	struct bch_extent_walk w = bch_extent_walk(k, &r->fs->super);
	struct bch_extent_ptr p;
	int err = 0;

	while (!err && bch_extent_ptr_next(&w, &p))
		err = count_ptr(&s, &p);
	if (!err)
		err = end_compression_run(&s);
	return err ? err : count_whole(&s);
}
