/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dumps: the metadata of a device in a qcow2 file, for bug reports. */

#ifndef BCHFS_DUMP_H
#define BCHFS_DUMP_H

#include <bcachefs/error.h>
#include <bcachefs/progress.h>
#include <bcachefs/types.h>

struct bch_undump_opts {
	bool replace; /* what is there already, once the new file is whole */
	enum bch_progress_mode progress;
};

/*
 * Makes the device that is in @image, a qcow2 file, the file @raw: as long as the device, sparse,
 * mode 0600. Errors are said; after one there is no @raw, or what was there before.
 *
 * Return: 0, or
 *   -BCH_ERR_invalid_argument	@image is not a qcow2 file
 *   -BCH_ERR_exists		@raw is there
 *   -BCH_ERR_cancelled		the caller wanted it to end
 */
int bch_undump(struct bch_ctx *ctx, const char *image, const char *raw,
	       const struct bch_undump_opts *opts);

#endif
