// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs get: copy files out of an unmounted filesystem. CLI 14.1, 14.2. */

#include <bcachefs/get.h>
#include "cli.h"

struct args {
	struct cli_strings paths;
	const char *dest, *path_regex;
	bool all, metadata, xattrs, symlinks, overwrite, list;
};

static const struct cli_option options[] = {
	CLI_FLAG('a', "all", struct args, all,
		 "-m, -x, -S, and hard links, devices, fifos and sockets as such"),
	CLI_FLAG('m', "metadata", struct args, metadata, "owner, mode and times"),
	CLI_FLAG('x', "xattrs", struct args, xattrs, "extended attributes and ACLs"),
	CLI_FLAG('S', "symlinks", struct args, symlinks, "symlinks as symlinks"),
	CLI_FLAG('o', "overwrite", struct args, overwrite, "replace files that are there already"),
	CLI_FLAG('n', "dry-run", struct args, list, "list what would be written, write nothing"),
	CLI_STRING(0, "path-regex", "RE", struct args, path_regex,
		   "only paths that match this extended regular expression"),
	CLI_FILES,
	CLI_OPERANDS("PATH", struct args, paths, "what to copy; default: /, that is, what is in it",
		     .optional = true),
	CLI_OPERAND("DEST", struct args, dest, "the directory to copy into, or a new name"),
};

static unsigned flags_of(const struct cli *cli, const struct args *a)
{
	return (a->all ? BCH_GET_ALL : 0) | (a->metadata ? BCH_GET_METADATA : 0) |
	       (a->xattrs ? BCH_GET_XATTRS : 0) | (a->symlinks ? BCH_GET_SYMLINKS : 0) |
	       (a->overwrite ? BCH_GET_OVERWRITE : 0) | (a->list ? BCH_GET_LIST : 0) |
	       (cli->common.ignore_errors ? BCH_GET_KEEP_PARTS : 0);
}

static int write_path(void *arg, const char *path)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	bch_buf_put(&line, "%s\n", path);
	return cli_write(arg, bch_buf_str(&line));
}

static void say_sums(struct cli *cli, const struct bch_get_sums *sums)
{
	struct bch_buf kept bch_auto(buf) = { 0 };

	if (sums->nr_kept)
		bch_buf_put(&kept, ", %" PRIu64 " files were there already", sums->nr_kept);
	cli_say(cli, "%" PRIu64 " files, %" PRIu64 " bytes, %" PRIu64 " files incomplete%s",
		sums->nr_files, sums->nr_bytes, sums->nr_incomplete, bch_buf_str(&kept));
}

static int get(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	struct bch_get_sums sums = { 0 };
	struct bch_get_opts opts = {
		.flags = flags_of(cli, a),
		.paths = a->paths.p,
		.nr_paths = a->paths.nr,
		.from = cli_path_opts(cli),
		.path_regex = a->path_regex,
		.progress = cli_progress_mode(cli),
		.list = write_path,
		.arg = cli,
	};
	int err;

	err = bch_get(fs, &opts, a->dest, &sums);
	if (!err || err == -BCH_ERR_cancelled || sums.nr_files)
		say_sums(cli, &sums);
	return err ? err : sums.nr_incomplete ? 1 : 0;
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = cli_open_files(cli, &fs);

	return err ? err : get(cli, parsed, fs);
}

const struct cli_command cmd_get = {
	.name = "get",
	.aliases = "restore",
	.heading = CLI_HEADING_data,
	.summary = "copy files out of an unmounted filesystem",
	.help = "As cp -r: into DEST where that is a directory, else as DEST. A path that ends in "
		"/. stands "
		"for what is in it. Subvolumes are directories, holes stay holes; symlinks, "
		"devices, "
		"fifos and sockets are left out unless they are asked for. What is there already "
		"is "
		"kept and named, and symlinks in DEST are not followed.\n\n"
		"A file some of whose data is lost is not written, or with -i has holes in its "
		"place; "
		"both are named, and the exit status is 1.\n\n"
		"--path-regex: paths begin with / at the root and need not match as a whole; "
		"directories that do not match are not gone into: "
		"'^/(|home(|/me(|/mail(|/.*))))$' is /home/me/mail alone.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PROGRESS | CLI_PASSPHRASE,
	.run = run,
};
