// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An image that becomes the image of a tree, and changes as little as that takes. CLI 11.2.
 *
 * It grows by more than can be needed before the first change, sparse, and ends behind what is in use after the last one.
 * Names come first, then what is in the files; each commit leaves a whole filesystem.
 */

#include "base/memory.h"
#include "ops/format_private.h"
#include "ops/update.h"

#define CHANGES_BYTES (64U << 20) /* more are committed */

int bch_update_begin(struct bch_update_tree *u)
{
	int err = 0;

	if (!u->changed)
		err = bch_image_grow(u->fs, bch_image_most(u->source, 1));
	u->changed |= !err;
	return err == -BCH_ERR_not_supported ? 0 : err; /* a device has what it has */
}

static int commit(struct bch_update_tree *u)
{
	int err = bch_data_writer_flush(u->p.data);

	return err ? err : bch_commit(u->fs);
}

int bch_update_step(struct bch_update_tree *u)
{
	if (bch_cancelled(u->fs->ctx))
		return -BCH_ERR_cancelled;
	return bch_changes_bytes(u->fs) > CHANGES_BYTES ? commit(u) : 0;
}

static int update_files(struct bch_update_tree *u)
{
	struct bch_source *s = u->source;
	const struct bch_progress_work work = { .name = "files",
						.unit = "files",
						.total = s->order.nr };
	struct bch_progress *progress bch_auto(progress) =
		bch_progress_new(u->fs->ctx, s->opts->progress, &work);
	int err = 0;

	for (size_t i = 0; i < s->order.nr && !err; i++) {
		bch_source_is_at(s, i);
		err = bch_update_file(u, s->order.v[i]);
		if (!err)
			err = bch_update_step(u);
		bch_progress_add(progress, 1);
	}
	return err;
}

/* The file ends where the filesystem ends; with what could be taken back it stays as long as it was. */
static int end_there(struct bch_fs *fs)
{
	static const struct bch_image_opts minimal;
	struct bch_member m;
	int err = bch_image_shrink(fs, &minimal);

	if (!err)
		err = bch_fs_write_super(fs);
	if (!err && !bch_super_member(&fs->super, 0, &m))
		err = -BCH_ERR_not_found;
	if (!err)
		err = bch_blkdev_resize(fs->members[0].blkdev,
					BCH_BYTES(m.nbuckets * m.bucket_size));
	return err == -BCH_ERR_not_supported ? 0 : err;
}

static int update(struct bch_update_tree *u)
{
	int err = bch_file_subvol_root(u->fs, 1, &u->files[BCH_SOURCE_ROOT]);

	if (!err)
		err = bch_update_names(u);
	if (!err)
		err = update_files(u);
	if (!err)
		err = commit(u);
	if (!err && u->changed && !u->fs->members[0].blkdev->geometry.is_block)
		err = end_there(u->fs);
	return err ? err : bch_writer_finish(u->fs);
}

int bch_image_update(struct bch_fs *fs, const struct bch_source_opts *opts,
		     struct bch_image_update_sums *sums)
{
	struct bch_source *source bch_auto(source) = NULL;
	struct bch_update_tree u = { .fs = fs, .taken = bch_source_links_new(), .sums = sums };
	const struct bch_data_writer_opts writer_opts = { .dedupe = opts->dedupe };
	int err = fs->nr_members == 1 && fs->super.sb->nr_devices == 1
			  ? bch_source_open(fs->ctx, opts, &source)
			  : bch_error_whole(fs->ctx, -BCH_ERR_not_supported,
					    "an image is one file: this filesystem has several");

	if (err)
		return err;
	err = bch_source_refuse(source, fs->members[0].blkdev->name);
	u.source = source;
	u.p = (struct bch_populate){ .fs = fs,
				     .source = source,
				     .time_base = le64_get(fs->super.sb->time_base_lo) };
	u.files = bch_calloc(source->files.nr, sizeof(*u.files));
	if (!err && !u.files)
		err = -BCH_ERR_no_memory;
	if (!err)
		err = bch_data_writer_new(fs, &writer_opts, &u.p.data);
	if (!err)
		err = update(&u);
	bch_data_writer_free(u.p.data);
	bch_source_links_end(&u.taken);
	free(u.files);
	return err;
}
