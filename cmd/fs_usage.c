// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs fs usage: how the space of an unmounted filesystem is used. CLI 8.1. */

#include <bcachefs/journal.h>
#include <bcachefs/usage.h>
#include "cli.h"

struct args {
	struct bch_usage_opts usage;
	bool all;
};

static const struct args defaults = { .usage.fields = 1 << BCH_USAGE_rebalance_work };

static const struct cli_option options[] = {
	CLI_FLAG('h', "human-readable", struct args, usage.human, "print sizes as 23.6 MiB"),
	CLI_SET('f', "fields", "LIST", struct args, usage.fields, bch_usage_field_names,
		"what to print besides the summary, or all"),
	CLI_FLAG('a', "all", struct args, all, "the same as --fields=all", .excludes = "fields"),
	CLI_FLAG(0, "mapper-names", struct args, usage.mapper_names,
		 "print /dev/mapper/NAME, not dm-N"),
	CLI_FLAG(0, "recount", struct args, usage.recount,
		 "count all keys, and name counters and buckets that are stored otherwise",
		 .synonym = "verify"),
	CLI_FILESYSTEM_OR_HERE,
};

static int usage(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	struct bch_usage_opts opts = a->usage;
	u64 nr_differences;
	int err = bch_fs_start(fs, NULL);

	if (a->all)
		opts.fields = BCH_U64_MAX;
	if (!err)
		err = bch_fs_usage(fs, &opts, cli->facts, &nr_differences);
	return err ? err : nr_differences > 0;
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = cli_open_readable(cli, &fs);

	return err ? err : usage(cli, parsed, fs);
}

const struct cli_command cmd_fs_usage = {
	.name = "fs usage",
	.heading = CLI_HEADING_running,
	.summary = "show how the space of a filesystem is used",
	.help = "The filesystem must not be mounted. Fields are replicas, btree, compression, "
		"rebalance_work (alone by default) and devices. Use% of a device counts the "
		"buckets that hold data or metadata.\n"
		"Exit status 1: --recount found a difference.",
	CLI_OPTIONS(options, struct args),
	.defaults = &defaults,
	.flags = CLI_JSON | CLI_PASSPHRASE,
	.run = run,
};
