// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line of those that make filesystems, in its order. CLI 5.1. */

#include <stdlib.h>
#include "cli_format.h"

#define NS_PER_SECOND 1000000000ULL

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

static int take_event(struct cli *cli, struct cli_format_plan *plan, const struct cli_event *e)
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

static void choose(struct cli *cli, const struct cli_format *a, struct cli_format_plan *plan)
{
	plan->opts = (struct bch_format_opts){
		.version = BCH_VERSION_DEFAULT,
		.label = a->fs_label,
		.uuid = a->uuid,
		.superblock_size = a->superblock_size,
		.encrypted = a->encrypted,
		.now_ns = cli_now() * NS_PER_SECOND,
		.reproducible = getenv("SOURCE_DATE_EPOCH") != NULL,
		.source = a->source.path ? &plan->source.opts : NULL,
		.sums = &plan->sums,
	};
	take_replicas(&plan->opts.fs, a->replicas);
}

int cli_format_take(struct cli *cli, const struct cli_format *a, struct cli_format_plan *plan)
{
	int err = cli_source_take(cli, &a->source, &plan->source);

	choose(cli, a, plan);
	if (!err && a->version)
		err = bch_version_parse(cli->ctx, a->version, &plan->opts.version);
	plan->devs = calloc(a->events.nr + 1, sizeof(*plan->devs));
	if (!plan->devs)
		return -BCH_ERR_no_memory;
	plan->opts.devs = plan->devs;
	for (size_t i = 0; !err && i < a->events.nr; i++)
		err = take_event(cli, plan, &a->events.p[i]);
	if (!err && plan->loose)
		return bch_error_whole(
			cli->ctx, -BCH_ERR_invalid_argument,
			"Options for devices apply to subsequent devices; got a device "
			"option with no device");
	return err;
}

int cli_format_passphrase(struct cli *cli, const struct cli_format *a, struct cli_format_plan *plan)
{
	int err = 0;

	if (a->encrypted && !a->no_passphrase)
		err = cli_new_passphrase(cli, a->passphrase_file,
					 "Enter passphrase: ", &plan->passphrase);
	plan->opts.passphrase = plan->passphrase;
	return err;
}

void bch_format_plan_cleanup(struct cli_format_plan *plan)
{
	cli_source_end(&plan->source);
	bch_secret_cleanup(&plan->passphrase);
	free(plan->devs);
}
