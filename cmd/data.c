// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs data rereplicate, data job: work on all data of an unmounted filesystem. CLI 8.10. */

#include <stdlib.h>
#include <string.h>
#include "cli_move.h"
#include "cli_table.h"
#include "mounted.h"

struct args {
	const char *btree, *start, *end;
	const char *word; /* the job as it was given */
	unsigned job;
	const char *member; /* of migrate */
};

/* Those of other releases, in the order of enum bch_data_job, then those that other commands are for. */
enum {
	JOB_MIGRATE = BCH_DATA_JOB_rewrite_old_nodes + 1,
	JOB_SCRUB,
};

static const char *const jobs[] = {
	[BCH_DATA_JOB_rereplicate] = "rereplicate",
	[BCH_DATA_JOB_drop_extra_replicas] = "drop_extra_replicas",
	[BCH_DATA_JOB_rewrite_old_nodes] = "rewrite_old_nodes",
	[JOB_MIGRATE] = "migrate",
	[JOB_SCRUB] = "scrub",
	NULL,
};

static const struct cli_option rereplicate_options[] = {
	CLI_FILESYSTEM,
};

static const struct cli_option job_options[] = {
	CLI_STRING('b', "btree", "BTREE", struct args, btree, "only what this btree has"),
	CLI_STRING('s', "start", "POS", struct args, start, "first position of each btree"),
	CLI_STRING('e', "end", "POS", struct args, end, "last position of each btree"),
	CLI_OPERAND("JOB", struct args, word,
		    "rereplicate, drop_extra_replicas, rewrite_old_nodes, or migrate"),
	CLI_OPERAND("MEMBER", struct args, member,
		    "of migrate, the member to be emptied: path, index, label or UUID",
		    .optional = true),
	CLI_FILESYSTEM,
};

static int move(struct cli *cli, struct bch_fs *fs, const void *args,
		const struct bch_move_opts *opts, struct bch_move_result *result)
{
	const struct args *a = args;
	u32 dev_idx;
	int err;

	if (a->job != JOB_MIGRATE)
		return bch_fs_data_job(fs, (enum bch_data_job)a->job, opts, result);
	err = bch_fs_member_find(fs, a->member, &dev_idx);
	return err ? err : bch_fs_evacuate(fs, &dev_idx, 1, opts, result);
}

static int run_job(struct cli *cli, const struct args *a)
{
	const struct bch_move_opts opts = { .btree = a->btree, .start = a->start, .end = a->end };
	struct bch_move_result result;
	int err = cli_move(cli, 0, move, a, &opts, &result);

	return cli_move_status(cli, err, &result);
}

static int run_rereplicate(struct cli *cli, const void *parsed)
{
	const struct args a = { .job = BCH_DATA_JOB_rereplicate };

	return run_job(cli, &a);
}

/* The number of the job; that behind the last where there is none of that name. */
static unsigned find_job(const char *name)
{
	unsigned i = 0;

	while (jobs[i] && !cli_name_equal(jobs[i], name))
		i++;
	return i;
}

/* Of migrate, a member that stands alone says the filesystem too; other jobs have no member: it is a device. */
static int deal(struct cli *cli, struct args *a)
{
	struct cli_strings *devices = &cli->common.devices;
	const char **p;

	if (a->job == JOB_MIGRATE) {
		a->member = a->member ? a->member : devices->nr ? devices->p[0] : NULL;
		return a->member ? 0 : cli_usage(cli, "missing operand MEMBER");
	}
	if (!a->member)
		return 0;
	if (!devices->nr)
		return cli_usage(cli, "unexpected operand '%s'", a->member);
	p = realloc(devices->p, (devices->nr + 1) * sizeof(*p));
	if (!p)
		return -BCH_ERR_no_memory;
	memmove(p + 1, p, devices->nr++ * sizeof(*p));
	p[0] = a->member;
	devices->p = p;
	return 0;
}

static int run_data_job(struct cli *cli, const void *parsed)
{
	struct args a = *(const struct args *)parsed;
	int err;

	a.job = find_job(a.word);
	if (!jobs[a.job])
		return cli_usage(cli, "no such job: %s", a.word);
	if (a.job == JOB_SCRUB)
		return cli_usage(cli, "scrub is a command of its own: 'bcachefs scrub'");
	err = deal(cli, &a);
	return err ? err : run_job(cli, &a);
}

const struct cli_command cmd_data_rereplicate = {
	.name = "data rereplicate",
	.heading = CLI_HEADING_data,
	.summary = "make copies that are missing anew",
	.help = "Extents and btree nodes that have fewer copies than wanted, or copies on members "
		"that are missing or failed, get new ones, in several commits, each whole. With "
		"missing members it needs -o degraded.",
	CLI_OPTIONS(rereplicate_options, struct args),
	.flags = CLI_PASSPHRASE | CLI_PROGRESS | CLI_WRITES,
	.run = run_rereplicate,
	.mounted = &mounted_data_rereplicate,
};

const struct cli_command cmd_data_job = {
	.name = "data job",
	.heading = CLI_HEADING_data,
	.summary = "do one kind of work on all data",
	.help = "rereplicate: as 'data rereplicate'; drop_extra_replicas: copies that are more "
		"than "
		"wanted, and cached ones, go; rewrite_old_nodes: btree nodes in the form of an "
		"older "
		"version are written anew; migrate MEMBER: as 'device evacuate'.",
	CLI_OPTIONS(job_options, struct args),
	.flags = CLI_PASSPHRASE | CLI_PROGRESS | CLI_WRITES,
	.run = run_data_job,
	.mounted = &mounted_data_job,
};
