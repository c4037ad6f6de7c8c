/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of a user, a group or a project. Format reference: 04 §10.4. */

#ifndef BCHFS_ONDISK_KEY_QUOTA_H
#define BCHFS_ONDISK_KEY_QUOTA_H

#include "ondisk/fields.h"

/* Space in sectors, inodes as a count; 0: no limit. */
/* clang-format off */
#define BCH_QUOTA_FIELDS(F, B)			\
	F(u64, space_hardlimit_sectors, 1)	\
	F(u64, space_softlimit_sectors, 1)	\
	F(u64, nr_inodes_hardlimit, 1)		\
	F(u64, nr_inodes_softlimit, 1)
/* clang-format on */
BCH_DISK_STRUCT(bch_quota, BCH_QUOTA_FIELDS, 32)

#endif
