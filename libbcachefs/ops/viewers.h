/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which subvolumes see a key. Format reference: 04 §2.2.
 *
 * Of the versions of a key at one position each subvolume sees that of its nearest ancestor. How many see one version is
 * therefore how many subvolumes are below its snapshot, less those below the next versions under it.
 */

#ifndef BCHFS_OPS_VIEWERS_H
#define BCHFS_OPS_VIEWERS_H

#include "base/array.h"
#include "file/file.h"

/* A subvolume that is there, and the snapshot that it sees. */
struct bch_viewer {
	u32 subvol, snapshot;
};

/* All that are there, in the order of bch_snapshot_subtree(). */
struct bch_viewers {
	BCH_ARRAY(struct bch_viewer) a;
	size_t *before; /* by place: how many have places before it */
};

/* After bch_files_start(). -BCH_ERR_no_memory. */
int bch_viewers_load(struct bch_fs *fs, struct bch_viewers *viewers);
void bch_viewers_end(struct bch_viewers *viewers);
static inline void bch_viewers_cleanup(struct bch_viewers *viewers)
{
	bch_viewers_end(viewers);
}

/* One version of a key; all but the first two are filled in. */
struct bch_version_seen {
	u32 snapshot;
	size_t index;	  /* the caller's, who finds it by that */
	size_t place, nr; /* of its subtree; nr 0: of no snapshot that is there */
	size_t above;	  /* the version that is nearest above it, + 1; 0: none */
	size_t nr_viewers;
	u64 viewers; /* the sum of their indices: of a single one, its index */
};

/* Who sees which of the @nr versions of a key, which are put into another order. */
void bch_viewers_of_versions(struct bch_fs *fs, const struct bch_viewers *viewers,
			     struct bch_version_seen *v, size_t nr);

#endif
