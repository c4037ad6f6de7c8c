/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of an unmounted filesystem as a tar archive in the pax format. CLI 14.2. */

#ifndef BCHFS_TAR_H
#define BCHFS_TAR_H

#include <bcachefs/file.h>
#include <bcachefs/progress.h>

/* What subvolumes within the trees are: name. */
/* clang-format off */
#define BCH_TAR_SUBVOLS(S)						\
	S(follow)	/* directories */				\
	S(skip)		/* empty directories */				\
	S(separate)	/* they too, then each once as "subvol-ID" */

enum bch_tar_subvols {
#define S(name) BCH_TAR_SUBVOLS_##name,
	BCH_TAR_SUBVOLS(S)
#undef S
	BCH_TAR_SUBVOLS_NR
};
/* clang-format on */

struct bch_tar_opts {
	const char *const *paths; /* to archive */
	size_t nr_paths;	  /* 0: "/" */
	struct bch_path_opts from;
	enum bch_tar_subvols subvols;
	bool no_xattrs;	    /* no ACLs either */
	bool ignore_errors; /* what cannot be read is logged and left out; lost data becomes zeroes */
	enum bch_progress_mode progress;
	/* Takes the archive, in order. Nonzero ends it. */
	int (*write)(void *arg, const void *buf, size_t len);
	void *arg;
};

/* What is in the archive. All but directories are files. */
struct bch_tar_sums {
	u64 nr_files, nr_bytes;
	u64 nr_incomplete; /* parts are missing, or all: each was logged */
};

/*
 * Archives the trees at the paths under these names without their first '/', the root as ".". Sparse files
 * as GNU tar does (1.0), names sorted, times of modification alone, no names of users: equal trees give equal archives.
 * Sockets have no place in archives: each is logged. Memory: 16 MiB, the names in all directories on the way down, a
 * path for each file with several links.
 *
 * An error is said, and there is no whole archive then: of one of the paths, of write(), and, without ignore_errors, of
 * whatever cannot be read.
 */
int bch_tar(struct bch_fs *fs, const struct bch_tar_opts *opts, struct bch_tar_sums *sums);

#endif
