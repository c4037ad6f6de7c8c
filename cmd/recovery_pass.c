// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs recovery-pass: schedule recovery passes for the next start. CLI 6.2. */

#include <bcachefs/recovery_pass.h>
#include <bcachefs/super.h>
#include "cli.h"

struct args {
	struct cli_strings set, unset;
};

static const struct cli_option options[] = {
	CLI_FILESYSTEM,
	CLI_STRINGS('s', "set", "PASSES", struct args, set, "passes to schedule, comma-separated",
		    .names = bch_recovery_pass_names),
	CLI_STRINGS('u', "unset", "PASSES", struct args, unset, "passes to take out"),
};

/* All lists of one option together. */
static int parse(struct cli *cli, const struct cli_strings *lists, u64 *passes)
{
	int err = 0;

	*passes = 0;
	for (size_t i = 0; i < lists->nr && !err; i++) {
		u64 more = 0;

		err = bch_recovery_passes_parse(cli->ctx, lists->p[i], &more);
		*passes |= more;
	}
	return err;
}

static int change(struct bch_fs *fs, u64 set, u64 unset)
{
	int err = bch_fs_schedule_passes(fs, set, unset);

	return err ? err : bch_fs_write_super(fs);
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	bool to_change = a->set.nr || a->unset.nr;
	u64 set, unset;
	struct bch_fs *fs;
	int err = parse(cli, &a->set, &set), closed;

	if (!err)
		err = parse(cli, &a->unset, &unset);
	if (!err)
		err = cli_open(cli, to_change ? BCH_OPEN_WRITE : 0, &fs);
	if (err)
		return err;
	if (to_change)
		err = change(fs, set, unset);
	bch_facts_column(cli->facts, 0);
	if (!err)
		bch_fs_show_passes(fs, cli->facts);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

const struct cli_command cmd_recovery_pass = {
	.name = "recovery-pass",
	.heading = CLI_HEADING_repair,
	.summary = "schedule recovery passes for the next start",
	.help = "Says at last what is scheduled. A pass is taken off the list by whoever has run "
		"it.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_WRITES,
	.run = run,
};
