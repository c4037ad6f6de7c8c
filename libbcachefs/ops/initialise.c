// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the first mount of a kernel makes in a new filesystem: journals, the derived btrees, the root directory. Format
 * reference: 03 §10, 04 §3.6, 06 §11.
 *
 * It begins as one whose buckets are all free; then superblocks and journals take theirs, as changes like others.
 */

#include "base/array.h"
#include "commit/commit.h"
#include "file/file.h"
#include "ondisk/data_types.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_inode_cursor.h"
#include "ondisk/key_snapshot.h"
#include "ondisk/key_subvolume.h"
#include "ondisk/sb_sections.h"
#include "ops/format_private.h"
#include "ops/members.h"
#include "ops/populate.h"

#define VERSION_CURSORS BCH_VERSION(1, 18)
#define VERSION_DEPTH	BCH_VERSION(1, 17)

#define ROOT_SUBVOL 1
#define ROOT_TREE   1
#define ROOT_INUM   BCH_INODE_NR_MIN
#define LOST_FOUND  (BCH_INODE_NR_MIN + 1)
#define MODE_ROOT   040755
#define MODE_LOST   040700
/* What an entry with all counters may take, and more for each member. */
#define ENTRY_BYTES	   8192U
#define ENTRY_BYTES_MEMBER 512U

/* All are free, until superblocks and journals take theirs. */
static int put_buckets(struct bch_fs *fs)
{
	struct bch_recount *r bch_auto(recount) = NULL;
	struct bch_member m;
	int err = 0;

	for (u32 i = 0; i < fs->nr_members && !err; i++) {
		if (!bch_super_member(&fs->super, i, &m))
			continue;
		err = bch_member_put_free(fs, i, m.first_bucket, m.nbuckets);
		bch_member_FREESPACE_INITIALIZED_set(&m, 1);
		bch_super_member_put(&fs->super, i, &m);
	}
	if (!err)
		err = bch_recount_new(fs, NULL, &r);
	for (u32 i = 0; i < fs->nr_members && !err; i++)
		err = bch_member_put_reserved(r, i);
	return err;
}

/* ------------------------------------------------------------------ the first subvolume */

static int put(struct bch_fs *fs, u8 btree_id, struct bch_pos pos, u8 type, const void *val,
	       size_t len)
{
	const struct bch_key k = { .pos = pos, .type = type, .val = { val, len } };

	return bch_update(fs, btree_id, &k, 0);
}

static int put_subvolume(struct bch_fs *fs)
{
	const struct bch_snapshot_tree tree = { .master_subvol = ROOT_SUBVOL,
						.root_snapshot = BCH_U32_MAX };
	const struct bch_snapshot snapshot = { .flags = 1U << BCH_SNAPSHOT_subvol,
					       .subvol = ROOT_SUBVOL,
					       .tree = ROOT_TREE };
	const struct bch_subvolume subvol = { .snapshot = BCH_U32_MAX, .inode = ROOT_INUM };
	struct bch_snapshot_tree_disk tree_val;
	struct bch_snapshot_disk snapshot_val;
	struct bch_subvolume_disk subvol_val;
	size_t snapshot_len = offsetof(struct bch_snapshot_disk, state);
	size_t subvol_len = offsetof(struct bch_subvolume_disk, state);
	int err;

	bch_snapshot_tree_put(&tree, &tree_val, sizeof(tree_val));
	bch_snapshot_put(&snapshot, &snapshot_val, snapshot_len);
	bch_subvolume_put(&subvol, &subvol_val, subvol_len);
	err = put(fs, BCH_BTREE_snapshot_trees, bch_pos(0, ROOT_TREE), BCH_KEY_snapshot_tree,
		  &tree_val, sizeof(tree_val));
	if (!err)
		err = put(fs, BCH_BTREE_snapshots, bch_pos(0, BCH_U32_MAX), BCH_KEY_snapshot,
			  &snapshot_val, snapshot_len);
	return err ? err
		   : put(fs, BCH_BTREE_subvolumes, bch_pos(0, ROOT_SUBVOL), BCH_KEY_subvolume,
			 &subvol_val, subvol_len);
}

static int put_inode(struct bch_fs *fs, u64 inum, const struct bch_inode *inode)
{
	u8 val[BCH_INODE_VAL_MAX];
	size_t len = bch_inode_put(inode, val);

	return put(fs, BCH_BTREE_inodes, bch_spos(0, inum, BCH_U32_MAX), BCH_KEY_inode_v3, val,
		   len);
}

static int put_lost_found(struct bch_fs *fs, const struct bch_inode *root)
{
	static const char name[] = "lost+found";
	const struct bch_dirent d = { .d_inum = LOST_FOUND,
				      .d_type = BCH_DIRENT_dir,
				      .name = { (const u8 *)name, sizeof(name) - 1 } };
	struct bch_inode inode = {
		.bi_mode = MODE_LOST,
		.hash_type = root->hash_type,
		.bi_hash_seed = bch_writer_random(fs),
		.bi_dir = ROOT_INUM,
		.bi_dir_offset = bch_dirent_hash(root, &d),
		.bi_depth = le16_get(fs->super.sb->version) >= VERSION_DEPTH,
	};
	u8 val[BCH_DIRENT_VAL_MAX];
	size_t len = bch_dirent_put(&d, val);
	int err = put_inode(fs, LOST_FOUND, &inode);

	return err ? err
		   : put(fs, BCH_BTREE_dirents,
			 bch_spos(ROOT_INUM, inode.bi_dir_offset, BCH_U32_MAX), BCH_KEY_dirent, val,
			 len);
}

/* Times are those of the filesystem's base: 0. */
static int put_root_dir(struct bch_fs *fs)
{
	const struct bch_inode root = {
		.bi_mode = MODE_ROOT,
		.hash_type = bch_str_hash_type(fs),
		.bi_hash_seed = bch_writer_random(fs),
		.bi_nlink = 1,
		.bi_subvol = ROOT_SUBVOL,
	};
	int err = put_inode(fs, ROOT_INUM, &root);

	return err ? err : put_lost_found(fs, &root);
}

static int put_inode_cursor(struct bch_fs *fs)
{
	const struct bch_inode_cursor cursor = { .idx = LOST_FOUND + 1 };
	struct bch_inode_cursor_disk val;

	if (le16_get(fs->super.sb->version) < VERSION_CURSORS)
		return 0;
	bch_inode_cursor_put(&cursor, &val, sizeof(val));
	return put(fs, BCH_BTREE_logged_ops, bch_pos(BCH_INODE_CURSOR_INODE, 0),
		   BCH_KEY_inode_alloc_cursor, &val, sizeof(val));
}

/* ------------------------------------------------------------------ all */

/*
 * Newer kernels drop a node of counters in the old order, and repair what follows. A journal entry of them they accept;
 * but it must fit into a bucket.
 */
static bool counters_go_to_journal(const struct bch_fs *fs)
{
	u32 entry = ENTRY_BYTES + fs->nr_members * ENTRY_BYTES_MEMBER;
	struct bch_member m;

	for (u32 i = 0; i < fs->nr_members; i++)
		if (bch_super_member(&fs->super, i, &m) && BCH_BYTES(m.bucket_size) < entry)
			return false;
	return le16_get(fs->super.sb->version) < BCH_ACCOUNTING_VERSION_BIG_ENDIAN;
}

/* Where metadata may not go, or to too few members, a kernel could not begin either. */
static bool can_begin(struct bch_fs *fs)
{
	u64 required = bch_sb_opt(fs->super.sb, BCH_OPT_metadata_replicas_required);
	struct bch_write_devs nodes, journal;

	bch_fs_metadata_devs(fs, BCH_DATA_btree, &nodes);
	bch_fs_metadata_devs(fs, BCH_DATA_journal, &journal);
	if (nodes.durability >= required && journal.durability >= required && journal.nr)
		return true;
	bch_log(fs->ctx, BCH_LOG_warn,
		"not enough devices take metadata: the filesystem is left without contents");
	return false;
}

static void mark_initialised(struct bch_fs *fs)
{
	struct bch_sb *sb = fs->super.sb;

	bch_sb_flag_set(sb, BCH_SB_INITIALIZED, 1);
	bch_sb_flag_set(sb, BCH_SB_VERSION_UPGRADE_COMPLETE, le16_get(sb->version));
	sb->compat[0] = le64_of(1ULL << BCH_COMPAT_alloc_info | 1ULL << BCH_COMPAT_alloc_metadata |
				1ULL << BCH_COMPAT_extents_above_btree_updates_done |
				1ULL << BCH_COMPAT_bformat_overflow_done);
}

int bch_format_initialise(struct bch_format *f)
{
	struct bch_fs *fs = f->fs;
	bool again = f->opts->reproducible && f->opts->uuid;
	const struct bch_writer_opts opts = {
		.seed = again ? fs->super.sb->uuid : NULL,
		.is_new = true,
		.is_passing = f->source,
		.counters_in_journal = !f->source && counters_go_to_journal(fs),
	};
	int err = 0;

	if (!can_begin(fs))
		return f->source ? -BCH_ERR_insufficient_devices : 0;
	for (u32 i = 0; i < fs->nr_members && !err; i++) {
		err = bch_member_place_journal(fs, i, f->in_place);
		if (!err && again)
			err = bch_member_clear_journal(fs, i);
	}
	if (!err)
		err = bch_btrees_start(fs, NULL);
	if (!err)
		err = bch_writer_start(fs, &opts);
	if (!err && f->in_place)
		bch_space_only(bch_writer_space(fs), f->in_place->fenced.a.v,
			       f->in_place->fenced.a.nr);
	if (!err)
		err = put_buckets(fs);
	if (!err)
		err = put_subvolume(fs);
	if (!err)
		err = put_root_dir(fs);
	if (!err)
		err = put_inode_cursor(fs);
	if (!err && f->in_place)
		err = bch_populate_cover(fs, f->source, f->in_place);
	if (err)
		return err;
	mark_initialised(fs);
	err = bch_commit(fs);
	if (!err && f->source)
		err = bch_populate(fs, f->source, f->in_place, f->opts->sums);
	if (!err && f->source)
		err = bch_writer_make_durable(fs);
	if (!err && f->image)
		err = bch_image_shrink(fs, f->image);
	return err ? err : bch_writer_finish(fs);
}
