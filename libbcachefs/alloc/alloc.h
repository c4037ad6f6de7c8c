/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is derived from all other keys: counters and buckets; read as they are stored, and counted anew. Format reference:
 * 06, 08 §5, §7, §9.
 */

#ifndef BCHFS_ALLOC_ALLOC_H
#define BCHFS_ALLOC_ALLOC_H

#include <bcachefs/progress.h>
#include "base/array.h"
#include "base/map.h"
#include "base/radix.h"
#include "ondisk/bkey.h"
#include "ondisk/key_accounting.h"
#include "ondisk/key_alloc.h"
#include "ondisk/key_extent.h"
#include "ondisk/keys.h"

struct bch_fs;

/* ------------------------------------------------------------------ sets of counters */

struct bch_counter {
	struct bch_map_node node;
	struct bch_pos
		pos; /* what is counted, in an order and form that is the same in all versions */
	s64 v[BCH_ACCOUNTING_COUNTERS_MAX];
};

/* Counters by what they count; all zero and not there are the same. */
struct bch_counters {
	struct bch_map map;
	/* by type, the one that was added to last: most keys count for the same */
	struct {
		struct bch_accounting what;
		struct bch_counter *c; /* NULL: none yet */
	} last[BCH_ACCOUNTING_NR];
};

/* An empty set; and its memory is given back. */
struct bch_counters bch_counters(void);
void bch_counters_end(struct bch_counters *counters);
static inline void bch_counters_cleanup(struct bch_counters *counters)
{
	bch_counters_end(counters);
}

/* What @c counts. */
struct bch_accounting bch_counter_what(const struct bch_counter *c);

/* Adds @v. -BCH_ERR_no_memory. */
int bch_counters_add(struct bch_counters *counters, const struct bch_accounting *what,
		     const s64 v[BCH_ACCOUNTING_COUNTERS_MAX]);

/* Of what @what says; of one that is not there, zeroes. */
const s64 *bch_counters_get(const struct bch_counters *counters, const struct bch_accounting *what);

/* In the order of types and of what they count; @after NULL: the first. NULL at the end. */
const struct bch_counter *bch_counters_next(const struct bch_counters *counters,
					    const struct bch_counter *after);

/*
 * The counters of @fs as they are stored: in the btree accounting, before 1.9 in the usage records of the clean section
 * or of the journal. Those of inodes (there may be as many as inodes) and of types that we do not know are left out.
 * -BCH_ERR_btree_node_read_failed where some could not be read, -BCH_ERR_no_memory.
 */
int bch_accounting_read(struct bch_fs *fs, struct bch_counters *counters);

/* Have filesystems of @version the btree accounting? */
static inline bool bch_version_has_accounting(u16 version)
{
	return version >= BCH_VERSION(1, 9);
}

/* ------------------------------------------------------------------ backpointers */

/* A walk over the backpointers that a key should have, up to 1.28; a node's pointer is a key of @level 1 or more. */
struct bch_backpointers {
	const struct bch_key_fs *fs;
	u16 version;
	u8 btree_id, level;
	const struct bch_key *k;
	struct bch_extent_walk walk;
	u32 block;
};

/* @fs and @k must outlive it. Whether a cached pointer is stale is not looked at. */
struct bch_backpointers bch_backpointers_of(const struct bch_key_fs *fs, u16 version, u8 btree_id,
					    u8 level, const struct bch_key *k);

/* The next one and where it stands. False at the end. */
struct bch_backpointer;
bool bch_backpointers_next(struct bch_backpointers *w, struct bch_pos *at,
			   struct bch_backpointer *bp);

/* ------------------------------------------------------------------ recount */

struct bch_recount_bucket {
	u32 dirty_sectors, cached_sectors, stripe_sectors;
	u32 stripe; /* as in struct bch_alloc */
	u8 stripe_redundancy;
	u8 hint;	    /* what leads here: a data type, 0: nothing yet */
	u8 gen, oldest_gen; /* these four are as stored: they are not derived from anything */
	u8 stored_type;
	bool need_discard;
	bool has_key;
};

struct bch_recount_stripe {
	u64 idx;
	u8 nr_blocks, nr_redundant;
	struct bch_ptr blocks[BCH_PTRS_MAX];
	s64 nr_sectors[BCH_PTRS_MAX]; /* of data in each, as counted */
	u16 block_sectors;
};

/* What extents of an inode take: of inode 0 those of the btree reflink. */
struct bch_inum_count {
	u64 inum;
	s64 v[BCH_ACCOUNTING_COUNTERS_MAX];
};

struct bch_recount_sink {
	void *arg;
	/* An inode's counters are complete; in the order of inodes, each once. An error ends the recount. */
	int (*inum)(void *arg, const struct bch_inum_count *count);
	/* Of bch_recount_walk(): each key, before it counts. An error ends the recount. */
	int (*key)(void *arg, u8 btree_id, u8 level, const struct bch_key *k);
	/* Of bch_recount_walk(): count without pending changes, but for those of alloc keys. */
	bool committed;
	struct bch_progress *progress; /* of bch_recount_walk(), in leaves; NULL: silent */
};

/*
 * Recounts counters and buckets from keys that it is fed. In memory are the counters but those of inodes, 32 bytes a
 * bucket in use, and the stripes. Not for two threads.
 */
struct bch_recount {
	struct bch_fs *fs;
	u16 version;
	struct bch_recount_sink sink; /* .inum, .key NULL: nobody wants these */
	struct bch_counters counters;
	struct bch_radix buckets; /* by device and bucket: those of which something is known */
	BCH_ARRAY(struct bch_recount_stripe) stripes; /* by idx */
	struct bch_inum_count inum;
	bool has_inum;
	bool missing; /* bch_recount_walk() could not read all so far */
	struct bch_key_fs key_fs;
};

/* An empty one of the open @fs, its superblocks and journals counted. *@recount is for bch_recount_free(). */
int bch_recount_new(struct bch_fs *fs, const struct bch_recount_sink *sink,
		    struct bch_recount **recount);
void bch_recount_free(struct bch_recount *recount);
static inline void bch_recount_cleanup(struct bch_recount **recount)
{
	bch_recount_free(*recount);
}

/*
 * Feeds a key of a node of @level, a pointer to the root with the root's level + 1. The leaves of alloc come first, then
 * those of stripes, then of reflink, then all others, those of extents in order. Which btrees matter:
 * bch_recount_wants(). -BCH_ERR_no_memory, or the sink's error.
 */
int bch_recount_key(struct bch_recount *recount, u8 btree_id, u8 level, const struct bch_key *k);

/* Do the keys in leaves of @btree_id count? (Pointers to nodes do in all.) */
bool bch_recount_wants(const struct bch_recount *recount, u8 btree_id);

/* After the last key: the counters are complete. */
int bch_recount_finish(struct bch_recount *recount);

/* Moves the counters to @counters, an empty set. */
void bch_recount_take_counters(struct bch_recount *recount, struct bch_counters *counters);

/*
 * Feeds all of @fs, in the order that is wanted, and finishes. What cannot be read is said and passed over:
 * -BCH_ERR_btree_node_read_failed at the end. -BCH_ERR_cancelled.
 */
int bch_recount_walk(struct bch_recount *recount);

/* What is known of a bucket, made where that is nothing yet; NULL where there is no such bucket. -BCH_ERR_no_memory. */
int bch_recount_bucket(struct bch_recount *recount, u64 dev_idx, u64 bucket,
		       struct bch_recount_bucket **b);

/* What is known of a bucket, or NULL. */
struct bch_recount_bucket *bch_recount_bucket_find(const struct bch_recount *recount, u64 dev_idx,
						   u64 bucket);

/* The next bucket of which something is known, from *@dev_idx and *@bucket on, which become its. NULL at the end. */
struct bch_recount_bucket *bch_recount_bucket_next(const struct bch_recount *recount, u32 *dev_idx,
						   u64 *bucket);

/* The stripe @idx as it was counted; NULL: there is none. */
const struct bch_recount_stripe *bch_recount_stripe_at(const struct bch_recount *recount, u64 idx);

/* The stripe that the pointer says, if it lies in it; else NULL. */
const struct bch_recount_stripe *bch_recount_stripe(const struct bch_recount *recount,
						    const struct bch_extent_ptr *p);

/* The options that a key has recorded for rebalance; false where there are none. */
bool bch_rebalance_opts(const struct bch_fs *fs, const struct bch_key *k,
			struct bch_extent_opts *opts);

/* Sectors of an extent or reflink_v that rebalance would rewrite. 06 §9.6. */
u64 bch_rebalance_sectors(const struct bch_fs *fs, const struct bch_key *k);

/* Bucket @b as its alloc key has to say, as far as that is derived; the rest is as it was stored, or zero. */
struct bch_alloc bch_recount_alloc(const struct bch_recount *recount,
				   const struct bch_recount_bucket *b);

/* Sectors of an extent or reflink_v that the mover would write anew if these were its options. Before 1.33: 06 §9.6. */
u64 bch_rebalance_todo(const struct bch_fs *fs, const struct bch_key *k,
		       const struct bch_extent_opts *opts);

/* ------------------------------------------------------------------ derived keys: 06 §9 */

/* A node that is added or goes: the pointer to it, a key of the level above. */
struct bch_node_change {
	u8 btree_id;
	u8 level; /* of the node */
	bool added;
	struct bch_key ptr; /* its value is the caller's */
};

struct bch_derive_opts {
	u64 journal_seq; /* of the entry that will make it durable */
	u64 clock[2];	 /* sectors read and written */
	const struct bch_node_change *nodes;
	size_t nr_nodes;
};

/*
 * Makes anew all derived changes (btree/changes.h) that follow from the given ones and from the nodes, in the encodings
 * of the filesystem's version, 1.9 to 1.28. -BCH_ERR_alloc_inconsistent, said, where what is stored does not fit.
 */
int bch_derive(struct bch_fs *fs, const struct bch_derive_opts *opts);

/* ------------------------------------------------------------------ free space: 06 §12 */

struct bch_space;

/*
 * For one thread. Of a filesystem that @is_new what is free is what was given as such, until bch_space_renew().
 * -BCH_ERR_no_memory.
 */
int bch_space_new(struct bch_fs *fs, bool is_new, struct bch_space **space);

/*
 * For a filesystem that is repaired: until bch_space_renew() what is free is what was given as such, and of that only
 * what @counted knows nothing in, whatever is stored. It must live until then.
 */
void bch_space_trust(struct bch_space *space, const struct bch_recount *counted);

/* Buckets that do not lie within one of the ranges (of bytes, ascending; they must outlive it) are not given out. */
struct bch_io_range;
void bch_space_only(struct bch_space *space, const struct bch_io_range *only, size_t nr);
void bch_space_free(struct bch_space *space);

/* After a commit: what was given out is used, and what was given back is free. */
void bch_space_renew(struct bch_space *space);

/* From now on no bucket of the member from @end on is given out. Nothing that was given out is pending. */
void bch_space_limit(struct bch_space *space, u32 dev_idx, u64 end);

/* A free bucket of a member, and its generation. -BCH_ERR_no_space. */
int bch_space_bucket(struct bch_space *space, u32 dev_idx, u64 *bucket, u8 *gen);

/* About how many there are. */
u64 bch_space_nr_free(struct bch_space *space, u32 dev_idx);

/*
 * Places for the copies of a btree node, of which there are @nr: metadata_replicas, or fewer where there are not enough
 * members, but metadata_replicas_required. -BCH_ERR_no_space, said.
 */
int bch_space_node(struct bch_space *space, struct bch_ptr ptrs[4], u32 *nr);

/* Room for file data, the same length on each of several members. */
struct bch_space_run {
	struct bch_ptr ptrs[BCH_REPLICAS_MAX]; /* where it begins */
	u32 nr_ptrs;
	u32 nr_sectors;
};

/*
 * Where to write @nr_replicas copies of file data next: on members of @target (0: any), on others where these do not
 * suffice, fewer copies where no others have room, but data_replicas_required. There is room for @nr_sectors at least,
 * which is no more than any bucket has; begun buckets in which less is left are given up. The room stays free until
 * bch_space_take(). Some buckets are kept for metadata, as a kernel does. -BCH_ERR_no_space, said.
 */
int bch_space_data(struct bch_space *space, u64 target, u32 nr_replicas, u32 nr_sectors,
		   struct bch_space_run *run);

/* More copies of data that has some. */
struct bch_space_want {
	u64 target;	/* 0: any */
	u32 durability; /* of all that are wanted */
	u32 nr_sectors; /* in one bucket */
	u64 taken[4];	/* members that none is to go to, as bits */
};

/* As bch_space_data(), but what there is room for is what is given, down to nothing. */
int bch_space_copies(struct bch_space *space, const struct bch_space_want *want,
		     struct bch_space_run *run);

/* About how many buckets of a member file data may still take. */
u64 bch_space_data_buckets(struct bch_space *space, u32 dev_idx);

/* Takes the first @nr_sectors of the run, which becomes what is left of it. */
void bch_space_take(struct bch_space *space, struct bch_space_run *run, u32 nr_sectors);

/* ------------------------------------------------------------------ stored and counted */

/* A counter, or a bucket, that is stored other than it was counted. */
struct bch_recount_difference {
	bool is_bucket;
	struct bch_accounting what;
	s64 stored[BCH_ACCOUNTING_COUNTERS_MAX], counted[BCH_ACCOUNTING_COUNTERS_MAX];
	u32 dev_idx;
	u64 bucket;
	struct bch_alloc stored_alloc, counted_alloc;
};

typedef int bch_recount_report(void *arg, const struct bch_recount_difference *d);

/*
 * Recounts @fs and gives each difference to @report, until that returns an error. @counted, an empty set, becomes what
 * was counted (but for inodes). Errors are those of bch_recount_walk().
 */
int bch_recount_compare(struct bch_fs *fs, bch_recount_report *report, void *arg,
			struct bch_counters *counted);

/* The differences of a finished recount alone, pending changes seen: counters but those of inodes; buckets. */
int bch_recount_compare_counters(struct bch_recount *recount, bch_recount_report *report,
				 void *arg);
int bch_recount_compare_buckets(struct bch_recount *recount, bch_recount_report *report, void *arg);

/* The stored counters of inodes, pending changes to them seen, against those that the sink of a recount gets. */
struct bch_inums {
	struct bch_fs *fs;
	u16 version;
	/* Each inode of which something is stored or counted, once; none where all are equal. */
	int (*compare)(void *arg, const struct bch_inum_count *stored,
		       const struct bch_inum_count *counted);
	void *arg;
	bool committed; /* extents were counted without pending changes */
	u8 hash_key[16];
	u64 counted, stored; /* fingerprints */
	bool is_summed;	     /* what is stored */
	bool equal;	     /* there is nothing to be compared one by one */
	u64 nr_found;	     /* stored, not zero, and counted */
	bool missing;	     /* something could not be read */
};

/* @compare and @arg; extents are counted with pending changes, or without. */
struct bch_inums bch_inums(struct bch_fs *fs, bool committed,
			   int (*compare)(void *arg, const struct bch_inum_count *stored,
					  const struct bch_inum_count *counted),
			   void *arg);

/*
 * Sums what is stored, by another thread than that which counts if that is wanted; else comparing does it. Errors are
 * those of cursors.
 */
int bch_inums_sum_stored(struct bch_inums *s);

/*
 * An inode that was counted; when all were, those of them that differ, of those up to what the recount could not read
 * where it has @gaps; and then those that are only stored.
 */
void bch_inums_take(struct bch_inums *s, const struct bch_inum_count *counted);
int bch_inums_compare(struct bch_inums *s, bool gaps);
int bch_inums_finish(struct bch_inums *s);

/* "accounting nr_inodes: 38, counted 37": one line without its end. */
void bch_recount_difference_put(struct bch_buf *out, const struct bch_recount_difference *d,
				u16 version);

/* ------------------------------------------------------------------ one bucket */

/*
 * The generation that pointers into a bucket must have, 0 for one that was never used: 05 §2.9. Any thread.
 * -BCH_ERR_btree_node_read_failed where the btree alloc cannot be read there.
 */
int bch_bucket_gen(struct bch_fs *fs, u32 dev_idx, u64 bucket, u8 *gen);

#endif
