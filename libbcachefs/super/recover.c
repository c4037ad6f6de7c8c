// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Bringing back lost superblocks: from copies that are found by scanning the device, or from another member. Format
 * reference: 01 §10.2.
 */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "super/super.h"

#define SCAN_LEN_DEFAULT (16ULL << 20)
#define SCAN_START	 4096ULL
#define CHUNK		 (1U << 20)

struct copy {
	u64 sector;
	struct bch_super super;
};

struct bch_recovery {
	struct bch_fs *fs; /* one member: the device; its superblock is the chosen one */
	BCH_ARRAY(struct copy) copies;
};

void bch_recovery_free(struct bch_recovery *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->copies.nr; i++)
		bch_super_end(&r->copies.v[i].super);
	bch_array_end(&r->copies);
	(void)bch_fs_close(r->fs); /* bch_recovery_write() has closed what it wrote */
	free(r);
}

/* ------------------------------------------------------------------ scanning */

static struct bch_blkdev *device(struct bch_recovery *r)
{
	return r->fs->members[0].blkdev;
}

/* A copy is good where it says that it belongs there and everything in it is right. */
static int try_copy(struct bch_recovery *r, u64 sector)
{
	struct bch_buf where bch_auto(buf) = { 0 };
	struct copy c = { .sector = sector };
	int err = 0;

	if (bch_super_read_copy(device(r), sector, &c.super, NULL) ||
	    le64_get(c.super.sb->offset) != sector || bch_sb_validate(&c.super, sector, 0, NULL)) {
		bch_super_end(&c.super);
		return 0;
	}
	bch_buf_human(&where, BCH_BYTES(sector));
	bch_log(r->fs->ctx, BCH_LOG_info,
		"found superblock at %s (sector %" PRIu64 ", sequence number %" PRIu64 ")",
		bch_buf_str(&where), sector, le64_get(c.super.sb->seq));
	err = bch_array_push(&r->copies, c);
	if (err)
		bch_super_end(&c.super);
	return err;
}

static bool has_magic(const u8 *sector)
{
	const u8 *magic = sector + offsetof(struct bch_sb, magic);

	return !memcmp(magic, bch_magic, 16) || !memcmp(magic, bch_magic_bcache, 16);
}

/* Every sector of [from, to), in bytes, that may begin a superblock. */
static int scan(struct bch_recovery *r, u64 from, u64 to)
{
	u8 *chunk = bch_malloc(CHUNK);
	int err = chunk ? 0 : -BCH_ERR_no_memory;

	for (u64 at = from; !err && at < to; at += CHUNK) {
		size_t len = to - at < CHUNK ? (size_t)(to - at) : CHUNK;

		err = bch_blkdev_read(device(r), chunk, len, at);
		for (size_t i = 0; !err && i + BCH_SECTOR_SIZE <= len; i += BCH_SECTOR_SIZE)
			if (has_magic(chunk + i))
				err = try_copy(r, BCH_SECTORS(at + i));
		if (bch_cancelled(r->fs->ctx))
			err = -BCH_ERR_cancelled;
	}
	free(chunk);
	return err;
}

static int scan_device(struct bch_recovery *r, const struct bch_recover_opts *opts)
{
	u64 size = device(r)->geometry.size,
	    len = opts->scan_len ? opts->scan_len : SCAN_LEN_DEFAULT;
	u64 end, start_end;
	int err;

	if (opts->dev_size && opts->dev_size < size)
		size = opts->dev_size;
	size = size / BCH_SECTOR_SIZE * BCH_SECTOR_SIZE;
	if (opts->offset)
		return try_copy(r, BCH_SECTORS(opts->offset));

	start_end = size < SCAN_START + len ? size : SCAN_START + len;
	end = size < len ? 0 : (size - len) / BCH_SECTOR_SIZE * BCH_SECTOR_SIZE;
	err = size > SCAN_START ? scan(r, SCAN_START, start_end) : 0;
	return err ? err : scan(r, end > start_end ? end : start_end, size);
}

/* ------------------------------------------------------------------ choosing */

static bool same_filesystem(const struct copy *a, const struct copy *b)
{
	return !memcmp(a->super.sb->uuid, b->super.sb->uuid, 16);
}

/*
 * The filesystem that was written last, and of its copies the one with the highest sequence number: an older
 * filesystem's backups may have survived the formatting.
 */
static const struct copy *choose(const struct bch_recovery *r)
{
	const struct copy *best = &r->copies.v[0];

	for (size_t i = 1; i < r->copies.nr; i++) {
		const struct copy *c = &r->copies.v[i];
		bool newer = same_filesystem(c, best)
				     ? le64_get(c->super.sb->seq) > le64_get(best->super.sb->seq)
				     : le64_get(c->super.sb->write_time) >
					       le64_get(best->super.sb->write_time);

		if (newer)
			best = c;
	}
	return best;
}

static int take_found(struct bch_recovery *r, const struct bch_recover_opts *opts)
{
	const struct copy *c;

	if (!r->copies.nr)
		return bch_error_whole(r->fs->ctx, -BCH_ERR_no_sb_found,
				       "%s: Found no bcachefs superblocks", device(r)->name);
	if (opts->copy > r->copies.nr)
		return bch_error_whole(r->fs->ctx, -BCH_ERR_invalid_argument,
				       "copy %u: only %zu were found", opts->copy, r->copies.nr);
	c = opts->copy ? &r->copies.v[opts->copy - 1] : choose(r);
	return bch_super_set(
		&r->fs->members[0].super,
		(struct bch_bytes){ (const u8 *)c->super.sb, bch_super_len(&c->super) });
}

/* ------------------------------------------------------------------ from another member */

/* The journal of a member of which only the others tell: where it is by default, if its entries are there. */
static int restore_journal(struct bch_recovery *r, const struct bch_member *m)
{
	struct bch_super *super = &r->fs->members[0].super;
	struct bch_bucket_ranges ranges = { 0 };
	int err = bch_journal_default_place(&super->sb->layout, m, &ranges);
	int there = err ? err : bch_journal_is_there(device(r), super, m, &ranges);

	if (there > 0)
		err = bch_super_journal_put(super, ranges.v, (u32)ranges.nr);
	else if (!there)
		bch_log(r->fs->ctx, BCH_LOG_warn,
			"Recovered device will no longer have a journal, please run fsck");
	else
		err = there;
	bch_array_end(&ranges);
	return err;
}

static int make_from_member(struct bch_recovery *r, const struct bch_recover_opts *opts)
{
	struct bch_super *super = &r->fs->members[0].super;
	u64 size = opts->dev_size ? opts->dev_size : device(r)->geometry.size;
	u64 place = BCH_BYTES(1ULL << super->sb->layout.sb_max_size_bits);
	struct bch_member m;
	int err;

	if (opts->dev_idx == super->sb->dev_idx || !bch_super_member(super, opts->dev_idx, &m) ||
	    !bch_member_alive(&m))
		return bch_error_whole(
			r->fs->ctx, -BCH_ERR_invalid_sb_dev_idx,
			"device index %u: not another member of the filesystem on %s",
			opts->dev_idx, opts->from);
	if (BCH_SECTORS(size) < m.nbuckets * m.bucket_size)
		return bch_error(r->fs->ctx, -BCH_ERR_device_size_too_small, "%s", device(r)->name);

	super->sb->dev_idx = (u8)opts->dev_idx;
	bch_super_section_drop(super, BCH_SECTION_journal);
	bch_super_section_drop(super, BCH_SECTION_journal_v2);
	/* as it was made: at the end of what the filesystem uses */
	err = bch_layout_make(&super->sb->layout, size,
			      (u32)BCH_BYTES(le16_get(super->sb->block_size)),
			      (u32)BCH_BYTES(m.bucket_size), place);
	return err ? err : restore_journal(r, &m);
}

static int take_from_member(struct bch_recovery *r, const struct bch_recover_opts *opts)
{
	struct bch_blkdev *from bch_auto(blkdev) = NULL;
	int err = bch_blkdev_open(r->fs->ctx, opts->from, 0, &from);

	if (!err)
		err = bch_super_read(from, 0, &r->fs->members[0].super);
	return err ? err : make_from_member(r, opts);
}

/* ------------------------------------------------------------------ the whole */

static int open_device(struct bch_recovery *r, const char *name,
		       const struct bch_recover_opts *opts)
{
	struct bch_blkdev *below;
	int err = bch_blkdev_open(r->fs->ctx, name, opts->dry_run ? 0 : BCH_BLKDEV_WRITE, &below);

	if (err)
		return err;
	if (opts->dry_run)
		return bch_overlay_new(below, &r->fs->members[0].blkdev);
	r->fs->members[0].blkdev = below;
	return 0;
}

int bch_recovery_find(struct bch_ctx *ctx, const char *name, const struct bch_recover_opts *opts,
		      struct bch_recovery **out)
{
	struct bch_recovery *r = bch_calloc(1, sizeof(*r));
	int err;

	*out = NULL;
	if (!r)
		return -BCH_ERR_no_memory;
	err = bch_fs_new(ctx, 1, &r->fs);
	if (!err)
		err = open_device(r, name, opts);
	if (!err && !opts->from)
		err = scan_device(r, opts);
	if (!err)
		err = opts->from ? take_from_member(r, opts) : take_found(r, opts);
	if (!err) /* what the undo file is told about */
		err = bch_super_set(&r->fs->super,
				    (struct bch_bytes){ (const u8 *)r->fs->members[0].super.sb,
							bch_super_len(&r->fs->members[0].super) });
	if (!err && !opts->dry_run)
		err = bch_fs_start_undo(r->fs, &opts->undo, opts->now);
	if (err)
		bch_recovery_free(r);
	else
		*out = r;
	return err;
}

void bch_recovery_show(const struct bch_recovery *r, struct bch_facts *facts)
{
	const char *names[BCH_SB_MAX_MEMBERS + 1] = { NULL };
	const struct bch_super *super = &r->fs->members[0].super;

	names[super->sb->dev_idx] = r->fs->members[0].blkdev->name;
	bch_sb_show_header(facts, &(struct bch_sb_show){ super, names });
}

int bch_recovery_write(struct bch_recovery *r)
{
	struct bch_fs_member *m = &r->fs->members[0];
	const struct bch_sb_layout *layout = &m->super.sb->layout;
	u64 end = le64_get(layout->sb_offset[layout->nr_superblocks - 1]) +
		  (1ULL << layout->sb_max_size_bits);
	int err, closed;

	if (end > BCH_SECTORS(m->blkdev->geometry.size))
		return bch_error_whole(
			r->fs->ctx, -BCH_ERR_device_size_too_small,
			"%s: the last superblock's place is beyond the end of the device",
			m->blkdev->name);
	err = bch_fs_write_copies(r->fs, true);
	closed = bch_fs_close(r->fs);
	r->fs = NULL;
	return err ? err : closed;
}
