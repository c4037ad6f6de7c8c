// SPDX-License-Identifier: GPL-2.0-or-later
/* backpointer: decode, encode, rules, text. Format reference: 06 §6, 08 §6. */

#include "ondisk/key_backpointer.h"

#include "ondisk/btree_ids.h"
#include "ondisk/data_types.h"
#include "ondisk/fields.h"
#include "ondisk/key_private.h"

#define DEV_NONE 255

/* The five bytes of place are one number of 40 bits before 1.14, a generation and flags since. */
/* clang-format off */
#define BACKPOINTER_FIELDS(F, B)	\
	F(u8, btree_id, 1)		\
	F(u8, level, 1)			\
	F(u8, data_type, 1)		\
	F(u8, place_lo, 1)		\
	F(u32, place_hi, 1)		\
	F(u32, bucket_len, 1)		\
	F(u32, snapshot, 1)		\
	F(u64, offset, 1)		\
	F(u64, inode, 1)
/* clang-format on */
BCH_DISK_STRUCT(backpointer, BACKPOINTER_FIELDS, BCH_BACKPOINTER_LEN)

void bch_backpointer_get(const struct bch_key *k, u16 version, struct bch_backpointer *bp)
{
	struct backpointer d;

	backpointer_get(&d, k->val.p, k->val.len);
	*bp = (struct bch_backpointer){
		.pos = bch_spos(d.inode, d.offset, d.snapshot),
		.bucket_sectors = d.bucket_len,
		.btree_id = d.btree_id,
		.level = d.level,
		.data_type = d.data_type,
	};
	if (version < BCH_BACKPOINTER_VERSION_GEN) {
		bp->bucket_offset = d.place_lo | (u64)d.place_hi << 8;
	} else {
		bp->bucket_gen = d.place_lo;
		bp->flags = d.place_hi;
	}
}

void bch_backpointer_put(const struct bch_backpointer *bp, u16 version, u8 val[BCH_BACKPOINTER_LEN])
{
	struct backpointer d = {
		.btree_id = bp->btree_id,
		.level = bp->level,
		.data_type = bp->data_type,
		.place_lo = bp->bucket_gen,
		.place_hi = bp->flags,
		.bucket_len = bp->bucket_sectors,
		.snapshot = bp->pos.snapshot,
		.offset = bp->pos.offset,
		.inode = bp->pos.inode,
	};

	if (version < BCH_BACKPOINTER_VERSION_GEN) {
		d.place_lo = (u8)bp->bucket_offset;
		d.place_hi = (u32)(bp->bucket_offset >> 8);
	}
	backpointer_put(&d, val, BCH_BACKPOINTER_LEN);
}

/* Before 1.14: the value says once more where in the bucket the key's position is. */
static bool bucket_offset_is_right(const struct bch_key *k, const struct bch_backpointer *bp,
				   const struct bch_key_dev *d)
{
	u64 bucket = (k->pos.offset >> BCH_BACKPOINTER_SHIFT) / d->bucket_sectors;
	u64 start = bucket * d->bucket_sectors << BCH_BACKPOINTER_SHIFT;

	return bp->bucket_offset >> BCH_BACKPOINTER_SHIFT < d->bucket_sectors &&
	       k->pos.offset == start + bp->bucket_offset;
}

int bch_key_validate_backpointer(const struct bch_key *k, const struct bch_key_context *c,
				 struct bch_buf *why)
{
	const struct bch_key_dev *d = bch_key_dev(c, k->pos.inode);
	struct bch_backpointer bp;

	bch_backpointer_get(k, c->version, &bp);
	if (bp.level > BCH_BACKPOINTER_LEVEL_MAX)
		return bch_key_why(why, BCH_FSCK_backpointer_level_bad, "bad level %u", bp.level);
	if (c->version >= BCH_BACKPOINTER_VERSION_GEN) {
		if (k->pos.inode == DEV_NONE && c->btree_id == BCH_BTREE_backpointers)
			return bch_key_why(why, BCH_FSCK_backpointer_dev_bad, "on no device");
	} else if (d && !bucket_offset_is_right(k, &bp, d)) {
		return bch_key_why(why, BCH_FSCK_backpointer_bucket_offset_wrong,
				   "bucket offset %" PRIu64 ":%" PRIu64 " wrong",
				   bp.bucket_offset >> BCH_BACKPOINTER_SHIFT,
				   bch_bits_get(bp.bucket_offset, 0, BCH_BACKPOINTER_SHIFT));
	}
	return BCH_KEY_VALID;
}

/* "bucket=0:24:361": device, bucket, sector in it; device and sector where the device is unknown. */
static void put_bucket(struct bch_buf *out, const struct bch_key *k,
		       const struct bch_key_context *c, u64 sector)
{
	const struct bch_key_dev *d = bch_key_dev(c, k->pos.inode);

	bch_buf_put(out, "bucket=%" PRIu64 ":", k->pos.inode);
	if (!d)
		bch_buf_put(out, "%" PRIu64, sector);
	else if (c->version < BCH_BACKPOINTER_VERSION_GEN)
		bch_buf_put(out, "%" PRIu64 ":0", sector / d->bucket_sectors);
	else
		bch_buf_put(out, "%" PRIu64 ":%" PRIu64, sector / d->bucket_sectors,
			    sector % d->bucket_sectors);
}

static void put_1_13(struct bch_buf *out, const struct bch_backpointer *bp)
{
	bch_buf_put(out, " l=%u offset=%" PRIu64 ":%" PRIu64 " len=%u pos=", bp->level,
		    bp->bucket_offset >> BCH_BACKPOINTER_SHIFT,
		    bch_bits_get(bp->bucket_offset, 0, BCH_BACKPOINTER_SHIFT), bp->bucket_sectors);
	bch_pos_put(out, bp->pos);
}

static void put_1_14(struct bch_buf *out, const struct bch_backpointer *bp, u64 suboffset)
{
	bch_buf_put(out, " level=%u data_type=", bp->level);
	bch_buf_choice(out, bch_data_type_names, bp->data_type);
	bch_buf_put(out, " suboffset=%" PRIu64 " len=%u gen=%u pos=", suboffset, bp->bucket_sectors,
		    bp->bucket_gen);
	bch_pos_put(out, bp->pos);
	if (bp->flags & BCH_BACKPOINTER_RECONCILE_PHYS)
		bch_buf_puts(out, " phys");
}

void bch_key_put_backpointer(struct bch_buf *out, const struct bch_key *k,
			     const struct bch_key_context *c)
{
	u8 shift = c->fs ? c->fs->backpointer_shift : BCH_BACKPOINTER_SHIFT;
	struct bch_backpointer bp;

	bch_backpointer_get(k, c->version, &bp);
	put_bucket(out, k, c, k->pos.offset >> shift);
	bch_buf_puts(out, " btree=");
	bch_btree_name_put(out, bp.btree_id, c->version);
	if (c->version < BCH_BACKPOINTER_VERSION_GEN)
		put_1_13(out, &bp);
	else
		put_1_14(out, &bp, bch_bits_get(k->pos.offset, 0, shift));
}

/* Before 1.14 bucket_offset, since then bucket_gen and flags are in its place. */
/* clang-format off */
BCH_KEY_FIELDS(backpointer, backpointer_disk,
	BCH_FIELD("btree_id", btree_id, 0, 8, 1, BCH_FIELD_ONE_OF(bch_btree_names, BCH_BTREE_NR))
	BCH_FIELD("data_type", data_type, 0, 8, 1, BCH_FIELD_ONE_OF(bch_data_type_names, BCH_DATA_NR))
	BCH_FIELD("bucket_offset", place_lo, 0, 40, 1)
	BCH_FIELD("bucket_gen", place_lo, 0, 8, 1)
	BCH_FIELD("flags", place_hi, 0, 32, 1, .kind = BCH_FIELD_HEX)
	BACKPOINTER_FIELDS(BCH_FIELD_ROW, BCH_FIELD_BYTES_ROW))
/* clang-format on */
