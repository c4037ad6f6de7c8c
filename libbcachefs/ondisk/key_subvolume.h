/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subvolumes. Format reference: 04 §3.3, 08 §10. */

#ifndef BCHFS_ONDISK_KEY_SUBVOLUME_H
#define BCHFS_ONDISK_KEY_SUBVOLUME_H

#include "ondisk/fields.h"

#define BCH_SUBVOLUME_ID_MAX 0x7fffffffU

/* @otime in units of the filesystem, from its base: 04 §6.6. @state 0: as the flags say. */
/* clang-format off */
#define BCH_SUBVOLUME_FIELDS(F, B)	\
	F(u32, flags, 1)		\
	F(u32, snapshot, 1)		\
	F(u64, inode, 1)		\
	F(u32, creation_parent, 1)	\
	F(u32, fs_path_parent, 1)	\
	F(u64, otime, 1)		\
	F(u64, otime_hi, 1)		\
	F(u32, state, 1)		\
	F(u32, pad, 1)

BCH_DISK_STRUCT(bch_subvolume, BCH_SUBVOLUME_FIELDS, 48)

/* Bit, name in texts. */
#define BCH_SUBVOLUME_FLAGS(F)	\
	F(0, ro)		\
	F(1, snapshot)		\
	F(2, unlinked)

enum bch_subvolume_flag {
#define F(nr, name) BCH_SUBVOLUME_##name = nr,
	BCH_SUBVOLUME_FLAGS(F)
#undef F
};

/* Word, name: since 1.39. Format reference: 08 §10.2. */
#define BCH_SUBVOLUME_STATES(S)	\
	S(0x4ad5447e, live)	\
	S(0x2d358e8f, unlinked)	\
	S(0x3c6b2d4c, deleted)

enum bch_subvolume_state {
#define S(word, name) BCH_SUBVOLUME_STATE_##name = word,
	BCH_SUBVOLUME_STATES(S)
#undef S
};
/* clang-format on */

#endif
