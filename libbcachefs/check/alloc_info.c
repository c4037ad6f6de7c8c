// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each bucket's alloc key against the indexes of buckets: freespace, need_discard. Format reference: 06 §4, §14.3;
 * 07 §4.5.
 *
 * One walk over alloc keys and the holes between them, in step with need_discard and with freespace, whose runs are in
 * the order of buckets for each of the 16 values of the generation bits.
 */

#include <stdlib.h>

#include "base/checked.h"
#include "base/memory.h"
#include "check/alloc_private.h"
#include "commit/commit.h"
#include "ondisk/data_types.h"

#define NR_GENBITS     16
#define GENBITS_SHIFT  56
#define RUN_MAX	       ((1ULL << 32) - 2) /* buckets in a key */
#define VERSION_BY_SEQ BCH_VERSION(1, 38) /* need_discard has another order */

int bch_repair_set(struct bch_check *c, u8 btree_id, struct bch_pos pos, u32 size, bool there)
{
	const struct bch_key k = { .pos = pos,
				   .size = there ? size : 0,
				   .type = there ? BCH_KEY_set : BCH_KEY_deleted };

	return bch_repair(c, btree_id, &k, BCH_UPDATE_QUIET);
}

int bch_alloc_read(struct bch_check *c, u32 dev_idx, u64 bucket, struct bch_alloc *a)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;
	int more = bch_check_key(c, BCH_BTREE_alloc, bch_pos(dev_idx, bucket), &cur, &k);

	*a = (struct bch_alloc){ 0 };
	if (more > 0 && bch_alloc_get(&k, c->version, a) != BCH_KEY_VALID)
		*a = (struct bch_alloc){ 0 };
	return more;
}

bool bch_alloc_has_freespace(const struct bch_check *c, u32 dev_idx)
{
	struct bch_member m;

	return bch_super_member(&c->fs->super, dev_idx, &m) && bch_member_FREESPACE_INITIALIZED(&m);
}

/* ------------------------------------------------------------------ a member's runs of free buckets */

struct runs {
	struct bch_check_walk walk;
	u64 start, end; /* the run at hand; @start from end on: none is left */
	bool open;
};

struct member {
	struct bch_check *c;
	u32 dev_idx;
	bool has_freespace;
	struct bch_check_walk need_discard;
	struct bch_pos discard; /* the key at hand */
	bool has_discard;
	struct runs runs[NR_GENBITS];
};

static int next_run(struct member *m, struct runs *r)
{
	struct bch_key k;
	int more = bch_check_walk_next(&r->walk, &k);

	r->end = more > 0 ? k.pos.offset : BCH_U64_MAX;
	r->start = more > 0 ? k.pos.offset - k.size : BCH_U64_MAX;
	return more < 0 ? more : 0;
}

/* The run that holds @offset or begins behind it. Offsets ascend. */
static int seek_run(struct member *m, u64 offset, struct runs **runs)
{
	u32 genbits = (u32)(offset >> GENBITS_SHIFT);
	struct runs *r = *runs = &m->runs[genbits];
	int err = 0;

	if (!r->open) {
		u64 first = (u64)genbits << GENBITS_SHIFT;

		r->open = true;
		r->walk = bch_check_walk(m->c, BCH_BTREE_freespace, bch_pos(m->dev_idx, first + 1),
					 bch_pos(m->dev_idx, first + (1ULL << GENBITS_SHIFT)));
	}
	while (!err && r->end <= offset)
		err = next_run(m, r);
	return err;
}

/* ------------------------------------------------------------------ texts */

/* What is set without a problem where a member's freespace was never filled; -n leaves it. */
static int agree(const struct member *m)
{
	return m->c->opts->answer != BCH_FSCK_NO;
}

static int tell_index(const struct member *m, u32 id, const char *index, u64 bucket,
		      const struct bch_alloc *a, bool is_there)
{
	struct bch_buf type bch_auto(buf) = { 0 };

	if (!m->has_freespace)
		return agree(m);
	bch_buf_choice(&type, bch_data_type_names, a->data_type);
	return bch_problem(m->c, id,
			   "incorrect key in %s btree: bucket %u:%" PRIu64
			   " gen %u data type %s: got %s, should be %s",
			   index, m->dev_idx, bucket, a->gen, bch_buf_str(&type),
			   is_there ? "set" : "deleted", is_there ? "deleted" : "set");
}

/* ------------------------------------------------------------------ a bucket */

/* One bucket out of a run, whose key stands at its end. */
static int take_out(struct member *m, const struct runs *r, u64 offset)
{
	int err = bch_repair_set(m->c, BCH_BTREE_freespace, bch_pos(m->dev_idx, r->end),
				 (u32)(r->end - offset - 1), r->end > offset + 1);

	if (err || offset <= r->start)
		return err;
	return bch_repair_set(m->c, BCH_BTREE_freespace, bch_pos(m->dev_idx, offset),
			      (u32)(offset - r->start), true);
}

static int check_free(struct member *m, u64 bucket, const struct bch_alloc *a)
{
	u64 offset = bucket | (u64)(bch_alloc_gc_gen(a) >> 4) << GENBITS_SHIFT;
	bool is_free = a->data_type == BCH_DATA_free, is_there;
	struct runs *r;
	int yes, err = seek_run(m, offset, &r);

	if (err)
		return err;
	is_there = r->start <= offset && r->end != BCH_U64_MAX;
	if (is_there == is_free)
		return 0;
	yes = tell_index(m, BCH_FSCK_freespace_key_wrong, "freespace", bucket, a, is_there);
	if (yes <= 0)
		return yes;
	if (!is_there)
		return bch_repair_set(m->c, BCH_BTREE_freespace, bch_pos(m->dev_idx, offset + 1), 1,
				      true);
	err = take_out(m, r, offset);
	r->start = offset + 1;
	return err;
}

static int check_need_discard(struct member *m, u64 bucket, const struct bch_alloc *a)
{
	struct bch_pos pos = bch_pos(m->dev_idx, bucket);
	bool wanted = a->data_type == BCH_DATA_need_discard, is_there;
	struct bch_key k;
	int more = 1, yes;

	while (more > 0 && (!m->has_discard || bch_pos_compare(m->discard, pos) < 0)) {
		more = bch_check_walk_next(&m->need_discard, &k);
		m->discard = more > 0 ? k.pos : BCH_SPOS_MAX;
		m->has_discard = true;
	}
	is_there = !bch_pos_compare(m->discard, pos);
	if (more < 0 || is_there == wanted)
		return more < 0 ? more : 0;
	yes = tell_index(m, BCH_FSCK_need_discard_key_wrong, "need_discard", bucket, a, is_there);
	return yes > 0 ? bch_repair_set(m->c, BCH_BTREE_need_discard, pos, 0, wanted) : yes;
}

/* ------------------------------------------------------------------ buckets without a key */

static int fill(struct member *m, u64 from, u64 to)
{
	int yes = m->has_freespace
			  ? bch_problem(m->c, BCH_FSCK_freespace_hole_missing,
					"hole in alloc btree missing in freespace btree device "
					"%u buckets %" PRIu64 "-%" PRIu64,
					m->dev_idx, from, to)
			  : agree(m);
	int err = yes < 0 ? yes : 0;

	while (yes > 0 && !err && from < to) {
		u64 nr = bch_min(to - from, RUN_MAX);

		from += nr;
		err = bch_repair_set(m->c, BCH_BTREE_freespace, bch_pos(m->dev_idx, from), (u32)nr,
				     true);
	}
	return err;
}

static int check_hole(struct member *m, u64 from, u64 to)
{
	struct runs *r;
	int err = 0;

	while (!err && from < to) {
		err = seek_run(m, from, &r);
		if (!err && r->start > from)
			err = fill(m, from, bch_min(r->start, to));
		from = bch_min(r->end, to);
	}
	return err;
}

/* ------------------------------------------------------------------ all of a member's */

static int check_no_bucket(struct bch_check *c, const struct bch_key *k)
{
	int yes = bch_problem_key(c, BCH_FSCK_alloc_key_to_missing_dev_bucket, BCH_BTREE_alloc, k,
				  "alloc key for invalid device:bucket %" PRIu64 ":%" PRIu64,
				  k->pos.inode, k->pos.offset);
	const struct bch_key gone = { .pos = k->pos };

	return yes > 0 ? bch_repair(c, BCH_BTREE_alloc, &gone, BCH_UPDATE_QUIET) : yes;
}

static int check_bucket(struct member *m, const struct bch_key *k)
{
	struct bch_alloc a;
	int err;

	if (bch_alloc_get(k, m->c->version, &a) != BCH_KEY_VALID)
		return 0;
	err = check_free(m, k->pos.offset, &a);
	return err || m->c->version >= VERSION_BY_SEQ ? err
						      : check_need_discard(m, k->pos.offset, &a);
}

static int check_buckets(struct member *m)
{
	const struct bch_key_dev *d = &m->c->key_fs.devs[m->dev_idx];
	struct bch_check_walk w bch_auto(check_walk) = bch_check_walk(
		m->c, BCH_BTREE_alloc, bch_pos(m->dev_idx, 0), bch_pos(m->dev_idx, BCH_U64_MAX));
	u64 next = d->first_bucket;
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k))) {
		if (more < 0)
			return more;
		if (!bch_alloc_exists(m->c, m->dev_idx, k.pos.offset)) {
			err = check_no_bucket(m->c, &k);
			continue;
		}
		err = check_hole(m, next, k.pos.offset);
		if (!err)
			err = check_bucket(m, &k);
		next = k.pos.offset + 1;
	}
	return err ? err : check_hole(m, next, d->nr_buckets);
}

static int check_member(struct bch_check *c, u32 dev_idx)
{
	struct member *m = bch_calloc(1, sizeof(*m));
	int err;

	if (!m)
		return -BCH_ERR_no_memory;
	m->c = c;
	m->dev_idx = dev_idx;
	m->has_freespace = bch_alloc_has_freespace(c, dev_idx);
	if (!m->has_freespace)
		c->freespace_made[dev_idx / 64] |= 1ULL << dev_idx % 64;
	m->need_discard = bch_check_walk(c, BCH_BTREE_need_discard, bch_pos(dev_idx, 0),
					 bch_pos(dev_idx, BCH_U64_MAX));
	err = check_buckets(m);
	bch_check_walk_end(&m->need_discard);
	for (u32 i = 0; i < NR_GENBITS; i++)
		if (m->runs[i].open)
			bch_check_walk_end(&m->runs[i].walk);
	free(m);
	return err;
}

/* Alloc keys of devices that are none. */
static int check_no_member(struct bch_check *c, struct bch_pos from, struct bch_pos to)
{
	struct bch_check_walk w bch_auto(check_walk) = bch_check_walk(c, BCH_BTREE_alloc, from, to);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more : check_no_bucket(c, &k);
	return err;
}

int bch_check_alloc_info(struct bch_check *c)
{
	int err = 0;

	if (!bch_alloc_is_checked(c))
		return 0;
	for (u32 i = 0; i < BCH_SB_MAX_MEMBERS && !err; i++)
		err = c->key_fs.devs[i].bucket_sectors
			      ? check_member(c, i)
			      : check_no_member(c, bch_pos(i, 0), bch_pos(i, BCH_U64_MAX));
	if (!err)
		err = check_no_member(c, bch_pos(BCH_SB_MAX_MEMBERS, 0), BCH_SPOS_MAX);
	if (!err)
		err = bch_alloc_check_free_entries(c);
	return err ? err : bch_alloc_check_gens(c);
}
