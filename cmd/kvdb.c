// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bcachefs kvdb: an editor of keys. CLI 7.5.
 *
 * Lines are read plainly: who wants to edit them and have a history runs it under rlwrap(1), which does both better than
 * a library that each build would need.
 */

#include <unistd.h>
#include <bcachefs/kvdb.h>
#include "cli_table.h"

#define LINE_SIZE 16384

struct args {
	struct cli_strings commands;
	bool rw, journal, no_start;
};

static const struct cli_option options[] = {
	CLI_STRINGS('c', "command", "COMMAND", struct args, commands,
		    "run this command, instead of those of standard input"),
	CLI_FLAG(0, "rw", struct args, rw, "allow changes"),
	CLI_FLAG(0, "journal", struct args, journal,
		 "see what only the journal of an unclean filesystem holds, as with --rw"),
	CLI_FLAG(0, "nostart", struct args, no_start, "the superblock alone; it may be changed"),
	CLI_FILESYSTEM,
};

static int write_text(void *arg, const char *text)
{
	return cli_write(arg, text);
}

static int run_given(const struct args *a, struct bch_kvdb *db)
{
	int err = 0;

	for (size_t i = 0; i < a->commands.nr && !err; i++)
		err = bch_kvdb_run(db, a->commands.p[i]);
	return err;
}

static int prompt(struct cli *cli, struct bch_kvdb *db)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_kvdb_prompt(db, &text);
	return cli_write(cli, bch_buf_str(&text));
}

/* An error, or ^C, ends a command and not the session. */
static int forgive(struct cli *cli, int err)
{
	if (err == -BCH_ERR_cancelled)
		return cli_interrupt_taken() ? cli_write(cli, "\n") : err;
	bch_log(cli->ctx, BCH_LOG_error, "%s", bch_error_message(cli->ctx, err));
	return 0;
}

static int run_typed(struct cli *cli, struct bch_kvdb *db)
{
	char line[LINE_SIZE];
	int more, err = 0;

	while (!err) {
		err = prompt(cli, db);
		more = err ? err : cli_read_line(STDIN_FILENO, line, sizeof(line));
		if (!more)
			return cli_write(cli, "\n");
		err = more > 0 ? bch_kvdb_run(db, line) : more;
		if (err < 0)
			err = forgive(cli, err);
	}
	return err;
}

static int run_piped(struct bch_kvdb *db)
{
	char line[LINE_SIZE];
	int more, err = 0;

	while (!err && (more = cli_read_line(STDIN_FILENO, line, sizeof(line))))
		err = more < 0 ? more : bch_kvdb_run(db, line);
	return err;
}

static int run_all(struct cli *cli, const struct args *a, struct bch_fs *fs)
{
	const struct bch_kvdb_opts opts = { .rw = a->rw,
					    .journal = a->journal,
					    .no_start = a->no_start };
	struct bch_kvdb *db;
	int err = bch_kvdb_begin(fs, &opts, write_text, cli, &db), ended;

	if (err)
		return err;
	err = a->commands.nr	     ? run_given(a, db)
	      : isatty(STDIN_FILENO) ? run_typed(cli, db)
				     : run_piped(db);
	ended = bch_kvdb_end(db);
	return err < 0 ? err : ended;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs;
	int err = cli_open(cli, a->rw ? BCH_OPEN_WRITE : 0, &fs), closed;

	if (err)
		return err;
	err = cli_unlock(cli, fs);
	if (!err)
		err = run_all(cli, a, fs);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

const struct cli_command cmd_kvdb = {
	.name = "kvdb",
	.heading = CLI_HEADING_debug,
	.summary = "look at keys and superblock fields, and change them",
	.help = "Commands are lines of standard input, or come with -c; the command help lists "
		"them.\n"
		"An error ends it, but for a session on a terminal.\n"
		"\n"
		"  update inodes 0:4096 bi_uid=1000 bi_flags.nodump=1\n"
		"  set -q alloc 0:40 alloc_v4 data_type=user dirty_sectors=8\n"
		"  get extents 4100:128 ptr[0].offset\n"
		"\n"
		"Each one that changes something is on disk when it ends, with all that follows "
		"from it:\n"
		"counters, backpointers, buckets. With -n changes end with the session.",
	CLI_OPTIONS(options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run,
};
