// SPDX-License-Identifier: GPL-2.0-or-later
/* What a device holds before it is overwritten: other filesystems, and members of our own. */

#include <stdlib.h>

#include <bcachefs/format.h>
#include "ops/contents.h"

static u32 other_members(const struct bch_super *super)
{
	struct bch_member m;
	u32 nr = 0;

	for (u32 i = 0; i < super->sb->nr_devices; i++)
		nr += i != super->sb->dev_idx && bch_super_member(super, i, &m) &&
		      bch_member_alive(&m);
	return nr;
}

static void put_member(struct bch_buf *out, const struct bch_super *super)
{
	const struct bch_sb *sb = super->sb;
	u32 others = other_members(super);

	bch_buf_puts(out, "bcachefs filesystem");
	if (sb->label[0]) {
		bch_buf_puts(out, " labelled '");
		bch_buf_text(out, sb->label, sizeof(sb->label));
		bch_buf_putc(out, '\'');
	}
	bch_buf_puts(out, " (UUID ");
	bch_buf_uuid(out, sb->user_uuid);
	bch_buf_put(out, ", member %u, %u other member%s)\n", sb->dev_idx, others,
		    others == 1 ? "" : "s");
}

int bch_device_contents(struct bch_ctx *ctx, const char *path, struct bch_buf *lines)
{
	struct bch_ctx *quiet bch_auto(ctx) = bch_ctx_new(NULL, NULL);
	struct bch_signatures found bch_auto(signatures) = { 0 };
	struct bch_blkdev *dev bch_auto(blkdev) = NULL;
	struct bch_super super bch_auto(super) = { 0 };
	char *where = NULL;
	int err = quiet ? bch_blkdev_mounted(ctx, path, &where) : -BCH_ERR_no_memory;

	if (err > 0) {
		err = bch_error_whole(ctx, -BCH_ERR_device_mounted, "%s is mounted%s%s", path,
				      where ? " on " : "", where ? where : "");
		free(where);
	}
	if (!err)
		err = bch_signatures_probe(ctx, path, &found);
	for (size_t i = 0; !err && i < found.nr; i++) {
		bch_signature_put(lines, &found.v[i]);
		bch_buf_putc(lines, '\n');
	}
	/* a device whose superblock is no good holds nothing of ours that could be named */
	if (!err && !bch_blkdev_open(quiet, path, 0, &dev) && !bch_super_read(dev, 0, &super))
		put_member(lines, &super);
	return err;
}

/* The copies that the old layout names, so that nobody finds an old backup later. */
static int wipe_copies(struct bch_blkdev *dev)
{
	struct bch_sb_layout layout;
	int err = 0;

	if (bch_super_read_layout(dev, &layout, NULL))
		return 0;
	for (u32 i = 0; !err && i < layout.nr_superblocks; i++) {
		u64 sector = le64_get(layout.sb_offset[i]);

		if (sector < BCH_SECTORS(dev->geometry.size))
			err = bch_blkdev_zero(dev, BCH_SECTOR_SIZE, BCH_BYTES(sector));
	}
	return err;
}

int bch_contents_wipe(struct bch_blkdev *dev, const struct bch_signatures *found)
{
	int err = bch_signatures_wipe(dev, found);

	return err ? err : wipe_copies(dev);
}
