// SPDX-License-Identifier: GPL-2.0-or-later
/* Inodes: the version that a file is, and what stat(2) says of it. Format reference: 04 §6. */

#include <sys/stat.h>

#include "file/private.h"

#define NS_PER_SECOND 1000000000U

/* From this version on the kernel shows one block as the size of a directory, which has none. */
#define DIR_SIZE_SINCE BCH_VERSION(1, 38)

#define DEV_MINOR_BITS 20

/* ------------------------------------------------------------------ find */

int bch_file_inode(struct bch_fs *fs, const struct bch_file *file, struct bch_inode *inode,
		   u32 *snapshot)
{
	struct bch_snapshot_view view = bch_snapshot_view(fs, file->snapshot);
	struct bch_pos pos = bch_pos(0, file->inum);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(fs, BCH_BTREE_inodes, pos, pos, 0, &view);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	if (more < 0)
		return more;
	if (!more || !bch_inode_get(&k, inode))
		return -BCH_ERR_not_found;
	if (snapshot)
		*snapshot = k.pos.snapshot;
	return 0;
}

bool bch_inode_is_casefolded(const struct bch_fs *fs, const struct bch_inode *inode)
{
	u64 stored = inode->bi_casefold;

	return stored ? stored > 1 : bch_sb_opt(fs->super.sb, BCH_OPT_casefold);
}

/* ------------------------------------------------------------------ stat */

struct bch_time bch_time_get(const struct bch_fs *fs, u64 time)
{
	const struct bch_sb *sb = fs->super.sb;
	u32 precision = le32_get(sb->time_precision); /* 1 to 10^9: validated */
	s64 per_sec = NS_PER_SECOND / precision;
	/* as unsigned, where overflow wraps: any bits may be on disk */
	s64 units = (s64)(time + le64_get(sb->time_base_lo) / precision);
	s64 sec = units / per_sec, left = units % per_sec;

	if (left < 0) {
		sec--;
		left += per_sec;
	}
	return (struct bch_time){ sec, (u32)left * precision };
}

u64 bch_time_put(const struct bch_fs *fs, struct bch_time time)
{
	const struct bch_sb *sb = fs->super.sb;
	u32 precision = le32_get(sb->time_precision);

	return (u64)time.sec * (NS_PER_SECOND / precision) + time.nsec / precision -
	       le64_get(sb->time_base_lo) / precision;
}

static u32 nlink(const struct bch_inode *inode)
{
	u32 bias = S_ISDIR(inode->bi_mode) ? 2 : 1;

	return inode->bi_flags >> BCH_INODE_unlinked & 1 ? 0 : inode->bi_nlink + bias;
}

static u64 dir_size(const struct bch_fs *fs, const struct bch_inode *inode)
{
	const struct bch_sb *sb = fs->super.sb;

	return le16_get(sb->version) >= DIR_SIZE_SINCE ? BCH_BYTES(le16_get(sb->block_size))
						       : inode->bi_size;
}

void bch_inode_stat(const struct bch_fs *fs, u64 inum, const struct bch_inode *inode,
		    struct bch_stat *st)
{
	bool is_dir = S_ISDIR(inode->bi_mode);
	bool is_dev = S_ISCHR(inode->bi_mode) || S_ISBLK(inode->bi_mode);

	*st = (struct bch_stat){
		.inum = inum,
		.mode = inode->bi_mode,
		.nlink = nlink(inode),
		.uid = inode->bi_uid,
		.gid = inode->bi_gid,
		.size = is_dir ? dir_size(fs, inode) : inode->bi_size,
		.nr_sectors = inode->bi_sectors,
		.atime = bch_time_get(fs, inode->bi_atime),
		.mtime = bch_time_get(fs, inode->bi_mtime),
		.ctime = bch_time_get(fs, inode->bi_ctime),
		.otime = bch_time_get(fs, inode->bi_otime),
		.flags = inode->bi_flags,
		.project = inode->bi_project ? inode->bi_project - 1 : 0,
		.subvol_root = inode->bi_subvol,
		.casefold = is_dir && bch_inode_is_casefolded(fs, inode),
	};
	if (is_dev) {
		st->major = inode->bi_dev >> DEV_MINOR_BITS;
		st->minor = inode->bi_dev & ((1U << DEV_MINOR_BITS) - 1);
	}
}

int bch_file_stat(struct bch_fs *fs, const struct bch_file *file, struct bch_stat *st)
{
	struct bch_inode inode;
	int err = bch_file_inode(fs, file, &inode, NULL);

	if (!err)
		bch_inode_stat(fs, file->inum, &inode, st);
	return err;
}
