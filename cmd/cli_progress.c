// SPDX-License-Identifier: GPL-2.0-or-later
/* The line about work under way: rewritten in place on a terminal, one after the other in a log. CLI 2.5. */

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "cli_table.h"

#define TERMINAL_COLUMNS 80 /* where the terminal does not say */
#define ERASE_LINE	 "\r\033[K"

enum bch_progress_mode cli_progress_mode(const struct cli *cli)
{
	enum bch_progress_mode shown =
		isatty(STDERR_FILENO) ? BCH_PROGRESS_TERMINAL : BCH_PROGRESS_PLAIN;

	switch ((enum cli_progress)cli->common.progress) {
	case CLI_PROGRESS_always:
		return shown;
	case CLI_PROGRESS_never:
		return BCH_PROGRESS_SILENT;
	case CLI_PROGRESS_auto:
		break;
	}
	return cli->common.quiet ? BCH_PROGRESS_SILENT : shown;
}

static int terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col)
		return TERMINAL_COLUMNS;
	return size.ws_col;
}

void cli_progress_clear(struct cli *cli)
{
	if (cli->status_shown)
		fputs(ERASE_LINE, stderr);
	cli->status_shown = false;
}

/* The last column stays free: terminals wrap there. A user who asked for a line keeps it. */
void cli_progress_show(struct cli *cli, const char *line)
{
	if (!*line) {
		cli_progress_clear(cli);
	} else if (cli_progress_wanted() || cli_progress_mode(cli) != BCH_PROGRESS_TERMINAL) {
		cli_line(cli, "", line);
	} else {
		fprintf(stderr, ERASE_LINE "%.*s", terminal_columns() - 1, line);
		cli->status_shown = true;
	}
}
