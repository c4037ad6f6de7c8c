// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Members that change, in superblock and keys. Format reference: 01 §8.12.
 *
 * The superblock is written before the commit and after it. What stands between the two has a member whose buckets are
 * not all told of, or not there any more: the passes that put this right are scheduled as long.
 */

#include <bcachefs/recovery_pass.h>

#include "commit/commit.h"
#include "ondisk/passes.h"
#include "ops/members.h"

#define PASSES                                                                      \
	(1ULL << BCH_PASS_check_allocations | 1ULL << BCH_PASS_trans_mark_dev_sbs | \
	 1ULL << BCH_PASS_check_alloc_info)

int bch_members_change_begin(struct bch_members_change *c, struct bch_fs *fs)
{
	struct bch_sb_ext ext;

	bch_super_ext(&fs->super, &ext);
	*c = (struct bch_members_change){ fs, PASSES & ~ext.recovery_passes_required[0] };
	bch_btrees_members_changed(fs);
	bch_writer_super_changed(fs);
	return bch_fs_schedule_passes(fs, c->passes, 0);
}

int bch_members_change_end(struct bch_members_change *c)
{
	struct bch_fs *fs = c->fs;
	int err = bch_fs_schedule_passes(fs, 0, c->passes);

	bch_btrees_members_changed(fs);
	bch_writer_super_changed(fs);
	return err ? err : bch_writer_finish(fs);
}
