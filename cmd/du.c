// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs du: what files take on the devices of an unmounted filesystem. CLI 14.2. */

#include <bcachefs/du.h>
#include "cli.h"

struct args {
	bool human, summarize, snapshots;
	u64 depth;
	struct cli_strings paths;
};

static const struct cli_option options[] = {
	CLI_FLAG('h', "human-readable", struct args, human, "sizes in units"),
	CLI_FLAG('s', "summarize", struct args, summarize, "one line for each PATH",
		 .excludes = "depth"),
	CLI_NUMBER('d', "depth", "DEPTH", struct args, depth, 0, UINT64_MAX,
		   "lines for directories so far below each PATH; default: all"),
	CLI_FLAG(0, "snapshots", struct args, snapshots,
		 "one line a subvolume instead: what deleting it would free",
		 .excludes = "summarize,depth"),
	CLI_FILES,
	CLI_OPERANDS("PATH", struct args, paths, "files and directories; default: /",
		     .optional = true, .unless = "snapshots"),
};

static int count(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	static const char *const root[] = { "/" };
	struct bch_du_opts opts = {
		.depth = a->summarize ? 0 : a->depth,
		.human = a->human,
		.ignore_errors = cli->common.ignore_errors,
		.paths = cli_path_opts(cli),
	};

	if (a->snapshots)
		return bch_du_by_snapshot(fs, a->human, cli->facts, NULL);
	if (a->paths.nr)
		return bch_du(fs, &opts, a->paths.p, a->paths.nr, cli->facts, NULL);
	return bch_du(fs, &opts, root, 1, cli->facts, NULL);
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = cli_open_files(cli, &fs);

	return err ? err : count(cli, parsed, fs);
}

const struct cli_command cmd_du = {
	.name = "du",
	.heading = CLI_HEADING_files,
	.summary = "show what files take on the devices",
	.help = "On disk are all copies, after compression; what reflinks or snapshots share "
		"counts for each file that shows it. Exclusive is what would be free if the file "
		"went: in no other subvolume, and referred to by nothing else. A file with several "
		"names counts once. With --snapshots, the sum of all lines is what the "
		"filesystem's counters say of user data.",
	CLI_OPTIONS(options, struct args),
	.defaults = &(const struct args){ .depth = UINT64_MAX },
	.flags = CLI_JSON | CLI_PASSPHRASE,
	.run = run,
};
