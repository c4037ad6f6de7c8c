// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a block of a stripe held, from the other blocks: unit by unit of its checksums, for each of which other blocks
 * may be good. Format reference: 05 §7.
 */

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/memory.h"
#include "file/blob.h"

struct rebuild {
	struct bch_fs *fs;
	struct bch_stripe s; /* points into the key */
	struct bch_ptr blocks[BCH_RAID_BLOCKS_MAX];
	u32 want;	  /* the block that is lost */
	u32 unit_sectors; /* the last unit of a block may be shorter */
	u8 *memory;	  /* of a unit for each block */
};

/* ------------------------------------------------------------------ the stripe */

/* Format reference: 05 §14. */
bool bch_stripe_is_usable(const struct bch_stripe *s)
{
	return s->nr_blocks <= BCH_RAID_BLOCKS_MAX && s->nr_redundant &&
	       s->nr_redundant <= BCH_RAID_REDUNDANT_MAX && s->nr_redundant < s->nr_blocks &&
	       s->block_sectors && !s->algorithm && s->csum_type < BCH_CSUM_NR &&
	       !bch_csum_type_encrypts(s->csum_type) && s->counts.p;
}

u32 bch_stripe_unit_sectors(const struct bch_stripe *s)
{
	return s->csum_granularity_bits < 16 && 1U << s->csum_granularity_bits < s->block_sectors
		       ? 1U << s->csum_granularity_bits
		       : s->block_sectors;
}

int bch_stripe_unit_verify(const struct bch_stripe *s, u32 block, u32 unit, const void *bytes,
			   size_t len)
{
	struct bch_bytes want;
	struct bch_csum csum;
	le64 have[2];
	int err;

	if (!bch_stripe_block_csum(s, block, unit, &want))
		return -BCH_ERR_data_checksum;
	err = bch_csum(s->csum_type, NULL, (struct bch_nonce){ 0 }, bytes, len, &csum);
	have[0] = le64_of(csum.lo);
	have[1] = le64_of(csum.hi);
	if (!err && memcmp(have, want.p, want.len))
		err = -BCH_ERR_data_checksum;
	return err;
}

/* Does the pointer lead to the block that it names? Format reference: 05 §7.3. */
static bool matches(const struct rebuild *r, const struct bch_extent_ptr *p)
{
	const struct bch_ptr *block = &r->blocks[r->want];
	u64 at = p->ptr.offset_sectors - block->offset_sectors;

	return (p->ptr.dev_idx == block->dev_idx || p->ptr.dev_idx == BCH_PTR_DEV_NONE ||
		block->dev_idx == BCH_PTR_DEV_NONE) &&
	       p->ptr.gen == block->gen && p->ptr.offset_sectors >= block->offset_sectors &&
	       at <= r->s.block_sectors && p->crc.compressed_sectors <= r->s.block_sectors - at;
}

static int rebuild_begin(struct rebuild *r, const struct bch_key *stripe,
			 const struct bch_extent_ptr *p)
{
	bch_stripe_get(stripe, &r->s);
	if (!bch_stripe_is_usable(&r->s) || p->stripe.block >= r->s.nr_blocks - r->s.nr_redundant)
		return -BCH_ERR_data_lost;
	for (u32 i = 0; i < r->s.nr_blocks; i++)
		if (!bch_stripe_block(&r->s, i, &r->blocks[i]))
			return -BCH_ERR_data_lost;
	r->want = p->stripe.block;
	if (!matches(r, p))
		return -BCH_ERR_data_lost;

	r->unit_sectors = bch_stripe_unit_sectors(&r->s);
	r->memory = bch_malloc(BCH_BYTES(r->unit_sectors) * r->s.nr_blocks);
	return r->memory ? 0 : -BCH_ERR_no_memory;
}

/* ------------------------------------------------------------------ one unit of it */

static u8 *unit_of(const struct rebuild *r, u32 block)
{
	return r->memory + BCH_BYTES(r->unit_sectors) * block;
}

/* Without checksums it is the generation that tells whether the bucket still holds the block. */
static int verify_unit(const struct rebuild *r, u32 block, u32 unit, u32 nr_sectors)
{
	bool stale;
	int err;

	if (r->s.csum_type)
		return bch_stripe_unit_verify(&r->s, block, unit, unit_of(r, block),
					      BCH_BYTES(nr_sectors));
	err = bch_ptr_is_stale(r->fs, &r->blocks[block], &stale);
	return err || !stale ? err : -BCH_ERR_data_checksum;
}

static bool read_unit(const struct rebuild *r, u32 block, u32 unit, u32 nr_sectors)
{
	struct bch_ptr p = r->blocks[block];
	struct bch_blkdev *dev = bch_ptr_blkdev(r->fs, &p);
	int err;

	if (!dev)
		return false;
	p.offset_sectors += (u64)unit * r->unit_sectors;
	err = bch_blkdev_read(dev, unit_of(r, block), BCH_BYTES(nr_sectors),
			      BCH_BYTES(p.offset_sectors));
	if (!err)
		err = verify_unit(r, block, unit, nr_sectors);
	if (err)
		bch_blob_damage_log(r->fs, &p, err);
	return !err;
}

/* As many other blocks as there is data in are enough: the second parity is read only where it is needed. */
static int rebuild_unit(const struct rebuild *r, u32 unit, u32 nr_sectors)
{
	u32 nr_data = r->s.nr_blocks - r->s.nr_redundant;
	u32 lost = BCH_U32_MAX, nr_good = 0;
	u8 *units[BCH_RAID_BLOCKS_MAX];

	for (u32 i = 0; i < r->s.nr_blocks; i++)
		units[i] = unit_of(r, i);
	for (u32 i = 0; i < r->s.nr_blocks && nr_good < nr_data; i++)
		if (i != r->want && read_unit(r, i, unit, nr_sectors)) {
			lost &= ~(1U << i);
			nr_good++;
		}
	return bch_raid_rebuild(r->s.nr_blocks, r->s.nr_redundant, lost, r->want, units,
				BCH_BYTES(nr_sectors));
}

/* ------------------------------------------------------------------ the blob */

/* Sectors [@at, @at + @nr) of the lost block. */
static int rebuild_range(const struct rebuild *r, u32 at, u32 nr, u8 *out)
{
	int err = 0;

	while (nr && !err) {
		u32 unit = at / r->unit_sectors, start = unit * r->unit_sectors;
		u32 nr_unit = (u32)bch_min(r->unit_sectors, r->s.block_sectors - start);
		u32 n = (u32)bch_min(nr, start + nr_unit - at);

		err = rebuild_unit(r, unit, nr_unit);
		if (!err)
			memcpy(out, unit_of(r, r->want) + BCH_BYTES(at - start), BCH_BYTES(n));
		out += BCH_BYTES(n);
		at += n;
		nr -= n;
	}
	return err;
}

int bch_blob_reconstruct(struct bch_fs *fs, const struct bch_key *k, const struct bch_extent_ptr *p,
			 void *blob)
{
	struct bch_pos pos = bch_pos(0, p->stripe.idx);
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(fs, BCH_BTREE_stripes, pos, pos);
	struct rebuild r = { .fs = fs };
	struct bch_key stripe;
	int err;

	if (!p->in_stripe || bch_cursor_next(&cur, &stripe) <= 0 || stripe.type != BCH_KEY_stripe)
		return -BCH_ERR_data_lost;
	err = rebuild_begin(&r, &stripe, p);
	if (!err)
		err = rebuild_range(&r,
				    (u32)(p->ptr.offset_sectors - r.blocks[r.want].offset_sectors),
				    p->crc.compressed_sectors, blob);
	free(r.memory);
	if (!err)
		err = bch_blob_verify(fs, k, &p->crc, blob);
	return err && err != -BCH_ERR_no_memory ? -BCH_ERR_data_lost : err;
}
