// SPDX-License-Identifier: GPL-2.0-or-later
/* Background work that is pending, kind by kind, as work for the mover. CLI 14.4; format reference: 05 §9, 06 §13.7. */

#include "commit/commit.h"
#include "ops/move.h"

int bch_fs_reconcile_begin(struct bch_fs *fs)
{
	return bch_writer_start(fs, NULL);
}

/* What there is too much of can be seen once there is all that is wanted. */
static int drop_surplus(struct bch_fs *fs, const struct bch_move_opts *opts,
			struct bch_move_result *result)
{
	const struct bch_move_job job = { .name = "surplus",
					  .drop_extra = true,
					  .keep_cached = true };
	struct bch_move_result more;
	int err = bch_move_run(fs, &job, opts, &more);

	result->nr_extents += more.nr_extents;
	result->nr_nodes += more.nr_nodes;
	result->bytes += more.bytes;
	result->interrupted |= more.interrupted;
	return err;
}

int bch_fs_reconcile(struct bch_fs *fs, enum bch_reconcile_type type,
		     const struct bch_move_opts *opts, struct bch_move_result *result)
{
	static const struct bch_move_job jobs[] = {
		[BCH_RECONCILE_replicas] = { .name = "replicas", .restore = true },
		[BCH_RECONCILE_checksum] = { .name = "checksum", .rechecksum = true },
		[BCH_RECONCILE_compression] = { .name = "compression", .recompress = true },
		[BCH_RECONCILE_target] = { .name = "target", .retarget = true },
	};
	int err = bch_move_run(fs, &jobs[type], opts, result);

	if (!err && type == BCH_RECONCILE_replicas && !result->interrupted && !result->limited)
		err = drop_surplus(fs, opts, result);
	return err;
}

int bch_fs_reconcile_end(struct bch_fs *fs)
{
	return bch_move_finish(fs);
}
