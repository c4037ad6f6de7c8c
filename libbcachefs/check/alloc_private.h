/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the checks of all that is derived from pointers give each other. Format reference: 06, 07 §4.3 to §4.8.
 *
 * A round begins with one scan of all keys that point somewhere, as they are committed: they are recounted, and each
 * bucket gets a fingerprint, the sum of keyed hashes of the backpointers that they imply. The steps hold against that what
 * is stored, pending repairs seen. Only where the two differ, exactly what differs is looked for.
 *
 * Repairs of derived keys are quiet, so they bring the derived btrees in line with what is committed; what follows from
 * the repairs of pointers is derived at the commit from there on.
 */

#ifndef BCHFS_CHECK_ALLOC_PRIVATE_H
#define BCHFS_CHECK_ALLOC_PRIVATE_H

#include "alloc/alloc.h"
#include "check/check.h"
#include "ondisk/key_backpointer.h"

enum bch_bucket_flags {
	BCH_BUCKET_CURRENT = 1 << 0, /* a dirty pointer has the bucket's generation */
	BCH_BUCKET_OTHER = 1 << 1,   /* one has another: @other_gen is the newest */
	BCH_BUCKET_NODES = 1 << 2,   /* pointers to nodes lead here */
	BCH_BUCKET_DATA = 1 << 3,    /* pointers to data do */
	BCH_BUCKET_TAKES = 1 << 4,   /* it is to take @other_gen */
	BCH_BUCKET_DIFFERS = 1 << 5, /* backpointers are to be compared one by one */
};

/* What the scan learns of a bucket besides what the recount does. */
struct bch_bucket_facts {
	u32 sum[2]; /* of backpointers, implied less stored: two halves */
	u8 flags;   /* enum bch_bucket_flags */
	u8 other_gen;
};

/* Shared data: counted is what points to it. */
struct bch_shared {
	u64 start, end; /* index */
	u64 nr_refs;
};

struct bch_alloc_stored;

struct bch_check_alloc {
	u32 round;
	bool missing;	  /* not all could be read: nothing is to be said */
	bool suspect;	  /* a pointer does not fit its bucket */
	bool no_counters; /* not even inodes are counted: the btree of counters was lost */
	u8 hash_key[16];
	struct bch_recount *recount;
	struct bch_inums inums;
	struct bch_alloc_stored *stored; /* NULL: nothing was summed beside the scan */
	struct bch_radix facts;		 /* of buckets, by bch_bucket_place() */
	struct {
		BCH_ARRAY(struct bch_shared) a;
	} shared; /* from the first on, as many as memory is given for */
	struct bch_pos shared_from, shared_to; /* what lies there in the btree is in @shared */
	bool has_gaps;	   /* a pointer leads to shared data that is not there */
	u64 rebalance_sum; /* fingerprint of extents that are to be rewritten */
	u64 key_version;   /* the newest of all keys */
	u8 compression;	   /* types of compression that are in use, as bits */
};

/* Up to here derived keys have the forms that we write; later ones are only recounted. */
#define BCH_VERSION_DERIVED_MAX BCH_VERSION(1, 28)

static inline u64 bch_bucket_place(u32 dev_idx, u64 bucket)
{
	return (u64)dev_idx << 32 | bucket;
}

/* ------------------------------------------------------------------ alloc_scan.c */

/* May the derived keys be checked: has a kernel or we begun it? */
bool bch_alloc_is_checked(const struct bch_check *c);

/* Scans, once a round. */
int bch_alloc_scan(struct bch_check *c);

/* Where @p leads: the bucket's facts, made where there are none. NULL: no such bucket. -BCH_ERR_no_memory. */
int bch_alloc_facts(struct bch_check *c, u32 dev_idx, u64 bucket, struct bch_bucket_facts **facts);

/* The bucket of a sector; false where the device is no member. */
bool bch_alloc_bucket_of(const struct bch_check *c, u32 dev_idx, u64 sector, u64 *bucket);

/* What the recount knows of a bucket; NULL: nothing. */
struct bch_recount_bucket *bch_alloc_counted(const struct bch_check *c, u32 dev_idx, u64 bucket);

/* One of a cached pointer that is stale may be there or not. */
bool bch_alloc_bp_matters(const struct bch_check *c, u32 dev_idx, u64 bucket,
			  const struct bch_backpointer *bp);

/* A hash of position and value of a backpointer. */
u64 bch_alloc_hash(const struct bch_check_alloc *a, struct bch_pos pos, const void *val,
		   size_t len);

/* Adds to a fingerprint. */
void bch_alloc_sum_add(struct bch_bucket_facts *f, u64 hash);

/* ------------------------------------------------------------------ alloc_stored.c */

/* Has a thread of the pool sum what is stored; nothing may be repaired until the pool was waited for. */
int bch_alloc_stored_begin(struct bch_check *c);
void bch_alloc_stored_free(struct bch_alloc_stored *stored);

/* Takes stored backpointers off their buckets' sums: 1, 0 where they are to be walked, or an error. */
int bch_alloc_stored_take(struct bch_check *c);

/* ------------------------------------------------------------------ alloc_ptrs.c, alloc_edit.c */

/* Pointers that do not fit their buckets, or lead nowhere. */
int bch_alloc_check_ptrs(struct bch_check *c);

/* What is to be done to the pointers of a key, by index. */
struct bch_ptr_edit {
	u32 drop;	 /* pointers that go, as bits */
	u32 drop_stripe; /* those that are no longer in a stripe */
	u32 set_gen;	 /* those whose generation becomes gens[] */
	u8 gens[BCH_PTRS_MAX];
};

/* The key with its edited pointers, its value in @val; an error key where no data is left. */
struct bch_key bch_ptrs_edited(const struct bch_check *c, const struct bch_key *k,
			       const struct bch_ptr_edit *edit, u8 val[BCH_KEY_VALUE_MAX]);

/* ------------------------------------------------------------------ the other files */

/* Alloc keys, and counters, that differ from the recount. */
int bch_alloc_check_buckets(struct bch_check *c);
int bch_alloc_check_counters(struct bch_check *c);

/* The blocks of stripes against the extents that lie in them. */
int bch_alloc_check_stripes(struct bch_check *c);

/*
 * After a change of version counters may be in an order that cannot be told from the right one: they all go, and are
 * counted anew. Before they are looked at.
 */
int bch_alloc_drop_old_counters(struct bch_check *c);

/* The counters of an inode: for struct bch_inums. */
int bch_alloc_take_inum(void *arg, const struct bch_inum_count *stored,
			const struct bch_inum_count *counted);

/* Does the counter name a device that is none? */
bool bch_alloc_counts_no_device(const struct bch_check *c, const struct bch_accounting *what);

/* What the superblock has to say of them. */
int bch_alloc_check_super(struct bch_check *c);

/* What a scan learns of shared data. */
int bch_shared_begin(struct bch_check *c);
int bch_shared_take(struct bch_check *c, const struct bch_key *k);
int bch_alloc_check_shared(struct bch_check *c);

/* An alloc key of @a at device and bucket. */
int bch_alloc_repair(struct bch_check *c, u32 dev_idx, u64 bucket, const struct bch_alloc *a);

/* The key of a bucket, all zero where there is none: 1 where there is one, or an error. */
int bch_alloc_read(struct bch_check *c, u32 dev_idx, u64 bucket, struct bch_alloc *a);

/* A key of type set that covers @size before @pos (0: none, for a point), or nothing there; quietly. */
int bch_repair_set(struct bch_check *c, u8 btree_id, struct bch_pos pos, u32 size, bool there);

/* Is @bucket one of the device's? */
static inline bool bch_alloc_exists(const struct bch_check *c, u64 dev_idx, u64 bucket)
{
	const struct bch_key_dev *d =
		&c->key_fs.devs[dev_idx < BCH_SB_MAX_MEMBERS ? dev_idx : BCH_SB_MAX_MEMBERS];

	return d->bucket_sectors && bucket >= d->first_bucket && bucket < d->nr_buckets;
}

/* Does the member have free buckets in freespace? Else that is to be filled, and it is no problem that it is not. */
bool bch_alloc_has_freespace(const struct bch_check *c, u32 dev_idx);

/* need_discard and freespace against alloc keys: what is there and should not be; generations. */
int bch_alloc_check_free_entries(struct bch_check *c);
int bch_alloc_check_gens(struct bch_check *c);

/* Calls @fn with the pointer to each node of all btrees; @level is that which the pointer lies in. */
int bch_alloc_each_node(struct bch_check *c, int (*fn)(struct bch_check *c, u8 btree_id, u8 level,
						       const struct bch_key *k));

/* ------------------------------------------------------------------ backpointers, one by one */

/* A backpointer that a committed key implies. */
struct bch_implied {
	struct bch_pos at;
	u8 val[BCH_BACKPOINTER_LEN];
	bool gone; /* its key does not lead there any more: it was repaired */
};

/* Compares those of all buckets that are marked BCH_BUCKET_DIFFERS. */
int bch_alloc_compare_backpointers(struct bch_check *c);

/*
 * Several keys lead to one place: what has @stored (NULL: nothing) there stays, or else what is good, and the others lose
 * their pointer.
 */
int bch_alloc_check_duplicates(struct bch_check *c, struct bch_implied *same, size_t nr,
			       const u8 stored[BCH_BACKPOINTER_LEN]);

#endif
