// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs mount, mount.bcachefs: mounting by the kernel, after a look at what it would mount. CLI 12.1. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bcachefs/mount.h>
#include "cli.h"

enum {
	STATUS_DENIED = 1,
	STATUS_FAILED = 32
};

#define FUSE_TYPE "bcachefs.fuse"

/* Where the passphrase comes from when no key is in a keyring. */
enum key_location {
	KEY_fail,
	KEY_wait,
	KEY_ask,
	KEY_stdin,
};
static const char *const key_locations[] = { "fail", "wait", "ask", "stdin", NULL };

/* All of them are looked at here. */
static const char *const any_word[] = { "*", NULL };

struct args {
	const char *mountpoint, *type, *namespace, *colorize;
	unsigned key_location;
	bool fake, no_mtab, sloppy;
};

static const struct args defaults = { .key_location = KEY_ask };

static const struct cli_option options[] = {
	CLI_OPT_LIST('o', "options", BCH_OPT_MOUNT, struct cli_common, mount_opts,
		     "mount options: the kernel's, and bcachefs's, which get there unchanged",
		     .names = any_word, .in_common = true),
	CLI_FILESYSTEM_WORD,
	CLI_OPERAND("MOUNTPOINT", struct args, mountpoint,
		    "without it: all but the mount, that is checks and the passphrase",
		    .optional = true),
	CLI_CHOICE('k', "key_location", "WHEN", struct args, key_location, key_locations,
		   "where the passphrase comes from if no keyring has the key (ask)"),
	CLI_FLAG('f', "fake", struct args, fake, "all but the mount"),
	CLI_STRING('t', "type", "TYPE", struct args, type,
		   "bcachefs, or " FUSE_TYPE " for fusemount"),
	CLI_STRING('N', "namespace", "NS", struct args, namespace,
		   "mount in the tree of another process, or of a file that stands for one"),
	CLI_FLAG('n', "no-mtab", struct args, no_mtab, "", .hidden = true),
	CLI_FLAG('s', "sloppy", struct args, sloppy, "", .hidden = true),
	CLI_STRING('c', "colorize", "BOOL", struct args, colorize, "", .hidden = true),
};

/* ------------------------------------------------------------------ fusemount */

/* The same program does it, with its own idea of options. */
static int become_fusemount(struct cli *cli, const struct args *a)
{
	const struct cli_events *given = &cli->common.mount_opts;
	struct bch_buf opts bch_auto(buf) = { 0 };
	struct cli_strings devices = cli_devices(cli);
	struct bch_buf names bch_auto(buf) = { 0 };

	if (!a->mountpoint)
		return cli_usage(cli, "missing operand MOUNTPOINT");
	for (size_t i = 0; i < given->nr; i++)
		bch_buf_put(&opts, "%s%s", i ? "," : "", given->p[i].text);
	for (size_t i = 0; i < devices.nr; i++)
		bch_buf_put(&names, "%s%s", i ? ":" : "", devices.p[i]);
	if (bch_buf_failed(&opts) || bch_buf_failed(&names))
		return -BCH_ERR_no_memory;
	execl("/proc/self/exe", "bcachefs", "fusemount", "-o", bch_buf_str(&opts), "--",
	      bch_buf_str(&names), a->mountpoint, NULL);
	return bch_error(cli->ctx, bch_errno(errno), "/proc/self/exe");
}

/* ------------------------------------------------------------------ the filesystem */

/* Only who says so is asked: at boot nobody may be there to answer. */
static bool may_ask_degraded(const struct cli *cli)
{
	const struct cli_events *given = &cli->common.mount_opts;
	bool ask = false;

	for (size_t i = 0; i < given->nr; i++)
		ask |= !strcmp(given->p[i].text, BCH_MOUNT_ASK_DEGRADED);
	return ask;
}

static int open_fs(struct cli *cli, struct bch_mount_opts *mount_opts, struct bch_open_opts *opts,
		   struct bch_fs **fs)
{
	struct cli_strings names = cli_devices(cli);
	int err = bch_fs_open(cli->ctx, names.p, names.nr, opts, fs), answer;

	if (err != -BCH_ERR_device_missing || !may_ask_degraded(cli))
		return err;
	answer = cli_ask(cli, "%s\nMount it without them?", bch_error_message(cli->ctx, err));
	if (answer <= 0)
		return answer ? answer : err;
	err = bch_mount_opt(cli->ctx, "degraded", mount_opts, opts);
	return err ? err : bch_fs_open(cli->ctx, names.p, names.nr, opts, fs);
}

static int try_passphrase(void *fs, const char *passphrase)
{
	return bch_fs_keyring_add(fs, passphrase, BCH_KEYRING_user);
}

static int wait_for_key(struct cli *cli, struct bch_fs *fs)
{
	int err;

	while ((err = bch_fs_unlock_from_keyring(fs)) == -BCH_ERR_no_key) {
		if (bch_cancelled(cli->ctx))
			return -BCH_ERR_cancelled;
		sleep(1);
	}
	return err;
}

static int get_key(struct cli *cli, struct bch_fs *fs, enum key_location location)
{
	struct bch_buf uuid bch_auto(buf) = { 0 };

	bch_buf_uuid(&uuid, bch_fs_uuid(fs));
	if (cli->common.passphrase_file)
		location = KEY_ask;
	switch (location) {
	case KEY_fail:
		return bch_error(cli->ctx, -BCH_ERR_no_key, "%s is locked", bch_buf_str(&uuid));
	case KEY_wait:
		return wait_for_key(cli, fs);
	case KEY_stdin:
		cli->common.passphrase_file = "-";
		break;
	case KEY_ask:
		break;
	}
	return cli_passphrase(cli, bch_buf_str(&uuid), try_passphrase, fs);
}

/* Has the kernel find the key of what is encrypted. */
static int unlock(struct cli *cli, struct bch_fs *fs, enum key_location location)
{
	int err;

	if (bch_fs_encryption(fs) != BCH_KEY_WRAPPED)
		return 0;
	err = bch_fs_unlock_from_keyring(fs) ? get_key(cli, fs, location) : 0;
	return err ? err : bch_fs_keyring_lend(fs);
}

/* ------------------------------------------------------------------ the kernel */

static int check_root(struct cli *cli)
{
	return geteuid() ? bch_error_whole(cli->ctx, -BCH_ERR_access_denied, "only root may mount")
			 : 0;
}

static int check_kernel(struct cli *cli, const struct args *a)
{
	if (!bch_kernel_has_bcachefs())
		cli_load_bcachefs();
	if (bch_kernel_has_bcachefs())
		return 0;
	return bch_error_whole(cli->ctx, -BCH_ERR_not_supported,
			       "this kernel has no bcachefs (neither built in nor as a module); "
			       "read-only access without it: bcachefs fusemount %s %s",
			       cli_devices(cli).p[0], a->mountpoint);
}

static int mount_new(struct cli *cli, const struct args *a, struct bch_mount_opts *mount_opts,
		     struct bch_open_opts *opts)
{
	struct bch_fs *fs bch_auto(fs) = NULL;
	bool really = a->mountpoint && !a->fake;
	int err = open_fs(cli, mount_opts, opts, &fs);

	if (!err && really)
		err = check_kernel(cli, a);
	if (!err)
		err = unlock(cli, fs, a->key_location);
	return err || !really ? err : bch_fs_mount(fs, a->mountpoint, mount_opts);
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	const struct cli_events *given = &cli->common.mount_opts;
	struct bch_mount_opts mount_opts bch_auto(mount_opts) = { 0 };
	struct bch_open_opts opts;
	int err = cli_open_opts(cli, BCH_OPEN_WRITE | BCH_OPEN_DRY_RUN | BCH_OPEN_MOUNTED, &opts);

	if (!err && a->type && !strcmp(a->type, FUSE_TYPE))
		return become_fusemount(cli, a);
	for (size_t i = 0; i < given->nr && !err; i++)
		err = bch_mount_opt(cli->ctx, given->p[i].text, &mount_opts, &opts);
	if (!err && a->mountpoint && !a->fake)
		err = check_root(cli);
	if (!err && a->namespace)
		err = bch_mount_namespace(cli->ctx, a->namespace);
	if (err || !bch_mount_is_remount(&mount_opts))
		return err ? err : mount_new(cli, a, &mount_opts, &opts);
	if (!a->mountpoint)
		return cli_usage(cli, "missing operand MOUNTPOINT");
	return a->fake ? 0 : bch_remount(cli->ctx, a->mountpoint, &mount_opts);
}

const struct cli_command cmd_mount = {
	.name = "mount",
	.heading = CLI_HEADING_mount,
	.summary = "mount by the kernel's bcachefs, after a look at what there is",
	.help = "From one device of several the others are found. What keeps it from being mounted "
		"is said in words beforehand: a device that is missing, one that was written "
		"without the others, a wrong passphrase, a version that this kernel does not "
		"know.\n\n"
		"-o X-mount.subvol=PATH or X-mount.subdir=PATH mounts a subvolume or directory "
		"alone.\n\n"
		"It is also mount.bcachefs, which mount(8) calls. Exit status: 0; 1 for a wrong "
		"command line or a missing permission; 32 where the mount failed.",
	CLI_OPTIONS(options, struct args),
	.defaults = &defaults,
	.flags = CLI_PASSPHRASE,
	.status_failed = STATUS_FAILED,
	.status_usage = STATUS_DENIED,
	.status_denied = STATUS_DENIED,
	.run = run,
};
