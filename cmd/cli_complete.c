// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bcachefs __complete: what may stand in the place of the last word, a candidate a line, behind a tab what it does.
 * The words are the program's name and all up to the cursor. CLI 16.
 */

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include "cli_table.h"

struct args {
	struct cli_strings words;
};

static const struct cli_option options[] = {
	CLI_OPERANDS("WORD", struct args, words, "the words of the command line"),
};

/* The word under the cursor, and where candidates go. */
struct completion {
	struct bch_buf *out;
	const char *word;
	const char *
		part; /* the end of @word, that is completed: what follows "--sb=", "/dev/sda:", "btree," */
};

static void put_candidate(const struct completion *c, const char *dir, size_t dir_len,
			  const char *name, const char *tail, const char *help)
{
	bch_buf_mem(c->out, c->word, (size_t)(c->part - c->word));
	bch_buf_mem(c->out, dir, dir_len);
	bch_buf_put(c->out, help ? "%s%s\t%s\n" : "%s%s\n", name, tail, help);
}

/* A name of ours, if the part begins it: as it was typed so far, with the separator that was typed. */
static void offer(const struct completion *c, const char *name, size_t len, const char *tail,
		  const char *help)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	bool dashes = strchr(c->part + strspn(c->part, "-"), '-'),
	     underscores = strchr(c->part, '_');

	if (!cli_name_begins(name, len, c->part))
		return;
	bch_buf_puts(&text, c->part);
	for (size_t i = strlen(c->part); i < len; i++) {
		bool separates = name[i] == '_' || name[i] == '-';

		bch_buf_putc(&text, separates && dashes	       ? '-'
				    : separates && underscores ? '_'
							       : name[i]);
	}
	put_candidate(c, "", 0, bch_buf_str(&text), tail, help);
}

/* What kinds of files may stand in a place. */
enum files {
	FILES_DIRS,
	FILES_DEVICES,
	FILES_ALL
};

/* Does it belong here, and what follows its name? */
static bool file_fits(int dir, const char *name, enum files files, const char **tail)
{
	struct stat st;

	if (fstatat(dir, name, &st, 0))
		return false;
	*tail = S_ISDIR(st.st_mode) ? "/" : "";
	if (S_ISDIR(st.st_mode) || files == FILES_ALL)
		return true;
	return files == FILES_DEVICES && (S_ISBLK(st.st_mode) || S_ISREG(st.st_mode));
}

/* Entries of @dir that begin with @base, behind @before. */
static void offer_entries(const struct completion *c, DIR *dir, const char *before,
			  size_t before_len, const char *base, enum files files)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		const char *name = entry->d_name, *tail;

		if (strncmp(name, base, strlen(base)) || (*name == '.' && *base != '.'))
			continue;
		if (file_fits(dirfd(dir), name, files, &tail))
			put_candidate(c, before, before_len, name, tail, NULL);
	}
}

static void offer_files(const struct completion *c, enum files files)
{
	const char *slash = strrchr(c->part, '/'), *base = slash ? slash + 1 : c->part;
	size_t len = (size_t)(base - c->part);
	struct bch_buf path bch_auto(buf) = { 0 };
	DIR *dir;

	bch_buf_mem(&path, c->part, len);
	dir = opendir(len ? bch_buf_str(&path) : ".");
	if (dir) {
		offer_entries(c, dir, c->part, len, base, files);
		closedir(dir);
	}
}

/* UUID=... and LABEL=..., as udev found them. */
static void offer_tags(const struct completion *c, const char *tag, const char *path)
{
	size_t len = strlen(tag);
	DIR *dir;

	if (c->part != c->word || strncmp(c->part, tag, strnlen(c->part, len)))
		return;
	dir = opendir(path);
	if (dir) {
		offer_entries(c, dir, tag, len, strlen(c->part) > len ? c->part + len : "",
			      FILES_ALL);
		closedir(dir);
	}
}

/* Moves the part behind the last of @separators. */
static void cut(struct completion *c, const char *separators)
{
	for (const char *s = c->part; *s; s++)
		if (strchr(separators, *s))
			c->part = s + 1;
}

static void offer_devices(struct completion c)
{
	offer_tags(&c, "UUID=", "/dev/disk/by-uuid");
	offer_tags(&c, "LABEL=", "/dev/disk/by-label");
	cut(&c, ":");
	offer_files(&c, FILES_DEVICES);
}

static void offer_opts(const struct completion *c, unsigned flags)
{
	for (unsigned id = 0; id < BCH_OPT_NR; id++) {
		const struct bch_opt *opt = bch_opt(id);

		if ((opt->flags & flags) == flags)
			offer(c, opt->name, strlen(opt->name), opt->type == BCH_OPT_BOOL ? "" : "=",
			      opt->help);
	}
}

/* What may be an operand, or the value of an option: by its fixed names, else by what stands for it in help. */
static void offer_values(struct completion c, const struct cli_option *row)
{
	const char *hint = cli_is_operand(row) ? row->name : row->hint;
	const char *const *names = row->opt && row->opt->type == BCH_OPT_COMPRESSION
					   ? bch_opt_compression_types
					   : cli_value_names(row);

	if (row->kind == CLI_KIND_set)
		cut(&c, ",;");
	if (row->kind == CLI_KIND_set && *c.part == '-')
		c.part++;
	for (; names && *names; names++)
		offer(&c, *names, strlen(*names), "", NULL);

	if (row->kind == CLI_KIND_opt_list) {
		cut(&c, ",");
		offer_opts(&c, row->opt_flags);
	} else if (hint && !strcmp(hint, "DIR")) {
		offer_files(&c, FILES_DIRS);
	} else if (hint && !strcmp(hint, "FILE")) {
		offer_files(&c, FILES_ALL);
	} else if (hint && (!strncmp(hint, "DEV", 3) || !strcmp(hint, "TARGET"))) {
		offer_devices(c);
	}
}

static void offer_option(const struct completion *c, const struct cli_option *row)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	if (row->hidden || cli_is_operand(row))
		return;
	bch_buf_put(&text, "--%s", row->name);
	offer(c, bch_buf_str(&text), text.len, cli_needs_value(row) ? "=" : "", row->help);
	if (cli_is_switch(row) && !strncmp(c->part, "--no", 4)) {
		bch_buf_reset(&text);
		bch_buf_put(&text, "--no_%s", row->name);
		offer(c, bch_buf_str(&text), text.len, "", row->help);
	}
	if (row->letter) {
		bch_buf_reset(&text);
		bch_buf_put(&text, "-%c", row->letter);
		offer(c, bch_buf_str(&text), text.len, "", row->help);
	}
}

/* How the words before the cursor leave the parser. */
struct place {
	const struct cli_rows *rows;
	const struct cli_option *pending; /* the next word is its value */
	size_t nr_operands;
	bool operands_only; /* behind -- */
};

static void pass_option(struct place *p, const char *word)
{
	const struct cli_option *row = NULL;

	if (word[1] == '-') {
		row = cli_find_name(p->rows, word + 2, strlen(word + 2));
	} else {
		for (const char *s = word + 1; *s && !(row && cli_takes_value(row)); s++) {
			row = cli_find_letter(p->rows, *s);
			if (s[1] && row && cli_needs_value(row))
				return; /* the rest is its value */
		}
	}
	p->pending = row && cli_needs_value(row) ? row : NULL;
}

static void pass_word(struct place *p, const char *word)
{
	if (p->pending)
		p->pending = NULL;
	else if (p->operands_only || *word != '-' || !word[1])
		p->nr_operands++;
	else if (!strcmp(word, "--"))
		p->operands_only = true;
	else
		pass_option(p, word);
}

static void offer_operands(const struct completion *c, const struct place *p)
{
	const struct cli_option *row = NULL;
	size_t nr = p->nr_operands;

	while ((row = cli_section_next(p->rows, CLI_SECTION_operands, row)))
		if (row->kind != CLI_KIND_operand || !nr--) {
			offer_values(*c, row);
			return;
		}
}

static void offer_in_place(struct completion c, const struct place *p)
{
	const char *equals = strchr(c.word, '=');
	const struct cli_option *row;

	if (p->pending) {
		offer_values(c, p->pending);
	} else if (p->operands_only || *c.word != '-') {
		offer_operands(&c, p);
	} else if (equals) {
		row = cli_find_name(p->rows, c.word + 2, (size_t)(equals - c.word - 2));
		c.part = equals + 1;
		if (row)
			offer_values(c, row);
	} else {
		for (size_t i = 0; i < p->rows->nr; i++)
			offer_option(&c, &p->rows->p[i]);
	}
}

static int offer_in_command(const struct completion *c, const struct cli_command *command,
			    const char *const *words, size_t nr)
{
	struct cli_rows rows bch_auto(cli_rows) = { 0 };
	struct place p = { .rows = &rows };
	int err = cli_rows_init(&rows, command);

	for (size_t i = 0; i < nr && !err; i++)
		pass_word(&p, words[i]);
	if (!err)
		offer_in_place(*c, &p);
	return err;
}

/* The first words of commands, or the second ones of a group. */
static void offer_commands(const struct completion *c, const char *group)
{
	for (size_t i = 0; cli_commands[i]; i++) {
		const struct cli_command *command = cli_commands[i];
		const char *name = command->name, *blank = strchr(name, ' ');

		if (command->flags & CLI_HIDDEN || (group && !cli_in_group(command, group)))
			continue;
		if (group)
			offer(c, blank + 1, strlen(blank + 1), "", command->summary);
		else if (blank)
			offer(c, name, (size_t)(blank - name), "", NULL);
		else
			offer(c, name, strlen(name), "", command->summary);
	}
}

/* @words[0] is the program, @words[@nr - 1] is under the cursor. */
static int complete(const struct completion *c, const char *const *words, size_t nr)
{
	const char *program = cli_command_of_program(words[0]);
	const struct cli_command *command;
	size_t used = 0;

	if (nr > 2 && !program && !strcmp(words[1], "help") && *c->word != '-')
		return complete(c, words + 1, nr - 1);
	if (program)
		command = cli_command_find(&program, 1, &used);
	else
		command = cli_command_find(words + 1, nr - 2, &used);
	if (command && program)
		return offer_in_command(c, command, words + 1, nr - 2);
	if (command)
		return offer_in_command(c, command, words + 1 + used, nr - 2 - used);
	if (nr == 2)
		offer_commands(c, NULL);
	else if (nr == 3 && cli_group(words[1]))
		offer_commands(c, words[1]);
	return 0;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_buf out bch_auto(buf) = { 0 };
	const char *word = a->words.p[a->words.nr - 1];
	struct completion c = { .out = &out, .word = word, .part = word };
	int err = a->words.nr < 2 ? 0 : complete(&c, a->words.p, a->words.nr);

	return err ? err : cli_write(cli, bch_buf_str(&out));
}

const struct cli_command cmd_complete = {
	.name = "__complete",
	.summary = "print what may stand in the place of the last word",
	.flags = CLI_HIDDEN,
	CLI_OPTIONS(options, struct args),
	.run = run,
};
