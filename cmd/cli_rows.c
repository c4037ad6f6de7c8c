// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of a command, laid out flat: its own, the library's options, and those that many commands share. */

#include <stdlib.h>
#include <string.h>
#include "cli_table.h"

static const char *const format_names[] = { "text", "json", NULL };
static const char *const progress_names[] = { "auto", "always", "never", NULL };
static const char *const bool_names[] = { "yes", "no", NULL };

#define DEVICES_ROW(...)                                                                       \
	CLI_OPERANDS("DEVICES", struct cli_common, devices,                                    \
		     "the filesystem: its devices or image files, apart or joined by colons, " \
		     "UUID=..., "                                                              \
		     "or LABEL=...",                                                           \
		     .unless = "dev", ##__VA_ARGS__)

static const struct cli_option devices_rows[] = { DEVICES_ROW() };
static const struct cli_option devices_or_here_rows[] = { DEVICES_ROW(.optional = true) };

static const struct cli_option devices_word_rows[] = {
	CLI_OPERAND("DEVICES", struct cli_common, filesystem,
		    "the filesystem: a device or image file, several joined by colons, UUID=..., "
		    "or LABEL=...",
		    .unless = "dev"),
};

static const struct cli_option filesystem_rows[] = {
	CLI_STRINGS('D', "dev", "DEV", struct cli_common, device_paths,
		    "one of its devices, whose path may have colons; repeatable"),
	CLI_STRINGS(0, "scan", "DIR", struct cli_common, scan,
		    "look for its devices among the files in DIR too; repeatable"),
	CLI_OPT_LIST('o', "options", BCH_OPT_MOUNT, struct cli_common, mount_opts,
		     "mount options, such as degraded or no_splitbrain_check"),
};

#define SUBVOL_ROW                                                    \
	CLI_STRING(0, "subvol", "ID|PATH", struct cli_common, subvol, \
		   "root of all paths: a subvolume")
#define FOLLOW_ROW CLI_FLAG('L', "follow", struct cli_common, follow, "follow symlinks")

static const struct cli_option files_rows[] = {
	SUBVOL_ROW,
	CLI_NUMBER(0, "snapshot", "ID", struct cli_common, snapshot, 1, UINT32_MAX,
		   "read as that snapshot sees it, whether a subvolume points to it or not"),
	CLI_FLAG(0, "no-verify", struct cli_common, no_verify,
		 "hand out data whose checksum does not match"),
	CLI_FLAG(0, "scan-nodes", struct cli_common, scan_nodes,
		 "look for the nodes of btrees whose roots are lost"),
	CLI_NUMBER(0, "journal-rewind", "SEQ", struct cli_common, rewind_to, 1, UINT64_MAX,
		   "read the state after that journal entry"),
};

static const struct cli_option walk_rows[] = {
	FOLLOW_ROW,
	CLI_FLAG('i', "ignore-errors", struct cli_common, ignore_errors,
		 "go on after what cannot be read, and name it"),
};

static const struct cli_option edit_rows[] = { SUBVOL_ROW, FOLLOW_ROW };

static const struct cli_option json_rows[] = {
	CLI_FLAG(0, "json", struct cli_common, json, "print JSON"),
	CLI_CHOICE(0, "format", "FORMAT", struct cli_common, format, format_names, "print it as",
		   .hidden = true),
};

static const struct cli_option progress_rows[] = {
	CLI_CHOICE(0, "progress", "WHEN", struct cli_common, progress, progress_names,
		   "show progress on standard error"),
};

static const struct cli_option asks_rows[] = {
	CLI_FLAG('y', "yes", struct cli_common, yes, "answer yes to all questions",
		 .excludes = "no"),
	CLI_FLAG('n', "no", struct cli_common, no, "answer no to all questions"),
};

static const struct cli_option passphrase_rows[] = {
	CLI_STRING(0, "passphrase_file", "FILE", struct cli_common, passphrase_file,
		   "read the passphrase from FILE, - for standard input"),
};

static const struct cli_option writes_rows[] = {
	CLI_FLAG('n', "dry-run", struct cli_common, dry_run, "do it in memory, write nothing"),
	CLI_STRING(0, "undo-file", "FILE", struct cli_common, undo_file,
		   "keep in FILE what is overwritten"),
};

static const struct cli_option everywhere_rows[] = {
	CLI_COUNT('v', "verbose", struct cli_common, verbose, "say more; repeatable"),
	CLI_FLAG('q', "quiet", struct cli_common, quiet, "say only what failed"),
	CLI_FLAG('h', "help", struct cli_common, help, "show this help"),
};

/* Rows that a command gets by its flags; 0: all commands. */
/* clang-format off */
static const struct {
	unsigned flag;
	const struct cli_option *rows;
	size_t nr;
} common_rows[] = {
	{ CLI_JSON,	  json_rows,	   bch_array_size(json_rows) },
	{ CLI_PROGRESS,	  progress_rows,   bch_array_size(progress_rows) },
	{ CLI_WRITES,	  writes_rows,	   bch_array_size(writes_rows) },
	{ CLI_ASKS,	  asks_rows,	   bch_array_size(asks_rows) },
	{ CLI_PASSPHRASE, passphrase_rows, bch_array_size(passphrase_rows) },
	{ 0,		  everywhere_rows, bch_array_size(everywhere_rows) },
};
/* clang-format on */

bool cli_grow(void *array, size_t nr, size_t size)
{
	void *old, *grown;

	if (nr & (nr - 1)) /* room is doubled where the number is a power of two */
		return true;
	memcpy(&old, array, sizeof(old));
	grown = reallocarray(old, nr ? nr * 2 : 1, size);
	if (grown)
		memcpy(array, &grown, sizeof(grown));
	return grown;
}

static int add_row(struct cli_rows *rows, const struct cli_option *row)
{
	if (!cli_grow(&rows->p, rows->nr, sizeof(*rows->p)))
		return -BCH_ERR_no_memory;
	rows->p[rows->nr++] = *row;
	return 0;
}

/* The command's own letters and names win over common ones. */
static int add_common_rows(struct cli_rows *rows, const struct cli_option *common, size_t nr)
{
	int err = 0;

	for (size_t i = 0; i < nr && !err; i++) {
		struct cli_option row = common[i];

		row.in_common = true;
		if (cli_find_letter(rows, row.letter))
			row.letter = 0;
		if (!row.name || !cli_find_name(rows, row.name, strlen(row.name)))
			err = add_row(rows, &row);
	}
	return err;
}

/* The letter that the command gives to an option of the table, or 0. */
static char letter_of(const struct cli_command *command, const char *name)
{
	for (size_t i = 0; i < command->nr_options; i++) {
		const struct cli_option *o = &command->options[i];

		if (o->kind == CLI_KIND_letter && cli_name_equal(o->name, name))
			return o->letter;
	}
	return 0;
}

static int add_table_rows(struct cli_rows *rows, const struct cli_command *command,
			  const struct cli_option *table)
{
	int err = 0;

	for (unsigned id = 0; id < BCH_OPT_NR && !err; id++) {
		const struct bch_opt *opt = bch_opt(id);
		struct cli_option row = {
			.kind = CLI_KIND_opt,
			.letter = letter_of(command, opt->name),
			.name = opt->name,
			.synonym = opt->synonym,
			.hint = opt->hint,
			.help = opt->help,
			.offset = table->offset,
			.min = opt->min,
			.max = opt->max,
			.names = opt->choices,
			.opt_flags = opt->flags,
			.opt = opt,
		};

		if ((opt->flags & table->opt_flags) == table->opt_flags)
			err = add_row(rows, &row);
	}
	return err;
}

/* Those that name a filesystem, by any number of operands or by one word. */
static int add_filesystem_rows(struct cli_rows *rows, const struct cli_option *row)
{
	bool one_word = row->kind != CLI_KIND_filesystem;
	int err = add_common_rows(rows,
				  one_word	  ? devices_word_rows
				  : row->optional ? devices_or_here_rows
						  : devices_rows,
				  1);

	if (!err)
		err = add_common_rows(rows, filesystem_rows, bch_array_size(filesystem_rows));
	if (row->kind == CLI_KIND_filesystem_word)
		return err;
	if (!err && row->kind == CLI_KIND_edit)
		return add_common_rows(rows, edit_rows, bch_array_size(edit_rows));
	if (!err && one_word)
		err = add_common_rows(rows, files_rows, bch_array_size(files_rows));
	if (!err && row->kind == CLI_KIND_files)
		err = add_common_rows(rows, walk_rows, bch_array_size(walk_rows));
	return err;
}

static int add_own_row(struct cli_rows *rows, const struct cli_command *command,
		       const struct cli_option *row)
{
	switch (row->kind) {
	case CLI_KIND_table:
		return add_table_rows(rows, command, row);
	case CLI_KIND_filesystem:
	case CLI_KIND_filesystem_word:
	case CLI_KIND_files:
	case CLI_KIND_edit:
	case CLI_KIND_mount:
		return add_filesystem_rows(rows, row);
	case CLI_KIND_letter:
		return 0;
	default:
		return add_row(rows, row);
	}
}

int cli_rows_init(struct cli_rows *rows, const struct cli_command *command)
{
	int err = 0;

	*rows = (struct cli_rows){ 0 };
	for (size_t i = 0; i < command->nr_options && !err; i++)
		err = add_own_row(rows, command, &command->options[i]);
	for (size_t i = 0; i < bch_array_size(common_rows) && !err; i++)
		if ((command->flags & common_rows[i].flag) == common_rows[i].flag)
			err = add_common_rows(rows, common_rows[i].rows, common_rows[i].nr);
	if (err)
		cli_rows_end(rows);
	return err;
}

void cli_rows_end(struct cli_rows *rows)
{
	free(rows->p);
	*rows = (struct cli_rows){ 0 };
}

static bool has_name(const struct cli_option *row, const char *name, size_t len)
{
	return !cli_is_operand(row) &&
	       ((row->name && cli_name_equal_len(name, len, row->name)) ||
		(row->synonym && cli_name_equal_len(name, len, row->synonym)));
}

const struct cli_option *cli_find_name(const struct cli_rows *rows, const char *name, size_t len)
{
	for (size_t i = 0; i < rows->nr; i++)
		if (has_name(&rows->p[i], name, len))
			return &rows->p[i];
	return NULL;
}

const struct cli_option *cli_find_letter(const struct cli_rows *rows, char letter)
{
	for (size_t i = 0; i < rows->nr; i++)
		if (rows->p[i].letter == letter)
			return &rows->p[i];
	return NULL;
}

bool cli_is_operand(const struct cli_option *row)
{
	return row->kind == CLI_KIND_operand || row->kind == CLI_KIND_operands ||
	       row->kind == CLI_KIND_operand_events;
}

bool cli_is_switch(const struct cli_option *row)
{
	return row->kind == CLI_KIND_bool ||
	       (row->kind == CLI_KIND_opt && row->opt->type == BCH_OPT_BOOL);
}

bool cli_takes_value(const struct cli_option *row)
{
	return row->kind != CLI_KIND_flag && row->kind != CLI_KIND_count;
}

bool cli_needs_value(const struct cli_option *row)
{
	return cli_takes_value(row) && !cli_is_switch(row) && !row->optional;
}

const char *const *cli_value_names(const struct cli_option *row)
{
	return cli_is_switch(row) ? bool_names : row->names;
}
