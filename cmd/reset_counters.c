// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs reset-counters: zero the persistent counters. CLI 5.5. */

#include <bcachefs/super.h>
#include "cli.h"

struct args {
	const char *counters;
};

static const struct cli_option options[] = {
	CLI_FILESYSTEM,
	CLI_STRING('c', "counters", "LIST", struct args, counters,
		   "names of the counters, comma-separated; default: all", .synonym = "counter"),
};

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs;
	int err = cli_open(cli, BCH_OPEN_WRITE, &fs), closed;

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
	.flags = CLI_WRITES,
	.run = run,
};
