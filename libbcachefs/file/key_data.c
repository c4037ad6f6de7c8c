// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The data of a key, by any of its pointers: those that are likely to be good first, one after another until one is.
 * Format reference: 05 §11 B.
 */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "file/blob.h"

#define VERSION_STALE_IS_LOST BCH_VERSION(1, 25)
#define STRIPE_SECTORS_MAX    0xffffU /* of a block of a stripe */

/* In the order in which they are tried. */
enum rank {
	DIRTY,
	CACHED,
	ON_FAILED_DEVICE,
	ELSEWHERE, /* its device is missing */
	NR_RANKS
};

/* How a blob is got, in the order in which that is tried. */
enum way {
	VERIFIED,
	REBUILT,
	UNVERIFIED,
};

struct copy {
	struct bch_extent_ptr p;
	enum rank rank;
};

struct copies {
	struct copy v[BCH_PTRS_MAX];
	u32 nr, nr_stale;
	bool unwritten, poisoned;
};

/* Bytes of the key's data that are wanted. */
struct want {
	struct bch_fs *fs;
	const struct bch_key *k;
	u64 skip, len;
	u8 *buf;
};

/* ------------------------------------------------------------------ which */

static bool is_on_failed_device(const struct bch_fs *fs, const struct bch_ptr *p)
{
	struct bch_member m;

	return bch_super_member(&fs->super, p->dev_idx, &m) &&
	       bch_member_STATE(&m) == BCH_MEMBER_STATE_failed;
}

static enum rank rank_of(const struct bch_fs *fs, const struct bch_ptr *p)
{
	if (!bch_ptr_blkdev(fs, p))
		return ELSEWHERE;
	if (is_on_failed_device(fs, p))
		return ON_FAILED_DEVICE;
	return p->cached ? CACHED : DIRTY;
}

/* Dirty ones are tried in any case. Where nobody knows, the checksum will tell. */
static bool is_stale(struct bch_fs *fs, const struct bch_extent_ptr *p)
{
	bool stale;

	if (!p->ptr.cached || !bch_ptr_blkdev(fs, &p->ptr))
		return false;
	return bch_ptr_is_stale(fs, &p->ptr, &stale) ? !p->crc.csum_type : stale;
}

bool bch_key_is_poisoned(const struct bch_fs *fs, const struct bch_key *k)
{
	struct bch_bytes rest = bch_key_extent_entries(k);
	struct bch_extent_entry e;

	return bch_extent_entry_next(&rest, &fs->super, &e) && e.type == BCH_EXTENT_ENTRY_flags &&
	       e.flags & BCH_EXTENT_FLAG_poisoned;
}

static void collect(struct bch_fs *fs, const struct bch_key *k, struct copies *c)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &fs->super);
	struct bch_extent_ptr p;

	c->nr = c->nr_stale = 0;
	c->unwritten = false;
	c->poisoned = bch_key_is_poisoned(fs, k);
	while (c->nr < BCH_PTRS_MAX && bch_extent_ptr_next(&walk, &p)) {
		c->unwritten |= p.ptr.unwritten;
		if (is_stale(fs, &p))
			c->nr_stale++;
		else
			c->v[c->nr++] = (struct copy){ p, rank_of(fs, &p.ptr) };
	}
}

/* What was only cached, and is no more, was given up on purpose. Later versions call it lost. */
static bool reads_as_zeroes(const struct bch_fs *fs, const struct copies *c)
{
	return c->unwritten ||
	       (c->nr_stale && !c->nr && le16_get(fs->super.sb->version) < VERSION_STALE_IS_LOST);
}

bool bch_key_is_encoded(const struct bch_fs *fs, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &fs->super);
	struct bch_extent_ptr p;

	while (bch_extent_ptr_next(&walk, &p))
		if (bch_crc_is_encoded(&p.crc))
			return true;
	return false;
}

static u64 plain_offset(const struct bch_extent_ptr *p, u64 skip)
{
	return BCH_BYTES(p->ptr.offset_sectors + p->crc.offset_sectors) + skip;
}

bool bch_key_plain_place(struct bch_fs *fs, const struct bch_key *k, u64 skip, u32 *dev_idx,
			 u64 *offset)
{
	struct copies c;

	collect(fs, k, &c);
	if (c.unwritten || c.poisoned || !c.nr || c.v[0].rank != DIRTY ||
	    bch_crc_is_encoded(&c.v[0].p.crc) || !bch_crc_is_possible(k, &c.v[0].p.crc))
		return false;
	*dev_idx = c.v[0].p.ptr.dev_idx;
	*offset = plain_offset(&c.v[0].p, skip);
	return true;
}

/* ------------------------------------------------------------------ how */

static int read_unverified(struct bch_fs *fs, const struct bch_extent_ptr *p, void *blob)
{
	struct bch_blkdev *dev = bch_ptr_blkdev(fs, &p->ptr);

	return dev ? bch_blkdev_read(dev, blob, BCH_BYTES(p->crc.compressed_sectors),
				     BCH_BYTES(p->ptr.offset_sectors))
		   : -BCH_ERR_device_missing;
}

static int read_stored(const struct want *w, const struct bch_extent_ptr *p, enum way way,
		       void *blob)
{
	switch (way) {
	case VERIFIED:
		return bch_blob_read(w->fs, w->k, p, blob);
	case REBUILT:
		return bch_blob_reconstruct(w->fs, w->k, p, blob);
	default:
		return read_unverified(w->fs, p, blob);
	}
}

/* The whole decoded blob. What is not compressed is read to its place at once. */
static int read_decoded(const struct want *w, const struct bch_extent_ptr *p, enum way way,
			void *out)
{
	void *held = NULL;
	int err;

	if (bch_crc_is_compressed(&p->crc)) {
		held = bch_malloc(BCH_BYTES(p->crc.compressed_sectors));
		if (!held)
			return -BCH_ERR_no_memory;
	}
	err = read_stored(w, p, way, held ? held : out);
	if (!err)
		err = bch_blob_decode(w->fs, w->k, &p->crc, held ? held : out, out);
	free(held);
	return err;
}

/* A part of a decoded blob, which is kept for the other parts. */
static int read_part(const struct want *w, const struct bch_extent_ptr *p, enum way way)
{
	struct bch_blob_cache *cache = w->fs->files->data->cache;
	struct bch_blob_id id = bch_blob_id(w->k, p);
	struct bch_cached_blob *blob = bch_blob_cache_get(cache, &id);

	if (!blob) {
		int err;

		blob = bch_cached_blob_new(&id, BCH_BYTES(p->crc.uncompressed_sectors));
		if (!blob)
			return -BCH_ERR_no_memory;
		err = read_decoded(w, p, way, blob->data);
		if (err) {
			free(blob);
			return err;
		}
		bch_blob_cache_add(cache, blob);
	}
	memcpy(w->buf, blob->data + BCH_BYTES(p->crc.offset_sectors) + w->skip, w->len);
	bch_blob_cache_put(cache, blob);
	return 0;
}

static int read_copy(const struct want *w, const struct bch_extent_ptr *p, enum way way)
{
	const struct bch_crc *crc = &p->crc;

	if (!bch_crc_is_possible(w->k, crc))
		return -BCH_ERR_out_of_range;
	if (!bch_crc_is_encoded(crc) && way != REBUILT)
		return bch_blkdev_read(bch_ptr_blkdev(w->fs, &p->ptr), w->buf, w->len,
				       plain_offset(p, w->skip));
	if (crc->compressed_sectors > STRIPE_SECTORS_MAX)
		return -BCH_ERR_out_of_range;
	if (!crc->offset_sectors && !w->skip && w->len == BCH_BYTES(crc->uncompressed_sectors))
		return read_decoded(w, p, way, w->buf);
	return read_part(w, p, way);
}

/* Can it be got that way at all? */
static bool is_open_to(const struct copy *c, enum way way)
{
	return way == REBUILT ? c->p.in_stripe : c->rank != ELSEWHERE;
}

/* 0, -BCH_ERR_no_memory, or @why: what went wrong first, now or before. */
static int try_copies(const struct want *w, const struct copies *c, enum way way, int why)
{
	for (unsigned rank = 0; rank < NR_RANKS; rank++)
		for (u32 i = 0; i < c->nr; i++) {
			const struct copy *copy = &c->v[i];
			int err;

			if (copy->rank != rank || !is_open_to(copy, way))
				continue;
			err = read_copy(w, &copy->p, way);
			if (!err || err == -BCH_ERR_no_memory)
				return err;
			if (way == VERIFIED)
				bch_blob_damage_log(w->fs, &copy->p.ptr, err);
			why = why ? why : err;
		}
	return why ? why : -BCH_ERR_device_missing;
}

int bch_key_bytes_read(struct bch_fs *fs, const struct bch_key *k, u64 skip, u64 len, void *buf)
{
	struct want w = { fs, k, skip, len, buf };
	bool no_verify = fs->files->data->flags & BCH_FILES_NO_VERIFY;
	struct copies c;
	int err;

	if (skip > BCH_BYTES(k->size) || len > BCH_BYTES(k->size) - skip)
		return -BCH_ERR_out_of_range;
	collect(fs, k, &c);
	if (reads_as_zeroes(fs, &c)) {
		memset(buf, 0, len);
		return 0;
	}
	if (!c.nr)
		return -BCH_ERR_data_lost;
	if (c.poisoned && !no_verify)
		return -BCH_ERR_data_checksum;

	err = try_copies(&w, &c, VERIFIED, 0);
	if (err && err != -BCH_ERR_no_memory)
		err = try_copies(&w, &c, REBUILT, err);
	if (err && err != -BCH_ERR_no_memory && no_verify)
		err = try_copies(&w, &c, UNVERIFIED, err);
	return err;
}

int bch_key_data_read(struct bch_fs *fs, const struct bch_key *k, u64 skip, u64 nr_sectors,
		      void *buf)
{
	int err;

	if (skip > k->size || nr_sectors > k->size - skip)
		return -BCH_ERR_out_of_range;
	err = bch_key_bytes_read(fs, k, BCH_BYTES(skip), BCH_BYTES(nr_sectors), buf);
	return err && err != -BCH_ERR_no_memory ? -BCH_ERR_data_lost : err;
}
