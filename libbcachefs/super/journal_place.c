// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a device's journal lies by default, and whether it lies there. Format reference: 01 §13.1, 03 §2, §3.
 *
 * The kernel that initialises a filesystem gives each device the lowest buckets that no superblock's place touches. So
 * the list of a member whose superblock is lost can be told, and the entries there prove it.
 */

#include "super/super.h"

#define JOURNAL_BUCKETS_MIN 8
#define JOURNAL_BUCKETS_MAX 8192
#define JOURNAL_SECTORS_MAX (1U << 24)
#define JOURNAL_SHARE_SHIFT 7 /* of the device's buckets */
#define JSET_MAGIC_OFFSET   offsetof(struct bch_jset_disk, magic)

static u64 default_nr(const struct bch_member *m)
{
	u64 nr = m->nbuckets >> JOURNAL_SHARE_SHIFT;
	u64 max = JOURNAL_SECTORS_MAX / m->bucket_size;

	max = max < JOURNAL_BUCKETS_MAX ? max : JOURNAL_BUCKETS_MAX;
	nr = nr < max ? nr : max;
	return nr > JOURNAL_BUCKETS_MIN ? nr : JOURNAL_BUCKETS_MIN;
}

static bool touches_superblock(const struct bch_sb_layout *layout, u64 from, u64 to)
{
	u64 size = 1ULL << layout->sb_max_size_bits;

	for (u32 i = 0; i < layout->nr_superblocks; i++) {
		u64 start = le64_get(layout->sb_offset[i]);

		if (from < start + size && start < to)
			return true;
	}
	return false;
}

int bch_journal_default_place(const struct bch_sb_layout *layout, const struct bch_member *m,
			      struct bch_bucket_ranges *ranges)
{
	u64 left = default_nr(m);
	int err = 0;

	for (u64 b = 1; !err && left && b < m->nbuckets; b++) {
		struct bch_bucket_range r = { b, 1 };

		if (touches_superblock(layout, b * m->bucket_size, (b + 1) * m->bucket_size))
			continue;
		err = bch_array_push(ranges, r);
		left--;
	}
	return err;
}

int bch_journal_is_there(struct bch_blkdev *dev, const struct bch_super *super,
			 const struct bch_member *m, const struct bch_bucket_ranges *ranges)
{
	u64 want = bch_jset_magic(super->sb->uuid);
	le64 magic;

	if (m->last_journal_bucket >= ranges->nr)
		return 0;
	for (size_t i = 0; i < ranges->nr; i++) {
		u64 at = BCH_BYTES(ranges->v[i].start * m->bucket_size) + JSET_MAGIC_OFFSET;
		int err = bch_blkdev_read(dev, &magic, sizeof(magic), at);

		if (err)
			return err;
		if (le64_get(magic) == want)
			return 1;
	}
	return 0;
}
