// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file of a filesystem made as one of a source is: what is so already is not written. Data is compared byte by byte, since
 * size and time may be the same of other data. Format reference: 04 §6, §9; 05 §10.
 */

#include <sys/stat.h>

#include "base/checked.h"
#include "base/memory.h"
#include "ondisk/key_xattr.h"
#include "ops/update.h"

#define COMPARED_BYTES (256U << 10) /* at once */

/* ------------------------------------------------------------------ data */

/* Where the next data is, of either; @size where there is none. */
static int next_data(struct bch_update_tree *u, const struct bch_file *there, u64 size, u64 *at)
{
	u64 start = size, end, found = size;
	int more = u->source->ops->data(u->source, *at, &start, &end), err;

	if (more < 0)
		return more;
	err = bch_file_seek(u->fs, there, *at, true, &found);
	if (err && err != -BCH_ERR_not_found)
		return err;
	*at = bch_max(*at, bch_min(more ? start : size, err ? size : found));
	return 0;
}

/* 1 or 0; errors are those of the source alone: what cannot be read of the filesystem is to be written. */
static int same_range(struct bch_update_tree *u, const struct bch_file *there, u8 *buf, size_t len,
		      u64 at)
{
	size_t done = 0;
	int err = bch_source_fill(u->source, buf, len, at);

	if (err)
		return err;
	return !bch_file_read(u->fs, there, buf + COMPARED_BYTES, len, at, &done) && done == len &&
	       !memcmp(buf, buf + COMPARED_BYTES, len);
}

static int same_bytes(struct bch_update_tree *u, u32 file, u64 size)
{
	const struct bch_file *there = &u->files[file];
	u8 *buf = bch_malloc(2 * (size_t)COMPARED_BYTES);
	int same = buf ? u->source->ops->open(u->source, file) : -BCH_ERR_no_memory;

	if (!same)
		same = 1;
	for (u64 at = 0; at < size && same > 0;) {
		size_t len;

		if (next_data(u, there, size, &at))
			same = 0;
		len = bch_min(size - at, COMPARED_BYTES);
		if (len && same > 0)
			same = same_range(u, there, buf, len, at);
		at += len;
		if (bch_cancelled(u->fs->ctx))
			same = -BCH_ERR_cancelled;
	}
	free(buf);
	return same;
}

static int same_target(struct bch_update_tree *u, u32 file)
{
	struct bch_buf want bch_auto(buf) = { 0 };
	struct bch_buf have bch_auto(buf) = { 0 };
	int err = u->source->ops->target(u->source, file, &want);

	if (err)
		return err;
	err = bch_file_readlink(u->fs, &u->files[file], &have);
	return !err && !strcmp(bch_buf_str(&want), bch_buf_str(&have));
}

static int same_data(struct bch_update_tree *u, u32 file, const struct bch_inode *inode)
{
	u64 size = u->source->files.v[file].size;

	if (S_ISLNK(inode->bi_mode))
		return same_target(u, file);
	if (!S_ISREG(inode->bi_mode))
		return 1;
	if (inode->bi_size != size)
		return 0;
	return size ? same_bytes(u, file, size) : 1;
}

/* Sets the inode's size. */
static int update_data(struct bch_update_tree *u, u32 file, struct bch_inode *inode)
{
	const struct bch_file *there = &u->files[file];
	int same = same_data(u, file, inode), err;

	if (same)
		return same < 0 ? same : 0;
	err = bch_update_begin(u);
	if (!err)
		err = bch_edit_delete_all(u->fs, BCH_BTREE_extents, there);
	u->p.snapshot = there->snapshot;
	inode->bi_sectors = 0;
	if (!err)
		err = bch_populate_data(&u->p, file, there->inum, inode);
	u->sums->nr_written++;
	u->sums->written_bytes += S_ISREG(inode->bi_mode) ? inode->bi_size : 0;
	return err;
}

/* ------------------------------------------------------------------ extended attributes */

static const struct bch_file_xattr *find(const struct bch_file_xattrs *list, const char *name)
{
	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->v[i].name, name))
			return &list->v[i];
	return NULL;
}

static int set(struct bch_update_tree *u, u32 file, const char *name, const void *value, size_t len)
{
	struct bch_xattr named;
	int err;

	if (bch_xattr_parse(name, &named)) {
		u->p.nr_foreign += value != NULL;
		return 0; /* an option, or nothing that the format has a place for */
	}
	err = bch_update_begin(u);
	if (!err)
		err = bch_edit_xattr(u->fs, &u->files[file], name, value, len);
	return err ? bch_source_error(u->source, err, file, name) : 0;
}

static int update_xattrs(struct bch_update_tree *u, u32 file)
{
	struct bch_file_xattrs have bch_auto(file_xattrs) = { 0 };
	struct bch_file_xattrs want bch_auto(file_xattrs) = { 0 };
	int err = u->source->ops->xattrs(u->source, file, &want);

	if (!err)
		err = bch_file_xattrs_read(u->fs, &u->files[file], &have);
	for (size_t i = 0; i < have.nr && !err; i++)
		if (!find(&want, have.v[i].name))
			err = set(u, file, have.v[i].name, NULL, 0);
	for (size_t i = 0; i < want.nr && !err; i++) {
		const struct bch_file_xattr *w = &want.v[i], *h = find(&have, w->name);

		if (!h || h->len != w->len || (w->len && memcmp(h->value, w->value, w->len) != 0))
			err = set(u, file, w->name, w->value, w->len);
	}
	return err;
}

/* ------------------------------------------------------------------ the inode */

static int take_attributes(struct bch_update_tree *u, u32 file, struct bch_inode *inode)
{
	const struct bch_source_file *f = &u->source->files.v[file];

	inode->bi_mode = (u16)f->mode;
	inode->bi_uid = f->uid;
	inode->bi_gid = f->gid;
	inode->bi_atime = inode->bi_mtime = inode->bi_ctime = inode->bi_otime =
		bch_populate_time(&u->p, f->mtime);
	return bch_populate_dev(&u->p, file, &inode->bi_dev);
}

static bool same_inode(const struct bch_inode *a, const struct bch_inode *b)
{
	u8 val_a[BCH_INODE_VAL_MAX], val_b[BCH_INODE_VAL_MAX];
	size_t len_a = bch_inode_put(a, val_a), len_b = bch_inode_put(b, val_b);

	return len_a == len_b && !memcmp(val_a, val_b, len_a);
}

int bch_update_file(struct bch_update_tree *u, u32 file)
{
	const struct bch_file *there = &u->files[file];
	struct bch_inode inode, was;
	int err = update_xattrs(u, file);

	if (!err)
		err = bch_file_inode(u->fs, there, &inode, NULL);
	was = inode;
	if (!err)
		err = update_data(u, file, &inode);
	if (!err)
		err = take_attributes(u, file, &inode);
	if (err || same_inode(&was, &inode))
		return err;
	err = bch_update_begin(u);
	return err ? err : bch_edit_inode(u->fs, there, &inode);
}
