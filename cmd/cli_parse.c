// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of a command line: which row each belongs to, and which rows go together. CLI 2.2. */

#include <stdlib.h>
#include <string.h>
#include "cli_table.h"

struct parse {
	struct cli *cli;
	const struct cli_rows *rows;
	void *args;
	char **next, **end;	     /* words not yet looked at */
	struct cli_strings operands; /* seen so far */
	bool *given;		     /* by row */
};

static void *field_of(struct cli *cli, const struct cli_option *row, void *args)
{
	return (char *)(row->in_common ? (void *)&cli->common : args) + row->offset;
}

static int give(struct parse *p, const struct cli_option *row, const char *value)
{
	p->given[row - p->rows->p] = true;
	return cli_value(p->cli, row, value, field_of(p->cli, row, p->args));
}

static bool was_given(const struct parse *p, const char *name, size_t len)
{
	const struct cli_option *row = cli_find_name(p->rows, name, len);

	return row && p->given[row - p->rows->p];
}

/* The value of an option that must have one: the rest of its word, or the next word. */
static int give_value(struct parse *p, const struct cli_option *row, const char *value,
		      const char *name, size_t len)
{
	if (!value && p->next == p->end)
		return cli_usage(p->cli, "option '%.*s' needs a value", (int)len, name);
	return give(p, row, value ? value : *p->next++);
}

static int parse_negation(struct parse *p, const char *word, size_t len)
{
	const char *name = cli_negated(word + 2);
	const struct cli_option *row = NULL;

	if (name && name < word + len)
		row = cli_find_name(p->rows, name, (size_t)(word + len - name));
	if (!row || !cli_is_switch(row))
		return cli_usage(p->cli, "unknown option '%.*s'", (int)len, word);
	if (word[len])
		return cli_usage(p->cli, "option '%.*s' takes no value", (int)len, word);
	return give(p, row, "0");
}

/* --name, --name=value, --name value. */
static int parse_long(struct parse *p, const char *word)
{
	size_t len = strcspn(word, "=");
	const char *value = word[len] ? word + len + 1 : NULL;
	const struct cli_option *row = cli_find_name(p->rows, word + 2, len - 2);

	if (!row)
		return parse_negation(p, word, len);
	if (value && !cli_takes_value(row))
		return cli_usage(p->cli, "option '%.*s' takes no value", (int)len, word);
	if (!value && cli_is_switch(row))
		return give(p, row, "1");
	if (value || cli_needs_value(row))
		return give_value(p, row, value, word, len);
	return give(p, row, cli_takes_value(row) ? "" : NULL);
}

/* The row of a letter. What follows it in its word is @rest. */
static const struct cli_option *row_of_letter(const struct parse *p, char letter, const char *rest)
{
	const struct cli_option *row = cli_find_letter(p->rows, letter);
	const char *value = *rest ? rest : p->next < p->end ? *p->next : "";

	if (!row || row->kind != CLI_KIND_opt_list || cli_is_opt_list(value))
		return row;
	for (size_t i = 0; i < p->rows->nr; i++)
		if (p->rows->p[i].or_letter == letter)
			return &p->rows->p[i];
	return row;
}

/* -a, -abc, -ovalue, -o value. */
static int parse_short(struct parse *p, const char *word)
{
	int err = 0;

	for (const char *s = word + 1; *s && !err; s++) {
		const struct cli_option *row = row_of_letter(p, *s, s + 1);

		if (!row)
			return cli_usage(p->cli, "unknown option '-%c'", *s);
		if (cli_needs_value(row))
			return give_value(p, row, s[1] ? s + 1 : NULL, word, strlen(word));
		if (row->optional)
			return give(p, row, s + 1);
		err = give(p, row, cli_is_switch(row) ? "1" : NULL);
	}
	return err;
}

/* Operands are dealt out at the end, but for those whose place among the options matters. */
static int parse_operand(struct parse *p, const char *word)
{
	if (!cli_grow(&p->operands.p, p->operands.nr, sizeof(*p->operands.p)))
		return -BCH_ERR_no_memory;
	p->operands.p[p->operands.nr++] = word;

	for (size_t i = 0; i < p->rows->nr; i++)
		if (p->rows->p[i].kind == CLI_KIND_operand_events)
			return give(p, &p->rows->p[i], word);
	return 0;
}

/* What begins with '-' is an option, but for '-' alone, and a number where no option is a digit. */
static bool is_option(const struct parse *p, const char *word)
{
	if (*word != '-' || !word[1])
		return false;
	return word[1] < '0' || word[1] > '9' || cli_find_letter(p->rows, word[1]);
}

static int parse_words(struct parse *p)
{
	bool options = true;
	int err = 0;

	while (p->next < p->end && !err && !p->cli->common.help) {
		const char *word = *p->next++;

		if (!options || !is_option(p, word))
			err = parse_operand(p, word);
		else if (!strcmp(word, "--"))
			options = false;
		else if (word[1] == '-')
			err = parse_long(p, word);
		else
			err = parse_short(p, word);
	}
	return err;
}

static bool is_wanted(const struct parse *p, const struct cli_option *row)
{
	return cli_is_operand(row) &&
	       !(row->unless && was_given(p, row->unless, strlen(row->unless)));
}

/* How many operands the rows from @row on must have. */
static size_t nr_required(const struct parse *p, const struct cli_option *row)
{
	size_t nr = 0;

	for (; row < p->rows->p + p->rows->nr; row++)
		nr += is_wanted(p, row) && !row->optional;
	return nr;
}

/* What a row takes of the @left operands: what the rows behind it do not need, but one that it needs itself. */
static size_t share_of(const struct parse *p, const struct cli_option *row, size_t left)
{
	size_t later = nr_required(p, row + 1);
	size_t take = left > later ? left - later : left && !row->optional;

	return take && row->kind == CLI_KIND_operand ? 1 : take;
}

static int deal_operands(struct parse *p)
{
	size_t at = 0;
	int err = 0;

	for (size_t i = 0; i < p->rows->nr && !err; i++) {
		const struct cli_option *row = &p->rows->p[i];
		size_t take;

		if (!is_wanted(p, row))
			continue;
		take = share_of(p, row, p->operands.nr - at);
		if (!take && !row->optional)
			return cli_usage(p->cli, "missing operand %s", row->name);
		for (; take && !err; take--, at++)
			if (row->kind != CLI_KIND_operand_events) /* given already */
				err = give(p, row, p->operands.p[at]);
	}
	if (!err && at < p->operands.nr)
		err = cli_usage(p->cli, "unexpected operand '%s'", p->operands.p[at]);
	return err;
}

static int check_together(const struct parse *p, const struct cli_option *row)
{
	const char *needs = row->needs, *excludes = row->excludes, *other;
	size_t len;

	while (cli_word_next(&needs, &other, &len))
		if (!was_given(p, other, len))
			return cli_usage(p->cli, "--%s needs --%.*s", row->name, (int)len, other);
	while (cli_word_next(&excludes, &other, &len))
		if (was_given(p, other, len))
			return cli_usage(p->cli, "--%s and --%.*s exclude each other", row->name,
					 (int)len, other);
	return 0;
}

static int check_all_together(const struct parse *p)
{
	int err = 0;

	for (size_t i = 0; i < p->rows->nr && !err; i++)
		if (p->given[i])
			err = check_together(p, &p->rows->p[i]);
	return err;
}

int cli_parse(struct cli *cli, const struct cli_rows *rows, int argc, char **argv, void *args)
{
	struct parse p = {
		.cli = cli, .rows = rows, .args = args, .next = argv, .end = argv + argc
	};
	int err = -BCH_ERR_no_memory;

	p.given = calloc(rows->nr, sizeof(*p.given));
	if (p.given)
		err = parse_words(&p);
	if (!err && !cli->common.help)
		err = deal_operands(&p);
	if (!err && !cli->common.help)
		err = check_all_together(&p);
	cli->usage = err && err != -BCH_ERR_no_memory;
	free(p.given);
	free(p.operands.p);
	return err;
}

void cli_args_end(struct cli *cli, const struct cli_rows *rows, void *args)
{
	for (size_t i = 0; i < rows->nr; i++) {
		const struct cli_option *row = &rows->p[i];
		struct cli_events *events = field_of(cli, row, args);
		struct cli_strings *strings = field_of(cli, row, args);

		switch (row->kind) {
		case CLI_KIND_strings:
		case CLI_KIND_operands:
			free(strings->p);
			*strings = (struct cli_strings){ 0 };
			break;
		case CLI_KIND_operand_events:
		case CLI_KIND_opt:
		case CLI_KIND_opt_list:
			free(events->p);
			*events = (struct cli_events){ 0 };
			break;
		default:
			break;
		}
	}
}
