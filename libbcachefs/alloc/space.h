/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is free, for the files that give it out. */

#ifndef BCHFS_ALLOC_SPACE_H
#define BCHFS_ALLOC_SPACE_H

#include "alloc/private.h"
#include "super/super.h"

/* A member's free buckets. */
struct bch_space_member {
	u64 next, run_end; /* offsets in a list of free buckets: the run that is being given out */
	u64 after;	   /* where to look for the next one */
	u8 list;	   /* in which */
	u64 nr_free;	   /* as counted, less what was given out */
	u64 end;	   /* 0, or no bucket from there on is given out */
	u16 bucket_sectors;
	/* the bucket that nodes go into */
	u64 open_sector;
	u32 nr_slots; /* left in it */
	u8 open_gen;
	/* the one that file data goes into */
	u64 data_sector;
	u32 data_left; /* sectors */
	u8 data_gen;
	bool knows_free;
};

struct bch_space {
	struct bch_fs *fs;
	unsigned view;			   /* of what is free: a cursor's flags */
	const struct bch_recount *counted; /* NULL, or what must not be taken */
	bool shares;			   /* nodes share buckets */
	u32 node_sectors;
	const struct bch_io_range *only; /* bytes of each member, ascending; NULL: all */
	size_t nr_only;
	struct bch_write_devs node_devs;
	struct bch_space_member members[BCH_SB_MAX_MEMBERS];
};

/* Of @devs, less those in @taken (bits), the one with the most free; nr_members where there is none. */
u32 bch_space_emptiest(struct bch_space *s, const struct bch_write_devs *devs, const u64 taken[4]);

static inline bool bch_space_is_taken(const u64 taken[4], u32 dev_idx)
{
	return taken[dev_idx / 64] >> dev_idx % 64 & 1;
}

#endif
