// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a range of a file, and pieces of one. Format reference: 05 §11. */

#include <string.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "file/blob.h"

#define INDIRECT_INLINE_DATA 8 /* bytes of the reference count before it */

/* Bytes past the value are zero: 05 §6.2. */
static void read_inline(const struct bch_key *k, u64 skip, u64 len, u8 *buf)
{
	size_t header = k->type == BCH_KEY_indirect_inline_data ? INDIRECT_INLINE_DATA : 0;
	struct bch_bytes data = bch_bytes_from(k->val, header);
	size_t n = 0;

	if (skip < data.len) {
		n = (size_t)bch_min(len, data.len - skip);
		memcpy(buf, data.p + skip, n);
	}
	memset(buf + n, 0, len - n);
}

int bch_piece_read(struct bch_fs *fs, enum bch_piece_kind kind, const struct bch_key *k, u64 skip,
		   u64 len, void *buf)
{
	switch (kind) {
	case BCH_PIECE_HOLE:
	case BCH_PIECE_RESERVED:
	case BCH_PIECE_UNWRITTEN:
		memset(buf, 0, len);
		return 0;
	case BCH_PIECE_INLINE:
		read_inline(k, skip, len, buf);
		return 0;
	case BCH_PIECE_DATA:
		return bch_key_bytes_read(fs, k, skip, len, buf);
	default:
		return -BCH_ERR_data_lost;
	}
}

/* No system's files are larger than a signed number says, so that bytes and sectors never overflow. */
int bch_file_size(struct bch_fs *fs, const struct bch_file *file, u64 *size)
{
	struct bch_inode inode;
	int err = bch_file_inode(fs, file, &inode, NULL);

	if (err)
		return err;
	if (S_ISDIR(inode.bi_mode))
		return -BCH_ERR_is_directory;
	if (!S_ISREG(inode.bi_mode) && !S_ISLNK(inode.bi_mode))
		return -BCH_ERR_invalid_argument;
	*size = bch_min(inode.bi_size, INT64_MAX);
	return 0;
}

int bch_file_read(struct bch_fs *fs, const struct bch_file *file, void *buf, size_t len, u64 offset,
		  size_t *done)
{
	struct bch_file_map map bch_auto(file_map) = { 0 };
	struct bch_piece piece;
	u64 size, end;
	int more, err = bch_file_size(fs, file, &size);

	*done = 0;
	if (err || offset >= size)
		return err;
	end = offset + bch_min(len, size - offset);
	bch_file_map_begin(&map, fs, file, BCH_SECTORS(offset),
			   BCH_SECTORS(end) + !bch_is_aligned(end, BCH_SECTOR_SIZE));
	while (!err && (more = bch_file_map_next(&map, &piece)) > 0) {
		u64 start = BCH_BYTES(piece.start), from = bch_max(start, offset);
		u64 to = bch_min(start + BCH_BYTES(piece.len), end);

		err = bch_piece_read(fs, piece.kind, &piece.k,
				     BCH_BYTES(piece.k_skip) + (from - start), to - from,
				     (u8 *)buf + (from - offset));
		if (!err)
			*done = (size_t)(to - offset);
	}
	if (!err && more < 0)
		err = more;
	return err && err != -BCH_ERR_no_memory ? -BCH_ERR_data_lost : err;
}
