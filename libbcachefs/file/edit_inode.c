// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Inodes made, changed and taken away, and what follows for their other versions. Format reference: 04 §6.5 to §6.11;
 * 13.2.
 */

#include <sys/stat.h>

#include "codec/codec.h"
#include "file/private.h"
#include "ondisk/key_inode_cursor.h"

#define VERSION_CHILD_FLAG BCH_VERSION(1, 13)
#define VERSION_DEPTH	   BCH_VERSION(1, 17)
#define VERSION_CURSORS	   BCH_VERSION(1, 18)
#define VERSION_CASE_FLAG  BCH_VERSION(1, 28)
#define INUM_32BIT_MAX	   0x7fffffffULL
#define CHILD_FLAG	   (1U << BCH_INODE_has_child_snapshot)

static u16 version_of(const struct bch_fs *fs)
{
	return le16_get(fs->super.sb->version);
}

/* ------------------------------------------------------------------ times */

u64 bch_edit_now(const struct bch_fs *fs)
{
	return bch_time_put(fs, (struct bch_time){ .sec = (s64)fs->now });
}

/* ------------------------------------------------------------------ versions */

/* The inode's key in exactly that snapshot: 1, 0, or an error. */
static int version_at(struct bch_fs *fs, u64 inum, u32 snapshot, struct bch_inode *inode)
{
	struct bch_pos pos = bch_spos(0, inum, snapshot);
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(fs, BCH_BTREE_inodes, pos, pos);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	return more > 0 ? bch_key_is_inode(&k) && bch_inode_get(&k, inode) : more;
}

/* The nearest version above @snapshot; *@at is 0 where there is none. */
static int version_above(struct bch_fs *fs, u64 inum, u32 snapshot, u32 *at,
			 struct bch_inode *inode)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_inodes, bch_spos(0, inum, snapshot + 1),
			   bch_spos(0, inum, BCH_U32_MAX));
	struct bch_key k;
	int more = 0;

	*at = 0;
	while (snapshot < BCH_U32_MAX && !*at && (more = bch_cursor_next(&cur, &k)) > 0)
		if (bch_snapshot_is_ancestor(fs, snapshot, k.pos.snapshot) &&
		    bch_inode_get(&k, inode))
			*at = k.pos.snapshot;
	return more < 0 ? more : 0;
}

/* Is there a version below @snapshot? 1, 0, or an error. */
static int has_versions_below(struct bch_fs *fs, u64 inum, u32 snapshot)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(
		fs, BCH_BTREE_inodes, bch_spos(0, inum, 0), bch_spos(0, inum, snapshot - 1));
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		if (bch_key_is_inode(&k) && bch_snapshot_is_ancestor(fs, k.pos.snapshot, snapshot))
			return 1;
	return more;
}

/* The first version from snapshot *@at on, which becomes its: 1, 0, or an error. */
static int next_version(struct bch_fs *fs, u64 inum, u32 *at, struct bch_inode *inode)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(
		fs, BCH_BTREE_inodes, bch_spos(0, inum, *at), bch_spos(0, inum, BCH_U32_MAX));
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		if (bch_inode_get(&k, inode)) {
			*at = k.pos.snapshot;
			return 1;
		}
	return more;
}

static int put_version(struct bch_fs *fs, u64 inum, u32 snapshot, const struct bch_inode *inode)
{
	u8 val[BCH_INODE_VAL_MAX];
	const struct bch_key k = {
		.pos = bch_spos(0, inum, snapshot),
		.type = BCH_KEY_inode_v3,
		.val = { val, bch_inode_put(inode, val) },
	};

	return k.val.len ? bch_update(fs, BCH_BTREE_inodes, &k, 0) : -BCH_ERR_not_supported;
}

/* The flag of the version above one that came or went. */
static int settle_above(struct bch_fs *fs, u64 inum, u32 snapshot)
{
	struct bch_inode inode;
	u32 at;
	int below, err = version_above(fs, inum, snapshot, &at, &inode);

	if (err || !at || version_of(fs) < VERSION_CHILD_FLAG)
		return err;
	below = has_versions_below(fs, inum, at);
	if (below < 0 || !(inode.bi_flags & CHILD_FLAG) == !below)
		return below < 0 ? below : 0;
	inode.bi_flags ^= CHILD_FLAG;
	return put_version(fs, inum, at, &inode);
}

int bch_edit_settle_versions(struct bch_fs *fs, u64 inum)
{
	u32 at = 0;
	int err = 0;

	while (!err && version_of(fs) >= VERSION_CHILD_FLAG) {
		struct bch_inode inode;
		int more = next_version(fs, inum, &at, &inode), below;

		if (more <= 0)
			return more;
		below = has_versions_below(fs, inum, at);
		if (below < 0)
			return below;
		if (!(inode.bi_flags & CHILD_FLAG) != !below) {
			inode.bi_flags ^= CHILD_FLAG;
			err = put_version(fs, inum, at, &inode);
		}
		if (at++ == BCH_U32_MAX)
			return err;
	}
	return err;
}

int bch_edit_inode(struct bch_fs *fs, const struct bch_file *file, const struct bch_inode *inode)
{
	struct bch_inode now = *inode, old;
	int had = version_at(fs, file->inum, file->snapshot, &old), below, err;

	if (had < 0)
		return had;
	now.bi_flags &= ~CHILD_FLAG;
	below = has_versions_below(fs, file->inum, file->snapshot);
	if (below < 0)
		return below;
	if (below && version_of(fs) >= VERSION_CHILD_FLAG)
		now.bi_flags |= CHILD_FLAG;
	err = put_version(fs, file->inum, file->snapshot, &now);
	return err || had ? err : settle_above(fs, file->inum, file->snapshot);
}

/* Where an older version of a subvolume's root says that its name is, it is no more. */
static int move_version(struct bch_fs *fs, u64 inum, u32 snapshot, struct bch_inode *old,
			const struct bch_inode *now)
{
	if (old->bi_subvol != now->bi_subvol)
		return 0;
	old->bi_dir = now->bi_dir;
	old->bi_dir_offset = now->bi_dir_offset;
	old->bi_parent_subvol = now->bi_parent_subvol;
	return put_version(fs, inum, snapshot, old);
}

/* A version below @snapshot that is the root of another subvolume than @gone: 1, 0, or an error. */
static int find_heir(struct bch_fs *fs, u64 inum, u32 snapshot, u32 gone, struct bch_inode *heir)
{
	int more;

	for (u32 at = 0; (more = next_version(fs, inum, &at, heir)) > 0 && at < snapshot; at++)
		if (heir->bi_subvol && heir->bi_subvol != gone &&
		    bch_snapshot_is_ancestor(fs, at, snapshot))
			return 1;
	return more < 0 ? more : 0;
}

int bch_edit_subvol_gone(struct bch_fs *fs, u64 inum, u32 gone)
{
	int more, err = 0;
	struct bch_inode inode, heir;

	for (u32 at = 0; !err && (more = next_version(fs, inum, &at, &inode)); at++) {
		if (more < 0)
			return more;
		more = inode.bi_subvol == gone ? find_heir(fs, inum, at, gone, &heir) : 0;
		if (more < 0)
			return more;
		if (more) {
			inode.bi_subvol = heir.bi_subvol;
			inode.bi_parent_subvol = heir.bi_parent_subvol;
			inode.bi_dir = heir.bi_dir;
			inode.bi_dir_offset = heir.bi_dir_offset;
			err = put_version(fs, inum, at, &inode);
		}
		if (at == BCH_U32_MAX)
			return err;
	}
	return err;
}

int bch_edit_subvol_root(struct bch_fs *fs, const struct bch_file *file,
			 const struct bch_inode *inode)
{
	u32 at = file->snapshot;
	struct bch_inode above;
	int err = bch_edit_inode(fs, file, inode);

	while (!err && at) {
		err = version_above(fs, file->inum, at, &at, &above);
		if (!err && at)
			err = move_version(fs, file->inum, at, &above, inode);
	}
	return err;
}

int bch_edit_remove_inode(struct bch_fs *fs, const struct bch_file *file)
{
	static const u8 btrees[] = { BCH_BTREE_extents, BCH_BTREE_xattrs, BCH_BTREE_dirents };
	int err = 0;

	for (size_t i = 0; i < sizeof(btrees) && !err; i++)
		err = bch_edit_delete_all(fs, btrees[i], file);
	if (!err)
		err = bch_edit_delete(fs, BCH_BTREE_inodes,
				      bch_spos(0, file->inum, file->snapshot));
	return err ? err : settle_above(fs, file->inum, file->snapshot);
}

/* ------------------------------------------------------------------ new ones */

u8 bch_str_hash_type(const struct bch_fs *fs)
{
	const struct bch_sb *sb = fs->super.sb;
	u64 opt = bch_sb_opt(sb, BCH_OPT_str_hash);

	if (opt < 2)
		return opt ? BCH_STR_HASH_crc64 : BCH_STR_HASH_crc32c;
	return le64_get(sb->features[0]) >> BCH_FEATURE_new_siphash & 1 ? BCH_STR_HASH_siphash
									: BCH_STR_HASH_siphash_old;
}

struct bch_inode bch_edit_new_inode(struct bch_fs *fs, const struct bch_inode *dir, u32 mode)
{
	u64 now = bch_edit_now(fs);
	struct bch_inode inode = {
		.bi_mode = (u16)mode,
		.bi_uid = dir->bi_uid,
		.bi_gid = dir->bi_gid,
		.bi_atime = now,
		.bi_mtime = now,
		.bi_ctime = now,
		.bi_otime = now,
		.bi_hash_seed = bch_writer_random(fs),
		.hash_type = bch_str_hash_type(fs),
	};

	bch_inode_inherit(&inode, dir, BCH_U32_MAX);
	if (!S_ISDIR(mode))
		return inode;
	inode.bi_mode |= dir->bi_mode & S_ISGID;
	if (version_of(fs) >= VERSION_DEPTH)
		inode.bi_depth = dir->bi_depth + 1;
	if (version_of(fs) >= VERSION_CASE_FLAG && bch_inode_is_casefolded(fs, &inode))
		inode.bi_flags |= 1U << BCH_INODE_has_case_insensitive;
	return inode;
}

/* ------------------------------------------------------------------ numbers: 04 §6.10 */

/* The first number from *@inum up to @max that has no key; false where all have one. */
static int first_free(struct bch_fs *fs, u64 *inum, u64 max)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(
		fs, BCH_BTREE_inodes, bch_spos(0, *inum, 0), bch_spos(0, max, BCH_U32_MAX));
	struct bch_key k;
	int more = 0;

	while (*inum <= max && (more = bch_cursor_next(&cur, &k)) > 0 && k.pos.offset <= *inum)
		*inum = k.pos.offset + 1;
	if (*inum > max)
		return -BCH_ERR_no_space;
	return more < 0 ? more : 0;
}

/* Before 1.18 nothing says where to go on: behind the last one, where there is room. */
static int inum_behind_last(struct bch_fs *fs, u64 *inum)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(fs, BCH_BTREE_inodes, BCH_POS_MIN,
				   bch_spos(0, INUM_32BIT_MAX, BCH_U32_MAX), BCH_CURSOR_DESCENDING);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	if (more < 0)
		return more;
	*inum = more && k.pos.offset > BCH_INODE_NR_MIN ? k.pos.offset + 1 : BCH_INODE_NR_MIN + 1;
	if (*inum <= INUM_32BIT_MAX)
		return 0;
	*inum = BCH_INODE_NR_MIN + 1;
	return first_free(fs, inum, INUM_32BIT_MAX);
}

static int get_cursor(struct bch_fs *fs, u64 shard, struct bch_inode_cursor *c)
{
	struct bch_pos pos = bch_pos(BCH_INODE_CURSOR_INODE, shard);
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(fs, BCH_BTREE_logged_ops, pos, pos);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	*c = (struct bch_inode_cursor){ 0 };
	if (more > 0 && k.type == BCH_KEY_inode_alloc_cursor)
		bch_inode_cursor_get(c, k.val.p, k.val.len);
	return more < 0 ? more : 0;
}

static int put_cursor(struct bch_fs *fs, u64 shard, const struct bch_inode_cursor *c)
{
	struct bch_inode_cursor_disk val;
	const struct bch_key k = {
		.pos = bch_pos(BCH_INODE_CURSOR_INODE, shard),
		.type = BCH_KEY_inode_alloc_cursor,
		.val = { (const u8 *)&val, sizeof(val) },
	};

	bch_inode_cursor_put(c, &val, sizeof(val));
	return bch_update(fs, BCH_BTREE_logged_ops, &k, 0);
}

/* From where the cursor says, once around; then numbers come again, and another generation begins. */
static int inum_by_cursor(struct bch_fs *fs, u64 *inum, u32 *generation)
{
	u64 shard = bch_sb_opt(fs->super.sb, BCH_OPT_inodes_32bit) ? 0 : 1;
	struct bch_inode_cursor c;
	struct bch_inode_range range;
	int err = get_cursor(fs, shard, &c);

	if (err)
		return err;
	if (!bch_inode_cursor_range(shard, c.bits, &range))
		return -BCH_ERR_out_of_range;
	*inum = c.idx < range.min || c.idx > range.max ? range.min : c.idx;
	err = first_free(fs, inum, range.max);
	if (err == -BCH_ERR_no_space) {
		c.gen++;
		*inum = range.min;
		err = first_free(fs, inum, range.max);
	}
	if (err)
		return err;
	c.idx = *inum + 1;
	*generation = c.gen;
	return put_cursor(fs, shard, &c);
}

int bch_edit_new_inum(struct bch_fs *fs, u64 *inum, u32 *generation)
{
	*generation = 0;
	return version_of(fs) >= VERSION_CURSORS ? inum_by_cursor(fs, inum, generation)
						 : inum_behind_last(fs, inum);
}
