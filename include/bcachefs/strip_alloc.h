/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dropping what is known about allocation, so that an image gets small. CLI 5.6. */

#ifndef BCHFS_STRIP_ALLOC_H
#define BCHFS_STRIP_ALLOC_H

#include <bcachefs/super.h>

/*
 * Drops the btrees about allocation of @fs, open with BCH_OPEN_WRITE and unlocked; a kernel from 6.16 on makes them anew when
 * it mounts it to write. What is unclean is recovered first. @force: although no kernel that knows the version knows of it.
 *
 * Return: 0, or, said,
 *   -BCH_ERR_version_unsupported	older than 1.25 without @force; cannot be changed
 *   -BCH_ERR_out_of_range		more than 1 TiB: it would take too long to make anew
 *   -BCH_ERR_refused			a kernel has to end first what it had begun; stripped already
 */
int bch_fs_strip_alloc(struct bch_fs *fs, bool force);

#endif
