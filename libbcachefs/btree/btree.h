/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The btrees of an open filesystem: roots, nodes, and cursors over their keys. Format reference: 02.
 *
 * What cannot be read is -BCH_ERR_btree_node_read_failed, said with btree and place; the devices' part in it is in the
 * log.
 */

#ifndef BCHFS_BTREE_BTREE_H
#define BCHFS_BTREE_BTREE_H

#include "btree/changes.h"
#include "btree/node.h"
#include "btree/overlay.h"
#include "ondisk/btree_ids.h"
#include "ondisk/key_extent.h"

struct bch_fs;

/* ------------------------------------------------------------------ start */

struct bch_btree_opts {
	size_t cache_bytes; /* of nodes that nobody uses; 0: 256 MiB */
	u32 nr_threads;	    /* that read ahead; 0: 4 */
};

/*
 * Gives @fs its btrees, all empty until their roots are set. An encrypted filesystem must be unlocked. Ended by
 * bch_fs_close(). @opts may be NULL. -BCH_ERR_no_memory.
 */
int bch_btrees_start(struct bch_fs *fs, const struct bch_btree_opts *opts);

/* To be called when members have other buckets than before: keys are judged by them. No other thread may read meanwhile. */
void bch_btrees_members_changed(struct bch_fs *fs);

/* ------------------------------------------------------------------ roots: 02 §9.3 */

enum bch_root_state {
	BCH_ROOT_ABSENT, /* an empty btree */
	BCH_ROOT_PRESENT,
	BCH_ROOT_LOST,	  /* it is known that there was one */
	BCH_ROOT_SCANNED, /* its leaves are known, and nothing above them: level is 1 */
};

struct bch_btree_root {
	enum bch_root_state state;
	u8 level;	  /* of the root node */
	struct bch_key k; /* to the root node, of a PRESENT one */
};

/*
 * Sets roots before anything is read. @k (copied) is the pointer to the root node; NULL or a key that leads to no node:
 * the root is lost. -BCH_ERR_out_of_range for ids from BCH_BTREE_ID_MAX on, -BCH_ERR_no_memory.
 */
int bch_btree_root_set(struct bch_fs *fs, u32 btree_id, u8 level, const struct bch_key *k);

/* The btree is empty: what its root was is not known, or of no interest. */
void bch_btree_root_clear(struct bch_fs *fs, u32 btree_id);

/* Sets those of the superblock's clean section. -BCH_ERR_invalid_sb_clean where there is none, or a bad one. */
int bch_btree_roots_from_clean(struct bch_fs *fs);

/* Any id; those that cannot be are absent. The key lives as long as the filesystem is open. */
struct bch_btree_root bch_btree_root(const struct bch_fs *fs, u32 btree_id);

/* From now on nodes are read and written by the version that the superblock says. */
void bch_btrees_take_version(struct bch_fs *fs);

/* By what its nodes are read and written, the key included. */
struct bch_node_rules bch_btree_rules(const struct bch_fs *fs);

/* A walk over what only the journal holds, as bch_key_overlay_next(). False at the end. */
bool bch_btree_overlay_next(const struct bch_fs *fs, size_t *at, u8 *btree_id, u8 *level,
			    struct bch_key *k);

/* The sealed keys of the journal, before anything is read. Takes @overlay; NULL: none. */
void bch_btrees_set_overlay(struct bch_fs *fs, struct bch_key_overlay *overlay);

/* ------------------------------------------------------------------ nodes */

/*
 * The node that @ptr leads to, from the cache or else from its replicas. To be given back by bch_btree_node_put(). Any
 * thread. Return: 0, -BCH_ERR_btree_node_read_failed, -BCH_ERR_no_memory.
 */
int bch_btree_node_get(struct bch_fs *fs, u8 btree_id, u8 level, const struct bch_key *ptr,
		       const struct bch_btree_node **node);
void bch_btree_node_put(struct bch_fs *fs, const struct bch_btree_node *node);

/* Lets a thread read the node into the cache, if it is not there. Any thread. */
void bch_btree_node_read_ahead(struct bch_fs *fs, u8 btree_id, u8 level, const struct bch_key *ptr);

/*
 * The node without the cache: for those who read each node once. Of its replicas the first that is good, else the first
 * that is usable. @node is ended by the caller, whatever is returned. Any thread.
 */
int bch_btree_node_read(struct bch_fs *fs, u8 btree_id, u8 level, const struct bch_key *ptr,
			struct bch_btree_node *node);

/*
 * The copy at @p alone, good or not, for who looks at what is on disk: node->bytes are all that the node has room for,
 * of which the pointer says that node->len are used; its problems are not logged. @node is ended by the caller, whatever
 * is returned: -BCH_ERR_btree_node_read_failed where the device is missing or cannot be read. Any thread.
 */
int bch_btree_node_read_copy(struct bch_fs *fs, const struct bch_node_want *want,
			     const struct bch_ptr *p, struct bch_btree_node *node);

/* The same of no more bytes than the pointer says are used. */
int bch_btree_node_read_used(struct bch_fs *fs, const struct bch_node_want *want,
			     const struct bch_ptr *p, struct bch_btree_node *node);

/* bch_btree_node_decode() of bytes that somebody else has read, by the rules of @fs. Any thread. */
int bch_btree_node_decode_in(struct bch_fs *fs, const struct bch_node_want *want,
			     struct bch_btree_node *node);

/*
 * Every copy of each node was looked at with all its keys, and nothing is wrong with any (or that counts no more): where
 * checksums are right bch_btree_node_read() and the cache do not look at the values of keys again.
 */
void bch_btree_nodes_judged(struct bch_fs *fs, bool judged);

/* Copies of nodes that were not good, since the start: they could not be read, or had something wrong. Any thread. */
struct bch_btree_failures {
	u64 nr_unreadable, nr_bad;
};
struct bch_btree_failures bch_btree_failures(const struct bch_fs *fs);

/* ------------------------------------------------------------------ cursors */

enum bch_cursor_flags {
	BCH_CURSOR_DESCENDING = 1 << 0,
	/*
	 * Extents: from @from.offset up to and without @to.offset, every extent that reaches into it; else keys whose
	 * positions lie in the range, both ends included. Ascending only.
	 */
	BCH_CURSOR_EXTENTS = 1 << 1,
	/*
	 * What is between keys comes too, as a key of type deleted that covers [pos.offset - size, pos.offset) as an
	 * extent does. Within one inode, ascending, one version of each key at most.
	 */
	BCH_CURSOR_SLOTS = 1 << 2,
	BCH_CURSOR_COMMITTED = 1 << 3, /* without pending changes */
	BCH_CURSOR_GIVEN = 1 << 4,     /* without derived ones */
};

/* The snapshot that a cursor sees the keys from. Format reference: 04 §2.2. */
struct bch_snapshot_view {
	u32 id;
	bool (*is_ancestor)(const void *arg, u32 id, u32 ancestor); /* or @id itself */
	const void *arg;
};

/* Use the functions. One thread; a key that it gave lives until the next call on it. */
struct bch_cursor {
	struct bch_fs *fs;
	u8 btree_id;
	u8 level;   /* of the nodes whose keys are walked */
	bool nodes; /* of interest are the nodes below */
	bool done;
	unsigned flags;
	int dir;
	struct bch_pos from, to;	      /* as they were given */
	struct bch_pos pos, end;	      /* where to go on, and up to where */
	const struct bch_snapshot_view *view; /* NULL: all snapshots */
	const struct bch_btree_node *node;    /* under @layers; NULL: none */
	struct bch_pos min, max;	      /* what @layers cover */
	bool has_layers;
	u32 nr_nodes; /* that it came to */
	struct bch_overlay_run runs[2];
	struct bch_layers layers;
	struct bch_key held; /* came too early */
	bool holds;
	struct bch_key
		seen; /* descending in a view: the best version so far, its value in @seen_value */
	bool sees;
	struct bch_key behind; /* follows the hole that was given */
	bool has_behind;
	u64 slot; /* the next offset to be covered */
	u8 seen_value[BCH_KEY_VALUE_MAX];
};

/* The keys of a btree from @from to @to, in all snapshots. All positions and btrees are valid. */
struct bch_cursor bch_cursor(struct bch_fs *fs, u8 btree_id, struct bch_pos from,
			     struct bch_pos to);

/* The same in a flavour: enum bch_cursor_flags. */
struct bch_cursor bch_cursor_flavour(struct bch_fs *fs, u8 btree_id, struct bch_pos from,
				     struct bch_pos to, unsigned flags);

/* As seen from a snapshot: of each inode:offset one version or none, no whiteouts. @view must outlive the cursor. */
struct bch_cursor bch_cursor_in_snapshot(struct bch_fs *fs, u8 btree_id, struct bch_pos from,
					 struct bch_pos to, unsigned flags,
					 const struct bch_snapshot_view *view);

/* The pointers to the nodes of @level that hold positions from @from to @to; of the root too, for its level. */
struct bch_cursor bch_cursor_nodes(struct bch_fs *fs, u8 btree_id, u8 level, struct bch_pos from,
				   struct bch_pos to);

/*
 * 1 and the next key, 0 at the end, or an error. After -BCH_ERR_btree_node_read_failed (a node, or the root, cannot be
 * read) the next call goes on behind what is missing. A gap between nodes is a warning.
 */
int bch_cursor_next(struct bch_cursor *cur, struct bch_key *k);

/* Gives back what it holds. */
void bch_cursor_end(struct bch_cursor *cur);
static inline void bch_cursor_cleanup(struct bch_cursor *cur)
{
	bch_cursor_end(cur);
}

/* ------------------------------------------------------------------ leaves without a tree: 02 §12.3, §12.4 */

/* A copy of a pointer to a node. */
struct bch_node_key {
	struct bch_key k; /* val.p is not valid: see bch_node_key_get() */
	u8 val[BCH_NODE_PTR_VAL_MAX];
};

static inline struct bch_key bch_node_key_get(const struct bch_node_key *n)
{
	struct bch_key k = n->k;

	k.val.p = n->val;
	return k;
}

/* A pointer that leads nowhere, among leaves alone: a leaf that is empty, and not on disk. */
bool bch_node_ptr_is_hole(const struct bch_key *k);

/*
 * From now on each of @btrees (bits by id) has exactly the leaves whose pointers @leaves, sealed, holds for it at level
 * 1, and is SCANNED: what the journal says of nodes above leaves counts no more. No cursor is open on them. Takes @leaves.
 */
void bch_btrees_set_leaves(struct bch_fs *fs, struct bch_key_overlay *leaves, u64 btrees);

/* A leaf that is on a device, whether or not it is still part of its btree. */
struct bch_found_leaf {
	u8 btree_id;
	u32 seq; /* counts rewrites */
	u64 cookie, journal_seq;
	struct bch_pos min, max;
	u32 nr_sectors;
	bool good; /* nothing is wrong with any copy */
	u32 nr_copies;
	struct bch_ptr copies[BCH_NODE_PTRS_MAX]; /* generations are not known: 0 */
};

struct bch_found_leaves {
	BCH_ARRAY(struct bch_found_leaf) a; /* by btree and cookie */
};

/*
 * All usable leaves of @btrees (bits by id) on all open members, in every place that may hold one; copies of one are
 * joined. @leaves.a is to be ended. -BCH_ERR_no_memory, -BCH_ERR_cancelled.
 */
int bch_btree_find_leaves(struct bch_fs *fs, u64 btrees, struct bch_found_leaves *leaves);

/*
 * For those of @btrees (bits by id) whose root is not known, lost or cannot be read, or a node above the leaves: looks
 * for leaves on all open members, in every place that may hold one, and makes the newest of them the btree,
 * BCH_ROOT_SCANNED; where none is found the btree is lost, which is said in the log, but for those without a root. Once, when roots and overlay are set, and before
 * others read. Return: 0, -BCH_ERR_no_memory, -BCH_ERR_cancelled.
 */
int bch_btree_scan(struct bch_fs *fs, u64 btrees);

#endif
