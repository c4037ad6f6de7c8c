/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of a commit give each other. */

#ifndef BCHFS_COMMIT_PRIVATE_H
#define BCHFS_COMMIT_PRIVATE_H

#include "commit/commit.h"
#include "journal/journal.h"
#include "ondisk/node.h"

/* What is kept between commits. */
struct bch_writer {
	struct bch_fs_attachment attachment;
	struct bch_journal_writer *journal;
	struct bch_space *space;
	struct bch_thread_pool *pool;
	u8 seed[16];		  /* of random numbers */
	u64 nr_random;		  /* that were drawn */
	u64 seq;		  /* of the last entry that was written */
	bool counters_in_journal; /* struct bch_writer_opts */
	bool is_passing;	  /* no commit needs to last */
	bool dirty;		  /* the superblocks say that the filesystem is not clean */
	bool leave_dirty;	  /* a kernel has to end what it had begun: 03 §7.2 */
	bool super_changed;	  /* it is to be written before the next entry */
	bool failed;
};

/* One of the nodes that replace others. */
struct bch_piece {
	struct bch_pos max;
	u64 cookie;	/* 0: not written yet */
	u32 nr_sectors; /* written */
	u32 nr_ptrs;	/* 0: no place yet */
	struct bch_ptr ptrs[BCH_NODE_PTRS_MAX];
};

/* Neighbours that are replaced together: by the pieces, which tile their range. */
struct bch_group {
	struct bch_pos min, max;
	u8 btree_id, level;
	u32 seq; /* of the new nodes */
	bool is_root;
	bool is_added; /* a root above what was the root: all its children are new */
	BCH_ARRAY(struct bch_node_key) old;
	BCH_ARRAY(struct bch_piece) pieces;
	size_t nr_pieces; /* of them in use */
	size_t bytes;	  /* of keys, as last laid out */
};

/* All that is replaced in one btree, by level and position. */
struct bch_plan_btree {
	struct {
		BCH_ARRAY(struct bch_group) a;
	} levels[BCH_BTREE_DEPTH_MAX + 1];
	bool touched;
	bool is_fixed;		  /* nothing in it is derived: it is laid out for good */
	struct bch_node_key root; /* the new one, when it is known */
	u8 root_level;
};

struct bch_plan {
	struct bch_fs *fs;
	struct bch_writer *w;
	u64 seq; /* of the entry to come */
	u32 node_bytes, node_sectors, block_sectors;
	bool changed; /* since the last look: nodes, places or ends of pieces */
	struct bch_plan_btree btrees[BCH_BTREE_ID_MAX];
	struct {
		BCH_ARRAY(struct bch_node_change) a;
	} nodes; /* for bch_derive() */
	struct {
		BCH_ARRAY(struct bch_node_key) a;
	} node_keys; /* their pointers */
};

/* Is it one of those that have derived keys? */
bool bch_plan_is_derived(u8 btree_id);

/* Finds out what is to be replaced, and by how many nodes where; then the derived changes are complete. */
int bch_plan_make(struct bch_plan *plan);
void bch_plan_end(struct bch_plan *plan);

/* ------------------------------------------------------------------ plan_touch.c */

/* Has the node of @level that holds @pos, and all above it, be replaced. */
int bch_plan_touch(struct bch_plan *plan, u8 btree_id, u8 level, struct bch_pos pos);

/* ------------------------------------------------------------------ plan_layout.c */

/* Lays out all levels of a btree from the leaves up; new pieces have no place yet. */
int bch_plan_layout(struct bch_plan *plan, u8 btree_id);

/* ------------------------------------------------------------------ children.c */

/* The pointers of an interior group as they will be. */
struct bch_children {
	struct bch_plan *plan;
	const struct bch_group *group;
	struct bch_cursor cur;
	const struct bch_group *below; /* whose pieces are being given */
	size_t piece;
	struct bch_node_key key;
};

/* From the group's first pointer on; end with bch_children_end(). */
void bch_children_begin(struct bch_children *c, struct bch_plan *plan,
			const struct bch_group *group);
/* 1 and the next pointer, 0 at the end. Its value lives until the next call. */
int bch_children_next(struct bch_children *c, struct bch_key *k);
static inline void bch_children_end(struct bch_children *c)
{
	bch_cursor_end(&c->cur);
}

/* The group of @level that holds @pos, or NULL. */
struct bch_group *bch_plan_group(struct bch_plan *plan, u8 btree_id, u8 level, struct bch_pos pos);

/* The pointer to a piece; @min is where it begins. */
void bch_piece_key(const struct bch_piece *piece, struct bch_pos min, struct bch_node_key *key);

/* Where piece number @nr begins. */
struct bch_pos bch_piece_min(const struct bch_group *group, size_t nr);

/* ------------------------------------------------------------------ keys.c */

/* The keys of a range, copied. */
struct bch_key_list {
	BCH_ARRAY(struct bch_key) keys;
	BCH_ARRAY(u8) values;
};

/* Makes the list empty; its memory is used again. */
void bch_key_list_reset(struct bch_key_list *list);
int bch_key_list_add(struct bch_key_list *list, const struct bch_key *k);

/* After the last: the values are in their places. */
void bch_key_list_seal(struct bch_key_list *list);
void bch_key_list_end(struct bch_key_list *list);
static inline void bch_key_list_cleanup(struct bch_key_list *list)
{
	bch_key_list_end(list);
}

/* What a group will hold between @min and @max: keys of leaves, or pointers. */
int bch_group_keys(struct bch_plan *plan, const struct bch_group *group, struct bch_pos min,
		   struct bch_pos max, struct bch_key_list *list);

/* ------------------------------------------------------------------ write_nodes.c, supers.c, entry.c, discard.c */

/* Writes all pieces, leaves first, several at once; nothing is flushed. */
int bch_plan_write(struct bch_plan *plan);

/* What the superblock must say before the entry is written: not clean, where nodes are, who holds what. */
int bch_commit_super_before(struct bch_plan *plan);

/* The same but for being clean, and written by somebody else. */
int bch_commit_super_marks(struct bch_plan *plan);

/* Writes the entry that makes the plan's roots those of the filesystem. */
int bch_commit_entry(struct bch_plan *plan);

/* One with what the clean section says, durable: after a crash the journal tells of it where the superblock does not. */
int bch_commit_clean_state(struct bch_plan *plan);

/* Marks the filesystem clean. */
int bch_super_mark_clean(struct bch_fs *fs);

/* Gives back what the changes made empty, which are durable but not taken over yet. */
void bch_commit_discard(struct bch_fs *fs);

/* Flushes all open members. */
int bch_fs_flush(struct bch_fs *fs);

#endif
