/* SPDX-License-Identifier: GPL-2.0-or-later */
/* -c, --colorize: colour on standard output, of the commands that have it. CLI 2.5. */

#ifndef BCHFS_CMD_CLI_COLOR_H
#define BCHFS_CMD_CLI_COLOR_H

#include "cli.h"

/* What may stand behind it. */
extern const char *const cli_color_words[];

/* The row; its field holds the index of the word, 0 where none was given. */
#define CLI_COLOR(letter_, type_, field_)                                       \
	CLI_CHOICE(letter_, "colorize", "BOOL", type_, field_, cli_color_words, \
		   "colour; default: on a terminal, unless the environment has NO_COLOR")

bool cli_color(unsigned word);

#endif
