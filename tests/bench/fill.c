// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Puts many files into a filesystem, with the library's own commits, so that no kernel is needed: directories of 1000 files
 * of bytes of which a part can be compressed, stored as the filesystem's options say; no data where FILE_KIB is 0.
 *
 *   fill NR_FILES FILE_KIB DEVICE...
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bcachefs/journal.h>
#include "commit/commit.h"
#include "file/file.h"
#include "ondisk/key_dirent.h"
#include "ondisk/key_inode.h"
#include "ondisk/key_subvolume.h"

#define ROOT_INUM     BCH_INODE_NR_MIN
#define VERSION_DEPTH BCH_VERSION(1, 17)
#define DIR_FILES     1000
#define NOW	      1800000000ULL

struct fill {
	struct bch_fs *fs;
	struct bch_inode dir; /* in which files are made */
	u64 dir_inum, next_inum;
	u16 version;
	u32 snapshot; /* of the root subvolume */
	u64 random;
	struct bch_data_writer *data;
};

static int put(struct fill *f, u8 btree_id, struct bch_pos pos, u32 size, u8 type, const void *val,
	       size_t len)
{
	const struct bch_key k = { .pos = pos, .size = size, .type = type, .val = { val, len } };

	return bch_update(f->fs, btree_id, &k, 0);
}

/* ------------------------------------------------------------------ data */

/* Random, but a part of it so that it can be compressed. */
static void make_data(struct fill *f, void *buf, size_t len)
{
	u8 *p = buf;

	memset(buf, 0, len);
	for (size_t i = 0; i + 8 <= len; i += 8) {
		f->random = f->random * 6364136223846793005ULL + 1442695040888963407ULL;
		memcpy(p + i, &f->random, f->random >> 60 && i % (1 << 18) < 1 << 17 ? 3 : 8);
	}
}

static int put_data(struct fill *f, u64 inum, u64 bytes, u64 *nr_sectors)
{
	const struct bch_data_file file = { .inum = inum,
					    .snapshot = f->snapshot,
					    .opts = bch_io_opts(f->fs, &f->dir) };
	void *buf;
	size_t room;
	int err = 0;

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

static int put_inode(struct fill *f, u64 inum, const struct bch_inode *inode)
{
	u8 val[BCH_INODE_VAL_MAX];
	size_t len = bch_inode_put(inode, val);

	return put(f, BCH_BTREE_inodes, bch_spos(0, inum, f->snapshot), 0, BCH_KEY_inode_v3, val,
		   len);
}

static int put_name(struct fill *f, u64 dir_inum, const struct bch_inode *dir, const char *name,
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

static int make_dir(struct fill *f, const struct bch_inode *root)
{
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
	return err ? err : put_inode(f, f->dir_inum, &f->dir);
}

static int make_file(struct fill *f, u64 nr, u64 bytes)
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

static int get_snapshot(struct fill *f)
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

static int get_root(struct fill *f, struct bch_inode *root)
{
	struct bch_cursor cur bch_auto(cursor);
	struct bch_key k;
	int err = first(f->fs, BCH_BTREE_inodes, bch_spos(0, ROOT_INUM, f->snapshot), &cur, &k);

	return err ? err : bch_inode_get(&k, root) ? 0 : -BCH_ERR_not_found;
}

/* The first number above all that are in use. */
static int find_inum(struct fill *f)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(f->fs, BCH_BTREE_inodes, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		f->next_inum = k.pos.offset + 1;
	return more;
}

static int commit(struct fill *f)
{
	int err = bch_data_writer_flush(f->data);

	return err ? err : bch_commit(f->fs);
}

static int fill(struct fill *f, u64 nr_files, u64 file_bytes)
{
	struct bch_inode root;
	u64 nr_dirs = 0;
	int err = get_snapshot(f);

	if (!err)
		err = get_root(f, &root);
	if (!err)
		err = find_inum(f);
	for (u64 i = 0; i < nr_files && !err; i++) {
		if (i % DIR_FILES == 0)
			err = make_dir(f, &root), nr_dirs++;
		if (!err)
			err = make_file(f, i, file_bytes);
		if (!err && bch_commit_wanted(f->fs))
			err = commit(f);
	}
	root.bi_nlink += (u32)nr_dirs;
	if (!err)
		err = put_inode(f, ROOT_INUM, &root);
	return err ? err : commit(f);
}

static int open_and_fill(struct bch_ctx *ctx, const char *const *devices, u32 nr, u64 nr_files,
			 u64 file_bytes)
{
	struct bch_open_opts opts = { .flags = BCH_OPEN_WRITE, .now = NOW };
	struct fill f = { .random = 1 };
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
		err = fill(&f, nr_files, file_bytes);
	}
	if (!err)
		err = bch_writer_finish(f.fs);
	bch_data_writer_free(f.data);
	closed = bch_fs_close(f.fs);
	return err ? err : closed;
}

int main(int argc, char **argv)
{
	struct bch_ctx *ctx = bch_ctx_new(NULL, NULL);
	int err;

	if (argc < 4) {
		fprintf(stderr, "fill: usage: NR_FILES FILE_KIB DEVICE...\n");
		return 2;
	}
	err = open_and_fill(ctx, (const char *const *)argv + 3, (u32)argc - 3,
			    strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10) << 10);
	if (err)
		fprintf(stderr, "fill: %s\n", bch_error_message(ctx, err));
	bch_ctx_free(ctx);
	return err ? 1 : 0;
}
