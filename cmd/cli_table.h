/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame's own header: the table of commands, rows laid out flat, and what prints help from them. */

#ifndef BCHFS_CMD_CLI_TABLE_H
#define BCHFS_CMD_CLI_TABLE_H

#include "cli.h"

/* All commands, in the order of the overview; ends with NULL. */
extern const struct cli_command *const cli_commands[];

/* The text of a heading. */
const char *cli_heading(enum cli_heading heading);

/* '-' and '_' are the same in names. The second compares the first @len characters of @a with all of @b. */
bool cli_name_equal(const char *a, const char *b);
bool cli_name_equal_len(const char *a, size_t len, const char *b);

/* Is @part the first @len characters of @name, or fewer? */
bool cli_name_begins(const char *name, size_t len, const char *part);

/* The words of a comma-separated list, one by one: while (cli_word_next(&list, &word, &len)). */
bool cli_word_next(const char **list, const char **word, size_t *len);

/*
 * The command that the first one or two of @nr @words name, and in @used how many; NULL if none. @words[0] may name a
 * group, see cli_group().
 */
const struct cli_command *cli_command_find(const char *const words[], size_t nr, size_t *used);

/* Is @word the first word of commands that have two? */
bool cli_group(const char *word);

/* Is @command in @group (any spelling)? */
bool cli_in_group(const struct cli_command *command, const char *group);

/* The command that the program's name stands for: mkfs.bcachefs, fsck.bcachefs and so on; NULL for none. */
const char *cli_command_of_program(const char *argv0);

/*
 * All rows of a command, flat: what it includes and the common ones are unfolded, the library's options are rows of
 * CLI_KIND_opt. A common row whose letter the command uses itself has none.
 */
struct cli_rows {
	struct cli_option *p;
	size_t nr;
};

int cli_rows_init(struct cli_rows *rows, const struct cli_command *command);
void cli_rows_end(struct cli_rows *rows);
static inline void bch_cli_rows_cleanup(struct cli_rows *rows)
{
	cli_rows_end(rows);
}

/* The option of that name or synonym, without dashes, and the one of that letter. NULL if there is none. */
const struct cli_option *cli_find_name(const struct cli_rows *rows, const char *name, size_t len);
const struct cli_option *cli_find_letter(const struct cli_rows *rows, char letter);

/* The form of @command that its words mean: itself, or the one for what the kernel has mounted. @rows are its own. */
const struct cli_command *cli_form_of(struct cli *cli, const struct cli_command *command,
				      const struct cli_rows *rows, int argc, char **argv);

bool cli_is_operand(const struct cli_option *row);
bool cli_is_switch(const struct cli_option *row);   /* --x, --no-x, --x=yes, --x=no */
bool cli_takes_value(const struct cli_option *row); /* --x=value; switches too */
bool cli_needs_value(const struct cli_option *row); /* never stands alone */

/* The names that a value may have; NULL where it is not one of a fixed list. */
const char *const *cli_value_names(const struct cli_option *row);

/* Gets memory for one more element. False where there is none. */
bool cli_grow(void *array, size_t nr, size_t size);

/*
 * Fills @args from @argv (without the command's words). Stops at --help, see common.help. What it allocated in @args
 * is freed by cli_args_end(). An error is said.
 */
int cli_parse(struct cli *cli, const struct cli_rows *rows, int argc, char **argv, void *args);
void cli_args_end(struct cli *cli, const struct cli_rows *rows, void *args);

/* What follows "no", "no-" or "no_" in @name; NULL where it does not begin so. */
const char *cli_negated(const char *name);

/* Does the text begin with an option of the library's table, as a value of -o does? */
bool cli_is_opt_list(const char *text);

/* The value of one option, from @text into @field. */
int cli_value(struct cli *cli, const struct cli_option *row, const char *text, void *field);

/* The parts that a command's rows are shown in. */
/* clang-format off */
#define CLI_SECTIONS(S)					\
	S(operands,	"Operands")			\
	S(options,	"Options")			\
	S(fs,		"Filesystem options")		\
	S(device,	"Device options")		\
	S(common,	"Common options")

enum cli_section {
#define S(name, text) CLI_SECTION_##name,
	CLI_SECTIONS(S)
#undef S
	CLI_SECTION_NR
};
/* clang-format on */

const char *cli_section(enum cli_section section);

/* Calls for rows of one section, in order: the next after @row (NULL: the first), or NULL. */
const struct cli_option *cli_section_next(const struct cli_rows *rows, enum cli_section section,
					  const struct cli_option *row);

void cli_put_overview(struct bch_buf *out);
void cli_put_group(struct bch_buf *out, const char *group);
int cli_put_help(struct bch_buf *out, const struct cli_command *command); /* -BCH_ERR_no_memory */

/* "bcachefs format [OPTION]... DEVICE..." */
void cli_put_synopsis(struct bch_buf *out, const struct cli_command *command,
		      const struct cli_rows *rows);

/* When the form for a mounted filesystem is meant, and its synopsis. Of a command that has one. */
int cli_put_mounted(struct bch_buf *out, const struct cli_command *command);

/* "-L, --fs_label=LABEL" */
void cli_put_option(struct bch_buf *out, const struct cli_option *row);

/* What it does, and in parentheses the values that it may have and the default. */
void cli_put_option_help(struct bch_buf *out, const struct cli_option *row);

/* From the first SIGINT, SIGTERM or SIGHUP on: the user wants it to end. */
void cli_signals_init(void);
bool cli_interrupted(void);

/* Was it SIGINT? Then that has ended a command, and the next one may be interrupted again. */
bool cli_interrupt_taken(void);

/* Did the user ask for a line of progress (SIGUSR1) since the last call? */
bool cli_progress_wanted(void);

/* The status line: shown for a report, and taken away before anything else is written on standard error. */
void cli_progress_show(struct cli *cli, const char *line);
void cli_progress_clear(struct cli *cli);

/* One line on standard error. */
void cli_line(struct cli *cli, const char *prefix, const char *text);

/*
 * A line of @fd without its newline, NUL-terminated; not a byte more is taken from @fd. Returns 1, 0 at the end of
 * input, -BCH_ERR_cancelled after a signal, -BCH_ERR_out_of_range where @size does not hold it, or another error.
 */
int cli_read_line(int fd, char *buf, size_t size);

/* cli_read_line() from the terminal @fd after @prompt, echo off; the terminal is as before when it returns. */
int cli_read_secret(int fd, const char *prompt, char *buf, size_t size);

/* Is systemd-ask-password the way to ask: at boot, behind a splash screen or without a terminal? */
bool cli_agent_wanted(void);

/* One line from systemd-ask-password, as cli_read_line(); @cached: one that was typed for another device will do. */
int cli_agent_ask(const char *uuid, bool cached, char *buf, size_t size);

/* Runs @command with the rest of the command line. Returns the exit status. */
int cli_run(struct cli *cli, const struct cli_command *command, int argc, char **argv);

/* A context without a command yet, for a whole command line. cli_end() frees it. */
int cli_init(struct cli *cli, int argc, char **argv);
void cli_end(struct cli *cli);

#endif
