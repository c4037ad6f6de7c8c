// SPDX-License-Identifier: GPL-2.0-or-later
/* Subvolumes: their keys, and where files begin in them. Format reference: 04 §3.3. */

#include "file/private.h"

#define SUBVOL_ROOT 1

/* The first key at a position that any snapshot may have; its value lives as long as @cur. */
static int first_key(struct bch_fs *fs, u8 btree_id, struct bch_pos pos, struct bch_cursor *cur,
		     struct bch_key *k)
{
	*cur = bch_cursor(fs, btree_id, pos, bch_spos(pos.inode, pos.offset, BCH_U32_MAX));
	return bch_cursor_next(cur, k);
}

/*
 * The root subvolume of a filesystem that lost its key: it was the first, so all but the snapshot is known. The one that
 * says it belongs to it, else the youngest in which the root directory was written.
 */
static int guess_root_subvolume(struct bch_fs *fs, struct bch_subvolume *s)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;
	int more;

	*s = (struct bch_subvolume){ .inode = BCH_INODE_NR_MIN, .snapshot = BCH_U32_MAX };
	bch_log(fs->ctx, BCH_LOG_warn, "subvolume 1 is missing: its snapshot is guessed");
	for (size_t i = 0; i < bch_snapshots_nr(fs); i++) {
		if (bch_snapshot_at(fs, i)->subvol == SUBVOL_ROOT) {
			s->snapshot = bch_snapshot_at(fs, i)->id;
			return 0;
		}
	}
	more = first_key(fs, BCH_BTREE_inodes, bch_pos(0, BCH_INODE_NR_MIN), &cur, &k);
	if (more > 0)
		s->snapshot = k.pos.snapshot;
	return more == -BCH_ERR_no_memory ? more : 0;
}

int bch_subvolume_read(struct bch_fs *fs, u32 id, struct bch_subvolume *s)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;
	int more = first_key(fs, BCH_BTREE_subvolumes, bch_pos(0, id), &cur, &k);

	if (more == -BCH_ERR_no_memory)
		return more;
	if (more > 0 && k.type == BCH_KEY_subvolume) {
		bch_subvolume_get(s, k.val.p, k.val.len);
		return 0;
	}
	return id == SUBVOL_ROOT ? guess_root_subvolume(fs, s) : -BCH_ERR_subvol_missing;
}

int bch_file_subvol_root(struct bch_fs *fs, u32 subvol, struct bch_file *file)
{
	struct bch_subvolume s;
	int err = bch_subvolume_read(fs, subvol, &s);

	*file = (struct bch_file){ .subvol = subvol };
	if (!err)
		*file = (struct bch_file){ subvol, s.snapshot, s.inode };
	return err;
}
