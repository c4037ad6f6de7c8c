/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What files take on the devices of an unmounted filesystem. CLI 14.2. */

#ifndef BCHFS_DU_H
#define BCHFS_DU_H

#include <bcachefs/facts.h>
#include <bcachefs/file.h>

/* Bytes. */
struct bch_du_sums {
	u64 apparent; /* the sizes of the files */
	u64 on_disk; /* all copies, after compression; what several files share, for each of them */
	u64 exclusive; /* what would be free without them: seen by no other subvolume, and shared with nothing else */
};

struct bch_du_opts {
	u64 depth;  /* directories so far below each path get a line of their own */
	bool human; /* sizes in units */
	/* Go on behind what cannot be read, log it, and return -BCH_ERR_btree_node_read_failed at the end. */
	bool ignore_errors;
	struct bch_path_opts paths;
};

/*
 * A line for each of @paths and the directories in it, what is in them first; a file with several names counts once.
 * @sums (may be NULL): of all. After bch_files_start().
 */
int bch_du(struct bch_fs *fs, const struct bch_du_opts *opts, const char *const *paths,
	   size_t nr_paths, struct bch_facts *facts, struct bch_du_sums *sums);

/* All that user data takes, apart by who sees it. Bytes. */
struct bch_du_snapshots {
	u64 exclusive; /* of all subvolumes together: what only one of them sees */
	u64 common;    /* seen by several */
	u64 hidden;    /* by none: what deleted snapshots left, until it is cleaned up */
	u64 shared;    /* in the btree reflink, but what is counted as exclusive */
};

/*
 * A line for each subvolume: what deleting it would free; and for what that leaves over. The sum is what the filesystem's
 * own counters say of user data. Memory: 32 bytes a snapshot. @sums may be NULL. What cannot be read is logged and passed
 * over: -BCH_ERR_btree_node_read_failed at the end.
 */
int bch_du_by_snapshot(struct bch_fs *fs, bool human, struct bch_facts *facts,
		       struct bch_du_snapshots *sums);

#endif
