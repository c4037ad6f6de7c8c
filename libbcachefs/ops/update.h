/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A filesystem that is made to have the files of a source, and what of it is so already stays where it is. CLI 11.2. */

#ifndef BCHFS_OPS_UPDATE_H
#define BCHFS_OPS_UPDATE_H

#include <bcachefs/image.h>
#include "ops/populate.h"

struct bch_update_tree {
	struct bch_fs *fs;
	struct bch_source *source;
	struct bch_populate p;	       /* for data */
	struct bch_file *files;	       /* by the source's; inum 0: not known yet */
	struct bch_source_links taken; /* those of several names that stand for one of the source */
	struct bch_image_update_sums *sums;
	bool changed; /* there are changes, and room for them */
};

/* To be called before each change: the first one makes room. */
int bch_update_begin(struct bch_update_tree *u);

/* Commits what there is where it has become much; between two steps that leave the files whole. */
int bch_update_step(struct bch_update_tree *u);

/* Has the directories have the names of the source, and only these: new files are still empty. Errors are said. */
int bch_update_names(struct bch_update_tree *u);

/* Data and attributes of a file of the source whose place is known. Errors are said. */
int bch_update_file(struct bch_update_tree *u, u32 file);

#endif
