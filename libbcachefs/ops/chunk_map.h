/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the addresses that btrfs tells of lie on its device. CLI 11.1. */

#ifndef BCHFS_OPS_CHUNK_MAP_H
#define BCHFS_OPS_CHUNK_MAP_H

#include "base/array.h"
#include "base/memory.h"

struct bch_ctx;

struct bch_chunk {
	u64 start, device, len; /* bytes: among the addresses, on the device */
};

/* All zero is an empty one. */
struct bch_chunk_map {
	BCH_ARRAY(struct bch_chunk) a; /* ascending */
};

static inline void bch_chunk_map_end(struct bch_chunk_map *map)
{
	bch_array_end(&map->a);
}

/* Is that directory on a btrfs? */
bool bch_is_btrfs(int dir);

/*
 * The one device of the btrfs that @dir is on, to be freed; @path is what is said of it. -BCH_ERR_not_supported, said,
 * where there are several, and where @dir is in a subvolume that is not the top.
 */
int bch_btrfs_device(struct bch_ctx *ctx, int dir, const char *path, char **device);

/*
 * Reads the map, anew where it was read before. -BCH_ERR_not_supported, said, where there are several devices, or chunks
 * whose data does not lie in one piece.
 */
int bch_chunk_map_read(struct bch_chunk_map *map, struct bch_ctx *ctx, int dir, const char *path);

/* The place of an address, and how much follows it there, @len at most; false where there is none. */
bool bch_chunk_map_find(const struct bch_chunk_map *map, u64 address, u64 *device, u64 *len);

#endif
