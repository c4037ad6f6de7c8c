/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Wiping what a device held before. */

#ifndef BCHFS_OPS_CONTENTS_H
#define BCHFS_OPS_CONTENTS_H

#include "super/super.h"

/* Zeroes the signatures in @found and every superblock of a bcachefs that was here. */
int bch_contents_wipe(struct bch_blkdev *dev, const struct bch_signatures *found);

#endif
