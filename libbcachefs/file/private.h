/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of an open filesystem are, for the files of this folder. */

#ifndef BCHFS_FILE_PRIVATE_H
#define BCHFS_FILE_PRIVATE_H

#include "file/file.h"
#include "super/super.h"

struct bch_file_data;

/* One snapshot, and its place in an order in which descendants follow their ancestors at once. */
struct bch_snapshot_place {
	struct bch_snapshot_node node;
	size_t rank;
	size_t nr; /* of the subtree, itself included */
};

/* Set up by bch_files_start(), then only read. */
struct bch_files {
	struct bch_fs_attachment attachment;
	struct {
		BCH_ARRAY(struct bch_snapshot_place) a;
	} snapshots;	     /* ascending by id */
	bool snapshots_lost; /* the btree, or a part of it */
	struct bch_file_data *data;
};

/* Reads the snapshots btree. -BCH_ERR_no_memory. */
int bch_snapshots_load(struct bch_fs *fs, struct bch_files *files);

/* The casefolded form of a name, as its hash is of: 04 §8.5. -BCH_ERR_invalid_argument where it is not UTF-8. */
int bch_name_casefold(const char *name, size_t len, struct bch_buf *out);

struct bch_dirent;

/* Are they one name in a directory? And is an entry there at all: a subvolume's is for the one that it names alone. */
bool bch_dirent_has_name(const struct bch_dirent *a, const struct bch_dirent *b);
bool bch_dirent_is_visible(const struct bch_file *dir, const struct bch_dirent *d);

/* The file that a dirent leads to, seen from where @dir is. */
int bch_dirent_target(struct bch_fs *fs, const struct bch_file *dir, const struct bch_dirent *d,
		      struct bch_file *file);

#endif
