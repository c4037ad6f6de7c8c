// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading one device's superblock: the default copy, else a backup. Format reference: 01 §10.1, §10.2. */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "super/super.h"

/* Most superblocks end within this: one read is enough. */
#define FIRST_READ 8192

static int why(struct bch_buf *buf, int err, const char *fmt, ...) bch_printf(3, 4);
static int why(struct bch_buf *buf, int err, const char *fmt, ...)
{
	va_list args;

	if (buf) {
		va_start(args, fmt);
		bch_buf_vput(buf, fmt, args);
		va_end(args);
	}
	return err;
}

/* Bytes of a superblock by its fixed part; 0 where they are more than its place. */
static size_t copy_len(const struct bch_sb *sb)
{
	u8 bits = sb->layout.sb_max_size_bits < BCH_SB_MAX_SIZE_BITS ? sb->layout.sb_max_size_bits
								     : BCH_SB_MAX_SIZE_BITS;
	u64 len = sizeof(*sb) + (u64)le32_get(sb->u64s) * 8;

	return len <= BCH_BYTES(1ULL << bits) ? (size_t)len : 0;
}

/* What can be said of the fixed part alone. */
static int check_fixed(const struct bch_sb *sb, struct bch_buf *buf)
{
	u16 version = le16_get(sb->version), min = le16_get(sb->version_min);
	struct bch_buf found bch_auto(buf) = { 0 };

	if (memcmp(sb->magic, bch_magic, 16) && memcmp(sb->magic, bch_magic_bcache, 16)) {
		bch_buf_uuid(&found, sb->magic);
		return why(buf, -BCH_ERR_invalid_sb_magic, "found magic %s", bch_buf_str(&found));
	}
	if (!bch_version_compatible(version) || !bch_version_compatible(min) || min > version) {
		bch_version_put(&found, version);
		return why(buf, -BCH_ERR_invalid_sb_version, "version %s", bch_buf_str(&found));
	}
	if (!copy_len(sb))
		return why(buf, -BCH_ERR_invalid_sb_too_big, "%u u64s", le32_get(sb->u64s));
	return 0;
}

static int check_csum(const struct bch_super *super, struct bch_buf *buf)
{
	u8 type = (u8)bch_sb_flag(super->sb, BCH_SB_CSUM_TYPE);
	struct bch_csum want, have = { le64_get(super->sb->csum[0]), le64_get(super->sb->csum[1]) };

	if (type >= BCH_CSUM_NR || bch_csum_type_encrypts(type))
		return why(buf, -BCH_ERR_invalid_sb_csum_type, "type %u", type);
	(void)bch_csum(type, NULL, (struct bch_nonce){ 0 },
		       (const u8 *)super->sb + BCH_SB_CSUM_START,
		       bch_super_len(super) - BCH_SB_CSUM_START, &want); /* the type is known */
	if (!bch_csum_equal(have, want))
		return why(buf, -BCH_ERR_invalid_sb_csum,
			   "%s: got %" PRIx64 ":%" PRIx64 ", should be %" PRIx64 ":%" PRIx64,
			   bch_csum_type_name(type), have.hi, have.lo, want.hi, want.lo);
	return 0;
}

/* All bytes of the copy whose first @have are in @buf already. */
static int read_rest(struct bch_blkdev *dev, u64 sector, u8 **buf, size_t have, size_t want)
{
	u8 *p;

	if (want <= have)
		return 0;
	p = bch_realloc(*buf, want);
	if (!p)
		return -BCH_ERR_no_memory;
	*buf = p;
	return bch_blkdev_read(dev, p + have, want - have, BCH_BYTES(sector) + have);
}

int bch_super_read_copy(struct bch_blkdev *dev, u64 sector, struct bch_super *super,
			struct bch_buf *buf)
{
	u64 size = dev->geometry.size;
	size_t first = FIRST_READ, len;
	u8 *p;
	int err;

	if (sector > BCH_SECTORS(size) || size - BCH_BYTES(sector) < sizeof(struct bch_sb))
		return why(buf, -BCH_ERR_short_read, "device has %" PRIu64 " bytes", size);
	if (size - BCH_BYTES(sector) < first)
		first = (size_t)(size - BCH_BYTES(sector));
	p = bch_malloc(first);
	if (!p)
		return -BCH_ERR_no_memory;

	err = bch_blkdev_read(dev, p, first, BCH_BYTES(sector));
	if (!err)
		err = check_fixed((const struct bch_sb *)p, buf);
	if (!err) {
		len = copy_len((const struct bch_sb *)p);
		if (size - BCH_BYTES(sector) < len)
			err = why(buf, -BCH_ERR_short_read, "copy of %zu bytes", len);
		else
			err = read_rest(dev, sector, &p, first, len);
		if (!err)
			err = bch_super_set(super, (struct bch_bytes){ p, len });
		if (!err)
			err = check_csum(super, buf);
	}
	free(p);
	return err;
}

int bch_super_read_layout(struct bch_blkdev *dev, struct bch_sb_layout *layout, struct bch_buf *buf)
{
	int err = bch_blkdev_read(dev, layout, sizeof(*layout), BCH_BYTES(BCH_SB_LAYOUT_SECTOR));

	return err ? err : bch_sb_layout_validate(layout, buf);
}

/* The first good backup that the layout of sector 7 names. */
static int read_backup(struct bch_blkdev *dev, struct bch_super *super, u64 *sector)
{
	struct bch_sb_layout layout;
	int err = bch_super_read_layout(dev, &layout, NULL);

	for (u32 i = 0; !err && i < layout.nr_superblocks; i++) {
		*sector = le64_get(layout.sb_offset[i]);
		if (*sector == BCH_SB_SECTOR)
			continue;
		err = bch_super_read_copy(dev, *sector, super, NULL);
		if (!err || err == -BCH_ERR_no_memory)
			return err;
		err = 0;
	}
	return -BCH_ERR_no_sb_found;
}

/* One line: where, what, details. */
static int say(struct bch_blkdev *dev, int err, u64 sector, struct bch_buf *details)
{
	return bch_error_whole(dev->ctx, err, "%s: superblock at sector %" PRIu64 ": %s%s%s%s",
			       dev->name, sector, bch_err_text(err), details->len ? " (" : "",
			       bch_buf_str(details), details->len ? ")" : "");
}

int bch_super_read(struct bch_blkdev *dev, u64 want, struct bch_super *super)
{
	u64 sector = want ? want : BCH_SB_SECTOR, backup;
	struct bch_buf details bch_auto(buf) = { 0 };
	int err = bch_super_read_copy(dev, sector, super, &details);

	if (err && err != -BCH_ERR_no_memory && !want && !read_backup(dev, super, &backup)) {
		bch_log(dev->ctx, BCH_LOG_warn,
			"%s: superblock at sector %" PRIu64 ": %s; the copy at sector %" PRIu64
			" is used",
			dev->name, sector, bch_err_text(err), backup);
		bch_buf_reset(&details);
		sector = backup;
		err = 0;
	}
	if (!err)
		err = bch_sb_validate(super, sector, 0, &details);
	if (err)
		return say(dev, err, sector, &details);
	bch_sb_fix_up(super->sb);
	return 0;
}
