/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Image files that hold a filesystem of just the size that a tree of files needs. CLI 11.2. */

#ifndef BCHFS_IMAGE_H
#define BCHFS_IMAGE_H

#include <bcachefs/format.h>

/* Name. How large an image is: with no more free space than a mount needs, or with about a fifth of it free. */
/* clang-format off */
#define BCH_IMAGE_SIZES(S)	\
	S(minimal)		\
	S(auto)

enum bch_image_size {
#define S(name) BCH_IMAGE_SIZE_##name,
	BCH_IMAGE_SIZES(S)
#undef S
	BCH_IMAGE_SIZE_NR
};
/* clang-format on */

struct bch_image_opts {
	enum bch_image_size size;
	u64 size_bytes; /* not 0: this */
	bool overwrite; /* a file of that name */
};

/*
 * Makes the file opts->devs[0].path, the only one, with a filesystem filled from opts->source, which is in *@sums. Sparse,
 * written once. As bch_format() otherwise; -BCH_ERR_exists. After an error there is no file.
 */
int bch_image_create(struct bch_ctx *ctx, const struct bch_format_opts *opts,
		     const struct bch_image_opts *image, struct bch_fs **fs);

/* What an update changed. */
struct bch_image_update_sums {
	u64 nr_made, nr_removed;       /* names; of trees that went their top alone */
	u64 nr_written, written_bytes; /* files whose data is other than it was */
};

/*
 * Has the filesystem of an image, open to be written with its files started and bch_edits_start() done, have the files of
 * a source and no others; lost+found stays. Files that are the same stay where they are. The image ends behind what is in
 * use, unless an undo file is kept. Errors are said.
 */
int bch_image_update(struct bch_fs *fs, const struct bch_source_opts *opts,
		     struct bch_image_update_sums *sums);

struct bch_facts;

/* What the image holds: bytes by type of data, compression, its size. -BCH_ERR_btree_node_read_failed. */
int bch_image_show(struct bch_fs *fs, struct bch_facts *facts);

#endif
