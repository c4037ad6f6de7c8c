// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs strip-alloc: drop what is known about allocation. CLI 5.6. */

#include <bcachefs/strip_alloc.h>
#include "cli.h"

struct args {
	bool force;
};

static const struct cli_option options[] = {
	CLI_FLAG('f', "force", struct args, force,
		 "although kernels of the filesystem's version cannot mount the result"),
	CLI_FILESYSTEM,
};

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs;
	int err = cli_open(cli, BCH_OPEN_WRITE, &fs), closed;

	if (err)
		return err;
	err = cli_unlock(cli, fs);
	if (!err)
		err = bch_fs_strip_alloc(fs, a->force);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

const struct cli_command cmd_strip_alloc = {
	.name = "strip-alloc",
	.heading = CLI_HEADING_images,
	.summary = "drop what is known about allocation, to make an image smaller",
	.help = "Kernels from 6.16 on make it anew when they mount the filesystem to write; older "
		"ones cannot\n"
		"mount it. Until then nothing here changes it.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run,
};
