/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From inode numbers, keys and places on devices to files, and what a kernel's log says of them. CLI 14.2. */

#ifndef BCHFS_RESOLVE_H
#define BCHFS_RESOLVE_H

#include <bcachefs/facts.h>
#include <bcachefs/file.h>

struct bch_resolve_opts {
	bool places;  /* two numbers are DEV:SECTOR */
	bool subvols; /* a number is a subvolume */
	bool scan;    /* look for pointers to a place in all btrees, not by backpointers */
};

/*
 * What each of @what leads to, with the paths of files in all subvolumes that see it: INUM, INUM:OFFSET (bytes),
 * SUBVOL:INUM, BTREE:POS, DEV:SECTOR, DEV:BUCKET:OFFSET (sectors), SUBVOL. Of a file with several names all are given,
 * and of shared data all files; each takes one walk over a btree, for all that is asked. After bch_files_start().
 * -BCH_ERR_invalid_argument for what means nothing, said; -BCH_ERR_not_found, said, where something is not there.
 */
int bch_resolve(struct bch_fs *fs, const struct bch_resolve_opts *opts, const char *const *what,
		size_t nr, struct bch_facts *facts);

/*
 * Writes a kernel's log, each line as it is; behind those that name an inode or a place of this filesystem, what that is,
 * a line each. JSON (in @facts) has these alone. @write is given any bytes; its error ends it.
 */
int bch_resolve_log(struct bch_fs *fs, const struct bch_resolve_opts *opts, const char *log,
		    size_t len, int (*write)(void *arg, const void *bytes, size_t len), void *arg,
		    struct bch_facts *facts);

#endif
