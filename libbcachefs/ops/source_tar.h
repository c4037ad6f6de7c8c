/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tar archives for reading: ustar, pax, GNU. An archive is a file that can be read anywhere; one that comes through a
 * pipe is copied to one first. Its bytes are hostile.
 */

#ifndef BCHFS_OPS_SOURCE_TAR_H
#define BCHFS_OPS_SOURCE_TAR_H

#include "ondisk/bkey.h"
#include "ops/source.h"
#include "ops/ustar.h"

struct bch_archive {
	struct bch_ctx *ctx;
	const char *path;
	int fd;
	u64 len;
	u8 *window; /* bytes from window_at on */
	u64 window_at;
	size_t window_len;
	struct bch_buf globals; /* pax records that are for all members that follow */
};

enum bch_archive_sparse {
	BCH_ARCHIVE_WHOLE,
	BCH_ARCHIVE_SPARSE_GNU, /* type S: the map is in headers */
	BCH_ARCHIVE_SPARSE_PAX, /* 0.0, 0.1: the map is in records */
	BCH_ARCHIVE_SPARSE_1_0, /* the map is before the data */
};

/* All zero is an empty one; ended by bch_archive_member_end(). */
struct bch_archive_member {
	u64 at;	    /* its first header: pax and GNU ones come before the one that all have */
	u64 header; /* that one */
	u64 data, data_len; /* stored bytes */
	u64 next;	    /* what follows */
	struct bch_buf path, target, pax;
	struct bch_source_file file; /* its mode, with the type of the file */
	bool is_link;
	bool is_none; /* nothing that is a file: to be passed over */
	enum bch_archive_sparse sparse;
};

/* Bytes [@at, @at + @len) of the archive, at most a block; NULL where it ends. Valid until the next call. */
int bch_archive_block(struct bch_archive *a, u64 at, const u8 **block);
int bch_archive_read(struct bch_archive *a, void *buf, size_t len, u64 at);

/* Appends them to @out. */
int bch_archive_append(struct bch_archive *a, u64 at, u64 len, struct bch_buf *out);

/* 1 and the member whose first header is at @at, 0 at the end. Errors are said. */
int bch_archive_member(struct bch_archive *a, u64 at, struct bch_archive_member *m);
void bch_archive_member_end(struct bch_archive_member *m);

static inline struct bch_bytes bch_archive_pax(const struct bch_archive_member *m)
{
	return (struct bch_bytes){ (const u8 *)bch_buf_str(&m->pax), m->pax.len };
}

/* A number of a header: octal, or base 256. False where it is neither, or too large. */
bool bch_archive_number(const char *field, size_t size, s64 *value);

/* ------------------------------------------------------------------ pax records */

struct bch_pax_record {
	struct bch_bytes key, value;
};

/* Takes the next record off the front of @rest: 1, 0 at the end, -BCH_ERR_invalid_argument. */
int bch_pax_next(struct bch_bytes *rest, struct bch_pax_record *r);

/* Is that its key? */
bool bch_pax_is(const struct bch_pax_record *r, const char *key);

/* All of it is a decimal number. */
bool bch_pax_number(struct bch_bytes value, u64 *number);

/* What the records say of a member; of all members alike only owner and time. -BCH_ERR_invalid_argument. */
int bch_pax_apply(struct bch_bytes records, bool global, struct bch_archive_member *m);

/* The extended attributes in the records. @bad: what is wrong, for -BCH_ERR_invalid_argument. */
int bch_pax_xattrs(struct bch_bytes records, struct bch_file_xattrs *xattrs, const char **bad);

/* An ACL as the system's calls have it, of its text. False where that is none, or names somebody who is not known. */
bool bch_pax_acl(struct bch_bytes text, struct bch_buf *out);

/* ------------------------------------------------------------------ data */

struct bch_archive_range {
	u64 offset, len; /* in the file */
	u64 at;		 /* in the archive */
};

struct bch_archive_map {
	BCH_ARRAY(struct bch_archive_range) ranges; /* ascending */
};

/* Where the data of a regular member lies. -BCH_ERR_invalid_argument where that cannot be. */
int bch_archive_map(struct bch_archive *a, const struct bch_archive_member *m,
		    struct bch_archive_map *map);

/* Of a member of type S: the end of its headers. */
int bch_archive_sparse_end(struct bch_archive *a, u64 header, u64 *end);

#endif
