// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs fs failure-domains: what is lost with each device. CLI 8.2. */

#include <bcachefs/device.h>
#include <bcachefs/journal.h>
#include "cli.h"

struct args {
	bool human, mapper_names;
};

static const struct cli_option options[] = {
	CLI_FLAG('h', "human-readable", struct args, human,
		 "print sizes as 23.6 MiB, which is always done"),
	CLI_FLAG(0, "mapper-names", struct args, mapper_names, "print /dev/mapper/NAME, not dm-N"),
	CLI_FILESYSTEM_OR_HERE,
};

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = cli_open_readable(cli, &fs);

	if (!err)
		err = bch_fs_start(fs, NULL);
	return err ? err : bch_fs_show_failure_domains(fs, a->mapper_names, cli->facts);
}

const struct cli_command cmd_failure_domains = {
	.name = "fs failure-domains",
	.heading = CLI_HEADING_running,
	.summary = "show what would be lost with each device",
	.help = "By the counters of who holds what; data counts once, however many copies there "
		"are. "
		"Copies on devices that are missing, or of durability 0, are none.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PASSPHRASE,
	.run = run,
};
