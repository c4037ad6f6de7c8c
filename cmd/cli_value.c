// SPDX-License-Identifier: GPL-2.0-or-later
/* The value of one option: from text to the field of its row. CLI 2.4. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cli_table.h"

/* "no" and what joins it to the name it negates. NULL where @name does not begin so. */
const char *cli_negated(const char *name)
{
	if (strncmp(name, "no", 2))
		return NULL;
	return name + (name[2] == '-' || name[2] == '_' ? 3 : 2);
}

static int add_string(struct cli_strings *list, const char *text)
{
	if (!cli_grow(&list->p, list->nr, sizeof(*list->p)))
		return -BCH_ERR_no_memory;
	list->p[list->nr++] = text;
	return 0;
}

static int add_event(struct cli_events *list, const struct bch_opt *opt, const char *text)
{
	if (!cli_grow(&list->p, list->nr, sizeof(*list->p)))
		return -BCH_ERR_no_memory;
	list->p[list->nr++] = (struct cli_event){ opt, text };
	return 0;
}

static int parse_bool(struct cli *cli, const char *what, const char *text, bool *value)
{
	static const char *const words[] = { "no", "yes", "false", "true", "0", "1" };

	for (size_t i = 0; i < bch_array_size(words); i++)
		if (!strcmp(text, words[i])) {
			*value = i & 1;
			return 0;
		}
	return cli_usage(cli, "%s: must be yes or no, not '%s'", what, text);
}

/* Decimal, or hexadecimal after 0x. */
static int parse_number(struct cli *cli, const char *what, const char *text, u64 *value)
{
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	const char *digits = hex ? text + 2 : text;
	size_t len = strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789");

	errno = 0;
	*value = strtoull(digits, NULL, hex ? 16 : 10);
	if (!len || digits[len])
		return cli_usage(cli, "%s: must be a number, not '%s'", what, text);
	return errno ? cli_usage(cli, "%s: too big: %s", what, text) : 0;
}

static int check_range(struct cli *cli, const struct cli_option *row, u64 value)
{
	if (value < row->min)
		return cli_usage(cli, "%s: too small (min %" PRIu64 "): %" PRIu64, row->name,
				 row->min, value);
	if (value > row->max)
		return cli_usage(cli, "%s: too big (max %" PRIu64 "): %" PRIu64, row->name,
				 row->max, value);
	return 0;
}

static int bad_name(struct cli *cli, const struct cli_option *row, const char *text, size_t len)
{
	struct bch_buf names bch_auto(buf) = { 0 };

	for (size_t i = 0; row->names[i]; i++)
		bch_buf_put(&names, "%s%s", i ? ", " : "", row->names[i]);
	return cli_usage(cli, "%s: invalid selection '%.*s', must be of: %s", row->name, (int)len,
			 text, bch_buf_str(&names));
}

/* The index of a name, or -1. */
static int find_name(const char *const *names, const char *text, size_t len)
{
	for (int i = 0; names[i]; i++)
		if (cli_name_equal_len(text, len, names[i]))
			return i;
	return -1;
}

static int parse_choice(struct cli *cli, const struct cli_option *row, const char *text,
			unsigned *value)
{
	int i = find_name(row->names, text, strlen(text));

	if (i < 0)
		return bad_name(cli, row, text, strlen(text));
	*value = (unsigned)i;
	return 0;
}

/* All bits that have a name. There are fewer than 64. */
static u64 all_of(const char *const *names)
{
	u64 bits = 0;

	for (unsigned i = 0; names[i]; i++)
		bits |= (u64)1 << i;
	return bits;
}

static int parse_set(struct cli *cli, const struct cli_option *row, const char *text, u64 *value)
{
	bool invert = *text == '-';
	u64 bits = 0;

	for (const char *s = text + invert; *s; s += *s == ',' || *s == ';') {
		size_t len = strcspn(s, ",;");
		int i = find_name(row->names, s, len);

		if (i >= 0)
			bits |= (u64)1 << i;
		else if (cli_name_equal_len(s, len, "all"))
			bits = all_of(row->names);
		else
			return bad_name(cli, row, s, len);
		s += len;
	}
	*value = invert ? all_of(row->names) & ~bits : bits;
	return 0;
}

bool cli_is_opt_list(const char *text)
{
	size_t len = strcspn(text, ",=");
	char name[64] = { 0 };
	const char *rest;

	if (len >= sizeof(name))
		return false;
	memcpy(name, text, len);
	rest = cli_negated(name);
	return bch_opt_find(name) || (rest && bch_opt_find(rest));
}

int cli_own_word(const char *const *names, const char *item)
{
	for (int i = 0; names[i]; i++) {
		size_t len = strcspn(names[i], "*");

		if (!strncmp(item, names[i], len) &&
		    (names[i][len] || !item[len] || item[len] == '='))
			return i;
	}
	return -1;
}

/* One NAME[=VALUE] of -o; cuts @item. */
static int add_opt(struct cli *cli, const struct cli_option *row, char *item,
		   struct cli_events *events)
{
	char *value = strchr(item, '=');
	const char *rest = cli_negated(item);
	const struct bch_opt *opt;
	const char *text = "1";

	if (row->names && cli_own_word(row->names, item) >= 0)
		return add_event(events, NULL, item);
	if (value)
		*value++ = '\0';
	opt = bch_opt_find(item);
	if (!opt && rest) {
		opt = bch_opt_find(rest);
		text = "0";
		if (opt && (value || opt->type != BCH_OPT_BOOL))
			opt = NULL;
	}
	if (row->any_word && !(opt && bch_open_takes(opt))) {
		if (value)
			value[-1] = '=';
		return add_event(events, NULL, item);
	}
	if (!opt || (opt->flags & row->opt_flags) != row->opt_flags)
		return cli_usage(cli, "%s: unknown option '%s'", row->name, item);
	return add_event(events, opt, value ? value : text);
}

/* The items are cut out of a copy that lives as long as @cli. */
static int parse_opt_list(struct cli *cli, const struct cli_option *row, const char *text,
			  struct cli_events *events)
{
	char *copy = strdup(text), *item;
	int err;

	if (!copy)
		return -BCH_ERR_no_memory;
	err = add_string(&cli->copies, copy);
	if (err)
		free(copy);
	while (!err && (item = strsep(&copy, ",")))
		if (*item)
			err = add_opt(cli, row, item, events);
	return err;
}

int cli_value(struct cli *cli, const struct cli_option *row, const char *text, void *field)
{
	int err;

	switch (row->kind) {
	case CLI_KIND_flag:
		*(bool *)field = true;
		return 0;
	case CLI_KIND_count:
		++*(unsigned *)field;
		return 0;
	case CLI_KIND_bool:
		return parse_bool(cli, row->name, text, field);
	case CLI_KIND_string:
		*(const char **)field = text;
		return 0;
	case CLI_KIND_strings:
	case CLI_KIND_operands:
		return add_string(field, text);
	case CLI_KIND_number:
		err = parse_number(cli, row->name, text, field);
		return err ? err : check_range(cli, row, *(u64 *)field);
	case CLI_KIND_size:
		err = bch_size_parse(cli->ctx, row->name, text, field);
		return err ? err : check_range(cli, row, *(u64 *)field);
	case CLI_KIND_operand:
		*(const char **)field = text;
		if (row->names && find_name(row->names, text, strlen(text)) < 0)
			return bad_name(cli, row, text, strlen(text));
		return 0;
	case CLI_KIND_choice:
		return parse_choice(cli, row, text, field);
	case CLI_KIND_set:
		return parse_set(cli, row, text, field);
	case CLI_KIND_opt:
	case CLI_KIND_operand_events:
		return add_event(field, row->opt, text);
	case CLI_KIND_opt_list:
		return parse_opt_list(cli, row, text, field);
	case CLI_KIND_table:
	case CLI_KIND_letter:
	case CLI_KIND_filesystem:
	case CLI_KIND_filesystem_word:
	case CLI_KIND_files:
	case CLI_KIND_edit:
	case CLI_KIND_mount:
		break;
	}
	return -BCH_ERR_invalid_argument; /* rows that cli_rows_init() has unfolded */
}
