/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names in their tables: dirents and xattrs by hash, the next free place where that is taken. Format reference: 04 §7, 07 §4.18. */

#ifndef BCHFS_CHECK_HASH_H
#define BCHFS_CHECK_HASH_H

#include "check/inode.h"

/* The names of one inode. */
struct bch_check_table {
	struct bch_check *c;
	u8 btree_id;
	const struct bch_inode *inode; /* by whose seed they are hashed */
};

enum bch_check_place {
	BCH_PLACE_GOOD,
	BCH_PLACE_WRONG,     /* a lookup does not come to it */
	BCH_PLACE_DUPLICATE, /* a lookup comes to another of that name first */
};

/* The hash of a key that is a name; false where it is none. */
bool bch_check_hash(const struct bch_check_table *t, const struct bch_key *k, u64 *hash);

/*
 * Looks up @k's name as its snapshot sees the table. Of DUPLICATE @other becomes where the other is, of the others
 * @other is the first free place. 0 or an error.
 */
int bch_check_find_place(const struct bch_check_table *t, const struct bch_key *k,
			 enum bch_check_place *place, struct bch_pos *other);

/* How the name at @pos goes: for all, or only for pos.snapshot and below. */
enum bch_check_removal {
	BCH_REMOVE_KEY,
	BCH_REMOVE_FOR_SNAPSHOT,
};

/* Has the name at @pos go, without others behind it being lost to lookups. */
int bch_check_hash_remove(const struct bch_check_table *t, struct bch_pos pos,
			  enum bch_check_removal how);

#endif
