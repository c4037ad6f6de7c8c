/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An archive under way, for the files of this folder that make it. */

#ifndef BCHFS_OPS_TAR_PRIVATE_H
#define BCHFS_OPS_TAR_PRIVATE_H

#include <bcachefs/tar.h>
#include "base/array.h"
#include "base/radix.h"
#include "ops/links.h"
#include "super/super.h"

#define BCH_TAR_BUF_BYTES 65536

struct bch_tar {
	struct bch_fs *fs;
	const struct bch_tar_opts *opts;
	struct bch_progress *progress;
	struct bch_links links; /* names in the archive */
	struct bch_tar_sums sums;
	u8 *buf;     /* of BCH_TAR_BUF_BYTES */
	size_t len;  /* of what is in it */
	u64 written; /* with what is in it */
	int write_err;
	struct bch_radix met; /* subvolumes that get trees of their own: bool by id */
	struct {
		BCH_ARRAY(struct bch_file) a;
	} separate; /* their roots, in the order in which they were met */
};

/*
 * Something at @name cannot be had. Where errors are ignored that is logged and counted, and 0; else the error is said and
 * returned.
 */
int bch_tar_trouble(struct bch_tar *t, const char *name, const char *what, int err);

/* ------------------------------------------------------------------ bytes */

/* The next bytes of the archive; the second: so many zeroes. */
int bch_tar_put(struct bch_tar *t, const void *p, size_t len);
int bch_tar_zeroes(struct bch_tar *t, u64 len);

/* Zeroes up to a multiple of @size, a power of two. */
int bch_tar_pad(struct bch_tar *t, u64 size);
int bch_tar_flush(struct bch_tar *t);

/* ------------------------------------------------------------------ one member */

/* The types of members, as their byte in the header. */
enum bch_tar_type {
	BCH_TAR_FILE = '0',
	BCH_TAR_LINK = '1', /* a hard one */
	BCH_TAR_SYMLINK = '2',
	BCH_TAR_CHR = '3',
	BCH_TAR_BLK = '4',
	BCH_TAR_DIR = '5',
	BCH_TAR_FIFO = '6',
};

struct bch_tar_member {
	const char *name;   /* ends in '/' where it is a directory */
	const char *target; /* of links; "" for others */
	enum bch_tar_type type;
	struct bch_file file;
	const struct bch_stat *st;
	u64 size;    /* of what follows the header */
	bool sparse; /* that begins with a map, then; st->size is the file's */
	struct bch_file_xattrs xattrs;
};

/* The header, after a pax header with what does not fit into it. */
int bch_tar_header(struct bch_tar *t, const struct bch_tar_member *m);

/* A regular file: header and data. */
int bch_tar_file(struct bch_tar *t, struct bch_tar_member *m);

/* An ACL (of the system's calls, version 2) as text; false where it is none. */
bool bch_tar_acl_put(struct bch_buf *out, const void *acl, size_t len);

#endif
