// SPDX-License-Identifier: GPL-2.0-or-later
/* Subvolumes and options of files in a mounted filesystem. CLI 9. */

#include <bcachefs/live.h>
#include "cli.h"
#include "mounted.h"

struct args {
	struct cli_strings paths;
	struct cli_events events;
	const char *source, *dest;
	bool read_only, rw, remove_all, not_recursive;
};

/* ------------------------------------------------------------------ subvolumes */

static const struct cli_option create_options[] = {
	CLI_OPERANDS("PATH", struct args, paths, "subvolumes to make"),
};

static const struct cli_option delete_options[] = {
	CLI_OPERANDS("PATH", struct args, paths, "subvolumes to take away"),
};

static const struct cli_option snapshot_options[] = {
	CLI_FLAG('r', "read-only", struct args, read_only, "it cannot be written to",
		 .excludes = "rw"),
	CLI_FLAG(0, "rw", struct args, rw, "it can be written to: the default"),
	CLI_OPERAND("SOURCE", struct args, source,
		    "in a subvolume; default: the one that DEST is in", .optional = true),
	CLI_OPERAND("DEST", struct args, dest, "path of the snapshot"),
};

static int create(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	int err = 0;

	for (size_t i = 0; i < a->paths.nr && !err; i++)
		err = bch_live_subvol_create(cli->ctx, a->paths.p[i]);
	return err;
}

static int delete (struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	int err = 0;

	for (size_t i = 0; i < a->paths.nr && !err; i++)
		err = bch_live_subvol_delete(cli->ctx, a->paths.p[i]);
	return err;
}

static int snapshot(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;

	return bch_live_subvol_snapshot(cli->ctx, a->source, a->dest, a->read_only);
}

const struct cli_command mounted_subvolume_create = {
	.name = "subvolume create",
	.summary = MOUNTED_SUMMARY,
	CLI_OPTIONS(create_options, struct args),
	.flags = CLI_BY_PATH,
	.run = create,
};

const struct cli_command mounted_subvolume_delete = {
	.name = "subvolume delete",
	.summary = MOUNTED_SUMMARY,
	CLI_OPTIONS(delete_options, struct args),
	.flags = CLI_BY_PATH,
	.run = delete,
};

const struct cli_command mounted_subvolume_snapshot = {
	.name = "subvolume snapshot",
	.summary = MOUNTED_SUMMARY,
	CLI_OPTIONS(snapshot_options, struct args),
	.flags = CLI_BY_PATH,
	.run = snapshot,
};

/* ------------------------------------------------------------------ options of files */

static const struct cli_option set_options[] = {
	CLI_OPT_TABLE(BCH_OPT_INODE, struct args, events),
	CLI_FLAG(0, "remove-all", struct args, remove_all,
		 "all options are those of the directory again"),
	CLI_FLAG(0, "no-recursive", struct args, not_recursive, "as is done in any case"),
	CLI_OPERANDS("FILE", struct args, paths, "files and directories"),
};

static int remove_all(struct cli *cli, const char *path)
{
	int err = 0;

	for (unsigned id = 0; id < BCH_OPT_NR && !err; id++)
		if (bch_opt(id)->flags & BCH_OPT_INODE)
			err = bch_live_set_option(cli->ctx, path, bch_opt(id)->name, "-");
	return err;
}

static int set_file(struct cli *cli, const struct args *a, const char *path)
{
	int err = a->remove_all ? remove_all(cli, path) : 0;

	for (size_t i = 0; i < a->events.nr && !err; i++)
		err = bch_live_set_option(cli->ctx, path, a->events.p[i].opt->name,
					  a->events.p[i].text);
	return err;
}

static int set(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	int err = 0;

	if (!a->events.nr && !a->remove_all)
		return cli_usage(cli, "no option to set");
	for (size_t i = 0; i < a->paths.nr && !err; i++)
		err = set_file(cli, a, a->paths.p[i]);
	return err;
}

const struct cli_command mounted_set_file_option = {
	.name = "set-file-option",
	.summary = MOUNTED_SUMMARY,
	CLI_OPTIONS(set_options, struct args),
	.flags = CLI_BY_PATH,
	.run = set,
};
