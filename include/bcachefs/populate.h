/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filling new filesystems from trees of files. CLI 5.1, 11.2. */

#ifndef BCHFS_POPULATE_H
#define BCHFS_POPULATE_H

#include <bcachefs/progress.h>
#include <bcachefs/types.h>

struct bch_fs;

/*
 * Where files come from. Owners (by number), modes, times of modification, which become all times, extended attributes,
 * ACLs, hard links, holes, devices; of a directory's files flags (immutable, append, nodump, noatime, sync) and projects
 * too. Not taken: "lost+found" at the top, and what is mounted within a directory.
 */
struct bch_source_opts {
	const char *path;    /* a directory, a tar archive, or "-": an archive at standard input */
	const char *shown;   /* what is said of it; NULL: @path */
	struct bch_fs *fs;   /* not NULL: it is this filesystem's, whose files were started */
	const char *fs_path; /* and there it is this directory; @path is what is said of it */
	const char *const
		*excludes; /* patterns of the shell: with '/' of whole paths, else of any part */
	size_t nr_excludes;
	bool has_owner; /* all files belong to these: */
	u32 uid, gid;
	bool subvolumes; /* of a btrfs stay subvolumes; else they are directories as others */
	bool dedupe; /* what is in several files, block by block of what is stored, is stored once */
	s64 now_ns;  /* time of what an archive has no time of */
	enum bch_progress_mode progress;
};

/* What was put into a filesystem. All but directories are files, each once however many names it has. */
struct bch_populate_sums {
	u64 nr_files, nr_dirs;
	u64 input_bytes;  /* sizes of the regular files */
	u64 stored_bytes; /* of them, without holes, before compression */
	u64 shared_bytes; /* of these what is stored for another file already */
	u64 nr_links;	  /* names beyond the first ones */
};

#endif
