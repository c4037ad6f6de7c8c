// SPDX-License-Identifier: GPL-2.0-or-later
/* Which members new data may be written to. Format reference: 06 §12.1, §12.3; 03 §8.2 (4). */

#include "ondisk/data_types.h"
#include "super/super.h"

bool bch_fs_dev_takes(const struct bch_fs *fs, u32 dev_idx, u8 data_type)
{
	struct bch_member m;

	return dev_idx < fs->nr_members && fs->members[dev_idx].blkdev &&
	       bch_super_member(&fs->super, dev_idx, &m) && bch_member_alive(&m) &&
	       bch_member_STATE(&m) == BCH_MEMBER_STATE_rw &&
	       bch_member_DATA_ALLOWED(&m) >> data_type & 1;
}

u32 bch_fs_target_devs(const struct bch_fs *fs, u8 data_type, u64 target,
		       struct bch_write_devs *devs)
{
	struct bch_member m;

	devs->nr = 0;
	devs->durability = 0;
	for (u32 i = 0; i < fs->nr_members; i++) {
		if (!bch_fs_dev_takes(fs, i, data_type) ||
		    (target && !bch_super_in_target(&fs->super, i, target)))
			continue;
		(void)bch_super_member(&fs->super, i, &m);
		if (!bch_member_durability(&m))
			continue;
		devs->v[devs->nr++] = (u8)i;
		devs->durability += bch_member_durability(&m);
	}
	return devs->durability;
}

void bch_fs_metadata_devs(const struct bch_fs *fs, u8 data_type, struct bch_write_devs *devs)
{
	const struct bch_sb *sb = fs->super.sb;
	u64 target = bch_sb_opt(sb, BCH_OPT_metadata_target);

	if (!target)
		target = bch_sb_opt(sb, BCH_OPT_foreground_target);
	if (bch_fs_target_devs(fs, data_type, target, devs) <
	    bch_sb_opt(sb, BCH_OPT_metadata_replicas))
		bch_fs_target_devs(fs, data_type, 0, devs);
}
