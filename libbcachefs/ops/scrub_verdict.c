// SPDX-License-Identifier: GPL-2.0-or-later
/* What is bad in the batch, in the order of members, and whether another copy still has it. */

#include <stdlib.h>

#include "base/memory.h"
#include "ops/scrub_private.h"

#define DATA_SECTORS_MAX 8192 /* of a blob: larger keys cannot be */

/* Has this piece all that its key shows? */
static bool is_whole(const struct bch_scrub *s, const struct bch_scrub_piece *p)
{
	const struct bch_scrub_key *key = &s->keys.v[p->key];

	return key->kind == BCH_SCRUB_btree_node ||
	       (key->kind == BCH_SCRUB_data && (!p->plain || p->nr_sectors >= key->k.size));
}

static void note_good_copies(struct bch_scrub *s)
{
	for (u32 i = 0; i < s->nr_members; i++)
		for (size_t j = 0; j < s->members[i].pieces.nr; j++) {
			const struct bch_scrub_piece *p = &s->members[i].pieces.v[j];

			if (!p->err && is_whole(s, p))
				s->keys.v[p->key].has_good = true;
		}
}

/* ------------------------------------------------------------------ is it lost */

/* Members that are not checked may have it, a stripe may, or a copy that has no checksum. */
static int is_data_lost(struct bch_scrub *s, const struct bch_scrub_finding *f,
			const struct bch_key *k, bool *lost)
{
	u64 start = k->pos.offset - k->size, nr = f->to - f->from;
	void *buf;
	int err;

	*lost = true;
	if (nr > DATA_SECTORS_MAX)
		return 0;
	buf = bch_malloc(BCH_BYTES(nr) + 1);
	if (!buf)
		return -BCH_ERR_no_memory;
	err = bch_key_data_read(s->fs, k, f->from - start, nr, buf);
	free(buf);
	*lost = err;
	return err == -BCH_ERR_no_memory ? err : 0;
}

static int is_node_lost(struct bch_scrub *s, const struct bch_scrub_finding *f,
			const struct bch_key *k, bool *lost)
{
	struct bch_btree_node node;
	int err = bch_btree_node_read(s->fs, f->btree_id, f->level, k, &node);

	*lost = err || node.grade != BCH_NODE_GOOD;
	bch_btree_node_end(&node);
	return err == -BCH_ERR_no_memory ? err : 0;
}

static int is_lost(struct bch_scrub *s, const struct bch_scrub_piece *p,
		   struct bch_scrub_finding *f)
{
	const struct bch_scrub_key *key = &s->keys.v[p->key];
	struct bch_key k = bch_scrub_key_of(s, p);

	if (key->has_good || key->kind == BCH_SCRUB_stripe)
		return 0;
	return key->kind == BCH_SCRUB_data ? is_data_lost(s, f, &k, &f->lost)
					   : is_node_lost(s, f, &k, &f->lost);
}

/* ------------------------------------------------------------------ findings */

/* What of the key's range the piece holds; nothing of other kinds. */
static void range_of(const struct bch_scrub_key *key, const struct bch_scrub_piece *p,
		     struct bch_scrub_finding *f)
{
	u64 start = key->k.pos.offset - key->k.size;

	if (key->kind != BCH_SCRUB_data)
		return;
	f->from = start;
	f->to = key->k.pos.offset;
	if (p->at || (p->plain && p->nr_sectors < key->k.size)) {
		f->from = start + p->at;
		f->to = f->from + p->nr_sectors;
	}
}

/* @bytes of it are in no piece before it. */
static int take_down(struct bch_scrub *s, struct bch_scrub_member *m,
		     const struct bch_scrub_piece *p, u64 bytes)
{
	const struct bch_scrub_key *key = &s->keys.v[p->key];
	struct bch_scrub_finding f = {
		.kind = key->kind,
		.btree_id = key->btree_id,
		.level = key->level,
		.problem = p->problem,
		.err = p->err,
		.dev_idx = m->dev.dev_idx,
		.sector = p->sector,
		.bytes = bytes,
		.pos = key->k.pos,
		.block = p->nr,
	};
	struct bch_key k = bch_scrub_key_of(s, p);
	struct bch_stripe stripe;
	int err;

	if (key->kind == BCH_SCRUB_stripe) {
		bch_stripe_get(&k, &stripe);
		f.in_stripe = true;
		f.parity = p->nr >= stripe.nr_blocks - stripe.nr_redundant;
	} else {
		struct bch_extent_ptr ptr = bch_scrub_ptr_of(s, &k, p->nr);

		f.ptr_sector = ptr.ptr.offset_sectors;
		f.in_stripe = ptr.in_stripe;
	}
	range_of(key, p, &f);
	err = is_lost(s, p, &f);
	return err ? err : bch_scrub_found(s, &f);
}

int bch_scrub_verdict(struct bch_scrub *s)
{
	int err = 0;

	note_good_copies(s);
	for (u32 i = 0; i < s->nr_members; i++) {
		struct bch_scrub_member *m = &s->members[i];
		u64 end = 0; /* of what is bad so far */

		for (size_t j = 0; !err && j < m->pieces.nr; j++) {
			const struct bch_scrub_piece *p = &m->pieces.v[j];
			u64 start = p->sector > end ? p->sector : end;
			u64 piece_end = p->sector + p->nr_sectors, bytes = 0;

			if (!p->err || p->err == BCH_SCRUB_NOT_READ)
				continue;
			if (p->err == -BCH_ERR_no_memory)
				return p->err;
			if (piece_end > start) {
				bytes = BCH_BYTES(piece_end - start);
				end = piece_end;
			}
			m->dev.bad += bytes;
			err = take_down(s, m, p, bytes);
		}
	}
	return err;
}
