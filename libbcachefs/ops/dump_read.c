// SPDX-License-Identifier: GPL-2.0-or-later
/* The bytes that go into a dump: read as far as they can be, and changed as is wanted. */

#include "ops/dump_private.h"

static void warn(const struct bch_dump *d, const struct bch_dump_member *m, const char *what,
		 u64 sector, const char *why)
{
	bch_log(d->fs->ctx, BCH_LOG_warn, "%s: %s at sector %" PRIu64 " %s", m->dev->name, what,
		sector, why);
}

/* Block by block; those that cannot be read are zeroes in the dump. */
static void read_what_can_be(const struct bch_dump *d, const struct bch_dump_member *m, u8 *buf,
			     const struct bch_qcow2_range *range)
{
	u64 block = BCH_BYTES(le16_get(d->fs->super.sb->block_size));

	for (u64 at = 0; at < range->len; at += block) {
		size_t n = range->len - at < block ? (size_t)(range->len - at) : (size_t)block;

		if (bch_blkdev_read(m->dev, buf + at, n, range->offset + at)) {
			memset(buf + at, 0, n);
			warn(d, m, "what is", BCH_SECTORS(range->offset + at),
			     "cannot be read: it is zeroes in the dump");
		}
	}
}

/* Another sector may have been put in its place since it was looked at. */
static int edit_super(const struct bch_dump *d, const struct bch_dump_member *m, u8 *buf,
		      const struct bch_qcow2_range *range)
{
	struct bch_super super bch_auto(super) = { 0 };
	u64 sector = BCH_SECTORS(range->offset);
	int err;

	if (!bch_dump_super_at(m->dev, sector, &super) || bch_super_len(&super) != range->len) {
		if (d->edit.data)
			memset(buf, 0, range->len);
		return 0;
	}
	err = bch_dump_edit_super(&d->edit, &super, sector);
	if (!err)
		memcpy(buf, super.sb, range->len);
	return err;
}

static void edit_layout(const struct bch_dump *d, const struct bch_dump_member *m, u8 *buf,
			const struct bch_qcow2_range *range)
{
	const struct bch_sb_layout *layout = (const void *)buf;

	if (!bch_sb_layout_validate(layout, NULL))
		return;
	warn(d, m, "layout", BCH_SB_LAYOUT_SECTOR, "is damaged");
	if (d->edit.data)
		memset(buf, 0, range->len);
}

static void edit_node(const struct bch_dump *d, const struct bch_dump_member *m, u8 *buf,
		      const struct bch_qcow2_range *range)
{
	if (!bch_dump_edit_node(&d->edit, buf, range->len, (u32)(range->what >> 32)))
		warn(d, m, "btree node", BCH_SECTORS(range->offset),
		     d->edit.data ? "is damaged: what cannot be told apart is zeroes in the dump"
				  : "is damaged: it is dumped as it is");
}

int bch_dump_read(const struct bch_dump *d, const struct bch_dump_member *m,
		  const struct bch_qcow2_range *range, void *buf)
{
	if (bch_cancelled(d->fs->ctx))
		return -BCH_ERR_cancelled;
	if (bch_blkdev_read(m->dev, buf, range->len, range->offset))
		read_what_can_be(d, m, buf, range);

	switch ((enum bch_dump_kind)(u32)range->what) {
	case BCH_DUMP_layout:
		edit_layout(d, m, buf, range);
		return 0;
	case BCH_DUMP_super:
		return edit_super(d, m, buf, range);
	case BCH_DUMP_bucket:
		return bch_dump_edit_bucket(&d->edit, buf, range->len);
	case BCH_DUMP_node:
		edit_node(d, m, buf, range);
		return 0;
	}
	return 0;
}
