/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of format share. */

#ifndef BCHFS_OPS_FORMAT_PRIVATE_H
#define BCHFS_OPS_FORMAT_PRIVATE_H

#include <bcachefs/format.h>
#include <bcachefs/image.h>
#include "ops/in_place.h"
#include "ops/source.h"
#include "super/super.h"

struct bch_format_geometry {
	u64 size; /* bytes of the device that are used */
	u32 bucket_size;
};

/* A filesystem in the making. */
struct bch_format {
	struct bch_ctx *ctx;
	const struct bch_format_opts *opts;
	size_t nr_devs;
	struct bch_fs *fs;		      /* its members are the devices, open */
	struct bch_format_geometry *geometry; /* one a device */
	struct bch_source *source;	      /* NULL: none */
	const struct bch_image_opts *image;   /* NULL: of devices, whose size is given */
	struct bch_in_place *in_place;	      /* NULL: the devices are ours alone */
	u64 total_size;
	u64 encoded_extent_max;
	u32 block_size, btree_node_size; /* bytes */
};

/* What a filesystem is made of and where, beside the options: each may be NULL. */
struct bch_format_from {
	struct bch_source *source;	    /* open */
	const struct bch_image_opts *image; /* the one device ends where that wants it */
	struct bch_in_place *in_place;	    /* in a file on the one device; with @source */
};

/* As bch_format(). */
int bch_format_from(struct bch_ctx *ctx, const struct bch_format_opts *opts,
		    const struct bch_format_from *from, struct bch_fs **fs);

struct stat;

/* Are they one file or device, whatever the names? */
bool bch_same_device(const struct stat *a, const struct stat *b);

/*
 * A UUID of the new filesystem. Random; or, where the same command must give the same bytes, one that follows from the
 * external UUID, the time and @what.
 */
void bch_format_uuid(const struct bch_format *f, const char *what, size_t nr, u8 uuid[16]);

/* The devices are all others, and not the source's; opened, each with an empty superblock. Errors are said. */
int bch_format_refuse_twice(const struct bch_format *f);
int bch_format_open_devices(struct bch_format *f);

/* Has slot @dev_idx of @fs, which is there, be device @i, as its options and its geometry say. */
int bch_format_make_member(struct bch_format *f, size_t i, struct bch_fs *fs, u32 dev_idx);

/* Where each device's superblocks lie, when block and bucket sizes are known. Errors are said. */
int bch_format_make_layouts(struct bch_format *f);

/* Takes away what others know @dev, which is @path, by. */
int bch_format_wipe(const char *path, struct bch_blkdev *dev);

/* More bytes than an image of the source can become. What is compressed takes no more than without. */
u64 bch_image_most(const struct bch_source *s, u64 replicas);

/* Gives the one member of @fs at least so much more free space, in a commit of its own; nothing may be pending. */
int bch_image_grow(struct bch_fs *fs, u64 nr_bytes);

/* Writes nodes of the one member that lie behind there anew, in a commit of its own; nothing may be pending. */
int bch_image_move_nodes(struct bch_fs *fs, u64 start_sector);

/* Has the one member of @fs end behind what is in use, in a commit of its own. */
int bch_image_shrink(struct bch_fs *fs, const struct bch_image_opts *image);

/* Makes what is in a new filesystem, whose superblocks are written; durable when it returns 0. */
int bch_format_initialise(struct bch_format *f);

/* Sizes, from the options and the open devices. Errors are said. */
int bch_format_choose_geometry(struct bch_format *f);

#endif
