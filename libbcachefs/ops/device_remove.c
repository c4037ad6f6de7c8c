// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Members that are taken out. CLI 8.5; format reference: 06 §13.2.
 *
 * First all that is on them goes to the others, in as many commits as it takes. Then nothing but their superblocks and
 * journals is left: what the btrees know of their buckets goes in the same instant as the members themselves.
 */

#include "commit/commit.h"
#include "ops/contents.h"
#include "ops/move.h"

bool bch_fs_missing_member(const struct bch_fs *fs, u32 *dev_idx)
{
	struct bch_member m;

	for (; *dev_idx < fs->nr_members; ++*dev_idx)
		if (!fs->members[*dev_idx].blkdev && bch_super_member(&fs->super, *dev_idx, &m) &&
		    bch_member_alive(&m))
			return true;
	return false;
}

/* ------------------------------------------------------------------ what is known of their buckets */

static int drop(struct bch_fs *fs, u8 btree_id, struct bch_pos pos)
{
	const struct bch_key gone = { .pos = pos, .type = BCH_KEY_deleted };

	return bch_update(fs, btree_id, &gone, BCH_UPDATE_QUIET);
}

static int drop_range(struct bch_fs *fs, u8 btree_id, struct bch_pos from, struct bch_pos to)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(fs, btree_id, from, to, BCH_CURSOR_COMMITTED);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0)
		err = more < 0 ? more : drop(fs, btree_id, k.pos);
	return err;
}

static int drop_buckets(struct bch_fs *fs, u32 dev_idx)
{
	static const u8 btrees[] = { BCH_BTREE_alloc, BCH_BTREE_freespace, BCH_BTREE_need_discard,
				     BCH_BTREE_bucket_gens, BCH_BTREE_backpointers };
	int err = 0;

	for (u32 i = 0; i < bch_array_size(btrees) && !err; i++)
		err = drop_range(fs, btrees[i], bch_pos(dev_idx, 0),
				 bch_spos(dev_idx, BCH_U64_MAX, BCH_U32_MAX));
	return err;
}

static bool counts_member(const struct bch_accounting *a, u32 dev_idx)
{
	if (a->type == BCH_ACCOUNTING_dev_data_type)
		return a->dev_idx == dev_idx;
	if (a->type != BCH_ACCOUNTING_replicas || a->nr_devs > BCH_ACCOUNTING_DEVS_MAX)
		return false;
	return memchr(a->devs, (int)dev_idx, a->nr_devs) != NULL;
}

/* Those of buckets; and those of copies, which are zero by now. */
static int drop_counters(struct bch_fs *fs, u32 dev_idx)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		fs, BCH_BTREE_accounting, BCH_POS_MIN, BCH_SPOS_MAX, BCH_CURSOR_COMMITTED);
	u16 version = le16_get(fs->super.sb->version);
	struct bch_accounting a;
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0) {
		if (more < 0)
			return more;
		bch_accounting_get(k.pos, version, &a);
		if (k.type == BCH_KEY_accounting && counts_member(&a, dev_idx))
			err = drop(fs, BCH_BTREE_accounting, k.pos);
	}
	return err;
}

/* ------------------------------------------------------------------ the superblock */

/* New data has no way to a target that is gone. */
static void clear_targets(struct bch_fs *fs, u32 dev_idx)
{
	static const enum bch_opt_id targets[] = { BCH_OPT_foreground_target,
						   BCH_OPT_background_target,
						   BCH_OPT_promote_target,
						   BCH_OPT_metadata_target };

	for (u32 i = 0; i < bch_array_size(targets); i++)
		if (bch_sb_opt(fs->super.sb, targets[i]) == BCH_TARGET_DEV(dev_idx)) {
			bch_sb_opt_set(fs->super.sb, targets[i], 0);
			bch_log(fs->ctx, BCH_LOG_warn, "%s was the removed member: cleared",
				bch_opt(targets[i])->name);
		}
}

/* The slot is free; its geometry stays, as kernels judge it. */
static void clear_slot(struct bch_fs *fs, u32 dev_idx)
{
	struct bch_member m;

	if (!bch_super_member(&fs->super, dev_idx, &m))
		return;
	memset(m.uuid, 0, sizeof(m.uuid));
	bch_super_member_put(&fs->super, dev_idx, &m);
	clear_targets(fs, dev_idx);
}

/* ------------------------------------------------------------------ their own superblocks */

/* Nobody may think of the device that it is a member. NULL is nothing. */
int bch_member_forget(struct bch_blkdev *dev, bool keep_super)
{
	static const struct bch_signatures none;
	int err = 0, closed;

	if (dev && !keep_super)
		err = bch_contents_wipe(dev, &none);
	if (dev && !err)
		err = bch_blkdev_flush(dev);
	closed = bch_blkdev_close(dev);
	return err ? err : closed;
}

/* ------------------------------------------------------------------ the whole */

/* In one instant; their devices are not written any more. */
static int take_out(struct bch_fs *fs, const u32 *dev_idx, u32 nr,
		    struct bch_blkdev *devs[BCH_SB_MAX_MEMBERS])
{
	int err = 0;

	for (u32 i = 0; i < nr && !err; i++) {
		err = drop_buckets(fs, dev_idx[i]);
		if (!err)
			err = drop_counters(fs, dev_idx[i]);
	}
	for (u32 i = 0; i < nr && !err; i++) {
		devs[i] = fs->members[dev_idx[i]].blkdev;
		fs->members[dev_idx[i]].blkdev = NULL;
		clear_slot(fs, dev_idx[i]);
	}
	if (!err)
		bch_btrees_members_changed(fs);
	return err ? err : bch_commit_with_super(fs);
}

static int remove_emptied(struct bch_fs *fs, const u32 *dev_idx, u32 nr, bool keep_super)
{
	struct bch_blkdev *devs[BCH_SB_MAX_MEMBERS] = { NULL };
	int err = take_out(fs, dev_idx, nr, devs);

	for (u32 i = 0; i < nr; i++) {
		int forgotten = bch_member_forget(devs[i], keep_super || err);

		err = err ? err : forgotten;
	}
	return err;
}

int bch_fs_remove_devs(struct bch_fs *fs, const u32 *dev_idx, u32 nr,
		       const struct bch_remove_opts *opts, struct bch_move_result *result)
{
	struct bch_move_job job = { .name = "remove",
				    .degrade = opts->degrade,
				    .refuse_lost = !opts->force,
				    .lose = opts->force };
	int err = bch_move_leave(fs, dev_idx, nr, job.leaving);

	if (!err)
		err = bch_writer_start(fs, NULL);
	if (!err)
		err = bch_writer_check_clean(fs);
	if (!err)
		err = bch_move_run(fs, &job, &opts->move, result);
	if (err || opts->move.survey)
		return err;
	err = bch_move_finish(fs);
	if (err || result->interrupted)
		return err;
	if (result->nr_lost && !opts->force)
		return bch_error_whole(fs->ctx, -BCH_ERR_data_lost,
				       "%" PRIu64 " extents have no good copy; not removed",
				       result->nr_lost);
	return remove_emptied(fs, dev_idx, nr, opts->keep_super);
}
