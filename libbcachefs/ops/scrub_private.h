/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scrub, for its files. The keys are walked over once, in their order. Those that point to something are gathered in a
 * batch until its memory is used up; then all that they point to is read in one sweep over each member, in the order of
 * the member, by all threads; then the next batch is gathered.
 *
 * Backpointers would give one sweep for all, but they are derived: those that are wrong or missing would leave out just
 * what may be damaged, cached copies have none before 1.21, and looking up the key behind each takes eight times as long
 * as coming to it in a walk (607 ns against 80, of 12000 keys in their order and in memory). A batch of the usual size is
 * a sweep over 64 GiB in blobs of 64 KiB, in which the time to come back to where it began does not matter.
 */

#ifndef BCHFS_OPS_SCRUB_PRIVATE_H
#define BCHFS_OPS_SCRUB_PRIVATE_H

#include <stdatomic.h>

#include <bcachefs/scrub.h>
#include "base/array.h"
#include "base/thread_pool.h"
#include "file/file.h"
#include "ondisk/keys.h"
#include "super/super.h"

#define BCH_SCRUB_FINDINGS_MAX 100000

/* What a key leads to; the name in JSON. */
/* clang-format off */
#define BCH_SCRUB_KINDS(K)	\
	K(data)			\
	K(btree_node)		\
	K(stripe)		\
	K(superblock)		\
	K(journal)
/* clang-format on */

enum bch_scrub_kind {
#define K(name) BCH_SCRUB_##name,
	BCH_SCRUB_KINDS(K)
#undef K
	BCH_SCRUB_KIND_NR
};

/* Result of a piece besides 0 and negative codes. */
#define BCH_SCRUB_NOT_READ 1

/* A key of the batch. */
struct bch_scrub_key {
	struct bch_key k;	  /* without its value */
	u32 val_at, val_len;	  /* in the batch's values */
	u8 kind, btree_id, level; /* level: of a node that it points to, else 0 */
	bool has_good;		  /* a copy of all of it was right */
};

/* What is read and judged as one: a blob, a node, a part of what has no checksum, a unit of a stripe's block. */
struct bch_scrub_piece {
	u64 sector;
	u32 nr_sectors;
	u32 key; /* in the batch */
	u32 at;	 /* data: sectors from the key's start to what the piece holds; stripe: the unit */
	s32 err; /* 0: right */
	u16 problem; /* of a node: enum bch_fsck_error; 0: none */
	u8 nr;	     /* of the pointer in the key, or of the stripe's block */
	bool plain;  /* has no checksum */
};

struct bch_scrub_member {
	struct bch_scrub_dev dev;  /* what is shown; counters as below */
	struct bch_blkdev *blkdev; /* NULL: missing */
	bool wanted;
	u64 estimate, found; /* bytes to be read: as the filesystem counts, in batches so far */
	_Atomic u64 checked, no_csum; /* counts alone: no order is needed */
	BCH_ARRAY(struct bch_scrub_piece) pieces;
};

/* A bad range. */
struct bch_scrub_finding {
	u8 kind, btree_id, level;
	bool lost;     /* no copy is good */
	bool repaired; /* it is not in use any more, or right again */
	u8 block;      /* of a stripe, which is at @pos */
	bool parity, in_stripe;
	u16 problem;
	s32 err; /* of what is lost: device_missing: no copy is there; data_lost: that was known */
	u32 dev_idx; /* device_missing: one of those that had a copy */
	u64 sector;
	u64 ptr_sector;	    /* data, nodes: where the pointer leads to, at @sector or before */
	u64 bytes;	    /* that no finding before it has */
	u64 seq;	    /* of a journal entry */
	struct bch_pos pos; /* the key */
	u64 from, to;	    /* sectors of the key's range; data alone */
};

struct bch_scrub {
	struct bch_fs *fs;
	const struct bch_scrub_opts *opts;
	u16 version;
	u32 node_sectors;
	bool all;	 /* members are wanted */
	bool incomplete; /* some keys could not be read */
	struct bch_thread_pool *pool;
	struct bch_progress *progress; /* NULL: none */
	struct bch_scrub_member *members;
	u32 nr_members;
	atomic_flag showing; /* a thread is; others pass by */
	_Atomic u64 next_show_ns;

	/* the batch */
	BCH_ARRAY(struct bch_scrub_key) keys;
	BCH_ARRAY(u8) values;
	size_t batch_bytes; /* used */

	BCH_ARRAY(struct bch_scrub_finding) findings;
	u64 nr_bad, nr_repaired;
};

/* ------------------------------------------------------------------ scrub.c */

/* The member that is to be checked, NULL where @dev_idx is none. */
struct bch_scrub_member *bch_scrub_wanted(const struct bch_scrub *s, u32 dev_idx);

/* @bytes of @m were read; of them @no_csum have no checksum. Shows it where it is time. Any thread. */
void bch_scrub_advance(struct bch_scrub *s, struct bch_scrub_member *m, u64 bytes, u64 no_csum);

/* A bad range. -BCH_ERR_no_memory. */
int bch_scrub_found(struct bch_scrub *s, const struct bch_scrub_finding *f);

/* ------------------------------------------------------------------ the others */

/* scrub_super.c: the copies of superblocks, and of journal entries that are to be replayed. */
int bch_scrub_supers(struct bch_scrub *s);
int bch_scrub_journal(struct bch_scrub *s);

/* scrub_collect.c: walks over all keys, and sweeps whenever the batch is full and in the end. */
int bch_scrub_keys(struct bch_scrub *s);

/* scrub_sweep.c: reads what the batch leads to, and judges it. -BCH_ERR_cancelled: not all. */
int bch_scrub_sweep(struct bch_scrub *s);

/* scrub_judge.c: is what was read for a piece right? The error, and the problem of a node, go into the piece. */
struct bch_key bch_scrub_key_of(const struct bch_scrub *s, const struct bch_scrub_piece *p);
struct bch_extent_ptr bch_scrub_ptr_of(const struct bch_scrub *s, const struct bch_key *k, u8 nr);
bool bch_scrub_same_blob(const struct bch_scrub *s, const struct bch_scrub_piece *a,
			 const struct bch_scrub_piece *b);
void bch_scrub_judge(struct bch_scrub *s, struct bch_scrub_piece *p, const void *bytes);

/* scrub_verdict.c: takes down what is bad in the batch, and whether it is lost. */
int bch_scrub_verdict(struct bch_scrub *s);

/*
 * scrub_repair.c: has what is bad and not lost be written anew, and notes in the findings what was. *@interrupted: not all
 * was done.
 */
int bch_scrub_repair(struct bch_scrub *s, bool *interrupted);

/* scrub_show.c: the table and the bad ranges. *@interrupted: some are without their names. */
int bch_scrub_show(struct bch_scrub *s, struct bch_facts *facts, bool *interrupted);

#endif
