// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs migrate-superblock, migrate-cleanup: a migrated filesystem takes over its device. CLI 11.1. */

#include <string.h>
#include <bcachefs/edit.h>
#include <bcachefs/migrate.h>
#include <bcachefs/super.h>
#include "cli.h"

#define OLD_FILE "/" BCH_MIGRATE_OLD_FILE

struct args {
	const char *device, *operand;
	u64 sector;
};

static const struct cli_option options[] = {
	CLI_OPERAND("DEVICE", struct args, operand, "the migrated device, not mounted",
		    .unless = "dev"),
	CLI_STRING('d', "dev", "DEVICE", struct args, device, "the same"),
	CLI_NUMBER('o', "offset", "SECTOR", struct args, sector, 1, UINT64_MAX,
		   "where its superblock is; default: found in the file that migrate made"),
};

/* Unless it is to go elsewhere: beside the device's name, where we are. */
static struct bch_undo_opts undo_opts(const struct cli *cli, const char *device,
				      struct bch_buf *name)
{
	struct bch_undo_opts undo = cli_undo_opts(cli);
	const char *slash = strrchr(device, '/');

	bch_buf_put(name, "%s.bcundo", slash ? slash + 1 : device);
	if (!undo.file && !undo.dir)
		undo.file = bch_buf_str(name);
	return undo;
}

static int open_fs(struct cli *cli, const char *device, u64 sector, struct bch_fs **fs)
{
	struct bch_buf undo_name bch_auto(buf) = { 0 };
	const struct bch_open_opts opts = {
		.flags = BCH_OPEN_WRITE | BCH_OPEN_ALONE |
			 (cli->common.dry_run ? BCH_OPEN_DRY_RUN : 0U),
		.sb_sector = sector,
		.no_split = true,
		.undo = undo_opts(cli, device, &undo_name),
		.now = cli_now(),
	};

	return bch_fs_open(cli->ctx, &device, 1, &opts, fs);
}

static int take_over(struct cli *cli, const char *device, u64 sector)
{
	struct bch_fs *fs = NULL;
	int err = open_fs(cli, device, sector, &fs), closed;

	if (!err)
		err = cli_unlock(cli, fs);
	if (!err)
		err = bch_migrate_superblock(fs);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	const char *device = a->device ? a->device : a->operand;
	u64 sector = a->sector;
	int yes, err = sector ? 0 : bch_migrate_find(cli->ctx, device, &sector);

	if (err)
		return err;
	yes = cli->common.dry_run ? 1
				  : cli_ask(cli,
					    "%s: this overwrites the start of the old filesystem. "
					    "Proceed?",
					    device);
	if (!yes)
		return bch_error_whole(cli->ctx, -BCH_ERR_refused, "nothing was written");
	return yes < 0 ? yes : take_over(cli, device, sector);
}

const struct cli_command cmd_migrate_superblock = {
	.name = "migrate-superblock",
	.heading = CLI_HEADING_images,
	.summary = "have a migrated filesystem take over its device",
	.help = "The point of no return: its superblocks are written to where all look for them, "
		"over "
		"the start of the old filesystem. What that overwrites goes to DEVICE's name with "
		".bcundo, in the current directory, unless it is to go elsewhere: 'bcachefs undo' "
		"brings the "
		"old filesystem back as long as nothing else was written.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_ASKS | CLI_PASSPHRASE | CLI_WRITES,
	.run = run,
};

/* ------------------------------------------------------------------ migrate-cleanup */

static const struct cli_option cleanup_options[] = {
	CLI_EDIT,
};

static int cleanup(struct cli *cli, struct bch_fs *fs, const void *args)
{
	const struct bch_path_opts from = cli_path_opts(cli);

	(void)args;
	return bch_file_rm(fs, &from, 0, OLD_FILE);
}

static int run_cleanup(struct cli *cli, const void *parsed)
{
	return cli_edit(cli, cleanup, parsed);
}

const struct cli_command cmd_migrate_cleanup = {
	.name = "migrate-cleanup",
	.heading = CLI_HEADING_images,
	.summary = "give the space of a migrated device's old filesystem back",
	.help = "Deletes " OLD_FILE ", the file that holds what the old filesystem alone used.",
	CLI_OPTIONS(cleanup_options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run_cleanup,
};
