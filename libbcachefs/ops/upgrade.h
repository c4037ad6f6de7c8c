/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of upgrade and downgrade give each other. */

#ifndef BCHFS_OPS_UPGRADE_H
#define BCHFS_OPS_UPGRADE_H

#include <bcachefs/upgrade.h>

#include "file/file.h"
#include "super/super.h"

/* From one version to another. What is @from's is read by it as long as the superblock is not changed. */
struct bch_reversion {
	struct bch_fs *fs;
	u16 from, to;
	bool incompatible;
};

/* Is @version one that only one of the two sides has? */
static inline bool bch_crosses_up(const struct bch_reversion *r, u16 version)
{
	return r->from < version && version <= r->to;
}

static inline bool bch_crosses_down(const struct bch_reversion *r, u16 version)
{
	return r->to < version && version <= r->from;
}

/* What the version to come does not have and cannot do without: said with the files. 0, or -BCH_ERR_not_supported. */
int bch_reversion_blockers(const struct bch_reversion *r);

/*
 * As pending changes: keys without what an older version does not have, which the version at hand can be without; and
 * alloc keys of which the version to come reads more.
 */
int bch_reversion_remove(const struct bch_reversion *r);
int bch_reversion_alloc(const struct bch_reversion *r);

/* The superblock as that version has it, in memory. */
int bch_reversion_super(const struct bch_reversion *r);

#endif
