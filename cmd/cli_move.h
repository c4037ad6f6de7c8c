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

/*
 * Members that are missing, and are none of the @named ones, are missed as by all commands that write, unless -o degraded
 * is given: -BCH_ERR_device_missing, said. For who opens with BCH_OPEN_VERY_DEGRADED whatever is given.
 */
int cli_move_check_missing(struct cli *cli, struct bch_fs *fs, const u32 *named, u32 nr);

/* What the command returns: an error, or a status where not all was done. */
int cli_move_status(struct cli *cli, int err, const struct bch_move_result *result);

#endif
