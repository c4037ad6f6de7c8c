// SPDX-License-Identifier: GPL-2.0-or-later
/* Data of a file that stays where it lies on the device: what the new filesystem points at. CLI 11.1. */

#include <stdlib.h>

#include "base/checked.h"
#include "base/memory.h"
#include "ops/populate.h"
#include "super/super.h"

#define CHUNK_BYTES (1U << 20)

static u64 round_up(u64 n, u64 to)
{
	return bch_round_down(n + to - 1, to);
}

/* The next part of the open file that can be linked, in whole blocks of both filesystems: 1, or 0. */
static int find_part(struct bch_populate *p, u64 at, u64 size, struct bch_fd_extent *e)
{
	struct bch_source *s = p->source;
	u64 block = bch_sb_opt(p->fs->super.sb, BCH_OPT_block_size), start, end;
	int more;

	while (at < size && (more = s->ops->place(s, at, e))) {
		if (more < 0)
			return more;
		at = e->start + e->len;
		start = round_up(e->start, block);
		end = bch_round_down(at < round_up(size, block) ? at : round_up(size, block),
				     block);
		if (start >= end || (e->device + (start - e->start)) % block ||
		    !bch_in_place_can_link(p->in_place, e->device + (start - e->start),
					   end - start))
			continue;
		*e = (struct bch_fd_extent){ .start = start,
					     .device = e->device + (start - e->start),
					     .len = end - start };
		return 1;
	}
	return 0;
}

/* What lies behind the end of the file must not be seen, should it grow. */
static bool ends_in_zeroes(const u8 *bytes, size_t len, u64 start, u64 size)
{
	for (u64 i = start + len > size ? size - start : len; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

static int link_chunk(struct bch_populate *p, u8 *buf, const struct bch_fd_extent *e, u64 size)
{
	u64 block = bch_sb_opt(p->fs->super.sb, BCH_OPT_block_size);
	const struct bch_io_range range = { e->device, e->len };
	size_t len = e->len;
	u64 at = e->start;
	int err = bch_blkdev_read(p->fs->members[0].blkdev, buf, len, e->device);

	if (err)
		return err;
	if (!ends_in_zeroes(buf, len, at, size))
		len -= block;
	if (len)
		err = bch_data_link(p->data, BCH_SECTORS(e->device), buf, len);
	p->sums.shared_bytes += len;
	if (!err && len)
		err = bch_array_push(&p->in_place->linked.a,
				     ((struct bch_io_range){ range.start, len }));
	at += len;
	return err || len == e->len ? err : bch_populate_copy(p, &at, size);
}

static int link_part(struct bch_populate *p, u8 *buf, const struct bch_fd_extent *e, u64 size)
{
	int err = 0;

	for (u64 at = 0; at < e->len && !err; at += CHUNK_BYTES) {
		const struct bch_fd_extent chunk = {
			.start = e->start + at,
			.device = e->device + at,
			.len = e->len - at < CHUNK_BYTES ? e->len - at : CHUNK_BYTES,
		};

		err = link_chunk(p, buf, &chunk, size);
	}
	return err;
}

int bch_populate_link(struct bch_populate *p, u64 size)
{
	u8 *buf = p->source->ops->place && !p->fs->key ? bch_malloc(CHUNK_BYTES) : NULL;
	struct bch_fd_extent e;
	u64 at = 0;
	int more = 0, err = 0;

	while (buf && !err && (more = find_part(p, at, size, &e)) > 0) {
		err = bch_populate_copy(p, &at, e.start);
		if (!err)
			err = link_part(p, buf, &e, size);
		at = e.start + e.len;
	}
	free(buf);
	if (!err && more < 0)
		err = more;
	return err || at >= size ? err : bch_populate_copy(p, &at, size);
}
