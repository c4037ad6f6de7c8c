// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs reset-counters: zero the persistent counters. CLI 5.5. */

#include <bcachefs/super.h>
#include "cli.h"

struct args {
	const char *counters;
	bool dry_run;
};

static const struct cli_option options[] = {
	CLI_FILESYSTEM,
	CLI_STRING('c', "counters", "LIST", struct args, counters,
		   "names of the counters, comma-separated; default: all", .synonym = "counter"),
	CLI_FLAG('n', "dry-run", struct args, dry_run, "check, and write nothing"),
};

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs;
	int err = cli_open(cli, BCH_OPEN_WRITE | (a->dry_run ? BCH_OPEN_DRY_RUN : 0U), &fs), closed;

	if (err)
		return err;
	err = bch_fs_reset_counters(fs, a->counters);
	if (!err)
		err = bch_fs_write_super(fs);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

const struct cli_command cmd_reset_counters = {
	.name = "reset-counters",
	.heading = CLI_HEADING_superblock,
	.summary = "zero the persistent counters",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_UNDO,
	.run = run,
};
