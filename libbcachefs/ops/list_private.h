/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a listing of btrees is made of, for its files. CLI 7.1. */

#ifndef BCHFS_OPS_LIST_PRIVATE_H
#define BCHFS_OPS_LIST_PRIVATE_H

#include <bcachefs/list.h>
#include "btree/btree.h"
#include "ondisk/key_facts.h"
#include "super/super.h"

/* The generation of a bucket, if it is known. */
struct bch_list_gen {
	u64 bucket;
	u8 dev_idx, gen;
	bool known;
};

/* What is listed, with names and positions understood. */
struct bch_list {
	struct bch_fs *fs;
	const struct bch_list_opts *opts;
	struct bch_pos start, end;
	int type; /* -1: all */
	struct bch_snapshot_view
		view; /* of the snapshot in the start position; its id 0: all snapshots */
	struct bch_key_fs key_fs;
	struct bch_buf text; /* whole lines, handed out now and then */
	int (*write)(void *arg, const char *text);
	void *arg;
	bool missing;		       /* something could not be read */
	struct bch_list_gen gens[256]; /* the last ones that were asked for: list_stale.c */
	bool gens_lost;		       /* some cannot be read: they are not asked for any more */
	bool heading;		       /* of the btree that is listed: is still to be written */
};

/* For texts: was the bucket reused that the pointer leads to? @arg: the list. */
bool bch_list_is_stale(void *arg, const struct bch_ptr *p);

/* A key as it is asked for: text, hexadecimal or JSON. */
void bch_list_key(struct bch_list *l, const struct bch_key *k, const struct bch_key_context *c);

/* A line of JSON, with the btree and level of @c. NULL where memory is out; ended by _end(). */
struct bch_facts *bch_list_json_begin(struct bch_list *l, const struct bch_key_context *c);
void bch_list_json_end(struct bch_list *l, struct bch_facts *facts);

/* What colour shows where it is wanted. */
#define BCH_LIST_BOLD  "\033[1m"
#define BCH_LIST_RED   "\033[31m"
#define BCH_LIST_PLAIN "\033[0m"
void bch_list_color(struct bch_list *l, const char *color);

/*
 * How the node at @ptr, a key of context @c, packs its keys and how full it is. 0, -BCH_ERR_btree_node_read_failed or
 * another error.
 */
int bch_list_format(struct bch_list *l, const struct bch_key *ptr, const struct bch_key_context *c);

/* Every byte of each copy of that node. */
int bch_list_ondisk(struct bch_list *l, const struct bch_key *ptr, const struct bch_key_context *c);

#endif
