/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Overwriting extents in the presence of snapshots. Format reference: 04 §2.4. */

#ifndef BCHFS_CHECK_OVERWRITE_H
#define BCHFS_CHECK_OVERWRITE_H

#include "check/check.h"

/* Where @old and @new, which is there, are both seen: only @new. Others go on seeing @old. */
int bch_check_overwrite(struct bch_check *c, const struct bch_key *old, const struct bch_key *new);

/* Snapshot @snapshot, which sees @old, sees nothing of it any more between these sectors. */
int bch_check_punch(struct bch_check *c, const struct bch_key *old, u32 snapshot, u64 from, u64 to);

#endif
