// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs device add: make devices members of an unmounted filesystem. CLI 8.4. */

#include <stdlib.h>
#include <string.h>
#include <bcachefs/device.h>
#include <bcachefs/fsck.h>
#include "cli_format.h"

struct args {
	struct cli_format format;
	bool force;
};

static const struct cli_option options[] = {
	CLI_FILESYSTEM_WORD,
	CLI_OPERAND_EVENTS("DEVICE", struct args, format.events,
			   "devices to add; device options hold for all that follow them"),
	CLI_OPT_TABLE(BCH_OPT_FORMAT | BCH_OPT_DEVICE, struct args, format.events),
	CLI_LETTER('l', "label"),
	CLI_LETTER('S', "fs_size"),
	CLI_LETTER('B', "bucket_size"),
	CLI_FLAG('f', "force", struct args, force, "do not ask although a device holds something"),
};

/* Without the operand that is the filesystem. */
static struct cli_format without_filesystem(const struct cli *cli, const struct args *a)
{
	struct cli_format format = a->format;
	struct cli_event *p = format.events.p;
	size_t at = 0;

	while (cli->common.filesystem && at < format.events.nr && p[at].opt)
		at++;
	if (at < format.events.nr && cli->common.filesystem)
		memmove(p + at, p + at + 1, (--format.events.nr - at) * sizeof(*p));
	return format;
}

static void say_added(struct cli *cli, const struct bch_fs *fs, const struct cli_format_plan *plan,
		      const u32 *dev_idx)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	bch_fs_name_put(&name, fs);
	for (size_t i = 0; i < plan->opts.nr_devs; i++)
		cli_say(cli, "added %s to %s as device %u", plan->devs[i].path, bch_buf_str(&name),
			dev_idx[i]);
}

static int add(struct cli *cli, struct bch_fs *fs, const struct cli_format_plan *plan)
{
	const struct bch_device_add_opts opts = {
		.devs = plan->devs,
		.nr_devs = plan->opts.nr_devs,
		.dry_run = cli->common.dry_run,
		.dev_idx = calloc(plan->opts.nr_devs + 1, sizeof(*opts.dev_idx)),
	};
	int err = opts.dev_idx ? bch_fs_add_devices(fs, &opts) : -BCH_ERR_no_memory;

	if (!err)
		say_added(cli, fs, plan, opts.dev_idx);
	free(opts.dev_idx);
	return err;
}

static int open_and_add(struct cli *cli, const struct args *a, const struct cli_format_plan *plan)
{
	struct bch_fs *fs;
	int err = cli_open(cli, BCH_OPEN_WRITE, &fs), closed;

	if (err)
		return err;
	err = cli_unlock(cli, fs);
	if (!err)
		err = cli_format_ask(cli, plan, a->force || cli->common.dry_run);
	if (!err)
		err = add(cli, fs, plan);
	closed = bch_fs_close(fs);
	if (!err && !closed && !cli->common.dry_run)
		cli_settle_udev();
	return err ? err : closed;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct cli_format format = without_filesystem(cli, a);
	struct cli_format_plan plan bch_auto(format_plan) = { 0 };
	int err = cli_format_take(cli, &format, &plan);

	return err ? err : open_and_add(cli, a, &plan);
}

const struct cli_command cmd_device_add = {
	.name = "device add",
	.heading = CLI_HEADING_devices,
	.summary = "make devices members of an unmounted filesystem",
	.help = "Each device option holds for all devices after it, until it is given anew, as "
		"those of "
		"format do. What the devices held is wiped; they are written first, and one commit "
		"makes "
		"all of them members.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_WRITES | CLI_PASSPHRASE,
	.run = run,
};
