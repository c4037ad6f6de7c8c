// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs ls: what is in directories of an unmounted filesystem. CLI 14.2. */

#include <bcachefs/ls.h>
#include "cli.h"

struct args {
	unsigned details;
	bool all, recursive, inums, one, directory, unsorted, names, deleted;
	struct cli_strings paths;
};

static const struct cli_option options[] = {
	CLI_COUNT('l', "long", struct args, details,
		  "mode, links, owner, group, size, time; twice: options of the inode too"),
	CLI_FLAG('a', "all", struct args, all, "names that begin with a dot too"),
	CLI_FLAG('R', "recursive", struct args, recursive, "and directories in them",
		 .excludes = "directory"),
	CLI_FLAG('i', "inode", struct args, inums, "with inode numbers"),
	CLI_FLAG('1', "one", struct args, one, "one a line, also on a terminal"),
	CLI_FLAG('d', "directory", struct args, directory,
		 "directories themselves, not what is in them"),
	CLI_FLAG('U', "unsorted", struct args, unsorted, "in the order of the disk"),
	CLI_FLAG(0, "names", struct args, names,
		 "owners by the names that this system has for them, not by number"),
	CLI_FLAG(0, "deleted", struct args, deleted, "inodes without a name instead",
		 .excludes = "long,all,recursive,inode,one,directory,unsorted"),
	CLI_FILES,
	CLI_OPERANDS("PATH", struct args, paths, "files and directories; default: /",
		     .optional = true, .unless = "deleted"),
};

static int list(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	static const char *const root[] = { "/" };
	struct cli_names *names bch_auto(cli_names) = NULL;
	struct bch_listing_opts listing;
	struct bch_id_names by_name;
	struct bch_ls_opts opts = {
		.details = a->details,
		.all = a->all,
		.recursive = a->recursive,
		.inums = a->inums,
		.directory = a->directory,
		.unsorted = a->unsorted,
		.columns = a->one ? 0 : cli_terminal_columns(),
	};
	int err = a->names ? cli_names_read(cli, &names) : 0;

	if (err)
		return err;
	by_name = cli_id_names(names);
	listing = cli_listing_opts(cli, names ? &by_name : NULL);
	if (a->deleted)
		return bch_ls_deleted(fs, &listing);
	if (!a->paths.nr)
		return bch_ls(fs, &listing, &opts, root, 1);
	return bch_ls(fs, &listing, &opts, a->paths.p, a->paths.nr);
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = cli_open_files(cli, &fs);

	return err ? err : list(cli, parsed, fs);
}

const struct cli_command cmd_ls = {
	.name = "ls",
	.heading = CLI_HEADING_files,
	.summary = "list files of an unmounted filesystem",
	.help = "PATH is a path from the root directory, or <INUM> or <SUBVOL:INUM>, with more of "
		"it behind. The root of a subvolume is marked with its number.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_JSON_LINES | CLI_PASSPHRASE,
	.run = run,
};
