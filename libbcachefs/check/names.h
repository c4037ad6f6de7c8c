/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directory entries and attributes, and what they lead to: what the files of that check give each other. Format reference: 07 §4.17-§4.24. */

#ifndef BCHFS_CHECK_NAMES_H
#define BCHFS_CHECK_NAMES_H

#include "check/forest.h"
#include "check/hash.h"
#include "ondisk/key_dirent.h"

struct bch_check_names {
	struct bch_check *c;
	struct bch_check_tree_of_files files;
	struct bch_check_forest forest;
	struct bch_check_seen seen;
	/* the inode whose names are being read */
	u64 inum;
	bool has_inode;
	struct bch_inode inode; /* any version: all have the same hash */
	bool leads_to_dir;	/* the entry that is being looked at */
	u32 walk;		/* the last that went up the directories */
};

/* Makes @inum the inode whose names are read: n->inode, where has_inode. */
int bch_check_names_enter(struct bch_check_names *n, u64 inum);

/* Of one dirent that is in its place: what it leads to. dirents.c */
int bch_check_dirent(struct bch_check_names *n, const struct bch_key *k,
		     const struct bch_dirent *d);

/* Version @v is where @k, an entry at its place, leads to. */
int bch_check_note_name(struct bch_check_names *n, struct bch_check_inode *v,
			const struct bch_key *k);

/* Does anything lead to where the entry leads? 1, 0, or an error. */
int bch_check_dirent_has_target(struct bch_check_names *n, const struct bch_key *k);

/* The entry has moved from @k's place to @to: back pointers follow. */
void bch_check_dirent_moved(struct bch_check_names *n, const struct bch_key *k, struct bch_pos to);

/* The value of the entry under another name, "NAME.fsck_renamed-NR"; 0 where that is too long. */
size_t bch_check_renamed_put(const struct bch_dirent *d, u32 nr, u8 val[BCH_DIRENT_VAL_MAX]);

/* Back pointers, link counts, what nothing leads to: links.c */
int bch_check_links(struct bch_check_names *n);

/* Directories that are in themselves: loops.c */
int bch_check_loops(struct bch_check_names *n);

/* Directories that hold casefolded ones say so: case_flags.c */
int bch_check_case_flags(struct bch_check_names *n);

/* What is lost gets an entry in lost+found: lost_found.c */
int bch_check_reattach(struct bch_check_names *n);

/* Has @v be in no directory any more: the entry that its back pointer says goes, and its parent counts one less. */
int bch_check_detach(struct bch_check_names *n, struct bch_check_inode *v);

/* Who changes what is in an inode has a version of it there: one that is not there is made of what it sees. 04 §2.5 */
int bch_check_ensure_version(struct bch_check_names *n, u64 inum, u32 snapshot);

/* Removes the entry at a place, as @snapshot stores it. */
int bch_check_remove_entry(struct bch_check_names *n, u64 dir, u64 offset, u32 snapshot);

/* The versions of directory @inum that see an entry of @snapshot count @by more directories. */
void bch_check_count_dirs(struct bch_check_names *n, u64 inum, u32 snapshot, int by);

#endif
