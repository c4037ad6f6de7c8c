// SPDX-License-Identifier: GPL-2.0-or-later
/* The buckets of a member: free ones, and those that superblocks and journal lie in. Format reference: 06 §4, §7, §9.4, §13. */

#include <stdlib.h>

#include "commit/commit.h"
#include "ondisk/data_types.h"
#include "ops/in_place.h"
#include "ops/members.h"

#define RUN_MAX BCH_U32_MAX /* of buckets in one key */

/* ------------------------------------------------------------------ journals */

int bch_member_place_journal(struct bch_fs *fs, u32 dev_idx, const struct bch_in_place *in_place)
{
	struct bch_fs_member *m = &fs->members[dev_idx];
	struct bch_bucket_ranges ranges = { 0 };
	struct bch_member member;
	int err;

	if (!bch_super_member(&fs->super, dev_idx, &member))
		return 0;
	err = in_place ? bch_in_place_journal(in_place, &ranges)
		       : bch_journal_default_place(&m->super.sb->layout, &member, &ranges);
	if (!err)
		err = bch_super_journal_put(&m->super, ranges.v, (u32)ranges.nr);
	free(ranges.v);
	return err ? bch_error(fs->ctx, err, "%s: journal", m->blkdev->name) : 0;
}

int bch_member_clear_journal(struct bch_fs *fs, u32 dev_idx)
{
	struct bch_fs_member *m = &fs->members[dev_idx];
	struct bch_bucket_range *ranges;
	struct bch_member member;
	u32 nr;
	int err = bch_super_journal(&m->super, &ranges, &nr);

	if (err)
		return err;
	(void)bch_super_member(&fs->super, dev_idx, &member);
	for (u32 i = 0; i < nr && !err; i++)
		err = bch_blkdev_zero(m->blkdev, BCH_BYTES(ranges[i].nr * member.bucket_size),
				      BCH_BYTES(ranges[i].start * member.bucket_size));
	free(ranges);
	return err;
}

/* ------------------------------------------------------------------ buckets */

static int put_free_run(struct bch_fs *fs, u32 dev_idx, u64 start, u64 end)
{
	const struct bch_key k = { .pos = bch_pos(dev_idx, end),
				   .type = BCH_KEY_set,
				   .size = (u32)(end - start) };

	return bch_update(fs, BCH_BTREE_freespace, &k, BCH_UPDATE_QUIET);
}

int bch_member_count(struct bch_fs *fs, u32 dev_idx, u8 data_type, s64 change)
{
	u16 version = le16_get(fs->super.sb->version);
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_dev_data_type,
					     .dev_idx = (u8)dev_idx,
					     .data_type = data_type };
	struct bch_pos pos = bch_accounting_pos(&what, version);
	u32 nr = bch_accounting_nr_counters(what.type, version);
	le64 counters[BCH_ACCOUNTING_COUNTERS_MAX];
	struct bch_cursor cur =
		bch_cursor_flavour(fs, BCH_BTREE_accounting, pos, pos, BCH_CURSOR_COMMITTED);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);
	bool zero = true;

	if (more == 0) /* the version is that of the first entry */
		k = (struct bch_key){ .pos = pos, .version_lo = (1ULL << 32) + 1 + dev_idx };
	for (u32 i = 0; more >= 0 && i < nr; i++) {
		u64 sum = (more ? (u64)bch_accounting_counter(&k, i) : 0) + (i ? 0 : (u64)change);

		counters[i] = le64_of(sum);
		zero &= !sum;
	}
	bch_cursor_end(&cur);
	k.type = zero ? BCH_KEY_deleted : BCH_KEY_accounting;
	k.val = (struct bch_bytes){ (const u8 *)counters, zero ? 0 : nr * sizeof(counters[0]) };
	return more < 0 ? more : bch_update(fs, BCH_BTREE_accounting, &k, BCH_UPDATE_QUIET);
}

int bch_member_put_free(struct bch_fs *fs, u32 dev_idx, u64 from, u64 to)
{
	int err = bch_member_count(fs, dev_idx, BCH_DATA_free, (s64)(to - from));

	for (u64 at = from; at < to && !err; at += RUN_MAX)
		err = put_free_run(fs, dev_idx, at, to - at < RUN_MAX ? to : at + RUN_MAX);
	return err;
}

int bch_member_set_bucket(struct bch_fs *fs, u32 dev_idx, u64 nr, u8 data_type, u32 nr_sectors)
{
	u16 version = le16_get(fs->super.sb->version);
	struct bch_pos pos = bch_pos(dev_idx, nr);
	struct bch_cursor cur =
		bch_cursor_flavour(fs, BCH_BTREE_alloc, pos, pos, BCH_CURSOR_COMMITTED);
	u8 val[BCH_ALLOC_V4_LEN];
	struct bch_alloc a = { 0 };
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	if (more > 0 && bch_alloc_get(&k, version, &a) != BCH_KEY_VALID)
		more = -BCH_ERR_alloc_inconsistent;
	bch_cursor_end(&cur);
	if (more < 0 || (a.data_type == data_type && a.dirty_sectors == nr_sectors))
		return more < 0 ? more : 0;
	a.data_type = data_type;
	a.dirty_sectors = nr_sectors;
	bch_alloc_put(&a, version, val);
	k = (struct bch_key){ .pos = pos, .type = BCH_KEY_alloc_v4, .val = { val, sizeof(val) } };
	return bch_update(fs, BCH_BTREE_alloc, &k, 0);
}

int bch_member_put_reserved(const struct bch_recount *r, u32 dev_idx)
{
	const struct bch_recount_bucket *b;
	u32 at = dev_idx;
	u64 nr = 0;
	int err = 0;

	for (; !err && (b = bch_recount_bucket_next(r, &at, &nr)) && at == dev_idx; nr++)
		err = bch_member_set_bucket(r->fs, dev_idx, nr, b->hint, b->dirty_sectors);
	return err;
}
