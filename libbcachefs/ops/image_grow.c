// SPDX-License-Identifier: GPL-2.0-or-later
/* An image with more free buckets at its end. Format reference: 06 §4, §7. */

#include "commit/commit.h"
#include "ops/format_private.h"
#include "ops/members.h"

#define SMALLEST       (16ULL << 20)
#define BYTES_PER_FILE 2048U /* of metadata, written anew by each commit that adds to it */
#define BLOCK_BYTES    4096U
#define ROUND	       (1ULL << 20)

u64 bch_image_most(const struct bch_source *s, u64 replicas)
{
	u64 data = (s->nr_stored + s->order.nr * BLOCK_BYTES) * replicas;

	return (SMALLEST + data + data / 4 + s->order.nr * BYTES_PER_FILE + ROUND - 1) / ROUND *
	       ROUND;
}

/* The superblock first: buckets that it does not know of must not be given out. */
static int add_buckets(struct bch_fs *fs, struct bch_member *m, u64 nr)
{
	int err;

	m->nbuckets += nr;
	bch_super_member_put(&fs->super, 0, m);
	bch_btrees_members_changed(fs);
	err = bch_fs_write_super(fs);
	if (!err)
		err = bch_member_put_free(fs, 0, m->nbuckets - nr, m->nbuckets);
	return err ? err : bch_commit(fs);
}

int bch_image_grow(struct bch_fs *fs, u64 nr_bytes)
{
	struct bch_blkdev *dev = fs->members[0].blkdev;
	struct bch_member m;
	u64 bucket, nr, end;
	int err = 0;

	if (!dev || !bch_super_member(&fs->super, 0, &m))
		return -BCH_ERR_not_found;
	bucket = BCH_BYTES(m.bucket_size);
	nr = (nr_bytes + bucket - 1) / bucket;
	end = (m.nbuckets + nr) * bucket;
	if (nr > BCH_U32_MAX)
		return -BCH_ERR_out_of_range;
	if (dev->geometry.size < end)
		err = bch_blkdev_resize(dev, end);
	return err ? err : add_buckets(fs, &m, nr);
}
