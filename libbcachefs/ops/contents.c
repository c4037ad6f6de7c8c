// SPDX-License-Identifier: GPL-2.0-or-later
/* What a device holds before it is overwritten: other filesystems, and members of our own. */

#include <stdlib.h>
#include <string.h>

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

/* What is ours. It may be of a version that we cannot read, or damaged: somebody's data all the same. */
static void put_ours(struct bch_buf *out, int err, const struct bch_super *super)
{
	if (!err)
		put_member(out, super);
	else if (err != -BCH_ERR_invalid_sb_magic && err != -BCH_ERR_short_read)
		bch_buf_put(out, "bcachefs filesystem (%s)\n", bch_err_text(err));
}

/* What is not: each kind once, though it has several signatures. */
static void put_foreign(struct bch_buf *out, const struct bch_signatures *found)
{
	for (size_t i = 0; i < found->nr; i++) {
		struct bch_buf line bch_auto(buf) = { 0 };

		if (found->v[i].type && !strcmp(found->v[i].type, "bcachefs"))
			continue; /* we know it better */
		bch_signature_put(&line, &found->v[i]);
		bch_buf_putc(&line, '\n');
		if (!strstr(bch_buf_str(out), bch_buf_str(&line)))
			bch_buf_puts(out, bch_buf_str(&line));
	}
}

static int refuse_mounted(struct bch_ctx *ctx, const char *path)
{
	char *where;
	int err = bch_blkdev_mounted(ctx, path, &where);

	if (err > 0) {
		err = bch_error_whole(ctx, -BCH_ERR_device_mounted, "%s is mounted%s%s", path,
				      where ? " on " : "", where ? where : "");
		free(where);
	}
	return err;
}

int bch_device_contents(struct bch_ctx *ctx, const char *path, struct bch_buf *lines)
{
	struct bch_ctx *quiet bch_auto(ctx) = bch_ctx_new(NULL, NULL);
	struct bch_signatures found bch_auto(signatures) = { 0 };
	struct bch_blkdev *dev bch_auto(blkdev) = NULL;
	struct bch_super super bch_auto(super) = { 0 };
	int err = quiet ? bch_blkdev_open(quiet, path, 0, &dev) : -BCH_ERR_no_memory;

	if (err)
		return bch_error(ctx, err, "%s", path);
	err = refuse_mounted(ctx, path);
	if (!err)
		err = bch_signatures_probe(ctx, path, &found);
	if (err)
		return err;
	put_foreign(lines, &found);
	put_ours(lines, bch_super_read(dev, 0, &super), &super);
	return bch_buf_failed(lines) ? -BCH_ERR_no_memory : 0;
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
