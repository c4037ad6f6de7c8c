// SPDX-License-Identifier: GPL-2.0-or-later
/* The run of a command: its context, what it says, and the exit status. CLI 2.5, 2.7. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli_table.h"

enum {
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_CANCELLED = 130
};

void cli_line(struct cli *cli, const char *prefix, const char *text)
{
	cli_progress_clear(cli);
	fprintf(stderr, "%s%s\n", prefix, text);
}

/* The level that BCACHEFS_LOG names, else warn. */
static enum bch_log_level default_level(void)
{
	static const char *const names[] = { "error", "warn", "info", "debug", "trace" };
	const char *name = getenv("BCACHEFS_LOG");

	for (unsigned i = 0; name && i < bch_array_size(names); i++)
		if (!strcmp(name, names[i]))
			return i;
	return BCH_LOG_warn;
}

static enum bch_log_level level_shown(const struct cli *cli)
{
	return cli->common.quiet ? BCH_LOG_error : default_level() + cli->common.verbose;
}

static void log_line(void *arg, enum bch_log_level level, const char *line)
{
	struct cli *cli = arg;

	if (level <= level_shown(cli))
		cli_line(cli, "bcachefs: ", line);
}

static void report_line(void *arg, const char *line)
{
	cli_progress_show(arg, line);
}

static bool is_cancelled(void *arg)
{
	return cli_interrupted();
}

/* The words with blanks between them, as undo files keep them. */
static char *join_words(int argc, char **argv)
{
	struct bch_buf line bch_auto(buf) = { 0 };

	for (int i = 0; i < argc; i++)
		bch_buf_put(&line, "%s%s", i ? " " : "", argv[i]);
	return bch_buf_take(&line);
}

int cli_init(struct cli *cli, int argc, char **argv)
{
	static const struct bch_callbacks callbacks = {
		.log = log_line,
		.report = report_line,
		.cancelled = is_cancelled,
	};

	*cli = (struct cli){ 0 };
	cli->ctx = bch_ctx_new(&callbacks, cli);
	cli->command_line = join_words(argc, argv);
	if (cli->ctx && cli->command_line)
		return 0;
	bch_ctx_free(cli->ctx);
	free(cli->command_line);
	return -BCH_ERR_no_memory;
}

void cli_end(struct cli *cli)
{
	for (size_t i = 0; i < cli->copies.nr; i++)
		free((char *)cli->copies.p[i]);
	free(cli->copies.p);
	free(cli->command_line);
	bch_facts_free(cli->facts);
	bch_ctx_free(cli->ctx);
}

int cli_usage(struct cli *cli, const char *fmt, ...)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	va_list args;

	va_start(args, fmt);
	bch_buf_vput(&text, fmt, args);
	va_end(args);
	cli->usage = true;
	return bch_error_whole(cli->ctx, -BCH_ERR_invalid_argument, "%s", bch_buf_str(&text));
}

void cli_say(struct cli *cli, const char *fmt, ...)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	va_list args;

	if (cli->common.quiet)
		return;
	va_start(args, fmt);
	bch_buf_vput(&text, fmt, args);
	va_end(args);
	cli_line(cli, "", bch_buf_str(&text));
}

int cli_write(struct cli *cli, const char *text)
{
	cli_progress_clear(cli);
	if (fputs(text, stdout) == EOF || fflush(stdout))
		return bch_error(cli->ctx, bch_errno(errno), "standard output");
	return 0;
}

static int show_help(struct cli *cli)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	int err = cli_put_help(&text, cli->command);

	return err ? err : cli_write(cli, bch_buf_str(&text));
}

/* Facts of a command that failed are shown as text, which can be cut off, but not as JSON. */
static int write_facts(struct cli *cli, int err)
{
	const char *text;
	int write_err;

	if ((err < 0 && cli->common.json) || cli->command->flags & CLI_JSON_LINES)
		return err;
	text = bch_facts_str(cli->facts);
	write_err = text ? cli_write(cli, text) : -BCH_ERR_no_memory;
	return err >= 0 && write_err ? write_err : err;
}

static int run_command(struct cli *cli, const void *args)
{
	int err;

	cli->common.json |= cli->common.format;
	cli->facts = bch_facts_new(cli->common.json ? BCH_FACTS_JSON : BCH_FACTS_TEXT);
	if (!cli->facts)
		return -BCH_ERR_no_memory;
	err = cli->command->run(cli, args);
	cli_progress_clear(cli);
	return write_facts(cli, err);
}

static int parse_and_run(struct cli *cli, const struct cli_rows *rows, int argc, char **argv)
{
	const struct cli_command *command = cli->command;
	void *args =
		calloc(1, command->args_size + 1); /* a command without args has an address too */
	int err;

	if (!args)
		return -BCH_ERR_no_memory;
	if (command->defaults)
		memcpy(args, command->defaults, command->args_size);

	err = cli_parse(cli, rows, argc, argv, args);
	if (!err)
		err = cli->common.help ? show_help(cli) : run_command(cli, args);
	cli_args_end(cli, rows, args);
	free(args);
	return err;
}

static void say_error(struct cli *cli, int err)
{
	const struct cli_command *c = cli->command;
	const char *message = bch_error_message(cli->ctx, err);
	struct bch_buf line bch_auto(buf) = { 0 };

	if (cli->usage)
		bch_buf_put(&line, "%s: %s; try 'bcachefs %s --help'", c->name, message, c->name);
	else
		bch_buf_put(&line, "%s", message);
	cli_line(cli, "bcachefs: ", bch_buf_str(&line));
}

static int status_of(const struct cli *cli, int err)
{
	const struct cli_command *c = cli->command;

	if (err >= 0)
		return err;
	if (cli->usage)
		return c->status_usage ? c->status_usage : STATUS_USAGE;
	if (err == -BCH_ERR_cancelled)
		return c->status_cancelled ? c->status_cancelled : STATUS_CANCELLED;
	if (err == -BCH_ERR_access_denied && c->status_denied)
		return c->status_denied;
	return c->status_failed ? c->status_failed : STATUS_FAILED;
}

static int run_with_rows(struct cli *cli, int argc, char **argv)
{
	struct cli_rows rows bch_auto(cli_rows) = { 0 };
	struct cli_rows mounted bch_auto(cli_rows) = { 0 };
	const struct cli_command *form;
	int err = cli_rows_init(&rows, cli->command);

	if (err)
		return err;
	form = cli_form_of(cli, cli->command, &rows, argc, argv);
	if (form == cli->command)
		return parse_and_run(cli, &rows, argc, argv);
	cli->command = form;
	err = cli_rows_init(&mounted, form);
	return err ? err : parse_and_run(cli, &mounted, argc, argv);
}

int cli_run(struct cli *cli, const struct cli_command *command, int argc, char **argv)
{
	int err;

	cli->command = command;
	if (command->run)
		err = run_with_rows(cli, argc, argv);
	else
		err = bch_error_whole(cli->ctx, -BCH_ERR_not_supported, "%s: %s", command->name,
				      command->summary);
	if (err < 0)
		say_error(cli, err);
	return status_of(cli, err);
}
