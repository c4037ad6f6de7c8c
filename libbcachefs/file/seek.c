// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a file has data, and where not. */

#include "file/blob.h"

static bool has_data(const struct bch_piece *piece)
{
	return piece->kind != BCH_PIECE_HOLE && piece->kind != BCH_PIECE_RESERVED;
}

/* The end of a file is a hole too, but not what is at it or behind it. */
int bch_file_seek(struct bch_fs *fs, const struct bch_file *file, u64 offset, bool data, u64 *found)
{
	struct bch_file_map map bch_auto(file_map) = { 0 };
	struct bch_piece piece;
	u64 size;
	int more, err = bch_file_size(fs, file, &size);

	if (err)
		return err;
	if (offset >= size)
		return -BCH_ERR_not_found;
	bch_file_map_begin(&map, fs, file, BCH_SECTORS(offset), BCH_SECTORS(size - 1) + 1);
	while ((more = bch_file_map_next(&map, &piece)) > 0) {
		u64 start = BCH_BYTES(piece.start);

		if (has_data(&piece) != data)
			continue;
		*found = start > offset ? start : offset;
		return 0;
	}
	if (more < 0)
		return more;
	if (data)
		return -BCH_ERR_not_found;
	*found = size;
	return 0;
}
