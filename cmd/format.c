// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs format: make a new filesystem. CLI 5.1. */

#include <bcachefs/super.h>
#include "cli_format.h"

struct args {
	struct cli_format format;
	bool no_initialize, force;
};

static const struct cli_option options[] = {
	CLI_OPERAND_EVENTS("DEVICE", struct args, format.events,
			   "devices to format; device options hold for all that follow them"),
	CLI_FORMAT(struct args, format, "no_initialize"),
	CLI_FLAG(0, "no_initialize", struct args, no_initialize,
		 "write superblocks only; the first mount makes the rest"),
	CLI_FLAG('f', "force", struct args, force, "do not ask although a device holds something"),
};

static int format(struct cli *cli, const struct args *a, struct cli_format_plan *plan)
{
	struct bch_fs *fs;
	int err = cli_format_ask(cli, plan, a->force || cli->common.dry_run);

	if (!err)
		err = cli_format_passphrase(cli, &a->format, plan);
	if (!err)
		err = bch_format(cli->ctx, &plan->opts, &fs);
	if (err)
		return err;
	if (!cli->common.quiet)
		bch_fs_show(fs, cli->facts);
	if (!cli->common.quiet && plan->opts.source)
		cli_source_sums(cli, &plan->sums);
	err = bch_fs_close(fs);
	if (!err && !cli->common.dry_run)
		cli_settle_udev();
	return err;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct cli_format_plan plan bch_auto(format_plan) = { 0 };
	int err = cli_format_take(cli, &a->format, &plan);

	plan.opts.dry_run = cli->common.dry_run;
	plan.opts.undo = cli_undo_opts(cli);
	plan.opts.no_initialise = a->no_initialize;
	return err ? err : format(cli, a, &plan);
}

const struct cli_command cmd_format = {
	.name = "format",
	.aliases = "mkfs",
	.heading = CLI_HEADING_superblock,
	.summary = "make a new filesystem on one or several devices",
	.help = "Each device option holds for all devices after it, until it is given anew:\n"
		"  bcachefs format --label=hdd.a /dev/sda --label=ssd.a --durability=0 "
		"/dev/nvme0n1\n"
		"Superblocks, journal, btrees and root directory are written; superblocks alone "
		"where "
		"no device may hold metadata, and below version 1.9.\n"
		"With --source the filesystem begins with the files of a directory or tar archive, "
		"or of "
		"an unmounted filesystem's directory or snapshot (DEVICES:/path, subvolumes within "
		"it "
		"too; what is shared there is so here with --dedupe alone): "
		"owners by number, modes, times of modification, extended attributes, ACLs, hard "
		"links, holes, devices; without lost+found at its top and what is mounted in it. A "
		"directory and an archive of it give the same filesystem. With --dedupe an extent "
		"that is the same as an earlier one, from where "
		"it begins in its file to its end, is shared with that as a reflink is; of the "
		"first two million extents, 130 MiB of memory.\n\n"
		"The same UUID, SOURCE_DATE_EPOCH and files give the same bytes.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PROGRESS | CLI_WRITES,
	.run = run,
};
