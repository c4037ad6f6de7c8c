// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a device's superblocks lie. Format reference: 01 §2.2. */

#include <string.h>

#include "base/checked.h"
#include "super/super.h"

int bch_layout_make(struct bch_sb_layout *layout, u64 dev_size, u32 block_size, u32 bucket_size,
		    u64 superblock_size)
{
	u64 size = BCH_SECTORS(superblock_size), end = BCH_SECTORS(dev_size);
	u64 block = BCH_SECTORS(block_size), bucket = BCH_SECTORS(bucket_size);
	u64 pos = BCH_SB_SECTOR, reserved, last;

	memset(layout, 0, sizeof(*layout));
	memcpy(layout->magic, bch_magic, sizeof(bch_magic));
	layout->sb_max_size_bits = (u8)bch_ilog2(size);
	reserved = 1ULL << layout->sb_max_size_bits;

	for (layout->nr_superblocks = 0; layout->nr_superblocks < 2; layout->nr_superblocks++) {
		if (pos != BCH_SB_SECTOR)
			pos = (pos + block - 1) / block * block;
		layout->sb_offset[layout->nr_superblocks] = le64_of(pos);
		pos += size;
	}
	if (pos > end)
		return -BCH_ERR_device_too_small;

	/* a third at the end of the device, unless it would touch the second */
	last = (end - reserved) / bucket * bucket;
	if (last >= pos)
		layout->sb_offset[layout->nr_superblocks++] = le64_of(last);
	return 0;
}

u32 bch_layout_cut(struct bch_sb_layout *layout, u64 end)
{
	struct bch_sb_layout cut = *layout;
	u32 nr;

	memset(cut.sb_offset, 0, sizeof(cut.sb_offset));
	cut.nr_superblocks = 0;
	for (u32 i = 0; i < layout->nr_superblocks; i++)
		if (le64_get(layout->sb_offset[i]) + (1ULL << layout->sb_max_size_bits) <= end)
			cut.sb_offset[cut.nr_superblocks++] = layout->sb_offset[i];
	nr = layout->nr_superblocks - cut.nr_superblocks;
	*layout = cut;
	return nr;
}
