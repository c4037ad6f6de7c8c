/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data mover, for its files and for those who say what is to be moved. Format reference: 05 §2, §8; 06 §13.
 *
 * All extents and shared data are walked over in their order. Those that have to change are gathered in a batch; what
 * these lead to is read in the order of the devices, verified as it is stored, and written as it is stored: neither
 * encoding nor checksum nor nonce change. Then the keys get their new pointers. After so many bytes, and whenever the
 * changes are many, there is a commit. Nodes come last: they are only written anew, elsewhere.
 */

#ifndef BCHFS_OPS_MOVE_H
#define BCHFS_OPS_MOVE_H

#include <bcachefs/move.h>
#include "alloc/alloc.h"
#include "file/file.h"

/* A copy that is bad: of which key, and where. */
struct bch_move_bad {
	struct bch_pos pos;
	u64 sector;
	u32 dev_idx;
};

/* What is to be. */
struct bch_move_job {
	const char *name; /* for progress */
	u64 leaving[4];	  /* members, as bits, that nothing leads to afterwards */
	struct bch_blkdev *
		onto; /* NULL, or the device that gets what leaves, each blob in its place: no key changes */
	u64 tail_sector; /* 0, or from where on nothing leads to member @tail_dev afterwards */
	u32 tail_dev;
	u64 tail_reserved; /* buckets of that member, before its tail, that are for others */
	const struct bch_move_bad *bad; /* copies that give way to new ones; bch_move_bad_sort() */
	size_t nr_bad;
	bool restore; /* there are as many copies as is wanted, none on members that are missing or failed */
	bool drop_extra;  /* there are no more than that, and none that are cached */
	bool keep_cached; /* but these */
	bool retarget; /* data lies on its background target, as far as that has members for it */
	bool recompress, rechecksum; /* data has the form that its file's options say */
	bool rewrite_nodes;	     /* nodes of older forms are written anew */
	bool degrade;		     /* copies that leave are not replaced where others are left */
	bool refuse_lost; /* nothing is done where the survey finds that something is lost */
	bool surveyed;	  /* that was a run of its own, */
	u64 total;	  /* which found so many bytes to be copied */
	bool lose;	  /* data without a copy that can be read becomes an error of its file */
};

static inline bool bch_move_has(const u64 bits[4], u32 dev_idx)
{
	return bits[dev_idx / 64] >> dev_idx % 64 & 1;
}

static inline void bch_move_add(u64 bits[4], u32 dev_idx)
{
	bits[dev_idx / 64] |= 1ULL << dev_idx % 64;
}

/* Is nothing to lead there afterwards? */
static inline bool bch_move_leaves(const struct bch_move_job *job, const struct bch_ptr *p)
{
	return bch_move_has(job->leaving, p->dev_idx) ||
	       (job->tail_sector && p->dev_idx == job->tail_dev &&
		p->offset_sectors >= job->tail_sector);
}

/* Data that has no copy that can be read. */
struct bch_move_loss {
	u8 btree_id;
	struct bch_pos pos;
	u32 size;
	s32 err;
};

/* What is to be done with one key. */
struct bch_move_verdict {
	u32 drop;	/* its pointers that go, by number, as bits */
	u32 replaced;	/* those that go once there are all new copies */
	u32 durability; /* of new copies that are wanted */
	u32 kept;	/* that of copies that stay and are there */
	u64 target;	/* for new copies */
	u64 taken[4];	/* members that cannot get one */
	bool unwritten;
};

struct bch_move_batch;
struct bch_move_room;

/* A run of the mover. One thread, but for reading and writing. */
struct bch_move {
	struct bch_fs *fs;
	const struct bch_move_job *job;
	const struct bch_move_opts *opts;
	struct bch_move_result *result;
	struct bch_progress *progress; /* in bytes; NULL: none */
	struct bch_move_batch *batch;
	struct bch_move_room *room; /* of a survey */
	bool surveys;
	u64 nr_uncommitted; /* bytes that were copied since the last commit */
	u64 total;	    /* bytes to be copied, as the survey found */
	/* The options of the inode that was asked for last. */
	u64 opts_inum;
	u32 opts_snapshot;
	bool has_opts;
	struct bch_io_opts io;
	struct {
		BCH_ARRAY(struct bch_move_loss) a;
	} losses;
	/* Where the walk over leaves is confined to. */
	bool confined;
	u8 btree_id;
	struct bch_pos start, end;
};

/*
 * Does what @job says, once the writer is started. A survey comes first: where room is short nothing is done. Commits all;
 * what is lost is named in the log.
 */
int bch_move_run(struct bch_fs *fs, const struct bch_move_job *job,
		 const struct bch_move_opts *opts, struct bch_move_result *result);

/* Has nothing new go to the members, and marks them in @leaving. -BCH_ERR_refused, said, where no others are left. */
int bch_move_leave(struct bch_fs *fs, const u32 *dev_idx, u32 nr, u64 leaving[4]);

/* Wipes the superblocks of a device that is no member any more, unless they are to be kept, and closes it; NULL is nothing. */
int bch_member_forget(struct bch_blkdev *dev, bool keep_super);

/* Ends what a mover changed: the superblocks name no holders of what is no more, and the filesystem is clean. */
int bch_move_finish(struct bch_fs *fs);

/* ------------------------------------------------------------------ move_key.c */

/* 1 where @k has to change, 0, or an error. */
int bch_move_judge(struct bch_move *m, const struct bch_key *k, struct bch_move_verdict *v);

/* m->io is what holds for the file of @k, and for shared data what holds for all. */
void bch_move_take_options(struct bch_move *m, const struct bch_key *k);

/* Has a node to go elsewhere? More copies than there are members for may be wanted. */
bool bch_move_judge_node(struct bch_move *m, const struct bch_key *k, struct bch_move_verdict *v);

/* Can the data be had by the pointer, as far as that is known? */
bool bch_move_is_source(const struct bch_move *m, const struct bch_key *k,
			const struct bch_extent_ptr *p);

/* The order of bch_move_job's bad copies. */
void bch_move_bad_sort(struct bch_move_bad *bad, size_t nr);

/* The durability of a copy on the member, 0 where that is missing or failed. */
u32 bch_move_durability(const struct bch_fs *fs, u32 dev_idx);

/*
 * @k, without the pointers @drop, and with @new ones to what pointer number @source leads to. Its value is in @val; of a
 * type with no pointers left: deleted, or shared data that is an error. -BCH_ERR_not_supported where there is what we do not know.
 */
int bch_move_rebuild(const struct bch_fs *fs, const struct bch_key *k, u32 drop, u32 source,
		     const struct bch_ptr *new, u32 nr_new, u8 val[BCH_KEY_VALUE_MAX],
		     struct bch_key *rebuilt);

/* ------------------------------------------------------------------ move.c, move_recode.c */

/* A commit where so much was copied, or so much is pending, that it is time. */
int bch_move_commit_if_due(struct bch_move *m);

/* Has as much been copied as is to be? Notes it. */
bool bch_move_is_limited(struct bch_move *m);

/* Writes data anew that is to have another form; of a survey, counts it. The last commit is the caller's. */
int bch_move_recode(struct bch_move *m);

/* ------------------------------------------------------------------ move_batch.c, move_copy.c */

/* -BCH_ERR_no_memory; ended in any case. */
int bch_move_batch_new(struct bch_move *m);
void bch_move_batch_free(struct bch_move *m);

/* Adds a key that has to change. Then: is the batch full? */
int bch_move_batch_add(struct bch_move *m, u8 btree_id, const struct bch_key *k,
		       const struct bch_move_verdict *v);
bool bch_move_batch_is_full(const struct bch_move *m);

/* Copies what is to be copied, puts the keys, and makes the batch empty. */
int bch_move_batch_run(struct bch_move *m);

/* ------------------------------------------------------------------ move_clone.c */

/* Writes what the batch's keys lead to on the leaving member to job->onto, each blob to its place; of a node. */
int bch_move_clone_batch(struct bch_move *m);
int bch_move_clone_node(struct bch_move *m, u8 btree_id, u8 level, const struct bch_key *k);

/* ------------------------------------------------------------------ move_nodes.c, move_room.c, move_lost.c */

/* Calls for each node that has to change, from the leaves up; with surveys only counts them. Commits. */
int bch_move_nodes(struct bch_move *m);

/* Is there room for all copies? Counts what one key wants, without doing it. */
int bch_move_room_new(struct bch_move *m);
void bch_move_room_free(struct bch_move *m);
void bch_move_room_take(struct bch_move *m, const struct bch_key *k,
			const struct bch_move_verdict *v);
void bch_move_room_take_node(struct bch_move *m, const struct bch_move_verdict *v);

/* -BCH_ERR_no_space, said with the bytes that are missing. */
int bch_move_room_check(struct bch_move *m);

/* The data of @k has no copy that can be read: @err. */
int bch_move_lost(struct bch_move *m, u8 btree_id, const struct bch_key *k, int err);

/* What shows shared data that is lost becomes an error: then that goes, as nothing refers to it. After a commit. */
int bch_move_lose_shared(struct bch_move *m);

/* A line in the log for each file of which something is lost. */
int bch_move_name_losses(struct bch_move *m);

#endif
