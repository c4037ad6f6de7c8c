// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs reconcile run: the background work that is pending, done on an unmounted filesystem. CLI 14.4. */

#include <bcachefs/file.h>
#include <bcachefs/journal.h>
#include "cli_move.h"

#define INTERRUPTED 130

struct args {
	u64 types, limit;
};

static const char *const types[] = {
#define T(name) [BCH_RECONCILE_##name] = #name,
	BCH_RECONCILE_TYPES(T)
#undef T
		NULL,
};

/* First the form of data, so that it is moved once it is smaller. */
static const enum bch_reconcile_type order[] = {
	BCH_RECONCILE_compression,
	BCH_RECONCILE_checksum,
	BCH_RECONCILE_replicas,
	BCH_RECONCILE_target,
};

static const struct cli_option options[] = {
	CLI_SET('t', "types", "TYPES", struct args, types, types,
		"only this work: replicas, checksum, compression, target; a list"),
	CLI_SIZE(0, "limit", struct args, limit, 1, BCH_U64_MAX / 2,
		 "end when about so much was copied"),
	CLI_FILESYSTEM,
};

static void show(struct cli *cli, enum bch_reconcile_type type, const struct bch_move_result *r)
{
	struct bch_buf size bch_auto(buf) = { 0 };

	bch_buf_human(&size, r->bytes);
	bch_facts_heading(cli->facts,
			  "%-12s %12s copied, %" PRIu64 " extents and %" PRIu64 " nodes changed",
			  types[type], bch_buf_str(&size), r->nr_extents, r->nr_nodes);
	bch_facts_object(cli->facts, types[type]);
	bch_fact_json_u64(cli->facts, "copied_bytes", r->bytes);
	bch_fact_json_u64(cli->facts, "extents", r->nr_extents);
	bch_fact_json_u64(cli->facts, "nodes", r->nr_nodes);
	bch_fact_json_u64(cli->facts, "too_few_copies", r->nr_few);
	bch_fact_json_u64(cli->facts, "kept_in_snapshots", r->nr_in_snapshots);
	bch_fact_json_u64(cli->facts, "lost", r->nr_lost);
	bch_facts_end(cli->facts);
}

/* What keeps its form is the same for both kinds of it. */
static void add(struct bch_move_result *sum, const struct bch_move_result *r)
{
	sum->bytes += r->bytes;
	sum->nr_few += r->nr_few;
	sum->nr_lost += r->nr_lost;
	if (r->nr_in_snapshots > sum->nr_in_snapshots)
		sum->nr_in_snapshots = r->nr_in_snapshots;
	sum->interrupted |= r->interrupted;
	sum->limited |= r->limited;
}

static int run_types(struct cli *cli, const struct args *a, struct bch_fs *fs,
		     struct bch_move_result *sum)
{
	struct bch_move_opts opts = { .progress = cli_progress_mode(cli),
				      .survey = cli->common.dry_run };
	int err = 0;

	for (u32 i = 0; i < bch_array_size(order) && !err; i++) {
		struct bch_move_result result = { 0 };

		if ((a->types && !(a->types >> order[i] & 1)) || sum->interrupted || sum->limited)
			continue;
		if (a->limit && a->limit <= sum->bytes)
			break;
		opts.limit = a->limit ? a->limit - sum->bytes : 0;
		opts.commit_bytes = opts.limit < (1U << 30) ? opts.limit : 0;
		err = bch_fs_reconcile(fs, order[i], &opts, &result);
		if (!err)
			show(cli, order[i], &result);
		add(sum, &result);
	}
	return err;
}

static int reconcile(struct cli *cli, const struct args *a, struct bch_fs *fs,
		     struct bch_move_result *sum)
{
	const struct bch_files_opts quiet = { .flags = BCH_FILES_QUIET };
	int err = bch_fs_start(fs, NULL);

	if (!err)
		err = bch_files_start(fs, &quiet);
	if (!err)
		err = bch_fs_reconcile_begin(fs);
	if (!err && cli->common.dry_run)
		bch_facts_heading(cli->facts, "to be done:");
	if (!err)
		err = run_types(cli, a, fs, sum);
	return err || cli->common.dry_run ? err : bch_fs_reconcile_end(fs);
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_move_result sum = { 0 };
	struct bch_fs *fs = NULL;
	int err = cli_open_unlocked(cli, BCH_OPEN_WRITE, &fs), closed;

	if (!err)
		err = reconcile(cli, parsed, fs, &sum);
	closed = bch_fs_close(fs);
	err = err ? err : closed;
	if (!err && sum.nr_in_snapshots)
		cli_say(cli, "%" PRIu64 " extents that snapshots share keep their form",
			sum.nr_in_snapshots);
	if (!err && sum.limited)
		cli_say(cli, "the limit is reached; run again to go on");
	return cli_move_status(cli, err, &sum);
}

const struct cli_command cmd_reconcile_run = {
	.name = "reconcile run",
	.heading = CLI_HEADING_data,
	.summary = "do the background work that is pending",
	.help = "What kernels do in the background while a filesystem is mounted, after options or "
		"members have changed. compression, checksum: data that is stored in another form "
		"than its file's options say is written anew. replicas: copies that are missing, "
		"or on missing or failed members, are made, and surplus ones go. target: copies "
		"outside of the background target go there, as far as it has members for them. All "
		"in this order, in several commits, each whole; -n tells what there is to do. Data "
		"that files share stays in its form, and so does that of a file of which snapshots "
		"have changed a part; what lies in stripes stays. "
		"With "
		"missing members it needs -o degraded; versions of 1.33 and newer only their "
		"kernels reconcile.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PASSPHRASE | CLI_PROGRESS | CLI_WRITES,
	.run = run,
};
