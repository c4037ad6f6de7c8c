/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A copy of files under way, for the files of this folder that make it. */

#ifndef BCHFS_OPS_GET_PRIVATE_H
#define BCHFS_OPS_GET_PRIVATE_H

#include <regex.h>
#include <stdatomic.h>
#include <sys/types.h>

#include <bcachefs/get.h>
#include "base/array.h"
#include "base/thread_pool.h"
#include "ops/links.h"
#include "super/super.h"

/* What is left out without being an error of its own, level of the one line about it, that line. */
/* clang-format off */
#define BCH_GET_LEFT_OUT(L)									\
	L(owner,	warn, "files whose owner could not be set")				\
	L(xattr,	warn, "extended attributes that could not be set")			\
	L(option,	info, "bcachefs options that the destination does not know")		\
	L(device,	warn, "devices that could not be made")					\
	L(symlink,	warn, "symlinks left out; try -S")					\
	L(special,	warn, "devices, fifos and sockets left out; try -a")

enum bch_get_left_out {
#define L(name, level, text) BCH_GET_LEFT_##name,
	BCH_GET_LEFT_OUT(L)
#undef L
	BCH_GET_LEFT_NR
};
/* clang-format on */

/*
 * Threads: one walks, makes directories and links, and writes large files; small files are written by a pool. Whoever is
 * the last in a directory gives it its attributes.
 *
 * All paths are below the top: @dest, or the directory that it is to be made in. The source of such a path is @from and
 * what comes after the first @from_skip bytes of it.
 */
struct bch_get {
	struct bch_fs *fs;
	const struct bch_get_opts *opts;
	struct bch_thread_pool *pool;
	struct bch_progress *progress;
	struct bch_links links;
	struct bch_buf from,
		to; /* of the tree under way, without '/' at its end; of the top, with it or empty */
	const regex_t *regex; /* NULL: none */
	size_t from_skip;
	_Atomic u64 nr_files, nr_bytes, nr_incomplete, nr_kept;
	_Atomic u64 nr_left_out[BCH_GET_LEFT_NR];
	_Atomic int fatal; /* ends it all: the destination takes no more */
};

static inline bool bch_get_wants(const struct bch_get *g, unsigned flags)
{
	return g->opts->flags & flags;
}

/* The path in the source, appended; and with what terminals may not see as \xHH. */
void bch_get_source(const struct bch_get *g, const char *path, struct bch_buf *out);
void bch_get_put_source(const struct bch_get *g, const char *path, struct bch_buf *out);

/* One more that is incomplete or missing; the line says @what of it: "cannot be made". A full destination is fatal. */
void bch_get_failed(struct bch_get *g, const char *path, const char *what, int err);

/* Is it to end now? */
bool bch_get_ended(struct bch_get *g);

/* ------------------------------------------------------------------ directories of the destination */

/* One that is being filled. */
struct bch_get_dir {
	int fd; /* -1: closed for a while, there are too many levels below it */
	dev_t dev;
	ino_t ino;
	bool made;	 /* by us */
	bool bequeaths;	 /* what is made in it inherits an ACL */
	bool has_source; /* these: */
	struct bch_file file;
	struct bch_stat st;
	_Atomic u32 nr_users; /* who fills it */
	char path[];
};

/* The directory that @fd is of, which is taken. NULL where memory is out. */
struct bch_get_dir *bch_get_dir_new(struct bch_get *g, int fd, const char *path);

/* What is at @place, made where it is not there. NULL for an error, which is logged. */
struct bch_get_place;
struct bch_get_dir *bch_get_dir_enter(struct bch_get *g, const struct bch_get_place *place);

/* From now on the last user gives it the attributes of @file. */
void bch_get_dir_set_source(struct bch_get_dir *dir, const struct bch_file *file,
			    const struct bch_stat *st);

/* Another user; and one less. */
void bch_get_dir_use(struct bch_get_dir *dir);
void bch_get_dir_done(struct bch_get *g, struct bch_get_dir *dir);

/* The way down: the top, which is always open, and the levels from @first_open on. */
struct bch_get_way {
	BCH_ARRAY(struct bch_get_dir *) dirs;
	size_t first_open;
};

/* Down into @dir, which is taken. -BCH_ERR_no_memory. */
int bch_get_way_down(struct bch_get *g, struct bch_get_way *way, struct bch_get_dir *dir);

/* Out of the last one. Where it was moved out of its parent meanwhile, that is fatal. */
void bch_get_way_up(struct bch_get *g, struct bch_get_way *way);

/* ------------------------------------------------------------------ a tree */

/*
 * Copies the tree at @file as @name in the top, which @way consists of and which it is again afterwards; NULL: what is in
 * it into the top. Only what is fatal is returned, not said.
 */
int bch_get_tree(struct bch_get *g, struct bch_get_way *way, const struct bch_file *file,
		 const char *name);

/* ------------------------------------------------------------------ all others */

/* What is to be made, and of what. */
struct bch_get_place {
	struct bch_get_dir *dir;
	const char *name, *path;
	struct bch_file file;
	struct bch_stat st;
};

/* Makes a file of any type but directory, with its attributes; any thread. What fails is logged and counted. */
void bch_get_file(struct bch_get *g, const struct bch_get_place *place);

/*
 * Makes another name for the file at the path @old below @top. False where that cannot be: it is to be a file of its own.
 * Where something is in its place that was kept, that is logged and counted, and true.
 */
bool bch_get_link(struct bch_get *g, const struct bch_get_place *place, const char *old,
		  const struct bch_get_dir *top);

/*
 * Calls @make, which returns 0, an fd or -errno; where something is in the way, once more after that was deleted, if that is
 * wanted. -BCH_ERR_exists: it is kept, logged and counted.
 */
int bch_get_make(struct bch_get *g, const struct bch_get_place *place,
		 int (*make)(void *arg, const struct bch_get_place *place), void *arg);

/* ------------------------------------------------------------------ attributes */

/*
 * Gives the file of @fd owner, extended attributes, mode and times, as far as they are wanted and in this order; one that fails leaves the others. @proc:
 * "/proc/self/fd/N" where @fd only stands for a file (O_PATH), else NULL.
 */
int bch_get_attributes(struct bch_get *g, int fd, const char *proc, const struct bch_file *file,
		       const struct bch_stat *st);

/* Takes away the ACLs that it inherited. */
void bch_get_disinherit(int fd, const char *proc);

#endif
