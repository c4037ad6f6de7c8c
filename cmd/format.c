// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs format: make a new filesystem. CLI 5.1. */

#include <stdlib.h>
#include <string.h>
#include <bcachefs/format.h>
#include <bcachefs/super.h>
#include "cli.h"
#include "cli_source.h"

#define NS_PER_SECOND 1000000000ULL

struct args {
	struct cli_events events;
	const char *fs_label, *uuid, *version, *passphrase_file;
	u64 replicas, superblock_size;
	bool encrypted, no_passphrase, no_initialize, force;
	struct cli_source source;
};

static const struct cli_option options[] = {
	CLI_OPERAND_EVENTS("DEVICE", struct args, events,
			   "devices to format; device options hold for all that follow them"),
	CLI_OPT_TABLE(BCH_OPT_FORMAT, struct args, events),
	CLI_LETTER('l', "label"),
	CLI_NUMBER(0, "replicas", "N", struct args, replicas, 1, 3,
		   "metadata_replicas and data_replicas"),
	CLI_FLAG(0, "encrypted", struct args, encrypted, "encrypt all data and metadata"),
	CLI_STRING(0, "passphrase_file", "FILE", struct args, passphrase_file,
		   "read the passphrase from FILE instead of asking", .needs = "encrypted",
		   .excludes = "no_passphrase"),
	CLI_FLAG(0, "no_passphrase", struct args, no_passphrase, "store the key in the clear",
		 .needs = "encrypted"),
	CLI_STRING('L', "fs_label", "LABEL", struct args, fs_label, "label of the filesystem"),
	CLI_STRING('U', "uuid", "UUID", struct args, uuid, "external UUID; default: random"),
	CLI_SIZE(0, "superblock_size", struct args, superblock_size, 16384, 33554432,
		 "space for each superblock; default: 1 MiB"),
	CLI_STRING(0, "version", "VERSION", struct args, version, "on-disk version; default: 1.13"),
	CLI_FLAG(0, "no_initialize", struct args, no_initialize,
		 "write superblocks only; the first mount makes the rest"),
	CLI_SOURCE(struct args, source, .excludes = "no_initialize"),
	CLI_FLAG('f', "force", struct args, force, "do not ask although a device holds something"),
};

/* ------------------------------------------------------------------ the command line in its order */

/* Options of the filesystem, and the devices with the device options that stood before them. */
struct plan {
	struct bch_format_opts opts;
	struct bch_format_dev *devs;
	struct bch_opt_set sticky; /* device options so far */
	bool loose;		   /* one of them came after the last device */
};

static int take_value(struct cli *cli, const struct cli_event *e, u16 version,
		      struct bch_opt_set *set)
{
	enum bch_opt_id id = bch_opt_id(e->opt);

	set->given[id] = true;
	set->text[id] = e->text;
	if (e->opt->type == BCH_OPT_TARGET || e->opt->type == BCH_OPT_TEXT)
		return 0;
	return bch_opt_parse(cli->ctx, e->opt, e->text, version, &set->value[id]);
}

static int take_event(struct cli *cli, struct plan *plan, const struct cli_event *e)
{
	if (!e->opt) {
		struct bch_format_dev *dev = &plan->devs[plan->opts.nr_devs++];

		dev->path = e->text;
		dev->opts = plan->sticky;
		plan->loose = false;
		return 0;
	}
	if (!(e->opt->flags & BCH_OPT_DEVICE))
		return take_value(cli, e, plan->opts.version, &plan->opts.fs);
	plan->loose = true;
	return take_value(cli, e, plan->opts.version, &plan->sticky);
}

static void take_replicas(struct bch_opt_set *set, u64 nr)
{
	static const enum bch_opt_id ids[] = { BCH_OPT_metadata_replicas, BCH_OPT_data_replicas };

	for (unsigned i = 0; nr && i < bch_array_size(ids); i++) {
		set->given[ids[i]] = true;
		set->value[ids[i]] = nr;
	}
}

static int make_plan(struct cli *cli, const struct args *a, struct plan *plan)
{
	int err = a->version ? bch_version_parse(cli->ctx, a->version, &plan->opts.version) : 0;

	plan->devs = calloc(a->events.nr + 1, sizeof(*plan->devs));
	if (!plan->devs)
		return -BCH_ERR_no_memory;
	plan->opts.devs = plan->devs;
	take_replicas(&plan->opts.fs, a->replicas);
	for (size_t i = 0; !err && i < a->events.nr; i++)
		err = take_event(cli, plan, &a->events.p[i]);
	if (!err && plan->loose)
		return bch_error_whole(
			cli->ctx, -BCH_ERR_invalid_argument,
			"Options for devices apply to subsequent devices; got a device "
			"option with no device");
	return err;
}

/* ------------------------------------------------------------------ what is there already */

/* 1 to go on, 0 not to, or an error. */
static int ask_about(struct cli *cli, const char *path, bool force)
{
	struct bch_buf lines bch_auto(buf) = { 0 };
	struct bch_buf said bch_auto(buf) = { 0 };
	int err = bch_device_contents(cli->ctx, path, &lines);

	if (err || !lines.len)
		return err ? err : 1;
	for (const char *l = bch_buf_str(&lines); *l; l += strcspn(l, "\n") + 1)
		bch_buf_put(&said, "%s contains a %.*s\n", path, (int)strcspn(l, "\n"), l);
	if (!force)
		return cli_ask(cli, "%sProceed anyway?", bch_buf_str(&said));
	for (const char *l = bch_buf_str(&said); *l; l += strcspn(l, "\n") + 1)
		cli_say(cli, "%.*s", (int)strcspn(l, "\n"), l);
	return 1;
}

static int ask_about_all(struct cli *cli, const struct plan *plan, bool force)
{
	int go_on = 1;

	for (size_t i = 0; go_on > 0 && i < plan->opts.nr_devs; i++)
		go_on = ask_about(cli, plan->devs[i].path, force);
	if (!go_on)
		return bch_error_whole(cli->ctx, -BCH_ERR_refused, "nothing was written");
	return go_on < 0 ? go_on : 0;
}

/* ------------------------------------------------------------------ the whole */

static int format(struct cli *cli, const struct args *a, struct plan *plan)
{
	char *passphrase bch_auto(secret) = NULL;
	struct bch_fs *fs;
	int err = ask_about_all(cli, plan, a->force || cli->common.dry_run);

	if (!err && a->encrypted && !a->no_passphrase)
		err = cli_new_passphrase(cli, a->passphrase_file,
					 "Enter passphrase: ", &passphrase);
	plan->opts.passphrase = passphrase;
	if (!err)
		err = bch_format(cli->ctx, &plan->opts, &fs);
	if (err)
		return err;
	if (!cli->common.quiet)
		bch_fs_show(fs, cli->facts);
	if (!cli->common.quiet && plan->opts.source)
		cli_source_sums(cli, plan->opts.sums);
	err = bch_fs_close(fs);
	if (!err && !cli->common.dry_run)
		cli_settle_udev();
	return err;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct plan plan = { .opts = {
				     .version = BCH_VERSION_DEFAULT,
				     .label = a->fs_label,
				     .uuid = a->uuid,
				     .superblock_size = a->superblock_size,
				     .encrypted = a->encrypted,
				     .dry_run = cli->common.dry_run,
				     .undo = cli_undo_opts(cli),
				     .no_initialise = a->no_initialize,
				     .now_ns = cli_now() * NS_PER_SECOND,
				     .reproducible = getenv("SOURCE_DATE_EPOCH") != NULL,
			     } };
	struct bch_populate_sums sums = { 0 };
	struct bch_source_opts source;
	int err = cli_source_opts(cli, &a->source, &source);

	if (a->source.path) {
		plan.opts.source = &source;
		plan.opts.sums = &sums;
	}
	if (!err)
		err = make_plan(cli, a, &plan);
	if (!err)
		err = format(cli, a, &plan);
	free(plan.devs);
	return err;
}

const struct cli_command cmd_format = {
	.name = "format",
	.aliases = "mkfs",
	.heading = CLI_HEADING_superblock,
	.summary = "make a new filesystem on one or several devices",
	.help = "Each device option holds for all devices after it, until it is given anew:\n"
		"  bcachefs format --label=hdd.a /dev/sda --label=ssd.a --durability=0 "
		"/dev/nvme0n1\n"
		"Superblocks, journal, btrees and root directory are written; superblocks alone "
		"where "
		"no device may hold metadata, and below version 1.9.\n"
		"With --source the filesystem begins with the files of a directory or tar archive: "
		"owners by number, modes, times of modification, extended attributes, ACLs, hard "
		"links, holes, devices; without lost+found at its top and what is mounted in it. A "
		"directory and an archive of it give the same filesystem.\n\n"
		"The same UUID, SOURCE_DATE_EPOCH and files give the same bytes.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PROGRESS | CLI_WRITES,
	.run = run,
};
