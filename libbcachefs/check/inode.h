/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inodes as the checks of files read and write them, and the table of all versions. Format reference: 04 §6, 07 §3. */

#ifndef BCHFS_CHECK_INODE_H
#define BCHFS_CHECK_INODE_H

#include <sys/stat.h>

#include "check/check.h"
#include "ondisk/key_inode.h"

/* Before, kernels left attributes and names without a version of their inode in their snapshot: 04 §2.5. */
#define BCH_VERSION_PRESENCE  BCH_VERSION(1, 14)
#define BCH_VERSION_LATER_IDS BCH_VERSION(1, 14) /* since then there are ids above 294 */
#define BCH_VERSION_HAS_CHILD \
	BCH_VERSION(1, 13) /* since then inodes say whether they have versions below */

static inline bool bch_inode_flag(const struct bch_inode *inode, enum bch_inode_flag flag)
{
	return inode->bi_flags >> flag & 1;
}

/* Inode @inum, of which nothing is known but its mode: root's, made now; all its versions get the same hash seed. */
void bch_check_inode_new(struct bch_check *c, u64 inum, u16 mode, struct bch_inode *inode);

/* Has @inode be version @snapshot of inode @inum. -BCH_ERR_out_of_range where it has fields that we do not know, said. */
int bch_check_inode_put(struct bch_check *c, u64 inum, u32 snapshot, const struct bch_inode *inode);

/* The version itself: 1, 0 where it is not there, or an error. */
int bch_check_inode_read(struct bch_check *c, u64 inum, u32 snapshot, struct bch_inode *inode);

/* Its text for problems: "4103:U32_MAX mode 100644 ...". */
void bch_check_inode_text(struct bch_buf *out, u64 inum, u32 snapshot,
			  const struct bch_inode *inode);

/* Does the directory hold an entry that @snapshot sees? 1, 0, or an error. */
int bch_check_dir_is_empty(struct bch_check *c, u64 inum, u32 snapshot);

/* ------------------------------------------------------------------ all versions */

enum bch_check_inode_bits {
	BCH_INODE_IS_NAMED = 1 << 0, /* by the entry that its back pointer says */
	BCH_INODE_IS_UNLINKED = 1 << 1,
	BCH_INODE_IS_CHANGED = 1 << 2, /* what is here is to be stored */
	BCH_INODE_IS_LOST = 1 << 3,    /* nothing leads to it */
	BCH_INODE_IS_CASEFOLDED = 1 << 4,
	BCH_INODE_HAS_CASEFOLDED = 1 << 5, /* it says that it is or holds such a directory */
};

/* What is to be known of a version while names are read; 64 bytes. */
struct bch_check_inode {
	u64 inum;
	u64 dir, dir_offset; /* its back pointer */
	u32 snapshot;
	u32 nlink;    /* as stored: biased */
	u32 nr_links; /* entries that lead to it; of a directory: entries in it that are directories */
	u32 subvol, parent_subvol;
	u32 mark; /* which walk up the directories came by */
	u16 mode;
	u16 bits;
};

/* An entry that leads to a version of an inode whose back pointer does not say so. */
struct bch_check_extra {
	u64 inum;
	u32 snapshot;
	u32 entry_snapshot;
	u64 dir, offset;
};

/* A snapshot for which an inode is no more that one above has. */
struct bch_check_gone {
	u64 inum;
	u32 snapshot;
};

/* By number and snapshot. */
struct bch_check_tree_of_files {
	struct bch_check *c;
	struct {
		BCH_ARRAY(struct bch_check_inode) a;
	} inodes;
	struct {
		BCH_ARRAY(struct bch_check_gone) a;
	} gone;
	struct {
		BCH_ARRAY(struct bch_check_extra) a;
	} extras;
};

/* The versions of an inode: the place of the first, and how many. */
size_t bch_check_versions(const struct bch_check_tree_of_files *t, u64 inum, size_t *nr);

/* The version that @snapshot sees; NULL: none. */
struct bch_check_inode *bch_check_version_seen(const struct bch_check_tree_of_files *t, u64 inum,
					       u32 snapshot);

/* Adds a version that was just made. */
int bch_check_add_inode(struct bch_check_tree_of_files *t, u64 inum, u32 snapshot,
			const struct bch_inode *inode);

/* Adds another version of @v's inode, as @v is; @v may move. */
int bch_check_add_copy(struct bch_check_tree_of_files *t, const struct bch_check_inode *v,
		       u32 snapshot);

/* Reads all inodes. */
int bch_check_files_read(struct bch_check *c, struct bch_check_tree_of_files *t);
void bch_check_files_end(struct bch_check_tree_of_files *t);

/* ------------------------------------------------------------------ what a position was seen to hold: 07 §3.1 */

/* The snapshots of the keys met so far at one inode and offset, ascending. */
struct bch_check_seen {
	u64 inode, offset;
	struct {
		BCH_ARRAY(u32) a;
	} ids;
};

/* The key at @pos was met. -BCH_ERR_no_memory. */
int bch_check_seen_add(struct bch_check_seen *seen, struct bch_pos pos);

/* Is the last key that was met what snapshot @id sees? */
bool bch_check_is_visible(struct bch_check *c, const struct bch_check_seen *seen, u32 id);

/* Does that key, which refers to a key of snapshot @to, mean it? */
bool bch_check_ref_is_visible(struct bch_check *c, const struct bch_check_seen *seen, u32 to);

/* ------------------------------------------------------------------ snapshots */

/* Which snapshots are going to be deleted: 07 §4.14 (1). */
int bch_check_find_dead(struct bch_check *c);
bool bch_check_snapshot_is_dead(const struct bch_check *c, u32 id);

/*
 * What becomes of a key of snapshot @k->pos.snapshot: 1, it is to be looked at; 0, it is not (its snapshot is going to be
 * deleted, or is missing and the key with it now); or an error.
 */
int bch_check_has_snapshot(struct bch_check *c, u8 btree_id, const struct bch_key *k);

#endif
