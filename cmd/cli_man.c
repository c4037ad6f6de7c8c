// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs __man: the manual page from the table of commands; man/bcachefs.8 is its output. */

#include <string.h>
#include "cli_table.h"

/* clang-format off */
static const char before[] =
	".TH BCACHEFS 8 \"\" \"bcachefs-tools " CLI_VERSION "\" \"System Administration\"\n"
	".SH NAME\n"
	"bcachefs \\- make, show, check and change bcachefs filesystems\n"
	".SH SYNOPSIS\n"
	".B bcachefs\n"
	".I COMMAND\n"
	"[\\fIOPTION\\fR]... [\\fIOPERAND\\fR]...\n"
	".SH DESCRIPTION\n"
	"All commands work on unmounted filesystems, on block devices or image files, and need no\n"
	"kernel that knows bcachefs.\n"
	"Options and operands may be mixed; \\fB\\-\\-\\fR ends the options.\n"
	"In the names of commands and options \\- and _ are the same.\n"
	"Options with the values yes and no stand alone for yes, and after \\fB\\-\\-no_\\fR for no.\n"
	".PP\n"
	"Sizes are numbers with a suffix: k, M, G, T, P, E and KiB, MiB and so on are powers of 1024,\n"
	"kB, MB and so on powers of 1000.\n"
	".SH COMMANDS\n";

static const char after[] =
	".SH EXIT STATUS\n"
	".TP\n.B 0\ndone\n"
	".TP\n.B 1\nfailed: nothing, or not all, was done\n"
	".TP\n.B 2\nwrong usage\n"
	".TP\n.B 130\ninterrupted by a signal\n"
	".SH ENVIRONMENT\n"
	".TP\n.B BCACHEFS_LOG\nwhat is said on standard error: error, warn, info or debug; warn unless set\n"
	".TP\n.B BCACHEFS_UNDO_DIR\nfolder where commands that write keep what they overwrite, a file each; none unless set\n"
	".TP\n.B SOURCE_DATE_EPOCH\nthe time that is written, in seconds since 1970; now unless set\n";
/* clang-format on */

/* Text of the table; what begins a line must not look like a request. */
static void put_text(struct bch_buf *out, const char *text)
{
	for (bool start = true; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			bch_buf_puts(out, "\\&");
		if (*text == '-')
			bch_buf_puts(out, "\\-");
		else if (*text == '\\')
			bch_buf_puts(out, "\\e");
		else if (*text == '\n')
			bch_buf_puts(out, "\n.PP\n");
		else
			bch_buf_putc(out, *text);
		start = *text == '\n';
	}
	bch_buf_newline(out);
}

static void put_row(struct bch_buf *out, const struct cli_option *row)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_puts(out, ".TP\n.B ");
	cli_put_option(&text, row);
	put_text(out, bch_buf_str(&text));
	bch_buf_reset(&text);
	cli_put_option_help(&text, row);
	put_text(out, bch_buf_str(&text));
}

static void put_section(struct bch_buf *out, const struct cli_rows *rows, enum cli_section section)
{
	const struct cli_option *row = NULL;

	if (cli_section_next(rows, section, NULL))
		bch_buf_put(out, ".PP\n%s:\n", cli_section(section));
	while ((row = cli_section_next(rows, section, row)))
		put_row(out, row);
}

/* Common ones by name: what they do is said once for all commands. */
static void put_common_names(struct bch_buf *out, const struct cli_rows *rows)
{
	struct bch_buf names bch_auto(buf) = { 0 };
	const struct cli_option *row = NULL;

	while ((row = cli_section_next(rows, CLI_SECTION_common, row)))
		bch_buf_put(&names, "%s--%s", names.len ? ", " : "Also ", row->name);
	bch_buf_puts(out, ".PP\n");
	put_text(out, bch_buf_str(&names));
}

static void put_aliases(struct bch_buf *out, const char *aliases)
{
	const char *word;
	size_t len;

	bch_buf_puts(out, ".PP\nOther names:");
	while (cli_word_next(&aliases, &word, &len))
		bch_buf_put(out, " \\fB%.*s\\fR%s", (int)len, word, aliases && *aliases ? "," : "");
	bch_buf_puts(out, ".\n");
}

static int put_command(struct bch_buf *out, const struct cli_command *command)
{
	struct cli_rows rows bch_auto(cli_rows) = { 0 };
	struct bch_buf text bch_auto(buf) = { 0 };
	int err = cli_rows_init(&rows, command);

	if (err)
		return err;
	bch_buf_puts(out, ".SS ");
	cli_put_synopsis(&text, command, &rows);
	put_text(out, bch_buf_str(&text));
	put_text(out, command->summary);
	if (command->aliases)
		put_aliases(out, command->aliases);
	if (command->help) {
		bch_buf_puts(out, ".PP\n");
		put_text(out, command->help);
	}
	if (command->mounted) {
		bch_buf_reset(&text);
		err = cli_put_mounted(&text, command);
		bch_buf_puts(out, ".PP\n");
		put_text(out, bch_buf_str(&text));
	}
	for (unsigned section = 0; section < CLI_SECTION_common; section++)
		put_section(out, &rows, section);
	put_common_names(out, &rows);
	return err;
}

/* Rows of struct cli_common once, as a command that has them all shows them. */
static int put_common(struct bch_buf *out)
{
	static const struct cli_option files = CLI_FILES;
	static const struct cli_command all = {
		.options = &files,
		.nr_options = 1,
		.flags = CLI_JSON | CLI_PROGRESS | CLI_ASKS | CLI_PASSPHRASE | CLI_WRITES,
	};
	struct cli_rows rows bch_auto(cli_rows) = { 0 };
	const struct cli_option *row = NULL;
	int err = cli_rows_init(&rows, &all);

	if (err)
		return err;
	bch_buf_puts(out, ".SH COMMON OPTIONS\nOf these each command takes those that it names.\n");
	while ((row = cli_section_next(&rows, CLI_SECTION_common, row)))
		put_row(out, row);
	return 0;
}

static int run(struct cli *cli, const void *parsed)
{
	struct bch_buf page bch_auto(buf) = { 0 };
	int err = 0;

	bch_buf_puts(&page, before);
	for (size_t i = 0; cli_commands[i] && !err; i++)
		if (!(cli_commands[i]->flags & CLI_HIDDEN))
			err = put_command(&page, cli_commands[i]);
	if (!err)
		err = put_common(&page);
	bch_buf_puts(&page, after);
	if (!err && bch_buf_failed(&page))
		err = -BCH_ERR_no_memory;
	return err ? err : cli_write(cli, bch_buf_str(&page));
}

const struct cli_command cmd_man = {
	.name = "__man",
	.summary = "print the manual page",
	.flags = CLI_HIDDEN,
	.run = run,
};
