// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeping what a command overwrites. */

#include <string.h>

#include "super/super.h"

/* DIR/UUID-COMMAND-TIME.bcundo */
static void put_name(struct bch_buf *out, const struct bch_undo_opts *opts, const u8 user_uuid[16],
		     u64 now)
{
	bch_buf_put(out, "%s/", opts->dir);
	bch_buf_uuid(out, user_uuid);
	bch_buf_putc(out, '-');
	for (const char *p = opts->command; p && *p; p++)
		bch_buf_putc(out, *p == ' ' ? '-' : *p);
	bch_buf_put(out, "-%" PRIu64 ".bcundo", now);
}

int bch_undo_begin(struct bch_ctx *ctx, const struct bch_undo_opts *opts,
		   struct bch_undo_header *header, const u8 user_uuid[16], struct bch_undo **undo)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	*undo = NULL;
	if (!opts->file && !opts->dir)
		return 0;
	if (!opts->file)
		put_name(&name, opts, user_uuid, header->time);
	header->command = opts->command_line ? opts->command_line : "";
	return bch_buf_failed(&name)
		       ? -BCH_ERR_no_memory
		       : bch_undo_create(ctx, opts->file ? opts->file : bch_buf_str(&name), header,
					 undo);
}

int bch_fs_undo_member(struct bch_fs *fs, u32 i)
{
	struct bch_blkdev *below = fs->members[i].blkdev;
	struct bch_member m;
	u32 dev_idx;

	if (!below || !fs->undo)
		return 0;
	dev_idx = fs->members[i].super.sb->dev_idx;
	if (!bch_super_member(&fs->super, dev_idx, &m))
		return 0;
	fs->members[i].blkdev = NULL; /* taken, whatever is returned */
	return bch_undo_stack(fs->undo, below, dev_idx, m.uuid, &fs->members[i].blkdev);
}

int bch_fs_start_undo(struct bch_fs *fs, const struct bch_undo_opts *opts, u64 now)
{
	const struct bch_sb *sb = fs->super.sb;
	struct bch_undo_header header = { .sb_seq = le64_get(sb->seq), .time = now };
	int err;

	memcpy(header.fs_uuid, sb->uuid, sizeof(header.fs_uuid));
	err = bch_undo_begin(fs->ctx, opts, &header, sb->user_uuid, &fs->undo);
	for (u32 i = 0; !err && i < fs->nr_members; i++)
		err = bch_fs_undo_member(fs, i);
	return err;
}
