/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All versions of one inode, while what belongs to it is checked. Format reference: 07 §3.2. */

#ifndef BCHFS_CHECK_GROUP_H
#define BCHFS_CHECK_GROUP_H

#include "check/inode.h"

struct bch_check_version {
	u32 snapshot;
	struct bch_inode inode;
	bool changed;	/* @inode is to be stored */
	u64 nr_sectors; /* of extents that it sees */
	bool recreated; /* it was not there */
	u64 end;	/* sectors: where the last extent that it sees ends */
};

/* Where an extent of a snapshot ends, the last so far; and what is seen there. */
struct bch_check_extent_end {
	u32 snapshot;
	u64 end;
	struct bch_check_seen seen;
};

struct bch_check_group {
	struct bch_check *c;
	u64 inum;
	struct {
		BCH_ARRAY(struct bch_check_version) a;
	} versions; /* by snapshot */
	struct bch_check_seen seen;
	struct {
		BCH_ARRAY(struct bch_check_extent_end) a;
	} ends; /* by snapshot */
	bool has_extents;
	bool again; /* an overlap was repaired: its extents are to be walked anew */
};

/* The version that owns a key of @snapshot, or NULL. */
struct bch_check_version *bch_check_owner(const struct bch_check_group *g, u32 snapshot);

/* The fields of the versions: inode_fields.c. */
int bch_check_inode_fields(struct bch_check_group *g);

/* An extent of the inode, in order; and when there are no more: extents.c. */
int bch_check_extent(struct bch_check_group *g, const struct bch_key *k);
int bch_check_extents_done(struct bch_check_group *g);
void bch_check_extents_reset(struct bch_check_group *g);

#endif
