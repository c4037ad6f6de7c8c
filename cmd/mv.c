// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs mv: rename files in an unmounted filesystem. CLI 14.2. */

#include <bcachefs/edit.h>
#include "cli.h"

struct args {
	struct cli_strings paths;
	const char *dest;
};

static const struct cli_option options[] = {
	CLI_EDIT,
	CLI_OPERANDS("PATH", struct args, paths, "what to move"),
	CLI_OPERAND("DEST", struct args, dest, "the directory to move into, or a new name"),
};

static int edit(struct cli *cli, struct bch_fs *fs, const void *args)
{
	const struct bch_path_opts from = cli_path_opts(cli);
	const struct args *a = args;
	struct bch_stat st;
	struct bch_file dir;
	int err = 0;

	if (a->paths.nr > 1) {
		err = bch_path_lookup(fs, &from, a->dest, &dir);
		if (!err)
			err = bch_file_stat(fs, &dir, &st);
		if (!err && (st.mode & 0170000) != 0040000)
			err = bch_error(cli->ctx, -BCH_ERR_not_a_directory, "%s", a->dest);
	}
	for (size_t i = 0; i < a->paths.nr && !err; i++)
		err = bch_file_mv(fs, &from, a->paths.p[i], a->dest);
	return err;
}

static int run(struct cli *cli, const void *parsed)
{
	return cli_edit(cli, edit, parsed);
}

const struct cli_command cmd_mv = {
	.name = "mv",
	.heading = CLI_HEADING_data,
	.summary = "rename or move files in an unmounted filesystem",
	.help = "Over what has the name already, but no directory that something is in. Only the "
		"roots of "
		"subvolumes go from one subvolume to another.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run,
};
