// SPDX-License-Identifier: GPL-2.0-or-later
/* Having udev look again at what was written. CLI 5.1. */

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"

#define UDEV_LIMIT_MS 10000
#define UDEV_STEP_MS  20

void cli_settle_udev(void)
{
	static char *const argv[] = { (char *)"udevadm", (char *)"trigger", (char *)"--settle",
				      (char *)"--subsystem-match=block", NULL };
	const struct timespec step = { 0, UDEV_STEP_MS * 1000000L };
	pid_t pid;

	/* without a udevd it would never return */
	if (access("/run/udev/control", F_OK) ||
	    posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ))
		return;
	for (unsigned ms = 0; ms < UDEV_LIMIT_MS; ms += UDEV_STEP_MS) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return;
		nanosleep(&step, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
