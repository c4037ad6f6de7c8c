// SPDX-License-Identifier: GPL-2.0-or-later
/* Directories of a source, by descriptors alone. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "ops/source_dir.h"

#define OPEN_DIR (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* From @dir up; the root is open already. */
static int find_way(struct bch_source *s, struct bch_source_dir *d, u32 dir)
{
	int err = 0;

	for (d->way.nr = 0; !err && dir != BCH_SOURCE_ROOT; dir = s->files.v[dir].name->dir)
		err = bch_array_push(&d->way, dir);
	return err;
}

/* Closes those that are not on the way; how many are left. */
static size_t keep_common(struct bch_source_dir *d)
{
	size_t nr = 1;

	while (nr < d->nr_open && nr <= d->way.nr && d->open[nr].dir == d->way.v[d->way.nr - nr])
		nr++;
	while (d->nr_open > nr)
		close(d->open[--d->nr_open].fd);
	return nr;
}

int bch_source_dir_fd(struct bch_source *s, u32 dir, int *fd)
{
	struct bch_source_dir *d = s->reader;
	int err = find_way(s, d, dir);

	if (err)
		return err;
	for (size_t depth = keep_common(d); depth <= d->way.nr; depth++) {
		u32 next = d->way.v[d->way.nr - depth];
		int next_fd =
			openat(d->open[d->nr_open - 1].fd, s->files.v[next].name->name, OPEN_DIR);

		if (next_fd < 0)
			return bch_source_error(s, bch_errno(errno), next, "");
		if (d->nr_open == BCH_SOURCE_FDS)
			close(d->open[--d->nr_open].fd);
		d->open[d->nr_open].dir = next;
		d->open[d->nr_open++].fd = next_fd;
	}
	*fd = d->open[d->nr_open - 1].fd;
	return 0;
}
