/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How pending changes become durable, all at once or not at all. Format reference: 02 §10.5; 03 §8; 06 §9.
 *
 * Changes are put with bch_update(); readers see them at once. bch_commit() writes the nodes that they touch anew, to
 * free space, then one journal entry with all roots: that is the instant at which they are there. Nothing that is in
 * use is overwritten, but for superblocks.
 */

#ifndef BCHFS_COMMIT_COMMIT_H
#define BCHFS_COMMIT_COMMIT_H

#include "alloc/alloc.h"
#include "btree/btree.h"
#include "super/super.h"

struct bch_writer_opts {
	const u8 *seed; /* 16 bytes, from which all random numbers follow; NULL: they are random */
	bool is_new;	/* nothing was ever written to it */
	/*
	 * Of a new one, for its one commit: the counters are in the entry alone, and it is left to be replayed. Kernels
	 * from 1.15 on cannot read a node of counters in the order of older versions: 03 §10.3, §13.2.
	 */
	bool counters_in_journal;
	bool is_passing; /* of a new one: no commit needs to last before bch_writer_make_durable() */
	u32 nr_threads; /* that encode and write; 0: as many as processors. What is written is the same */
	/* Of one that is repaired, for its first commit: bch_space_trust(). NULL: what is stored is right. */
	const struct bch_recount *counted;
};

/*
 * Prepares an open and started @fs, opened with BCH_OPEN_WRITE, for changes. Once. Ended by bch_writer_finish(); without
 * that the filesystem stays as the last commit left it, to be replayed. @opts may be NULL.
 *
 * Return: 0, or
 *   -BCH_ERR_version_unsupported	older than 1.9 or newer than 1.28, said
 *   -BCH_ERR_btree_lost		a root is lost: to be repaired first
 *   -BCH_ERR_refused			stripped of what is known about allocation, said
 */
int bch_writer_start(struct bch_fs *fs, const struct bch_writer_opts *opts);

/* Its refusals alone, by what the superblock says. */
int bch_writer_check(struct bch_fs *fs);

/* Its journal, for whom has it lie elsewhere. */
struct bch_journal_writer *bch_writer_journal(struct bch_fs *fs);

/* A number that nobody can guess, or that follows from the seed. */
u64 bch_writer_random(struct bch_fs *fs);

/* Free space, of which what is written between two commits is taken too; and threads for work. */
struct bch_space *bch_writer_space(struct bch_fs *fs);
struct bch_thread_pool *bch_writer_pool(struct bch_fs *fs);

/* Has the superblock be written before the next commit, or else in the end. */
void bch_writer_super_changed(struct bch_fs *fs);

/* Has the superblock name no holders of what is no more. After the last commit, before bch_writer_finish(). 06 §8.1 */
int bch_writer_prune_replicas(struct bch_fs *fs);

/* Has the superblock announce @feature (enum bch_feature) before the next commit. */
void bch_writer_need_feature(struct bch_fs *fs, u32 feature);

enum bch_update_flags {
	BCH_UPDATE_QUIET = 1 << 0, /* nothing follows from it: no derived keys */
};

/* Has a copy of @k (deleted: nothing) be at its position. -BCH_ERR_no_memory. */
int bch_update(struct bch_fs *fs, u8 btree_id, const struct bch_key *k, unsigned flags);

/* Have the changes so many that they should be committed at the next point where they are whole? */
bool bch_commit_wanted(const struct bch_fs *fs);

/*
 * Makes all pending changes durable, with all that follows from them, and what only the journal held. Before anything
 * is written it is known that there is room: -BCH_ERR_no_space. After an error while writing @fs takes no more changes;
 * on disk is the old state, whole, or the new one.
 */
int bch_commit(struct bch_fs *fs);

/*
 * The same, together with what was changed in the superblock, of a filesystem that is clean (bch_writer_finish()) and stays
 * so: a crash leaves both as they were, or both as they are to be. -BCH_ERR_refused where it is not clean.
 */
int bch_commit_with_super(struct bch_fs *fs);

/* Will bch_writer_finish() mark the filesystem clean? -BCH_ERR_refused, said, where something has to be ended first. */
int bch_writer_check_clean(const struct bch_fs *fs);

/*
 * Drops the btrees about allocation with their nodes, and marks the filesystem so that a kernel from 6.16 on makes them anew
 * when it is mounted to be written; it is clean then. Nothing may be pending, and no changes can come after it.
 * -BCH_ERR_refused where a kernel has to end first what it had begun, said.
 */
int bch_strip_alloc(struct bch_fs *fs);

/* The members' bitmaps of where nodes are came with it. 06 §8.4 */
#define BCH_VERSION_BTREE_BITMAP BCH_VERSION(1, 7)

/* Has @m say that there may be nodes in sectors from @start to @end. True where it did not. */
bool bch_member_mark_nodes(struct bch_member *m, u64 start, u64 end);

/* What was committed to a new filesystem is durable from now on, and so is each later commit. */
int bch_writer_make_durable(struct bch_fs *fs);

/* Marks the filesystem clean, where it can be. Nothing may be pending. */
int bch_writer_finish(struct bch_fs *fs);

#endif
