// SPDX-License-Identifier: GPL-2.0-or-later
/* Changing the files of a filesystem: all at once, or not at all. CLI 14.2. */

#include <bcachefs/edit.h>
#include <bcachefs/journal.h>
#include "cli.h"

static int start(struct bch_fs *fs)
{
	int err = bch_fs_start(fs, NULL);

	if (!err)
		err = bch_files_start(fs, NULL);
	return err ? err : bch_edits_start(fs);
}

int cli_edit(struct cli *cli, int (*edit)(struct cli *cli, struct bch_fs *fs, const void *args),
	     const void *args)
{
	struct bch_fs *fs = NULL;
	int err = cli_open_unlocked(cli, BCH_OPEN_WRITE, &fs), closed;

	if (!err)
		err = start(fs);
	if (!err)
		err = edit(cli, fs, args);
	if (!err)
		err = bch_edits_commit(fs);
	closed = bch_fs_close(fs);
	return err ? err : closed;
}
