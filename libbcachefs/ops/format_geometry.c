// SPDX-License-Identifier: GPL-2.0-or-later
/* Block, bucket and btree node sizes of a new filesystem. Format reference: 01 §13.1. */

#include "ops/format_private.h"

#include "base/checked.h"

#define KiB 1024ULL
#define MiB (1024 * KiB)
#define GiB (1024 * MiB)

#define SMALL_FILESYSTEM    GiB /* below: blocks of 512 bytes */
#define KERNEL_BLOCK_MAX    4096U
#define NODE_SIZE_DEFAULT   (256 * KiB)
#define BUCKET_MIN_OF_FS    (256 * KiB)
#define BUCKET_MAX_OF_FS    (2 * MiB)  /* by growth alone */
#define BUCKET_MIN	    (16 * KiB) /* 6.12 hangs in its first mount of smaller ones */
#define BUCKET_GROWTH_SHIFT 20	       /* buckets grow with the size divided by 2^20 */
#define BUCKETS_WANTED	    2048
#define BUCKETS_NEEDED	    512
#define BUCKETS_MAX	    ((1ULL << 31) - 1 - 64)

/* The smallest power of two that is not less; @n is far from the top. */
static u64 power_of_two_up(u64 n)
{
	return n <= 1 ? 1 : 2ULL << bch_ilog2(n - 1);
}

static int choose_block_size(struct bch_format *f)
{
	u32 physical = 0, logical = 0;
	u64 total = 0;

	for (size_t i = 0; i < f->nr_devs; i++) {
		const struct bch_blkdev_geometry *g = &f->fs->members[i].blkdev->geometry;

		total += f->geometry[i].size;
		physical = (u32)bch_max(physical, g->physical_block_size);
		logical = (u32)bch_max(logical, g->logical_block_size);
	}
	f->total_size = total;
	f->block_size = (u32)f->opts->fs.value[BCH_OPT_block_size];
	if (!f->opts->fs.given[BCH_OPT_block_size])
		f->block_size = (u32)bch_max(logical, total < SMALL_FILESYSTEM ? BCH_SECTOR_SIZE
									       : KERNEL_BLOCK_MAX);
	if (f->block_size < logical)
		return bch_error_whole(f->ctx, -BCH_ERR_option_too_small,
				       "blocksize too small: %u, the devices have %u",
				       f->block_size, logical);
	if (f->block_size > KERNEL_BLOCK_MAX)
		bch_log(f->ctx, BCH_LOG_warn,
			"block size %u: kernels with 4 KiB pages cannot mount it", f->block_size);
	return 0;
}

/* What all devices without a size of their own would have, were they large. */
static u64 fs_bucket_size(const struct bch_format *f)
{
	u64 b = bch_max(f->block_size, BUCKET_MIN_OF_FS);

	b = bch_max(b, f->opts->fs.value[BCH_OPT_btree_node_size]);
	b = bch_max(b, 4 * f->encoded_extent_max);
	return power_of_two_up(
		bch_max(b, bch_min(BUCKET_MAX_OF_FS, f->total_size >> BUCKET_GROWTH_SHIFT)));
}

static int too_small(const struct bch_format *f, size_t i, u64 bucket_size)
{
	return bch_error_whole(f->ctx, -BCH_ERR_device_too_small,
			       "cannot format %s, too small (%" PRIu64 " bytes, min %" PRIu64 ")",
			       f->opts->devs[i].path, f->geometry[i].size,
			       bucket_size * BUCKETS_NEEDED);
}

static int choose_bucket_size(struct bch_format *f, size_t i)
{
	u64 size = f->geometry[i].size, node = f->opts->fs.value[BCH_OPT_btree_node_size];
	u64 most = size / BUCKETS_WANTED;

	most = most ? 1ULL << bch_ilog2(most) : 1;
	most = bch_max(bch_max(most, BUCKET_MIN), bch_max(node, f->block_size));
	if (most > size / BUCKETS_NEEDED)
		return too_small(f, i, most);
	f->geometry[i].bucket_size = (u32)bch_min(fs_bucket_size(f), most);
	return 0;
}

static int check_bucket_size(const struct bch_format *f, size_t i)
{
	const struct bch_format_geometry *g = &f->geometry[i];
	u64 nr = g->size / g->bucket_size;
	const char *path = f->opts->devs[i].path;

	if (g->bucket_size < f->block_size)
		return bch_error_whole(
			f->ctx, -BCH_ERR_option_too_small,
			"%s: Bucket size (%u) cannot be smaller than block size (%u)", path,
			g->bucket_size, f->block_size);
	if (g->bucket_size < f->opts->fs.value[BCH_OPT_btree_node_size])
		return bch_error_whole(
			f->ctx, -BCH_ERR_option_too_small,
			"%s: Bucket size (%u) cannot be smaller than btree node size (%" PRIu64 ")",
			path, g->bucket_size, f->opts->fs.value[BCH_OPT_btree_node_size]);
	if (nr < BUCKETS_NEEDED)
		return bch_error_whole(f->ctx, -BCH_ERR_device_too_small,
				       "%s: Not enough buckets: %" PRIu64
				       ", need %u (bucket size %u)",
				       path, nr, BUCKETS_NEEDED, g->bucket_size);
	if (nr > BUCKETS_MAX)
		return bch_error_whole(f->ctx, -BCH_ERR_out_of_range,
				       "%s: too many buckets: %" PRIu64
				       ", max %llu (bucket size %u)",
				       path, nr, BUCKETS_MAX, g->bucket_size);
	return 0;
}

static int choose_node_size(struct bch_format *f)
{
	u64 node = NODE_SIZE_DEFAULT;

	for (size_t i = 0; i < f->nr_devs; i++)
		node = bch_min(node, f->geometry[i].bucket_size);
	if (f->opts->fs.given[BCH_OPT_btree_node_size])
		node = f->opts->fs.value[BCH_OPT_btree_node_size];
	f->btree_node_size = (u32)node;
	if (node <= f->block_size)
		return bch_error_whole(f->ctx, -BCH_ERR_option_too_small,
				       "btree node size (%" PRIu64
				       ") must be greater than block size (%u)",
				       node, f->block_size);
	return 0;
}

static int choose_size(struct bch_format *f, size_t i)
{
	const struct bch_opt_set *opts = &f->opts->devs[i].opts;
	u64 have = f->fs->members[i].blkdev->geometry.size;

	f->geometry[i].size = have;
	if (opts->given[BCH_OPT_fs_size]) {
		f->geometry[i].size = opts->value[BCH_OPT_fs_size];
		if (f->geometry[i].size > have)
			return bch_error_whole(f->ctx, -BCH_ERR_option_too_big,
					       "%s: fs_size: too big: %" PRIu64 " (max %" PRIu64
					       ")",
					       f->opts->devs[i].path, f->geometry[i].size, have);
	}
	return 0;
}

int bch_format_choose_geometry(struct bch_format *f)
{
	int err = 0;

	f->encoded_extent_max =
		f->opts->fs.given[BCH_OPT_encoded_extent_max]
			? f->opts->fs.value[BCH_OPT_encoded_extent_max]
			: bch_opt_default(bch_opt(BCH_OPT_encoded_extent_max), f->opts->version);
	for (size_t i = 0; !err && i < f->nr_devs; i++)
		err = choose_size(f, i);
	if (!err)
		err = choose_block_size(f);
	for (size_t i = 0; !err && i < f->nr_devs; i++) {
		const struct bch_opt_set *opts = &f->opts->devs[i].opts;

		f->geometry[i].bucket_size = (u32)opts->value[BCH_OPT_bucket_size];
		if (!opts->given[BCH_OPT_bucket_size])
			err = choose_bucket_size(f, i);
		if (!err)
			err = check_bucket_size(f, i);
	}
	return err ? err : choose_node_size(f);
}
