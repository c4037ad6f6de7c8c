/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The old filesystem, as its kernel has it. CLI 11.1. */

#ifndef BCHFS_OPS_MIGRATE_HOST_H
#define BCHFS_OPS_MIGRATE_HOST_H

#include "base/array.h"
#include "io/io.h"
#include "ops/chunk_map.h"

#define BCH_RESERVE_FILE "bcachefs"

struct bch_host {
	struct bch_ctx *ctx;
	char *path;   /* as it was given; owned, as are the next two */
	char *device; /* the block device */
	char *type;
	int root;	   /* its root directory */
	int mount;	   /* ours: it lasts as long as this is open; else -1 */
	int loop;	   /* the device, where we made it; else -1 */
	bool is_looked_at; /* not a byte of it is to change, whatever its journal has */
	bool is_ours;	   /* we mounted it, where nobody else sees it */
	bool was_writable; /* before we came */
	bool is_btrfs;
	struct bch_chunk_map chunks; /* of a btrfs */
	u32 block_size;
	struct {
		BCH_ARRAY(struct bch_io_range) a;
	} reserve; /* where its file lies, ascending */
};

/*
 * Finds what is mounted at @path, or mounts the device that it is. Errors are said. To be ended by bch_host_end(), whatever
 * is returned, which unmounts what we mounted. @is_looked_at: nothing is going to be reserved.
 */
int bch_host_begin(struct bch_host *h, struct bch_ctx *ctx, const char *path, bool mounted,
		   bool is_looked_at);
void bch_host_end(struct bch_host *h);
static inline void bch_host_cleanup(struct bch_host *h)
{
	bch_host_end(h);
}

/* What tells the places of its files; NULL: it tells them itself. */
static inline const struct bch_chunk_map *bch_host_chunks(const struct bch_host *h)
{
	return h->is_btrfs ? &h->chunks : NULL;
}

/* Bytes that the reserve can have. */
u64 bch_host_reservable(const struct bch_host *h);

/*
 * Makes the reserve, in place of one that an earlier run left, and has the filesystem be read-only from then on:
 * -BCH_ERR_device_in_use where files are open for writing; then the reserve is gone again.
 */
int bch_host_reserve(struct bch_host *h, bool force);

/* Where the superblock lies that a run left in the reserve, in sectors: -BCH_ERR_not_found, said. */
int bch_host_find_super(struct bch_host *h, u64 *sector);

#endif
