/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of an unmounted filesystem, copied into a directory of the system. CLI 14.2. */

#ifndef BCHFS_GET_H
#define BCHFS_GET_H

#include <bcachefs/file.h>
#include <bcachefs/progress.h>

enum bch_get_flags {
	BCH_GET_METADATA = 1 << 0,   /* owner, mode, times; else the mode as the umask leaves it */
	BCH_GET_XATTRS = 1 << 1,     /* ACLs too */
	BCH_GET_SYMLINKS = 1 << 2,   /* else they are left out */
	BCH_GET_SPECIAL = 1 << 3,    /* devices, fifos, sockets; else they are left out */
	BCH_GET_HARD_LINKS = 1 << 4, /* else each name is a file of its own */
	BCH_GET_OVERWRITE = 1 << 5,  /* what is there already; else that is kept and named */
	BCH_GET_KEEP_PARTS =
		1 << 6,	       /* of files some of whose data is lost; else they are not made */
	BCH_GET_LIST = 1 << 7, /* nothing is written */
	BCH_GET_ALL = BCH_GET_METADATA | BCH_GET_XATTRS | BCH_GET_SYMLINKS | BCH_GET_SPECIAL |
		      BCH_GET_HARD_LINKS,
};

struct bch_get_opts {
	unsigned flags;		  /* enum bch_get_flags */
	const char *const *paths; /* to copy */
	size_t nr_paths;	  /* 0: "/" */
	struct bch_path_opts from;
	/*
	 * Extended regular expression that paths must match, from the root of the filesystem on; directories that do
	 * not are not gone into. The paths that are asked for need not. NULL: all.
	 */
	const char *path_regex;
	enum bch_progress_mode progress;
	/* With BCH_GET_LIST: each path that would be written. Nonzero ends it. */
	int (*list)(void *arg, const char *path);
	void *arg;
};

/* What became of it. All but directories are files. */
struct bch_get_sums {
	u64 nr_files, nr_bytes; /* there now; their sizes */
	u64 nr_incomplete;	/* parts are missing, or all: each was logged */
	u64 nr_kept;		/* were there before: each was logged */
};

/*
 * Copies the trees at the paths to @dest as cp -r does: into @dest where that is a directory, else, one
 * tree, as @dest. "/", and a path that ends in "/.", stand for what is in them. Subvolumes are directories. Holes stay
 * holes.
 *
 * Nothing outside @dest is touched whatever names and links the filesystem has: no symlink in @dest is followed. What
 * cannot be had is logged, and the rest goes on; what this user or the destination cannot have (owners, attributes,
 * devices) is logged once each, with a number. Memory: 16 MiB a large file that is written, the names in all
 * directories on the way down, a path for each file with several links.
 *
 * An error is said: of @dest, of one of the paths, of a full destination. All of that ends it.
 */
int bch_get(struct bch_fs *fs, const struct bch_get_opts *opts, const char *dest,
	    struct bch_get_sums *sums);

#endif
