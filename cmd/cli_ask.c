// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions: yes or no, and no where nobody is there to say it. CLI 2.6. */

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include "cli_table.h"

/* Longer answers are not read to their end: their first letter counts. */
#define ANSWER_SIZE 256

static int read_answer(struct cli *cli)
{
	char answer[ANSWER_SIZE];
	int more = cli_read_line(STDIN_FILENO, answer, sizeof(answer));

	if (more < 0)
		return bch_error(cli->ctx, more, "standard input");
	if (!isatty(STDIN_FILENO))
		fputc('\n', stderr);
	if (more)
		return answer[0] == 'y' || answer[0] == 'Y';

	cli->nobody_there = true;
	cli_line(cli,
		 "bcachefs: ", "nobody is there to answer: no is taken for this and what follows");
	return 0;
}

int cli_ask(struct cli *cli, const char *fmt, ...)
{
	bool yes = cli->common.yes, known = yes || cli->common.no || cli->nobody_there;
	va_list args;

	cli_progress_clear(cli);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, " (y,n) %s", !known ? "" : yes ? "y\n" : "n\n");
	return known ? yes : read_answer(cli);
}
