// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device that takes the place of a member. CLI 14.3.
 *
 * It gets all that is on the member in the same places, so that no key changes: what makes it the member is one write of
 * the superblocks. Until then it is a stranger, and the filesystem as it was. It is not touched before a survey has found
 * that nothing is lost.
 */

#include <stdlib.h>
#include <uuid/uuid.h>

#include "commit/commit.h"
#include "ondisk/data_types.h"
#include "ops/contents.h"
#include "ops/move.h"

struct replace {
	struct bch_fs *fs;
	u32 dev_idx;
	const char *path;
	const struct bch_replace_opts *opts;
	struct bch_blkdev *new; /* until it is the member's */
	struct bch_member member;
	struct bch_super super; /* of the new device: its layout and journal */
};

/* ------------------------------------------------------------------ the new device */

static int check_size(const struct replace *r)
{
	u64 want = BCH_BYTES(r->member.nbuckets * r->member.bucket_size);
	const struct bch_blkdev_geometry *g = &r->new->geometry;

	if (g->size < want)
		return bch_error_whole(r->fs->ctx, -BCH_ERR_device_too_small,
				       "%s: has %" PRIu64 " bytes, and the member %" PRIu64,
				       r->path, g->size, want);
	if (g->logical_block_size > BCH_BYTES(le16_get(r->fs->super.sb->block_size)))
		return bch_error(r->fs->ctx, -BCH_ERR_block_size_too_small, "%s", r->path);
	return 0;
}

static int open_new(struct replace *r)
{
	bool dry = r->fs->flags & BCH_OPEN_DRY_RUN;
	int err = bch_blkdev_open(r->fs->ctx, r->path, dry ? 0 : BCH_BLKDEV_WRITE, &r->new);

	return err ? err : check_size(r);
}

static int keep_for_undo(struct replace *r)
{
	struct bch_blkdev *below = r->new;

	if (!r->fs->undo)
		return 0;
	r->new = NULL; /* taken, whatever is returned */
	return bch_undo_stack(r->fs->undo, below, r->dev_idx, r->member.uuid, &r->new);
}

static int wipe_new(struct replace *r)
{
	struct bch_signatures found bch_auto(signatures) = { 0 };
	int err = bch_signatures_probe(r->fs->ctx, r->path, &found);

	if (!err)
		err = keep_for_undo(r);
	return err ? err : bch_contents_wipe(r->new, &found);
}

/* ------------------------------------------------------------------ what it is besides data */

/* The buckets of the journal, as what is known of all buckets says. */
static int find_journal(struct replace *r)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(
		r->fs, BCH_BTREE_alloc, bch_pos(r->dev_idx, 0), bch_pos(r->dev_idx, BCH_U64_MAX));
	u16 version = le16_get(r->fs->super.sb->version);
	struct bch_bucket_ranges ranges = { 0 };
	struct bch_alloc a;
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0) {
		if (more < 0)
			err = more;
		else if (bch_alloc_get(&k, version, &a) == BCH_KEY_VALID &&
			 a.data_type == BCH_DATA_journal)
			err = bch_array_push(&ranges,
					     ((struct bch_bucket_range){ k.pos.offset, 1 }));
	}
	if (!err)
		err = bch_super_journal_put(&r->super, ranges.v, (u32)ranges.nr);
	free(ranges.v);
	r->member.last_journal_bucket = r->member.last_journal_bucket_offset = 0;
	return err;
}

/* Does each superblock lie where buckets are known to hold one? */
static int check_layout(struct replace *r)
{
	const struct bch_sb_layout *layout = &r->super.sb->layout;
	u16 version = le16_get(r->fs->super.sb->version);

	for (u32 i = 0; i < layout->nr_superblocks; i++) {
		u64 bucket = le64_get(layout->sb_offset[i]) / r->member.bucket_size;
		struct bch_pos pos = bch_pos(r->dev_idx, bucket);
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(r->fs, BCH_BTREE_alloc, pos, pos);
		struct bch_alloc a = { 0 };
		struct bch_key k;
		int more = bch_cursor_next(&cur, &k);

		if (more < 0)
			return more;
		if (bucket < r->member.nbuckets &&
		    (!more || bch_alloc_get(&k, version, &a) != BCH_KEY_VALID ||
		     a.data_type != BCH_DATA_sb))
			return bch_error_whole(
				r->fs->ctx, -BCH_ERR_refused,
				"where the superblocks of member %u were cannot be "
				"told: try 'device add', then 'device remove missing'",
				r->dev_idx);
	}
	return 0;
}

/* Of a member that is missing only the others know: a layout as format makes it has to fit. */
static int make_super(struct replace *r)
{
	const struct bch_fs_member *old = &r->fs->members[r->dev_idx], *other = NULL;
	const struct bch_super *like = &old->super;
	int err;

	for (u32 i = 0; !old->blkdev && !other && i < r->fs->nr_members; i++)
		if (r->fs->members[i].blkdev)
			other = &r->fs->members[i];
	if (other)
		like = &other->super;
	err = bch_super_set(&r->super,
			    (struct bch_bytes){ (const u8 *)like->sb, bch_super_len(like) });
	if (err || old->blkdev)
		return err;
	r->super.sb->dev_idx = (u8)r->dev_idx;
	err = bch_layout_make(&r->super.sb->layout,
			      BCH_BYTES(r->member.nbuckets * r->member.bucket_size),
			      (u32)BCH_BYTES(le16_get(r->fs->super.sb->block_size)),
			      (u32)BCH_BYTES(r->member.bucket_size),
			      BCH_BYTES(1ULL << like->sb->layout.sb_max_size_bits));
	if (!err)
		err = check_layout(r);
	return err ? err : find_journal(r);
}

/* As it is where it can be read, so that it ends where it did; else empty. */
static int copy_bucket(struct replace *r, u64 bucket, u8 *bytes)
{
	struct bch_blkdev *old = r->fs->members[r->dev_idx].blkdev;
	u64 len = BCH_BYTES(r->member.bucket_size), at = bucket * len;

	if (old && !bch_blkdev_read(old, bytes, len, at))
		return bch_blkdev_write(r->new, bytes, len, at);
	return bch_blkdev_zero(r->new, len, at);
}

static int copy_journal(struct replace *r)
{
	u8 *bytes = malloc(BCH_BYTES(r->member.bucket_size));
	struct bch_bucket_range *ranges = NULL;
	u32 nr;
	int err = bytes ? bch_super_journal(&r->super, &ranges, &nr) : -BCH_ERR_no_memory;

	for (u32 i = 0; !err && i < nr; i++)
		for (u64 b = 0; !err && b < ranges[i].nr; b++)
			err = copy_bucket(r, ranges[i].start + b, bytes);
	free(ranges);
	free(bytes);
	return err;
}

/* ------------------------------------------------------------------ the whole */

/* What only the journal holds goes into nodes first: then no entry is needed. */
static int make_clean(struct bch_fs *fs)
{
	int err = bch_writer_check_clean(fs);

	if (!err && !fs->state.was_clean && !(fs->flags & BCH_OPEN_DRY_RUN))
		err = bch_commit(fs);
	return err ? err : bch_writer_finish(fs);
}

static int survey(struct replace *r, const struct bch_move_job *job, struct bch_move_result *result)
{
	struct bch_move_opts opts = r->opts->move;

	opts.survey = true;
	return bch_move_run(r->fs, job, &opts, result);
}

static int copy_data(struct replace *r, const struct bch_move_job *job,
		     struct bch_move_result *result)
{
	int err = bch_move_run(r->fs, job, &r->opts->move, result);

	if (!err && result->nr_lost)
		err = bch_error_whole(r->fs->ctx, -BCH_ERR_data_lost,
				      "%" PRIu64 " extents have no good copy; not replaced",
				      result->nr_lost);
	return err;
}

static int copy(struct replace *r, struct bch_move_result *result)
{
	struct bch_move_job job = { .name = "replace", .onto = r->new, .refuse_lost = true };
	int err;

	bch_move_add(job.leaving, r->dev_idx);
	err = survey(r, &job, result);
	if (err || r->opts->move.survey)
		return err;
	err = wipe_new(r);
	job.onto = r->new;
	job.surveyed = true;
	job.total = result->bytes;
	if (!err)
		err = copy_data(r, &job, result);
	return err || result->interrupted ? err : copy_journal(r);
}

/* From the write of the superblocks on it is the member. */
static int become_member(struct replace *r)
{
	struct bch_fs_member *m = &r->fs->members[r->dev_idx];
	struct bch_blkdev *old = m->blkdev;
	int err = bch_blkdev_write(r->new, &r->super.sb->layout, sizeof(r->super.sb->layout),
				   BCH_BYTES(BCH_SB_LAYOUT_SECTOR)),
	    closed;

	if (!err)
		err = bch_blkdev_flush(r->new);
	if (err)
		return err;
	bch_member_STATE_set(&r->member, BCH_MEMBER_STATE_rw);
	memset(r->member.errors, 0, sizeof(r->member.errors));
	memset(r->member.errors_at_reset, 0, sizeof(r->member.errors_at_reset));
	bch_super_member_put(&r->fs->super, r->dev_idx, &r->member);
	bch_super_end(&m->super);
	m->super = r->super;
	m->blkdev = r->new;
	r->super = (struct bch_super){ 0 };
	r->new = NULL;
	err = bch_fs_write_super(r->fs);
	closed = bch_member_forget(old, r->opts->keep_super || err);
	return err ? err : closed;
}

static int replace(struct replace *r, struct bch_move_result *result)
{
	int err = open_new(r);

	if (!err)
		err = bch_writer_start(r->fs, NULL);
	if (!err)
		err = make_clean(r->fs);
	if (!err && !bch_super_member(&r->fs->super, r->dev_idx, &r->member))
		err = -BCH_ERR_no_such_device;
	uuid_generate_random(r->member.uuid);
	if (!err)
		err = make_super(r);
	if (!err)
		err = copy(r, result);
	return err || r->opts->move.survey || result->interrupted ? err : become_member(r);
}

int bch_fs_replace_dev(struct bch_fs *fs, u32 dev_idx, const char *path,
		       const struct bch_replace_opts *opts, struct bch_move_result *result)
{
	struct replace r = { .fs = fs, .dev_idx = dev_idx, .path = path, .opts = opts };
	int err, closed;

	*result = (struct bch_move_result){ 0 };
	if (!bch_super_member(&fs->super, dev_idx, &r.member))
		return -BCH_ERR_no_such_device;
	err = replace(&r, result);
	bch_super_end(&r.super);
	closed = bch_blkdev_close(r.new);
	return err ? err : closed;
}
