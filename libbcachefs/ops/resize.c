// SPDX-License-Identifier: GPL-2.0-or-later
/* A member that uses more of its device, or less: how much, and more. Format reference: 06 §13.5; CLI 8.8. */

#include <string.h>

#include "base/checked.h"
#include "commit/commit.h"
#include "ondisk/data_types.h"
#include "ops/resize_private.h"

#define BUCKETS_MIN    512 /* of any member */
#define BUCKETS_MAX    ((1ULL << 31) - 1 - 64)
#define FREE_MIN       64U /* for commits, and for the first ones of a kernel */
#define NODES_RESERVED 28  /* that a kernel keeps room for */

/* ------------------------------------------------------------------ how much */

static int count_used(struct bch_fs *fs, u32 dev_idx, u64 *nr)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_alloc, bch_pos(dev_idx, 0), bch_pos(dev_idx, BCH_U64_MAX));
	u16 version = le16_get(fs->super.sb->version);
	struct bch_alloc a;
	struct bch_key k;
	int more;

	*nr = 0;
	while ((more = bch_cursor_next(&cur, &k)) > 0)
		*nr += bch_alloc_get(&k, version, &a) != BCH_KEY_VALID ||
		       a.data_type != BCH_DATA_free;
	return more;
}

/* All that is on it now, and what has to be free besides: a 64th, and room for nodes twice. 06 §12.5 */
static int least(struct bch_fs *fs, u32 dev_idx, const struct bch_member *m, u64 *nr_buckets)
{
	u64 node = bch_sb_flag(fs->super.sb, BCH_SB_BTREE_NODE_SIZE), nodes = m->bucket_size / node;
	u64 reserve = 2 * (nodes ? (NODES_RESERVED + nodes - 1) / nodes : NODES_RESERVED);
	u64 used;
	int err = count_used(fs, dev_idx, &used);

	used += m->first_bucket + reserve + bch_max(FREE_MIN, used / 32);
	*nr_buckets = bch_min(bch_max(used + used / 63 + 1, BUCKETS_MIN), m->nbuckets);
	return err;
}

int bch_fs_resize_min(struct bch_fs *fs, u32 dev_idx, u64 *size)
{
	struct bch_member m;
	int err;

	if (!bch_super_member(&fs->super, dev_idx, &m))
		return -BCH_ERR_no_such_device;
	err = least(fs, dev_idx, &m, size);
	*size *= BCH_BYTES(m.bucket_size);
	return err;
}

/* A number of bytes, or a change of it. */
static int parse_bytes(const struct bch_resize *r, const char *text, u64 *size)
{
	u64 now = r->old * r->bucket, bytes;
	bool more = *text == '+', less = *text == '-';
	int err = bch_size_parse(r->fs->ctx, "size", text + (more || less), &bytes);

	if (err)
		return err;
	*size = less ? now - bch_min(now, bytes) : bytes;
	if (more && !bch_add(now, bytes, size))
		return bch_error_whole(r->fs->ctx, -BCH_ERR_option_too_big, "size: too big: %s",
				       text);
	return 0;
}

static int choose(struct bch_resize *r, const struct bch_member *m)
{
	const char *text = r->opts->size;
	u64 size = r->fs->members[r->dev_idx].blkdev->geometry.size;
	int err = 0;

	if (text && !strcmp(text, "min"))
		return least(r->fs, r->dev_idx, m, &r->new);
	if (text && strcmp(text, "max"))
		err = parse_bytes(r, text, &size);
	r->new = size / r->bucket;
	return err;
}

static int check(const struct bch_resize *r)
{
	const struct bch_blkdev *dev = r->fs->members[r->dev_idx].blkdev;
	u64 have = dev->geometry.size / r->bucket;

	if (r->new < BUCKETS_MIN && r->new < r->old)
		return bch_error_whole(r->fs->ctx, -BCH_ERR_device_too_small,
				       "%s: %" PRIu64 " bytes are too few, min %" PRIu64, dev->name,
				       r->new * r->bucket, BUCKETS_MIN * r->bucket);
	if (r->new > BUCKETS_MAX)
		return bch_error_whole(r->fs->ctx, -BCH_ERR_out_of_range,
				       "%s: too many buckets: %" PRIu64 ", max %llu", dev->name,
				       r->new, BUCKETS_MAX);
	if (r->new > have && !(r->opts->truncate && !dev->geometry.is_block))
		return bch_error_whole(r->fs->ctx, -BCH_ERR_device_too_small,
				       "%s has %" PRIu64 " bytes only", dev->name,
				       dev->geometry.size);
	return 0;
}

/* ------------------------------------------------------------------ more */

static int set_size(struct bch_resize *r)
{
	struct bch_member m;

	if (!bch_super_member(&r->fs->super, r->dev_idx, &m))
		return -BCH_ERR_no_such_device;
	m.nbuckets = r->new;
	bch_super_member_put(&r->fs->super, r->dev_idx, &m);
	return 0;
}

/* Backup superblocks may lie there that were behind the end. */
static int put_buckets(struct bch_resize *r)
{
	struct bch_recount *recount bch_auto(recount) = NULL;
	int err = bch_recount_new(r->fs, NULL, &recount);

	if (!err)
		err = bch_member_put_free(r->fs, r->dev_idx, r->old, r->new);
	return err ? err : bch_member_put_reserved(recount, r->dev_idx);
}

static int grow(struct bch_resize *r)
{
	struct bch_members_change c;
	int err = bch_writer_start(r->fs, NULL);

	if (!err)
		err = set_size(r);
	if (!err)
		err = bch_members_change_begin(&c, r->fs);
	if (!err)
		err = put_buckets(r);
	if (!err)
		err = bch_commit(r->fs);
	return err ? err : bch_members_change_end(&c);
}

/* ------------------------------------------------------------------ the whole */

/* Its superblocks alone say how large one is that was never mounted. */
static int resize_super(struct bch_resize *r)
{
	int err;

	if (r->new < r->old)
		return bch_error_whole(r->fs->ctx, -BCH_ERR_refused,
				       "filesystem was never mounted, and cannot be made smaller; "
				       "format it anew");
	err = set_size(r);
	return err ? err : bch_fs_write_super(r->fs);
}

static int truncate_to(struct bch_resize *r, u64 size)
{
	struct bch_blkdev *dev = r->fs->members[r->dev_idx].blkdev;
	int err = bch_blkdev_resize(dev, size);

	return err == -BCH_ERR_not_supported
		       ? bch_error_whole(r->fs->ctx, err,
					 "%s cannot be truncated: it is no image file, or what is "
					 "cut off could not be put back",
					 dev->name)
		       : err;
}

static int resize(struct bch_resize *r)
{
	const struct bch_blkdev *dev = r->fs->members[r->dev_idx].blkdev;
	u64 want = r->new * r->bucket;
	int err = 0;

	if (r->opts->truncate && dev->geometry.size < want)
		err = truncate_to(r, want);
	if (err || r->new == r->old)
		return err;
	if (!bch_sb_flag(r->fs->super.sb, BCH_SB_INITIALIZED))
		return resize_super(r);
	return r->new > r->old ? grow(r) : bch_resize_shrink(r);
}

int bch_fs_resize(struct bch_fs *fs, u32 dev_idx, const struct bch_resize_opts *opts,
		  struct bch_resize_result *result)
{
	struct bch_resize r = { .fs = fs, .dev_idx = dev_idx, .opts = opts, .result = result };
	struct bch_member m;
	int err;

	*result = (struct bch_resize_result){ 0 };
	if (!bch_super_member(&fs->super, dev_idx, &m) || !fs->members[dev_idx].blkdev)
		return bch_error_whole(fs->ctx, -BCH_ERR_device_missing, "device %u is missing",
				       dev_idx);
	r.bucket = BCH_BYTES(m.bucket_size);
	r.old = m.nbuckets;
	err = choose(&r, &m);
	if (!err)
		err = check(&r);
	if (!err)
		err = resize(&r);
	result->old_size = r.old * r.bucket;
	result->new_size = (result->moved.interrupted ? r.old : r.new) * r.bucket;
	if (!err && !result->moved.interrupted && opts->truncate)
		err = truncate_to(&r, result->new_size);
	return err;
}
