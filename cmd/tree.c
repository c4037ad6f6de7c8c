// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs tree: directories of an unmounted filesystem as a tree. CLI 14.2. */

#include <bcachefs/ls.h>
#include "cli.h"

struct args {
	bool dirs, du;
	u64 levels;
	const char *path;
};

static const struct cli_option options[] = {
	CLI_FLAG('d', "directories", struct args, dirs, "directories alone"),
	CLI_NUMBER('L', "level", "DEPTH", struct args, levels, 1, UINT32_MAX, "go only so deep"),
	CLI_FLAG(0, "du", struct args, du, "with sizes, of directories that of all files below"),
	CLI_FILES,
	CLI_OPERAND("PATH", struct args, path, "where the tree begins; default: /",
		    .optional = true),
};

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs bch_auto(fs) = NULL;
	struct bch_listing_opts listing = cli_listing_opts(cli, NULL);
	struct bch_tree_opts opts = { .dirs = a->dirs, .du = a->du, .levels = a->levels };
	int err = cli_open_files(cli, &fs);

	return err ? err : bch_tree(fs, &listing, &opts, a->path ? a->path : "/");
}

const struct cli_command cmd_tree = {
	.name = "tree",
	.heading = CLI_HEADING_files,
	.summary = "draw directories of an unmounted filesystem as a tree",
	.help = "Sizes are those that files have, not what they take on devices: that is 'du'.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_JSON_LINES | CLI_PASSPHRASE,
	.run = run,
};
