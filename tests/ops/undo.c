// SPDX-License-Identifier: GPL-2.0-or-later
/* A command is killed at each of its writes, to devices and to the undo file: what its file says brings back every byte. */

#include <sys/syscall.h>
#include <sys/wait.h>

#include "../commit/fs.h"

#include <bcachefs/undo.h>

#define KILLED 77
#define LATER  (FS_NOW + 100)

static const struct test_fs_shape shapes[] = {
	{ BCH_VERSION(1, 13), 1, 1, 16 << 20, 512, 4096, 16384, .discard = true },
	{ BCH_VERSION(1, 28), 3, 2, 16 << 20, 512, 4096, 16384, .discard = true },
};

/* ------------------------------------------------------------------ killing */

static u64 nr_left; /* writes until the process is killed; 0: it is not */
static bool torn;   /* half of the last one is written, not none of it */

/* In place of the system's: all that the library writes goes through it. */
ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	bool last = nr_left && !--nr_left;
	ssize_t n = syscall(SYS_pwrite64, fd, buf, !last ? len : torn ? len / 2 : 0, offset);

	if (last)
		_exit(KILLED);
	return n;
}

struct command {
	struct test_fs *f;
	int (*run)(struct test_fs *f, const struct bch_undo_opts *undo);
	char *undo_file;
	bool force;
};

/* Runs it in a process of its own, which is killed at its write @nth. Was it? */
static bool run_killed(const struct command *c, u64 nth)
{
	struct bch_undo_opts undo = { .file = c->undo_file, .command_line = "a test" };
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		nr_left = nth;
		torn = nth % 2;
		_exit(c->run(c->f, &undo) ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_in_set(WEXITSTATUS(status), ((unsigned long[]){ 0, KILLED }), 2);
	return WEXITSTATUS(status) == KILLED;
}

/* ------------------------------------------------------------------ what is there */

static void keep(const struct test_fs *f)
{
	for (u32 i = 0; i < f->nr; i++)
		assert_int_equal(temp_run("cp %s %s.kept", f->path[i], f->path[i]), 0);
}

static bool is_as_kept(const struct test_fs *f)
{
	bool same = true;

	for (u32 i = 0; i < f->nr; i++)
		same &= !temp_run("cmp -s %s %s.kept", f->path[i], f->path[i]);
	return same;
}

static int put_back(const struct command *c)
{
	const struct bch_open_opts open = { .flags = BCH_OPEN_WRITE, .now = LATER + 1 };
	const struct bch_undo_request request = {
		.file = c->undo_file,
		.names = (const char *const *)c->f->path,
		.nr_names = c->f->nr,
		.open = &open,
		.force = c->force,
	};
	struct bch_undo_result result;

	return bch_undo_run(c->f->t->ctx, &request, &result);
}

/* A file that has no whole header yet is none: then nothing was written to a device. */
static void check_put_back(const struct command *c)
{
	int err = put_back(c);

	if (err != -BCH_ERR_undo_invalid || !is_as_kept(c->f))
		test_fs_ok(c->f->t, err);
	assert_true(is_as_kept(c->f));
	assert_int_equal(unlink(c->undo_file), 0);
}

static void kill_at_each_write(struct command *c, u64 step)
{
	u64 nth = 1;

	c->undo_file = temp_path(c->f->t, "undo");
	keep(c->f);
	for (; run_killed(c, nth); nth += step)
		check_put_back(c);
	assert_true(nth > 20);
	assert_false(is_as_kept(c->f));
	check_put_back(c);
	free(c->undo_file);
}

/* ------------------------------------------------------------------ the commands */

static int commit(struct test_fs *f, const struct bch_undo_opts *undo)
{
	const struct bch_open_opts opts = { .flags = BCH_OPEN_WRITE, .now = LATER, .undo = *undo };
	int err = bch_fs_open(f->t->ctx, (const char *const *)f->path, f->nr, &opts, &f->fs);
	int closed;

	if (err)
		return err;
	err = bch_fs_start(f->fs, NULL);
	if (!err)
		err = bch_writer_start(f->fs, NULL);
	for (u64 nr = 0; nr < 2 && !err; nr++) {
		err = test_fs_put(f->fs, 1000 * nr, 200, nr);
		if (!err)
			err = bch_commit(f->fs);
	}
	if (!err)
		err = bch_writer_finish(f->fs);
	closed = bch_fs_close(f->fs);
	return err ? err : closed;
}

static int format(struct test_fs *f, const struct bch_undo_opts *undo)
{
	struct bch_format_dev devs[FS_MAX_DEVS] = { 0 };
	const struct bch_format_opts opts = { .devs = devs,
					      .nr_devs = f->nr,
					      .version = BCH_VERSION_DEFAULT,
					      .now_ns = LATER * 1000000000,
					      .undo = *undo };
	int err;

	for (u32 i = 0; i < f->nr; i++)
		devs[i].path = f->path[i];
	err = bch_format(f->t->ctx, &opts, &f->fs);
	return err ? err : bch_fs_close(f->fs);
}

static void a_commit_that_is_killed_at_any_write_can_be_undone(void **state)
{
	for (u32 i = 0; i < bch_array_size(shapes); i++) {
		struct test_fs f = test_fs_make(*state, &shapes[i]);
		struct command c = { .f = &f, .run = commit };

		kill_at_each_write(&c, i ? 3 : 1);
		test_fs_end(&f);
	}
}

/* There may be no superblock that says that nothing else was written: it is to be forced. */
static void a_format_that_is_killed_at_any_write_can_be_undone(void **state)
{
	struct test_fs f = test_fs_make(*state, &shapes[0]);
	struct command c = { .f = &f, .run = format, .force = true };

	kill_at_each_write(&c, 1);
	test_fs_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_commit_that_is_killed_at_any_write_can_be_undone,
						temp_setup, temp_teardown),
		cmocka_unit_test_setup_teardown(a_format_that_is_killed_at_any_write_can_be_undone,
						temp_setup, temp_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
