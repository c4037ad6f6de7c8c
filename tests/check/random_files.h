/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of random damage: all files as each subvolume sees them, by number; what must not be lost nor changed. */

#ifndef BCHFS_TESTS_CHECK_RANDOM_FILES_H
#define BCHFS_TESTS_CHECK_RANDOM_FILES_H

#include "random_known.h"

#include "file/file.h"

struct seen_file {
	u64 inum;
	u32 snapshot;
	bool is_unlinked;
	u64 digest; /* of attributes and contents */
};

struct seen_name {
	u64 dir, inum;
	u32 snapshot;
	char *name;
};

struct listing {
	BCH_ARRAY(u32) snapshots;
	BCH_ARRAY(struct seen_file) files;
	BCH_ARRAY(struct seen_name) names;
};

static inline void listing_end(struct listing *l)
{
	for (size_t i = 0; i < l->names.nr; i++)
		free(l->names.v[i].name);
	bch_array_end(&l->names);
	bch_array_end(&l->files);
	bch_array_end(&l->snapshots);
}

/* ------------------------------------------------------------------ a file */

static inline int digest_data(void *arg, void *buf, size_t len, u64 offset)
{
	u64 *digest = arg;

	*digest = image_hash(*digest, buf, len);
	return 0;
}

static inline int digest_hole(void *arg, u64 len, u64 offset)
{
	u64 *digest = arg;

	*digest = image_hash(*digest, &offset, sizeof(offset));
	return 0;
}

static inline int digest_lost(void *arg, u64 len, u64 offset, const char *why)
{
	return digest_hole(arg, len, ~offset);
}

static inline u64 digest_xattrs(struct bch_fs *fs, const struct bch_file *file, u64 digest)
{
	struct bch_file_xattrs x bch_auto(file_xattrs) = { 0 };

	if (bch_file_xattrs_read(fs, file, &x))
		return digest + 1;
	for (size_t i = 0; i < x.nr; i++) {
		digest = image_hash(digest, x.v[i].name, strlen(x.v[i].name) + 1);
		digest = image_hash(digest, x.v[i].value, x.v[i].len);
	}
	return digest;
}

/* What links and names make of an inode is left out. */
static inline u64 digest_inode(const struct bch_inode *i)
{
	const u64 facts[] = { i->bi_mode,  i->bi_uid,
			      i->bi_gid,   i->bi_mode >> 12 == BCH_DIRENT_dir ? 0 : i->bi_size,
			      i->bi_dev,   i->bi_project,
			      i->bi_mtime, i->bi_otime };

	return image_hash(0xcbf29ce484222325, facts, sizeof(facts));
}

static inline u64 digest_file(struct bch_fs *fs, const struct bch_file *file,
			      const struct bch_inode *inode)
{
	u64 digest = digest_inode(inode);
	const struct bch_file_sink sink = {
		.arg = &digest, .data = digest_data, .hole = digest_hole, .lost = digest_lost
	};
	u16 type = inode->bi_mode >> 12;

	if (type == BCH_DIRENT_reg || type == BCH_DIRENT_lnk)
		if (bch_file_stream(fs, file, 0, BCH_U64_MAX, &sink))
			digest++;
	return digest_xattrs(fs, file, digest);
}

/* ------------------------------------------------------------------ all */

static inline void list_files(struct bch_fs *fs, u32 snapshot, struct listing *l)
{
	struct bch_snapshot_view view = bch_snapshot_view(fs, snapshot);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(fs, BCH_BTREE_inodes, BCH_POS_MIN, BCH_SPOS_MAX, 0, &view);
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0) {
		const struct bch_file file = { .snapshot = snapshot, .inum = k.pos.offset };
		struct seen_file f = { .inum = file.inum, .snapshot = snapshot };
		struct bch_inode inode;

		if (!bch_inode_get(&k, &inode))
			continue;
		f.is_unlinked = inode.bi_flags >> BCH_INODE_unlinked & 1;
		f.digest = digest_file(fs, &file, &inode);
		assert_int_equal(bch_array_push(&l->files, f), 0);
	}
}

static inline void list_names(struct bch_fs *fs, u32 snapshot, struct listing *l)
{
	struct bch_snapshot_view view = bch_snapshot_view(fs, snapshot);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(fs, BCH_BTREE_dirents, BCH_POS_MIN, BCH_SPOS_MAX, 0, &view);
	struct bch_dirent d;
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0) {
		struct seen_name n = { .dir = k.pos.inode, .snapshot = snapshot };

		if (!bch_dirent_get(&k, &d) || d.d_type == BCH_DIRENT_subvol)
			continue;
		n.inum = d.d_inum;
		n.name = strndup((const char *)d.name.p, d.name.len);
		assert_int_equal(bch_array_push(&l->names, n), 0);
	}
}

/* Of each subvolume. The files are started. */
static inline void listing_make(struct bch_fs *fs, struct listing *l)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_subvolumes, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_subvolume s;
	struct bch_key k;

	while (bch_cursor_next(&cur, &k) > 0) {
		if (k.type != BCH_KEY_subvolume)
			continue;
		bch_subvolume_get(&s, k.val.p, k.val.len);
		if (s.flags >> BCH_SUBVOLUME_unlinked & 1)
			continue;
		assert_int_equal(bch_array_push(&l->snapshots, s.snapshot), 0);
		list_files(fs, s.snapshot, l);
		list_names(fs, s.snapshot, l);
	}
}

/* ------------------------------------------------------------------ held against what is left */

/* Is @snapshot one that was damaged, or below one? In @fs as it is now. */
static inline bool snapshot_is_hurt(struct known *d, u32 snapshot)
{
	return d->snapshots.a.nr &&
	       (d->snapshots.a.nr > 2 || numbers_have(&d->snapshots, snapshot));
}

static inline bool file_is_kept(struct bch_fs *fs, const struct seen_file *f, const char **what)
{
	const struct bch_file file = { .snapshot = f->snapshot, .inum = f->inum };
	struct bch_inode inode;
	int err = bch_file_inode(fs, &file, &inode, NULL);

	*what = err ? "lost" : "changed";
	return !err && digest_file(fs, &file, &inode) == f->digest;
}

static inline bool name_is_kept(struct bch_fs *fs, const struct seen_name *n)
{
	const struct bch_file dir = { .snapshot = n->snapshot, .inum = n->dir };
	struct bch_file found;

	return !bch_dir_lookup(fs, &dir, n->name, strlen(n->name), &found) && found.inum == n->inum;
}

/* How many files and names are not what they were, although nothing of them was damaged; some are said. */
static inline u32 listing_check(struct bch_fs *fs, const struct listing *l, struct known *d)
{
	const char *what;
	u32 nr = 0;

	if (d->all)
		return 0;
	for (size_t i = 0; i < l->files.nr; i++) {
		const struct seen_file *f = &l->files.v[i];

		if (f->is_unlinked || numbers_have(&d->files, f->inum) ||
		    snapshot_is_hurt(d, f->snapshot) || file_is_kept(fs, f, &what))
			continue;
		if (nr++ < 3)
			print_error("inode %" PRIu64 ":%u is %s\n", f->inum, f->snapshot, what);
	}
	for (size_t i = 0; i < l->names.nr; i++) {
		const struct seen_name *n = &l->names.v[i];

		if (numbers_have(&d->dirs, n->dir) || numbers_have(&d->files, n->inum) ||
		    snapshot_is_hurt(d, n->snapshot) || name_is_kept(fs, n))
			continue;
		if (nr++ < 3)
			print_error("name %s of inode %" PRIu64 ":%u in directory %" PRIu64
				    " is lost\n",
				    n->name, n->inum, n->snapshot, n->dir);
	}
	return nr;
}

#endif
