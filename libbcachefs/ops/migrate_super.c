// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A migrated filesystem gets its superblocks where all look for them, over the start of the old one. CLI 11.1.
 *
 * What OLD has of these buckets goes first. Then the layout is another, and a check finds, and puts right, which buckets
 * hold superblocks now: with the commit that writes them. The superblock schedules that until it is done.
 */

#include <bcachefs/migrate.h>

#include <bcachefs/fsck.h>
#include <bcachefs/journal.h>
#include "base/checked.h"
#include "commit/commit.h"
#include "file/file.h"
#include "ops/in_place.h"
#include "ops/members.h"
#include "ops/migrate_host.h"

struct takeover {
	struct bch_fs *fs;
	struct bch_member member;
	struct bch_sb_layout layout;
	struct bch_io_range allowed; /* where buckets may be given out meanwhile */
	u64 end;		     /* of the superblocks, in sectors: whole buckets */
};

int bch_migrate_find(struct bch_ctx *ctx, const char *path, u64 *sb_sector)
{
	struct bch_host host bch_auto(host);
	int err = bch_host_begin(&host, ctx, path, false, true);

	return err ? err : bch_host_find_super(&host, sb_sector);
}

/* ------------------------------------------------------------------ what OLD has there */

static int drop_extents(struct takeover *t, const struct bch_file *old, u64 *nr_sectors)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(t->fs, BCH_BTREE_extents, bch_pos(old->inum, 0),
				   bch_pos(old->inum, BCH_U64_MAX), BCH_CURSOR_COMMITTED);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0) {
		struct bch_extent_walk walk = bch_extent_walk(&k, &t->fs->super);
		struct bch_extent_ptr p;

		if (more < 0)
			return more;
		if (!bch_extent_ptr_next(&walk, &p) || p.ptr.offset_sectors >= t->end)
			continue;
		*nr_sectors += k.size;
		err = bch_edit_delete(t->fs, BCH_BTREE_extents, k.pos);
	}
	return err;
}

static int drop_old(struct takeover *t)
{
	const struct bch_path_opts from = { 0 };
	struct bch_inode inode;
	struct bch_file old;
	u64 nr_sectors = 0;
	u32 snapshot;
	int err = bch_path_lookup(t->fs, &from, "/" BCH_MIGRATE_OLD_FILE, &old);

	if (err == -BCH_ERR_not_found)
		return 0; /* it was cleaned up */
	if (!err)
		err = bch_file_inode(t->fs, &old, &inode, &snapshot);
	if (!err)
		err = drop_extents(t, &old, &nr_sectors);
	if (err || !nr_sectors)
		return err;
	inode.bi_sectors -= nr_sectors;
	err = bch_edit_inode(t->fs, &old, &inode);
	return err ? err : bch_commit(t->fs);
}

/* ------------------------------------------------------------------ is it free now? */

static int check_empty(struct takeover *t)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		t->fs, BCH_BTREE_alloc, bch_pos(0, 0),
		bch_pos(0, t->end / t->member.bucket_size - 1), BCH_CURSOR_COMMITTED);
	struct bch_alloc a;
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		if (bch_alloc_get(&k, le16_get(t->fs->super.sb->version), &a) != BCH_KEY_VALID ||
		    a.dirty_sectors || a.cached_sectors || a.stripe_sectors)
			return bch_error_whole(t->fs->ctx, -BCH_ERR_refused,
					       "bucket %" PRIu64
					       " is in use: no place for a superblock",
					       k.pos.offset);
	return more;
}

/* ------------------------------------------------------------------ the superblocks */

static int make_layout(struct takeover *t)
{
	struct bch_fs_member *m = &t->fs->members[0];
	const struct bch_sb_layout *old = &m->super.sb->layout;
	u64 size = 1ULL << old->sb_max_size_bits, end;
	u32 block = (u32)BCH_BYTES(le16_get(t->fs->super.sb->block_size));
	int err = bch_layout_make(&t->layout, m->blkdev->geometry.size, block,
				  (u32)BCH_BYTES(t->member.bucket_size), BCH_BYTES(size));

	if (err)
		return bch_error(t->fs->ctx, err, "%s: superblocks", m->blkdev->name);
	end = le64_get(t->layout.sb_offset[1]) + size;
	t->end = (end + t->member.bucket_size - 1) / t->member.bucket_size * t->member.bucket_size;
	t->layout.nr_superblocks = 2; /* no place is known to be free at the end of the device */
	for (u32 i = 0; i < old->nr_superblocks && i < BCH_SB_MAX_COPIES - 2; i++)
		t->layout.sb_offset[t->layout.nr_superblocks++] = old->sb_offset[i];
	memset(t->layout.sb_offset + t->layout.nr_superblocks, 0,
	       (BCH_SB_MAX_COPIES - t->layout.nr_superblocks) * sizeof(t->layout.sb_offset[0]));
	return 0;
}

/*
 * What the old filesystem is told by: btrfs by what lies 60 KiB behind the start of our first superblock, which may grow
 * that far, the others by what lies before it. Sector 7 has the layout.
 */
static int clear_old(struct bch_fs_member *m)
{
	const struct bch_sb_layout *layout = &m->super.sb->layout;
	u64 end = BCH_BYTES(le64_get(layout->sb_offset[1])), start = end;
	int err = bch_blkdev_zero(m->blkdev, BCH_BYTES(BCH_SB_SECTOR - 1), 0);

	(void)bch_round_up(BCH_BYTES(BCH_SB_SECTOR) + bch_super_len(&m->super),
			   m->blkdev->geometry.logical_block_size, &start);
	return err || start >= end ? err : bch_blkdev_zero(m->blkdev, end - start, start);
}

static int write_supers(struct takeover *t)
{
	const struct bch_fsck_opts opts = { .answer = BCH_FSCK_YES, .changed = true };
	struct bch_fs_member *m = &t->fs->members[0];
	struct bch_members_change until_done; /* which the check is the end of */
	struct bch_fsck_result result;
	int err = bch_members_change_begin(&until_done, t->fs);

	if (err)
		return err;
	m->super.sb->layout = t->fs->super.sb->layout = t->layout;
	err = bch_fsck(t->fs, &opts, &result);
	if (!err && result.nr_found != result.nr_repaired)
		err = bch_error_whole(t->fs->ctx, -BCH_ERR_refused, "%" PRIu64 " problems are left",
				      result.nr_found - result.nr_repaired);
	bch_fsck_result_end(&result);
	if (!err)
		err = bch_fs_write_copies(t->fs, true);
	if (!err)
		err = clear_old(m);
	return err ? err : bch_blkdev_flush(m->blkdev);
}

static int check(struct takeover *t)
{
	struct bch_ctx *ctx = t->fs->ctx;

	if (t->fs->nr_members != 1 || !bch_super_member(&t->fs->super, 0, &t->member))
		return bch_error_whole(ctx, -BCH_ERR_refused, "not a filesystem that was migrated");
	if (bch_sb_layout_is_default(&t->fs->members[0].super.sb->layout))
		return bch_error_whole(ctx, -BCH_ERR_refused,
				       "%s: its superblock is where it belongs already",
				       t->fs->members[0].blkdev->name);
	return 0;
}

int bch_migrate_superblock(struct bch_fs *fs)
{
	struct takeover t = { .fs = fs };
	int err = check(&t);

	if (!err)
		err = make_layout(&t);
	if (!err)
		err = bch_fs_start(fs, NULL);
	if (!err)
		err = bch_files_start(fs, NULL);
	if (!err)
		err = bch_writer_start(fs, NULL);
	if (err)
		return err;
	t.allowed.start = BCH_BYTES(t.end);
	t.allowed.len = BCH_U64_MAX - t.allowed.start;
	bch_space_only(bch_writer_space(fs), &t.allowed, 1);
	err = drop_old(&t);
	if (!err)
		err = check_empty(&t);
	return err ? err : write_supers(&t);
}
