// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cache of decoded blobs: a table with one place for each hash. Two blobs that want one place take turns; where the
 * whole is too large, places are emptied one after another. That is nearly as good as an order of use, which nobody has
 * to keep: what is read here in small pieces is read in sequence.
 *
 * A blob has a pin for the table and one for each user; who takes the last one frees it. The mutex guards the table and
 * all pins; nothing else is done under it.
 */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "file/blob.h"

#define BYTES_A_PLACE (16U << 10) /* a quarter of a usual blob: then few get in each other's way */

struct bch_blob_cache {
	pthread_mutex_t lock;
	size_t bytes, limit;
	size_t nr_places;
	size_t hand; /* the next place to be emptied */
	struct bch_cached_blob *places[];
};

struct bch_blob_cache *bch_blob_cache_new(size_t limit)
{
	size_t nr = limit / BYTES_A_PLACE + 1;
	struct bch_blob_cache *cache =
		bch_calloc(1, sizeof(*cache) + nr * sizeof(cache->places[0]));

	if (!cache)
		return NULL;
	pthread_mutex_init(&cache->lock, NULL);
	cache->limit = limit;
	cache->nr_places = nr;
	return cache;
}

void bch_blob_cache_free(struct bch_blob_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < cache->nr_places; i++)
		free(cache->places[i]);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

struct bch_blob_id bch_blob_id(const struct bch_key *k, const struct bch_extent_ptr *p)
{
	const struct bch_crc *c = &p->crc;

	return (struct bch_blob_id){ {
		(u64)p->ptr.dev_idx << 56 | p->ptr.offset_sectors,
		p->in_stripe ? p->stripe.idx + 1 : 0,
		(u64)c->compressed_sectors << 32 | c->uncompressed_sectors,
		(u64)c->nonce << 32 | (u32)c->csum_type << 8 | c->compression_type,
		c->csum_lo,
		c->csum_hi,
		k->version_lo,
		k->version_hi,
	} };
}

static struct bch_cached_blob **place_of(struct bch_blob_cache *cache, const struct bch_blob_id *id)
{
	u64 hash = (id->w[0] ^ id->w[0] >> 31) * 0x9e3779b97f4a7c15;

	return &cache->places[(hash >> 32) % cache->nr_places];
}

/* Under the mutex. The blob if this was the last pin: to be freed without the mutex. */
static struct bch_cached_blob *unpin(struct bch_cached_blob *blob)
{
	return --blob->nr_pins ? NULL : blob;
}

/* Under the mutex. As unpin(). */
static struct bch_cached_blob *empty(struct bch_blob_cache *cache, struct bch_cached_blob **place)
{
	struct bch_cached_blob *blob = *place;

	if (!blob)
		return NULL;
	*place = NULL;
	cache->bytes -= blob->len;
	return unpin(blob);
}

struct bch_cached_blob *bch_blob_cache_get(struct bch_blob_cache *cache,
					   const struct bch_blob_id *id)
{
	struct bch_cached_blob *blob;

	pthread_mutex_lock(&cache->lock);
	blob = *place_of(cache, id);
	if (blob && memcmp(&blob->id, id, sizeof(*id)))
		blob = NULL;
	if (blob)
		blob->nr_pins++;
	pthread_mutex_unlock(&cache->lock);
	return blob;
}

void bch_blob_cache_put(struct bch_blob_cache *cache, struct bch_cached_blob *blob)
{
	pthread_mutex_lock(&cache->lock);
	blob = unpin(blob);
	pthread_mutex_unlock(&cache->lock);
	free(blob);
}

struct bch_cached_blob *bch_cached_blob_new(const struct bch_blob_id *id, size_t len)
{
	struct bch_cached_blob *blob = bch_malloc(sizeof(*blob) + len);

	if (blob) {
		blob->id = *id;
		blob->nr_pins = 1;
		blob->len = len;
	}
	return blob;
}

/* One place is emptied at a time, so that each blob is freed without the mutex. False: it is small enough. */
static bool make_room(struct bch_blob_cache *cache)
{
	struct bch_cached_blob *out = NULL;
	bool too_large;

	pthread_mutex_lock(&cache->lock);
	too_large = cache->bytes > cache->limit;
	if (too_large) {
		out = empty(cache, &cache->places[cache->hand]);
		cache->hand = (cache->hand + 1) % cache->nr_places;
	}
	pthread_mutex_unlock(&cache->lock);
	free(out);
	return too_large;
}

void bch_blob_cache_add(struct bch_blob_cache *cache, struct bch_cached_blob *blob)
{
	struct bch_cached_blob **place = place_of(cache, &blob->id), *out;

	pthread_mutex_lock(&cache->lock);
	out = empty(cache, place);
	*place = blob;
	blob->nr_pins++;
	cache->bytes += blob->len;
	pthread_mutex_unlock(&cache->lock);
	free(out);
	while (make_room(cache))
		;
}
