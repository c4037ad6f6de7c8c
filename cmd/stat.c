// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs stat: all that is known of files of an unmounted filesystem. CLI 14.2. */

#include <unistd.h>
#include <bcachefs/stat.h>
#include "cli.h"

struct args {
	struct cli_strings paths;
};

static const struct cli_option options[] = {
	CLI_FILES,
	CLI_OPERANDS("PATH", struct args, paths, "files of any type"),
};

static int show(struct cli *cli, struct bch_fs *fs, const struct bch_stat_opts *opts,
		const char *path)
{
	struct bch_path_opts paths = cli_path_opts(cli);
	struct bch_file file;
	int err = bch_path_lookup(fs, &paths, path, &file);

	if (err)
		return err;
	bch_facts_object(cli->facts, NULL);
	err = bch_file_show(fs, opts, path, &file, cli->facts);
	bch_facts_end(cli->facts);
	return err;
}

static int show_all(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	struct cli_names *names bch_auto(cli_names) = NULL;
	struct bch_id_names by_name;
	struct bch_stat_opts opts = { .terminal = isatty(STDOUT_FILENO), .names = &by_name };
	bool missing = false;
	int err = cli_names_read(cli, &names);

	by_name = cli_id_names(names);
	bch_facts_list(cli->facts, "files");
	for (size_t i = 0; !err && i < a->paths.nr; i++) {
		err = show(cli, fs, &opts, a->paths.p[i]);
		if (err && cli->common.ignore_errors) {
			bch_log(cli->ctx, BCH_LOG_error, "%s", bch_error_message(cli->ctx, err));
			missing = true;
			err = 0;
		}
	}
	bch_facts_end(cli->facts);
	return err ? err : missing;
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = cli_open_files(cli, &fs);

	return err ? err : show_all(cli, parsed, fs);
}

const struct cli_command cmd_stat = {
	.name = "stat",
	.heading = CLI_HEADING_files,
	.summary = "show all that is known of files of an unmounted filesystem",
	.help = "Owners have the names of this system. 'Copies' are those of the data that has "
		"fewest, on devices that are there; a device of durability 2 counts twice.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_JSON | CLI_PASSPHRASE,
	.run = run,
};
