// SPDX-License-Identifier: GPL-2.0-or-later
/* A session with the kernel's FUSE: what it is mounted with, its threads, its end. */

#define FUSE_USE_VERSION 35

#include <errno.h>
#include <fuse_lowlevel.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fusemount.h"

#define IDLE_THREADS 4 /* that are kept; more come as there is work */

const char *fusemount_libfuse(void)
{
	return fuse_pkgversion();
}

/* ------------------------------------------------------------------ options */

static const enum {
	NOTHING,
	REFUSED,
	CHECKED,
	PASSED
} what_becomes[] = {
#define W(word, what) what,
	FUSEMOUNT_WORDS(W)
#undef W
};

static int add_opt(char **opts, const char *item)
{
	return fuse_opt_add_opt_escaped(opts, item) ? -BCH_ERR_no_memory : 0;
}

static int add_word(struct cli *cli, struct fusemount *m, const char *item, char **opts)
{
	switch (what_becomes[cli_own_word(fusemount_words, item)]) {
	case CHECKED:
		m->check_permissions = true;
		return add_opt(opts, item);
	case PASSED:
		return add_opt(opts, item);
	case REFUSED:
		return bch_error_whole(cli->ctx, -BCH_ERR_read_only,
				       "-o %s: fusemount only reads; try -o ro", item);
	default:
		return 0;
	}
}

/* What -o says that is not the library's. */
static int add_words(struct cli *cli, struct fusemount *m, char **opts)
{
	const struct cli_events *given = &cli->common.mount_opts;
	int err = 0;

	for (size_t i = 0; i < given->nr && !err; i++)
		if (!given->p[i].opt)
			err = add_word(cli, m, given->p[i].text, opts);
	if (!err && m->check_permissions)
		err = add_opt(opts, "default_permissions");
	return err;
}

/* The devices as the user named them. */
static int add_fsname(struct cli *cli, char **opts)
{
	const struct cli_common *c = &cli->common;
	struct bch_buf name bch_auto(buf) = { 0 };

	bch_buf_puts(&name, "fsname=");
	if (c->filesystem)
		bch_buf_puts(&name, c->filesystem);
	for (size_t i = 0; i < c->device_paths.nr; i++)
		bch_buf_put(&name, "%s%s", i ? ":" : "", c->device_paths.p[i]);
	return bch_buf_failed(&name) ? -BCH_ERR_no_memory : add_opt(opts, bch_buf_str(&name));
}

/* To be freed by fuse_opt_free_args(), whatever is returned. */
static int make_args(struct cli *cli, struct fusemount *m, struct fuse_args *args)
{
	char *opts = NULL;
	int err = add_words(cli, m, &opts);

	if (!err)
		err = add_opt(&opts, "ro");
	if (!err)
		err = add_opt(&opts, "subtype=bcachefs");
	if (!err)
		err = add_fsname(cli, &opts);
	if (!err && (fuse_opt_add_arg(args, "bcachefs") || fuse_opt_add_arg(args, "-o") ||
		     fuse_opt_add_arg(args, opts)))
		err = -BCH_ERR_no_memory;
	free(opts);
	return err;
}

/* ------------------------------------------------------------------ session */

/* libfuse sets its own only where nothing else is set. What is ignored stays so. */
static int take_signals(struct fuse_session *session)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction old;

	for (size_t i = 0; i < bch_array_size(signals); i++)
		if (!sigaction(signals[i], NULL, &old) && old.sa_handler != SIG_IGN)
			signal(signals[i], SIG_DFL);
	return fuse_set_signal_handlers(session) ? -BCH_ERR_system : 0;
}

/* Until it is unmounted, or interrupted, which unmounts it. */
static int serve(struct cli *cli, struct fuse_session *session)
{
	struct fuse_loop_config config = { .clone_fd = 1, .max_idle_threads = IDLE_THREADS };
	int err = take_signals(session);

	if (err)
		return err;
	err = fuse_session_loop_mt(session, &config);
	fuse_remove_signal_handlers(session);
	return err < 0 ? bch_error(cli->ctx, bch_errno(-err), "FUSE") : 0;
}

/* Without a parent it is in the foreground. */
static int mount_and_serve(struct cli *cli, struct fuse_session *session, const char *mountpoint,
			   int parent)
{
	int err;

	if (fuse_session_mount(session, mountpoint))
		return bch_error_whole(cli->ctx, -BCH_ERR_system, "%s: cannot be mounted upon",
				       mountpoint); /* libfuse said why */
	err = parent < 0 ? 0 : fusemount_detach(cli, parent);
	if (!err)
		err = serve(cli, session);
	fuse_session_unmount(session);
	return err;
}

static int run_session(struct cli *cli, struct fusemount *m, const char *mountpoint, int parent)
{
	struct fuse_args args = { 0 };
	struct fuse_session *session = NULL;
	int err = make_args(cli, m, &args);

	if (!err) {
		session = fuse_session_new(&args, &fusemount_ops, sizeof(fusemount_ops), m);
		if (!session)
			err = bch_error_whole(cli->ctx, -BCH_ERR_system, "no FUSE session");
	}
	if (!err)
		err = mount_and_serve(cli, session, mountpoint, parent);
	if (session)
		fuse_session_destroy(session);
	fuse_opt_free_args(&args);
	return err;
}

/* ------------------------------------------------------------------ the filesystem */

/* Its absolute path: a daemon has another current folder when it unmounts. To be freed. */
static int find_mountpoint(struct cli *cli, const char *name, char **path)
{
	struct stat st;

	*path = realpath(name, NULL);
	if (!*path || stat(*path, &st))
		return bch_error(cli->ctx, bch_errno(errno), "%s", name);
	return S_ISDIR(st.st_mode) ? 0 : bch_error(cli->ctx, -BCH_ERR_not_a_directory, "%s", name);
}

static int open_and_run(struct cli *cli, const char *mountpoint, int parent)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	struct fusemount m = { .statfs_lock = PTHREAD_MUTEX_INITIALIZER };
	struct bch_path_opts paths = cli_path_opts(cli);
	struct bch_file root;
	int err = cli_open_files(cli, &fs);

	if (!err)
		err = bch_path_lookup(fs, &paths, "/", &root);
	if (err)
		return err;
	m.fs = fs;
	m.nodes = fusemount_nodes_new(&root);
	err = m.nodes ? run_session(cli, &m, mountpoint, parent) : -BCH_ERR_no_memory;
	fusemount_nodes_free(m.nodes);
	return err;
}

static int fork_and_run(struct cli *cli, const struct fusemount_args *a, const char *mountpoint)
{
	int parent = -1, err = 0;

	if (!a->foreground) {
		err = fusemount_fork(cli, &parent);
		if (err || parent < 0)
			return err;
	}
	return open_and_run(cli, mountpoint, parent);
}

int fusemount_run(struct cli *cli, const struct fusemount_args *a)
{
	char *mountpoint;
	int err = find_mountpoint(cli, a->mountpoint, &mountpoint);

	if (!err)
		err = fork_and_run(cli, a, mountpoint);
	free(mountpoint);
	return err;
}
