// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs unlock: put an encrypted filesystem's key into the kernel's keyring. CLI 10. */

#include <bcachefs/super.h>
#include "cli.h"

struct args {
	bool check, lock;
	unsigned keyring;
	const char *file;
};

static const char *const keyrings[] = { "session", "user", "user_session", NULL };

static const struct cli_option options[] = {
	CLI_FILESYSTEM,
	CLI_FLAG('c', "check", struct args, check,
		 "only say by the exit status whether it is encrypted",
		 .excludes = "keyring,file,lock"),
	CLI_CHOICE('k', "keyring", "KEYRING", struct args, keyring, keyrings,
		   "which one; default: user"),
	CLI_STRING('f', "file", "FILE", struct args, file, "read the passphrase from FILE",
		   .synonym = "passphrase_file"),
	CLI_FLAG(0, "lock", struct args, lock, "take the key out of all keyrings"),
};

static const struct args defaults = { .keyring = BCH_KEYRING_user };

struct attempt {
	struct bch_fs *fs;
	enum bch_keyring keyring;
};

static int try_passphrase(void *arg, const char *passphrase)
{
	struct attempt *a = arg;

	return bch_fs_keyring_add(a->fs, passphrase, a->keyring);
}

static int check(struct cli *cli, struct bch_fs *fs)
{
	bool locked = bch_fs_encryption(fs) == BCH_KEY_WRAPPED && bch_fs_unlock_from_keyring(fs);

	if (bch_fs_encryption(fs) == BCH_NOT_ENCRYPTED) {
		if (cli->common.verbose)
			bch_facts_heading(cli->facts, "Device has no encryption");
		return bch_fs_unlock_from_keyring(fs); /* says which device it is not */
	}
	if (cli->common.verbose)
		bch_facts_heading(cli->facts, "Device is encrypted and %s",
				  locked ? "locked" : "unlocked");
	return 0;
}

static int unlock(struct cli *cli, struct bch_fs *fs, const struct args *a)
{
	struct attempt attempt = { fs, a->keyring };
	struct bch_buf uuid bch_auto(buf) = { 0 };
	int err = bch_fs_unlock_from_keyring(fs);

	if (!err) /* open already, or its key lies in the clear */
		return 0;
	if (bch_fs_encryption(fs) == BCH_NOT_ENCRYPTED)
		return err;
	bch_buf_uuid(&uuid, bch_fs_uuid(fs));
	if (a->file)
		cli->common.passphrase_file = a->file;
	return cli_passphrase(cli, bch_buf_str(&uuid), try_passphrase, &attempt);
}

static int lock(struct cli *cli, struct bch_fs *fs)
{
	struct bch_buf uuid bch_auto(buf) = { 0 };
	int err = bch_fs_keyring_remove(fs);

	bch_buf_uuid(&uuid, bch_fs_uuid(fs));
	return err ? bch_error(cli->ctx, err, "keyrings: %s", bch_buf_str(&uuid)) : 0;
}

static int run(struct cli *cli, const void *parsed)
{
	const struct args *a = parsed;
	struct bch_fs *fs bch_auto(fs) = NULL;
	int err = cli_open(cli, BCH_OPEN_ALONE, &fs);

	if (err)
		return err;
	if (a->check)
		return check(cli, fs);
	if (a->lock)
		return lock(cli, fs);
	return unlock(cli, fs, a);
}

const struct cli_command cmd_unlock = {
	.name = "unlock",
	.heading = CLI_HEADING_encryption,
	.summary = "put an encrypted filesystem's key into the kernel's keyring",
	.help = "Exit status of -c: 0 encrypted, 1 not encrypted or unreadable.",
	CLI_OPTIONS(options, struct args),
	.defaults = &defaults,
	.run = run,
};
