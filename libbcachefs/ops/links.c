// SPDX-License-Identifier: GPL-2.0-or-later
/* Hard links: files with several names, by inode number. */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ops/links.h"

struct link {
	struct bch_map_node node;
	struct bch_file file;
	u32 nr_left; /* names that are still to come */
	char path[];
};

static int compare(const void *key, const struct bch_map_node *node)
{
	const struct bch_file *a = key, *b = &bch_map_entry(node, struct link, node)->file;

	if (a->inum != b->inum)
		return a->inum < b->inum ? -1 : 1;
	if (a->subvol != b->subvol)
		return a->subvol < b->subvol ? -1 : 1;
	return a->snapshot < b->snapshot ? -1 : a->snapshot > b->snapshot;
}

struct bch_links bch_links_new(void)
{
	return (struct bch_links){ BCH_MAP(compare) };
}

static void forget(struct bch_links *links, struct link *l)
{
	bch_map_remove(&links->map, &l->file);
	free(l);
}

void bch_links_end(struct bch_links *links)
{
	struct bch_map_node *node;

	while ((node = bch_map_first(&links->map)))
		forget(links, bch_map_entry(node, struct link, node));
}

const char *bch_links_find(struct bch_links *links, const struct bch_file *file)
{
	struct bch_map_node *node = bch_map_find(&links->map, file);

	return node ? bch_map_entry(node, struct link, node)->path : NULL;
}

void bch_links_count(struct bch_links *links, const struct bch_file *file)
{
	struct bch_map_node *node = bch_map_find(&links->map, file);
	struct link *l = bch_map_entry(node, struct link, node);

	if (l && !--l->nr_left)
		forget(links, l);
}

int bch_links_add(struct bch_links *links, const struct bch_file *file, u32 nr_links,
		  const char *path)
{
	size_t len = strlen(path) + 1;
	struct link *l = bch_malloc(sizeof(*l) + len);

	if (!l)
		return -BCH_ERR_no_memory;
	l->file = *file;
	l->nr_left = nr_links - 1;
	memcpy(l->path, path, len);
	if (bch_map_insert(&links->map, &l->file, &l->node))
		free(l); /* known */
	return 0;
}
