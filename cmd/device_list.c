// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs device list: the members of a filesystem. CLI 14.3. */

#include <bcachefs/device.h>
#include <bcachefs/journal.h>
#include "cli.h"

struct args {
	char none;
};

static const struct cli_option options[] = { CLI_FILESYSTEM_OR_HERE };

static int run(struct cli *cli, const void *parsed)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	u32 nr_missing;
	int err = cli_open_readable(cli, &fs);

	if (!err)
		err = bch_fs_start(fs, NULL);
	if (!err)
		err = bch_fs_show_devices(fs, cli->facts, &nr_missing);
	return err ? err : nr_missing > 0;
}

const struct cli_command cmd_device_list = {
	.name = "device list",
	.heading = CLI_HEADING_devices,
	.summary = "show the devices of a filesystem and what they hold",
	.help = "Exit status 1: a device is missing.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PASSPHRASE,
	.run = run,
};
