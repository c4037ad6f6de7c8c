// SPDX-License-Identifier: GPL-2.0-or-later
/* A line from the user: answers and passphrases, ended by a signal without loss, the terminal as it was. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>
#include "cli_table.h"

/* Signals come only while we wait here, so none slips in between looking at the flag and reading. */
static int wait_readable(int fd, const sigset_t *outside)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (;;) {
		if (cli_interrupted())
			return -BCH_ERR_cancelled;
		if (ppoll(&p, 1, NULL, outside) >= 0)
			return 0;
		if (errno != EINTR)
			return bch_errno(errno);
	}
}

/* 1 and a byte, 0 at the end of input. */
static int read_byte(int fd, const sigset_t *outside, char *c)
{
	ssize_t nr;
	int err;

	do {
		err = wait_readable(fd, outside);
		if (err)
			return err;
		nr = read(fd, c, 1);
	} while (nr < 0 && (errno == EINTR || errno == EAGAIN));
	return nr < 0 ? bch_errno(errno) : (int)nr;
}

static int read_bytes(int fd, const sigset_t *outside, char *buf, size_t size)
{
	size_t len = 0;
	int more;

	while ((more = read_byte(fd, outside, buf + len)) > 0 && buf[len] != '\n')
		if (++len == size)
			return -BCH_ERR_out_of_range;
	buf[len] = '\0';
	return more < 0 ? more : more || len;
}

int cli_read_line(int fd, char *buf, size_t size)
{
	sigset_t ours, outside;
	int more;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, &outside);
	more = read_bytes(fd, &outside, buf, size);
	sigprocmask(SIG_SETMASK, &outside, NULL);
	return more;
}

/* Early boot consoles send CR at the end of a line, and are not in canonical mode. */
static int set_echo_off(int fd, struct termios *before)
{
	struct termios quiet;

	if (tcgetattr(fd, before))
		return bch_errno(errno);
	quiet = *before;
	quiet.c_iflag |= ICRNL;
	quiet.c_lflag |= ICANON | ISIG;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	return tcsetattr(fd, TCSAFLUSH, &quiet) ? bch_errno(errno) : 0;
}

/* What would stop or kill us with the echo off waits until it is on again; the others end the reading. */
int cli_read_secret(int fd, const char *prompt, char *buf, size_t size)
{
	struct termios before;
	sigset_t ours, outside;
	int err;

	sigemptyset(&ours);
	sigaddset(&ours, SIGQUIT);
	sigaddset(&ours, SIGTSTP);
	sigaddset(&ours, SIGALRM);
	sigaddset(&ours, SIGPIPE);
	sigprocmask(SIG_BLOCK, &ours, &outside);
	err = set_echo_off(fd, &before);
	if (!err) {
		fputs(prompt, stderr);
		err = cli_read_line(fd, buf, size);
		tcsetattr(fd, TCSAFLUSH, &before);
		fputc('\n', stderr);
	}
	sigprocmask(SIG_SETMASK, &outside, NULL);
	return err;
}
