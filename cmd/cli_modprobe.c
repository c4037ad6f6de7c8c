// SPDX-License-Identifier: GPL-2.0-or-later
/* Having the kernel's bcachefs loaded. CLI 12.1. */

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli.h"

void cli_load_bcachefs(void)
{
	static char *const argv[] = { (char *)"modprobe", (char *)"-q", (char *)"bcachefs", NULL };
	pid_t pid;

	if (!posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ))
		waitpid(pid, NULL, 0);
}
