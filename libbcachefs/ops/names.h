/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that files get outside of their filesystem. */

#ifndef BCHFS_OPS_NAMES_H
#define BCHFS_OPS_NAMES_H

#include <bcachefs/buf.h>

/* May a directory outside have an entry of that name? On disk any bytes may be one. */
bool bch_name_is_safe(const char *name);

/* A path as bch_path_lookup() takes it, relative: no '/' around it, "4096/a" of "<5:4096>/a"; appended. */
void bch_name_put_path(struct bch_buf *out, const char *path);

/* The last part of a path. */
const char *bch_name_last(const char *path);

#endif
