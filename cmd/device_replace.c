// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs device replace: have a device take the place of a member. CLI 14.3. */

#include <string.h>
#include <bcachefs/format.h>
#include "cli_move.h"

struct args {
	const char *old, *new;
	bool force, keep_super;
};

static const struct cli_option options[] = {
	CLI_FLAG('f', "force", struct args, force, "wipe what NEW holds"),
	CLI_FLAG(0, "keep-super", struct args, keep_super,
		 "do not wipe the superblocks on the replaced device"),
	CLI_OPERAND(
		"OLD", struct args, old,
		"the member: path, index, label or UUID; or 'missing' for the only one that is"),
	CLI_OPERAND("NEW", struct args, new, "the device that takes its place"),
	CLI_FILESYSTEM_OR_HERE,
};

static int find(struct cli *cli, struct bch_fs *fs, const char *word, u32 *dev_idx)
{
	u32 next;

	if (strcmp(word, "missing"))
		return bch_fs_member_find(fs, word, dev_idx);
	*dev_idx = 0;
	if (!bch_fs_missing_member(fs, dev_idx))
		return bch_error_whole(cli->ctx, -BCH_ERR_no_such_device, "no member is missing");
	next = *dev_idx + 1;
	if (bch_fs_missing_member(fs, &next))
		return bch_error_whole(cli->ctx, -BCH_ERR_device_ambiguous,
				       "members %u and %u are missing: which one?", *dev_idx, next);
	return 0;
}

static int check_new(struct cli *cli, const struct args *a)
{
	struct bch_buf lines bch_auto(buf) = { 0 };
	int err = bch_device_contents(cli->ctx, a->new, &lines);

	if (err || !lines.len || a->force || cli->common.dry_run)
		return err;
	return bch_error_whole(cli->ctx, -BCH_ERR_device_foreign, "%s contains a %.*s; -f wipes it",
			       a->new, (int)strcspn(bch_buf_str(&lines), "\n"),
			       bch_buf_str(&lines));
}

static int move(struct cli *cli, struct bch_fs *fs, const void *args,
		const struct bch_move_opts *opts, struct bch_move_result *result)
{
	const struct args *a = args;
	const struct bch_replace_opts replace = { .move = *opts, .keep_super = a->keep_super };
	u32 dev_idx;
	int err = find(cli, fs, a->old, &dev_idx);

	if (!err)
		err = cli_move_check_missing(cli, fs, &dev_idx, 1);
	if (!err)
		err = check_new(cli, a);
	return err ? err : bch_fs_replace_dev(fs, dev_idx, a->new, &replace, result);
}

static int run(struct cli *cli, const void *parsed)
{
	static const struct bch_move_opts all;
	const struct args *a = parsed;
	struct bch_move_result result;
	int err;

	cli_filesystem_of(cli, a->old);
	err = cli_move(cli, BCH_OPEN_DEGRADED | BCH_OPEN_VERY_DEGRADED, move, a, &all, &result);
	if (!err && !result.interrupted && !cli->common.dry_run)
		cli_say(cli, "%s is what %s was", a->new, a->old);
	return cli_move_status(cli, err, &result);
}

const struct cli_command cmd_device_replace = {
	.name = "device replace",
	.heading = CLI_HEADING_devices,
	.summary = "have a device take the place of a member",
	.help = "NEW gets OLD's index, label and options, and all that is on it, from it where it "
		"can "
		"be read and its checksum is right, else from other copies; OLD may be missing. "
		"NEW "
		"has to be as large; 'device resize' has the filesystem use what is more. One "
		"write "
		"of the superblocks in the end makes it a member: before that nothing but NEW "
		"changes. Then OLD's superblocks are wiped.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE | CLI_PROGRESS | CLI_WRITES,
	.run = run,
};
