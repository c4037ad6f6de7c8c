// SPDX-License-Identifier: GPL-2.0-or-later
/* The key of an encrypted filesystem, for commands that read it. CLI 2.3, 10. */

#include <bcachefs/super.h>
#include "cli.h"

static int try_passphrase(void *arg, const char *passphrase)
{
	return bch_fs_unlock(arg, passphrase);
}

static int unlock(struct cli *cli, struct bch_fs *fs)
{
	struct bch_buf uuid bch_auto(buf) = { 0 };

	if (bch_fs_encryption(fs) == BCH_NOT_ENCRYPTED || !bch_fs_unlock_from_keyring(fs))
		return 0;
	bch_buf_uuid(&uuid, bch_fs_uuid(fs));
	return cli_passphrase(cli, bch_buf_str(&uuid), try_passphrase, fs);
}

int cli_open_readable(struct cli *cli, struct bch_fs **fs)
{
	int err = cli_open(cli, 0, fs);

	return err ? err : unlock(cli, *fs);
}
