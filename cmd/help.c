// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs help: the overview, or the help of a command or a group of commands. */

#include "cli_table.h"

struct args {
	struct cli_strings words;
};

static const struct cli_option options[] = {
	CLI_OPERANDS("COMMAND", struct args, words, "the command, or group of commands",
		     .optional = true),
};

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_buf text bch_auto(buf) = { 0 };
	const struct cli_command *command;
	size_t used;
	int err = 0;

	command = cli_command_find(a->words.p, a->words.nr, &used);
	if (!a->words.nr)
		cli_put_overview(&text);
	else if (command)
		err = cli_put_help(&text, command);
	else if (cli_group(a->words.p[0]))
		cli_put_group(&text, a->words.p[0]);
	else
		return cli_usage(cli, "unknown command '%s'", a->words.p[0]);
	return err ? err : cli_write(cli, bch_buf_str(&text));
}

const struct cli_command cmd_help = {
	.name = "help",
	.heading = CLI_HEADING_misc,
	.summary = "show the list of commands, or the help of one",
	CLI_OPTIONS(options, struct args),
	.run = run,
};
