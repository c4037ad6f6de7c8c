// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening the filesystem that the command line names. CLI 2.3. */

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <bcachefs/super.h>
#include "cli.h"

u64 cli_now(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");

	return epoch && *epoch ? strtoull(epoch, NULL, 10) : (u64)time(NULL);
}

struct bch_undo_opts cli_undo_opts(const struct cli *cli)
{
	const char *dir = getenv("BCACHEFS_UNDO_DIR");

	return (struct bch_undo_opts){
		.file = cli->common.undo_file,
		.dir = dir && *dir && strcmp(dir, "none") ? dir : NULL,
		.command = cli->command->name,
		.command_line = cli->command_line,
	};
}

/* What -o says. */
static int take_mount_opts(struct cli *cli, struct bch_open_opts *opts)
{
	const struct cli_events *given = &cli->common.mount_opts;
	int err = 0;

	for (size_t i = 0; i < given->nr && !err; i++)
		if (given->p[i].opt)
			err = bch_open_opt(cli->ctx, given->p[i].opt, given->p[i].text, opts);
	return err;
}

struct cli_strings cli_devices(struct cli *cli)
{
	struct cli_common *c = &cli->common;

	return c->device_paths.nr ? c->device_paths
	       : c->filesystem	  ? (struct cli_strings){ &c->filesystem, 1 }
				  : c->devices;
}

int cli_open_opts(struct cli *cli, unsigned flags, struct bch_open_opts *opts)
{
	const struct cli_common *c = &cli->common;

	*opts = (struct bch_open_opts){
		.flags = flags | (cli->command->flags & CLI_DIRECT ? BCH_OPEN_DIRECT : 0U) |
			 (c->dry_run ? BCH_OPEN_DRY_RUN : 0U),
		.scan = c->scan.p,
		.nr_scan = c->scan.nr,
		.no_split = c->device_paths.nr > 0,
		.undo = cli_undo_opts(cli),
		.now = cli_now(),
	};
	return take_mount_opts(cli, opts);
}

int cli_open(struct cli *cli, unsigned flags, struct bch_fs **fs)
{
	static const char *here[] = { "." }; /* where none is needed */
	struct cli_strings names = cli_devices(cli);
	bool none = !names.nr;
	struct bch_open_opts opts;
	int err = cli_open_opts(cli, flags, &opts);

	if (none)
		names = (struct cli_strings){ here, 1 };
	if (!err)
		err = bch_fs_open(cli->ctx, names.p, names.nr, &opts, fs);
	return none && err == -BCH_ERR_is_directory ? cli_usage(cli, "missing operand DEVICES")
						    : err;
}

void cli_filesystem_of(struct cli *cli, const char *which)
{
	if (!cli_devices(cli).nr)
		cli->common.filesystem = which;
}

int cli_open_member(struct cli *cli, unsigned flags, const char *which, struct bch_fs **fs,
		    u32 *dev_idx)
{
	int err;

	*fs = NULL;
	cli_filesystem_of(cli, which);
	err = cli_open(cli, flags, fs);
	return err ? err : bch_fs_member_find(*fs, which, dev_idx);
}
