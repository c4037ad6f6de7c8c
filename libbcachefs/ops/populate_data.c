// SPDX-License-Identifier: GPL-2.0-or-later
/* The data of a file of a source, put into a filesystem. Format reference: 05 §10. */

#include <sys/stat.h>

#include "ops/populate.h"

#define CHUNK_BYTES \
	(1U << 20) /* a hole is one of them, whole: then holes and zeroes give the same keys */

/* Up to @end, read to where it is written from. */
static int copy(struct bch_populate *p, u64 *at, u64 end)
{
	size_t room;
	void *buf;
	int err = 0;

	while (!err && *at < end) {
		err = bch_data_room(p->data, &buf, &room);
		if (err)
			return err;
		if (room > end - *at)
			room = end - *at;
		err = bch_source_fill(p->source, buf, room, *at);
		if (!err)
			err = bch_data_put(p->data, buf, room);
		*at += room;
	}
	return err;
}

static u64 smaller(u64 a, u64 b)
{
	return a < b ? a : b;
}

int bch_populate_copy(struct bch_populate *p, u64 *at, u64 size)
{
	struct bch_source *s = p->source;
	u64 start, end;
	int more, err = 0;

	while (!err && *at < size) {
		more = s->ops->data(s, *at, &start, &end);
		if (more < 0)
			return more;
		start = more ? smaller(start / CHUNK_BYTES * CHUNK_BYTES, size) : size;
		if (start > *at) {
			err = bch_data_hole(p->data, start - *at);
			*at = start;
		}
		if (!err && more)
			err = copy(
				p, at,
				smaller((end + CHUNK_BYTES - 1) / CHUNK_BYTES * CHUNK_BYTES, size));
	}
	return err;
}

static void begin_data(struct bch_populate *p, u32 file_idx, u64 inum,
		       const struct bch_inode *inode, bool skip_zeroes)
{
	const struct bch_data_file file = {
		.inum = inum,
		.snapshot = bch_populate_snapshot(p, file_idx),
		.skip_zeroes = skip_zeroes,
		.opts = bch_io_opts(p->fs, inode),
	};

	bch_data_begin(p->data, &file);
}

static int put_file(struct bch_populate *p, u32 file, u64 inum, struct bch_inode *inode)
{
	u64 size = p->source->files.v[file].size, at = 0;
	int err = size ? p->source->ops->open(p->source, file) : 0;

	if (err)
		return err;
	begin_data(p, file, inum, inode, true);
	err = p->in_place ? bch_populate_link(p, size) : bch_populate_copy(p, &at, size);
	if (!err)
		err = bch_data_end(p->data, &inode->bi_sectors);
	inode->bi_size = size;
	p->sums.input_bytes += size;
	p->sums.stored_bytes += BCH_BYTES(inode->bi_sectors);
	return err;
}

static int put_symlink(struct bch_populate *p, u32 file, u64 inum, struct bch_inode *inode)
{
	struct bch_buf target bch_auto(buf) = { 0 };
	int err = p->source->ops->target(p->source, file, &target);

	if (!err && (!target.len || bch_buf_failed(&target)))
		err = target.len ? -BCH_ERR_no_memory
				 : bch_source_error(p->source, -BCH_ERR_invalid_argument, file,
						    "symlink to nothing");
	if (err)
		return err;
	inode->bi_size = target.len;
	begin_data(p, file, inum, inode, false);
	err = bch_data_put(p->data, target.p, target.len);
	return err ? err : bch_data_end(p->data, &inode->bi_sectors);
}

int bch_populate_data(struct bch_populate *p, u32 file, u64 inum, struct bch_inode *inode)
{
	return S_ISREG(inode->bi_mode) ? put_file(p, file, inum, inode)
				       : put_symlink(p, file, inum, inode);
}
