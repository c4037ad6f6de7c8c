// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs device remove: take members out of an unmounted filesystem. CLI 8.5. */

#include <string.h>
#include "cli_move.h"
#include "mounted.h"

#define MEMBERS_MAX 255

struct args {
	struct cli_strings which;
	bool force, degrade, keep_super;
};

static const struct cli_option options[] = {
	CLI_FLAG('f', "force", struct args, force,
		 "although data is lost that only they have: it becomes errors of its files"),
	CLI_FLAG(0, "degrade", struct args, degrade,
		 "make no new copies of what the other members have"),
	CLI_FLAG(0, "keep-super", struct args, keep_super,
		 "do not wipe the superblocks on the removed devices"),
	CLI_OPERANDS("WHICH", struct args, which,
		     "members to be removed: path, index, label, UUID, or 'missing'"),
	CLI_FILESYSTEM_OR_HERE,
};

/* Members by index, each once. */
struct members {
	u32 v[MEMBERS_MAX];
	u32 nr;
};

static void add(struct members *m, u32 dev_idx)
{
	for (u32 i = 0; i < m->nr; i++)
		if (m->v[i] == dev_idx)
			return;
	if (m->nr < MEMBERS_MAX)
		m->v[m->nr++] = dev_idx;
}

static int find(struct cli *cli, struct bch_fs *fs, const char *word, struct members *m)
{
	u32 dev_idx = 0;
	int err;

	if (strcmp(word, "missing")) {
		err = bch_fs_member_find(fs, word, &dev_idx);
		if (!err)
			add(m, dev_idx);
		return err;
	}
	if (!bch_fs_missing_member(fs, &dev_idx))
		return bch_error_whole(cli->ctx, -BCH_ERR_no_such_device, "no member is missing");
	for (; bch_fs_missing_member(fs, &dev_idx); dev_idx++)
		add(m, dev_idx);
	return 0;
}

static int move(struct cli *cli, struct bch_fs *fs, const void *args,
		const struct bch_move_opts *opts, struct bch_move_result *result)
{
	const struct args *a = args;
	const struct bch_remove_opts remove = {
		.move = *opts, .force = a->force, .degrade = a->degrade, .keep_super = a->keep_super
	};
	struct members m = { .nr = 0 };
	int err = 0;

	for (size_t i = 0; i < a->which.nr && !err; i++)
		err = find(cli, fs, a->which.p[i], &m);
	if (!err)
		err = cli_move_check_missing(cli, fs, m.v, m.nr);
	return err ? err : bch_fs_remove_devs(fs, m.v, m.nr, &remove, result);
}

static void say_removed(struct cli *cli, const struct args *a)
{
	for (size_t i = 0; i < a->which.nr; i++)
		cli_say(cli, "removed %s", a->which.p[i]);
}

static int run(struct cli *cli, const void *parsed)
{
	static const struct bch_move_opts all;
	struct args a = *(const struct args *)parsed;
	struct bch_move_result result;
	int err;

	if (!cli->common.device_paths.nr) {
		cli->common.filesystem = a.which.p[a.which.nr - 1];
		a.which.nr -= a.which.nr > 1;
	}
	err = cli_move(cli, BCH_OPEN_DEGRADED | BCH_OPEN_VERY_DEGRADED, move, &a, &all, &result);
	if (err || result.interrupted)
		return cli_move_status(cli, err, &result);
	if (!cli->common.dry_run)
		say_removed(cli, &a);
	return 0;
}

const struct cli_command cmd_device_remove = {
	.name = "device remove",
	.heading = CLI_HEADING_devices,
	.summary = "take members out of a filesystem",
	.help = "Data and metadata on them go to the other members first, as by 'device evacuate'. "
		"Of members that are gone, copies are made from others. Data that no other member "
		"has keeps them from being removed: its files are named, and nothing is done. Last "
		"of all the superblocks on the removed devices are wiped. Metadata that only "
		"missing "
		"members have is for fsck to give up first.\n"
		"The last of several operands, or -D, names the filesystem: one word, as "
		"A:B:C, UUID=UUID; a single one is the member, from which the others are found.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE | CLI_PROGRESS | CLI_WRITES,
	.run = run,
	.mounted = &mounted_device_remove,
};
