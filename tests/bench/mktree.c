// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts many files into a filesystem, with the library's own commits, so that no kernel is needed: directories of files of
 * bytes of which a part can be compressed, stored as the filesystem's options say; no data where FILE_KIB is 0.
 *
 *   mktree [OPTION]... NR_FILES FILE_KIB DEVICE...
 *
 *   -e EXTENTS    of which each file is made; nothing is written to where they lie: for what looks at metadata alone
 *   -f PERCENT    with -e, of them, lie anywhere, with lost space beside them, as after random overwrites
 *   -d FILES      in each directory (1000)
 *   -s SNAPSHOTS  of the root subvolume, at regular distances; after each a tenth of the files before it changes, with -e
 *                 their extents too
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bcachefs/journal.h>
#include "commit/commit.h"
#include "file/file.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_snapshot.h"
#include "ondisk/key_subvolume.h"

#define ROOT_INUM     BCH_INODE_NR_MIN
#define VERSION_DEPTH BCH_VERSION(1, 17)
#define NOW	      1800000000ULL
#define ROOT_SUBVOL   1
#define ROOT_TREE     1
#define REWRITTEN     10 /* each so manieth file, after a snapshot */
#define PLACES	      64 /* from which those that lie anywhere are taken */
#define PLACE_EXTENTS 16 /* that each has room for */

struct opts {
	u64 nr_files, file_bytes, dir_files;
	u64 nr_extents; /* 0: with data */
	u64 percent, nr_snapshots;
};

struct tree {
	const struct opts *o;
	struct bch_fs *fs;
	struct bch_inode dir; /* in which files are made */
	u64 dir_inum, next_inum;
	u16 version;
	u32 snapshot; /* of the root subvolume */
	u64 random;
	struct bch_data_writer *data;
	struct bch_inode root;
	u64 first_inum; /* since the last snapshot */
	u32 nr_snapshots;
	struct bch_space_run places[PLACES];
};

static int put(struct tree *f, u8 btree_id, struct bch_pos pos, u32 size, u8 type, const void *val,
	       size_t len)
{
	const struct bch_key k = { .pos = pos, .size = size, .type = type, .val = { val, len } };

	return bch_update(f->fs, btree_id, &k, 0);
}

static u64 draw(struct tree *f, u64 limit)
{
	f->random = f->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (f->random >> 33) % limit;
}

/* ------------------------------------------------------------------ extents without data */

/* The next @nr of the run; it is taken already. */
static void cut(struct bch_space_run *run, u32 nr)
{
	for (u32 i = 0; i < run->nr_ptrs; i++)
		run->ptrs[i].offset_sectors += nr;
	run->nr_sectors -= nr;
}

/* Room of which nobody else gets a part. */
static int take_room(struct tree *f, u32 least, u32 most, struct bch_space_run *run)
{
	struct bch_space *space = bch_writer_space(f->fs);
	u32 replicas = (u32)bch_sb_opt(f->fs->super.sb, BCH_OPT_data_replicas);
	int err = bch_space_data(space, 0, replicas, least, run);
	struct bch_space_run rest = *run;

	if (err)
		return err;
	if (run->nr_sectors > most)
		run->nr_sectors = most;
	bch_space_take(space, &rest, run->nr_sectors);
	return 0;
}

/* Room for one of @nr_sectors: behind the one before; or in one of many places, with as much lost beside it. */
static int take_place(struct tree *f, u32 nr_sectors, struct bch_space_run *run)
{
	struct bch_space_run *place = &f->places[draw(f, PLACES)];
	int err = 0;

	if (draw(f, 100) >= f->o->percent)
		return take_room(f, nr_sectors, nr_sectors, run);
	if (place->nr_sectors < 2 * nr_sectors)
		err = take_room(f, nr_sectors, 2 * nr_sectors * PLACE_EXTENTS, place);
	*run = *place;
	if (!err)
		cut(place, place->nr_sectors < 2 * nr_sectors ? place->nr_sectors : 2 * nr_sectors);
	return err;
}

static int put_extent(struct tree *f, u64 inum, u64 end_sector, u32 nr_sectors)
{
	struct bch_extent_val val = { 0 };
	struct bch_space_run run;
	int err = take_place(f, nr_sectors, &run);

	for (u32 i = 0; !err && i < run.nr_ptrs; i++)
		bch_extent_val_ptr(&val, &run.ptrs[i]);
	return err ? err
		   : put(f, BCH_BTREE_extents, bch_spos(inum, end_sector, f->snapshot), nr_sectors,
			 BCH_KEY_extent, val.v, val.nr * sizeof(val.v[0]));
}

static int put_extents(struct tree *f, u64 inum, u64 bytes, u64 *nr_sectors)
{
	u32 block = le16_get(f->fs->super.sb->block_size);
	u64 blocks = (BCH_SECTORS(bytes + BCH_SECTOR_SIZE - 1) + block - 1) / block, done = 0;
	int err = 0;

	for (u64 i = 1; i <= f->o->nr_extents && !err; i++) {
		u64 end = blocks * i / f->o->nr_extents;

		if (end > done)
			err = put_extent(f, inum, end * block, (u32)(end - done) * block);
		done = end;
	}
	*nr_sectors = blocks * block;
	return err;
}

/* ------------------------------------------------------------------ data */

/* Random, but a part of it so that it can be compressed. */
static void make_data(struct tree *f, void *buf, size_t len)
{
	u8 *p = buf;

	memset(buf, 0, len);
	for (size_t i = 0; i + 8 <= len; i += 8) {
		f->random = f->random * 6364136223846793005ULL + 1442695040888963407ULL;
		memcpy(p + i, &f->random, f->random >> 60 && i % (1 << 18) < 1 << 17 ? 3 : 8);
	}
}

static int put_data(struct tree *f, u64 inum, u64 bytes, u64 *nr_sectors)
{
	const struct bch_data_file file = { .inum = inum,
					    .snapshot = f->snapshot,
					    .opts = bch_io_opts(f->fs, &f->dir) };
	void *buf;
	size_t room;
	int err = 0;

	if (f->o->nr_extents)
		return put_extents(f, inum, bytes, nr_sectors);
	bch_data_begin(f->data, &file);
	while (!err && bytes) {
		err = bch_data_room(f->data, &buf, &room);
		if (room > bytes)
			room = bytes;
		if (!err) {
			make_data(f, buf, room);
			err = bch_data_put(f->data, buf, room);
		}
		bytes -= room;
	}
	return err ? err : bch_data_end(f->data, nr_sectors);
}

/* ------------------------------------------------------------------ names */

static int put_inode(struct tree *f, u64 inum, const struct bch_inode *inode)
{
	u8 val[BCH_INODE_VAL_MAX];
	size_t len = bch_inode_put(inode, val);

	return put(f, BCH_BTREE_inodes, bch_spos(0, inum, f->snapshot), 0, BCH_KEY_inode_v3, val,
		   len);
}

static int put_name(struct tree *f, u64 dir_inum, const struct bch_inode *dir, const char *name,
		    u8 type, u64 inum, u64 *offset)
{
	const struct bch_dirent d = { .d_inum = inum,
				      .d_type = type,
				      .name = { (const u8 *)name, strlen(name) } };
	u8 val[BCH_DIRENT_VAL_MAX];
	size_t len = bch_dirent_put(&d, val);

	*offset = bch_dirent_hash(dir, &d);
	return put(f, BCH_BTREE_dirents, bch_spos(dir_inum, *offset, f->snapshot), 0,
		   BCH_KEY_dirent, val, len);
}

static int make_dir(struct tree *f)
{
	const struct bch_inode *root = &f->root;
	char name[32];
	int err;

	f->dir_inum = f->next_inum++;
	snprintf(name, sizeof(name), "directory %" PRIu64, f->dir_inum);
	f->dir = (struct bch_inode){ .bi_mode = 040755,
				     .hash_type = root->hash_type,
				     .bi_hash_seed = bch_writer_random(f->fs),
				     .bi_dir = ROOT_INUM,
				     .bi_depth = f->version >= VERSION_DEPTH };
	err = put_name(f, ROOT_INUM, root, name, BCH_DIRENT_dir, f->dir_inum,
		       &f->dir.bi_dir_offset);
	f->root.bi_nlink++;
	return err ? err : put_inode(f, f->dir_inum, &f->dir);
}

static int make_file(struct tree *f, u64 nr, u64 bytes)
{
	struct bch_inode inode = { .bi_mode = 0100644,
				   .hash_type = f->dir.hash_type,
				   .bi_hash_seed = bch_writer_random(f->fs),
				   .bi_size = bytes,
				   .bi_dir = f->dir_inum };
	u64 inum = f->next_inum++;
	char name[32];
	int err;

	snprintf(name, sizeof(name), "some file %" PRIu64, nr);
	err = put_name(f, f->dir_inum, &f->dir, name, BCH_DIRENT_reg, inum, &inode.bi_dir_offset);
	if (!err)
		err = put_data(f, inum, bytes, &inode.bi_sectors);
	return err ? err : put_inode(f, inum, &inode);
}

/* ------------------------------------------------------------------ all */

/* The first key from @pos on; 0, or -BCH_ERR_not_found. */
static int first(struct bch_fs *fs, u8 btree_id, struct bch_pos pos, struct bch_cursor *cur,
		 struct bch_key *k)
{
	int more;

	*cur = bch_cursor(fs, btree_id, pos, BCH_SPOS_MAX);
	more = bch_cursor_next(cur, k);
	return more > 0 ? 0 : more < 0 ? more : -BCH_ERR_not_found;
}

static int get_snapshot(struct tree *f)
{
	struct bch_subvolume subvol;
	struct bch_cursor cur bch_auto(cursor);
	struct bch_key k;
	int err = first(f->fs, BCH_BTREE_subvolumes, bch_pos(0, 1), &cur, &k);

	if (err)
		return err;
	bch_subvolume_get(&subvol, k.val.p, k.val.len);
	f->snapshot = subvol.snapshot;
	return 0;
}

static int get_root(struct tree *f)
{
	struct bch_cursor cur bch_auto(cursor);
	struct bch_key k;
	int err = first(f->fs, BCH_BTREE_inodes, bch_spos(0, ROOT_INUM, f->snapshot), &cur, &k);

	return err ? err : bch_inode_get(&k, &f->root) ? 0 : -BCH_ERR_not_found;
}

/* The first number above all that are in use. */
static int find_inum(struct tree *f)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(f->fs, BCH_BTREE_inodes, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		f->next_inum = k.pos.offset + 1;
	return more;
}

static int commit(struct tree *f)
{
	int err = bch_data_writer_flush(f->data);

	return err ? err : bch_commit(f->fs);
}

/* ------------------------------------------------------------------ snapshots: format reference 04 §4.2 */

static int read_snapshot(struct tree *f, u32 id, struct bch_snapshot *snapshot)
{
	struct bch_cursor cur bch_auto(cursor);
	struct bch_key k;
	int err = first(f->fs, BCH_BTREE_snapshots, bch_pos(0, id), &cur, &k);

	if (!err)
		bch_snapshot_get(snapshot, k.val.p, k.val.len);
	return err;
}

static int put_snapshot(struct tree *f, u32 id, const struct bch_snapshot *snapshot)
{
	struct bch_snapshot_disk val;
	size_t len = offsetof(struct bch_snapshot_disk, state);

	bch_snapshot_put(snapshot, &val, len);
	return put(f, BCH_BTREE_snapshots, bch_pos(0, id), 0, BCH_KEY_snapshot, &val, len);
}

static int put_subvol(struct tree *f, u32 id, const struct bch_subvolume *subvol)
{
	struct bch_subvolume_disk val;
	size_t len = offsetof(struct bch_subvolume_disk, state);

	bch_subvolume_put(subvol, &val, len);
	return put(f, BCH_BTREE_subvolumes, bch_pos(0, id), 0, BCH_KEY_subvolume, &val, len);
}

/* Snapshot f->snapshot gets two below it: @frozen for subvolume @subvol, and one that the root subvolume goes on in. */
static int split_snapshot(struct tree *f, u32 subvol, u32 frozen)
{
	u32 parent = f->snapshot, live = frozen - 1;
	struct bch_snapshot s, child;
	int err = read_snapshot(f, parent, &s);

	child = (struct bch_snapshot){ .flags = 1U << BCH_SNAPSHOT_subvol,
				       .parent = parent,
				       .subvol = subvol,
				       .tree = ROOT_TREE,
				       .depth = s.depth + 1,
				       .skip = { parent, parent, parent } };
	if (!err)
		err = put_snapshot(f, frozen, &child);
	child.subvol = ROOT_SUBVOL;
	if (!err)
		err = put_snapshot(f, live, &child);
	s.flags = s.subvol = 0;
	s.children[0] = frozen;
	s.children[1] = live;
	if (!err)
		err = put_snapshot(f, parent, &s);
	f->snapshot = live;
	return err;
}

static int put_subvols(struct tree *f, u32 subvol, u32 frozen)
{
	const struct bch_subvolume root = { .snapshot = f->snapshot, .inode = ROOT_INUM };
	const struct bch_subvolume taken = { .flags = 1U << BCH_SUBVOLUME_snapshot,
					     .snapshot = frozen,
					     .inode = ROOT_INUM,
					     .creation_parent = ROOT_SUBVOL,
					     .fs_path_parent = ROOT_SUBVOL };
	int err = put_subvol(f, ROOT_SUBVOL, &root);

	return err ? err : put_subvol(f, subvol, &taken);
}

/* The root directory has three versions then: of both before, of what was taken, and as it goes on. */
static int put_roots(struct tree *f, u32 parent, u32 subvol, u32 frozen)
{
	struct bch_inode above = f->root, taken = f->root;
	u32 live = f->snapshot;
	char name[32];
	const struct bch_dirent d = { .d_type = BCH_DIRENT_subvol,
				      .d_child_subvol = subvol,
				      .d_parent_subvol = ROOT_SUBVOL,
				      .name = { (const u8 *)name,
						(size_t)snprintf(name, sizeof(name), "snapshot %u",
								 subvol) } };
	u8 val[BCH_DIRENT_VAL_MAX];
	size_t len = bch_dirent_put(&d, val);
	int err;

	above.bi_flags |= 1U << BCH_INODE_has_child_snapshot;
	taken.bi_subvol = subvol;
	taken.bi_parent_subvol = ROOT_SUBVOL;
	taken.bi_dir = ROOT_INUM;
	taken.bi_dir_offset = bch_dirent_hash(&f->root, &d);
	f->snapshot = parent;
	err = put_inode(f, ROOT_INUM, &above);
	f->snapshot = frozen;
	if (!err)
		err = put_inode(f, ROOT_INUM, &taken);
	f->snapshot = live;
	if (!err)
		err = put_inode(f, ROOT_INUM, &f->root);
	return err ? err
		   : put(f, BCH_BTREE_dirents, bch_spos(ROOT_INUM, taken.bi_dir_offset, live), 0,
			 BCH_KEY_dirent, val, len);
}

/*
 * Some of the files that came since the snapshot before: the versions above are marked, the new ones have new extents that
 * cover the old ones exactly. Data would lie in other pieces.
 */
static int rewrite_files(struct tree *f, u32 above)
{
	u64 end = f->next_inum;
	u32 live = f->snapshot;
	int err = 0;

	for (u64 inum = f->first_inum; inum < end && !err; inum += REWRITTEN) {
		struct bch_cursor cur bch_auto(cursor);
		struct bch_inode inode;
		struct bch_key k;

		err = first(f->fs, BCH_BTREE_inodes, bch_spos(0, inum, above), &cur, &k);
		if (err || !bch_inode_get(&k, &inode) || inode.bi_mode >> 12 != BCH_DIRENT_reg)
			continue;
		bch_cursor_end(&cur);
		f->snapshot = above;
		inode.bi_flags |= 1U << BCH_INODE_has_child_snapshot;
		err = put_inode(f, inum, &inode);
		f->snapshot = live;
		inode.bi_flags = 0;
		inode.bi_mtime++;
		if (!err && f->o->nr_extents)
			err = put_extents(f, inum, f->o->file_bytes, &inode.bi_sectors);
		if (!err)
			err = put_inode(f, inum, &inode);
		if (!err && bch_commit_wanted(f->fs))
			err = commit(f);
	}
	return err;
}

static int make_snapshot(struct tree *f)
{
	u32 subvol = ROOT_SUBVOL + 1 + f->nr_snapshots, above = f->snapshot;
	u32 frozen = BCH_U32_MAX - 1 - 2 * f->nr_snapshots;
	int err = split_snapshot(f, subvol, frozen);

	if (!err)
		err = put_subvols(f, subvol, frozen);
	if (!err)
		err = put_roots(f, above, subvol, frozen);
	f->nr_snapshots++;
	return err ? err : rewrite_files(f, above);
}

static int make_files(struct tree *f, u64 from, u64 to)
{
	int err = 0;

	for (u64 i = from; i < to && !err; i++) {
		if ((i - from) % f->o->dir_files == 0)
			err = make_dir(f);
		if (!err)
			err = make_file(f, i, f->o->file_bytes);
		if (!err && bch_commit_wanted(f->fs))
			err = commit(f);
	}
	return err ? err : put_inode(f, ROOT_INUM, &f->root);
}

static int make_tree(struct tree *f)
{
	u64 parts = f->o->nr_snapshots + 1;
	int err = get_snapshot(f);

	if (!err)
		err = get_root(f);
	if (!err)
		err = find_inum(f);
	for (u64 i = 0; i < parts && !err; i++) {
		f->first_inum = f->next_inum;
		err = make_files(f, f->o->nr_files * i / parts, f->o->nr_files * (i + 1) / parts);
		if (!err)
			err = commit(f);
		if (!err && i + 1 < parts)
			err = make_snapshot(f);
	}
	return err ? err : commit(f);
}

static int open_and_fill(struct bch_ctx *ctx, const char *const *devices, u32 nr,
			 const struct opts *o)
{
	struct bch_open_opts opts = { .flags = BCH_OPEN_WRITE, .now = NOW };
	struct tree f = { .o = o, .random = 1 };
	int err = bch_fs_open(ctx, devices, nr, &opts, &f.fs), closed;

	if (!err && bch_fs_encryption(f.fs) == BCH_KEY_IN_CLEAR)
		err = bch_fs_unlock_from_keyring(f.fs);
	if (!err)
		err = bch_fs_start(f.fs, NULL);
	if (!err)
		err = bch_writer_start(f.fs, NULL);
	if (!err)
		err = bch_data_writer_new(f.fs, NULL, &f.data);
	if (!err) {
		f.version = le16_get(f.fs->super.sb->version);
		err = make_tree(&f);
	}
	if (!err)
		err = bch_writer_finish(f.fs);
	bch_data_writer_free(f.data);
	closed = bch_fs_close(f.fs);
	return err ? err : closed;
}

static int usage(void)
{
	fprintf(stderr,
		"mktree: usage: [-e EXTENTS [-f PERCENT]] [-d FILES] [-s SNAPSHOTS] NR_FILES "
		"FILE_KIB DEVICE...\n");
	return 2;
}

int main(int argc, char **argv)
{
	struct opts o = { .dir_files = 1000 };
	struct bch_ctx *ctx;
	int letter, err;

	while ((letter = getopt(argc, argv, "e:f:d:s:")) != -1) {
		u64 *to = letter == 'e'	  ? &o.nr_extents
			  : letter == 'f' ? &o.percent
			  : letter == 'd' ? &o.dir_files
			  : letter == 's' ? &o.nr_snapshots
					  : NULL;

		if (!to)
			return usage();
		*to = strtoull(optarg, NULL, 10);
	}
	if (argc - optind < 3 || !o.dir_files)
		return usage();
	o.nr_files = strtoull(argv[optind], NULL, 10);
	o.file_bytes = strtoull(argv[optind + 1], NULL, 10) << 10;
	ctx = bch_ctx_new(NULL, NULL);
	err = open_and_fill(ctx, (const char *const *)argv + optind + 2, (u32)(argc - optind - 2),
			    &o);
	if (err)
		fprintf(stderr, "mktree: %s\n", bch_error_message(ctx, err));
	bch_ctx_free(ctx);
	return err ? 1 : 0;
}
