// SPDX-License-Identifier: GPL-2.0-or-later
/* The entry: finds a command by the program's name or by the first words, and runs it. CLI 2.1. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cmd/cli_table.h"

/* Options in the place of a command, and the command they stand for. */
static const struct {
	const char *option, *command;
} options[] = {
	{ "-h", "help" },
	{ "--help", "help" },
	{ "-V", "version" },
	{ "--version", "version" },
};

static const char *command_of_option(const char *word)
{
	for (size_t i = 0; i < bch_array_size(options); i++)
		if (!strcmp(word, options[i].option))
			return options[i].command;
	return word;
}

/* What is wrong, and below it what there is: all commands, or those of a group. */
static int refuse(const char *group, const char *fmt, ...) bch_printf(2, 3);
static int refuse(const char *group, const char *fmt, ...)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	va_list args;

	va_start(args, fmt);
	bch_buf_vput(&text, fmt, args);
	va_end(args);
	bch_buf_newline(&text);
	if (group)
		cli_put_group(&text, group);
	else
		cli_put_overview(&text);
	fprintf(stderr, "bcachefs: %s", bch_buf_str(&text));
	return EXIT_FAILURE;
}

/* @words[0] is a group, and @words[1] is none of its commands. */
static int list_group(struct cli *cli, const char *const words[], size_t nr)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	if (nr > 1 && strcmp(words[1], "help") && strcmp(command_of_option(words[1]), "help"))
		return refuse(words[0], "unknown command %s %s", words[0], words[1]);
	cli_put_group(&text, words[0]);
	return cli_write(cli, bch_buf_str(&text)) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* argv[0] is the word that names the command, or the first of two. */
static int run_words(struct cli *cli, int argc, char **argv)
{
	const char *words[2] = { command_of_option(argv[0]), argc > 1 ? argv[1] : NULL };
	size_t nr = argc > 1 ? 2 : 1, used;
	const struct cli_command *command = cli_command_find(words, nr, &used);

	if (command)
		return cli_run(cli, command, argc - (int)used, argv + used);
	if (cli_group(words[0]))
		return list_group(cli, words, nr);
	return refuse(NULL, "unknown command %s", words[0]);
}

static int run_program(struct cli *cli, const char *name, int argc, char **argv)
{
	size_t used;
	const struct cli_command *command = cli_command_find(&name, 1, &used);

	return command ? cli_run(cli, command, argc, argv)
		       : refuse(NULL, "unknown command %s", name);
}

int main(int argc, char **argv)
{
	const char *program = argc ? cli_command_of_program(argv[0]) : NULL;
	struct cli cli;
	int status;

	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	cli_signals_init();
	if (cli_init(&cli, argc, argv)) {
		fprintf(stderr, "bcachefs: %s\n", bch_err_text(BCH_ERR_no_memory));
		return EXIT_FAILURE;
	}
	if (program)
		status = run_program(&cli, program, argc - 1, argv + 1);
	else if (argc < 2)
		status = refuse(NULL, "missing command");
	else
		status = run_words(&cli, argc - 1, argv + 1);
	cli_end(&cli);
	return status;
}
