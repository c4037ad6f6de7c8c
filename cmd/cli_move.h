/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands that move data between members have in common. CLI 8.5, 8.6, 8.10. */

#ifndef BCHFS_CMD_CLI_MOVE_H
#define BCHFS_CMD_CLI_MOVE_H

#include <bcachefs/move.h>
#include "cli.h"

/*
 * Opens the filesystem, by @flags besides BCH_OPEN_WRITE, has @move change it, by @opts and what the command line says besides, and closes it. Says what was
 * moved, and what could not be.
 */
int cli_move(struct cli *cli, unsigned flags,
	     int (*move)(struct cli *cli, struct bch_fs *fs, const void *args,
			 const struct bch_move_opts *opts, struct bch_move_result *result),
	     const void *args, const struct bch_move_opts *opts, struct bch_move_result *result);

/* What the command returns: an error, or a status where not all was done. */
int cli_move_status(struct cli *cli, int err, const struct bch_move_result *result);

#endif
