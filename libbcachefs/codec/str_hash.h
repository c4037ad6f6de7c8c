/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hashes of names, which place dirents and xattrs. Format reference: 04 §7.1, §7.2. */

#ifndef BCHFS_CODEC_STR_HASH_H
#define BCHFS_CODEC_STR_HASH_H

#include "ondisk/key_dirent.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_xattr.h"

/*
 * Where the search for a name starts: the offset of the key, or the next higher free one. @inode is
 * the directory, or the owner of the attribute; its hash_type must be a known one. Pure functions.
 */
u64 bch_dirent_hash(const struct bch_inode *inode, const struct bch_dirent *d);
u64 bch_xattr_hash(const struct bch_inode *inode, const struct bch_xattr *x);

#endif
