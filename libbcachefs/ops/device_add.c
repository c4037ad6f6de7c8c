// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * New members of a filesystem. Format reference: 06 §13.1; CLI 8.4.
 *
 * The devices are written first: wiped, with an empty journal, and with superblocks that say that they were never written
 * together with the others, which make strangers of them. Then all superblocks are written with the new members in them,
 * which no bucket is free of, and one commit frees their buckets.
 */

#include <stdlib.h>
#include <string.h>

#include <bcachefs/device.h>
#include <bcachefs/journal.h>

#include "base/memory.h"
#include "commit/commit.h"
#include "ops/format_private.h"
#include "ops/members.h"

#define MEMBERS_MAX 64 /* of those that kernels take */

struct add {
	struct bch_fs *fs;
	const struct bch_device_add_opts *opts;
	struct bch_format f; /* the devices, until they are members */
};

/* ------------------------------------------------------------------ free slots */

/* Btrees that keep keys by member. */
static const u8 by_member[] = { BCH_BTREE_alloc, BCH_BTREE_freespace, BCH_BTREE_need_discard,
				BCH_BTREE_backpointers, BCH_BTREE_bucket_gens };

/* 1: nothing is left of a member that had the slot, 0, or an error. */
static int is_clear(struct bch_fs *fs, u32 dev_idx)
{
	int more = bch_super_dev_has_data(&fs->super, dev_idx) != 0;

	for (u32 i = 0; i < bch_array_size(by_member) && !more; i++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(fs, by_member[i], bch_pos(dev_idx, 0),
				   bch_spos(dev_idx, BCH_U64_MAX, BCH_U32_MAX));
		struct bch_key k;

		more = bch_cursor_next(&cur, &k);
	}
	return more < 0 ? more : !more;
}

/* A deleted member's slot is not free before a full fsck. 01 §8.2 */
static bool is_free(const struct bch_fs *fs, u32 dev_idx)
{
	static const u8 none[16];
	struct bch_member m;

	return bch_super_member(&fs->super, dev_idx, &m) && !memcmp(m.uuid, none, sizeof(none));
}

/* The lowest slot that is free, or a new one. */
static int find_slot(struct bch_fs *fs, u32 *dev_idx)
{
	int clear;

	for (*dev_idx = 0; *dev_idx < fs->nr_members; ++*dev_idx) {
		if (!is_free(fs, *dev_idx))
			continue;
		clear = is_clear(fs, *dev_idx);
		if (clear)
			return clear < 0 ? clear : 0;
	}
	if (*dev_idx >= MEMBERS_MAX)
		return bch_error_whole(fs->ctx, -BCH_ERR_out_of_range,
				       "filesystem has %u members already", MEMBERS_MAX);
	return bch_fs_grow_members(fs, fs->nr_members + 1);
}

/* ------------------------------------------------------------------ in memory */

/* Sizes as format chooses them, for a filesystem of these devices alone that has its options already. */
static void choose_opts(const struct add *a, struct bch_format_opts *f)
{
	static const enum bch_opt_id same[] = { BCH_OPT_block_size, BCH_OPT_btree_node_size,
						BCH_OPT_encoded_extent_max };
	const struct bch_sb *sb = a->fs->super.sb;

	*f = (struct bch_format_opts){
		.devs = a->opts->devs,
		.nr_devs = a->opts->nr_devs,
		.version = le16_get(sb->version),
		.superblock_size = a->opts->superblock_size,
		.dry_run = a->opts->dry_run,
	};
	for (u32 i = 0; i < bch_array_size(same); i++) {
		f->fs.given[same[i]] = true;
		f->fs.value[same[i]] = bch_sb_opt(sb, same[i]);
	}
}

static int open_devices(struct add *a)
{
	int err = bch_format_refuse_twice(&a->f);

	if (!err)
		err = bch_format_open_devices(&a->f);
	if (!err)
		err = bch_format_choose_geometry(&a->f);
	return err ? err : bch_format_make_layouts(&a->f);
}

/* Device @i gets a slot, and is the filesystem's from then on. */
static int seat(struct add *a, size_t i)
{
	struct bch_fs_member *from = &a->f.fs->members[i], *to;
	u32 *dev_idx = &a->opts->dev_idx[i];
	struct bch_member m;
	int err = find_slot(a->fs, dev_idx);

	if (err)
		return err;
	to = &a->fs->members[*dev_idx];
	*to = *from;
	*from = (struct bch_fs_member){ 0 };
	to->super.sb->dev_idx = (u8)*dev_idx;
	memcpy(to->super.sb->magic, bch_magic, sizeof(bch_magic));
	err = bch_format_make_member(&a->f, i, a->fs, *dev_idx);
	if (err)
		return err;
	if (bch_sb_flag(a->fs->super.sb, BCH_SB_INITIALIZED)) {
		(void)bch_super_member(&a->fs->super, *dev_idx, &m);
		m.last_mount = a->fs->now;
		bch_super_member_put(&a->fs->super, *dev_idx, &m);
		err = bch_member_place_journal(a->fs, *dev_idx, NULL);
	}
	return err ? err : bch_fs_undo_member(a->fs, *dev_idx);
}

/* ------------------------------------------------------------------ on disk */

static int write_device(struct add *a, size_t i)
{
	u32 dev_idx = a->opts->dev_idx[i];
	int err = bch_format_wipe(a->opts->devs[i].path, a->fs->members[dev_idx].blkdev);

	if (!err)
		err = bch_member_clear_journal(a->fs, dev_idx);
	return err ? err : bch_fs_write_stranger(a->fs, dev_idx);
}

static int put_buckets(struct add *a)
{
	struct bch_recount *r bch_auto(recount) = NULL;
	int err = bch_recount_new(a->fs, NULL, &r);

	for (size_t i = 0; !err && i < a->opts->nr_devs; i++) {
		u32 dev_idx = a->opts->dev_idx[i];
		struct bch_member m;

		(void)bch_super_member(&a->fs->super, dev_idx, &m);
		err = bch_member_put_free(a->fs, dev_idx, m.first_bucket, m.nbuckets);
		if (!err)
			err = bch_member_put_reserved(r, dev_idx);
	}
	return err;
}

static void mark_initialised(struct add *a)
{
	struct bch_member m;

	for (size_t i = 0; i < a->opts->nr_devs; i++) {
		(void)bch_super_member(&a->fs->super, a->opts->dev_idx[i], &m);
		bch_member_FREESPACE_INITIALIZED_set(&m, 1);
		bch_super_member_put(&a->fs->super, a->opts->dev_idx[i], &m);
	}
}

/* One that was never mounted has no keys: who initialises it will begin with these members too. */
static int make_members(struct add *a)
{
	struct bch_members_change c;
	int err;

	if (!bch_sb_flag(a->fs->super.sb, BCH_SB_INITIALIZED))
		return bch_fs_write_super(a->fs);
	err = bch_writer_start(a->fs, NULL);
	if (!err)
		err = bch_members_change_begin(&c, a->fs);
	if (!err)
		err = put_buckets(a);
	if (!err)
		err = bch_commit(a->fs);
	if (err)
		return err;
	mark_initialised(a);
	return bch_members_change_end(&c);
}

static int add(struct add *a)
{
	int err = bch_writer_check(a->fs);

	if (!err)
		err = open_devices(a);
	if (!err)
		err = bch_fs_start(a->fs, NULL);
	for (size_t i = 0; !err && i < a->opts->nr_devs; i++)
		err = seat(a, i);
	bch_sb_fix_up(a->fs->super.sb);
	for (size_t i = 0; !err && i < a->opts->nr_devs; i++)
		err = write_device(a, i);
	return err ? err : make_members(a);
}

int bch_fs_add_devices(struct bch_fs *fs, const struct bch_device_add_opts *opts)
{
	struct bch_format_opts format;
	struct add a = { fs, opts, { .ctx = fs->ctx, .opts = &format, .nr_devs = opts->nr_devs } };
	int err = bch_fs_new(fs->ctx, (u32)opts->nr_devs, &a.f.fs);

	if (err)
		return err;
	choose_opts(&a, &format);
	a.f.geometry = bch_calloc(opts->nr_devs, sizeof(*a.f.geometry));
	err = a.f.geometry ? add(&a) : -BCH_ERR_no_memory;
	free(a.f.geometry);
	(void)bch_fs_close(a.f.fs); /* what it still has was not written to */
	return err;
}
