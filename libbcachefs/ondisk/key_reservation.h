/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Space promised, no data yet. Format reference: 05 §6.1. */

#ifndef BCHFS_ONDISK_KEY_RESERVATION_H
#define BCHFS_ONDISK_KEY_RESERVATION_H

#include "ondisk/fields.h"

/* clang-format off */
#define BCH_RESERVATION_FIELDS(F, B)	\
	F(u32, generation, 1)		\
	F(u8, nr_replicas, 1)		\
	B(pad, 3)
/* clang-format on */
BCH_DISK_STRUCT(bch_reservation, BCH_RESERVATION_FIELDS, 8)

#endif
