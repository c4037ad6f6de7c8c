// SPDX-License-Identifier: GPL-2.0-or-later
/* Data that is moved between members: opening, closing, and what is said of it. CLI 8.6, 8.10. */

#include "cli_move.h"

#include <bcachefs/file.h>
#include <bcachefs/journal.h>

#define INTERRUPTED 130

static int start(struct cli *cli, unsigned flags, struct bch_fs **fs)
{
	const struct bch_files_opts quiet = { .flags = BCH_FILES_QUIET };
	int err = cli_open_unlocked(cli, BCH_OPEN_WRITE | flags, fs);

	if (!err)
		err = bch_fs_start(*fs, NULL);
	return err ? err : bch_files_start(*fs, &quiet);
}

static void say_moved(struct cli *cli, const struct bch_move_result *r)
{
	struct bch_buf size bch_auto(buf) = { 0 };

	bch_buf_human(&size, r->bytes);
	cli_say(cli, "%s%s copied, %" PRIu64 " extents and %" PRIu64 " btree nodes %schanged",
		cli->common.dry_run ? "to be done: " : "", bch_buf_str(&size), r->nr_extents,
		r->nr_nodes, cli->common.dry_run ? "to be " : "");
	if (r->nr_few)
		cli_say(cli,
			"%" PRIu64 " extents and btree nodes have too few copies still: there are "
			"not enough members",
			r->nr_few);
}

int cli_move(struct cli *cli, unsigned flags,
	     int (*move)(struct cli *cli, struct bch_fs *fs, const void *args,
			 const struct bch_move_opts *opts, struct bch_move_result *result),
	     const void *args, const struct bch_move_opts *opts, struct bch_move_result *result)
{
	struct bch_move_opts all = *opts;
	struct bch_fs *fs = NULL;
	int err = start(cli, flags, &fs), closed;

	*result = (struct bch_move_result){ 0 };
	all.progress = cli_progress_mode(cli);
	all.survey = cli->common.dry_run;
	if (!err)
		err = move(cli, fs, args, &all, result);
	closed = bch_fs_close(fs);
	err = err ? err : closed;
	if (!err)
		say_moved(cli, result);
	return err;
}

int cli_move_check_missing(struct cli *cli, struct bch_fs *fs, const u32 *named, u32 nr)
{
	struct bch_open_opts given;
	u32 dev_idx = 0, nr_missing = 0, nr_named = 0;
	int err = cli_open_opts(cli, 0, &given);

	for (; !err && bch_fs_missing_member(fs, &dev_idx); dev_idx++) {
		nr_missing++;
		for (u32 i = 0; i < nr; i++)
			nr_named += named[i] == dev_idx;
	}
	if (err || nr_missing == nr_named || given.flags & BCH_OPEN_DEGRADED)
		return err;
	return bch_error_whole(cli->ctx, -BCH_ERR_device_missing,
			       "%u more members are missing; give them, or -o degraded",
			       nr_missing - nr_named);
}

int cli_move_status(struct cli *cli, int err, const struct bch_move_result *r)
{
	if (err)
		return err;
	if (r->interrupted) {
		cli_say(cli, "interrupted; run again to go on");
		return INTERRUPTED;
	}
	if (!r->nr_lost)
		return 0;
	return bch_error_whole(cli->ctx, -BCH_ERR_data_lost,
			       "%" PRIu64 " extents have no good copy, and stay as they were",
			       r->nr_lost);
}
