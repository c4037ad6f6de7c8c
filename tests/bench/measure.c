// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs a command and says what it took, in one line of shell assignments: wall and cpu in ms, peak memory in KiB, what
 * was read from devices in KiB.
 *
 *   measure FILE COMMAND [OPERAND]...     the line goes to FILE; the exit status is that of COMMAND
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long ms(struct timeval t)
{
	return t.tv_sec * 1000 + t.tv_usec / 1000;
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	FILE *out = argc > 2 ? fopen(argv[1], "w") : NULL;
	struct rusage used;
	long start = now();
	int status;
	pid_t pid;

	if (!out)
		return 2;
	pid = fork();
	if (!pid) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 2;
	fprintf(out, "wall=%ld cpu=%ld memory=%ld read=%ld\n", now() - start,
		ms(used.ru_utime) + ms(used.ru_stime), used.ru_maxrss, used.ru_inblock / 2);
	return fclose(out) || !WIFEXITED(status) ? 2 : WEXITSTATUS(status);
}
