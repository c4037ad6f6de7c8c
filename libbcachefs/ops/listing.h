/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lists of files share: text in pieces, JSON in one document, a file's facts, and errors that are passed over. */

#ifndef BCHFS_OPS_LISTING_H
#define BCHFS_OPS_LISTING_H

#include <bcachefs/facts.h>
#include <bcachefs/ls.h>
#include "file/file.h"

struct bch_listing {
	struct bch_fs *fs;
	const struct bch_listing_opts *opts;
	struct bch_buf text; /* not yet written; append at will */
	bool comma;	     /* JSON: what comes next is not the first */
	bool missing;	     /* something was passed over */
};

/* JSON: begins the document, whose array @key is then open. */
void bch_listing_begin(struct bch_listing *l, struct bch_fs *fs,
		       const struct bch_listing_opts *opts, const char *key);

/* Ends the document, writes the rest; @err, or the error that is due. */
int bch_listing_end(struct bch_listing *l, int err);

/* Writes what has gathered, where it is much. An error of the writer, or -BCH_ERR_cancelled. */
int bch_listing_pace(struct bch_listing *l);

/* After @err: 0 where the list goes on behind it, with a line in the log, else @err. */
int bch_listing_pass(struct bch_listing *l, int err);

/* For lists that are always as complete as can be: what could not be read is logged, and *@missing. */
int bch_listing_incomplete(struct bch_fs *fs, int err, bool *missing);

/* A name or path, as the sink wants it. */
void bch_listing_name(struct bch_listing *l, const char *name);

/*
 * The next element: what @facts, a part, say, with an array @inner left open in it (NULL: none), which
 * bch_listing_element_end() closes.
 */
void bch_listing_element(struct bch_listing *l, struct bch_facts *facts, const char *inner);
void bch_listing_element_end(struct bch_listing *l);

/* ------------------------------------------------------------------ a file */

/* A file that is listed. Texts are those of the walk. */
struct bch_listed {
	const char *name;
	u8 type;      /* of the entry: mode >> 12, or BCH_FILE_SUBVOL */
	bool missing; /* the entry leads nowhere: there is no @st */
	struct bch_file file;
	struct bch_stat st;
};

/* Fills it from what a directory says: also where there is no such inode, which is 0. */
int bch_listed_get(struct bch_fs *fs, const char *name, u8 type, const struct bch_file *file,
		   struct bch_listed *e);

/* Facts for JSON: a name with name_hex where it is not UTF-8; all that stat(2) has; the inode's options as an object. */
void bch_facts_name(struct bch_facts *facts, const char *key, const char *name);
void bch_facts_listed(struct bch_facts *facts, struct bch_fs *fs, const struct bch_id_names *names,
		      const struct bch_listed *e);
void bch_facts_options(struct bch_facts *facts, const struct bch_fs *fs,
		       const struct bch_inode *inode);

/* "compression=zstd,data_replicas=2": the options of an inode, inherited ones too. */
void bch_buf_options(struct bch_buf *out, const struct bch_fs *fs, const struct bch_inode *inode);

/* "-rwxr-xr-x" */
void bch_buf_mode(struct bch_buf *out, u32 mode);

/* "regular file"; "unknown" for what is none. */
const char *bch_mode_type(u32 mode);

/* The owner by name where there are names and it has one, else by number. */
void bch_buf_user(struct bch_buf *out, const struct bch_id_names *names, u32 uid);
void bch_buf_group(struct bch_buf *out, const struct bch_id_names *names, u32 gid);

/* ------------------------------------------------------------------ layout */

/* @nr texts in as many columns, filled downwards, as @width has room for. */
void bch_buf_columns(struct bch_buf *out, char *const *texts, size_t nr, u32 width);

/* "│   ├── " before a node at @depth; @last[i]: was the one at depth i, down to itself, the last of its parent? */
void bch_buf_branches(struct bch_buf *out, const bool *last, size_t depth);

#endif
