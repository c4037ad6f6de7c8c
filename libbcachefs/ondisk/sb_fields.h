/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of the fixed part of a superblock by name. Format reference: 01 §3, §4. */

#ifndef BCHFS_ONDISK_SB_FIELDS_H
#define BCHFS_ONDISK_SB_FIELDS_H

#include "ondisk/field.h"

/* Rows of struct bch_sb: its members that are of the filesystem, and under their names what its flag words hold. */
const struct bch_field *bch_sb_fields(void);

#endif
