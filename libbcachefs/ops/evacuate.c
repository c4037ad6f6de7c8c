// SPDX-License-Identifier: GPL-2.0-or-later
/* Members that are emptied, and other work for the mover. CLI 8.6, 8.10; format reference: 06 §13.4, §13.7. */

#include "commit/commit.h"
#include "ops/move.h"

int bch_move_finish(struct bch_fs *fs)
{
	int err = bch_writer_prune_replicas(fs);

	return err ? err : bch_writer_finish(fs);
}

int bch_move_leave(struct bch_fs *fs, const u32 *dev_idx, u32 nr, u64 leaving[4])
{
	struct bch_write_devs devs;

	for (u32 i = 0; i < nr; i++) {
		struct bch_member m;

		if (!bch_super_member(&fs->super, dev_idx[i], &m))
			return -BCH_ERR_no_such_device;
		if (bch_member_STATE(&m) == BCH_MEMBER_STATE_rw) {
			bch_member_STATE_set(&m, BCH_MEMBER_STATE_ro);
			bch_super_member_put(&fs->super, dev_idx[i], &m);
		}
		bch_move_add(leaving, dev_idx[i]);
	}
	bch_fs_metadata_devs(fs, BCH_DATA_btree, &devs);
	return devs.nr ? 0
		       : bch_error_whole(fs->ctx, -BCH_ERR_refused,
					 "no other member can be written to; nothing was changed");
}

/* What runs: start, move, end. What a survey alone finds changes nothing. */
static int move(struct bch_fs *fs, const struct bch_move_job *job, const struct bch_move_opts *opts,
		bool super_changed, struct bch_move_result *result)
{
	int err = bch_writer_start(fs, NULL);

	if (!err && super_changed)
		bch_writer_super_changed(fs);
	if (!err)
		err = bch_move_run(fs, job, opts, result);
	return err || opts->survey ? err : bch_move_finish(fs);
}

int bch_fs_evacuate(struct bch_fs *fs, const u32 *dev_idx, u32 nr, const struct bch_move_opts *opts,
		    struct bch_move_result *result)
{
	struct bch_move_job job = { .name = "evacuate" };
	int err = bch_move_leave(fs, dev_idx, nr, job.leaving);

	return err ? err : move(fs, &job, opts, true, result);
}

int bch_fs_data_job(struct bch_fs *fs, enum bch_data_job job, const struct bch_move_opts *opts,
		    struct bch_move_result *result)
{
	static const struct bch_move_job jobs[] = {
		[BCH_DATA_JOB_rereplicate] = { .name = "rereplicate", .restore = true },
		[BCH_DATA_JOB_drop_extra_replicas] = { .name = "drop_extra_replicas",
						       .drop_extra = true },
		[BCH_DATA_JOB_rewrite_old_nodes] = { .name = "rewrite_old_nodes",
						     .rewrite_nodes = true },
	};

	return move(fs, &jobs[job], opts, false, result);
}
