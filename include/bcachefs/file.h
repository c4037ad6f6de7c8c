/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of an unmounted filesystem, for reading: paths, directories, attributes, data. Format reference: 04, 05.
 *
 * After bch_files_start() all functions may be called by any thread, several at once, on one filesystem; what a function
 * opens (a directory) is for one thread at a time.
 */

#ifndef BCHFS_FILE_H
#define BCHFS_FILE_H

#include <bcachefs/buf.h>
#include <bcachefs/super.h>

/* ------------------------------------------------------------------ start */

enum bch_files_flags {
	BCH_FILES_NO_VERIFY = 1 << 0, /* data whose checksum is wrong is handed out all the same */
	BCH_FILES_QUIET = 1 << 1,     /* copies that are damaged are not said in the log */
};

struct bch_files_opts {
	unsigned flags;	    /* enum bch_files_flags */
	u32 nr_threads;	    /* that read, verify and decompress; 0: as many as processors */
	size_t cache_bytes; /* of decoded data; 0: 32 MiB */
};

/*
 * Makes the files of @fs readable: after bch_fs_start(), once. Loads the snapshot trees (100 bytes a snapshot); what of
 * them is damaged is logged, and files are shown as far as the rest tells. @opts may be NULL. -BCH_ERR_no_memory.
 */
int bch_files_start(struct bch_fs *fs, const struct bch_files_opts *opts);

/* ------------------------------------------------------------------ a file */

/* A file, and from where it is seen. */
struct bch_file {
	u32 subvol;   /* 0: from a snapshot alone */
	u32 snapshot; /* the subvolume's */
	u64 inum;
};

/* The root directory of a subvolume. -BCH_ERR_subvol_missing. */
int bch_file_subvol_root(struct bch_fs *fs, u32 subvol, struct bch_file *file);

struct bch_time {
	s64 sec; /* since 1970 */
	u32 nsec;
};

/* As stat(2) of the kernel shows it, and more. */
struct bch_stat {
	u64 inum;
	u32 mode; /* type and permissions, as st_mode */
	u32 nlink;
	u32 uid, gid;
	u32 major, minor; /* of devices */
	u64 size;	  /* bytes */
	u64 nr_sectors;	  /* allocated: copies and compression make no difference */
	struct bch_time atime, mtime, ctime, otime;
	u32 flags; /* bits of the format: 04 §6.5 */
	u32 project;
	u32 subvol_root; /* the subvolume whose root directory it is; 0: of none */
	bool casefold;	 /* a directory whose names are casefolded */
};

/* -BCH_ERR_not_found where the snapshot sees no inode of that number. */
int bch_file_stat(struct bch_fs *fs, const struct bch_file *file, struct bch_stat *st);

/* ------------------------------------------------------------------ directories */

/* The type of an entry that leads to the root directory of another subvolume; all others have that of the mode. */
#define BCH_FILE_SUBVOL 16

struct bch_dir_entry {
	const char *name; /* any bytes but NUL and '/', ended by NUL; valid until the next call */
	size_t name_len;
	u8 type;	      /* mode >> 12, or BCH_FILE_SUBVOL */
	struct bch_file file; /* what it leads to, which may not be there */
	u64 offset;	      /* its place; the next one is at @offset + 1 or later */
};

struct bch_dir;

/* Reads the entries in the order of their places, from @offset on. @dir is to be closed. */
int bch_dir_open(struct bch_fs *fs, const struct bch_file *file, u64 offset, struct bch_dir **dir);

/* 1 and the next entry, 0 at the end, or an error, after which the next call goes on behind what cannot be read. */
int bch_dir_next(struct bch_dir *dir, struct bch_dir_entry *entry);
void bch_dir_close(struct bch_dir *dir);
static inline void bch_dir_cleanup(struct bch_dir **dir)
{
	bch_dir_close(*dir);
}

/* The file with that name in a directory, casefolded where the directory is. -BCH_ERR_not_found. */
int bch_dir_lookup(struct bch_fs *fs, const struct bch_file *dir, const char *name, size_t len,
		   struct bch_file *file);

/* ------------------------------------------------------------------ paths: CLI 14.1 */

struct bch_path_opts {
	const char *subvol; /* root of all paths: an id or a path; NULL: subvolume 1 */
	u32 snapshot; /* all is seen from this snapshot, whether a subvolume points to it or not; 0: none */
	bool follow; /* symlinks, the last component's too */
};

/*
 * The file at @path, "<INUM>" or "<SUBVOL:INUM>", each with "/more/of/it" behind it. Errors are said with the path:
 * -BCH_ERR_not_found, -BCH_ERR_not_a_directory, -BCH_ERR_too_many_links, -BCH_ERR_subvol_missing.
 */
int bch_path_lookup(struct bch_fs *fs, const struct bch_path_opts *opts, const char *path,
		    struct bch_file *file);

/*
 * One path of a file from the root subvolume, by its back pointers; appended to @out. -BCH_ERR_not_found where it has
 * none that leads to the root.
 */
int bch_file_path(struct bch_fs *fs, const struct bch_file *file, struct bch_buf *out);

/* ------------------------------------------------------------------ attributes */

struct bch_file_xattr {
	const char *name; /* with its prefix */
	const void *value;
	size_t len;
};

/* Owned: ended by bch_file_xattrs_end(). */
struct bch_file_xattrs {
	struct bch_file_xattr *v; /* by name; ACLs in the form of the system's calls, version 2 */
	size_t nr, size;
};

/* All extended attributes, those of options ("bcachefs.compression") too. @xattrs is ended by the caller. */
int bch_file_xattrs_read(struct bch_fs *fs, const struct bch_file *file,
			 struct bch_file_xattrs *xattrs);
void bch_file_xattrs_end(struct bch_file_xattrs *xattrs);
static inline void bch_file_xattrs_cleanup(struct bch_file_xattrs *xattrs)
{
	bch_file_xattrs_end(xattrs);
}

/* The target of a symlink, appended to @out. -BCH_ERR_invalid_argument where it is none. */
int bch_file_readlink(struct bch_fs *fs, const struct bch_file *file, struct bch_buf *out);

/* ------------------------------------------------------------------ data */

/*
 * Reads [@offset, @offset + @len) of a regular file or symlink, cut to its size; *@done is what there is of it. Any
 * range. -BCH_ERR_data_lost where a part has no good copy: what lies before it is in @buf.
 */
int bch_file_read(struct bch_fs *fs, const struct bch_file *file, void *buf, size_t len, u64 offset,
		  size_t *done);

/* Who takes a stream; all in the order of the file, by the thread that streams. Nonzero ends it. */
struct bch_file_sink {
	void *arg;
	/* Bytes; they may be changed. */
	int (*data)(void *arg, void *buf, size_t len, u64 offset);
	/* Zeroes without storage behind them. NULL: data gives them. */
	int (*hole)(void *arg, u64 len, u64 offset);
	/* Has no good copy: @why in words. NULL: the stream ends with -BCH_ERR_data_lost, said. */
	int (*lost)(void *arg, u64 len, u64 offset, const char *why);
};

/*
 * Gives a file's bytes from @offset to @end (or its size) to @sink, read ahead, verified and decompressed by all
 * threads, each stored block once. Memory: 16 MiB at most.
 */
int bch_file_stream(struct bch_fs *fs, const struct bch_file *file, u64 offset, u64 end,
		    const struct bch_file_sink *sink);

/* The next range with (@data) or without data at @offset or behind it, as SEEK_DATA and SEEK_HOLE; not found at the end. */
int bch_file_seek(struct bch_fs *fs, const struct bch_file *file, u64 offset, bool data,
		  u64 *found);

#endif
