// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs mkdir: make directories in an unmounted filesystem. CLI 14.2. */

#include <stdlib.h>
#include <bcachefs/edit.h>
#include "cli.h"

#define MODE_DEFAULT 0755
#define MODE_MAX     07777

struct args {
	struct cli_strings paths;
	const char *mode;
	bool parents;
};

static const struct cli_option options[] = {
	CLI_FLAG('p', "parents", struct args, parents,
		 "those above that are missing too; one that is there is fine"),
	CLI_STRING('m', "mode", "MODE", struct args, mode, "permissions in octal; default: 755"),
	CLI_EDIT,
	CLI_OPERANDS("PATH", struct args, paths, "directories to make"),
};

static int edit(struct cli *cli, struct bch_fs *fs, const void *args)
{
	const struct bch_path_opts from = cli_path_opts(cli);
	const struct args *a = args;
	u32 mode = a->mode ? (u32)strtoul(a->mode, NULL, 8) : MODE_DEFAULT;
	int err = 0;

	for (size_t i = 0; i < a->paths.nr && !err; i++)
		err = bch_file_mkdir(fs, &from, a->parents ? BCH_EDIT_PARENTS : 0, mode,
				     a->paths.p[i]);
	return err;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	char *end = NULL;

	if (a->mode && (strtoul(a->mode, &end, 8) > MODE_MAX || *end || !*a->mode))
		return cli_usage(cli, "--mode=%s: not an octal number up to 7777", a->mode);
	return cli_edit(cli, edit, parsed);
}

const struct cli_command cmd_mkdir = {
	.name = "mkdir",
	.heading = CLI_HEADING_data,
	.summary = "make directories in an unmounted filesystem",
	.help = "They belong to whom the directory that they are in belongs, and have its options.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run,
};
