// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs migrate: another filesystem becomes bcachefs in place. CLI 11.1. */

#include <bcachefs/migrate.h>
#include <bcachefs/super.h>
#include "cli_format.h"

#define COLUMN 16

struct args {
	struct cli_format format;
	const char *mountpoint;
	bool dry_run, force, no_verify;
};

static const struct cli_option options[] = {
	CLI_OPERAND_EVENTS("DEVICE", struct args, format.events,
			   "the unmounted filesystem to migrate", .unless = "filesystem"),
	CLI_STRING('f', "filesystem", "MOUNTPOINT", struct args, mountpoint,
		   "the mounted filesystem to migrate"),
	CLI_FLAG('n', "dry-run", struct args, dry_run, "tell what would be done, write nothing"),
	CLI_FLAG('F', "force", struct args, force,
		 "although it was migrated already, or a file named bcachefs is there"),
	CLI_FLAG(0, "no-verify", struct args, no_verify, "do not compare the files at the end"),
	CLI_FORMAT(struct args, format, NULL),
};

static void show(struct cli *cli, const struct bch_migrate_result *r)
{
	struct bch_facts *f = cli->facts;

	bch_facts_column(f, COLUMN);
	bch_fact_u64(f, "Total files", r->sums.nr_files + r->sums.nr_dirs);
	bch_fact_bytes(f, "Total input", r->sums.input_bytes);
	bch_fact_bytes(f, "Linked", r->sums.shared_bytes);
	bch_fact_bytes(f, "Copied", r->copied_bytes);
	bch_fact_bytes(f, "Needed", r->needed_bytes);
	bch_fact_bytes(f, "Free", r->reserve_bytes);
	if (r->sb_sector)
		bch_fact_u64(f, "Superblock", r->sb_sector);
}

static void tell_what_next(struct cli *cli, const struct bch_migrate_result *r)
{
	cli_say(cli, "Migrate complete.");
	cli_say(cli, "To mount the new filesystem, run");
	cli_say(cli, "  mount -t bcachefs -o sb=%" PRIu64 " %s dir", r->sb_sector, r->device);
	cli_say(cli, "Once you are sure, unmount both and run");
	cli_say(cli, "  bcachefs migrate-superblock -d %s -o %" PRIu64, r->device, r->sb_sector);
}

static int migrate(struct cli *cli, const struct args *a, struct cli_format_plan *plan)
{
	struct bch_migrate_opts opts = { .path = a->mountpoint,
					 .mounted = a->mountpoint,
					 .force = a->force,
					 .no_verify = a->no_verify,
					 .format = plan->opts,
					 .progress = cli_progress_mode(cli) };
	struct bch_migrate_result result;
	int err;

	if (!a->mountpoint)
		opts.path = plan->devs[0].path;
	opts.format.dry_run = a->dry_run;
	err = bch_migrate(cli->ctx, &opts, &result);
	if (!err && !cli->common.quiet)
		show(cli, &result);
	if (!err && a->dry_run && !result.fits)
		err = bch_error_whole(cli->ctx, -BCH_ERR_no_space, "%s: too little free space",
				      opts.path);
	if (!err && !cli->common.quiet && !a->dry_run)
		tell_what_next(cli, &result);
	bch_migrate_result_end(&result);
	return err;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct cli_format_plan plan bch_auto(format_plan) = { 0 };
	int err = cli_format_take(cli, &a->format, &plan);

	if (!err && plan.opts.nr_devs > 1)
		err = bch_error_whole(cli->ctx, -BCH_ERR_invalid_argument, "want one DEVICE");
	if (!err)
		err = cli_format_passphrase(cli, &a->format, &plan);
	return err ? err : migrate(cli, a, &plan);
}

const struct cli_command cmd_migrate = {
	.name = "migrate",
	.heading = CLI_HEADING_images,
	.summary = "make an ext4, XFS or btrfs filesystem a bcachefs, in place",
	.help = "A file named bcachefs in the old filesystem's root takes all that is written; the "
		"files' data "
		"stays where it lies, and what cannot be pointed at is copied. The old filesystem "
		"is "
		"read-only from then on, and stays whole.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PROGRESS,
	.run = run,
};
