// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs set-file-option, get-file-option: options of files in an unmounted filesystem. CLI 9.3. */

#include <stdlib.h>
#include <bcachefs/edit.h>
#include "cli.h"
#include "mounted.h"

struct args {
	struct cli_events events;
	struct cli_strings files;
	bool remove_all, not_recursive, recursive, effective, all;
};

/* ------------------------------------------------------------------ set */

static const struct cli_option set_options[] = {
	CLI_OPT_TABLE(BCH_OPT_INODE, struct args, events),
	CLI_FLAG(0, "remove-all", struct args, remove_all,
		 "all options are those of the directory again"),
	CLI_FLAG('r', "recursive", struct args, recursive,
		 "what is in directories follows: the default"),
	CLI_FLAG(0, "no-recursive", struct args, not_recursive, "but for that",
		 .excludes = "recursive"),
	CLI_EDIT,
	CLI_OPERANDS("FILE", struct args, files, "files and directories"),
};

static int set_all(struct cli *cli, struct bch_fs *fs, const struct args *a,
		   const struct bch_file_option *options)
{
	const struct bch_path_opts from = cli_path_opts(cli);
	const struct bch_file_option_sets sets = {
		.v = options,
		.nr = a->events.nr,
		.remove_all = a->remove_all,
		.recursive = !a->not_recursive,
	};
	int err = 0;

	for (size_t i = 0; i < a->files.nr && !err; i++)
		err = bch_file_set_options(fs, &from, a->files.p[i], &sets);
	return err;
}

static int set(struct cli *cli, struct bch_fs *fs, const void *args)
{
	const struct args *a = args;
	struct bch_file_option *options = calloc(a->events.nr + 1, sizeof(*options));
	int err;

	if (!options)
		return -BCH_ERR_no_memory;
	for (size_t i = 0; i < a->events.nr; i++)
		options[i] = (struct bch_file_option){ a->events.p[i].opt, a->events.p[i].text };
	err = set_all(cli, fs, a, options);
	free(options);
	if (!err)
		cli_say(cli, "data that is there stays as it is until a kernel moves it");
	return err;
}

static int run_set(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;

	if (!a->events.nr && !a->remove_all)
		return cli_usage(cli, "no option to set");
	return cli_edit(cli, set, parsed);
}

/* ------------------------------------------------------------------ get */

static const struct cli_option get_options[] = {
	CLI_FLAG('e', "effective", struct args, effective,
		 "those that the file has from its directory too"),
	CLI_FLAG('a', "all", struct args, all, "those that it has not, too, as -"),
	CLI_FILES,
	CLI_OPERANDS("FILE", struct args, files, "files and directories"),
};

/* Of which file; NULL: there is but one. */
struct line {
	struct cli *cli;
	const char *file;
};

static int put_line(void *arg, const char *name, const char *value)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	const struct line *line = arg;

	if (line->file) {
		bch_buf_text(&text, line->file, SIZE_MAX);
		bch_buf_putc(&text, '\t');
	}
	bch_buf_put(&text, "%s\t%s\n", name, value);
	return cli_write(line->cli, bch_buf_str(&text));
}

static int run_get(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	const struct bch_path_opts from = cli_path_opts(cli);
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = cli_open_files(cli, &fs);

	for (size_t i = 0; i < a->files.nr && !err; i++) {
		struct line line = { cli, a->files.nr > 1 ? a->files.p[i] : NULL };

		err = bch_file_get_options(fs, &from, a->files.p[i], a->effective, a->all, put_line,
					   &line);
	}
	return err;
}

const struct cli_command cmd_set_file_option = {
	.name = "set-file-option",
	.aliases = "setattr",
	.heading = CLI_HEADING_file_options,
	.summary = "set options of files in an unmounted filesystem",
	.help = "A value of - returns to that of the directory. What is in a directory, and has "
		"not "
		"its "
		"own, follows, but for other subvolumes.",
	CLI_OPTIONS(set_options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run_set,
	.mounted = &mounted_set_file_option,
};

const struct cli_command cmd_get_file_option = {
	.name = "get-file-option",
	.aliases = "getattr",
	.heading = CLI_HEADING_file_options,
	.summary = "print options of files in an unmounted filesystem",
	CLI_OPTIONS(get_options, struct args),
	.flags = CLI_PASSPHRASE,
	.run = run_get,
};
