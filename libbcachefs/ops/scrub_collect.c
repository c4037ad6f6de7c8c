// SPDX-License-Identifier: GPL-2.0-or-later
/* The walk over all keys, and what those that point to something add to the batch. Format reference: 02 §9, 05 §2, §7. */

#include "ops/scrub_private.h"

#define BATCH_BYTES_DEFAULT (128U << 20)
#define BATCH_BYTES_MAX	    (1U << 31) /* numbers and places within it have 32 bits */

/* So much of what has no checksum is judged at once: then an error is near its place. */
#define PLAIN_SECTORS 2048U

#define STRIPE_BYTES 8 /* before its pointers */

static u32 min(u64 a, u32 b)
{
	return a < b ? (u32)a : b;
}

/* ------------------------------------------------------------------ the batch */

static int add_piece(struct bch_scrub *s, const struct bch_ptr *p, struct bch_scrub_piece piece)
{
	struct bch_scrub_member *m = bch_scrub_wanted(s, p->dev_idx);

	if (!m)
		return 0;
	piece.key = (u32)s->keys.nr; /* which is added when it has pieces */
	piece.err = BCH_SCRUB_NOT_READ;
	s->batch_bytes += sizeof(piece);
	return bch_array_push(&m->pieces, piece);
}

static int add_key(struct bch_scrub *s, enum bch_scrub_kind kind, u8 btree_id, u8 level,
		   const struct bch_key *k)
{
	struct bch_scrub_key key = { .k = *k,
				     .val_at = (u32)s->values.nr,
				     .val_len = (u32)k->val.len,
				     .kind = kind,
				     .btree_id = btree_id,
				     .level = level };
	int err = bch_array_reserve(&s->values, s->values.nr + k->val.len);

	key.k.val = (struct bch_bytes){ 0 };
	if (!err)
		err = bch_array_push(&s->keys, key);
	if (err)
		return err;
	if (k->val.len)
		memcpy(s->values.v + s->values.nr, k->val.p, k->val.len);
	s->values.nr += k->val.len;
	s->batch_bytes += sizeof(key) + k->val.len;
	return 0;
}

static void empty_batch(struct bch_scrub *s)
{
	for (u32 i = 0; i < s->nr_members; i++)
		s->members[i].pieces.nr = 0;
	s->keys.nr = s->values.nr = s->batch_bytes = 0;
}

static int sweep(struct bch_scrub *s)
{
	int err = bch_scrub_sweep(s), err_verdict = 0;

	if (!err || err == -BCH_ERR_cancelled)
		err_verdict = bch_scrub_verdict(s);
	empty_batch(s);
	return err_verdict ? err_verdict : err;
}

static int sweep_if_full(struct bch_scrub *s)
{
	size_t limit = s->opts->batch_bytes ? s->opts->batch_bytes : BATCH_BYTES_DEFAULT;

	if (limit > BATCH_BYTES_MAX)
		limit = BATCH_BYTES_MAX;
	return s->batch_bytes >= limit ? sweep(s) : 0;
}

/* ------------------------------------------------------------------ keys */

/* Which copies a key has, as far as anybody may ask for it. */
struct copies {
	u32 nr, nr_there;
	u32 missing_dev_idx; /* one of those that are not there */
	bool in_stripe;
};

static void count_copy(const struct bch_scrub *s, const struct bch_ptr *p, struct copies *c)
{
	c->nr++;
	if (bch_ptr_blkdev(s->fs, p))
		c->nr_there++;
	else
		c->missing_dev_idx = p->dev_idx;
}

/* Nothing has to be read to know that the key's data is lost. */
static int found_lost(struct bch_scrub *s, enum bch_scrub_kind kind, u8 btree_id, u8 level,
		      const struct bch_key *k, int err, u32 dev_idx)
{
	const struct bch_scrub_finding f = {
		.kind = kind,
		.btree_id = btree_id,
		.level = level,
		.lost = true,
		.err = err,
		.dev_idx = dev_idx,
		.pos = k->pos,
		.from = k->pos.offset - k->size,
		.to = k->pos.offset,
	};

	return bch_scrub_found(s, &f);
}

/* Members that are missing hold all copies there were. A stripe may still have the data. */
static int find_missing(struct bch_scrub *s, const struct copies *c, enum bch_scrub_kind kind,
			u8 btree_id, u8 level, const struct bch_key *k)
{
	if (!c->nr || c->nr_there || c->in_stripe || !s->all)
		return 0;
	return found_lost(s, kind, btree_id, level, k, -BCH_ERR_device_missing, c->missing_dev_idx);
}

/* What has no checksum is read in parts, as far as it belongs to the key. */
static int add_plain(struct bch_scrub *s, const struct bch_key *k, const struct bch_extent_ptr *p,
		     u8 nr)
{
	int err = 0;

	for (u32 at = 0; !err && at < k->size; at += PLAIN_SECTORS)
		err = add_piece(
			s, &p->ptr,
			(struct bch_scrub_piece){
				.sector = p->ptr.offset_sectors + p->crc.offset_sectors + at,
				.nr_sectors = min(k->size - at, PLAIN_SECTORS),
				.at = at,
				.nr = nr,
				.plain = true,
			});
	return err;
}

static int add_blob(struct bch_scrub *s, const struct bch_key *k, const struct bch_extent_ptr *p,
		    u8 nr)
{
	if (!bch_crc_is_encoded(&p->crc))
		return add_plain(s, k, p, nr);
	return add_piece(s, &p->ptr,
			 (struct bch_scrub_piece){ .sector = p->ptr.offset_sectors,
						   .nr_sectors = p->crc.compressed_sectors,
						   .nr = nr,
						   .plain = !p->crc.csum_type });
}

/* Cached copies whose bucket was reused are none. Where nobody knows, the checksum tells. */
static bool is_gone(struct bch_scrub *s, const struct bch_extent_ptr *p)
{
	bool stale;

	return p->ptr.cached && bch_ptr_blkdev(s->fs, &p->ptr) &&
	       !bch_ptr_is_stale(s->fs, &p->ptr, &stale) && stale;
}

static int add_data(struct bch_scrub *s, u8 btree_id, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &s->fs->super);
	struct copies copies = { 0 };
	struct bch_extent_ptr p;
	int err = 0;

	for (u8 nr = 0; !err && bch_extent_ptr_next(&walk, &p); nr++) {
		if (p.ptr.unwritten || is_gone(s, &p))
			continue;
		count_copy(s, &p.ptr, &copies);
		copies.in_stripe |= p.in_stripe;
		err = add_blob(s, k, &p, nr);
	}
	if (!err && (k->type == BCH_KEY_error || bch_key_is_poisoned(s->fs, k)))
		err = found_lost(s, BCH_SCRUB_data, btree_id, 0, k, -BCH_ERR_data_lost, 0);
	if (!err)
		err = find_missing(s, &copies, BCH_SCRUB_data, btree_id, 0, k);
	return err || !copies.nr_there ? err : add_key(s, BCH_SCRUB_data, btree_id, 0, k);
}

static int add_node(struct bch_scrub *s, u8 btree_id, u8 level, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &s->fs->super);
	struct copies copies = { 0 };
	struct bch_node_ptr ptr;
	struct bch_extent_ptr p;
	u32 nr_sectors;
	int err = 0;

	if (!bch_node_ptr_get(k, &ptr))
		return 0;
	nr_sectors = ptr.nr_sectors ? min(ptr.nr_sectors, s->node_sectors) : s->node_sectors;
	for (u8 nr = 0; !err && bch_extent_ptr_next(&walk, &p); nr++) {
		count_copy(s, &p.ptr, &copies);
		err = add_piece(s, &p.ptr,
				(struct bch_scrub_piece){ .sector = p.ptr.offset_sectors,
							  .nr_sectors = nr_sectors,
							  .nr = nr });
	}
	if (!err)
		err = find_missing(s, &copies, BCH_SCRUB_btree_node, btree_id, level, k);
	return err || !copies.nr_there ? err : add_key(s, BCH_SCRUB_btree_node, btree_id, level, k);
}

static int add_block(struct bch_scrub *s, const struct bch_stripe *stripe, u8 nr,
		     const struct bch_ptr *p)
{
	u32 unit = stripe->csum_type ? bch_stripe_unit_sectors(stripe) : stripe->block_sectors;
	int err = 0;

	for (u32 at = 0; !err && at < stripe->block_sectors; at += unit)
		err = add_piece(s, p,
				(struct bch_scrub_piece){
					.sector = p->offset_sectors + at,
					.nr_sectors = min(stripe->block_sectors - at, unit),
					.at = at / unit,
					.nr = nr,
					.plain = !stripe->csum_type });
	return err;
}

/* Every block, with or without data in it: others may have to be computed from it. */
static int add_stripe(struct bch_scrub *s, const struct bch_key *k)
{
	struct bch_stripe stripe;
	struct bch_ptr p;
	bool stale;
	int err = 0;

	if (k->type != BCH_KEY_stripe || k->val.len < STRIPE_BYTES)
		return 0;
	bch_stripe_get(k, &stripe);
	if (!bch_stripe_is_usable(&stripe))
		return 0;
	for (u8 nr = 0; !err && nr < stripe.nr_blocks && bch_stripe_block(&stripe, nr, &p); nr++)
		if (bch_scrub_wanted(s, p.dev_idx) && !bch_ptr_is_stale(s->fs, &p, &stale) &&
		    !stale)
			err = add_block(s, &stripe, nr, &p);
	return err ? err : add_key(s, BCH_SCRUB_stripe, BCH_BTREE_stripes, 0, k);
}

/* ------------------------------------------------------------------ walks */

/* 0 to go on after what cannot be read: its copies are found to be bad as all others are. */
static int passed_over(struct bch_scrub *s, int err)
{
	if (err != -BCH_ERR_btree_node_read_failed)
		return err;
	s->incomplete = true;
	return 0;
}

static int add(struct bch_scrub *s, u8 btree_id, const struct bch_cursor *cur,
	       const struct bch_key *k)
{
	if (cur->nodes)
		return add_node(s, btree_id, (u8)(cur->level - 1), k);
	return btree_id == BCH_BTREE_stripes ? add_stripe(s, k) : add_data(s, btree_id, k);
}

static int walk(struct bch_scrub *s, u8 btree_id, struct bch_cursor *cur)
{
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(cur, &k))) {
		err = more < 0 ? passed_over(s, more) : add(s, btree_id, cur, &k);
		if (!err)
			err = bch_cancelled(s->fs->ctx) ? -BCH_ERR_cancelled : sweep_if_full(s);
	}
	return err;
}

static bool has_data(u8 btree_id)
{
	return btree_id == BCH_BTREE_extents || btree_id == BCH_BTREE_reflink ||
	       btree_id == BCH_BTREE_stripes;
}

static int walk_btree(struct bch_scrub *s, u8 btree_id)
{
	struct bch_btree_root root = bch_btree_root(s->fs, btree_id);
	int err = 0;

	if (root.state == BCH_ROOT_LOST)
		s->incomplete = true;
	for (u8 level = 0; !err && root.state == BCH_ROOT_PRESENT && level <= root.level; level++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor_nodes(s->fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);

		err = walk(s, btree_id, &cur);
	}
	if (!err && has_data(btree_id) && !s->opts->metadata) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(s->fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);

		err = walk(s, btree_id, &cur);
	}
	return err;
}

int bch_scrub_keys(struct bch_scrub *s)
{
	int err = 0;

	for (u32 id = 0; !err && id < BCH_BTREE_ID_MAX; id++)
		err = walk_btree(s, (u8)id);
	return err ? err : sweep(s);
}
