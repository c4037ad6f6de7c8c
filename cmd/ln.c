// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs ln: link files in an unmounted filesystem. CLI 14.2. */

#include <bcachefs/edit.h>
#include "cli.h"

struct args {
	const char *target, *name;
	bool symbolic;
};

static const struct cli_option options[] = {
	CLI_FLAG('s', "symbolic", struct args, symbolic, "a symlink with the text TARGET"),
	CLI_EDIT,
	CLI_OPERAND("TARGET", struct args, target, "what gets another name"),
	CLI_OPERAND("NAME", struct args, name, "that name, or the directory that it is made in"),
};

static int edit(struct cli *cli, struct bch_fs *fs, const void *args)
{
	const struct bch_path_opts from = cli_path_opts(cli);
	const struct args *a = args;

	return bch_file_ln(fs, &from, a->symbolic ? BCH_EDIT_SYMLINK : 0, a->target, a->name);
}

static int run(struct cli *cli, const void *parsed)
{
	return cli_edit(cli, edit, parsed);
}

const struct cli_command cmd_ln = {
	.name = "ln",
	.heading = CLI_HEADING_data,
	.summary = "link files in an unmounted filesystem",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run,
};
