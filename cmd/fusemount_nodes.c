// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The files that the kernel knows, a table by subvolume, snapshot and inode number. The mutex guards the table, and of
 * nodes next and nr_lookups; file and generation never change. A node that the kernel asks about stays, since the kernel
 * has not forgotten it.
 */

#include <pthread.h>
#include <stdlib.h>

#include "fusemount.h"

#define ROOT_NODEID   1 /* FUSE's */
#define FIRST_BUCKETS 1024

#define OTHER_SUBVOL (1ULL << 63)
#define SUBVOL_SHIFT 40
#define SUBVOLS_MAX  (1ULL << 22) /* whose inode numbers are packed; a bit above them marks hashes */
#define HASHED	     (1ULL << 62)

struct fusemount_nodes {
	pthread_mutex_t lock;
	struct fusemount_node **buckets; /* a power of two of them */
	size_t nr_buckets, nr;
	u64 generation;
	struct fusemount_node root;
};

static u64 mix(u64 n)
{
	n = (n ^ n >> 31) * 0x9e3779b97f4a7c15;
	return n ^ n >> 29;
}

static u64 hash_of(const struct bch_file *file)
{
	return mix(mix((u64)file->subvol << 32 | file->snapshot) + file->inum);
}

static bool same_file(const struct bch_file *a, const struct bch_file *b)
{
	return a->inum == b->inum && a->subvol == b->subvol && a->snapshot == b->snapshot;
}

/* ------------------------------------------------------------------ numbers */

u64 fusemount_ino(const struct fusemount_nodes *nodes, const struct bch_file *file)
{
	const struct bch_file *root = &nodes->root.file;

	if (file->subvol == root->subvol && file->snapshot == root->snapshot &&
	    file->inum < OTHER_SUBVOL)
		return file->inum;
	if (file->subvol < SUBVOLS_MAX && file->inum < 1ULL << SUBVOL_SHIFT)
		return OTHER_SUBVOL | (u64)file->subvol << SUBVOL_SHIFT | file->inum;
	return OTHER_SUBVOL | HASHED | hash_of(file) >> 2;
}

struct fusemount_node *fusemount_node(struct fusemount_nodes *nodes, u64 nodeid)
{
	return nodeid == ROOT_NODEID ? &nodes->root : (struct fusemount_node *)(uintptr_t)nodeid;
}

u64 fusemount_nodeid(const struct fusemount_nodes *nodes, const struct fusemount_node *node)
{
	return node == &nodes->root ? ROOT_NODEID : (uintptr_t)node;
}

/* ------------------------------------------------------------------ table */

static struct fusemount_node **bucket_of(struct fusemount_nodes *nodes, const struct bch_file *file)
{
	return &nodes->buckets[hash_of(file) & (nodes->nr_buckets - 1)];
}

static void add(struct fusemount_nodes *nodes, struct fusemount_node *node)
{
	struct fusemount_node **bucket = bucket_of(nodes, &node->file);

	node->next = *bucket;
	*bucket = node;
}

/* As many buckets as nodes; where there is no memory for them, it gets slower. */
static void grow(struct fusemount_nodes *nodes)
{
	struct fusemount_node **old = nodes->buckets, *node;
	size_t nr_old = nodes->nr_buckets;
	struct fusemount_node **buckets = calloc(nr_old * 2, sizeof(*buckets));

	if (!buckets)
		return;
	nodes->buckets = buckets;
	nodes->nr_buckets = nr_old * 2;
	for (size_t i = 0; i < nr_old; i++)
		while ((node = old[i])) {
			old[i] = node->next;
			add(nodes, node);
		}
	free(old);
}

static struct fusemount_node *find(struct fusemount_nodes *nodes, const struct bch_file *file)
{
	struct fusemount_node *node = *bucket_of(nodes, file);

	while (node && !same_file(&node->file, file))
		node = node->next;
	return node;
}

static struct fusemount_node *make(struct fusemount_nodes *nodes, const struct bch_file *file)
{
	struct fusemount_node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->file = *file;
	node->generation = ++nodes->generation;
	if (++nodes->nr > nodes->nr_buckets)
		grow(nodes);
	add(nodes, node);
	return node;
}

struct fusemount_node *fusemount_node_get(struct fusemount_nodes *nodes,
					  const struct bch_file *file,
					  const struct fusemount_node *parent)
{
	struct fusemount_node *node;

	pthread_mutex_lock(&nodes->lock);
	node = find(nodes, file);
	if (!node)
		node = make(nodes, file);
	if (node) {
		node->nr_lookups++;
		if (node != &nodes->root)
			node->parent_ino = fusemount_ino(nodes, &parent->file);
	}
	pthread_mutex_unlock(&nodes->lock);
	return node;
}

static void take_out(struct fusemount_nodes *nodes, struct fusemount_node *node)
{
	struct fusemount_node **place = bucket_of(nodes, &node->file);

	while (*place != node)
		place = &(*place)->next;
	*place = node->next;
	nodes->nr--;
}

void fusemount_node_forget(struct fusemount_nodes *nodes, struct fusemount_node *node, u64 nr)
{
	bool last;

	if (node == &nodes->root)
		return;
	pthread_mutex_lock(&nodes->lock);
	node->nr_lookups -= nr < node->nr_lookups ? nr : node->nr_lookups;
	last = !node->nr_lookups;
	if (last)
		take_out(nodes, node);
	pthread_mutex_unlock(&nodes->lock);
	if (last)
		free(node);
}

/* ------------------------------------------------------------------ all */

struct fusemount_nodes *fusemount_nodes_new(const struct bch_file *root)
{
	struct fusemount_nodes *nodes = calloc(1, sizeof(*nodes));

	if (!nodes)
		return NULL;
	nodes->buckets = calloc(FIRST_BUCKETS, sizeof(nodes->buckets[0]));
	if (!nodes->buckets) {
		free(nodes);
		return NULL;
	}
	nodes->nr_buckets = FIRST_BUCKETS;
	pthread_mutex_init(&nodes->lock, NULL);
	nodes->root.file = *root;
	nodes->root.parent_ino = fusemount_ino(nodes, root);
	add(nodes, &nodes->root);
	return nodes;
}

void fusemount_nodes_free(struct fusemount_nodes *nodes)
{
	if (!nodes)
		return;
	for (size_t i = 0; i < nodes->nr_buckets; i++)
		while (nodes->buckets[i]) {
			struct fusemount_node *node = nodes->buckets[i];

			nodes->buckets[i] = node->next;
			if (node != &nodes->root)
				free(node);
		}
	free(nodes->buckets);
	pthread_mutex_destroy(&nodes->lock);
	free(nodes);
}
