/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subvolumes of a filesystem in memory, and what snapshots take. */

#ifndef BCHFS_OPS_SUBVOLUMES_H
#define BCHFS_OPS_SUBVOLUMES_H

#include <bcachefs/facts.h>
#include <bcachefs/subvolume.h>
#include "base/array.h"
#include "file/file.h"

/* ------------------------------------------------------------------ what snapshots take */

/* What the keys of one snapshot come to. */
struct bch_snapshot_size {
	u32 id;
	u64 nr_keys, key_bytes; /* only where they were asked for */
	u64 sectors;		/* on disk, all copies */
};

struct bch_snapshot_sizes {
	BCH_ARRAY(struct bch_snapshot_size) a; /* all snapshots, ascending by id */
};

/* @sizes is ended by the caller. -BCH_ERR_btree_node_read_failed: the rest is there. */
int bch_snapshot_sizes_read(struct bch_fs *fs, bool want_keys, struct bch_snapshot_sizes *sizes);
void bch_snapshot_sizes_end(struct bch_snapshot_sizes *sizes);
static inline void bch_snapshot_sizes_cleanup(struct bch_snapshot_sizes *sizes)
{
	bch_snapshot_sizes_end(sizes);
}

/* Of one snapshot, zeroes where there is none; and its sectors with those of all above it. */
struct bch_snapshot_size bch_snapshot_size_of(const struct bch_snapshot_sizes *sizes, u32 id);
u64 bch_snapshot_total_sectors(const struct bch_fs *fs, const struct bch_snapshot_sizes *sizes,
			       u32 id);

/* ------------------------------------------------------------------ subvolumes */

struct bch_subvolume_entry {
	u32 id;
	u32 parent; /* the subvolume that it lies in; 0: none */
	struct bch_subvolume s;
	char *path; /* from the root, owned; NULL: none leads to it */
	u64 sectors;
	struct bch_time otime;
	bool taken; /* into a list */
};

struct bch_subvolume_id {
	u32 id;
	size_t at;
};

struct bch_subvolumes {
	BCH_ARRAY(struct bch_subvolume_entry)
	a; /* those of one parent together, in the order asked for */
	BCH_ARRAY(struct bch_subvolume_id) ids; /* by id */
};

/* All of @fs, with paths and sizes. @subvols is ended by the caller. Errors as above. */
int bch_subvolumes_read(struct bch_fs *fs, const struct bch_snapshot_sizes *sizes, unsigned sort,
			struct bch_subvolumes *subvols);
void bch_subvolumes_end(struct bch_subvolumes *subvols);
static inline void bch_subvolumes_cleanup(struct bch_subvolumes *subvols)
{
	bch_subvolumes_end(subvols);
}

/* The subvolume with an id; NULL where there is none. */
const struct bch_subvolume_entry *bch_subvolumes_find(const struct bch_subvolumes *subvols, u32 id);

/* The place of the first subvolume in @parent, or where it would be. */
size_t bch_subvolumes_first_in(const struct bch_subvolumes *subvols, u32 parent);

/* One that is listed: its place, how deep, and whether another follows it in its parent. */
struct bch_subvolume_place {
	size_t at;
	u32 depth; /* 0: directly in the root of the list */
	bool last;
};

struct bch_subvolume_order {
	BCH_ARRAY(struct bch_subvolume_place) a;
};

/* Those in @root, parents before children, each once; all levels or the first. @order is ended by the caller. */
int bch_subvolumes_below(struct bch_subvolumes *subvols, u32 root, bool recursive,
			 struct bch_subvolume_order *order);

/* In the order that is asked for, whichever lies in which. */
void bch_subvolumes_sort(const struct bch_subvolumes *subvols, unsigned sort,
			 struct bch_subvolume_order *order);

/* "/a/b" @below "/a" is "b", NULL: whole; what has no path is said so. As it is, or as it can be shown. */
void bch_buf_subvolume_path(struct bch_buf *out, const struct bch_subvolume_entry *e,
			    const char *below, bool terminal);

/* The flags of a subvolume; the names for bch_buf_flags(). */
extern const char *const bch_subvolume_flag_names[];

#endif
