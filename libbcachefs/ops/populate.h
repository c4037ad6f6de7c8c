/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting the files of a source into a new filesystem, for the files of this folder. Format reference: 04 §11.4. */

#ifndef BCHFS_OPS_POPULATE_H
#define BCHFS_OPS_POPULATE_H

#include "file/file.h"
#include "ops/in_place.h"
#include "ops/source.h"

struct bch_populate {
	struct bch_fs *fs;
	struct bch_source *source;
	struct bch_in_place *in_place; /* NULL: all data is copied */
	struct bch_data_writer *data;
	struct bch_inode root; /* as it was made */
	u32 snapshot;	       /* of the subvolume that the root is in; others follow from it */
	u64 first_inum;	       /* of the second file in the order; the first is the root */
	u64 time_base;
	struct bch_populate_sums sums;
	u64 nr_foreign; /* extended attributes that the format has no place for */
};

/*
 * Fills @fs, which holds nothing but a root directory and lost+found, with all files of @source: after
 * bch_writer_start(). Commits all of it. With @in_place (NULL: not) data that lies on the device of @fs as it is stays
 * where it is.
 */
int bch_populate(struct bch_fs *fs, struct bch_source *source, struct bch_in_place *in_place,
		 struct bch_populate_sums *sums);

/* With the first commit, before bch_populate(): what is not the reserve's belongs to a file, which is added to @source. */
int bch_populate_cover(struct bch_fs *fs, struct bch_source *source, struct bch_in_place *in_place);

/* The number that a file of the source gets. */
u64 bch_populate_inum(const struct bch_source *s, u32 file);

/* The subvolume that it is in, or is, and the snapshot of all that it has. */
static inline u32 bch_populate_subvol(const struct bch_source *s, u32 file)
{
	return s->files.v[file].subvol + 1;
}
u32 bch_populate_snapshot(const struct bch_populate *p, u32 file);

/* Makes all subvolumes, before what is in them. */
int bch_populate_subvols(struct bch_populate *p);

/* The entries of a directory; of each file that has its first name there, where that is. */
int bch_populate_dir(struct bch_populate *p, u32 dir, const struct bch_inode *inode);

/* Extended attributes of a file. */
int bch_populate_xattrs(struct bch_populate *p, u32 file, const struct bch_inode *inode);

/* The data of a regular file or symlink, for the inode of that number, which gets its size. */
int bch_populate_data(struct bch_populate *p, u32 file, u64 inum, struct bch_inode *inode);

/* The open file's data from *@at, which gets there, to @end, holes as holes. */
int bch_populate_copy(struct bch_populate *p, u64 *at, u64 end);

/* The whole of the open file: linked where it can be, else copied. */
int bch_populate_link(struct bch_populate *p, u64 size);

/* A source's time as the filesystem has it, the first or last of those that there are. */
u64 bch_populate_time(const struct bch_populate *p, s64 ns);

/* The number of a device, 0 of other files; one that has more bits than the format is an error that is said. */
int bch_populate_dev(const struct bch_populate *p, u32 file, u32 *dev);

/* A position for a key of each hash, sorted, in a btree of hashes: the next one that is free. */
static inline u64 bch_populate_slot(u64 hash, u64 last, bool has_last)
{
	return has_last && hash <= last ? last + 1 : hash;
}

#endif
