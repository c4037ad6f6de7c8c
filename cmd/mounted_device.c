// SPDX-License-Identifier: GPL-2.0-or-later
/* What is done about members of a mounted filesystem: device, data. CLI 8. */

#include <string.h>
#include <unistd.h>
#include <bcachefs/live.h>
#include <bcachefs/mount.h>
#include "cli_table.h"
#include "mounted.h"

#define STATE_RO 1 /* in bch_opt_member_states */

struct args {
	const char *which, *filesystem, *state, *size, *job;
	bool force, lost, metadata, degrade;
};

#define WHICH_ROW \
	CLI_OPERAND("DEVICE", struct args, which, "the member: path, index, label or UUID")
#define FILESYSTEM_ROW(...)                                                                \
	CLI_OPERAND("PATH", struct args, filesystem, "a folder in the mounted filesystem", \
		    ##__VA_ARGS__)

/* The mounted filesystem that the command line names, and its member. */
static int open_member(struct cli *cli, const struct args *a, struct bch_live **live, u32 *dev_idx)
{
	int err = bch_live_open(cli->ctx, a->filesystem ? a->filesystem : a->which, live);

	return err ? err : bch_live_member_find(*live, a->which, dev_idx);
}

static unsigned flags_of(const struct args *a)
{
	return (a->force ? BCH_LIVE_DEGRADED : 0U) | (a->lost ? BCH_LIVE_DATA_LOST : 0U) |
	       (a->metadata ? BCH_LIVE_METADATA_LOST : 0U);
}

/* ------------------------------------------------------------------ online, offline */

static const struct cli_option online_options[] = {
	CLI_OPERAND("DEVICE", struct args, which, "a device of a filesystem that is mounted"),
};

static const struct cli_option offline_options[] = {
	CLI_FLAG('f', "force", struct args, force,
		 "although there will be fewer copies than wanted"),
	WHICH_ROW,
	FILESYSTEM_ROW(.optional = true),
};

/* The rule of udev calls it whatever kernel there is, and must not fail for that. */
static int online(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_live *live bch_auto(live) = NULL;
	int err;

	if (!bch_kernel_has_bcachefs())
		return isatty(STDERR_FILENO)
			       ? bch_error_whole(cli->ctx, -BCH_ERR_not_supported,
						 "the kernel has no bcachefs, or has not loaded it")
			       : 0;
	err = bch_live_open(cli->ctx, a->which, &live);
	return err ? err : bch_live_online(live, a->which);
}

static int offline(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_live *live bch_auto(live) = NULL;
	u32 dev_idx;
	int err = open_member(cli, a, &live, &dev_idx);

	return err ? err : bch_live_offline(live, dev_idx, flags_of(a));
}

const struct cli_command cmd_device_online = {
	.name = "device online",
	.heading = CLI_HEADING_devices,
	.summary = "give a mounted filesystem a device of its back",
	CLI_OPTIONS(online_options, struct args),
	.run = online,
};

const struct cli_command cmd_device_offline = {
	.name = "device offline",
	.heading = CLI_HEADING_devices,
	.summary = "have a mounted filesystem do without a device, which stays its member",
	CLI_OPTIONS(offline_options, struct args),
	.run = offline,
};

/* ------------------------------------------------------------------ remove, evacuate, set-state */

/* Nothing more is written to it, and what is there goes. */
static int empty(struct cli *cli, struct bch_live *live, u32 dev_idx)
{
	int err = bch_live_set_state(live, dev_idx, STATE_RO, 0);

	return err ? err
		   : bch_live_job(live, BCH_LIVE_JOB_migrate, dev_idx, cli_progress_mode(cli));
}

static const struct cli_option remove_options[] = {
	CLI_FLAG('f', "force", struct args, lost, "although data is lost that only it has"),
	CLI_FLAG('F', "force-metadata", struct args, metadata,
		 "although metadata is lost that only it has"),
	CLI_FLAG(0, "degrade", struct args, degrade,
		 "make no new copies of what the other members have"),
	WHICH_ROW,
	FILESYSTEM_ROW(.optional = true),
};

static int remove_device(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_live *live bch_auto(live) = NULL;
	u32 dev_idx;
	int err = open_member(cli, a, &live, &dev_idx);

	if (!err && !a->degrade)
		err = empty(cli, live, dev_idx);
	if (!err)
		err = bch_live_remove(live, dev_idx,
				      flags_of(a) | (a->degrade ? BCH_LIVE_DEGRADED : 0U));
	if (!err)
		cli_say(cli, "removed %s", a->which);
	return err;
}

const struct cli_command mounted_device_remove = {
	.name = "device remove",
	.summary = MOUNTED_SUMMARY,
	CLI_OPTIONS(remove_options, struct args),
	.flags = CLI_PROGRESS,
	.run = remove_device,
};

static const struct cli_option evacuate_options[] = {
	WHICH_ROW,
	FILESYSTEM_ROW(.optional = true),
};

static int evacuate(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_live *live bch_auto(live) = NULL;
	u32 dev_idx;
	int err = open_member(cli, a, &live, &dev_idx);

	if (!err)
		err = empty(cli, live, dev_idx);
	if (!err)
		cli_say(cli,
			"Evacuation complete - device ready to remove with 'bcachefs device remove "
			"%s'",
			a->which);
	return err;
}

const struct cli_command mounted_device_evacuate = {
	.name = "device evacuate",
	.summary = MOUNTED_SUMMARY,
	CLI_OPTIONS(evacuate_options, struct args),
	.flags = CLI_PROGRESS,
	.run = evacuate,
};

static const struct cli_option set_state_options[] = {
	CLI_OPERAND("STATE", struct args, state, "rw, ro, failed (or evacuating), spare"),
	WHICH_ROW,
	CLI_FLAG('f', "force", struct args, force,
		 "although there will be fewer copies than wanted"),
	CLI_FLAG('F', "force-if-data-lost", struct args, lost,
		 "although some data cannot be read then"),
	FILESYSTEM_ROW(.optional = true),
};

static int set_state(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_live *live bch_auto(live) = NULL;
	u64 state;
	u32 dev_idx;
	int err = bch_member_state_parse(cli->ctx, a->state, &state);

	if (!err)
		err = open_member(cli, a, &live, &dev_idx);
	return err ? err : bch_live_set_state(live, dev_idx, state, flags_of(a));
}

const struct cli_command mounted_device_set_state = {
	.name = "device set-state",
	.summary = MOUNTED_SUMMARY,
	CLI_OPTIONS(set_state_options, struct args),
	.run = set_state,
};

/* ------------------------------------------------------------------ resize */

static const struct cli_option resize_options[] = {
	WHICH_ROW,
	CLI_OPERAND("SIZE", struct args, size, "how much of the device to use; default: all",
		    .optional = true),
	FILESYSTEM_ROW(.optional = true),
};

static const struct cli_option resize_journal_options[] = {
	WHICH_ROW,
	CLI_OPERAND("SIZE", struct args, size, "size of its journal"),
	FILESYSTEM_ROW(.optional = true),
};

static int resize(struct cli *cli, const void *parsed)
{
	struct args a = *(const struct args *)parsed;
	struct bch_live *live bch_auto(live) = NULL;
	u64 size = 0;
	u32 dev_idx;
	int err = 0;

	if (a.size && !a.filesystem && bch_is_live(a.size)) { /* there is no size */
		a.filesystem = a.size;
		a.size = NULL;
	}
	if (a.size && strcmp(a.size, "max"))
		err = bch_size_parse(cli->ctx, "size", a.size, &size);
	if (!err)
		err = open_member(cli, &a, &live, &dev_idx);
	return err ? err : bch_live_resize(live, dev_idx, size);
}

static int resize_journal(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_live *live bch_auto(live) = NULL;
	u64 size;
	u32 dev_idx;
	int err = bch_size_parse(cli->ctx, "size", a->size, &size);

	if (!err)
		err = open_member(cli, a, &live, &dev_idx);
	return err ? err : bch_live_resize_journal(live, dev_idx, size);
}

const struct cli_command mounted_device_resize = {
	.name = "device resize",
	.summary = MOUNTED_SUMMARY,
	CLI_OPTIONS(resize_options, struct args),
	.run = resize,
};

const struct cli_command mounted_device_resize_journal = {
	.name = "device resize-journal",
	.summary = MOUNTED_SUMMARY,
	CLI_OPTIONS(resize_journal_options, struct args),
	.run = resize_journal,
};

/* ------------------------------------------------------------------ data */

static const struct cli_option rereplicate_options[] = { FILESYSTEM_ROW() };

static const struct cli_option job_options[] = {
	CLI_OPERAND("JOB", struct args, job,
		    "rereplicate, drop_extra_replicas, rewrite_old_nodes, or migrate"),
	CLI_OPERAND("DEVICE", struct args, which, "of migrate, the member to be emptied",
		    .optional = true),
	FILESYSTEM_ROW(),
};

static const struct {
	const char *name;
	enum bch_live_job job;
} jobs[] = {
	{ "rereplicate", BCH_LIVE_JOB_rereplicate },
	{ "drop_extra_replicas", BCH_LIVE_JOB_drop_extra_replicas },
	{ "rewrite_old_nodes", BCH_LIVE_JOB_rewrite_old_nodes },
	{ "migrate", BCH_LIVE_JOB_migrate },
};

static int rereplicate(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_live *live bch_auto(live) = NULL;
	int err = bch_live_open(cli->ctx, a->filesystem, &live);

	return err ? err : bch_live_job(live, BCH_LIVE_JOB_rereplicate, 0, cli_progress_mode(cli));
}

static int data_job(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_live *live bch_auto(live) = NULL;
	u32 dev_idx = 0;
	size_t i = 0;
	int err;

	while (i < bch_array_size(jobs) && !cli_name_equal(jobs[i].name, a->job))
		i++;
	if (i == bch_array_size(jobs))
		return cli_usage(cli, "no such job: %s", a->job);
	if ((jobs[i].job == BCH_LIVE_JOB_migrate) != !!a->which)
		return cli_usage(cli, "%s",
				 a->which ? "only migrate is about a DEVICE"
					  : "missing operand DEVICE");
	err = bch_live_open(cli->ctx, a->filesystem, &live);
	if (err || !a->which)
		return err ? err : bch_live_job(live, jobs[i].job, 0, cli_progress_mode(cli));
	err = bch_live_member_find(live, a->which, &dev_idx);
	return err ? err : empty(cli, live, dev_idx);
}

const struct cli_command mounted_data_rereplicate = {
	.name = "data rereplicate",
	.summary = MOUNTED_SUMMARY,
	CLI_OPTIONS(rereplicate_options, struct args),
	.flags = CLI_PROGRESS,
	.run = rereplicate,
};

const struct cli_command mounted_data_job = {
	.name = "data job",
	.summary = MOUNTED_SUMMARY,
	CLI_OPTIONS(job_options, struct args),
	.flags = CLI_PROGRESS,
	.run = data_job,
};
