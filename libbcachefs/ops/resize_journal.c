// SPDX-License-Identifier: GPL-2.0-or-later
/* A journal of another size. Format reference: 06 §13.6, 01 §8.1; CLI 8.8. */

#include "base/checked.h"
#include "commit/commit.h"
#include "journal/journal.h"
#include "ondisk/data_types.h"
#include "ops/members.h"

#include <bcachefs/device.h>

#define BUCKETS_MIN 8
#define BUCKETS_MAX 65536 /* more than any kernel gives one */

struct resize {
	struct bch_fs *fs;
	u32 dev_idx;
	u32 bucket_sectors;
	u64 have, want;			  /* buckets */
	struct bch_bucket_ranges changed; /* those that come, or go */
};

static int count(struct resize *r)
{
	struct bch_bucket_range *ranges;
	u32 nr;
	int err = bch_super_journal(&r->fs->members[r->dev_idx].super, &ranges, &nr);

	r->have = 0;
	for (u32 i = 0; !err && i < nr; i++)
		r->have += ranges[i].nr;
	free(ranges);
	return err;
}

/* ------------------------------------------------------------------ more */

static int take_bucket(struct resize *r)
{
	struct bch_blkdev *dev = r->fs->members[r->dev_idx].blkdev;
	struct bch_bucket_range b = { .nr = 1 };
	u8 gen;
	int err = bch_space_bucket(bch_writer_space(r->fs), r->dev_idx, &b.start, &gen);

	if (!err)
		err = bch_blkdev_zero(dev, BCH_BYTES(r->bucket_sectors),
				      BCH_BYTES(b.start * r->bucket_sectors));
	if (!err)
		err = bch_member_set_bucket(r->fs, r->dev_idx, b.start, BCH_DATA_journal,
					    r->bucket_sectors);
	return err ? err : bch_array_push(&r->changed, b);
}

/* Their order in the journal is that of the disk: each is put behind the newest entry's. */
static int grow(struct resize *r)
{
	int err = 0;

	for (u64 i = r->have; i < r->want && !err; i++)
		err = take_bucket(r);
	if (!err)
		err = bch_commit(r->fs);
	for (size_t i = r->changed.nr; i-- && !err;)
		err = bch_journal_writer_add(bch_writer_journal(r->fs), r->dev_idx,
					     r->changed.v[i].start);
	return err;
}

/* ------------------------------------------------------------------ less */

/* The last ones in its order, but for those with entries that are needed; they are not written to from now on. */
static int choose(struct resize *r)
{
	struct bch_bucket_range *ranges;
	u32 nr;
	u64 left = r->have - r->want;
	int err = bch_super_journal(&r->fs->members[r->dev_idx].super, &ranges, &nr);

	for (u32 i = err ? 0 : nr; i-- && left && !err;)
		for (u64 b = ranges[i].nr; b-- && left && !err;) {
			u64 bucket = ranges[i].start + b;

			err = bch_journal_writer_remove(bch_writer_journal(r->fs), r->dev_idx,
							bucket);
			if (err == -BCH_ERR_refused) {
				err = 0;
				continue;
			}
			if (!err)
				err = bch_array_push(&r->changed,
						     ((struct bch_bucket_range){ bucket, 1 }));
			left--;
		}
	free(ranges);
	return err;
}

/* The superblock, which no more has them, is written before they are free. */
static int shrink(struct resize *r)
{
	int err = bch_commit(r->fs); /* what entries are needed for before */

	if (!err)
		err = choose(r);
	for (size_t i = 0; i < r->changed.nr && !err; i++)
		err = bch_member_set_bucket(r->fs, r->dev_idx, r->changed.v[i].start, BCH_DATA_free,
					    0);
	return err ? err : bch_commit(r->fs);
}

/* ------------------------------------------------------------------ the whole */

static int resize(struct resize *r)
{
	struct bch_members_change c;
	int err = bch_writer_start(r->fs, NULL);

	if (!err)
		err = bch_members_change_begin(&c, r->fs);
	if (!err)
		err = r->want > r->have ? grow(r) : shrink(r);
	if (err == -BCH_ERR_no_space)
		err = bch_error_whole(r->fs->ctx, err,
				      "%s: no room for a journal of %" PRIu64 " bytes",
				      r->fs->members[r->dev_idx].blkdev->name,
				      r->want * BCH_BYTES(r->bucket_sectors));
	return err ? err : bch_members_change_end(&c);
}

int bch_fs_resize_journal(struct bch_fs *fs, u32 dev_idx, u64 size, u64 *old_size, u64 *new_size)
{
	struct resize r = { .fs = fs, .dev_idx = dev_idx };
	struct bch_member m;
	u64 bucket;
	int err;

	if (!bch_super_member(&fs->super, dev_idx, &m) || !fs->members[dev_idx].blkdev)
		return bch_error_whole(fs->ctx, -BCH_ERR_device_missing, "device %u is missing",
				       dev_idx);
	if (!bch_sb_flag(fs->super.sb, BCH_SB_INITIALIZED))
		return bch_error_whole(fs->ctx, -BCH_ERR_refused,
				       "filesystem was never mounted: it has no journal");
	r.bucket_sectors = m.bucket_size;
	bucket = BCH_BYTES(m.bucket_size);
	r.want = bch_min(bch_max(size / bucket, BUCKETS_MIN), BUCKETS_MAX);
	err = count(&r);
	if (!err && r.have != r.want)
		err = resize(&r);
	*old_size = r.have * bucket;
	*new_size = (r.want > r.have ? r.want : r.have - r.changed.nr) * bucket;
	bch_array_end(&r.changed);
	return err;
}
