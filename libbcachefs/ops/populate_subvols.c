// SPDX-License-Identifier: GPL-2.0-or-later
/* Subvolumes of a source become those of a new filesystem, each with a tree of snapshots of its own. Format reference: 04 §4.1. */

#include "ops/populate.h"

#include "ondisk/key_snapshot.h"
#include "ondisk/key_subvolume.h"

u32 bch_populate_snapshot(const struct bch_populate *p, u32 file)
{
	return p->snapshot - p->source->files.v[file].subvol;
}

static int put_subvol(struct bch_populate *p, u32 dir, bool read_only)
{
	const struct bch_source *s = p->source;
	u32 id = bch_populate_subvol(s, dir), snapshot_id = bch_populate_snapshot(p, dir);
	const struct bch_snapshot_tree tree = { .master_subvol = id, .root_snapshot = snapshot_id };
	const struct bch_snapshot snapshot = { .flags = 1U << BCH_SNAPSHOT_subvol,
					       .subvol = id,
					       .tree = id,
					       .btime = bch_edit_now(p->fs) };
	const struct bch_subvolume subvol = {
		.flags = read_only ? 1U << BCH_SUBVOLUME_ro : 0U,
		.snapshot = snapshot_id,
		.inode = bch_populate_inum(s, dir),
		.fs_path_parent = bch_populate_subvol(s, s->files.v[dir].name->dir),
		.otime = bch_edit_now(p->fs),
	};
	int err = bch_snapshot_tree_write(p->fs, id, &tree);

	if (!err)
		err = bch_snapshot_write(p->fs, snapshot_id, &snapshot);
	return err ? err : bch_subvolume_write(p->fs, id, &subvol);
}

int bch_populate_subvols(struct bch_populate *p)
{
	const struct bch_source *s = p->source;
	struct bch_source_attributes a;
	int err = 0;

	if (!s->nr_subvols)
		return 0;
	for (size_t i = 0; i < s->order.nr && !err; i++) {
		u32 file = s->order.v[i];

		if (!bch_source_is_subvol(s, file))
			continue;
		err = bch_source_attributes(p->source, file, &a);
		if (!err)
			err = put_subvol(p, file, a.read_only);
	}
	return err;
}
