/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The check of btree nodes, for the files of this folder. Format reference: 02 §11, §12; 07 §5. */

#ifndef BCHFS_CHECK_NODES_H
#define BCHFS_CHECK_NODES_H

#include "check/check.h"

/* ------------------------------------------------------------------ one node: node.c */

/* What a node turned out to be. */
struct bch_checked_node {
	bool usable;	/* the rest is known */
	bool is_absent; /* it may be on a member that is missing */
	u32 seq;
	struct bch_pos min, max;
};

/* A copy of a node, as bch_btree_node_read_used() had it, with @err. */
struct bch_node_copy {
	struct bch_btree_node node;
	int err;
};

/* A pointer to a node, and its copies, in its order, as far as they were read. */
struct bch_node_ahead {
	struct bch_node_key ptr;
	int more; /* what the cursor said: 1, 0 behind the last, or an error */
	u32 nr_read;
	struct bch_node_copy copies[BCH_NODE_PTRS_MAX];
};

/*
 * Looks at all copies of the node that @ptr leads to, tells what is wrong with them, and has the node be rewritten where
 * that is to be repaired: a kernel reads whichever it likes. @depth: the level of the root. @ahead: what was read, which
 * is taken; or NULL. 0 or an error.
 */
int bch_check_node(struct bch_check *c, u8 btree_id, u8 level, u8 depth, const struct bch_key *ptr,
		   struct bch_node_ahead *ahead, struct bch_checked_node *node);

/* ------------------------------------------------------------------ the nodes of a level: node_ahead.c */

#define BCH_NODES_AHEAD 16

/* Use the functions. */
struct bch_nodes_ahead {
	struct bch_check *c;
	u8 level;
	struct bch_cursor cur;
	u32 at, nr, room;
	struct bch_node_ahead *v; /* BCH_NODES_AHEAD, of which @room are used */
};

/* To be ended, whatever is returned. -BCH_ERR_no_memory. */
int bch_nodes_ahead_begin(struct bch_nodes_ahead *a, struct bch_check *c, u8 btree_id, u8 level);

/* As bch_cursor_next() of the pointers. @n lives until the next call. */
int bch_nodes_ahead_next(struct bch_nodes_ahead *a, struct bch_node_ahead **n);
void bch_nodes_ahead_end(struct bch_nodes_ahead *a);
static inline void bch_nodes_ahead_cleanup(struct bch_nodes_ahead *a)
{
	bch_nodes_ahead_end(a);
}

/* ------------------------------------------------------------------ ranges: ranges.c */

/* Positions, both ends included. */
struct bch_range {
	struct bch_pos min, max;
};

/* Ranges in order, which do not touch. */
struct bch_ranges {
	BCH_ARRAY(struct bch_range) a;
};

/* Adds one, joined with those that it touches. -BCH_ERR_no_memory. */
int bch_ranges_add(struct bch_ranges *ranges, struct bch_pos min, struct bch_pos max);

/* Takes one out of them. -BCH_ERR_no_memory. */
int bch_ranges_remove(struct bch_ranges *ranges, struct bch_pos min, struct bch_pos max);

/* The first of them, as far as it lies between @min and @max; false where none does. */
bool bch_ranges_find(const struct bch_ranges *ranges, struct bch_pos min, struct bch_pos max,
		     struct bch_range *range);

/* ------------------------------------------------------------------ one btree: topology.c */

/* A leaf that stays. */
struct bch_tree_leaf {
	struct bch_node_key ptr;
	struct bch_pos min, max;
	u32 seq;
	bool usable;
	bool changed; /* its range is not that of the pointer */
};

struct bch_tree {
	struct bch_check *c;
	u8 btree_id;
	u8 depth;	/* level of the root */
	bool is_lost;	/* the root is */
	bool is_broken; /* its leaves are to get new nodes above them */
	bool stays;	/* something above the leaves is not to be repaired */
	struct {
		BCH_ARRAY(struct bch_tree_leaf) a;
	} leaves;		/* by position; they do not overlap */
	struct bch_ranges lost; /* where there is none, and should be one */
};

/* Walks over all nodes of the btree: fills what is above. */
int bch_check_tree(struct bch_tree *t);
void bch_tree_end(struct bch_tree *t);

/* Puts a leaf where its range is, which is nobody's. -BCH_ERR_no_memory. */
int bch_tree_insert(struct bch_tree *t, const struct bch_tree_leaf *leaf);

/* ------------------------------------------------------------------ lost leaves: leaves.c */

/* Looks on the devices for the leaves that broken @trees have lost, and puts them in. */
int bch_check_find_leaves(struct bch_check *c, struct bch_tree *trees);

/* Is it one of those that follow from others, and are made anew rather than looked for? */
bool bch_check_is_rebuilt(u8 btree_id);

#endif
