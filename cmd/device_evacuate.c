// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs device evacuate: have all that is on a member go to the others. CLI 8.6. */

#include <bcachefs/journal.h>
#include <bcachefs/move.h>
#include "cli_move.h"
#include "mounted.h"

struct args {
	const char *device;
};

static const struct cli_option options[] = {
	CLI_OPERAND("DEVICE", struct args, device,
		    "the member to be emptied: path, index, label or UUID"),
	CLI_FILESYSTEM_OR_HERE,
};

static int move(struct cli *cli, struct bch_fs *fs, const void *args,
		const struct bch_move_opts *opts, struct bch_move_result *result)
{
	const struct args *a = args;
	u32 dev_idx;
	int err = bch_fs_member_find(fs, a->device, &dev_idx);

	return err ? err : bch_fs_evacuate(fs, &dev_idx, 1, opts, result);
}

static int run(struct cli *cli, const void *parsed)
{
	static const struct bch_move_opts all;
	const struct args *a = parsed;
	struct bch_move_result result;
	int err;

	cli_filesystem_of(cli, a->device);
	err = cli_move(cli, 0, move, a, &all, &result);
	if (!err && !result.interrupted && !result.nr_lost && !cli->common.dry_run)
		cli_say(cli,
			"Evacuation complete — device ready to remove with 'bcachefs device remove "
			"%s'",
			a->device);
	return cli_move_status(cli, err, &result);
}

const struct cli_command cmd_device_evacuate = {
	.name = "device evacuate",
	.heading = CLI_HEADING_devices,
	.summary = "move all data and metadata off a member",
	.help = "The member becomes read-only, and stays a member. Copies go to the other members "
		"as they are stored, verified by their checksums, in several commits, each whole: "
		"after an interrupt another run goes on. Where the room on the others is too small "
		"nothing is done. What no copy is good of stays, and is named.\n"
		"DEVICES may be left out where DEVICE is a path, and the only member or one of "
		"block devices.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE | CLI_PROGRESS | CLI_WRITES,
	.run = run,
	.mounted = &mounted_device_evacuate,
};
