// SPDX-License-Identifier: GPL-2.0-or-later
/* Passphrases: from a file, the boot's agent, the terminal or standard input, in locked memory only. CLI 10. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <bcachefs/crypto.h>
#include "cli_table.h"

#define PASSPHRASE_SIZE 4096
#define AGENT_TRIES	3

/* Room for one; from here on the process is in no core dump. */
static char *new_secret(void)
{
	bch_secret_process();
	return bch_secret_new(PASSPHRASE_SIZE);
}

static int no_passphrase(struct cli *cli)
{
	return bch_error_whole(cli->ctx, -BCH_ERR_no_key,
			       "no passphrase: standard input is at its end");
}

static int read_from_fd(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t nr;

	while ((nr = read(fd, buf + len, size - len)) != 0) {
		if (nr < 0 && errno == EINTR)
			continue;
		if (nr < 0)
			return bch_errno(errno);
		len += (size_t)nr;
		if (len == size)
			return -BCH_ERR_out_of_range;
	}
	if (len && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	return memchr(buf, '\0', len) ? -BCH_ERR_invalid_argument : 0;
}

static int read_from_file(struct cli *cli, const char *path, char *buf, size_t size)
{
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? bch_errno(errno) : read_from_fd(fd, buf, size);

	if (fd >= 0 && !is_stdin)
		close(fd);
	return err ? bch_error(cli->ctx, err, "passphrase file %s", path) : 0;
}

static int read_from_user(struct cli *cli, const char *prompt, char *buf, size_t size)
{
	int more;

	cli_progress_clear(cli);
	more = isatty(STDIN_FILENO) ? cli_read_secret(STDIN_FILENO, prompt, buf, size)
				    : cli_read_line(STDIN_FILENO, buf, size);
	if (!more)
		return no_passphrase(cli);
	return more < 0 ? bch_error(cli->ctx, more, "passphrase") : 0;
}

/* Three tries; the first takes what was typed for another device. */
static int try_agent(struct cli *cli, const char *uuid, char *buf,
		     int (*try)(void *arg, const char *passphrase), void *arg)
{
	int err = -BCH_ERR_wrong_passphrase;

	for (int i = 0; i < AGENT_TRIES && err == -BCH_ERR_wrong_passphrase; i++) {
		int more = cli_agent_ask(uuid, !i, buf, PASSPHRASE_SIZE);

		if (more <= 0)
			return bch_error(cli->ctx, more ? more : -BCH_ERR_no_key,
					 "systemd-ask-password");
		err = try(arg, buf);
	}
	return err;
}

int cli_passphrase(struct cli *cli, const char *uuid, int (*try)(void *arg, const char *passphrase),
		   void *arg)
{
	char *buf bch_auto(secret) = new_secret();
	const char *file = cli->common.passphrase_file;
	int err;

	if (!buf)
		return -BCH_ERR_no_memory;
	if (!file && cli_agent_wanted())
		return try_agent(cli, uuid, buf, try, arg);

	if (file)
		err = read_from_file(cli, file, buf, PASSPHRASE_SIZE);
	else
		err = read_from_user(cli, "Enter passphrase: ", buf, PASSPHRASE_SIZE);
	return err ? err : try(arg, buf);
}

/* A terminal is asked twice: what was typed cannot be seen. */
static int read_twice(struct cli *cli, const char *prompt, char *buf)
{
	char *again bch_auto(secret) = new_secret();
	int err;

	if (!again)
		return -BCH_ERR_no_memory;
	err = read_from_user(cli, prompt, buf, PASSPHRASE_SIZE);
	if (!err && isatty(STDIN_FILENO)) {
		err = read_from_user(cli, "Enter same passphrase again: ", again, PASSPHRASE_SIZE);
		if (!err && strcmp(buf, again))
			err = bch_error_whole(cli->ctx, -BCH_ERR_refused,
					      "passphrases do not match");
	}
	return err;
}

int cli_new_passphrase(struct cli *cli, const char *file, const char *prompt, char **secret)
{
	char *buf = new_secret();
	int err;

	if (!buf)
		return -BCH_ERR_no_memory;
	err = file ? read_from_file(cli, file, buf, PASSPHRASE_SIZE) : read_twice(cli, prompt, buf);
	if (!err && !*buf)
		err = bch_error_whole(cli->ctx, -BCH_ERR_refused, "empty passphrase");
	if (err)
		bch_secret_free(buf);
	else
		*secret = buf;
	return err;
}
