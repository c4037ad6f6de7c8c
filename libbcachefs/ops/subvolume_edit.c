// SPDX-License-Identifier: GPL-2.0-or-later
/* Subvolumes made, snapshotted, taken away, and made read-only: by path. CLI 9.1. */

#include "ops/edit.h"

#include "super/super.h"

#define DELETION_V2 BCH_VERSION(1, 26) /* cleaned-up snapshots leave a mark that we do not write */

int bch_file_subvol_create(struct bch_fs *fs, const struct bch_path_opts *from, const char *path)
{
	struct bch_edit_place place;
	int err = bch_edit_place(fs, from, path, &place);

	if (err)
		return err;
	err = bch_edit_subvol_create(fs, &place.dir, place.name);
	return err ? bch_error(fs->ctx, err, "%s", path) : 0;
}

/* The subvolume whose root directory is there. */
static int subvol_at(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
		     u32 *subvol)
{
	struct bch_file file, root;
	int err = bch_path_lookup(fs, from, path, &file);

	if (err)
		return err;
	*subvol = file.subvol;
	err = bch_file_subvol_root(fs, file.subvol, &root);
	if (!err && root.inum != file.inum)
		err = -BCH_ERR_subvol_missing;
	return err ? bch_error(fs->ctx, err, "%s", path) : 0;
}

int bch_file_subvol_snapshot(struct bch_fs *fs, const struct bch_path_opts *from,
			     const char *source, const char *dest, bool read_only)
{
	struct bch_edit_place place;
	u32 subvol;
	int err = bch_edit_place(fs, from, dest, &place);

	subvol = place.dir.subvol;
	if (!err && source)
		err = subvol_at(fs, from, source, &subvol);
	if (err)
		return err;
	err = bch_edit_subvol_snapshot(fs, subvol, &place.dir, place.name, read_only);
	return err ? bch_error(fs->ctx, err, "%s", dest) : 0;
}

/* Its number among the features that are on once and for all. */
static bool leaves_marks(const struct bch_fs *fs)
{
	return bch_sb_flag(fs->super.sb, BCH_SB_VERSION_INCOMPAT) >= DELETION_V2;
}

int bch_file_subvol_delete(struct bch_fs *fs, const struct bch_path_opts *from, const char *path)
{
	struct bch_edit_place place;
	int err = bch_edit_place(fs, from, path, &place);

	if (err)
		return err;
	err = bch_edit_subvol_delete(fs, &place.dir, place.name);
	if (err == -BCH_ERR_not_empty)
		return bch_error_whole(fs->ctx, err, "%s: other subvolumes are in it", path);
	if (!err && !leaves_marks(fs))
		err = bch_edit_dead_snapshots(fs, 0);
	return err ? bch_error(fs->ctx, err, "%s", path) : 0;
}

int bch_file_subvol_set_ro(struct bch_fs *fs, const struct bch_path_opts *from, const char *path,
			   bool read_only)
{
	struct bch_subvolume s;
	u32 subvol;
	int err = subvol_at(fs, from, path, &subvol);

	if (err)
		return err;
	err = bch_subvolume_read(fs, subvol, &s);
	if (err)
		return bch_error(fs->ctx, err, "%s", path);
	s.flags &= ~(1U << BCH_SUBVOLUME_ro);
	if (read_only)
		s.flags |= 1U << BCH_SUBVOLUME_ro;
	return bch_subvolume_write(fs, subvol, &s);
}
