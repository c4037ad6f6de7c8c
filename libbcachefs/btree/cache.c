// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cache of nodes: bounded, shared by threads, the least lately used leave first.
 *
 * A node on disk is never changed in place, so its contents in memory never change once they are there: whoever has
 * pinned it may read it without a lock. The SIX lock of an entry orders reading the node in (write) before its use
 * (read, taken and left once on the way). Order of locks: the cache's mutex is innermost, and nothing else is done
 * under it. An entry is in the map until it is evicted; it is in the list while nobody has pinned it, and only then may
 * it be evicted. A node that could not be read is an entry too, so that it is not tried again and again;
 * lack of memory is tried again.
 */

#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/six.h"
#include "btree/private.h"

#define MEM_PTR_BYTES 8 /* of a btree_ptr_v2: means nothing, and differs */

struct entry {
	struct bch_btree_node node; /* the first member: bch_btree_node_put() */
	struct bch_map_node in_map;
	struct entry *newer, *older; /* in the list; guarded by the cache's mutex */
	u32 nr_pins;		     /* likewise */
	size_t bytes;		     /* likewise: counted for it */
	struct bch_six lock;	     /* guards node and err */
	int err;
	struct bch_key ptr; /* the value follows */
	u8 btree_id, level;
	u8 value[];
};

struct bch_node_cache {
	pthread_mutex_t lock;	       /* guards all that follows */
	struct bch_map entries;	       /* by btree, level, pointer */
	struct entry *newest, *oldest; /* that nobody uses */
	size_t bytes, limit;
};

/* ------------------------------------------------------------------ entries */

struct node_id {
	u8 btree_id, level;
	const struct bch_key *ptr;
};

static int compare_ids(const void *key, const struct bch_map_node *node)
{
	const struct node_id *a = key;
	const struct entry *b = bch_map_entry(node, struct entry, in_map);
	size_t skip = a->ptr->type == BCH_KEY_btree_ptr_v2 ? MEM_PTR_BYTES : 0;
	struct bch_bytes x = bch_bytes_from(a->ptr->val, skip);
	struct bch_bytes y = bch_bytes_from(b->ptr.val, skip);
	int cmp;

	if (a->btree_id != b->btree_id)
		return a->btree_id - b->btree_id;
	if (a->level != b->level)
		return a->level - b->level;
	cmp = bch_pos_compare(a->ptr->pos, b->ptr.pos);
	if (!cmp)
		cmp = a->ptr->type - b->ptr.type;
	if (!cmp && x.len != y.len)
		cmp = x.len < y.len ? -1 : 1;
	return cmp || !x.len ? cmp : memcmp(x.p, y.p, x.len);
}

static void entry_free(struct entry *e)
{
	bch_six_end(&e->lock);
	bch_btree_node_end(&e->node);
	free(e);
}

/* Pinned, and locked for reading its node in. */
static struct entry *entry_new(const struct node_id *id)
{
	struct entry *e = bch_calloc(1, sizeof(*e) + id->ptr->val.len);

	if (!e || bch_six_init(&e->lock, BCH_SIX_ONE_COUNT)) {
		free(e);
		return NULL;
	}
	e->btree_id = id->btree_id;
	e->level = id->level;
	e->ptr = *id->ptr;
	e->ptr.val.p = e->value;
	if (id->ptr->val.len)
		memcpy(e->value, id->ptr->val.p, id->ptr->val.len);
	e->nr_pins = 1;
	bch_six_lock(&e->lock, BCH_SIX_intent);
	bch_six_lock(&e->lock, BCH_SIX_write);
	return e;
}

static void entry_unlock(struct entry *e)
{
	bch_six_unlock(&e->lock, BCH_SIX_write);
	bch_six_unlock(&e->lock, BCH_SIX_intent);
}

/* ------------------------------------------------------------------ the list; under the mutex */

static void list_add(struct bch_node_cache *c, struct entry *e)
{
	e->newer = NULL;
	e->older = c->newest;
	if (c->newest)
		c->newest->newer = e;
	else
		c->oldest = e;
	c->newest = e;
}

static void list_remove(struct bch_node_cache *c, struct entry *e)
{
	if (e->newer)
		e->newer->older = e->older;
	else
		c->newest = e->older;
	if (e->older)
		e->older->newer = e->newer;
	else
		c->oldest = e->newer;
}

/* Out of list and map, put before @evicted: chained by ->older, to be freed without the mutex. */
static struct entry *take_out(struct bch_node_cache *c, struct entry *e, struct entry *evicted)
{
	struct node_id id = { e->btree_id, e->level, &e->ptr };

	list_remove(c, e);
	bch_map_remove(&c->entries, &id);
	c->bytes -= e->bytes;
	e->older = evicted;
	return e;
}

static struct entry *evict(struct bch_node_cache *c)
{
	struct entry *evicted = NULL;

	while (c->bytes > c->limit && c->oldest)
		evicted = take_out(c, c->oldest, evicted);
	return evicted;
}

static void free_evicted(struct entry *e)
{
	while (e) {
		struct entry *next = e->older;

		entry_free(e);
		e = next;
	}
}

/* ------------------------------------------------------------------ the cache */

struct bch_node_cache *bch_node_cache_new(size_t limit)
{
	struct bch_node_cache *c = bch_calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	pthread_mutex_init(&c->lock, NULL);
	c->entries = BCH_MAP(compare_ids);
	c->limit = limit;
	return c;
}

void bch_node_cache_free(struct bch_node_cache *c)
{
	if (!c)
		return;
	c->limit = 0;
	free_evicted(evict(c));
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Pins the entry, if there is one. @fresh (may be NULL) is put in where there is none. */
static struct entry *find(struct bch_node_cache *c, const struct node_id *id, struct entry *fresh)
{
	struct bch_map_node *found;
	struct entry *e;

	pthread_mutex_lock(&c->lock);
	found = fresh ? bch_map_insert(&c->entries, id, &fresh->in_map)
		      : bch_map_find(&c->entries, id);
	e = bch_map_entry(found, struct entry, in_map);
	if (e && !e->nr_pins++)
		list_remove(c, e);
	pthread_mutex_unlock(&c->lock);
	return e;
}

static void unpin(struct bch_node_cache *c, struct entry *e)
{
	struct entry *evicted = NULL;

	pthread_mutex_lock(&c->lock);
	if (!--e->nr_pins) {
		list_add(c, e);
		evicted = e->err == -BCH_ERR_no_memory ? take_out(c, e, NULL) : evict(c);
	}
	pthread_mutex_unlock(&c->lock);
	free_evicted(evicted);
}

/* Reads the node of an entry that is in the map, for all who wait for it. */
static void fill(struct bch_fs *fs, struct entry *e)
{
	struct bch_node_cache *c = fs->btrees->cache;

	e->err = bch_btree_node_read(fs, e->btree_id, e->level, &e->ptr, &e->node);
	entry_unlock(e);

	pthread_mutex_lock(&c->lock);
	e->bytes = sizeof(*e) + e->ptr.val.len + e->node.len +
		   e->node.keys.size * sizeof(*e->node.keys.v);
	c->bytes += e->bytes;
	pthread_mutex_unlock(&c->lock);
}

static void free_unused(struct entry *fresh)
{
	entry_unlock(fresh);
	entry_free(fresh);
}

/* The pinned entry, its node read or tried. NULL where memory is out. */
static struct entry *get(struct bch_fs *fs, const struct node_id *id)
{
	struct bch_node_cache *c = fs->btrees->cache;
	struct entry *e = find(c, id, NULL), *fresh;

	if (!e) {
		fresh = entry_new(id);
		if (!fresh)
			return NULL;
		e = find(c, id, fresh);
		if (!e) {
			fill(fs, fresh);
			return fresh;
		}
		free_unused(fresh); /* another thread was faster */
	}
	bch_six_lock(&e->lock, BCH_SIX_read);
	bch_six_unlock(&e->lock, BCH_SIX_read);
	return e;
}

int bch_btree_node_get(struct bch_fs *fs, u8 btree_id, u8 level, const struct bch_key *ptr,
		       const struct bch_btree_node **node)
{
	struct node_id id = { btree_id, level, ptr };
	struct entry *e = get(fs, &id);
	int err;

	*node = NULL;
	if (!e)
		return -BCH_ERR_no_memory;
	err = e->err;
	if (!err)
		*node = &e->node;
	else
		unpin(fs->btrees->cache, e);
	return err == -BCH_ERR_btree_node_read_failed
		       ? bch_node_unreadable(fs, btree_id, level, ptr->pos)
		       : err;
}

void bch_btree_node_put(struct bch_fs *fs, const struct bch_btree_node *node)
{
	unpin(fs->btrees->cache, (struct entry *)(uintptr_t)node);
}

/* ------------------------------------------------------------------ reading ahead */

struct ahead {
	struct bch_fs *fs;
	struct entry *entry;
};

static void read_ahead(void *arg)
{
	struct ahead *a = arg;

	fill(a->fs, a->entry);
	unpin(a->fs->btrees->cache, a->entry);
	free(a);
}

void bch_btree_node_read_ahead(struct bch_fs *fs, u8 btree_id, u8 level, const struct bch_key *ptr)
{
	struct node_id id = { btree_id, level, ptr };
	struct bch_node_cache *c = fs->btrees->cache;
	struct entry *there = find(c, &id, NULL), *fresh = NULL;
	struct ahead *a = NULL;

	if (!there) {
		a = bch_malloc(sizeof(*a));
		fresh = a ? entry_new(&id) : NULL;
		there = fresh ? find(c, &id, fresh) : NULL;
	}
	if (fresh && !there) {
		*a = (struct ahead){ fs, fresh };
		bch_thread_pool_submit(fs->btrees->pool, read_ahead, a);
		return;
	}
	if (there)
		unpin(c, there);
	if (fresh)
		free_unused(fresh);
	free(a);
}
