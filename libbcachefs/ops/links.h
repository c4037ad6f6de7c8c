/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hard links: where a file with several names was written first. Not for several threads. */

#ifndef BCHFS_OPS_LINKS_H
#define BCHFS_OPS_LINKS_H

#include <bcachefs/file.h>
#include "base/map.h"

struct bch_links {
	struct bch_map map;
};

/* An empty one. */
struct bch_links bch_links_new(void);
void bch_links_end(struct bch_links *links);
static inline void bch_links_cleanup(struct bch_links *links)
{
	bch_links_end(links);
}

/* The path under which @file was added, NULL where it was not. Valid until the next call for this file. */
const char *bch_links_find(struct bch_links *links, const struct bch_file *file);

/* One more name of a file that was found has been linked: after the last one it is forgotten. */
void bch_links_count(struct bch_links *links, const struct bch_file *file);

/* A file with @nr_links links, more than one, is at @path now. -BCH_ERR_no_memory. */
int bch_links_add(struct bch_links *links, const struct bch_file *file, u32 nr_links,
		  const char *path);

#endif
