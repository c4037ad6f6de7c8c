// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs undo: put back what a command overwrote. CLI 14.6. */

#include <bcachefs/buf.h>
#include <bcachefs/undo.h>
#include "cli.h"

struct args {
	const char *file;
	bool force, header;
};

static const struct cli_option options[] = {
	CLI_OPERAND("FILE", struct args, file, "what --undo-file of the command made"),
	CLI_FLAG('f', "force", struct args, force,
		 "put back although a device was written since, or is missing"),
	CLI_FLAG(0, "header", struct args, header,
		 "print what FILE is of: the command line, when, which devices"),
	CLI_FILESYSTEM_OR_HERE,
};

static int put_back(struct cli *cli, const struct args *a)
{
	struct cli_strings devices = cli_devices(cli);
	struct bch_open_opts opts;
	struct bch_undo_request request = {
		.file = a->file,
		.names = devices.p,
		.nr_names = devices.nr,
		.open = &opts,
		.force = a->force,
	};
	struct bch_undo_result result;
	struct bch_buf bytes bch_auto(buf) = { 0 };
	int err = cli_open_opts(cli, BCH_OPEN_WRITE, &opts);

	if (!devices.nr)
		return cli_usage(cli, "missing operand DEVICES");
	if (!err)
		err = bch_undo_run(cli->ctx, &request, &result);
	if (err)
		return err;
	bch_buf_human(&bytes, result.nr_bytes);
	cli_say(cli, "%s on %u device%s %s put back", bch_buf_str(&bytes), result.nr_devs,
		result.nr_devs == 1 ? "" : "s", cli->common.dry_run ? "can be" : "were");
	return 0;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;

	if (!a->header)
		return put_back(cli, a);
	bch_facts_column(cli->facts, 24);
	return bch_undo_show(cli->ctx, a->file, cli->facts);
}

const struct cli_command cmd_undo = {
	.name = "undo",
	.heading = CLI_HEADING_repair,
	.summary = "put back what a command overwrote",
	.help = "FILE was made by a command with --undo-file, or lies in the folder that the "
		"variable BCACHEFS_UNDO_DIR names. Every byte becomes what it was before that "
		"command. Refused where a device was written since, if only by being mounted: the "
		"file knows nothing of that, and what it puts back does not fit to it. The file of "
		"a "
		"command that was killed, or cut off by the power, is as good; but of such a "
		"command "
		"undo can only tell by the superblock that nothing else was written since.\n"
		"With --undo-file this can itself be undone. -n only checks.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_WRITES,
	.run = run,
};
