/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members that come, and those that grow and shrink. Format reference: 06 §13. */

#ifndef BCHFS_OPS_MEMBERS_H
#define BCHFS_OPS_MEMBERS_H

#include "alloc/alloc.h"
#include "super/super.h"

struct bch_in_place;

/* Gives a new member its journal, in its own superblock alone; @in_place (or NULL): where that may lie. Errors are said. */
int bch_member_place_journal(struct bch_fs *fs, u32 dev_idx, const struct bch_in_place *in_place);

/* Zeroes its journal: entries of a filesystem that was the same, byte for byte, would be taken for its own. */
int bch_member_clear_journal(struct bch_fs *fs, u32 dev_idx);

/* Pending: buckets from @from to @to, which were none until now, are free, and counted. */
int bch_member_put_free(struct bch_fs *fs, u32 dev_idx, u64 from, u64 to);

/* Pending: the member has @change more buckets of @data_type, which are empty, than in the committed state. */
int bch_member_count(struct bch_fs *fs, u32 dev_idx, u8 data_type, s64 change);

/* Pending: the bucket, which is free or one of these, holds @nr_sectors of superblock or journal; of BCH_DATA_free: none. */
int bch_member_set_bucket(struct bch_fs *fs, u32 dev_idx, u64 nr, u8 data_type, u32 nr_sectors);

/* Pending: what @r, to which nothing was fed, knows of the member: buckets of superblocks and journal. */
int bch_member_put_reserved(const struct bch_recount *r, u32 dev_idx);

/* Pending: its buckets from @end on, which are empty, are none any more. -BCH_ERR_no_space where one is not. */
int bch_member_cut(struct bch_fs *fs, u32 dev_idx, u64 end);

/*
 * A change of superblocks and keys that belong together. From _begin on, until _end makes it whole, the superblock says
 * what has to be checked where it is cut off between the two.
 */
struct bch_members_change {
	struct bch_fs *fs;
	u64 passes; /* that were not scheduled before */
};

/* After bch_writer_start(): what is pending, and the superblock in memory, come with the next commit. */
int bch_members_change_begin(struct bch_members_change *c, struct bch_fs *fs);

/* After the last commit: the superblocks as they are in memory then, clean where they can be. */
int bch_members_change_end(struct bch_members_change *c);

#endif
