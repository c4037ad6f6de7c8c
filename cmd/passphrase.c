// SPDX-License-Identifier: GPL-2.0-or-later
/* bcachefs set-passphrase and remove-passphrase: how the filesystem's key is kept. CLI 10. */

#include <bcachefs/super.h>
#include "cli.h"

struct args {
	const char *new_passphrase_file;
};

static const struct cli_option set_options[] = {
	CLI_FILESYSTEM,
	CLI_STRING(0, "new_passphrase_file", "FILE", struct args, new_passphrase_file,
		   "read the new passphrase from FILE"),
};

static const struct cli_option remove_options[] = {
	CLI_FILESYSTEM,
};

static int try_passphrase(void *arg, const char *passphrase)
{
	return bch_fs_unlock(arg, passphrase);
}

/* The filesystem's key: as it lies there, or by the old passphrase. A key in a keyring is no proof of who asks. */
static int take_key(struct cli *cli, struct bch_fs *fs)
{
	struct bch_buf uuid bch_auto(buf) = { 0 };

	switch (bch_fs_encryption(fs)) {
	case BCH_NOT_ENCRYPTED:
		return bch_error_whole(cli->ctx, -BCH_ERR_not_encrypted,
				       "Filesystem does not have encryption enabled");
	case BCH_KEY_IN_CLEAR:
		return bch_fs_unlock_from_keyring(fs);
	case BCH_KEY_WRAPPED:
		break;
	}
	bch_buf_uuid(&uuid, bch_fs_uuid(fs));
	return cli_passphrase(cli, bch_buf_str(&uuid), try_passphrase, fs);
}

static int set(struct cli *cli, struct bch_fs *fs, const struct args *a)
{
	char *passphrase bch_auto(secret) = NULL;
	int err = cli_new_passphrase(cli, a->new_passphrase_file,
				     "Enter new passphrase: ", &passphrase);

	return err ? err : bch_fs_set_passphrase(fs, passphrase);
}

static int clear(struct cli *cli, struct bch_fs *fs, const struct args *a)
{
	return bch_fs_set_passphrase(fs, NULL);
}

static int change(struct cli *cli, const struct args *a,
		  int (*fn)(struct cli *, struct bch_fs *, const struct args *))
{
	struct bch_fs *fs;
	int err = cli_open(cli, BCH_OPEN_WRITE, &fs), closed;

	if (err)
		return err;
	err = take_key(cli, fs);
	if (!err)
		err = fn(cli, fs, a);
	if (!err)
		err = bch_fs_write_super(fs);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}

static int run_set(struct cli *cli, const void *parsed)
{
	return change(cli, parsed, set);
}

static int run_remove(struct cli *cli, const void *parsed)
{
	return change(cli, parsed, clear);
}

const struct cli_command cmd_set_passphrase = {
	.name = "set-passphrase",
	.heading = CLI_HEADING_encryption,
	.summary = "change the passphrase of an encrypted filesystem",
	CLI_OPTIONS(set_options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run_set,
};

const struct cli_command cmd_remove_passphrase = {
	.name = "remove-passphrase",
	.heading = CLI_HEADING_encryption,
	.summary = "store the key of an encrypted filesystem in the clear",
	CLI_OPTIONS(remove_options, struct args),
	.flags = CLI_PASSPHRASE | CLI_WRITES,
	.run = run_remove,
};
