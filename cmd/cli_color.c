// SPDX-License-Identifier: GPL-2.0-or-later
/* Is there to be colour on standard output? CLI 2.5. */

#include <stdlib.h>
#include <unistd.h>
#include "cli_color.h"

const char *const cli_color_words[] = { "auto", "true", "yes", "1", "false", "no", "0", NULL };

bool cli_color(unsigned word)
{
	const char *never = getenv("NO_COLOR");

	if (word)
		return cli_color_words[word][0] != 'f' && cli_color_words[word][0] != 'n' &&
		       cli_color_words[word][0] != '0';
	return isatty(STDOUT_FILENO) && !(never && *never);
}
