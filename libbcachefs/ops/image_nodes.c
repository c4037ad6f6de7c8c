// SPDX-License-Identifier: GPL-2.0-or-later
/* Nodes at the end of an image that are written anew, into the first buckets that are free. */

#include "commit/commit.h"
#include "ops/format_private.h"

static bool lies_behind(const struct bch_fs *fs, const struct bch_key *k, u64 start_sector)
{
	struct bch_extent_walk w = bch_extent_walk(k, &fs->super);
	struct bch_extent_ptr p;

	while (bch_extent_ptr_next(&w, &p))
		if (p.ptr.offset_sectors >= start_sector)
			return true;
	return false;
}

static int touch_level(struct bch_fs *fs, u8 btree_id, u8 level, u64 start_sector, bool *any)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0) {
		if (more < 0)
			return more;
		if (!lies_behind(fs, &k, start_sector))
			continue;
		*any = true;
		err = bch_change_touch(fs, btree_id, level, k.pos);
	}
	return err;
}

int bch_image_move_nodes(struct bch_fs *fs, u64 start_sector)
{
	bool any = false;
	int err = 0;

	for (u8 id = 0; id < BCH_BTREE_ID_MAX && !err; id++) {
		struct bch_btree_root root = bch_btree_root(fs, id);

		for (u32 level = 0; !err && root.state == BCH_ROOT_PRESENT && level <= root.level;
		     level++)
			err = touch_level(fs, id, (u8)level, start_sector, &any);
	}
	return err || !any ? err : bch_commit(fs);
}
