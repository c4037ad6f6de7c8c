// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs subvolume create, snapshot, delete, set-ro: on unmounted filesystems. CLI 9.1. */

#include <string.h>
#include <bcachefs/edit.h>
#include "cli.h"
#include "mounted.h"

struct args {
	struct cli_strings paths;
	const char *source, *dest, *on, *path;
	bool read_only, rw;
};

/* ------------------------------------------------------------------ create, delete */

static const struct cli_option create_options[] = {
	CLI_EDIT,
	CLI_OPERANDS("PATH", struct args, paths, "subvolumes to make"),
};

static const struct cli_option delete_options[] = {
	CLI_EDIT,
	CLI_OPERANDS("PATH", struct args, paths, "subvolumes to take away"),
};

static int create(struct cli *cli, struct bch_fs *fs, const void *args)
{
	const struct bch_path_opts from = cli_path_opts(cli);
	const struct args *a = args;
	int err = 0;

	for (size_t i = 0; i < a->paths.nr && !err; i++)
		err = bch_file_subvol_create(fs, &from, a->paths.p[i]);
	return err;
}

static int delete (struct cli *cli, struct bch_fs *fs, const void *args)
{
	const struct bch_path_opts from = cli_path_opts(cli);
	const struct args *a = args;
	int err = 0;

	for (size_t i = 0; i < a->paths.nr && !err; i++)
		err = bch_file_subvol_delete(fs, &from, a->paths.p[i]);
	return err;
}

static int run_create(struct cli *cli, const void *parsed)
{
	return cli_edit(cli, create, parsed);
}

static int run_delete(struct cli *cli, const void *parsed)
{
	return cli_edit(cli, delete, parsed);
}

/* ------------------------------------------------------------------ snapshot, set-ro */

static const struct cli_option snapshot_options[] = {
	CLI_FLAG('r', "read-only", struct args, read_only, "it cannot be written to",
		 .excludes = "rw"),
	CLI_FLAG(0, "rw", struct args, rw, "it can be written to: the default"),
	CLI_EDIT,
	CLI_OPERAND("SOURCE", struct args, source,
		    "root of a subvolume; default: the one that DEST is in", .optional = true),
	CLI_OPERAND("DEST", struct args, dest, "path of the snapshot"),
};

static const char *const answers[] = { "yes", "no", NULL };

static const struct cli_option set_ro_options[] = {
	CLI_EDIT,
	CLI_OPERAND("yes|no", struct args, on, "read-only or not; default: yes", .optional = true),
	CLI_OPERAND("PATH", struct args, path, "root of the subvolume"),
};

static int snapshot(struct cli *cli, struct bch_fs *fs, const void *args)
{
	const struct bch_path_opts from = cli_path_opts(cli);
	const struct args *a = args;

	return bch_file_subvol_snapshot(fs, &from, a->source, a->dest, a->read_only);
}

static int set_ro(struct cli *cli, struct bch_fs *fs, const void *args)
{
	const struct bch_path_opts from = cli_path_opts(cli);
	const struct args *a = args;

	return bch_file_subvol_set_ro(fs, &from, a->path, !a->on || !strcmp(a->on, answers[0]));
}

static int run_snapshot(struct cli *cli, const void *parsed)
{
	return cli_edit(cli, snapshot, parsed);
}

static int run_set_ro(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;

	if (a->on && strcmp(a->on, answers[0]) && strcmp(a->on, answers[1]))
		return cli_usage(cli, "%s: neither yes nor no", a->on);
	return cli_edit(cli, set_ro, parsed);
}

/* ------------------------------------------------------------------ commands */

const struct cli_command cmd_subvolume_create = {
	.name = "subvolume create",
	.aliases = "subvolume new,subvol create,subvol new",
	.heading = CLI_HEADING_subvolumes,
	.summary = "make subvolumes in an unmounted filesystem",
	CLI_OPTIONS(create_options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run_create,
	.mounted = &mounted_subvolume_create,
};

const struct cli_command cmd_subvolume_delete = {
	.name = "subvolume delete",
	.aliases = "subvolume del,subvol delete,subvol del",
	.heading = CLI_HEADING_subvolumes,
	.summary = "take subvolumes out of an unmounted filesystem",
	.help = "With all that is in them, but others must not be. What they alone had is gone "
		"with "
		"the "
		"same commit, but of filesystems that mark deleted snapshots (since 1.26, where it "
		"is "
		"on): there a kernel takes it away later.",
	CLI_OPTIONS(delete_options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run_delete,
	.mounted = &mounted_subvolume_delete,
};

const struct cli_command cmd_subvolume_snapshot = {
	.name = "subvolume snapshot",
	.aliases = "subvolume snap,subvol snapshot,subvol snap",
	.heading = CLI_HEADING_subvolumes,
	.summary = "make a snapshot of a subvolume in an unmounted filesystem",
	CLI_OPTIONS(snapshot_options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run_snapshot,
	.mounted = &mounted_subvolume_snapshot,
};

const struct cli_command cmd_subvolume_set_ro = {
	.name = "subvolume set-ro",
	.aliases = "subvol set-ro",
	.heading = CLI_HEADING_subvolumes,
	.summary = "have a subvolume of an unmounted filesystem be read-only, or not",
	CLI_OPTIONS(set_ro_options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run_set_ro,
};
