// SPDX-License-Identifier: GPL-2.0-or-later
/* Hard links of a source: which file was found under a number before. */

#include "base/memory.h"
#include "ops/source.h"

/* A file with several names. */
struct linked {
	struct bch_map_node node;
	u64 dev, ino;
	u32 file;
};

static int compare(const void *key, const struct bch_map_node *node)
{
	const struct linked *a = key, *b = bch_map_entry(node, struct linked, node);

	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	return a->dev < b->dev ? -1 : a->dev > b->dev;
}

struct bch_source_links bch_source_links_new(void)
{
	return (struct bch_source_links){ BCH_MAP(compare) };
}

void bch_source_links_end(struct bch_source_links *links)
{
	struct bch_map_node *node, *next;

	for (node = bch_map_first(&links->map); node; node = next) {
		next = node->next;
		free(bch_map_entry(node, struct linked, node));
	}
}

bool bch_source_links_find(const struct bch_source_links *links, u64 dev, u64 ino, u32 *file)
{
	const struct linked key = { .dev = dev, .ino = ino };
	const struct bch_map_node *node = bch_map_find(&links->map, &key);

	if (node)
		*file = bch_map_entry(node, struct linked, node)->file;
	return node;
}

int bch_source_links_add(struct bch_source_links *links, u64 dev, u64 ino, u32 file)
{
	struct linked *l = bch_malloc(sizeof(*l));

	if (!l)
		return -BCH_ERR_no_memory;
	*l = (struct linked){ .dev = dev, .ino = ino, .file = file };
	(void)bch_map_insert(&links->map, l, &l->node);
	return 0;
}
