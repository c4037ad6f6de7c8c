/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directory entries of all forms. Format reference: 04 §8. */

#ifndef BCHFS_ONDISK_KEY_DIRENT_H
#define BCHFS_ONDISK_KEY_DIRENT_H

#include "ondisk/bkey.h"

/* Number (mode >> 12, but for subvolumes), name. Format reference: 04 §8.1. */
/* clang-format off */
#define BCH_DIRENT_TYPES(T)	\
	T(1,  fifo)		\
	T(2,  chr)		\
	T(4,  dir)		\
	T(6,  blk)		\
	T(8,  reg)		\
	T(10, lnk)		\
	T(12, sock)		\
	T(16, subvol)

enum bch_dirent_type {
#define T(nr, name) BCH_DIRENT_##name = nr,
	BCH_DIRENT_TYPES(T)
#undef T
};
/* clang-format on */

/* The name of a type, or NULL for a number that has none. */
const char *bch_dirent_type_name(u8 type);

/* A directory entry. The names lie in the key's value. */
struct bch_dirent {
	u64 d_inum;			/* of all types but subvol */
	u32 d_child_subvol;		/* of type subvol: where it leads to */
	u32 d_parent_subvol;		/* of type subvol: where it is visible */
	u8 d_type;			/* enum bch_dirent_type, or another: 5 bits from disk */
	bool d_casefold;		/* the directory is casefolded */
	struct bch_bytes name, cf_name; /* the second one, which is hashed, only with d_casefold */
};

/* The entry in a key of type dirent. False where the value cannot hold it. */
bool bch_dirent_get(const struct bch_key *k, struct bch_dirent *d);

#define BCH_NAME_MAX 512 /* bytes that a new name may have */

/* The longest value that bch_dirent_put() makes. */
#define BCH_DIRENT_VAL_MAX 1040

/* Makes the value, and returns its length, or 0 where a name is longer than BCH_NAME_MAX. */
size_t bch_dirent_put(const struct bch_dirent *d, u8 val[BCH_DIRENT_VAL_MAX]);

#endif
