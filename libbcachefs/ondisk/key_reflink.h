/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared data: pointers into the reflink btree, counts in it. Format reference: 05 §6.4, §6.5. */

#ifndef BCHFS_ONDISK_KEY_REFLINK_H
#define BCHFS_ONDISK_KEY_REFLINK_H

#include "ondisk/bkey.h"

/* Sectors of the reflink btree that a file's extent shows, and those around that it refers to. */
struct bch_reflink_p {
	u64 idx; /* of the first that it shows */
	u32 front_pad, back_pad;
	bool error;	      /* leads nowhere: reads fail */
	bool may_update_opts; /* the file's options may become those of the shared data */
};

/* Of a value of 16 bytes or more. Before 1.16 there are no flags, the index has 64 bits. */
struct bch_reflink_p bch_reflink_p_get(const struct bch_key *k, u16 version);

/* The value. */
#define BCH_REFLINK_P_LEN 16
void bch_reflink_p_put(const struct bch_reflink_p *p, u16 version, u8 val[BCH_REFLINK_P_LEN]);

/* How many extents refer to a reflink_v or indirect_inline_data. */
u64 bch_reflink_refcount(const struct bch_key *k);

#endif
