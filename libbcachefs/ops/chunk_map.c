// SPDX-License-Identifier: GPL-2.0-or-later
/* The chunk tree of a mounted btrfs on one device, as its kernel tells it. */

#include "ops/chunk_map.h"

#include <endian.h>
#include <errno.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#define SEARCH_BYTES 65536U
/* Each stripe of these holds all data, in one piece. */
#define PROFILES (BTRFS_BLOCK_GROUP_TYPE_MASK | BTRFS_BLOCK_GROUP_DUP)

struct search {
	struct btrfs_ioctl_search_args_v2 args;
	u8 buf[SEARCH_BYTES];
};

static int say(struct bch_ctx *ctx, const char *path, const char *what)
{
	int err = bch_errno(errno);

	return bch_error(ctx, err, "%s: %s", path, what);
}

static int refuse(struct bch_ctx *ctx, const char *path, const char *why)
{
	return bch_error_whole(ctx, -BCH_ERR_not_supported, "%s: %s: it cannot be migrated", path,
			       why);
}

/* ------------------------------------------------------------------ the device */

bool bch_is_btrfs(int dir)
{
	struct statfs st;

	return !fstatfs(dir, &st) && st.f_type == BTRFS_SUPER_MAGIC;
}

/* Where there is one, its number is the greatest. */
static int only_device(struct bch_ctx *ctx, int dir, const char *path, u64 *devid)
{
	struct btrfs_ioctl_fs_info_args info = { 0 };

	if (ioctl(dir, BTRFS_IOC_FS_INFO, &info))
		return say(ctx, path, "BTRFS_IOC_FS_INFO");
	*devid = info.max_id;
	return info.num_devices == 1 ? 0 : refuse(ctx, path, "a btrfs on several devices");
}

static int check_top(struct bch_ctx *ctx, int dir, const char *path)
{
	struct btrfs_ioctl_ino_lookup_args lookup = { .objectid = BTRFS_FIRST_FREE_OBJECTID };

	if (ioctl(dir, BTRFS_IOC_INO_LOOKUP, &lookup))
		return say(ctx, path, "BTRFS_IOC_INO_LOOKUP");
	if (lookup.treeid == BTRFS_FS_TREE_OBJECTID)
		return 0;
	return bch_error_whole(ctx, -BCH_ERR_not_supported,
			       "%s: subvolume %llu of a btrfs; mount its top with -o subvolid=%llu",
			       path, lookup.treeid, BTRFS_FS_TREE_OBJECTID);
}

int bch_btrfs_device(struct bch_ctx *ctx, int dir, const char *path, char **device)
{
	struct btrfs_ioctl_dev_info_args info = { 0 };
	u64 devid;
	int err = only_device(ctx, dir, path, &devid);

	if (!err)
		err = check_top(ctx, dir, path);
	if (err)
		return err;
	info.devid = devid;
	if (ioctl(dir, BTRFS_IOC_DEV_INFO, &info))
		return say(ctx, path, "BTRFS_IOC_DEV_INFO");
	*device = strndup((const char *)info.path, sizeof(info.path));
	return *device ? 0 : -BCH_ERR_no_memory;
}

/* ------------------------------------------------------------------ the chunks */

static u64 end_of(const struct bch_chunk_map *map)
{
	const struct bch_chunk *last = map->a.nr ? &map->a.v[map->a.nr - 1] : NULL;

	return last ? last->start + last->len : 0;
}

static int add_chunk(struct bch_chunk_map *map, const struct btrfs_chunk *c, u64 start, u64 devid)
{
	const struct bch_chunk chunk = { start, le64toh(c->stripe.offset), le64toh(c->length) };
	u64 end;

	if (le64toh(c->type) & ~PROFILES || le64toh(c->stripe.devid) != devid)
		return -BCH_ERR_not_supported;
	if (!chunk.len || __builtin_add_overflow(chunk.start, chunk.len, &end) ||
	    __builtin_add_overflow(chunk.device, chunk.len, &end) || end_of(map) > start)
		return -BCH_ERR_invalid_argument;
	return bch_array_push(&map->a, chunk);
}

static int take_found(struct bch_chunk_map *map, struct search *s, u64 devid)
{
	struct btrfs_ioctl_search_header header;
	struct btrfs_chunk chunk;
	size_t at = 0;
	int err = 0;

	for (u32 i = 0; i < s->args.key.nr_items && !err; i++) {
		if (sizeof(s->buf) - at < sizeof(header))
			return -BCH_ERR_invalid_argument;
		memcpy(&header, s->buf + at, sizeof(header));
		at += sizeof(header);
		if (sizeof(s->buf) - at < header.len || header.len < sizeof(chunk))
			return -BCH_ERR_invalid_argument;
		memcpy(&chunk, s->buf + at, sizeof(chunk));
		at += header.len;
		err = add_chunk(map, &chunk, header.offset, devid);
	}
	return err;
}

static int search_all(struct bch_chunk_map *map, int dir, struct search *s, u64 devid)
{
	int err = 0;

	do {
		s->args = (struct btrfs_ioctl_search_args_v2){
			.key = { .tree_id = BTRFS_CHUNK_TREE_OBJECTID,
				 .min_objectid = BTRFS_FIRST_CHUNK_TREE_OBJECTID,
				 .max_objectid = BTRFS_FIRST_CHUNK_TREE_OBJECTID,
				 .min_offset = end_of(map),
				 .max_offset = BCH_U64_MAX,
				 .max_transid = BCH_U64_MAX,
				 .min_type = BTRFS_CHUNK_ITEM_KEY,
				 .max_type = BTRFS_CHUNK_ITEM_KEY,
				 .nr_items = BCH_U32_MAX },
			.buf_size = sizeof(s->buf),
		};
		if (ioctl(dir, BTRFS_IOC_TREE_SEARCH_V2, &s->args))
			return bch_errno(errno);
		err = take_found(map, s, devid);
	} while (!err && s->args.key.nr_items);
	return err;
}

int bch_chunk_map_read(struct bch_chunk_map *map, struct bch_ctx *ctx, int dir, const char *path)
{
	struct search *s = bch_malloc(sizeof(*s));
	u64 devid;
	int err = s ? only_device(ctx, dir, path, &devid) : -BCH_ERR_no_memory;

	map->a.nr = 0;
	if (err) {
		free(s);
		return err;
	}
	err = search_all(map, dir, s, devid);
	free(s);
	if (err == -BCH_ERR_not_supported)
		return refuse(ctx, path, "a btrfs of a profile other than single and DUP");
	return err ? bch_error(ctx, err, "%s: chunk tree", path) : 0;
}

bool bch_chunk_map_find(const struct bch_chunk_map *map, u64 address, u64 *device, u64 *len)
{
	size_t low = 0, high = map->a.nr;

	while (low < high) { /* the first that ends behind it */
		size_t mid = low + (high - low) / 2;

		if (map->a.v[mid].start + map->a.v[mid].len > address)
			high = mid;
		else
			low = mid + 1;
	}
	if (low == map->a.nr || map->a.v[low].start > address)
		return false;
	address -= map->a.v[low].start;
	*device = map->a.v[low].device + address;
	*len = *len < map->a.v[low].len - address ? *len : map->a.v[low].len - address;
	return true;
}
