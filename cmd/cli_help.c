// SPDX-License-Identifier: GPL-2.0-or-later
/* Help from the table: the overview, a group, a command. The man page and completion use its parts. */

#include <stdlib.h>
#include <string.h>
#include "cli_table.h"

#define COLUMNS	    80
#define NAME_WIDTH  26 /* of a command in the overview */
#define HELP_COLUMN 32 /* where the explanation of an option begins */

const char *cli_section(enum cli_section section)
{
	static const char *const texts[CLI_SECTION_NR] = {
#define S(name, text) [CLI_SECTION_##name] = text,
		CLI_SECTIONS(S)
#undef S
	};

	return texts[section];
}

static enum cli_section section_of(const struct cli_option *row)
{
	if (cli_is_operand(row))
		return CLI_SECTION_operands;
	if (row->in_common)
		return CLI_SECTION_common;
	if (row->kind != CLI_KIND_opt)
		return CLI_SECTION_options;
	return row->opt_flags & BCH_OPT_DEVICE ? CLI_SECTION_device : CLI_SECTION_fs;
}

const struct cli_option *cli_section_next(const struct cli_rows *rows, enum cli_section section,
					  const struct cli_option *row)
{
	for (row = row ? row + 1 : rows->p; row < rows->p + rows->nr; row++)
		if (section_of(row) == section && !row->hidden)
			return row;
	return NULL;
}

static size_t column(const struct bch_buf *out)
{
	return out->len - out->line_start;
}

static void put_blanks_to(struct bch_buf *out, size_t want)
{
	while (!bch_buf_failed(out) && column(out) < want)
		bch_buf_putc(out, ' ');
}

/* Words from @indent on, broken at COLUMNS; a newline in @text is one. Ends the line. */
static void put_wrapped(struct bch_buf *out, const char *text, size_t indent)
{
	while (*text) {
		size_t len = strcspn(text, " \n");

		if (column(out) > indent && column(out) + 1 + len > COLUMNS)
			bch_buf_newline(out);
		else if (column(out) > indent)
			bch_buf_putc(out, ' ');
		put_blanks_to(out, indent);
		bch_buf_mem(out, text, len);
		text += len;
		if (*text == '\n')
			bch_buf_newline(out);
		if (*text)
			text++;
	}
	bch_buf_newline(out);
}

static void put_summary(struct bch_buf *out, const struct cli_command *command)
{
	bch_buf_put(out, "  %s", command->name);
	put_blanks_to(out, 2 + NAME_WIDTH);
	put_wrapped(out, command->summary, 2 + NAME_WIDTH);
}

static void put_heading(struct bch_buf *out, enum cli_heading heading)
{
	bool any = false;

	for (size_t i = 0; cli_commands[i]; i++) {
		const struct cli_command *c = cli_commands[i];

		if (c->heading != heading || c->flags & CLI_HIDDEN)
			continue;
		if (!any)
			bch_buf_put(out, "\n%s:\n", cli_heading(heading));
		any = true;
		put_summary(out, c);
	}
}

void cli_put_overview(struct bch_buf *out)
{
	bch_buf_puts(out, "Usage: bcachefs COMMAND [OPTION]... [OPERAND]...\n");
	for (unsigned heading = 0; heading < CLI_HEADING_NR; heading++)
		put_heading(out, heading);
	bch_buf_puts(out, "\n'bcachefs COMMAND --help' says more of a command.\n");
}

void cli_put_group(struct bch_buf *out, const char *group)
{
	bch_buf_put(out, "Usage: bcachefs %s COMMAND [OPTION]... [OPERAND]...\n\n", group);
	for (size_t i = 0; cli_commands[i]; i++)
		if (cli_in_group(cli_commands[i], group))
			put_summary(out, cli_commands[i]);
}

void cli_put_synopsis(struct bch_buf *out, const struct cli_command *command,
		      const struct cli_rows *rows)
{
	const struct cli_option *row = NULL;

	bch_buf_put(out, "bcachefs %s [OPTION]...", command->name);
	while ((row = cli_section_next(rows, CLI_SECTION_operands, row)))
		bch_buf_put(out, row->optional ? " [%s]%s" : " %s%s", row->name,
			    row->kind == CLI_KIND_operand ? "" : "...");
}

int cli_put_mounted(struct bch_buf *out, const struct cli_command *command)
{
	struct cli_rows rows bch_auto(cli_rows) = { 0 };
	int err = cli_rows_init(&rows, command->mounted);

	if (err)
		return err;
	bch_buf_puts(out, command->mounted->flags & CLI_BY_PATH
				  ? "Where all operands are in a mounted bcachefs"
				  : "Where an operand is a folder in a mounted bcachefs, or one of "
				    "its devices,");
	bch_buf_puts(out, " the kernel does it: ");
	cli_put_synopsis(out, command->mounted, &rows);
	bch_buf_puts(out, ".");
	return 0;
}

void cli_put_option(struct bch_buf *out, const struct cli_option *row)
{
	const char *hint = row->hint ? row->hint : "WORD";

	if (row->letter)
		bch_buf_put(out, "-%c%s", row->letter,
			    row->name && !cli_is_operand(row) ? ", " : "");
	if (row->name)
		bch_buf_put(out, "%s%s", cli_is_operand(row) ? "" : "--", row->name);
	if (cli_is_operand(row) || cli_is_switch(row) || !cli_takes_value(row))
		return;
	if (row->optional)
		bch_buf_put(out, "[=%s]", hint);
	else
		bch_buf_put(out, "%s%s", row->name ? "=" : " ", hint);
}

/* " (first, second" or nothing: the caller closes what is open. */
static bool put_values(struct bch_buf *out, const struct cli_option *row)
{
	const char *const *names = cli_value_names(row);
	bool number = row->kind == CLI_KIND_number ||
		      (row->kind == CLI_KIND_opt && row->opt->type == BCH_OPT_NUMBER);

	for (size_t i = 0; names && names[i]; i++)
		bch_buf_put(out, "%s%s", i ? ", " : " (", names[i]);
	if (number && row->max != BCH_U64_MAX)
		bch_buf_put(out, " (%" PRIu64 " to %" PRIu64, row->min, row->max);
	return names || (number && row->max != BCH_U64_MAX);
}

void cli_put_option_help(struct bch_buf *out, const struct cli_option *row)
{
	bool open;

	bch_buf_puts(out, row->help);
	open = put_values(out, row);
	if (row->opt && row->opt->def) {
		bch_buf_puts(out, open ? "; default " : " (default ");
		open = true;
		if (cli_is_switch(row))
			bch_buf_puts(out, "yes");
		else
			bch_opt_put(out, row->opt, row->opt->def);
	}
	if (open)
		bch_buf_putc(out, ')');
}

static void put_row(struct bch_buf *out, const struct cli_option *row)
{
	struct bch_buf help bch_auto(buf) = { 0 };

	bch_buf_puts(out, row->letter || cli_is_operand(row) ? "  " : "      ");
	cli_put_option(out, row);
	if (column(out) + 2 > HELP_COLUMN)
		bch_buf_newline(out);
	put_blanks_to(out, HELP_COLUMN);
	cli_put_option_help(&help, row);
	put_wrapped(out, bch_buf_str(&help), HELP_COLUMN);
}

/* What it does of a mounted filesystem, as a paragraph of its own. */
static int put_mounted_wrapped(struct bch_buf *out, const struct cli_command *command)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	int err = cli_put_mounted(&text, command);

	bch_buf_newline(out);
	put_wrapped(out, bch_buf_str(&text), 0);
	return err;
}

static void put_section(struct bch_buf *out, const struct cli_rows *rows, enum cli_section section)
{
	const struct cli_option *row = cli_section_next(rows, section, NULL);

	if (row)
		bch_buf_put(out, "\n%s:\n", cli_section(section));
	for (; row; row = cli_section_next(rows, section, row))
		put_row(out, row);
}

int cli_put_help(struct bch_buf *out, const struct cli_command *command)
{
	struct cli_rows rows bch_auto(cli_rows) = { 0 };
	int err = cli_rows_init(&rows, command);

	if (err)
		return err;
	bch_buf_puts(out, "Usage: ");
	cli_put_synopsis(out, command, &rows);
	bch_buf_put(out, "\n\n%s\n", command->summary);
	if (command->help) {
		bch_buf_newline(out);
		put_wrapped(out, command->help, 0);
	}
	if (command->mounted)
		err = put_mounted_wrapped(out, command);
	for (unsigned section = 0; section < CLI_SECTION_NR; section++)
		put_section(out, &rows, section);
	return bch_buf_failed(out) ? -BCH_ERR_no_memory : err;
}
