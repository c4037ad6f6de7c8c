// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys that snapshots share are hidden, not taken away. Format reference: 04 §2.3. */

#include "file/file.h"

#define NR_AT_A_TIME 1024

static bool is_whiteout(const struct bch_key *k)
{
	return k->type == BCH_KEY_deleted || k->type == BCH_KEY_whiteout ||
	       k->type == BCH_KEY_extent_whiteout;
}

/* Would something of an ancestor be seen at @pos if its snapshot had nothing there? 1, 0, or an error. */
static int shows_through(struct bch_fs *fs, u8 btree_id, struct bch_pos pos)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, btree_id, bch_spos(pos.inode, pos.offset, pos.snapshot + 1),
			   bch_spos(pos.inode, pos.offset, BCH_U32_MAX));
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		if (bch_snapshot_is_ancestor(fs, pos.snapshot, k.pos.snapshot))
			return !is_whiteout(&k);
	return more;
}

int bch_edit_delete(struct bch_fs *fs, u8 btree_id, struct bch_pos pos)
{
	struct bch_key k = { .pos = pos, .type = BCH_KEY_deleted };
	int shows = pos.snapshot < BCH_U32_MAX ? shows_through(fs, btree_id, pos) : 0;

	if (shows < 0)
		return shows;
	if (shows)
		k.type = BCH_KEY_whiteout;
	return bch_update(fs, btree_id, &k, 0);
}

/* The next positions from *@from on that have something; 0 where there are no more. */
static int collect(struct bch_fs *fs, u8 btree_id, const struct bch_file *file, u64 from,
		   u64 offsets[NR_AT_A_TIME])
{
	struct bch_snapshot_view view = bch_snapshot_view(fs, file->snapshot);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(fs, btree_id, bch_pos(file->inum, from),
				       bch_pos(file->inum, BCH_U64_MAX), 0, &view);
	struct bch_key k;
	int more = 0, nr = 0;

	while (nr < NR_AT_A_TIME && (more = bch_cursor_next(&cur, &k)) > 0)
		offsets[nr++] = k.pos.offset;
	return more < 0 ? more : nr;
}

int bch_edit_delete_all(struct bch_fs *fs, u8 btree_id, const struct bch_file *file)
{
	u64 offsets[NR_AT_A_TIME], from = 0;
	int nr, err = 0;

	do {
		nr = collect(fs, btree_id, file, from, offsets);
		for (int i = 0; i < nr && !err; i++)
			err = bch_edit_delete(fs, btree_id,
					      bch_spos(file->inum, offsets[i], file->snapshot));
		if (nr > 0)
			from = offsets[nr - 1] + 1;
	} while (nr == NR_AT_A_TIME && !err);
	return nr < 0 ? nr : err;
}

int bch_edit_allowed(struct bch_fs *fs, const struct bch_file *file)
{
	struct bch_subvolume s;
	int err;

	if (!file->subvol)
		return -BCH_ERR_read_only;
	err = bch_subvolume_read(fs, file->subvol, &s);
	if (err)
		return err;
	return s.flags >> BCH_SUBVOLUME_ro & 1 ? -BCH_ERR_read_only : 0;
}
