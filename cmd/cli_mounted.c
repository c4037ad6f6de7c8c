// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which form of a command is meant: the one for devices that are not mounted, or the one that asks the kernel. The words
 * tell: a folder in a mounted bcachefs or a device of one; of commands about files, that all of them are there.
 */

#include <string.h>
#include <bcachefs/live.h>
#include <bcachefs/super.h>
#include "cli_table.h"

/* Is the value of the option in the next word? */
static bool takes_next(const struct cli_rows *rows, const char *word)
{
	const struct cli_option *row = NULL;

	if (word[0] == '-' && word[1] == '-')
		row = strchr(word, '=') ? NULL : cli_find_name(rows, word + 2, strlen(word + 2));
	else if (word[0] == '-' && word[1] && !word[2])
		row = cli_find_letter(rows, word[1]);
	return row && cli_needs_value(row);
}

/* -D names devices, which may have any path. */
static bool names_devices(const char *word)
{
	return !strncmp(word, "-D", 2) || !strncmp(word, "--dev", 5);
}

static bool is_image(struct cli *cli, const char *word)
{
	struct bch_buf unused bch_auto(buf) = { 0 };

	return !bch_scan_udev(cli->ctx, word, &unused);
}

const struct cli_command *cli_form_of(struct cli *cli, const struct cli_command *command,
				      const struct cli_rows *rows, int argc, char **argv)
{
	bool by_path = command->mounted && command->mounted->flags & CLI_BY_PATH;
	bool any = false, all = true;

	for (int i = 0; command->mounted && i < argc; i++) {
		bool is;

		if (names_devices(argv[i]))
			return command;
		if (argv[i][0] == '-') {
			i += takes_next(rows, argv[i]);
			continue;
		}
		is = by_path ? bch_is_in_live(argv[i]) && !is_image(cli, argv[i])
			     : bch_is_live(argv[i]);
		any |= is;
		all &= is;
	}
	return any && (all || !by_path) ? command->mounted : command;
}
