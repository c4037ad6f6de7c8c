// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs fiemap: where the data of files of an unmounted filesystem lies. CLI 14.2. */

#include <bcachefs/fiemap.h>
#include "cli.h"

struct args {
	bool sectors;
	struct cli_strings paths;
};

static const struct cli_option options[] = {
	CLI_FLAG('s', "sectors", struct args, sectors, "in sectors of 512 bytes, not in bytes"),
	CLI_FILES,
	CLI_OPERANDS("PATH", struct args, paths, "files"),
};

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs bch_auto(fs) = NULL;
	struct bch_fiemap_opts opts = {
		.sectors = a->sectors,
		.pointers = cli->common.verbose,
		.ignore_errors = cli->common.ignore_errors,
		.paths = cli_path_opts(cli),
	};
	int err = cli_open_files(cli, &fs);

	return err ? err : bch_fiemap(fs, &opts, a->paths.p, a->paths.nr, cli->facts);
}

const struct cli_command cmd_fiemap = {
	.name = "fiemap",
	.heading = CLI_HEADING_files,
	.summary = "show where the data of files lies",
	.help = "A line an extent, with the first of its pointers that can be read; with -v a line "
		"a pointer, as FIEMAP has them. Of compressed data, the place is that of the whole "
		"stored extent. Flags: last, encoded (compressed, or found incompressible), "
		"not_aligned, unwritten as FIEMAP has them; inline (in the btree), reservation "
		"(fallocated), reflink (shared); and what FIEMAP does not say: cached, stale (its "
		"bucket was reused), encrypted, poisoned, degraded (a copy is missing), lost.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PASSPHRASE,
	.run = run,
};
