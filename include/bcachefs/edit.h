/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes to the files of an unmounted filesystem: each call is pending until bch_edits_commit(), which makes all of them
 * durable at once. CLI 9, 14.2; format reference: 04.
 *
 * Paths are those of <bcachefs/file.h>. Errors are said with the path; after one nothing should be committed. Nothing in
 * a read-only subvolume is changed: -BCH_ERR_read_only.
 */

#ifndef BCHFS_EDIT_H
#define BCHFS_EDIT_H

#include <bcachefs/file.h>
#include <bcachefs/opts.h>

/* After bch_files_start() on a filesystem that is open to be written. -BCH_ERR_version_unsupported, said. */
int bch_edits_start(struct bch_fs *fs);

/* All changes in one commit; then the filesystem is marked clean. */
int bch_edits_commit(struct bch_fs *fs);

enum bch_edit_flags {
	BCH_EDIT_RECURSIVE = 1 << 0, /* rm: directories and what is in them */
	BCH_EDIT_PARENTS =
		1 << 1, /* mkdir: those above that are missing; one that is there is fine */
	BCH_EDIT_FORCE = 1 << 2,   /* rm: what is not there is fine */
	BCH_EDIT_SYMLINK = 1 << 3, /* ln: a symlink */
};

/* Takes names away, and with their last one files. Subvolumes stay: -BCH_ERR_refused. */
int bch_file_rm(struct bch_fs *fs, const struct bch_path_opts *from, unsigned flags,
		const char *path);

/* @mode: permission bits. */
int bch_file_mkdir(struct bch_fs *fs, const struct bch_path_opts *from, unsigned flags, u32 mode,
		   const char *path);

/* Into @dest where that is a directory, else to that name, over what has it. */
int bch_file_mv(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
		const char *dest);

/* Another name for the file @target, or (BCH_EDIT_SYMLINK) a symlink with that text; as bch_file_mv() for @dest. */
int bch_file_ln(struct bch_fs *fs, const struct bch_path_opts *from, unsigned flags,
		const char *target, const char *dest);

/* ------------------------------------------------------------------ subvolumes: CLI 9.1 */

/* An empty one; @path must not be there. */
int bch_file_subvol_create(struct bch_fs *fs, const struct bch_path_opts *from, const char *path);

/* As @dest of the subvolume that @source is the root of; NULL: of the one that @dest is in. */
int bch_file_subvol_snapshot(struct bch_fs *fs, const struct bch_path_opts *from,
			     const char *source, const char *dest, bool read_only);

/*
 * With all that is in it, but no other subvolumes. What it alone had is taken away too; where the filesystem deletes
 * snapshots in the way of 1.26 that is left to the kernel.
 */
int bch_file_subvol_delete(struct bch_fs *fs, const struct bch_path_opts *from, const char *path);

/* Has the subvolume whose root @path is be read-only, or not. */
int bch_file_subvol_set_ro(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
			   bool read_only);

/* ------------------------------------------------------------------ options of files: CLI 9.3 */

struct bch_file_option {
	const struct bch_opt *opt; /* of BCH_OPT_INODE */
	const char *text;	   /* its value; "-": what the directory has */
};

struct bch_file_option_sets {
	const struct bch_file_option *v;
	size_t nr;
	bool remove_all; /* before these: all options are the directory's */
	bool recursive;	 /* what is in directories, and has not its own, follows */
};

/* Sets options of a file. -BCH_ERR_option_value and others of bch_opt_parse(), -BCH_ERR_refused, said. */
int bch_file_set_options(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
			 const struct bch_file_option_sets *sets);

/*
 * Calls @put with each option of a file: those set on it itself; @effective: inherited ones too; @all: the others with
 * the value "-". Ends at its first error.
 */
int bch_file_get_options(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
			 bool effective, bool all,
			 int (*put)(void *arg, const char *name, const char *value), void *arg);

/* ------------------------------------------------------------------ put */

enum bch_put_flags {
	BCH_PUT_ALL = 1 << 0, /* owners, modes, times, attributes, hard links, devices */
};

struct bch_put_opts {
	unsigned flags;
	const char *const *sources; /* local paths */
	size_t nr_sources;
	struct bch_path_opts from;
};

/* What came of it. */
struct bch_put_sums {
	u64 nr_files, nr_bytes; /* regular files, and what is in them */
	u64 nr_left_out;	/* of kinds that are not put: each is said */
};

/*
 * Copies local files into the directory @dest, trees as trees, over files that have their names; or, one file, to the
 * name @dest. Names of files that are put over others keep their owners, modes and attributes, but for BCH_PUT_ALL; new
 * ones belong to whom their directory belongs.
 */
int bch_file_put(struct bch_fs *fs, const struct bch_put_opts *opts, const char *dest,
		 struct bch_put_sums *sums);

#endif
