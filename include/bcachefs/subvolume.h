/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subvolumes and snapshots of an unmounted filesystem, as facts. CLI 9.2. */

#ifndef BCHFS_SUBVOLUME_H
#define BCHFS_SUBVOLUME_H

#include <bcachefs/file.h>

enum bch_subvolume_sort {
	BCH_SUBVOLUME_BY_NAME,
	BCH_SUBVOLUME_BY_SIZE, /* the largest first */
	BCH_SUBVOLUME_BY_TIME, /* the oldest first */
};

struct bch_subvolume_list_opts {
	struct bch_path_opts paths;
	const char *path; /* in the subvolume that it is about */
	bool recursive;	  /* and those below its children */
	bool readonly;	  /* only those that are read-only */
	bool tree;	  /* subvolumes: drawn as a tree */
	bool snapshots;	  /* subvolumes: say what each is a snapshot of */
	bool flat;	  /* snapshots: as a table */
	unsigned sort;	  /* enum bch_subvolume_sort */
	bool terminal;	  /* paths as they can be shown */
};

/*
 * The subvolumes in that of @opts->path. Sizes are the bytes on disk, all copies, of the extents that the subvolume's
 * snapshot and those above it hold: what is overwritten below counts where it is held, what is shared counts for each
 * who shares it. They come from the filesystem's counters, where these are not kept (before 1.9) from the keys.
 * @missing: something could not be read, which is logged.
 */
int bch_subvolume_list(struct bch_fs *fs, const struct bch_subvolume_list_opts *opts,
		       struct bch_facts *facts, bool *missing);

/*
 * The snapshot tree that the subvolume of @opts->path belongs to; recursive: and those of all subvolumes in it. Keys
 * are counted in the counters since 1.39, before that by reading all of them.
 */
int bch_snapshot_list(struct bch_fs *fs, const struct bch_subvolume_list_opts *opts,
		      struct bch_facts *facts, bool *missing);

#endif
