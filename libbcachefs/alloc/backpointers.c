// SPDX-License-Identifier: GPL-2.0-or-later
/* Which pointers have a backpointer, and what it says. Format reference: 06 §6; 08 §6. */

#include "alloc/private.h"

#include "ondisk/key_backpointer.h"
#include "ondisk/key_stripe.h"

#define VERSION_CACHED	BCH_VERSION(1, 21)
#define VERSION_STRIPES BCH_VERSION(1, 22)

static u8 data_type_of(u8 level, const struct bch_extent_ptr *p)
{
	if (level)
		return BCH_DATA_btree;
	if (p->ptr.cached)
		return BCH_DATA_cached;
	return p->in_stripe ? BCH_DATA_stripe : BCH_DATA_user;
}

static const struct bch_key_dev *dev_of(const struct bch_key_fs *fs, const struct bch_ptr *p)
{
	const struct bch_key_dev *d = &fs->devs[p->dev_idx];

	return d->bucket_sectors ? d : NULL;
}

/* Of a pointer to data or to a node. */
static bool of_ptr(const struct bch_backpointers *w, const struct bch_extent_ptr *p,
		   struct bch_pos *at, struct bch_backpointer *bp)
{
	const struct bch_key_dev *d = dev_of(w->fs, &p->ptr);
	u64 sector = p->ptr.offset_sectors;

	if (!d || (p->ptr.cached && w->version < VERSION_CACHED))
		return false;
	*bp = (struct bch_backpointer){
		.pos = w->k->pos,
		.bucket_offset = (sector % d->bucket_sectors << BCH_BACKPOINTER_SHIFT) +
				 (w->level ? 0 : p->crc.offset_sectors),
		.bucket_sectors = (u32)(w->level ? w->fs->node_sectors
						 : bch_crc_disk_sectors(&p->crc, w->k->size)),
		.btree_id = w->btree_id,
		.level = w->level,
		.data_type = data_type_of(w->level, p),
		.bucket_gen = p->ptr.gen,
	};
	*at = bch_pos(p->ptr.dev_idx, (sector - sector % d->bucket_sectors)
					      << BCH_BACKPOINTER_SHIFT);
	at->offset += bp->bucket_offset;
	return true;
}

/* Of a block of a stripe: it stands at the block's end. */
static bool of_block(const struct bch_backpointers *w, u32 nr, struct bch_pos *at,
		     struct bch_backpointer *bp)
{
	struct bch_stripe s;
	struct bch_ptr p;
	bool parity;

	bch_stripe_get(w->k, &s);
	if (!bch_stripe_block(&s, nr, &p) || !dev_of(w->fs, &p))
		return false;
	parity = nr >= (u32)s.nr_blocks - s.nr_redundant;
	*bp = (struct bch_backpointer){
		.pos = w->k->pos,
		.btree_id = w->btree_id,
		.data_type = parity ? BCH_DATA_parity : BCH_DATA_user,
		.bucket_gen = p.gen,
	};
	*at = bch_pos(p.dev_idx,
		      ((p.offset_sectors + s.block_sectors) << BCH_BACKPOINTER_SHIFT) - 1);
	return true;
}

struct bch_backpointers bch_backpointers_of(const struct bch_key_fs *fs, u16 version, u8 btree_id,
					    u8 level, const struct bch_key *k)
{
	return (struct bch_backpointers){
		.fs = fs,
		.version = version,
		.btree_id = btree_id,
		.level = level,
		.k = k,
		.walk = bch_extent_walk(k, fs->super),
	};
}

bool bch_backpointers_next(struct bch_backpointers *w, struct bch_pos *at,
			   struct bch_backpointer *bp)
{
	struct bch_extent_ptr p;

	if (w->k->type == BCH_KEY_stripe) { /* older versions have none of them */
		while (w->version >= VERSION_STRIPES && w->block < BCH_PTRS_MAX)
			if (of_block(w, w->block++, at, bp))
				return true;
		return false;
	}
	while (bch_extent_ptr_next(&w->walk, &p))
		if (of_ptr(w, &p, at, bp))
			return true;
	return false;
}
