// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands, and finding one by its words or by the program's name. */

#include <string.h>
#include "cli_table.h"

/* One line a command file; the overview has them in this order under their headings. */
/* clang-format off */
#define CLI_COMMANDS(C)		\
	C(format)		\
	C(show_super)		\
	C(set_fs_option)	\
	C(recover_super)	\
	C(reset_counters)	\
	C(strip_alloc)		\
	C(upgrade)		\
	C(downgrade)		\
	C(fsck)			\
	C(recovery_pass)	\
	C(undo)			\
	C(migrate)		\
	C(migrate_superblock)	\
	C(migrate_cleanup)	\
	C(image_create)		\
	C(image_update)		\
	C(fs_usage)		\
	C(failure_domains)	\
	C(scan)			\
	C(device_evacuate)	\
	C(device_remove)	\
	C(device_replace)	\
	C(device_list)		\
	C(device_add)		\
	C(device_set_state)	\
	C(device_resize)	\
	C(device_resize_journal) \
	C(device_online)	\
	C(device_offline)	\
	C(unlock)		\
	C(set_passphrase)	\
	C(remove_passphrase)	\
	C(mount)		\
	C(fusemount)		\
	C(ls)			\
	C(tree)			\
	C(cat)			\
	C(stat)			\
	C(get)			\
	C(tar)			\
	C(put)			\
	C(rm)			\
	C(mkdir)		\
	C(mv)			\
	C(ln)			\
	C(subvolume_create)	\
	C(subvolume_snapshot)	\
	C(subvolume_delete)	\
	C(subvolume_set_ro)	\
	C(subvolume_list)	\
	C(subvolume_list_snapshots) \
	C(set_file_option)	\
	C(get_file_option)	\
	C(du)			\
	C(fiemap)		\
	C(resolve)		\
	C(reconcile_run)	\
	C(scrub)		\
	C(data_rereplicate)	\
	C(data_job)		\
	C(list)			\
	C(list_journal)		\
	C(journal_rewind_info)	\
	C(kvdb)			\
	C(kill_btree_node)	\
	C(dump)			\
	C(undump)		\
	C(version)		\
	C(help)			\
	C(completions)		\
	C(complete)		\
	C(man)

/* What other releases have and this one has not: name, why. */
#define CLI_ABSENT(A)									\
	A(fs_top,		"fs top",		MOUNTED)			\
	A(fs_timestats,		"fs timestats",		MOUNTED)			\
	A(reflink_propagate,	"reflink-option-propagate", MOUNTED)			\
	A(assemble,		"assemble",		NEVER)				\
	A(incremental,		"incremental",		NEVER)				\
	A(run,			"run",			NEVER)				\
	A(stop,			"stop",			NEVER)

#define MOUNTED "works on a mounted filesystem only, which is the kernel's"
#define NEVER	"never worked in any release"

#define C(name) extern const struct cli_command cmd_##name;
CLI_COMMANDS(C)
#undef C

#define A(id, words, why)						\
	static const struct cli_command absent_##id = {			\
		.name = words, .flags = CLI_HIDDEN, .summary = why	\
	};
CLI_ABSENT(A)
#undef A

const struct cli_command *const cli_commands[] = {
#define C(name) &cmd_##name,
	CLI_COMMANDS(C)
#undef C
#define A(id, words, why) &absent_##id,
	CLI_ABSENT(A)
#undef A
	NULL,
};

/* What a program's name contains, and the command that it stands for; the first that fits. CLI 2.1. */
static const struct {
	const char *part, *command;
} programs[] = {
	{ "mkfs",	"format" },
	{ "fsck",	"fsck" },
	{ "mount.fuse",	"fusemount" },
	{ "umount",	NULL },
	{ "mount",	"mount" },
};
/* clang-format on */

static char dashed(char c)
{
	return c == '_' ? '-' : c;
}

bool cli_name_begins(const char *name, size_t len, const char *part)
{
	size_t i;

	for (i = 0; i < len && part[i]; i++)
		if (dashed(name[i]) != dashed(part[i]))
			return false;
	return !part[i];
}

bool cli_name_equal_len(const char *a, size_t len, const char *b)
{
	return strlen(b) == len && cli_name_begins(a, len, b);
}

bool cli_name_equal(const char *a, const char *b)
{
	return cli_name_equal_len(a, strlen(a), b);
}

bool cli_word_next(const char **list, const char **word, size_t *len)
{
	if (!*list || !**list)
		return false;
	*word = *list;
	*len = strcspn(*list, ",");
	*list += *len;
	if (**list)
		++*list;
	return true;
}

/* How many of @words make up the @len characters of @name, which has one or two words; 0 if others. */
static size_t words_match(const char *const words[], size_t nr, const char *name, size_t len)
{
	const char *blank = memchr(name, ' ', len);
	size_t first = blank ? (size_t)(blank - name) : len;

	if (!nr || !cli_name_equal_len(name, first, words[0]))
		return 0;
	if (!blank)
		return 1;
	return nr > 1 && cli_name_equal_len(blank + 1, len - first - 1, words[1]) ? 2 : 0;
}

const struct cli_command *cli_command_find(const char *const words[], size_t nr, size_t *used)
{
	for (size_t i = 0; cli_commands[i]; i++) {
		const char *aliases = cli_commands[i]->aliases;
		const char *name = cli_commands[i]->name;
		size_t len = strlen(name);

		do {
			*used = words_match(words, nr, name, len);
			if (*used)
				return cli_commands[i];
		} while (cli_word_next(&aliases, &name, &len));
	}
	return NULL;
}

bool cli_in_group(const struct cli_command *command, const char *group)
{
	const char *blank = strchr(command->name, ' ');

	return blank && cli_name_equal_len(command->name, (size_t)(blank - command->name), group);
}

bool cli_group(const char *word)
{
	for (size_t i = 0; cli_commands[i]; i++)
		if (cli_in_group(cli_commands[i], word))
			return true;
	return false;
}

const char *cli_command_of_program(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	for (size_t i = 0; i < bch_array_size(programs); i++)
		if (strstr(slash ? slash + 1 : argv0, programs[i].part))
			return programs[i].command;
	return NULL;
}

const char *cli_heading(enum cli_heading heading)
{
	static const char *const texts[CLI_HEADING_NR] = {
#define H(name, text) [CLI_HEADING_##name] = text,
		CLI_HEADINGS(H)
#undef H
	};

	return texts[heading];
}
