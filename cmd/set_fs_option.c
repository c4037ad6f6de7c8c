// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs set-fs-option: change options, labels and UUID of an unmounted filesystem. CLI 5.3. */

#include <stdlib.h>
#include <string.h>
#include <bcachefs/super.h>
#include "cli.h"

struct args {
	struct cli_events events;
	struct cli_strings dev_idx;
	const char *fs_label, *uuid, *get;
};

static const struct cli_option options[] = {
	CLI_FILESYSTEM,
	CLI_OPT_TABLE(BCH_OPT_SET, struct args, events),
	CLI_STRINGS('d', "dev-idx", "MEMBER", struct args, dev_idx,
		    "member that device options are for: index, path, label or UUID; default: all"),
	CLI_STRING('L', "fs_label", "LABEL", struct args, fs_label, "label of the filesystem"),
	CLI_STRING('U', "uuid", "UUID", struct args, uuid, "external UUID, or random"),
	CLI_STRING(0, "get", "OPT", struct args, get, "print this option, or all",
		   .optional = true),
};

/* What is refused, so that one message names all of it. */
static void note(struct cli *cli, struct bch_buf *refused, int err)
{
	if (err)
		bch_buf_put(refused, "%s%s", refused->len ? "; " : "",
			    bch_error_message(cli->ctx, err));
}

/* The options that can be understood. Their ranges are those of the newest version until the filesystem's is asked. */
static void take_events(struct cli *cli, const struct cli_events *events, struct bch_opt_set *set,
			struct bch_buf *refused)
{
	for (size_t i = 0; i < events->nr; i++) {
		const struct cli_event *e = &events->p[i];
		enum bch_opt_id id = bch_opt_id(e->opt);
		int err = 0;

		if (e->opt->type != BCH_OPT_TARGET && e->opt->type != BCH_OPT_TEXT)
			err = bch_opt_parse(cli->ctx, e->opt, e->text, BCH_VERSION_READ_MAX,
					    &set->value[id]);
		set->given[id] = !err;
		set->text[id] = e->text;
		note(cli, refused, err);
	}
}

static void set_opts(struct cli *cli, struct bch_fs *fs, const struct args *a,
		     struct bch_buf *refused)
{
	u32 *dev_idx = calloc(a->dev_idx.nr + 1, sizeof(*dev_idx));
	struct bch_opt_set set = { 0 };

	if (!dev_idx) {
		note(cli, refused, -BCH_ERR_no_memory);
		return;
	}
	take_events(cli, &a->events, &set, refused);
	for (size_t i = 0; i < a->dev_idx.nr; i++)
		note(cli, refused, bch_fs_member_find(fs, a->dev_idx.p[i], &dev_idx[i]));
	note(cli, refused, bch_fs_set_opts(fs, &set, dev_idx, (u32)a->dev_idx.nr));
	free(dev_idx);
}

/* All or nothing. */
static int set_all(struct cli *cli, struct bch_fs *fs, const struct args *a)
{
	struct bch_buf refused bch_auto(buf) = { 0 };

	set_opts(cli, fs, a, &refused);
	if (a->fs_label)
		note(cli, &refused, bch_fs_set_label(fs, a->fs_label));
	if (a->uuid)
		note(cli, &refused,
		     bch_fs_set_uuid(fs, strcmp(a->uuid, "random") ? a->uuid : NULL));
	if (refused.len)
		return bch_error_whole(cli->ctx, -BCH_ERR_option_value, "%s",
				       bch_buf_str(&refused));
	return bch_fs_write_super(fs);
}

static int change(struct cli *cli, const struct args *a)
{
	struct bch_fs *fs;
	int err = cli_open(cli, BCH_OPEN_WRITE, &fs), closed;

	if (err)
		return err;
	err = set_all(cli, fs, a);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

static int get(struct cli *cli, const struct args *a)
{
	const struct bch_opt *opt = *a->get ? bch_opt_find(a->get) : NULL;
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err;

	if (*a->get && !opt)
		return bch_error(cli->ctx, -BCH_ERR_option_unknown, "%s", a->get);
	err = cli_open(cli, 0, &fs);
	bch_facts_column(cli->facts, 0);
	return err ? err : bch_fs_show_opts(fs, opt, cli->facts);
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;

	bool to_set = a->events.nr || a->fs_label || a->uuid;

	if (a->get && to_set)
		return cli_usage(cli, "--get and options to set exclude each other");
	if (!a->get && !to_set)
		return cli_usage(cli, "no option to set");
	return a->get ? get(cli, a) : change(cli, a);
}

const struct cli_command cmd_set_fs_option = {
	.name = "set-fs-option",
	.aliases = "set-option",
	.heading = CLI_HEADING_superblock,
	.summary = "change options of an unmounted filesystem",
	.help = "All members get the change, or none: a member that is not named and not found is "
		"an\n"
		"error, unless -o degraded says that it is gone.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_WRITES,
	.run = run,
};
