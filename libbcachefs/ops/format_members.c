// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices that are to be members, of a new filesystem or of one that is there: opened, described, wiped. Format reference: 01 §2, §8.2. */

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <uuid/uuid.h>

#include "base/checked.h"
#include "ops/contents.h"
#include "ops/format_private.h"

#define SUPERBLOCK_SIZE_DEFAULT (1U << 20)
#define SUPERBLOCK_SIZE_MIN	16384U
#define CLEARED_START		4096U /* what lies before the first superblock */

/*
 * A UUID of the new filesystem. Random; or, where the same command must give the same bytes, one that follows from the
 * external UUID, the time and @what.
 */
void bch_format_uuid(const struct bch_format *f, const char *what, size_t nr, u8 uuid[16])
{
	char name[64];
	int len;

	if (!f->opts->reproducible || !f->opts->uuid) {
		uuid_generate_random(uuid);
		return;
	}
	len = snprintf(name, sizeof(name), "%s %zu %" PRIu64, what, nr, f->opts->now_ns);
	uuid_generate_sha1(uuid, f->fs->super.sb->user_uuid, name, (size_t)len);
}

/* ------------------------------------------------------------------ opening */

bool bch_same_device(const struct stat *a, const struct stat *b)
{
	if (S_ISBLK(a->st_mode) && S_ISBLK(b->st_mode))
		return a->st_rdev == b->st_rdev;
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whatever it is called the second time. What cannot be looked at is left to the opening. */
int bch_format_refuse_twice(const struct bch_format *f)
{
	struct stat a, b;

	int err = 0;

	for (size_t i = 0; f->source && !err && i < f->nr_devs; i++)
		err = bch_source_refuse(f->source, f->opts->devs[i].path);
	for (size_t i = 0; !err && i < f->nr_devs; i++)
		for (size_t j = 0; j < i; j++)
			if (!stat(f->opts->devs[i].path, &a) && !stat(f->opts->devs[j].path, &b) &&
			    bch_same_device(&a, &b))
				return bch_error_whole(f->ctx, -BCH_ERR_invalid_argument,
						       "%s and %s are the same device",
						       f->opts->devs[j].path,
						       f->opts->devs[i].path);
	return err;
}

int bch_format_open_devices(struct bch_format *f)
{
	unsigned flags = (f->opts->dry_run ? 0U : BCH_BLKDEV_WRITE) |
			 (f->in_place ? BCH_BLKDEV_SHARED | BCH_BLKDEV_MOUNTED : 0U);
	int err = 0;

	for (size_t i = 0; !err && i < f->nr_devs; i++) {
		struct bch_fs_member *m = &f->fs->members[i];

		err = bch_blkdev_open(f->ctx, f->opts->devs[i].path, flags, &m->blkdev);
		if (!err && f->opts->dry_run) {
			struct bch_blkdev *below = m->blkdev;

			m->blkdev = NULL; /* the overlay takes it, whatever it returns */
			err = bch_overlay_new(below, &m->blkdev);
		}
		if (!err)
			err = bch_super_new(&m->super);
	}
	return err;
}

/* ------------------------------------------------------------------ what the superblocks say */

int bch_format_make_member(struct bch_format *f, size_t i, struct bch_fs *fs, u32 dev_idx)
{
	const struct bch_format_geometry *g = &f->geometry[i];
	struct bch_opt_set set = f->opts->devs[i].opts;
	struct bch_member m = {
		.nbuckets = g->size / g->bucket_size,
		.bucket_size = (u16)BCH_SECTORS(g->bucket_size),
	};

	bch_format_uuid(f, "member", i, m.uuid);
	bch_member_DATA_ALLOWED_set(&m, bch_opt(BCH_OPT_data_allowed)->def);
	bch_member_DURABILITY_set(&m, bch_opt(BCH_OPT_durability)->def + 1);
	bch_member_DISCARD_set(&m, bch_opt_default(bch_opt(BCH_OPT_discard), f->opts->version));
	bch_super_member_put(&fs->super, dev_idx, &m);

	set.given[BCH_OPT_fs_size] = false;
	set.given[BCH_OPT_bucket_size] = false;
	return bch_fs_set_opts(fs, &set, &dev_idx, 1);
}

/* Where an image will end is not known yet: it has no superblock there. Blocks may move the second one a little. */
static u64 end_of(const struct bch_format *f, size_t i, u64 superblock_size)
{
	u64 size = f->geometry[i].size;

	return f->image ? bch_min(size, BCH_BYTES(BCH_SB_SECTOR) + 2 * superblock_size) : size;
}

/* The superblocks lie in the reserve, and nothing is written but there. */
static int put_in_place(struct bch_format *f, u64 superblock_size)
{
	struct bch_fs_member *m = &f->fs->members[0];
	struct bch_in_place *ip = f->in_place;
	struct bch_blkdev *below = m->blkdev;
	int err = bch_in_place_begin(ip, f->ctx, f->opts->devs[0].path, f->geometry[0].size,
				     f->geometry[0].bucket_size, superblock_size);

	if (err)
		return err;
	bch_in_place_layout(ip, &m->super.sb->layout);
	m->blkdev = NULL; /* the fence takes it, whatever it returns */
	return bch_fence_new(below, ip->fenced.a.v, ip->fenced.a.nr, &m->blkdev);
}

int bch_format_make_layouts(struct bch_format *f)
{
	u64 size = f->opts->superblock_size ? f->opts->superblock_size : SUPERBLOCK_SIZE_DEFAULT;
	u64 max = BCH_BYTES(1ULL << BCH_SB_MAX_SIZE_BITS);
	int err = 0;

	if (size < SUPERBLOCK_SIZE_MIN || size > max || size % BCH_SECTOR_SIZE)
		return bch_error_whole(f->ctx, -BCH_ERR_option_value,
				       "superblock_size: %" PRIu64
				       ": want a multiple of 512 from %u to %" PRIu64,
				       size, SUPERBLOCK_SIZE_MIN, max);
	for (size_t i = 0; !err && i < f->nr_devs; i++) {
		struct bch_fs_member *m = &f->fs->members[i];
		const struct bch_format_geometry *g = &f->geometry[i];

		err = bch_layout_make(&m->super.sb->layout, end_of(f, i, size), f->block_size,
				      g->bucket_size, size);
		if (err)
			err = bch_error_whole(
				f->ctx, err,
				"cannot format %s, too small for superblocks of %" PRIu64 " bytes",
				f->opts->devs[i].path, size);
	}
	return !err && f->in_place ? put_in_place(f, size) : err;
}

/* ------------------------------------------------------------------ writing */

int bch_format_wipe(const char *path, struct bch_blkdev *dev)
{
	struct bch_signatures found bch_auto(signatures) = { 0 };
	int err = bch_signatures_probe(dev->ctx, path, &found);

	if (!err)
		err = bch_contents_wipe(dev, &found);
	return err ? err : bch_blkdev_zero(dev, CLEARED_START, 0);
}
