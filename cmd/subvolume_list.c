// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs subvolume list, list-snapshots: subvolumes and snapshot trees of an unmounted filesystem. CLI 9.2. */

#include <unistd.h>
#include <bcachefs/subvolume.h>
#include "cli.h"

struct args {
	const char *path;
	bool recursive, readonly, tree, snapshots, flat;
	unsigned sort;
};

static const char *const sorts[] = { "name", "size", "time", NULL };

static const struct cli_option list_options[] = {
	CLI_FLAG('R', "recursive", struct args, recursive, "and those in them"),
	CLI_FLAG('t', "tree", struct args, tree, "draw them as a tree", .excludes = "readonly"),
	CLI_FLAG('s', "snapshots", struct args, snapshots, "say what each is a snapshot of"),
	CLI_FLAG(0, "readonly", struct args, readonly, "only those that are read-only"),
	CLI_CHOICE(0, "sort", "KEY", struct args, sort, sorts, "in the order of; default: name"),
	CLI_FILES,
	CLI_OPERAND("PATH", struct args, path,
		    "in the subvolume whose subvolumes to list; default: /", .optional = true),
};

static const struct cli_option snapshots_options[] = {
	CLI_FLAG('f', "flat", struct args, flat, "a table instead of a tree"),
	CLI_FLAG('R', "recursive", struct args, recursive,
		 "also the trees of subvolumes that lie in it"),
	CLI_FLAG(0, "readonly", struct args, readonly, "only those that are read-only"),
	CLI_CHOICE(0, "sort", "KEY", struct args, sort, sorts,
		   "the table in the order of; default: name", .needs = "flat"),
	CLI_FILES,
	CLI_OPERAND("PATH", struct args, path, "in the subvolume whose tree to list; default: /",
		    .optional = true),
};

static int list(struct cli *cli, const struct args *a,
		int (*what)(struct bch_fs *fs, const struct bch_subvolume_list_opts *opts,
			    struct bch_facts *facts, bool *missing))
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	struct bch_subvolume_list_opts opts = {
		.paths = cli_path_opts(cli),
		.path = a->path ? a->path : "/",
		.recursive = a->recursive,
		.readonly = a->readonly,
		.tree = a->tree,
		.snapshots = a->snapshots,
		.flat = a->flat,
		.sort = a->sort,
		.terminal = isatty(STDOUT_FILENO),
	};
	bool missing = false;
	int err = cli_open_files(cli, &fs);

	if (!err)
		err = what(fs, &opts, cli->facts, &missing);
	return err ? err : missing;
}

static int run_list(struct cli *cli, const void *parsed)
{
	return list(cli, parsed, bch_subvolume_list);
}

static int run_snapshots(struct cli *cli, const void *parsed)
{
	return list(cli, parsed, bch_snapshot_list);
}

#define SIZES                                                                                    \
	"Sizes are bytes on disk, all copies, of what a snapshot and those above it hold: what " \
	"several share counts for each."

const struct cli_command cmd_subvolume_list = {
	.name = "subvolume list",
	.aliases = "subvolume ls",
	.heading = CLI_HEADING_subvolumes,
	.summary = "list the subvolumes of an unmounted filesystem",
	.help = SIZES,
	CLI_OPTIONS(list_options, struct args),
	.flags = CLI_JSON | CLI_PASSPHRASE,
	.run = run_list,
};

const struct cli_command cmd_subvolume_list_snapshots = {
	.name = "subvolume list-snapshots",
	.aliases = "subvolume list-snap,subvolume ls-snap",
	.heading = CLI_HEADING_subvolumes,
	.summary = "list the snapshot trees of an unmounted filesystem",
	.help = SIZES "\nThe tree shows what each node holds itself.",
	CLI_OPTIONS(snapshots_options, struct args),
	.flags = CLI_JSON | CLI_PASSPHRASE,
	.run = run_snapshots,
};
