// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening for reading: the key of an encrypted filesystem, and its files. CLI 2.3, 10, 14.1. */

#include <bcachefs/journal.h>
#include <bcachefs/list.h>
#include <bcachefs/super.h>
#include "cli.h"

static int try_passphrase(void *arg, const char *passphrase)
{
	return bch_fs_unlock(arg, passphrase);
}

int cli_unlock(struct cli *cli, struct bch_fs *fs)
{
	struct bch_buf uuid bch_auto(buf) = { 0 };

	if (bch_fs_encryption(fs) == BCH_NOT_ENCRYPTED || !bch_fs_unlock_from_keyring(fs))
		return 0;
	bch_buf_uuid(&uuid, bch_fs_uuid(fs));
	return cli_passphrase(cli, bch_buf_str(&uuid), try_passphrase, fs);
}

int cli_open_unlocked(struct cli *cli, unsigned flags, struct bch_fs **fs)
{
	int err = cli_open(cli, flags, fs);

	return err ? err : cli_unlock(cli, *fs);
}

int cli_open_readable(struct cli *cli, struct bch_fs **fs)
{
	return cli_open_unlocked(cli, 0, fs);
}

/* -o norecovery is not about opening: takes it out of what -o says. */
static int take_norecovery(struct cli *cli, bool *norecovery)
{
	struct cli_events *given = &cli->common.mount_opts;
	const struct bch_opt *opt = bch_opt(BCH_OPT_norecovery);
	size_t nr = 0;
	u64 value = 0;
	int err = 0;

	for (size_t i = 0; i < given->nr && !err; i++)
		if (given->p[i].opt == opt)
			err = bch_opt_parse(cli->ctx, opt, given->p[i].text, BCH_VERSION_READ_MAX,
					    &value);
		else
			given->p[nr++] = given->p[i];
	given->nr = nr;
	*norecovery = value;
	return err;
}

int cli_open_files(struct cli *cli, struct bch_fs **fs)
{
	const struct cli_common *c = &cli->common;
	struct bch_start_opts start = { .rewind = c->rewind_to, .rewind_to = c->rewind_to };
	struct bch_files_opts files = { .flags = c->no_verify ? BCH_FILES_NO_VERIFY : 0 };
	int err = take_norecovery(cli, &start.no_journal);

	if (!err)
		err = cli_open_readable(cli, fs);
	if (!err)
		err = bch_fs_start(*fs, &start);
	if (!err && c->scan_nodes)
		err = bch_fs_scan_nodes(*fs);
	return err ? err : bch_files_start(*fs, &files);
}

struct bch_path_opts cli_path_opts(const struct cli *cli)
{
	return (struct bch_path_opts){
		.subvol = cli->common.subvol,
		.snapshot = (u32)cli->common.snapshot,
		.follow = cli->common.follow,
	};
}
