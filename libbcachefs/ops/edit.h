/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where changes to files are to be made: for the files of this folder. CLI 14.1. */

#ifndef BCHFS_OPS_EDIT_H
#define BCHFS_OPS_EDIT_H

#include <bcachefs/edit.h>
#include "file/file.h"

/* A name in a directory that is there; whether the name is, is not known. */
struct bch_edit_place {
	struct bch_file dir;
	struct bch_name name; /* in the path's memory */
};

/* What @path names, by its last component. -BCH_ERR_invalid_argument for those that have none: "/", "<4099>". Said. */
int bch_edit_place(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
		   struct bch_edit_place *place);

/* As that; in it where @path is a directory, then with the last component of @source. */
int bch_edit_dest(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
		  const char *source, struct bch_edit_place *place);

/* Is there a directory at @path? */
bool bch_edit_is_dir(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
		     struct bch_file *file);

/* Takes away the directory @file, whose name @top is, with all that is in it. Errors are said, with @path. */
int bch_edit_remove_tree(struct bch_fs *fs, const struct bch_edit_place *top,
			 const struct bch_file *file, const char *path);

/* Stores @len bytes as the contents of @file, whose inode is in hand. */
int bch_edit_symlink_text(struct bch_fs *fs, const struct bch_file *file, struct bch_inode *inode,
			  const char *text, size_t len);

#endif
