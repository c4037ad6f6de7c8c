// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Devices that end before what is on them, whose partition or image file was cut: the member ends with its device. What
 * lay behind is lost; the other steps find what referred to it. Format reference: 01 §2.2, §8.6.
 */

#include "check/check.h"

#include <stdlib.h>

#include "base/checked.h"
#include "super/super.h"

static int cut_journal(struct bch_fs_member *fm, u64 end)
{
	struct bch_bucket_range *ranges;
	u32 nr, kept = 0;
	int err = bch_super_journal(&fm->super, &ranges, &nr);

	for (u32 i = 0; !err && i < nr; i++) {
		if (ranges[i].start >= end)
			continue;
		ranges[kept] = ranges[i];
		ranges[kept].nr = bch_min(ranges[kept].nr, end - ranges[kept].start);
		kept++;
	}
	if (!err)
		err = bch_super_journal_put(&fm->super, ranges, kept);
	free(ranges);
	return err;
}

static int cut(struct bch_check *c, u32 dev_idx, struct bch_member *m)
{
	struct bch_fs_member *fm = &c->fs->members[dev_idx];

	m->nbuckets = bch_blkdev_buckets(fm->blkdev, m);
	bch_super_member_put(&c->fs->super, dev_idx, m);
	bch_key_fs_init(&c->key_fs, &c->fs->super);
	bch_btrees_members_changed(c->fs);
	(void)bch_layout_cut(&fm->super.sb->layout, m->nbuckets * m->bucket_size);
	fm->new_layout = true;
	return cut_journal(fm, m->nbuckets);
}

static int check_end(struct bch_check *c, u32 dev_idx)
{
	struct bch_fs_member *fm = &c->fs->members[dev_idx];
	struct bch_member m;
	int yes;

	if (!fm->blkdev || !bch_super_member(&c->fs->super, dev_idx, &m) ||
	    bch_blkdev_buckets(fm->blkdev, &m) >= m.nbuckets)
		return 0;
	yes = bch_problem(c, BCH_PROBLEM_device_too_short,
			  "%s ends at bucket %" PRIu64 ", what is on it at %" PRIu64,
			  fm->blkdev->name, bch_blkdev_buckets(fm->blkdev, &m), m.nbuckets);
	if (yes < 0)
		return yes;
	if (!yes) { /* superblocks and journal may be to be written behind the end */
		c->look_only = true;
		c->writes = false;
	}
	return cut(c, dev_idx, &m);
}

int bch_check_device_ends(struct bch_check *c)
{
	int err = 0;

	for (u32 i = 0; i < c->fs->nr_members && !err; i++)
		err = check_end(c, i);
	return err;
}
