// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions and passphrases, from pipes and from a terminal that is ours. Built and run by cli_unit.sh. */

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include <bcachefs/crypto.h>
#include "cmd/cli_table.h"

/* Something that a child does with its standard input. It returns an exit status. */
typedef int (*child_fn)(struct cli *cli);

/* A child whose streams we hold; @in is the master of a terminal, or the end of a pipe. */
struct child {
	pid_t pid;
	int in, err;
	int terminal;	 /* the child's side, -1 for a pipe */
	char said[4096]; /* on standard error, so far */
	size_t len;
};

static void run_child(child_fn fn, int in, int err)
{
	struct cli cli;

	dup2(in, STDIN_FILENO);
	dup2(err, STDERR_FILENO);
	cli_signals_init();
	_exit(cli_init(&cli, 0, NULL) ? 99 : fn(&cli));
}

static void start(struct child *c, child_fn fn, int in_child)
{
	int err[2];

	c->len = 0;
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	c->err = err[0];
	fflush(stdout);
	c->pid = fork();
	assert_true(c->pid >= 0);
	if (!c->pid)
		run_child(fn, in_child, err[1]);
	close(err[1]);
}

static void start_on_pipe(struct child *c, child_fn fn, const char *input)
{
	int in[2];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(write(in[1], input, strlen(input)), strlen(input));
	close(in[1]);
	start(c, fn, in[0]);
	close(in[0]);
	c->in = c->terminal = -1;
}

static void start_on_terminal(struct child *c, child_fn fn)
{
	c->in = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(c->in >= 0);
	assert_int_equal(grantpt(c->in), 0);
	assert_int_equal(unlockpt(c->in), 0);
	c->terminal = open(ptsname(c->in), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(c->terminal >= 0);
	start(c, fn, c->terminal);
}

/* Reads what the child says up to @prompt, or to its end. */
static void wait_for(struct child *c, const char *prompt)
{
	c->said[c->len] = '\0';
	while (!prompt || !strstr(c->said, prompt)) {
		ssize_t nr = read(c->err, c->said + c->len, sizeof(c->said) - 1 - c->len);

		assert_true(nr >= 0);
		if (!nr)
			break;
		c->len += (size_t)nr;
		c->said[c->len] = '\0';
	}
	if (prompt)
		assert_non_null(strstr(c->said, prompt));
}

static void type(struct child *c, const char *text)
{
	assert_int_equal(write(c->in, text, strlen(text)), strlen(text));
}

static bool echoes(const struct child *c)
{
	struct termios t;

	assert_int_equal(tcgetattr(c->terminal, &t), 0);
	return t.c_lflag & ECHO;
}

/* Its exit status, or 128 and the signal. */
static int end_of(struct child *c)
{
	int status;

	wait_for(c, NULL);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	close(c->err);
	if (c->in >= 0)
		close(c->in);
	if (c->terminal >= 0)
		close(c->terminal);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

enum {
	GOT_NO = 10,
	GOT_YES,
	GOT_ERROR,
	GOT_CANCELLED
};

static int ask_twice(struct cli *cli)
{
	int first = cli_ask(cli, "first?"), second = cli_ask(cli, "second?");

	if (first == -BCH_ERR_cancelled)
		return GOT_CANCELLED;
	return first < 0 || second < 0 ? GOT_ERROR : first * 2 + second;
}

static int ask_with_yes(struct cli *cli)
{
	cli->common.yes = true;
	return ask_twice(cli);
}

static int ask_with_no(struct cli *cli)
{
	cli->common.no = true;
	return ask_twice(cli);
}

static int answers(child_fn fn, const char *input)
{
	struct child c;

	start_on_pipe(&c, fn, input);
	return end_of(&c);
}

static void only_a_leading_y_is_a_yes(void **state)
{
	assert_int_equal(answers(ask_twice, "y\nYES\n"), 3);
	assert_int_equal(answers(ask_twice, "yes\nno\n"), 2);
	assert_int_equal(answers(ask_twice, "n\nsay\n"), 0);
	assert_int_equal(answers(ask_twice, "\ny"), 1);
}

static void nobody_there_is_a_no_to_all_and_said_once(void **state)
{
	static const char said[] = "nobody is there";
	struct child c;

	start_on_pipe(&c, ask_twice, "");
	assert_int_equal(end_of(&c), 0);
	assert_non_null(strstr(c.said, said));
	assert_null(strstr(strstr(c.said, said) + 1, said));
}

static void options_answer_instead_of_the_user(void **state)
{
	assert_int_equal(answers(ask_with_yes, "n\nn\n"), 3);
	assert_int_equal(answers(ask_with_no, "y\ny\n"), 0);
}

static void a_question_on_a_terminal_waits_for_its_answer(void **state)
{
	struct child c;

	start_on_terminal(&c, ask_twice);
	wait_for(&c, "first? (y,n) ");
	type(&c, "y\n");
	wait_for(&c, "second? (y,n) ");
	type(&c, "n\n");
	assert_int_equal(end_of(&c), 2);
}

static void a_signal_ends_a_question(void **state)
{
	struct child c;

	start_on_terminal(&c, ask_twice);
	wait_for(&c, "first? (y,n) ");
	kill(c.pid, SIGTERM);
	assert_int_equal(end_of(&c), GOT_CANCELLED);
}

static int is_sesame(void *arg, const char *passphrase)
{
	return !strcmp(passphrase, "sesame ") ? 0 : -BCH_ERR_wrong_passphrase;
}

/* What is said goes to standard error, as the frame would. */
static int outcome(struct cli *cli, int err)
{
	if (!err)
		return GOT_YES;
	fprintf(stderr, "%s\n", bch_error_message(cli->ctx, err));
	return err == -BCH_ERR_cancelled	  ? GOT_CANCELLED
	       : err == -BCH_ERR_wrong_passphrase ? GOT_NO
						  : GOT_ERROR;
}

static int unlock(struct cli *cli)
{
	return outcome(cli, cli_passphrase(cli, NULL, is_sesame, NULL));
}

static int unlock_from_stdin_file(struct cli *cli)
{
	cli->common.passphrase_file = "-";
	return unlock(cli);
}

static int unlock_from_dev_fd(struct cli *cli)
{
	cli->common.passphrase_file = "/dev/fd/0";
	return unlock(cli);
}

static int unlock_from_missing_file(struct cli *cli)
{
	cli->common.passphrase_file = "/nonexistent";
	return unlock(cli);
}

static int set(struct cli *cli)
{
	char *secret bch_auto(secret) = NULL;
	int err = cli_new_passphrase(cli, NULL, "Enter new passphrase: ", &secret);

	return outcome(cli, err ? err : is_sesame(NULL, secret));
}

static void one_line_of_a_pipe_is_a_passphrase(void **state)
{
	assert_int_equal(answers(unlock, "sesame \nother\n"), GOT_YES);
	assert_int_equal(answers(unlock, "sesame "), GOT_YES);
	assert_int_equal(answers(unlock, "sesame\n"), GOT_NO);
	assert_int_equal(answers(set, "sesame \nother\n"), GOT_YES);
}

static void a_file_is_a_passphrase_but_for_one_newline(void **state)
{
	assert_int_equal(answers(unlock_from_stdin_file, "sesame \n"), GOT_YES);
	assert_int_equal(answers(unlock_from_dev_fd, "sesame "), GOT_YES);
	assert_int_equal(answers(unlock_from_dev_fd, "sesame \n\n"), GOT_NO);
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct child c;

	start_on_pipe(&c, unlock_from_missing_file, "");
	assert_int_equal(end_of(&c), GOT_ERROR);
	assert_non_null(strstr(c.said, "passphrase file /nonexistent: no such file"));
}

static void the_end_of_input_is_no_passphrase(void **state)
{
	struct child c;

	start_on_pipe(&c, unlock, "");
	assert_int_equal(end_of(&c), GOT_ERROR);
	assert_non_null(strstr(c.said, "no passphrase: "));
}

static void an_empty_passphrase_is_not_set(void **state)
{
	assert_int_equal(answers(set, "\n"), GOT_ERROR);
}

static void a_line_that_is_too_long_is_refused(void **state)
{
	char line[5001];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	assert_int_equal(answers(unlock, line), GOT_ERROR);
	assert_int_equal(answers(unlock_from_stdin_file, line), GOT_ERROR);
}

static void a_terminal_does_not_show_the_passphrase(void **state)
{
	struct child c;

	start_on_terminal(&c, unlock);
	wait_for(&c, "Enter passphrase: ");
	assert_false(echoes(&c));
	type(&c, "sesame \r"); /* as early consoles send it */
	wait_for(&c, NULL);
	assert_true(echoes(&c));
	assert_int_equal(end_of(&c), GOT_YES);
}

static void a_new_passphrase_is_typed_twice(void **state)
{
	struct child c;

	start_on_terminal(&c, set);
	wait_for(&c, "Enter new passphrase: ");
	type(&c, "sesame \n");
	wait_for(&c, "Enter same passphrase again: ");
	assert_false(echoes(&c));
	type(&c, "sesame \n");
	assert_int_equal(end_of(&c), GOT_YES);
}

static void two_that_differ_are_refused(void **state)
{
	struct child c;

	start_on_terminal(&c, set);
	wait_for(&c, "Enter new passphrase: ");
	type(&c, "sesame \n");
	wait_for(&c, "Enter same passphrase again: ");
	type(&c, "sesame\n");
	assert_int_equal(end_of(&c), GOT_ERROR);
	assert_non_null(strstr(c.said, "passphrases do not match"));
}

/* Ends a prompt by @sig, and looks at the terminal afterwards. */
static int end_prompt_by(int sig)
{
	struct child c;

	start_on_terminal(&c, unlock);
	wait_for(&c, "Enter passphrase: ");
	assert_false(echoes(&c));
	kill(c.pid, sig);
	wait_for(&c, NULL);
	assert_true(echoes(&c));
	return end_of(&c);
}

static void signals_end_a_prompt_and_the_echo_comes_back(void **state)
{
	assert_int_equal(end_prompt_by(SIGINT), GOT_CANCELLED);
	assert_int_equal(end_prompt_by(SIGTERM), GOT_CANCELLED);
	assert_int_equal(end_prompt_by(SIGHUP), GOT_CANCELLED);
}

/* These wait for the line, and take their effect when the echo is on again. */
static void a_signal_that_kills_waits_until_the_echo_is_back(void **state)
{
	struct child c;

	start_on_terminal(&c, unlock);
	wait_for(&c, "Enter passphrase: ");
	kill(c.pid, SIGQUIT);
	type(&c, "sesame \n");
	wait_for(&c, NULL);
	assert_true(echoes(&c));
	assert_int_equal(end_of(&c), 128 + SIGQUIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_leading_y_is_a_yes),
		cmocka_unit_test(nobody_there_is_a_no_to_all_and_said_once),
		cmocka_unit_test(options_answer_instead_of_the_user),
		cmocka_unit_test(a_question_on_a_terminal_waits_for_its_answer),
		cmocka_unit_test(a_signal_ends_a_question),
		cmocka_unit_test(one_line_of_a_pipe_is_a_passphrase),
		cmocka_unit_test(a_file_is_a_passphrase_but_for_one_newline),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
		cmocka_unit_test(the_end_of_input_is_no_passphrase),
		cmocka_unit_test(an_empty_passphrase_is_not_set),
		cmocka_unit_test(a_line_that_is_too_long_is_refused),
		cmocka_unit_test(a_terminal_does_not_show_the_passphrase),
		cmocka_unit_test(a_new_passphrase_is_typed_twice),
		cmocka_unit_test(two_that_differ_are_refused),
		cmocka_unit_test(signals_end_a_prompt_and_the_echo_comes_back),
		cmocka_unit_test(a_signal_that_kills_waits_until_the_echo_is_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
