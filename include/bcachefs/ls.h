/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files and directories as lists and trees, also those that have no name any more. CLI 14.2. */

#ifndef BCHFS_LS_H
#define BCHFS_LS_H

#include <bcachefs/file.h>

/* The names of users and groups; NULL where a number has none. Valid as long as the list is made. */
struct bch_id_names {
	const char *(*user)(void *arg, u32 uid);
	const char *(*group)(void *arg, u32 gid);
	void *arg;
};

/*
 * How and where all that follows is listed. As text, names are written as they are, or where @terminal as they can be
 * shown. As JSON, one document is written, whole also where an error ends the list; bytes that are not UTF-8 are \xHH
 * in it, and such names are there as name_hex too.
 */
struct bch_listing_opts {
	int (*write)(void *arg, const char *text); /* some lines at a time; an error ends it */
	void *arg;
	bool terminal;
	bool json;
	bool ignore_errors; /* go on behind what cannot be read, log it, and return -BCH_ERR_io at the end */
	struct bch_path_opts paths;
	const struct bch_id_names *names; /* NULL: owners by number */
};

struct bch_ls_opts {
	unsigned details; /* 0: names; 1: as "ls -l"; 2: and options of the inode */
	bool all;	  /* names that begin with a dot too */
	bool recursive;
	bool inums;
	bool directory; /* directories themselves */
	bool unsorted;	/* in the order of the disk */
	u32 columns;	/* of the terminal, for names side by side; 0: one a line */
};

/* The files at @paths, and what is in those that are directories. */
int bch_ls(struct bch_fs *fs, const struct bch_listing_opts *listing,
	   const struct bch_ls_opts *opts, const char *const *paths, size_t nr_paths);

/*
 * Inodes without a name: unlinked ones, those whose name is lost, and those that only a snapshot without a subvolume
 * has, in all snapshots; with what of their data is still there, and how to name them to other commands. Memory: 24
 * bytes for each of a million inodes at a time whose names must be looked for.
 */
int bch_ls_deleted(struct bch_fs *fs, const struct bch_listing_opts *listing);

struct bch_tree_opts {
	bool dirs;  /* directories alone */
	bool du;    /* with the bytes of all files below */
	u64 levels; /* to go down; 0: all */
};

/* What is below @path, as tree(1) draws it. */
int bch_tree(struct bch_fs *fs, const struct bch_listing_opts *listing,
	     const struct bch_tree_opts *opts, const char *path);

#endif
