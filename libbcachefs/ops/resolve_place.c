// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whose a place on a device is: superblocks, journals, buckets, and keys by their backpointers, which are believed only
 * where the key leads back. Format reference: 01 §2, 06 §2, §6; 08 §6.
 */

#include "ondisk/key_alloc.h"
#include "ondisk/key_backpointer.h"
#include "ops/resolve_private.h"

/* Sectors at the start of a device that nobody uses; the layout is among them. */
#define DEVICE_START 8

/* ------------------------------------------------------------------ superblocks and journals */

static const struct bch_super *super_of(const struct bch_resolver *r, u32 dev_idx)
{
	const struct bch_fs *fs = r->fs;
	bool there = dev_idx < fs->nr_members && fs->members[dev_idx].blkdev;

	return there ? &fs->members[dev_idx].super : NULL;
}

static bool is_superblock(const struct bch_super *super, u64 sector)
{
	const struct bch_sb_layout *layout = &super->sb->layout;
	u64 nr = layout->sb_max_size_bits < 64 ? 1ULL << layout->sb_max_size_bits : 0;

	if (sector < DEVICE_START)
		return true;
	for (u32 i = 0; i < layout->nr_superblocks && i < BCH_SB_MAX_COPIES; i++) {
		u64 start = le64_get(layout->sb_offset[i]);

		if (sector >= start && sector - start < nr)
			return true;
	}
	return false;
}

/* 1, 0 or an error. */
static int is_journal(const struct bch_super *super, u64 bucket)
{
	struct bch_bucket_range *ranges = NULL;
	int found = 0;
	u32 nr = 0;
	int err = bch_super_journal(super, &ranges, &nr);

	for (u32 i = 0; err >= 0 && i < nr; i++)
		found |= bucket >= ranges[i].start && bucket - ranges[i].start < ranges[i].nr;
	free(ranges);
	return err < 0 ? err : found;
}

/* ------------------------------------------------------------------ keys */

/* The keys of one level from a position to another; of pointers to nodes, @level is that of the nodes above. */
static struct bch_cursor keys_of(struct bch_resolver *r, u8 btree_id, u8 level, struct bch_pos pos)
{
	return level ? bch_cursor_nodes(r->fs, btree_id, level - 1, pos, pos)
		     : bch_cursor(r->fs, btree_id, pos, pos);
}

/* The key that a backpointer leads to, if it leads back. */
static int follow(struct bch_resolver *r, struct bch_question *q, const struct bch_backpointer *bp)
{
	if (bp->btree_id >= BCH_BTREE_NR || bp->level > BCH_BACKPOINTER_LEVEL_MAX)
		return 0;

	struct bch_cursor cur bch_auto(cursor) = keys_of(r, bp->btree_id, bp->level, bp->pos);
	struct bch_key k;
	u64 from, to;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		if (!bch_pos_compare(k.pos, bp->pos) &&
		    bch_key_leads_to(r, &k, bp->level, &q->place, &from, &to))
			return bch_answer_key(r, q, bp->btree_id, bp->level, &k, from, to);
	return more;
}

/* All backpointers of the bucket up to the sector: what begins before it may reach it. */
static int by_backpointers(struct bch_resolver *r, struct bch_question *q, u64 bucket_start)
{
	u8 shift = r->key_fs.backpointer_shift;
	u64 dev = q->place.dev_idx;

	if (q->place.sector >= BCH_U64_MAX >> shift)
		return 0;

	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->fs, BCH_BTREE_backpointers, bch_pos(dev, bucket_start << shift),
			   bch_spos(dev, ((q->place.sector + 1) << shift) - 1, BCH_U32_MAX));
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		struct bch_backpointer bp;

		if (more < 0)
			return more;
		if (k.type != BCH_KEY_backpointer)
			continue;
		bch_backpointer_get(&k, r->version, &bp);
		err = follow(r, q, &bp);
	}
	return err;
}

static int by_stripes(struct bch_resolver *r, struct bch_question *q)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->fs, BCH_BTREE_stripes, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	u64 from, to;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		if (bch_key_leads_to(r, &k, 0, &q->place, &from, &to))
			return bch_answer_key(r, q, BCH_BTREE_stripes, 0, &k, from, to);
	return more;
}

/* ------------------------------------------------------------------ buckets */

/* What is known of the bucket: all zero where nothing is. */
static int read_bucket(struct bch_resolver *r, u32 dev_idx, u64 bucket, struct bch_alloc *a)
{
	struct bch_pos pos = bch_pos(dev_idx, bucket);
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(r->fs, BCH_BTREE_alloc, pos, pos);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	*a = (struct bch_alloc){ 0 };
	if (more > 0 && bch_alloc_get(&k, r->version, a) != BCH_KEY_VALID)
		*a = (struct bch_alloc){ 0 };
	return more < 0 ? more : 0;
}

static bool is_empty(u8 data_type)
{
	return data_type == BCH_DATA_free || data_type == BCH_DATA_need_discard ||
	       data_type == BCH_DATA_need_gc_gens;
}

/* Nothing was found that leads there. */
static int say_bucket(struct bch_resolver *r, struct bch_question *q, u64 bucket)
{
	struct bch_buf type bch_auto(buf) = { 0 };
	struct bch_alloc a;
	int err = read_bucket(r, q->place.dev_idx, bucket, &a);

	if (err == -BCH_ERR_btree_node_read_failed)
		return bch_resolver_passed_over(r, err);
	if (err)
		return err;
	bch_buf_choice(&type, bch_data_type_names, a.data_type);
	if (is_empty(a.data_type))
		return bch_answer_say(q, BCH_ANSWER_unused, "%s", bch_buf_str(&type));
	if (r->scans)
		return bch_answer_say(q, BCH_ANSWER_unused,
				      "not in use, in bucket %" PRIu64 " that has %s data", bucket,
				      bch_buf_str(&type));
	return bch_answer_say(q, BCH_ANSWER_unknown,
			      "in bucket %" PRIu64 " that has %s data, but no backpointer leads "
			      "on from here; try --scan-btrees",
			      bucket, bch_buf_str(&type));
}

static int by_bucket(struct bch_resolver *r, struct bch_question *q, u64 bucket, u64 bucket_start)
{
	struct bch_alloc a;
	int err = read_bucket(r, q->place.dev_idx, bucket, &a);

	if (!err)
		err = by_backpointers(r, q, bucket_start);
	if (!err && (a.data_type == BCH_DATA_stripe || a.data_type == BCH_DATA_parity))
		err = by_stripes(r, q);
	return bch_resolver_passed_over(r, err);
}

/* ------------------------------------------------------------------ place */

/* An answer in words where the place is in no bucket that keys lead to. */
static int without_keys(struct bch_resolver *r, struct bch_question *q, u64 *bucket)
{
	const struct bch_key_dev *dev = &r->key_fs.devs[q->place.dev_idx];
	const struct bch_super *super = super_of(r, q->place.dev_idx);
	int is;

	if (super && is_superblock(super, q->place.sector))
		return bch_answer_say(q, BCH_ANSWER_superblock, "superblock");
	if (!dev->bucket_sectors)
		return bch_answer_say(q, BCH_ANSWER_missing, "no such member");
	*bucket = q->place.sector / dev->bucket_sectors;
	if (*bucket < dev->first_bucket || *bucket >= dev->nr_buckets)
		return bch_answer_say(q, BCH_ANSWER_missing, "outside of all buckets");
	is = super ? is_journal(super, *bucket) : 0;
	return is > 0 ? bch_answer_say(q, BCH_ANSWER_journal, "journal") : is;
}

int bch_resolver_place(struct bch_resolver *r, struct bch_question *q)
{
	u64 bucket_sectors = r->key_fs.devs[q->place.dev_idx].bucket_sectors, bucket = 0;
	int err = without_keys(r, q, &bucket);

	if (err || q->answers.nr || r->scans)
		return err;
	err = by_bucket(r, q, bucket, bucket * bucket_sectors);
	return err || q->answers.nr ? err : say_bucket(r, q, bucket);
}

int bch_resolver_not_found(struct bch_resolver *r, struct bch_question *q)
{
	return say_bucket(r, q, q->place.sector / r->key_fs.devs[q->place.dev_idx].bucket_sectors);
}
