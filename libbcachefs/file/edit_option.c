// SPDX-License-Identifier: GPL-2.0-or-later
/* Options of files: set, taken back, handed down. Format reference: 04 §6.9, §10.3. */

#include <sys/stat.h>

#include "file/file.h"
#include "file/private.h"

#define COOKIE_OFFSET (BCH_U64_MAX - 1)

/* What the mover has to look at data again for. */
#define MOVES_DATA                                                                      \
	(1U << BCH_INODE_OPT_compression | 1U << BCH_INODE_OPT_background_compression | \
	 1U << BCH_INODE_OPT_background_target)

/* The options of inodes, by their bits in bi_fields_set. */
enum inode_opt {
#define O(bit, name) BCH_INODE_OPT_##name = bit,
	BCH_INODE_OPTS(O)
#undef O
};

int bch_inode_opt_bit(enum bch_opt_id id)
{
	switch (id) {
#define O(bit, name)         \
	case BCH_OPT_##name: \
		return bit;
		BCH_INODE_OPTS(O)
#undef O
	default:
		return -BCH_ERR_option_unknown;
	}
}

/* 0: none, else biased by one. */
static void set_field(struct bch_inode *inode, unsigned bit, u64 biased)
{
	switch (bit) {
#define O(nr, name)                                                  \
	case nr:                                                     \
		inode->bi_##name = (typeof(inode->bi_##name))biased; \
		break;
		BCH_INODE_OPTS(O)
#undef O
	default:
		break;
	}
}

bool bch_inode_inherit(struct bch_inode *inode, const struct bch_inode *dir, u32 options)
{
	u32 from_above = options & ~(u32)inode->bi_fields_set;
	bool changed = false;

	if (!S_ISDIR(inode->bi_mode))
		from_above &= ~(1U << BCH_INODE_OPT_casefold);
#define O(bit, name)                                                       \
	if (from_above >> bit & 1 && inode->bi_##name != dir->bi_##name) { \
		inode->bi_##name = dir->bi_##name;                         \
		changed = true;                                            \
	}
	BCH_INODE_OPTS(O)
#undef O
	return changed;
}

/* ------------------------------------------------------------------ what the mover is told */

static int read_cookie(struct bch_fs *fs, struct bch_pos pos, u64 *nr)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(fs, BCH_BTREE_rebalance_work, pos, pos);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	*nr = 0;
	if (more > 0 && k.type == BCH_KEY_cookie && k.val.len >= sizeof(le64))
		*nr = le64_get(*(const le64 *)k.val.p);
	return more < 0 ? more : 0;
}

int bch_edit_options_changed(struct bch_fs *fs, u64 inum, u32 options)
{
	struct bch_pos pos = bch_spos(inum, COOKIE_OFFSET, BCH_U32_MAX);
	struct bch_key k = { .pos = pos, .type = BCH_KEY_cookie };
	le64 val;
	u64 nr;
	int err = options & MOVES_DATA ? read_cookie(fs, pos, &nr) : 0;

	if (err || !(options & MOVES_DATA))
		return err;
	val = le64_of(nr + 1);
	k.val = (struct bch_bytes){ val.b, sizeof(val) };
	return bch_update(fs, BCH_BTREE_rebalance_work, &k, BCH_UPDATE_QUIET);
}

/* ------------------------------------------------------------------ set */

/* The directory that it is in; none: all zeroes. */
static int read_dir(struct bch_fs *fs, const struct bch_file *file, const struct bch_inode *inode,
		    struct bch_inode *dir)
{
	struct bch_buf name bch_auto(buf) = { 0 };
	struct bch_file above;
	int err = bch_file_parent(fs, file, inode, &above, &name);

	*dir = (struct bch_inode){ 0 };
	if (err == -BCH_ERR_not_found)
		return 0;
	return err ? err : bch_file_inode(fs, &above, dir, NULL);
}

int bch_edit_option(struct bch_fs *fs, const struct bch_file *file, unsigned bit, const u64 *value)
{
	struct bch_inode inode, dir;
	int err = bch_file_inode(fs, file, &inode, NULL);

	if (!err && !value)
		err = read_dir(fs, file, &inode, &dir);
	if (err)
		return err;
	if (value) {
		set_field(&inode, bit, *value + 1);
		inode.bi_fields_set |= (u16)(1U << bit);
	} else {
		inode.bi_fields_set &= (u16) ~(1U << bit);
		bch_inode_inherit(&inode, &dir, 1U << bit);
	}
	inode.bi_ctime = bch_edit_now(fs);
	err = bch_edit_inode(fs, file, &inode);
	return err ? err : bch_edit_options_changed(fs, file->inum, 1U << bit);
}
