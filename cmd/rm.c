// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs rm: take files out of an unmounted filesystem. CLI 14.2. */

#include <bcachefs/edit.h>
#include "cli.h"

struct args {
	struct cli_strings paths;
	bool recursive, force;
};

static const struct cli_option options[] = {
	CLI_FLAG('r', "recursive", struct args, recursive, "directories, and what is in them"),
	CLI_FLAG('f', "force", struct args, force, "say nothing of what is not there"),
	CLI_EDIT,
	CLI_OPERANDS("PATH", struct args, paths, "what to take away"),
};

static int edit(struct cli *cli, struct bch_fs *fs, const void *args)
{
	const struct bch_path_opts from = cli_path_opts(cli);
	const struct args *a = args;
	unsigned flags =
		(a->recursive ? BCH_EDIT_RECURSIVE : 0U) | (a->force ? BCH_EDIT_FORCE : 0U);
	int err = 0;

	for (size_t i = 0; i < a->paths.nr && !err; i++)
		err = bch_file_rm(fs, &from, flags, a->paths.p[i]);
	return err;
}

static int run(struct cli *cli, const void *parsed)
{
	return cli_edit(cli, edit, parsed);
}

const struct cli_command cmd_rm = {
	.name = "rm",
	.heading = CLI_HEADING_data,
	.summary = "take files out of an unmounted filesystem",
	.help = "All of them, or none where one cannot be taken away. What snapshots have of them "
		"stays there. Subvolumes are not taken away.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run,
};
