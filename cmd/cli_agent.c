// SPDX-License-Identifier: GPL-2.0-or-later
/* Passphrases at boot, through systemd-ask-password, as those of LUKS: one that is typed opens all. CLI 2.6, 10. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli_table.h"

extern char **environ;

static bool stdin_is_null(void)
{
	struct stat st;

	return !fstat(STDIN_FILENO, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}

/* Starts a program of PATH with its output to @out (a file descriptor). posix_spawnp() changes nothing in @argv. */
static int start(const char *const argv[], int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int err = posix_spawn_file_actions_init(&actions);

	if (err)
		return bch_errno(err);
	err = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!err)
		err = posix_spawnp(pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return err ? bch_errno(err) : 0;
}

/* Did it exit with 0? */
static bool succeeded(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static bool plymouth_runs(void)
{
	static const char *const argv[] = { "plymouth", "--ping", NULL };
	pid_t pid;

	return !start(argv, STDERR_FILENO, &pid) && succeeded(pid);
}

bool cli_agent_wanted(void)
{
	return !access("/run/systemd/ask-password", F_OK) && (stdin_is_null() || plymouth_runs());
}

static int ask(const char *const argv[], char *buf, size_t size)
{
	int fds[2], more;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return bch_errno(errno);
	more = start(argv, fds[1], &pid);
	close(fds[1]);
	if (!more) {
		more = cli_read_line(fds[0], buf, size);
		if (more < 0) /* interrupted: it would wait for ever */
			kill(pid, SIGTERM);
		if (!succeeded(pid) && more >= 0)
			more = 0;
	}
	close(fds[0]);
	return more;
}

int cli_agent_ask(const char *uuid, bool cached, char *buf, size_t size)
{
	static const char *const fixed[] = { "systemd-ask-password", "--icon=drive-harddisk",
					     "--keyname=cryptsetup",
					     "--credential=cryptsetup.passphrase", "--timeout=0" };
	const char *argv[bch_array_size(fixed) + 4];
	struct bch_buf id bch_auto(buf) = { 0 };
	size_t nr = 0;

	for (; nr < bch_array_size(fixed); nr++)
		argv[nr] = fixed[nr];
	bch_buf_put(&id, "--id=cryptsetup:UUID=%s", uuid ? uuid : "");
	if (uuid)
		argv[nr++] = bch_buf_str(&id);
	if (cached)
		argv[nr++] = "--accept-cached";
	argv[nr++] = "Enter passphrase:";
	argv[nr] = NULL;
	return bch_buf_failed(&id) ? -BCH_ERR_no_memory : ask(argv, buf, size);
}
