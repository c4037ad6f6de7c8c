// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs scan: which filesystems there are. CLI 14.3. */

#include <bcachefs/super.h>
#include "cli.h"

/* Exit statuses: a member is missing; no filesystem was found. */
enum {
	SCAN_INCOMPLETE = 1,
	SCAN_NONE = 2
};

struct args {
	struct cli_strings names;
	bool udev;
};

static const struct cli_option options[] = {
	CLI_OPERANDS("DEV|DIR", struct args, names, "where to look; default: all block devices",
		     .optional = true),
	CLI_FLAG(0, "udev", struct args, udev, "print what a udev rule imports about one device"),
};

static int udev(struct cli *cli, const struct args *a)
{
	struct bch_buf out bch_auto(buf) = { 0 };
	int err;

	if (a->names.nr != 1)
		return cli_usage(cli, "--udev wants one device");
	err = bch_scan_udev(cli->ctx, a->names.p[0], &out);
	return err ? err : cli_write(cli, bch_buf_str(&out));
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_scan_result result;
	int err;

	if (a->udev)
		return udev(cli, a);
	err = bch_scan(cli->ctx, a->names.p, a->names.nr, cli->facts, &result);
	if (err)
		return err;
	return !result.nr_filesystems ? SCAN_NONE : result.nr_incomplete ? SCAN_INCOMPLETE : 0;
}

const struct cli_command cmd_scan = {
	.name = "scan",
	.heading = CLI_HEADING_devices,
	.summary = "list filesystems and their members",
	.help = "Exit status 0: all are whole, 1: a member is missing, 2: none was found.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON,
	.run = run,
};
