// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening a filesystem: which superblock is the newest, who is a member of it, who is missing. Format reference: 01
 * §8.5, §10.4.
 */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ondisk/data_types.h"
#include "super/super.h"

/* A device that was opened and not yet given its slot. */
struct opened {
	struct bch_blkdev *blkdev;
	struct bch_super super;
};

static void opened_end(struct opened *o, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		(void)bch_blkdev_close(o[i].blkdev); /* nothing was written yet */
		bch_super_end(&o[i].super);
	}
	free(o);
}

/* Options that are a flag. */
static const struct {
	enum bch_opt_id id;
	unsigned flags;
} flag_opts[] = {
	{ BCH_OPT_very_degraded, BCH_OPEN_DEGRADED | BCH_OPEN_VERY_DEGRADED },
	{ BCH_OPT_no_splitbrain_check, BCH_OPEN_NO_SPLITBRAIN_CHECK },
	{ BCH_OPT_noexcl, BCH_OPEN_NOEXCL },
	{ BCH_OPT_nochanges, BCH_OPEN_DRY_RUN },
};

/* 0: it is none of them. */
static unsigned flags_of(const struct bch_opt *opt)
{
	for (u32 i = 0; i < bch_array_size(flag_opts); i++)
		if (opt == bch_opt(flag_opts[i].id))
			return flag_opts[i].flags;
	return 0;
}

bool bch_open_takes(const struct bch_opt *opt)
{
	return flags_of(opt) || opt == bch_opt(BCH_OPT_degraded) || opt == bch_opt(BCH_OPT_sb);
}

int bch_open_opt(struct bch_ctx *ctx, const struct bch_opt *opt, const char *text,
		 struct bch_open_opts *opts)
{
	u64 value;
	int err = bch_opt_parse(ctx, opt, text, BCH_VERSION_READ_MAX, &value);

	if (err)
		return err;
	if (!bch_open_takes(opt))
		return bch_error_whole(ctx, -BCH_ERR_option_unknown,
				       "%s: not an option of opening a filesystem", opt->name);
	if (opt == bch_opt(BCH_OPT_sb))
		opts->sb_sector = value;
	else if (opt != bch_opt(BCH_OPT_degraded))
		opts->flags |= value ? flags_of(opt) : 0;
	else if (value == 1 || value == 2)
		opts->flags |= BCH_OPEN_DEGRADED | (value == 2 ? BCH_OPEN_VERY_DEGRADED : 0U);
	return 0;
}

/* ------------------------------------------------------------------ choosing */

static const struct opened *choose_best(const struct opened *o, size_t nr)
{
	const struct opened *best = &o[0];

	for (size_t i = 1; i < nr; i++)
		if (bch_sb_is_newer(o[i].super.sb, best->super.sb))
			best = &o[i];
	return best;
}

static void put_history(struct bch_buf *out, const struct opened *o)
{
	bch_buf_put(out, "%s sequence number %" PRIu64 " of ", o->blkdev->name,
		    le64_get(o->super.sb->seq));
	bch_buf_time(out, le64_get(o->super.sb->write_time));
}

/* Did @o go on without @best? 01 §10.4. */
static bool is_splitbrain(const struct opened *o, const struct opened *best)
{
	const struct bch_sb *a = o->super.sb, *b = best->super.sb;
	struct bch_member m;

	if (le16_get(a->version) < BCH_VERSION(1, 4) || le16_get(b->version) < BCH_VERSION(1, 4))
		return false;
	if (le64_get(a->seq) == le64_get(b->seq))
		return le64_get(a->write_time) != le64_get(b->write_time);
	return bch_super_member(&best->super, a->dev_idx, &m) && m.seq && m.seq < le64_get(a->seq);
}

static int leave_out_splitbrain(struct bch_fs *fs, const struct opened *o,
				const struct opened *best)
{
	struct bch_buf a bch_auto(buf) = { 0 };
	struct bch_buf b bch_auto(buf) = { 0 };

	put_history(&a, o);
	put_history(&b, best);
	if (fs->flags & BCH_OPEN_WRITE)
		return bch_error_whole(fs->ctx, -BCH_ERR_device_splitbrain,
				       "%s was written without the other members: %s, %s; "
				       "-o no_splitbrain_check takes it all the same",
				       o->blkdev->name, bch_buf_str(&a), bch_buf_str(&b));
	bch_log(fs->ctx, BCH_LOG_warn,
		"%s is left out: it was written without the other members: %s, %s", o->blkdev->name,
		bch_buf_str(&a), bch_buf_str(&b));
	return 0;
}

/* What lies before a device's end can be read, and a check may cut the member to it. */
static int take_short(struct bch_fs *fs, const struct opened *o, const struct bch_member *m)
{
	u64 has = o->blkdev->geometry.size, wants = BCH_BYTES(m->nbuckets * m->bucket_size);

	if (fs->flags & BCH_OPEN_SHORT &&
	    bch_blkdev_buckets(o->blkdev, m) >= m->first_bucket + (u64)BCH_MEMBER_MIN_BUCKETS)
		return 1;
	if (fs->flags & BCH_OPEN_WRITE)
		return bch_error(fs->ctx, -BCH_ERR_device_size_too_small,
				 "%s ends at %" PRIu64 " bytes, what is on it at %" PRIu64,
				 o->blkdev->name, has, wants);
	bch_log(fs->ctx, BCH_LOG_warn,
		"%s ends at %" PRIu64 " bytes, what is on it at %" PRIu64
		": the rest cannot be read",
		o->blkdev->name, has, wants);
	return 1;
}

/* 1: @o is a member, 0: it is left out (said in the log), or an error. */
static int judge(struct bch_fs *fs, const struct opened *o, const struct opened *best)
{
	const struct bch_sb *sb = o->super.sb;
	struct bch_member m;

	if (memcmp(sb->uuid, best->super.sb->uuid, 16))
		return bch_error(fs->ctx, -BCH_ERR_device_not_a_member_of_filesystem, "%s",
				 o->blkdev->name);
	if (!bch_super_member(&best->super, sb->dev_idx, &m) || !bch_member_alive(&m)) {
		bch_log(fs->ctx, BCH_LOG_warn, "%s is left out: it was removed from the filesystem",
			o->blkdev->name);
		return 0;
	}
	if (le16_get(sb->block_size) != le16_get(best->super.sb->block_size))
		return bch_error(fs->ctx, -BCH_ERR_mismatched_block_size, "%s", o->blkdev->name);
	if (!(fs->flags & BCH_OPEN_NO_SPLITBRAIN_CHECK) && is_splitbrain(o, best))
		return leave_out_splitbrain(fs, o, best);
	if (BCH_SECTORS(o->blkdev->geometry.size) < m.nbuckets * m.bucket_size)
		return take_short(fs, o, &m);
	return 1;
}

/* Puts @o into its slot. Two for one slot are copies of each other: nobody knows which is meant. */
static int seat(struct bch_fs *fs, struct opened *o)
{
	struct bch_fs_member *m = &fs->members[o->super.sb->dev_idx];

	if (m->blkdev)
		return bch_error_whole(fs->ctx, -BCH_ERR_device_ambiguous,
				       "%s and %s both claim to be member %u; name the right one",
				       m->blkdev->name, o->blkdev->name, o->super.sb->dev_idx);
	m->blkdev = o->blkdev;
	m->super = o->super;
	*o = (struct opened){ 0 };
	return 0;
}

static int seat_members(struct bch_fs *fs, struct opened *o, size_t nr)
{
	const struct opened *best = choose_best(o, nr);
	struct opened chosen = { best->blkdev, { 0 } };
	int err = bch_super_set(&fs->super, (struct bch_bytes){ (const u8 *)best->super.sb,
								bch_super_len(&best->super) });

	fs->nr_members = fs->super.sb ? fs->super.sb->nr_devices : 0;
	fs->members = bch_calloc(fs->nr_members + 1, sizeof(*fs->members));
	if (err || !fs->members)
		return -BCH_ERR_no_memory;

	chosen.super = fs->super; /* outlives the seating of the best itself */
	for (size_t i = 0; i < nr; i++) {
		err = judge(fs, &o[i], &chosen);
		if (err > 0)
			err = seat(fs, &o[i]);
		if (err)
			return err;
	}
	return 0;
}

/* ------------------------------------------------------------------ missing members */

static void put_missing(struct bch_buf *out, const struct bch_super *super, u32 idx,
			const struct bch_member *m)
{
	bch_buf_put(out, "%s%u (UUID ", out->len ? ", " : "", idx);
	bch_buf_uuid(out, m->uuid);
	if (bch_member_GROUP(m)) {
		bch_buf_puts(out, ", label ");
		bch_super_group_path_put(out, super, (u32)bch_member_GROUP(m) - 1);
	}
	if (m->device_name[0]) {
		bch_buf_puts(out, ", last seen as ");
		bch_buf_text(out, m->device_name, sizeof(m->device_name));
	}
	bch_buf_putc(out, ')');
}

/* Do the open members hold at least what every replicas record requires? 01 §8.5. */
static bool enough_for_all_data(const struct bch_fs *fs)
{
	struct bch_replicas r;
	u32 section;
	struct bch_bytes rest = bch_super_replicas(&fs->super, &section);

	while (bch_replicas_next(&rest, section, &r) > 0) {
		u32 online = 0;

		for (u32 i = 0; i < r.nr_devs; i++)
			online += r.devs[i] < fs->nr_members && fs->members[r.devs[i]].blkdev;
		if (r.data_type != BCH_DATA_cached && online < r.nr_required)
			return false;
	}
	return true;
}

static int refuse_missing(struct bch_fs *fs, const char *missing)
{
	return bch_error_whole(
		fs->ctx, -BCH_ERR_device_missing,
		"missing members: %s; name them, or their folder with --scan, or go on "
		"without them with -o degraded",
		missing);
}

static int check_missing(struct bch_fs *fs)
{
	struct bch_buf missing bch_auto(buf) = { 0 };
	struct bch_member m;

	for (u32 i = 0; i < fs->nr_members; i++)
		if (!fs->members[i].blkdev && bch_super_member(&fs->super, i, &m) &&
		    bch_member_alive(&m))
			put_missing(&missing, &fs->super, i, &m);
	if (!missing.len || fs->flags & BCH_OPEN_ALONE)
		return 0;

	if (!(fs->flags & BCH_OPEN_WRITE)) {
		bch_log(fs->ctx, BCH_LOG_warn, "missing members: %s", bch_buf_str(&missing));
		return 0;
	}
	if (!(fs->flags & BCH_OPEN_DEGRADED))
		return refuse_missing(fs, bch_buf_str(&missing));
	if (!(fs->flags & BCH_OPEN_VERY_DEGRADED) && !enough_for_all_data(fs))
		return bch_error_whole(fs->ctx, -BCH_ERR_device_missing,
				       "missing members: %s; the others do not hold all data, "
				       "-o degraded=very goes on all the same",
				       bch_buf_str(&missing));
	return 0;
}

/* ------------------------------------------------------------------ open and close */

static unsigned blkdev_flags(unsigned flags)
{
	unsigned known = (flags & BCH_OPEN_MOUNTED ? BCH_BLKDEV_MOUNTED : 0U) |
			 (flags & BCH_OPEN_DIRECT ? BCH_BLKDEV_DIRECT : 0U);

	if (!(flags & BCH_OPEN_WRITE) || flags & BCH_OPEN_DRY_RUN)
		return known;
	return known | BCH_BLKDEV_WRITE | (flags & BCH_OPEN_NOEXCL ? BCH_BLKDEV_SHARED : 0U);
}

static int open_one(struct bch_fs *fs, const char *path, const struct bch_open_opts *opts,
		    struct opened *o)
{
	int err = bch_blkdev_open(fs->ctx, path, blkdev_flags(opts->flags), &o->blkdev);

	if (!err && opts->flags & BCH_OPEN_WRITE && opts->flags & BCH_OPEN_DRY_RUN) {
		struct bch_blkdev *below = o->blkdev;

		o->blkdev = NULL; /* the overlay takes it, whatever it returns */
		err = bch_overlay_new(below, &o->blkdev);
	}
	return err ? err : bch_super_read(o->blkdev, opts->sb_sector, &o->super);
}

static int open_members(struct bch_fs *fs, const struct bch_paths *paths,
			const struct bch_open_opts *opts)
{
	struct opened *o = bch_calloc(paths->a.nr, sizeof(*o));
	int err = o ? 0 : -BCH_ERR_no_memory;

	for (size_t i = 0; !err && i < paths->a.nr; i++)
		err = open_one(fs, paths->a.v[i], opts, &o[i]);
	if (!err)
		err = seat_members(fs, o, paths->a.nr);
	if (o)
		opened_end(o, paths->a.nr);
	return err;
}

int bch_fs_open(struct bch_ctx *ctx, const char *const *names, size_t nr,
		const struct bch_open_opts *opts, struct bch_fs **out)
{
	struct bch_paths paths bch_auto(paths) = { 0 };
	struct bch_fs *fs;
	int err;

	*out = NULL;
	fs = bch_calloc(1, sizeof(*fs));
	if (!fs)
		return -BCH_ERR_no_memory;
	fs->ctx = ctx;
	fs->flags = opts->flags;
	fs->now = opts->now;

	err = bch_resolve_names(ctx, names, nr, opts, &paths);
	if (!err)
		err = open_members(fs, &paths, opts);
	if (!err)
		err = check_missing(fs);
	if (!err && blkdev_flags(opts->flags) & BCH_BLKDEV_WRITE)
		err = bch_fs_start_undo(fs, &opts->undo, opts->now);
	if (err)
		(void)bch_fs_close(fs); /* the first error counts */
	else
		*out = fs;
	return err;
}

int bch_fs_new(struct bch_ctx *ctx, u32 nr_members, struct bch_fs **out)
{
	struct bch_fs *fs = bch_calloc(1, sizeof(*fs));

	*out = fs;
	if (fs)
		fs->members = bch_calloc(nr_members, sizeof(*fs->members));
	if (!fs || !fs->members || bch_super_new(&fs->super)) {
		(void)bch_fs_close(fs);
		*out = NULL;
		return -BCH_ERR_no_memory;
	}
	fs->ctx = ctx;
	fs->nr_members = nr_members;
	return 0;
}

int bch_fs_grow_members(struct bch_fs *fs, u32 nr)
{
	struct bch_fs_member *members = bch_calloc(nr + 1, sizeof(*members));
	int err = members ? bch_super_members_grow(&fs->super, nr) : -BCH_ERR_no_memory;

	if (err) {
		free(members);
		return bch_error(fs->ctx, err, "superblock: %u members", nr);
	}
	memcpy(members, fs->members, fs->nr_members * sizeof(*members));
	free(fs->members);
	fs->members = members;
	fs->nr_members = nr;
	return 0;
}

void bch_fs_attach(struct bch_fs *fs, struct bch_fs_attachment *a)
{
	a->next = fs->attached;
	fs->attached = a;
}

static void end_attachments(struct bch_fs *fs)
{
	while (fs->attached) {
		struct bch_fs_attachment *a = fs->attached;

		fs->attached = a->next;
		a->end(fs);
	}
}

int bch_fs_close(struct bch_fs *fs)
{
	int err = 0, first = 0;

	if (!fs)
		return 0;
	end_attachments(fs);
	for (u32 i = 0; fs->members && i < fs->nr_members; i++) {
		err = bch_blkdev_close(fs->members[i].blkdev);
		first = first ? first : err;
		bch_super_end(&fs->members[i].super);
	}
	err = fs->undo ? bch_undo_close(fs->undo) : 0;
	first = first ? first : err;
	bch_crypt_key_free(fs->key);
	bch_super_end(&fs->super);
	for (size_t i = 0; i < fs->findings.a.nr; i++)
		free(fs->findings.a.v[i].text);
	bch_array_end(&fs->findings.a);
	free(fs->members);
	free(fs);
	return first;
}

const u8 *bch_fs_uuid(const struct bch_fs *fs)
{
	return fs->super.sb->user_uuid;
}
