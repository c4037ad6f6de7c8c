/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the data of files lies. CLI 14.2. */

#ifndef BCHFS_FIEMAP_H
#define BCHFS_FIEMAP_H

#include <bcachefs/facts.h>
#include <bcachefs/file.h>

struct bch_fiemap_opts {
	bool sectors;  /* text in sectors of 512 bytes, not in bytes */
	bool pointers; /* text: a line a pointer, not a line an extent */
	/* Go on behind what cannot be read, log it, and return -BCH_ERR_btree_node_read_failed at the end. */
	bool ignore_errors;
	struct bch_path_opts paths;
};

/*
 * The extents of the files at @paths as the ioctl FIEMAP gives them, and more: which device, checksums, compression,
 * copies, and what is lost. A directory has none. After bch_files_start().
 */
int bch_fiemap(struct bch_fs *fs, const struct bch_fiemap_opts *opts, const char *const *paths,
	       size_t nr_paths, struct bch_facts *facts);

#endif
