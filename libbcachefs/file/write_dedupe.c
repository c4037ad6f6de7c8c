// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Data that was written before is not written again: both files show the same place. Format reference: 05 §6.4, §6.5.
 *
 * A blob is known by a hash of what is in it and of how it is stored. The first one is an extent as any other; a second
 * one has it become shared, wherever it was committed meanwhile. What is found follows from the order of the blobs alone.
 */

#include <sodium.h>

#include "base/memory.h"
#include "commit/commit.h"
#include "file/write.h"
#include "ondisk/key_reflink.h"

#define DIGEST_BYTES 24		/* two that are alike do not come */
#define KNOWN_MAX    (1U << 21) /* blobs: 96 MiB; further ones are not remembered */
#define SLOTS	     (2 * KNOWN_MAX)

struct digest {
	u8 b[DIGEST_BYTES];
};

struct known {
	struct digest digest;
	u64 inum;  /* whose extents it is; 0: it is shared */
	u64 start; /* in sectors, of the file or the reflink btree */
	u32 snapshot;
	u32 nr_sectors;
};

/* A blob that shows what another one has. */
struct copy {
	struct bch_write_blob blob;
	u32 of; /* index of what is known */
};

struct bch_dedupe {
	BCH_ARRAY(struct known) known;
	u32 *slots;			  /* index + 1 of what is known, by its digest; 0: none */
	BCH_ARRAY(struct digest) digests; /* of the batch */
	BCH_ARRAY(struct copy) copies;
	u64 end; /* of the reflink btree */
	u64 shared_sectors;
};

/* ------------------------------------------------------------------ begin, end */

static int find_end(struct bch_fs *fs, u64 *end)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_reflink, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0)
		*end = k.pos.offset;
	return more;
}

int bch_dedupe_new(struct bch_fs *fs, struct bch_dedupe **dedupe)
{
	struct bch_dedupe *d = bch_calloc(1, sizeof(*d));

	*dedupe = d;
	if (!d)
		return -BCH_ERR_no_memory;
	d->slots = bch_calloc(SLOTS, sizeof(*d->slots));
	return d->slots ? find_end(fs, &d->end) : -BCH_ERR_no_memory;
}

void bch_dedupe_free(struct bch_dedupe *d)
{
	if (!d)
		return;
	bch_array_end(&d->known);
	bch_array_end(&d->digests);
	bch_array_end(&d->copies);
	free(d->slots);
	free(d);
}

u64 bch_dedupe_sectors(const struct bch_dedupe *d)
{
	return d ? d->shared_sectors : 0;
}

/* ------------------------------------------------------------------ what is known */

static int hash_one(void *arg, u64 idx, u32 worker_idx)
{
	struct bch_batch *b = arg;
	const struct bch_write_blob *blob = &b->blobs.v[idx];
	const struct bch_write_opts *o = &b->opts.v[blob->opts];
	const u16 how[] = {
		o->csum_type,	      o->io.compression,       o->io.background_compression,
		o->io.data_replicas,  o->io.foreground_target, o->io.background_target,
		o->io.promote_target, o->io.erasure_code,      o->io.nocow,
		o->io.from_inode,
	};
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, DIGEST_BYTES);
	crypto_generichash_update(&state, (const u8 *)how, sizeof(how));
	crypto_generichash_update(&state, b->in + blob->in, BCH_BYTES(blob->nr_sectors));
	crypto_generichash_final(&state, b->dedupe->digests.v[idx].b, DIGEST_BYTES);
	return 0;
}

/* The slot that has the digest, or the empty one where it belongs. There are always empty ones. */
static u32 *slot_of(const struct bch_dedupe *d, const struct digest *digest)
{
	u32 at;

	memcpy(&at, digest->b, sizeof(at));
	for (at %= SLOTS; d->slots[at]; at = (at + 1) % SLOTS)
		if (!memcmp(&d->known.v[d->slots[at] - 1].digest, digest, sizeof(*digest)))
			break;
	return &d->slots[at];
}

static int remember(struct bch_dedupe *d, u32 *slot, const struct digest *digest,
		    const struct bch_write_blob *blob)
{
	const struct known k = { *digest, blob->inum, blob->start_sector, blob->snapshot,
				 blob->nr_sectors };
	int err;

	if (d->known.nr == KNOWN_MAX)
		return 0;
	err = bch_array_push(&d->known, k);
	if (!err)
		*slot = (u32)d->known.nr;
	return err;
}

int bch_dedupe_find(struct bch_batch *b)
{
	struct bch_dedupe *d = b->dedupe;
	size_t nr = b->blobs.nr, kept = 0;
	int err = bch_array_reserve(&d->digests, nr);

	if (!err)
		err = bch_thread_pool_for_each(bch_writer_pool(b->fs), nr, hash_one, b);
	for (size_t i = 0; i < nr && !err; i++) {
		const struct bch_write_blob blob = b->blobs.v[i];
		u32 *slot = slot_of(d, &d->digests.v[i]);

		if (*slot) {
			err = bch_array_push(&d->copies, ((struct copy){ blob, *slot - 1 }));
		} else {
			err = remember(d, slot, &d->digests.v[i], &blob);
			b->blobs.v[kept++] = blob;
		}
	}
	b->blobs.nr = kept;
	return err;
}

/* ------------------------------------------------------------------ keys */

static int put_pointer(struct bch_fs *fs, struct bch_pos end, u32 nr_sectors, u64 idx)
{
	const struct bch_reflink_p p = { .idx = idx };
	u8 val[BCH_REFLINK_P_LEN];
	const struct bch_key k = { .pos = end,
				   .size = nr_sectors,
				   .type = BCH_KEY_reflink_p,
				   .val = { val, sizeof(val) } };

	bch_reflink_p_put(&p, le16_get(fs->super.sb->version), val);
	return bch_update(fs, BCH_BTREE_extents, &k, 0);
}

/* The next extent goes to the end of the reflink btree, and what was the file's leads there. */
static int share_extent(struct bch_fs *fs, struct bch_dedupe *d, const struct bch_key *extent)
{
	u8 val[BCH_KEY_VALUE_MAX] = { 0 };
	struct bch_key v = *extent;
	const struct bch_pos pos = extent->pos;
	u64 idx = d->end;
	int err;

	if (v.type != BCH_KEY_extent || v.val.len > sizeof(val) - sizeof(le64))
		return -BCH_ERR_alloc_inconsistent;
	memcpy(val + sizeof(le64), v.val.p, v.val.len);
	d->end += v.size;
	v.pos = bch_pos(0, d->end);
	v.type = BCH_KEY_reflink_v;
	v.val = (struct bch_bytes){ val, sizeof(le64) + v.val.len };
	err = bch_update(fs, BCH_BTREE_reflink, &v, 0);
	return err ? err : put_pointer(fs, pos, v.size, idx);
}

/* 1, or 0 behind the last one of those at hand. */
static int next_extent(struct bch_fs *fs, const struct known *k, u64 at, struct bch_key *extent,
		       u8 val[BCH_KEY_VALUE_MAX])
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_extents, bch_spos(k->inum, at + 1, k->snapshot),
			   bch_spos(k->inum, k->start + k->nr_sectors, k->snapshot));
	int more = bch_cursor_next(&cur, extent);

	if (more <= 0)
		return more ? more : -BCH_ERR_alloc_inconsistent;
	memcpy(val, extent->val.p, extent->val.len);
	extent->val.p = val;
	return 0;
}

/* It may have become several extents, at the ends of buckets. */
static int share(struct bch_fs *fs, struct bch_dedupe *d, struct known *k)
{
	u8 val[BCH_KEY_VALUE_MAX];
	u64 idx = d->end, at = k->start, end = k->start + k->nr_sectors;
	int err = 0;

	while (!err && at < end) {
		struct bch_key extent;

		err = next_extent(fs, k, at, &extent, val);
		if (!err)
			err = share_extent(fs, d, &extent);
		if (!err)
			at = extent.pos.offset;
	}
	k->inum = 0;
	k->start = idx;
	return err;
}

static int put_copy(struct bch_fs *fs, struct bch_dedupe *d, const struct copy *c)
{
	struct known *k = &d->known.v[c->of];
	const struct bch_write_blob *b = &c->blob;
	int err = k->inum ? share(fs, d, k) : 0;

	d->shared_sectors += b->nr_sectors;
	return err ? err
		   : put_pointer(fs,
				 bch_spos(b->inum, b->start_sector + b->nr_sectors, b->snapshot),
				 b->nr_sectors, k->start);
}

int bch_dedupe_put(struct bch_batch *b)
{
	struct bch_dedupe *d = b->dedupe;
	int err = 0;

	if (d->copies.nr)
		bch_writer_need_feature(b->fs, BCH_FEATURE_reflink);
	for (size_t i = 0; i < d->copies.nr && !err; i++)
		err = put_copy(b->fs, d, &d->copies.v[i]);
	d->copies.nr = 0;
	return err;
}
