/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The check of a filesystem: what its files give each other. Format reference: 07.
 *
 * A check walks over the keys as they are with all repairs so far (struct bch_check_walk), tells of a problem
 * (bch_problem()), and where the answer is yes queues the repair (bch_repair()): the walk's next step sees it. All steps
 * run again until a round finds nothing more to repair.
 *
 * What follows from other keys (alloc, accounting, backpointers ...) is checked against the state on disk, and its
 * repairs are quiet; those of the other keys then have their consequences derived as any change has.
 */

#ifndef BCHFS_CHECK_CHECK_H
#define BCHFS_CHECK_CHECK_H

#include "btree/btree.h"
#include "check/problem.h"
#include "file/file.h"
#include "ondisk/keys.h"
#include "super/super.h"

struct bch_check_repair;
struct bch_check_alloc;
struct bch_check_step;
struct bch_thread_pool;

struct bch_check {
	struct bch_fs *fs;
	struct bch_ctx *ctx;
	const struct bch_fsck_opts *opts;
	struct bch_thread_pool *pool; /* that reads nodes ahead */
	bool nodes_are_good;	      /* all were looked at, and nothing is wrong with any */
	struct bch_key_fs key_fs;
	struct bch_key_context
		key_context; /* for texts: btree and level are set where it is used */
	u16 version;

	struct bch_map told; /* problems, by a hash of their texts */
	u8 told_key[16];
	struct {
		BCH_ARRAY(struct bch_fsck_count) a;
	} counts; /* by id */
	struct {
		BCH_ARRAY(struct bch_fsck_file) a;
	} files;       /* that problems were about, as they came */
	u8 *replies;   /* by id: an enum bch_fsck_reply to all of a kind, or 0 */
	u64 silent[8]; /* ids that are repaired without a word, as bits: 01 §8.12 */

	struct {
		BCH_ARRAY(struct bch_check_repair *) a;
	} queue;			/* repairs that are not pending changes yet */
	u64 nr_repairs;			/* in this round */
	u64 nr_applied;			/* in all */
	u64 metadata_bytes;		/* of nodes that were read */
	u64 nr_nodes[BCH_BTREE_ID_MAX]; /* that there are, as far as they were looked at */
	struct bch_progress *progress;	/* of the step that runs, in nodes; NULL: silent */
	u32 round; /* from 0 on: problems are told with the passes in the first */
	/* the step whose passes are to be told with its first problem; NULL: they were */
	const struct bch_check_step *untold;
	bool repaired;	   /* something is to be committed */
	bool write_supers; /* with the layouts: some copy is bad */
	u64 lost_data;	   /* btrees of which keys are known to be lost: bits by id */
	bool writes;	   /* at the end */
	bool look_only; /* a no leaves nothing else to write: what follows is as with BCH_FSCK_NO */
	bool has_snapshots; /* they are loaded, as they were after @snapshots_at repairs */
	u64 snapshots_at;
	struct {
		BCH_ARRAY(u32) a;
	} dead;		  /* snapshots that are going to be deleted, with their keys */
	bool lru_differs; /* in this round */
	/* members whose flag is to be set, as bits */
	u64 freespace_made[BCH_SB_MAX_MEMBERS / 64 + 1];
	/* what this round's scan of pointers found; NULL: none yet */
	struct bch_check_alloc *alloc;
};

#define BCH_CHECK_MEMORY_DEFAULT (256ULL << 20)

/* Each use of memory that can do with less gets a quarter: how many objects of @bytes fit in there; one in any case. */
static inline size_t bch_check_room(const struct bch_check *c, size_t bytes)
{
	u64 memory = c->opts->memory ? c->opts->memory : BCH_CHECK_MEMORY_DEFAULT;

	return memory / 4 < bytes ? 1 : memory / 4 / bytes;
}

/* ------------------------------------------------------------------ problems: problem.c */

/*
 * Tells of a problem. 1: it is to be repaired, 0: it is not, or an error. The same text is told once, and gets the same
 * answer again. What the superblock says is to be expected is repaired, and not told.
 */
int bch_problem(struct bch_check *c, u32 id, const char *fmt, ...) bch_printf(3, 4);

/* The same of a key, which is shown behind the text. */
int bch_problem_key(struct bch_check *c, u32 id, u8 btree_id, const struct bch_key *k,
		    const char *fmt, ...) bch_printf(5, 6);

/* The same, of inode @inum, where the key is not at hand. */
int bch_problem_inode(struct bch_check *c, u32 id, u64 inum, const char *fmt, ...) bch_printf(4, 5);

/* The passes of the step that runs begin, as far as they do before its problems: once. run.c */
int bch_check_tell_step(struct bch_check *c);

/* Is a problem to be expected? */
bool bch_problem_is_silent(const struct bch_check *c, u32 id);

/* Begin and end of all that is told. -BCH_ERR_no_memory. */
int bch_problems_begin(struct bch_check *c);
void bch_problems_end(struct bch_check *c);

/* ------------------------------------------------------------------ repairs: repair.c */

/* A queued change. */
struct bch_check_repair {
	u8 btree_id;
	unsigned flags; /* enum bch_update_flags */
	struct bch_key k;
	u8 value[];
};

/* Has a copy of @k (deleted: nothing) be at its position. @flags: enum bch_update_flags. */
int bch_repair(struct bch_check *c, u8 btree_id, const struct bch_key *k, unsigned flags);

/* Has nothing be there; another snapshot's key may be seen there then. */
int bch_repair_delete(struct bch_check *c, u8 btree_id, struct bch_pos pos);

/* Has nothing be seen there from pos.snapshot and those below: a whiteout, where another's key would show. 04 §2.3 */
int bch_repair_hide(struct bch_check *c, u8 btree_id, struct bch_pos pos);

/* Makes what is queued pending. */
int bch_repairs_apply(struct bch_check *c);
void bch_repairs_drop(struct bch_check *c);

/* ------------------------------------------------------------------ keys */

/* A key as `list` prints it. */
void bch_check_key_put(struct bch_check *c, struct bch_buf *out, u8 btree_id,
		       const struct bch_key *k);

/*
 * A walk over the keys of a btree as all repairs so far leave them. What cannot be read was told by the check of nodes,
 * and is passed over. Several walks may be open at once; a key that one gives lives until the next call on any.
 */
struct bch_check_walk {
	struct bch_check *c;
	struct bch_cursor cur;
	struct bch_pos next, to; /* where to go on */
	u64 nr_applied;		 /* repairs that @cur has seen */
	u32 nr_nodes;		 /* of @cur, that the progress knows */
	bool done;
};

/* From @from to @to; to be ended. */
struct bch_check_walk bch_check_walk(struct bch_check *c, u8 btree_id, struct bch_pos from,
				     struct bch_pos to);
/* 1 and the next key, 0 at the end, or an error. What is queued becomes pending first. */
int bch_check_walk_next(struct bch_check_walk *w, struct bch_key *k);
void bch_check_walk_end(struct bch_check_walk *w);
static inline void bch_check_walk_cleanup(struct bch_check_walk *w)
{
	bch_check_walk_end(w);
}

/*
 * The key at @pos: 1, 0 where there is none, or an error. Its value lives as long as @cur, which is to be ended before
 * the next call on a walk.
 */
int bch_check_key(struct bch_check *c, u8 btree_id, struct bch_pos pos, struct bch_cursor *cur,
		  struct bch_key *k);

static inline bool bch_check_is_whiteout(const struct bch_key *k)
{
	return k->type == BCH_KEY_deleted || k->type == BCH_KEY_whiteout ||
	       k->type == BCH_KEY_extent_whiteout || k->type == BCH_KEY_hash_whiteout;
}

/* ------------------------------------------------------------------ steps */

/* Of each: 0 or an error. They are in the order in which they run: run.c. */
int bch_check_device_ends(struct bch_check *c); /* these four once, before all others */
int bch_check_supers(struct bch_check *c);
int bch_check_journal(struct bch_check *c);
int bch_check_nodes(struct bch_check *c);
int bch_check_allocations(struct bch_check *c);
int bch_check_alloc_info(struct bch_check *c);
int bch_check_lrus(struct bch_check *c);
int bch_check_backpointers(struct bch_check *c);
int bch_check_alloc_to_lru_refs(struct bch_check *c);
int bch_check_snapshot_trees(struct bch_check *c);
int bch_check_snapshots(struct bch_check *c);
int bch_check_subvols(struct bch_check *c);
int bch_check_dead_snapshots(struct bch_check *c);
int bch_check_logged_ops(struct bch_check *c);
int bch_check_inodes(struct bch_check *c);
int bch_check_names(struct bch_check *c);
int bch_check_dead_inodes(struct bch_check *c);
int bch_check_rebalance_work(struct bch_check *c);

/* Reads which snapshots there are, where repairs may have changed that. */
int bch_check_see_snapshots(struct bch_check *c);

/* What the scan of pointers counted; NULL: there was none, or it could not read all. */
const struct bch_recount *bch_alloc_found(const struct bch_check *c);

/* Forgets what was found of pointers: they are looked at anew. NULL is nothing. */
void bch_check_alloc_free(struct bch_check_alloc *alloc);

/* ------------------------------------------------------------------ the end: finish.c */

/* Makes the repairs durable, and what the superblock says about errors and passes true. */
int bch_check_commit(struct bch_check *c, struct bch_fsck_result *result);

#endif
