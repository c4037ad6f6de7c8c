// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs put: copy files into an unmounted filesystem. CLI 14.2. */

#include <inttypes.h>
#include <bcachefs/edit.h>
#include "cli.h"

struct args {
	struct cli_strings sources;
	const char *dest;
	bool all;
};

static const struct cli_option options[] = {
	CLI_FLAG('a', "all", struct args, all,
		 "owners, modes, times, extended attributes and ACLs; hard links, devices, fifos "
		 "and sockets as such"),
	CLI_EDIT,
	CLI_OPERANDS("SRC", struct args, sources, "local files and directories"),
	CLI_OPERAND("DEST", struct args, dest, "the directory to copy into, or a new name"),
};

static int edit(struct cli *cli, struct bch_fs *fs, const void *args)
{
	const struct args *a = args;
	const struct bch_put_opts opts = {
		.flags = a->all ? BCH_PUT_ALL : 0,
		.sources = a->sources.p,
		.nr_sources = a->sources.nr,
		.from = cli_path_opts(cli),
	};
	struct bch_put_sums sums = { 0 };
	int err = bch_file_put(fs, &opts, a->dest, &sums);

	if (!err)
		cli_say(cli, "%" PRIu64 " files, %" PRIu64 " bytes", sums.nr_files, sums.nr_bytes);
	return err;
}

static int run(struct cli *cli, const void *parsed)
{
	return cli_edit(cli, edit, parsed);
}

const struct cli_command cmd_put = {
	.name = "put",
	.heading = CLI_HEADING_data,
	.summary = "copy files into an unmounted filesystem",
	.help = "As cp -r: into DEST where that is a directory, else as DEST. A path that ends in "
		"/. stands "
		"for what is in it. Holes stay holes, symlinks are copied as such. All is there "
		"afterwards, or nothing.\n\n"
		"New files belong to whom the directory that they are in belongs, have its "
		"options, "
		"and the permissions of the local file. A regular file that is there gets new "
		"contents, and stays else what it was; -a makes it as the local one.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run,
};
