// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shared data: what is counted against what points to it, and pointers to what is not there. Format reference: 05 §6.4,
 * §6.5; 07 §4.3, §6.7.
 *
 * Counts are kept of as many shared extents as memory is given for. The first of them are counted in the scan; if there
 * are more, the pointers are walked once more for each such number.
 */

#include "base/checked.h"
#include "check/alloc_private.h"
#include "commit/commit.h"
#include "ondisk/key_reflink.h"

#define VERSION_ERROR BCH_VERSION(1, 16)

/* Indexes that a pointer with its pads leads to. */
struct range {
	u64 from, to;
};

static struct range range_of(const struct bch_check *c, const struct bch_key *k)
{
	struct bch_reflink_p p = bch_reflink_p_get(k, c->version);
	struct range r = { .from = p.idx < p.front_pad ? 0 : p.idx - p.front_pad };

	if (!bch_add(p.idx, (u64)k->size + p.back_pad, &r.to))
		r.to = BCH_U64_MAX;
	return r;
}

static bool is_shared(const struct bch_key *k)
{
	return k->type == BCH_KEY_reflink_v || k->type == BCH_KEY_indirect_inline_data;
}

/* ------------------------------------------------------------------ counting */

/* Room for the next of them, from shared_to on. */
static int load(struct bch_check *c)
{
	struct bch_check_alloc *a = c->alloc;
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_reflink, a->shared_to, BCH_SPOS_MAX);
	struct bch_key k;
	size_t room = bch_check_room(c, sizeof(struct bch_shared));
	int more = 0, err = 0;

	a->shared.a.nr = 0;
	a->shared_from = a->shared_to;
	while (!err && a->shared.a.nr < room && (more = bch_check_walk_next(&w, &k)) > 0) {
		const struct bch_shared s = { .start = k.pos.offset - k.size, .end = k.pos.offset };

		if (is_shared(&k))
			err = bch_array_push(&a->shared.a, s);
	}
	a->shared_to = more > 0 ? bch_pos_successor(k.pos) : BCH_SPOS_MAX;
	return err ? err : more < 0 ? more : 0;
}

int bch_shared_begin(struct bch_check *c)
{
	c->alloc->shared_to = BCH_POS_MIN;
	return load(c);
}

/* The first that ends behind @idx. */
static size_t find(const struct bch_check_alloc *a, u64 idx)
{
	size_t lo = 0, hi = a->shared.a.nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (a->shared.a.v[mid].end <= idx)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

int bch_shared_take(struct bch_check *c, const struct bch_key *k)
{
	struct bch_check_alloc *a = c->alloc;
	struct range r = range_of(c, k);
	u64 covered = bch_max(r.from, a->shared_from.offset);
	u64 known = a->shared_to.inode ? BCH_U64_MAX : a->shared_to.offset;

	for (size_t i = find(a, r.from); i < a->shared.a.nr && a->shared.a.v[i].start < r.to; i++) {
		struct bch_shared *s = &a->shared.a.v[i];

		s->nr_refs++;
		a->has_gaps |= s->start > covered;
		covered = s->end;
	}
	a->has_gaps |= covered < bch_min(r.to, known);
	return 0;
}

/* ------------------------------------------------------------------ counts */

static int repair_count(struct bch_check *c, const struct bch_key *k, u64 nr_refs)
{
	u8 val[BCH_KEY_VALUE_MAX];
	le64 count = le64_of(nr_refs);
	struct bch_key with = *k;

	if (!nr_refs)
		return bch_repair_delete(c, BCH_BTREE_reflink, k->pos);
	memcpy(val, k->val.p, k->val.len);
	memcpy(val, &count, sizeof(count));
	with.val.p = val;
	return bch_repair(c, BCH_BTREE_reflink, &with, BCH_UPDATE_QUIET);
}

static int check_count(struct bch_check *c, const struct bch_shared *s)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;
	int more = bch_check_key(c, BCH_BTREE_reflink, bch_pos(0, s->end), &cur, &k), yes;

	if (more <= 0 || !is_shared(&k) || k.val.len < sizeof(le64) ||
	    bch_reflink_refcount(&k) == s->nr_refs)
		return more < 0 ? more : 0;
	yes = bch_problem_key(c, BCH_FSCK_reflink_v_refcount_wrong, BCH_BTREE_reflink, &k,
			      "reflink key has wrong refcount: should be %" PRIu64, s->nr_refs);
	return yes > 0 ? repair_count(c, &k, s->nr_refs) : yes;
}

static int check_counts(struct bch_check *c)
{
	int err = 0;

	for (size_t i = 0; i < c->alloc->shared.a.nr && !err; i++)
		err = check_count(c, &c->alloc->shared.a.v[i]);
	return err;
}

/* ------------------------------------------------------------------ what is not there */

/* The first part of [@r->from, @r->to) that nothing covers. 1 where there is one. */
static int find_gap(struct bch_check *c, struct range r, struct range *gap)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		c->fs, BCH_BTREE_reflink, bch_pos(0, r.from), bch_pos(0, r.to), BCH_CURSOR_EXTENTS);
	struct bch_key k;
	u64 covered = r.from;
	int more;

	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		if (!is_shared(&k))
			continue;
		if (k.pos.offset - k.size > covered)
			break;
		covered = k.pos.offset;
	}
	if (more < 0)
		return more;
	*gap = (struct range){ covered, more ? bch_min(k.pos.offset - k.size, r.to) : r.to };
	return covered < r.to;
}

/* The part of @k that shows indexes from @from to @to. */
static int put_piece(struct bch_check *c, const struct bch_key *k, struct range r, bool is_gap)
{
	struct bch_reflink_p whole = bch_reflink_p_get(k, c->version), p = whole;
	u8 val[BCH_REFLINK_P_LEN];
	struct bch_key piece = *k;

	if (r.from >= r.to)
		return 0;
	p.idx = r.from;
	p.error |= is_gap;
	if (is_gap || r.from > whole.idx)
		p.front_pad = 0;
	if (is_gap || r.to < whole.idx + k->size)
		p.back_pad = 0;
	piece.pos.offset = k->pos.offset - k->size + (r.to - whole.idx);
	piece.size = (u32)(r.to - r.from);
	bch_reflink_p_put(&p, c->version, val);
	piece.val = (struct bch_bytes){ val, sizeof(val) };
	return bch_repair(c, BCH_BTREE_extents, &piece, 0);
}

/* What is missing is cut out, and leads nowhere from now on. */
static int cut_gap(struct bch_check *c, const struct bch_key *k, struct range gap)
{
	struct bch_reflink_p p = bch_reflink_p_get(k, c->version);
	u64 end = p.idx + k->size;
	int err;

	gap.from = bch_max(gap.from, p.idx);
	gap.to = bch_min(gap.to, end);
	err = put_piece(c, k, (struct range){ p.idx, gap.from }, false);
	if (!err)
		err = put_piece(c, k, gap, true);
	return err ? err : put_piece(c, k, (struct range){ gap.to, end }, false);
}

static int repair_gap(struct bch_check *c, const struct bch_key *k, struct range gap)
{
	struct bch_reflink_p p = bch_reflink_p_get(k, c->version);
	struct bch_key error = { .pos = k->pos, .size = k->size, .type = BCH_KEY_error };
	u8 val[BCH_REFLINK_P_LEN];
	struct bch_key shrunk = *k;

	shrunk.val = (struct bch_bytes){ val, sizeof(val) };
	if (gap.to <= p.idx) {
		p.front_pad = (u32)(p.idx - gap.to);
	} else if (gap.from >= p.idx + k->size) {
		p.back_pad = (u32)(gap.from - p.idx - k->size);
	} else {
		return c->version >= VERSION_ERROR ? cut_gap(c, k, gap)
						   : bch_repair(c, BCH_BTREE_extents, &error, 0);
	}
	bch_reflink_p_put(&p, c->version, val);
	return bch_repair(c, BCH_BTREE_extents, &shrunk, 0);
}

static int check_pointer(struct bch_check *c, const struct bch_key *k)
{
	struct range gap;
	int more, yes;

	if (k->type != BCH_KEY_reflink_p || bch_reflink_p_get(k, c->version).error)
		return 0;
	more = find_gap(c, range_of(c, k), &gap);
	if (more <= 0)
		return more;
	yes = bch_problem_key(c, BCH_FSCK_reflink_p_to_missing_reflink_v, BCH_BTREE_extents, k,
			      "pointer to missing indirect extent, missing range %" PRIu64
			      "-%" PRIu64,
			      gap.from, gap.to);
	return yes > 0 ? repair_gap(c, k, gap) : yes;
}

static int check_pointers(struct bch_check *c)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_extents, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more : check_pointer(c, &k);
	return err;
}

/* ------------------------------------------------------------------ all */

/* What points to the shared extents that are in memory now. */
static int count(struct bch_check *c)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		c->fs, BCH_BTREE_extents, BCH_POS_MIN, BCH_SPOS_MAX, BCH_CURSOR_COMMITTED);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)))
		err = more < 0 ? more : k.type == BCH_KEY_reflink_p ? bch_shared_take(c, &k) : 0;
	return err;
}

int bch_alloc_check_shared(struct bch_check *c)
{
	int err = check_counts(c);

	while (!err && bch_pos_compare(c->alloc->shared_to, BCH_SPOS_MAX)) {
		err = load(c);
		if (!err)
			err = count(c);
		if (!err)
			err = check_counts(c);
	}
	return err || !c->alloc->has_gaps ? err : check_pointers(c);
}
