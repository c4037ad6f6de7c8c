/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots, their trees and subvolumes, all in memory, to be compared with each other. Format reference: 04 §3. */

#ifndef BCHFS_CHECK_FOREST_H
#define BCHFS_CHECK_FOREST_H

#include "check/check.h"
#include "ondisk/key_snapshot.h"
#include "ondisk/key_subvolume.h"

/* A key: its number, what it says, how long its value is. */
struct bch_check_snapshot {
	u32 id;
	struct bch_snapshot v;
	size_t len;
};

struct bch_check_tree {
	u32 id;
	struct bch_snapshot_tree v;
};

struct bch_check_subvol {
	u32 id;
	struct bch_subvolume v;
	size_t len;
};

/* All ascending by id. */
struct bch_check_forest {
	struct bch_check *c;
	struct {
		BCH_ARRAY(struct bch_check_snapshot) a;
	} snapshots;
	struct {
		BCH_ARRAY(struct bch_check_tree) a;
	} trees;
	struct {
		BCH_ARRAY(struct bch_check_subvol) a;
	} subvols;
};

/* Reads them, with all repairs; @f is ended by the caller, whatever is returned. */
int bch_check_forest_read(struct bch_check *c, struct bch_check_forest *f);
void bch_check_forest_end(struct bch_check_forest *f);
static inline void bch_check_forest_cleanup(struct bch_check_forest *f)
{
	bch_check_forest_end(f);
}

/* NULL where there is none; valid until one is added. */
struct bch_check_snapshot *bch_check_snapshot_find(const struct bch_check_forest *f, u32 id);
struct bch_check_tree *bch_check_tree_find(const struct bch_check_forest *f, u32 id);
struct bch_check_subvol *bch_check_subvol_find(const struct bch_check_forest *f, u32 id);

/* The root above @s, as far as its parents lead. */
const struct bch_check_snapshot *bch_check_snapshot_root(const struct bch_check_forest *f,
							 const struct bch_check_snapshot *s);

/* Is @ancestor above @id, or @id itself, by the parents? */
bool bch_check_snapshot_above(const struct bch_check_forest *f, u32 id, u32 ancestor);

/* The snapshot that lists @id as its child; 0: there is none. */
u32 bch_check_snapshot_lister(const struct bch_check_forest *f, u32 id);

/* Makes those anew whose key is lost, where others tell of them. */
int bch_check_lost_snapshots(struct bch_check_forest *f);

/* Is it going to be deleted? */
bool bch_check_snapshot_is_deleted(const struct bch_check_snapshot *s);

/* The directory that says that it is the root of @subvol, as @snapshot sees it; 0: none is found. */
int bch_check_find_subvol_root(struct bch_check_forest *f, u32 subvol, u32 snapshot, u64 *inum);

/* Has what is in memory be what is stored, one of these keys; one that is new is added first. */
int bch_check_snapshot_put(struct bch_check_forest *f, const struct bch_check_snapshot *s);
int bch_check_tree_put(struct bch_check_forest *f, const struct bch_check_tree *t);
int bch_check_subvol_put(struct bch_check_forest *f, const struct bch_check_subvol *s);

#endif
