// SPDX-License-Identifier: GPL-2.0-or-later
/* All copies of all superblocks, and where the layouts say that these are. Format reference: 01 §2, §10.2. */

#include "check/check.h"

#include "super/super.h"

/* Tells it; what is repaired, the end writes anew. */
static int tell(struct bch_check *c, const char *dev, const char *what, u64 sector, int err,
		const struct bch_buf *why)
{
	int yes = bch_problem(c, BCH_PROBLEM_superblock_copy_bad,
			      "%s: %s at sector %" PRIu64 ": %s%s%s", dev, what, sector,
			      bch_err_text(err), why->len ? ": " : "", bch_buf_str(why));

	c->write_supers |= yes > 0;
	return yes < 0 ? yes : 0;
}

static int check_layout(struct bch_check *c, const struct bch_fs_member *m)
{
	struct bch_buf why bch_auto(buf) = { 0 };
	struct bch_sb_layout layout;
	int err = bch_super_read_layout(m->blkdev, &layout, &why);

	if (!err && memcmp(&layout, &m->super.sb->layout, sizeof(layout))) {
		bch_buf_puts(&why, "differs from that of the superblock");
		err = -BCH_ERR_invalid_sb_layout;
	}
	return err ? tell(c, m->blkdev->name, "layout", BCH_SB_LAYOUT_SECTOR, err, &why) : 0;
}

static int check_copy(struct bch_check *c, const struct bch_fs_member *m, u64 sector)
{
	struct bch_super super bch_auto(super) = { 0 };
	struct bch_buf why bch_auto(buf) = { 0 };
	int err = bch_super_read_copy(m->blkdev, sector, &super, &why);

	if (!err)
		err = bch_sb_validate(&super, sector, 0, &why);
	if (err == -BCH_ERR_no_memory)
		return err;
	return err ? tell(c, m->blkdev->name, "superblock", sector, err, &why) : 0;
}

int bch_check_supers(struct bch_check *c)
{
	int err = 0;

	for (u32 i = 0; i < c->fs->nr_members && !err; i++) {
		const struct bch_fs_member *m = &c->fs->members[i];

		if (!m->blkdev)
			continue;
		err = bch_sb_layout_is_default(&m->super.sb->layout) ? check_layout(c, m) : 0;
		for (u32 k = 0; k < m->super.sb->layout.nr_superblocks && !err; k++)
			err = check_copy(c, m, le64_get(m->super.sb->layout.sb_offset[k]));
	}
	return err;
}
