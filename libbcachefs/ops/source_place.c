// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the system says that a file's bytes lie. */

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "ops/chunk_map.h"
#include "ops/source.h"

int bch_fd_extent_next(int fd, const struct bch_chunk_map *chunks, u64 offset,
		       struct bch_fd_extent *e)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extent;
	} ask = { .map = { .fm_start = offset,
			   .fm_length = BCH_U64_MAX - offset,
			   .fm_flags = FIEMAP_FLAG_SYNC,
			   .fm_extent_count = 1 } };

	if (ioctl(fd, FS_IOC_FIEMAP, &ask.map))
		return bch_errno(errno);
	if (!ask.map.fm_mapped_extents)
		return 0;
	*e = (struct bch_fd_extent){ .start = ask.extent.fe_logical,
				     .device = ask.extent.fe_physical,
				     .len = ask.extent.fe_length,
				     .flags = ask.extent.fe_flags };
	if (chunks && !(e->flags & BCH_FD_EXTENT_NOT_PLAIN)) {
		u64 skip = e->start < offset ? offset - e->start : 0;

		e->start += skip; /* to go on in the next chunk, where one ends before */
		e->len -= skip < e->len ? skip : e->len;
		if (!bch_chunk_map_find(chunks, e->device + skip, &e->device, &e->len))
			e->flags |= FIEMAP_EXTENT_UNKNOWN;
	}
	return e->len && e->start + e->len > offset;
}
