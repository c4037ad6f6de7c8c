// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writing superblocks. Format reference: 01 §11.
 *
 * The first sector of a primary is the commit point: after any prefix of what is written here a kernel takes the old or
 * the new state, whole. So all backups of all members are written and flushed, then the first sector of each primary,
 * then the rest of each; and readers take a valid primary before newer backups.
 */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "super/super.h"

u8 bch_super_csum_type(const struct bch_sb *sb)
{
	static const u8 types[] = { BCH_CSUM_none, BCH_CSUM_crc32c_nonzero, BCH_CSUM_crc64_nonzero,
				    BCH_CSUM_xxhash };

	return types[bch_sb_flag(sb, BCH_SB_META_CSUM_TYPE) % bch_array_size(types)];
}

u8 bch_fs_metadata_csum_type(const struct bch_fs *fs)
{
	bool encrypted = bch_fs_encryption(fs) != BCH_NOT_ENCRYPTED;

	return encrypted ? BCH_CSUM_chacha20_poly1305_128 : bch_super_csum_type(fs->super.sb);
}

int bch_super_seal(struct bch_super *super, u64 sector)
{
	struct bch_sb *sb = super->sb;
	struct bch_csum csum;
	int err;

	sb->offset = le64_of(sector);
	err = bch_csum((u8)bch_sb_flag(sb, BCH_SB_CSUM_TYPE), NULL, (struct bch_nonce){ 0 },
		       (const u8 *)sb + BCH_SB_CSUM_START, bch_super_len(super) - BCH_SB_CSUM_START,
		       &csum);
	if (err)
		return err;
	sb->csum[0] = le64_of(csum.lo);
	sb->csum[1] = le64_of(csum.hi);
	return 0;
}

/* The bytes of a sealed copy, zero-padded to the device's blocks; to be freed. */
static int padded(const struct bch_fs_member *m, u8 **p, size_t *len)
{
	size_t block = m->blkdev->geometry.logical_block_size, have = bch_super_len(&m->super);

	*len = (have + block - 1) / block * block;
	*p = bch_calloc(1, *len);
	if (!*p)
		return -BCH_ERR_no_memory;
	memcpy(*p, m->super.sb, have);
	return 0;
}

/* Which part of a copy. */
enum part {
	PART_WHOLE,
	PART_FIRST_SECTOR,
	PART_REST,
};

static int write_part(struct bch_fs_member *m, u32 copy, enum part part)
{
	u64 sector = le64_get(m->super.sb->layout.sb_offset[copy]);
	size_t first = m->blkdev->geometry.logical_block_size, from, len;
	u8 *p;
	int err = bch_super_seal(&m->super, sector);

	if (!err)
		err = padded(m, &p, &len);
	if (err)
		return bch_error(m->blkdev->ctx, err, "%s: superblock at sector %" PRIu64,
				 m->blkdev->name, sector);
	from = part == PART_REST ? first : 0;
	if (part == PART_FIRST_SECTOR)
		len = first;
	if (len > from)
		err = bch_blkdev_write(m->blkdev, p + from, len - from, BCH_BYTES(sector) + from);
	free(p);
	return err;
}

/* The layout of sector 7, within the block that holds it. */
static int write_layout(struct bch_fs_member *m)
{
	const struct bch_sb_layout *layout = &m->super.sb->layout;

	return bch_sb_layout_is_default(layout)
		       ? bch_blkdev_write(m->blkdev, layout, sizeof(*layout),
					  BCH_BYTES(BCH_SB_LAYOUT_SECTOR))
		       : 0;
}

static int write_new_layout(struct bch_fs_member *m)
{
	int err = m->new_layout ? write_layout(m) : 0;

	m->new_layout &= err != 0;
	return err;
}

static int write_backups(struct bch_fs_member *m)
{
	int err = 0;

	for (u32 i = 1; !err && i < m->super.sb->layout.nr_superblocks; i++)
		err = write_part(m, i, PART_WHOLE);
	return err;
}

static int write_primary_start(struct bch_fs_member *m)
{
	return write_part(m, 0, PART_FIRST_SECTOR);
}

static int write_primary_rest(struct bch_fs_member *m)
{
	return write_part(m, 0, PART_REST);
}

/* One step on all members, then a flush of all. */
static int step(struct bch_fs *fs, int (*fn)(struct bch_fs_member *m))
{
	int err = 0;

	for (u32 i = 0; !err && i < fs->nr_members; i++)
		if (fs->members[i].blkdev)
			err = fn(&fs->members[i]);
	for (u32 i = 0; !err && i < fs->nr_members; i++)
		if (fs->members[i].blkdev)
			err = bch_blkdev_flush(fs->members[i].blkdev);
	return err;
}

static bool any_new_layout(const struct bch_fs *fs)
{
	bool any = false;

	for (u32 i = 0; i < fs->nr_members; i++)
		any |= fs->members[i].new_layout;
	return any;
}

int bch_fs_write_copies(struct bch_fs *fs, bool with_layout)
{
	int err = step(fs, write_backups);

	if (!err && (with_layout || any_new_layout(fs)))
		err = step(fs, with_layout ? write_layout : write_new_layout);
	if (!err)
		err = step(fs, write_primary_start);
	if (!err)
		err = step(fs, write_primary_rest);
	return err;
}

/* What is fs-wide goes to the member, with the rules of writing. */
static int prepare(struct bch_fs *fs, struct bch_fs_member *m, u64 seq)
{
	struct bch_buf details bch_auto(buf) = { 0 };
	int err;

	if (!m->blkdev)
		return 0;
	err = bch_super_copy_fs(&m->super, &fs->super);
	if (err)
		return bch_error(fs->ctx, err, "%s: superblock", m->blkdev->name);
	m->super.sb->seq = le64_of(seq);
	m->super.sb->offset = m->super.sb->layout.sb_offset[0]; /* it may be a backup's */
	err = bch_sb_validate(&m->super, le64_get(m->super.sb->offset), BCH_SB_VALIDATE_WRITE,
			      &details);
	return err ? bch_error(fs->ctx, err, "%s: superblock to be written: %s", m->blkdev->name,
			       bch_buf_str(&details))
		   : 0;
}

int bch_fs_write_stranger(struct bch_fs *fs, u32 dev_idx)
{
	struct bch_fs_member *m = &fs->members[dev_idx];
	int err = prepare(fs, m, 0);

	if (!err)
		err = write_backups(m);
	if (!err)
		err = write_layout(m);
	if (!err)
		err = write_part(m, 0, PART_WHOLE);
	return err ? err : bch_blkdev_flush(m->blkdev);
}

int bch_fs_write_super(struct bch_fs *fs)
{
	struct bch_sb *sb = fs->super.sb;
	u64 seq = le64_get(sb->seq) + 1;
	struct bch_member m;
	int err = 0;

	sb->seq = le64_of(seq);
	sb->write_time = le64_of(fs->now);
	memcpy(sb->magic, bch_magic, sizeof(bch_magic));
	bch_sb_flag_set(sb, BCH_SB_CSUM_TYPE, bch_super_csum_type(sb));
	for (u32 i = 0; i < fs->nr_members; i++) {
		if (!fs->members[i].blkdev || !bch_super_member(&fs->super, i, &m))
			continue;
		m.seq = seq;
		bch_super_member_put(&fs->super, i, &m);
	}

	for (u32 i = 0; i < fs->nr_members && !err; i++)
		err = prepare(fs, &fs->members[i], seq);
	if (!err)
		err = bch_fs_write_copies(fs, false);
	return err;
}
