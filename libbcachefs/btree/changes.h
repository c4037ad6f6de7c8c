/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pending changes: keys that cover those of nodes and journal until they are committed, or dropped.
 *
 * Given ones are what somebody wants; derived ones follow from them, and are made anew whenever the given ones have
 * changed. For one thread, which has no cursor open on a btree when it changes it.
 */

#ifndef BCHFS_BTREE_CHANGES_H
#define BCHFS_BTREE_CHANGES_H

#include "base/map.h"
#include "btree/layer.h"

struct bch_fs;

enum bch_change_kind {
	BCH_CHANGE_GIVEN,
	BCH_CHANGE_DERIVED,
	BCH_CHANGE_KINDS
};

struct bch_change {
	struct bch_map_node node;
	struct bch_key k; /* of type deleted: there is to be none. The value follows */
	bool quiet;	  /* given: nothing is to be derived from it */
	u8 value[];
};

/*
 * Puts a copy of @k in, in place of what was pending at its position. -BCH_ERR_no_memory. The first call makes @fs have
 * pending changes.
 */
int bch_change_put(struct bch_fs *fs, enum bch_change_kind kind, u8 btree_id,
		   const struct bch_key *k, bool quiet);

/* Takes out what is pending at @pos, if anything is: what it covered is seen again. */
void bch_change_remove(struct bch_fs *fs, enum bch_change_kind kind, u8 btree_id,
		       struct bch_pos pos);

/* The first change of a btree not before @pos, and the one that follows @after. NULL where there is none. */
const struct bch_change *bch_change_first(const struct bch_fs *fs, enum bch_change_kind kind,
					  u8 btree_id, struct bch_pos pos);
const struct bch_change *bch_change_next(const struct bch_change *after);

/* A node to be written anew although none of its keys changes: that of @level which holds @pos. */
struct bch_touch {
	u8 btree_id, level;
	struct bch_pos pos;
};

/* Adds one, which goes as given changes do. -BCH_ERR_no_memory. */
int bch_change_touch(struct bch_fs *fs, u8 btree_id, u8 level, struct bch_pos pos);

/* Number @nr in the order of their coming; NULL where there are no more. */
const struct bch_touch *bch_change_touched(const struct bch_fs *fs, size_t nr);

/* Drops all of a kind. */
void bch_changes_drop(struct bch_fs *fs, enum bch_change_kind kind);

/* Memory that all of them take. */
size_t bch_changes_bytes(const struct bch_fs *fs);

/* ------------------------------------------------------------------ for btree/ */

struct bch_changes;

/* Frees all of them; NULL is nothing. */
void bch_changes_free(struct bch_changes *changes);

/* Those of one kind and btree as a layer; false where there are none. */
bool bch_changes_layer(const struct bch_changes *changes, enum bch_change_kind kind, u8 btree_id,
		       struct bch_layer *layer);

#endif
