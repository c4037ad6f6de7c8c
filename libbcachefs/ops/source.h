/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree of files that is not in this filesystem yet: a directory, a tar archive, or a part of another filesystem.
 *
 * What files there are is read at once, 150 bytes a file; attributes and data when they are asked for. Files are in an
 * order that the tree alone decides, so that a directory and an archive of it are the same. For one thread.
 */

#ifndef BCHFS_OPS_SOURCE_H
#define BCHFS_OPS_SOURCE_H

#include <linux/fiemap.h>

#include <bcachefs/file.h>
#include <bcachefs/populate.h>
#include "base/array.h"
#include "base/map.h"

struct bch_chunk_map;
struct bch_source;

/* A name in a directory. */
struct bch_source_name {
	struct bch_map_node node; /* by directory, then by the bytes of the name */
	u32 dir, file;
	u16 len;
	char name[]; /* ended by NUL */
};

struct bch_source_file {
	u64 size;  /* of regular files and symlinks */
	u64 place; /* the reader's */
	s64 mtime; /* nanoseconds since 1970 */
	const struct bch_source_name
		*name; /* its first one in the order; NULL: the root has none */
	u32 mode, uid, gid;
	u32 major, minor; /* of devices */
	u32 nr_names;
	u32 nr;	    /* its place in the order */
	u32 subvol; /* number of the subvolume that it is in, or is; 0: the source's own */
	u64 dir_offset; /* for who puts it into a filesystem: where its first name is in the directory */
};

/* Where the system says that bytes of a file lie: source_place.c. */
struct bch_fd_extent {
	u64 start, device, len; /* in the file, on the device */
	u32 flags;		/* FIEMAP_EXTENT_* */
};

/* Not the file's bytes as they are on the device, or not the file's alone. */
#define BCH_FD_EXTENT_NOT_PLAIN                                                                 \
	(FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_ENCODED |               \
	 FIEMAP_EXTENT_DATA_ENCRYPTED | FIEMAP_EXTENT_NOT_ALIGNED | FIEMAP_EXTENT_DATA_INLINE | \
	 FIEMAP_EXTENT_DATA_TAIL | FIEMAP_EXTENT_SHARED)

/*
 * The first that ends behind @offset: 1, 0 where there is none, or the error of the ioctl. @chunks: of a btrfs; NULL: of a
 * filesystem that tells places on its device.
 */
int bch_fd_extent_next(int fd, const struct bch_chunk_map *chunks, u64 offset,
		       struct bch_fd_extent *e);

/* What a file has beside that, for who carries over all of it: nanoseconds since 1970. */
struct bch_source_times {
	s64 atime, ctime, otime;
};

/* Of regular files and directories, as the system knows them. */
struct bch_source_attributes {
	u32 flags; /* FS_*_FL */
	u32 project;
	bool read_only; /* a subvolume */
};

/* How a kind of source is read. Errors are said. */
struct bch_source_ops {
	int (*xattrs)(struct bch_source *s, u32 file, struct bch_file_xattrs *xattrs);
	int (*target)(struct bch_source *s, u32 file, struct bch_buf *out);
	/* NULL: it has one time alone. */
	int (*times)(struct bch_source *s, u32 file, struct bch_source_times *times);
	/* NULL: it knows of none. */
	int (*attributes)(struct bch_source *s, u32 file, struct bch_source_attributes *a);
	/* The regular file that the next two are about. */
	int (*open)(struct bch_source *s, u32 file);
	/* The next range with data that ends behind @offset: 1, or 0 at the end. What is not in one is zeroes. */
	int (*data)(struct bch_source *s, u64 offset, u64 *start, u64 *end);
	/*
	 * The next bytes that end behind @offset and lie as they are, and for this file alone, on the device that the
	 * source is on: 1, or 0. NULL: none do.
	 */
	int (*place)(struct bch_source *s, u64 offset, struct bch_fd_extent *e);
	/* All @len bytes, within a range. */
	int (*read)(struct bch_source *s, void *buf, size_t len, u64 offset);
	void (*close)(struct bch_source *s);
	/* The files from place @at of the order on are what is read next. NULL: nothing is won by knowing. */
	void (*ahead)(struct bch_source *s, size_t at);
};

#define BCH_SOURCE_IMPLIED BCH_U64_MAX /* the place of a directory that only others tell of */

#define BCH_SOURCE_ROOT 0U /* the file that is the root directory */
#define BCH_SOURCE_HIDDEN \
	1U /* a directory that nobody sees: what was excluded, but may have other names */

struct bch_source {
	struct bch_ctx *ctx;
	const struct bch_source_opts *opts;
	const struct bch_source_ops *ops;
	void *reader;			    /* of the kind */
	const struct bch_chunk_map *chunks; /* who asks for places sets it: of a btrfs */
	struct bch_map names;
	BCH_ARRAY(struct bch_source_file) files;
	BCH_ARRAY(u32) order; /* the files that have names: each directory before what is in it */
	u32 nr_subvols;	      /* beside its own */
	u64 nr_bytes;	      /* sizes of the regular ones */
	u64 nr_stored; /* of that what is no hole, as far as it is known; once more for other names */
};

/* Reads what files there are at opts->path. @opts must outlive it. Errors are said. */
int bch_source_open(struct bch_ctx *ctx, const struct bch_source_opts *opts, struct bch_source **s);
void bch_source_close(struct bch_source *s);

/* Adds a file at the top, as the last one in the order. -BCH_ERR_exists, -BCH_ERR_no_memory. */
int bch_source_append(struct bch_source *s, const char *name, const struct bch_source_file *f,
		      u32 *file);

/* -BCH_ERR_refused, said, where @path is one of the devices that the files come from. */
int bch_source_refuse(const struct bch_source *s, const char *path);
static inline void bch_source_cleanup(struct bch_source **s)
{
	bch_source_close(*s);
}

/* The first name in a directory, and the one that follows @name there; NULL at the end. */
const struct bch_source_name *bch_source_first(const struct bch_source *s, u32 dir);
const struct bch_source_name *bch_source_next(const struct bch_source_name *name);

/* Appends the path of a file below the root, "" for that; and one that can be shown, from what the user gave on. */
void bch_source_relative(const struct bch_source *s, u32 file, struct bch_buf *out);
void bch_source_path(const struct bch_source *s, u32 file, struct bch_buf *out);

/* To be called as the reader goes on in the order. */
static inline void bch_source_is_at(struct bch_source *s, size_t at)
{
	if (s->ops->ahead)
		s->ops->ahead(s, at);
}

/* Bytes of the open file, zeroes where it has no data. */
int bch_source_fill(struct bch_source *s, u8 *buf, size_t len, u64 offset);

/* None where its kind has none. */
int bch_source_attributes(struct bch_source *s, u32 file, struct bch_source_attributes *a);

/* A directory that is the root of a subvolume. */
static inline bool bch_source_is_subvol(const struct bch_source *s, u32 file)
{
	const struct bch_source_file *f = &s->files.v[file];

	return f->name && s->files.v[f->name->dir].subvol != f->subvol;
}

/* Says @err about a file. */
int bch_source_error(const struct bch_source *s, int err, u32 file, const char *what);

/* ------------------------------------------------------------------ for readers */

/* Is @path, relative and without '/' at its ends, to be left out? */
bool bch_source_is_excluded(const struct bch_source *s, const char *path);

/* A name in a directory of the tree; NULL where there is none. */
const struct bch_source_name *bch_source_find(const struct bch_source *s, u32 dir, const char *name,
					      size_t len);

/* Adds a file, and a name of one; the name must not be there yet. -BCH_ERR_name_too_long, _out_of_range, _no_memory. */
int bch_source_add_file(struct bch_source *s, const struct bch_source_file *f, u32 *file);
int bch_source_add_name(struct bch_source *s, u32 dir, const char *name, size_t len, u32 file);

/* What is known of a file by now. */
void bch_source_set_file(struct bch_source *s, u32 file, const struct bch_source_file *f);

/* Has a name lead to another file. */
void bch_source_replace(const struct bch_source_name *name, u32 file);

/* Files with several names, by device (or what stands for it) and number. */
struct bch_source_links {
	struct bch_map map;
};

/* None; frees all. */
struct bch_source_links bch_source_links_new(void);
void bch_source_links_end(struct bch_source_links *links);

/* The file that was added under these numbers; false where none was. */
bool bch_source_links_find(const struct bch_source_links *links, u64 dev, u64 ino, u32 *file);

/* Adds one that was not found. -BCH_ERR_no_memory. */
int bch_source_links_add(struct bch_source_links *links, u64 dev, u64 ino, u32 file);

/* Each kind: fills @s with its files, and sets ops and reader. The last one takes opts->fs. */
int bch_source_dir_open(struct bch_source *s, int fd);
int bch_source_tar_open(struct bch_source *s, int fd);
int bch_source_fs_open(struct bch_source *s);

#endif
