// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs device set-state: take a member in or out of use. CLI 8.7. */

#include <bcachefs/super.h>
#include "cli.h"
#include "mounted.h"

struct args {
	const char *state, *which;
	bool force, lost, offline;
};

static const struct cli_option options[] = {
	CLI_OPERAND("STATE", struct args, state, "rw, ro, failed (or evacuating), spare"),
	CLI_OPERAND("DEVICE", struct args, which,
		    "the member: path, index, label or UUID; by its path alone, of the filesystem "
		    "that it belongs to"),
	CLI_FLAG('f', "force", struct args, force,
		 "although there will be fewer copies than wanted"),
	CLI_FLAG('F', "force-if-data-lost", struct args, lost,
		 "although some data cannot be read then"),
	CLI_FLAG('o', "offline", struct args, offline, "accepted: the filesystem is not mounted"),
	CLI_FILESYSTEM_OR_HERE,
};

static int set(struct cli *cli, struct bch_fs *fs, const struct args *a, u32 dev_idx)
{
	unsigned flags = (a->force ? BCH_STATE_DEGRADED : 0U) | (a->lost ? BCH_STATE_LOST : 0U);
	struct bch_buf name bch_auto(buf) = { 0 };
	struct bch_buf was bch_auto(buf) = { 0 };
	struct bch_buf is bch_auto(buf) = { 0 };
	u64 state;
	int err = bch_member_state_parse(cli->ctx, a->state, &state);

	bch_fs_state_put(&was, fs, dev_idx);
	if (!err)
		err = bch_fs_set_state(fs, dev_idx, state, flags);
	if (!err)
		err = bch_fs_write_super(fs);
	if (err)
		return err;
	bch_fs_member_name_put(&name, fs, dev_idx);
	bch_fs_state_put(&is, fs, dev_idx);
	cli_say(cli, "%s: %s, was %s", bch_buf_str(&name), bch_buf_str(&is), bch_buf_str(&was));
	return 0;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs;
	u32 dev_idx;
	int err = cli_open_member(cli, BCH_OPEN_WRITE, a->which, &fs, &dev_idx), closed;

	if (!err)
		err = set(cli, fs, a, dev_idx);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

const struct cli_command cmd_device_set_state = {
	.name = "device set-state",
	.heading = CLI_HEADING_devices,
	.summary = "take a device of an unmounted filesystem in or out of use",
	.help = "Nothing new is written to a device that is not rw. What lies on one that is "
		"failed is not "
		"read either, until version 1.33, from which on it is called evacuating; nor what "
		"lies on a "
		"spare one.\n"
		"All devices get to know it: they are found, or --options=degraded says that one "
		"is gone.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_WRITES,
	.run = run,
	.mounted = &mounted_device_set_state,
};
