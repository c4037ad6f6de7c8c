/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations that take several transactions, to be resumed. Format reference: 04 §10.2, 08 §9.5. */

#ifndef BCHFS_ONDISK_KEY_LOGGED_OP_H
#define BCHFS_ONDISK_KEY_LOGGED_OP_H

#include "ondisk/fields.h"

/* @new_i_size in bytes. */
/* clang-format off */
#define BCH_LOGGED_OP_TRUNCATE_FIELDS(F, B)	\
	F(u32, subvol, 1)			\
	F(u32, pad, 1)				\
	F(u64, inum, 1)				\
	F(u64, new_i_size, 1)

BCH_DISK_STRUCT(bch_logged_op_truncate, BCH_LOGGED_OP_TRUNCATE_FIELDS, 24)

/* @dst_offset_sectors is signed; @pos_sectors tells how far it got. */
#define BCH_LOGGED_OP_FINSERT_FIELDS(F, B)	\
	F(u8, state, 1)				\
	B(pad, 3)				\
	F(u32, subvol, 1)			\
	F(u64, inum, 1)				\
	F(u64, dst_offset_sectors, 1)		\
	F(u64, src_offset_sectors, 1)		\
	F(u64, pos_sectors, 1)

BCH_DISK_STRUCT(bch_logged_op_finsert, BCH_LOGGED_OP_FINSERT_FIELDS, 40)

/* @state of a finsert. */
enum bch_logged_op_finsert_state {
	BCH_FINSERT_start,
	BCH_FINSERT_shift_extents,
	BCH_FINSERT_finish,
};

/* @old_block_map: for each block of the new stripe, that of the old one which it takes over. */
#define BCH_LOGGED_OP_STRIPE_UPDATE_FIELDS(F, B)	\
	F(u64, old_idx, 1)				\
	F(u64, new_idx, 1)				\
	F(u8, old_blocks_nr, 1)				\
	B(old_block_map, 16)				\
	B(pad, 7)
/* clang-format on */
BCH_DISK_STRUCT(bch_logged_op_stripe_update, BCH_LOGGED_OP_STRIPE_UPDATE_FIELDS, 40)

#endif
