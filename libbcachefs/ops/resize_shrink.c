// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A member that ends earlier. Format reference: 06 §13.5, §4, §7; 01 §2.2.
 *
 * From the start nothing new goes behind the end that it will have. The journal gets other buckets; what data and nodes
 * are there move; then superblock and old journal give their buckets back, and a last commit drops all buckets behind
 * the end. The superblocks follow it, with the new layout.
 */

#include "base/checked.h"
#include "commit/commit.h"
#include "journal/journal.h"
#include "ondisk/data_types.h"
#include "ops/move.h"
#include "ops/resize_private.h"

#define BUCKET_MASK ((1ULL << 56) - 1) /* of an offset in freespace */

struct shrink {
	struct bch_resize *r;
	struct bch_fs *fs;
	u32 dev_idx;
	u32 bucket_sectors;
	u64 end;		     /* buckets that there will be */
	struct bch_sb_layout layout; /* the new one */
};

static struct bch_blkdev *blkdev(const struct shrink *s)
{
	return s->fs->members[s->dev_idx].blkdev;
}

static const struct bch_sb_layout *old_layout(const struct shrink *s)
{
	return &s->fs->members[s->dev_idx].super.sb->layout;
}

/* ------------------------------------------------------------------ journal */

/* The journal's buckets behind the end: how many, and with @fn what is to be done with each. */
static int each_behind(struct shrink *s, int (*fn)(struct shrink *s, u64 bucket), u64 *nr)
{
	struct bch_bucket_range *ranges;
	u32 nr_ranges;
	int err = bch_super_journal(&s->fs->members[s->dev_idx].super, &ranges, &nr_ranges);

	*nr = 0;
	for (u32 i = 0; !err && i < nr_ranges; i++)
		for (u64 b = ranges[i].start; !err && b < ranges[i].start + ranges[i].nr; b++) {
			if (b < s->end)
				continue;
			++*nr;
			err = fn ? fn(s, b) : 0;
		}
	free(ranges);
	return err;
}

static int add_bucket(struct shrink *s)
{
	u64 bucket;
	u8 gen;
	int err = bch_space_bucket(bch_writer_space(s->fs), s->dev_idx, &bucket, &gen);

	if (!err)
		err = bch_blkdev_zero(blkdev(s), BCH_BYTES(s->bucket_sectors),
				      BCH_BYTES(bucket * s->bucket_sectors));
	if (!err)
		err = bch_member_set_bucket(s->fs, s->dev_idx, bucket, BCH_DATA_journal,
					    s->bucket_sectors);
	return err ? err : bch_journal_writer_add(bch_writer_journal(s->fs), s->dev_idx, bucket);
}

/* As many new ones as there will be too few. */
static int replace_journal(struct shrink *s)
{
	u64 nr;
	int err = each_behind(s, NULL, &nr);

	bch_journal_writer_limit(bch_writer_journal(s->fs), s->dev_idx, s->end * s->bucket_sectors);
	if (err || !nr)
		return err;
	for (u64 i = 0; i < nr && !err; i++)
		err = add_bucket(s);
	if (err == -BCH_ERR_no_space)
		return bch_error_whole(s->fs->ctx, err, "%s: no room for the journal",
				       blkdev(s)->name);
	return err ? err : bch_commit(s->fs);
}

static int drop_bucket(struct shrink *s, u64 bucket)
{
	return bch_journal_writer_remove(bch_writer_journal(s->fs), s->dev_idx, bucket);
}

/* ------------------------------------------------------------------ superblocks */

static u64 copy_sectors(const struct shrink *s)
{
	return 1ULL << old_layout(s)->sb_max_size_bits;
}

/* The last run of free buckets before the end that is long enough for a copy: false where there is none. */
static int find_place(struct shrink *s, u64 nr_buckets, u64 *start)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(s->fs, BCH_BTREE_freespace, bch_pos(s->dev_idx, 0),
				   bch_pos(s->dev_idx, BUCKET_MASK), BCH_CURSOR_COMMITTED);
	struct bch_key k;
	bool found = false;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		u64 last = bch_min(k.pos.offset, s->end);

		if (last < nr_buckets || last - nr_buckets < k.pos.offset - k.size)
			continue;
		*start = last - nr_buckets;
		found = true;
	}
	return more < 0 ? more : found;
}

static int put_copy(struct shrink *s, u64 start, u64 nr_buckets)
{
	u64 left = copy_sectors(s);
	int err = 0;

	for (u64 b = start; b < start + nr_buckets && !err; b++) {
		u32 here = (u32)bch_min(left, s->bucket_sectors);

		err = bch_member_set_bucket(s->fs, s->dev_idx, b, BCH_DATA_sb, here);
		left -= here;
	}
	return err;
}

/* A copy that has no place elsewhere is no more. */
static int place_copy(struct shrink *s)
{
	u64 nr_buckets = (copy_sectors(s) + s->bucket_sectors - 1) / s->bucket_sectors, start;
	int found = find_place(s, nr_buckets, &start);

	if (found <= 0)
		return found;
	bch_space_limit(bch_writer_space(s->fs), s->dev_idx, start);
	s->layout.sb_offset[s->layout.nr_superblocks++] = le64_of(start * s->bucket_sectors);
	return put_copy(s, start, nr_buckets);
}

static bool is_behind(const struct shrink *s, u64 sector)
{
	return sector + copy_sectors(s) > s->end * s->bucket_sectors;
}

static int place_copies(struct shrink *s)
{
	s->layout = *old_layout(s);
	return bch_layout_cut(&s->layout, s->end * s->bucket_sectors) ? place_copy(s) : 0;
}

/* So that nobody finds an old one later. */
static int wipe_copies(struct shrink *s, const struct bch_sb_layout *old)
{
	int err = 0;

	for (u32 i = 0; i < old->nr_superblocks && !err; i++) {
		u64 sector = le64_get(old->sb_offset[i]);

		if (is_behind(s, sector))
			err = bch_blkdev_zero(blkdev(s), BCH_SECTOR_SIZE, BCH_BYTES(sector));
	}
	return err ? err : bch_blkdev_flush(blkdev(s));
}

/* ------------------------------------------------------------------ the steps */

static int move_data(struct shrink *s)
{
	struct bch_move_job job = {
		.name = "resize",
		.tail_sector = s->end * s->bucket_sectors,
		.tail_dev = s->dev_idx,
		.refuse_lost = true,
	};
	struct bch_move_result *moved = &s->r->result->moved;
	int err = each_behind(s, NULL, &job.tail_reserved);

	if (!err)
		err = bch_move_run(s->fs, &job, &s->r->opts->move, moved);
	if (!err && moved->nr_lost)
		err = bch_error_whole(s->fs->ctx, -BCH_ERR_refused,
				      "%" PRIu64
				      " extents behind the end have no good copy; nothing "
				      "was moved",
				      moved->nr_lost);
	return err;
}

/* What superblock and journal had behind the end. */
static int free_reserved(struct shrink *s)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(s->fs, BCH_BTREE_alloc, bch_pos(s->dev_idx, s->end),
				   bch_pos(s->dev_idx, BCH_U64_MAX), BCH_CURSOR_COMMITTED);
	u16 version = le16_get(s->fs->super.sb->version);
	struct bch_alloc a;
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0) {
		if (more < 0)
			return more;
		if (bch_alloc_get(&k, version, &a) == BCH_KEY_VALID &&
		    (a.data_type == BCH_DATA_sb || a.data_type == BCH_DATA_journal))
			err = bch_member_set_bucket(s->fs, s->dev_idx, k.pos.offset, BCH_DATA_free,
						    0);
	}
	return err;
}

static int set_end(struct shrink *s)
{
	struct bch_fs_member *fm = &s->fs->members[s->dev_idx];
	struct bch_member m;
	u64 nr;
	int err = each_behind(s, drop_bucket, &nr);

	if (err)
		return bch_error(s->fs->ctx, err, "%s: journal", blkdev(s)->name);
	(void)bch_super_member(&s->fs->super, s->dev_idx, &m);
	m.nbuckets = s->end;
	bch_super_member_put(&s->fs->super, s->dev_idx, &m);
	fm->super.sb->layout = s->layout;
	fm->new_layout = true;
	return bch_writer_prune_replicas(s->fs);
}

static int empty_and_cut(struct shrink *s)
{
	int err = place_copies(s);

	if (!err)
		err = free_reserved(s);
	if (!err)
		err = bch_commit(s->fs);
	if (!err)
		err = bch_member_cut(s->fs, s->dev_idx, s->end);
	if (!err)
		err = bch_commit(s->fs);
	return err ? err : set_end(s);
}

/* Behind an error that left things as they were nothing needs to be checked. */
static int begin(struct shrink *s, struct bch_members_change *c)
{
	u64 seq = le64_get(s->fs->super.sb->seq);
	int err = bch_members_change_begin(c, s->fs);

	if (!err)
		err = replace_journal(s);
	if (err && le64_get(s->fs->super.sb->seq) != seq)
		(void)bch_members_change_end(c); /* the first error counts */
	return err;
}

/* Data first, which takes long: until there is none left the member is as it was. */
static int shrink(struct shrink *s)
{
	const struct bch_sb_layout old = *old_layout(s);
	struct bch_members_change c;
	int err = move_data(s);

	if (err || s->r->result->moved.interrupted)
		return err ? err : bch_writer_finish(s->fs);
	err = begin(s, &c);
	if (!err)
		err = empty_and_cut(s);
	if (!err)
		err = bch_members_change_end(&c);
	return err ? err : wipe_copies(s, &old);
}

int bch_resize_shrink(struct bch_resize *r)
{
	struct shrink s = { .r = r,
			    .fs = r->fs,
			    .dev_idx = r->dev_idx,
			    .bucket_sectors = BCH_SECTORS(r->bucket),
			    .end = r->new };
	int err = bch_writer_start(r->fs, NULL);

	if (err)
		return err;
	bch_space_limit(bch_writer_space(r->fs), r->dev_idx, r->new);
	return shrink(&s);
}
