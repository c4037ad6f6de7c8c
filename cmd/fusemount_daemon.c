// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon of fusemount. The child does all of the work, asking for a passphrase included, and has the terminal until
 * the mount stands; the parent does nothing but wait. So whatever fails is said by who knows it, and no thread is lost
 * in a fork.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fusemount.h"

/* An interrupt is for the child, which says how it ended. */
static int wait_for_exit(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return bch_errno(errno);
		else
			kill(child, SIGTERM);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* One byte comes when the mount stands. */
static int wait_for_child(pid_t child, int fd)
{
	char byte;
	ssize_t nr;

	while ((nr = read(fd, &byte, 1)) < 0 && errno == EINTR)
		kill(child, SIGTERM);
	return nr == 1 ? 0 : wait_for_exit(child);
}

int fusemount_fork(struct cli *cli, int *parent)
{
	int fds[2], err;
	pid_t child;

	*parent = -1;
	if (pipe2(fds, O_CLOEXEC))
		return bch_error(cli->ctx, bch_errno(errno), "pipe");
	child = fork();
	if (!child) {
		close(fds[0]);
		*parent = fds[1];
		return 0;
	}
	err = child < 0 ? bch_error(cli->ctx, bch_errno(errno), "fork") : 0;
	close(fds[1]);
	if (!err)
		err = wait_for_child(child, fds[0]);
	close(fds[0]);
	return err;
}

static int leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int err = null < 0 || chdir("/") ? bch_errno(errno) : 0;

	setsid(); /* fails where it leads a session already: then there is no terminal to leave */
	for (int fd = 0; fd < 3 && !err; fd++)
		if (dup2(null, fd) < 0)
			err = bch_errno(errno);
	if (null > 2)
		close(null);
	return err;
}

int fusemount_detach(struct cli *cli, int parent)
{
	int err = leave_terminal();

	if (!err && write(parent, "", 1) != 1)
		err = bch_errno(errno);
	close(parent);
	return err ? bch_error(cli->ctx, err, "daemon") : 0;
}
