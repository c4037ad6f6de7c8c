// SPDX-License-Identifier: GPL-2.0-or-later
/* Looks for pointers to places in all btrees, for when backpointers do not tell. One walk for all places. */

#include "ops/resolve_private.h"

/* Places that are asked for and not yet answered. */
struct places {
	BCH_ARRAY(struct bch_question *) a; /* by place */
};

static int compare_places(const struct bch_place *a, const struct bch_place *b)
{
	if (a->dev_idx != b->dev_idx)
		return a->dev_idx < b->dev_idx ? -1 : 1;
	return a->sector < b->sector ? -1 : a->sector > b->sector;
}

static int compare_questions(const void *l, const void *r)
{
	struct bch_question *const *a = l, *const *b = r;

	return compare_places(&(*a)->place, &(*b)->place);
}

static int collect(struct bch_resolver *r, struct places *places)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->questions.nr; i++) {
		struct bch_question *q = r->questions.v[i];

		if (q->has_place && !q->answers.nr)
			err = bch_array_push(&places->a, q);
	}
	if (places->a.nr)
		qsort(places->a.v, places->a.nr, sizeof(*places->a.v), compare_questions);
	return err;
}

/* The first that is not before @place. */
static size_t find(const struct places *places, const struct bch_place *place)
{
	size_t low = 0, high = places->a.nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_places(&places->a.v[mid]->place, place) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* A stretch that key @k leads to: all places in it are answered. */
static int answer_stretch(struct bch_resolver *r, const struct places *places, u8 btree_id,
			  u8 level, const struct bch_key *k, const struct bch_ptr *p, u64 len)
{
	const struct bch_place start = { p->dev_idx, p->offset_sectors };
	int err = 0;

	for (size_t i = find(places, &start); !err && i < places->a.nr; i++) {
		struct bch_question *q = places->a.v[i];
		u64 from, to;

		if (q->place.dev_idx != start.dev_idx || q->place.sector - start.sector >= len)
			break;
		if (bch_key_leads_to(r, k, level, &q->place, &from, &to))
			err = bch_answer_key(r, q, btree_id, level, k, from, to);
	}
	return err;
}

static int look_at(struct bch_resolver *r, const struct places *places, u8 btree_id, u8 level,
		   const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &r->fs->super);
	struct bch_extent_ptr p;
	int err = 0;

	while (!err && bch_extent_ptr_next(&walk, &p))
		err = answer_stretch(r, places, btree_id, level, k, &p.ptr,
				     level ? r->key_fs.node_sectors : p.crc.compressed_sectors);
	return err;
}

static int scan_keys(struct bch_resolver *r, const struct places *places, u8 btree_id, u8 level,
		     struct bch_cursor *cur)
{
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(cur, &k))) {
		err = more < 0 ? bch_resolver_passed_over(r, more)
			       : look_at(r, places, btree_id, level, &k);
		if (!err && bch_cancelled(r->fs->ctx))
			err = -BCH_ERR_cancelled;
	}
	return err;
}

/* The pointers to all nodes, and those in the leaves. */
static int scan_btree(struct bch_resolver *r, const struct places *places, u8 btree_id)
{
	struct bch_btree_root root = bch_btree_root(r->fs, btree_id);
	int err = 0;

	if (root.state == BCH_ROOT_ABSENT)
		return 0;
	for (u8 level = 0; !err && root.state == BCH_ROOT_PRESENT && level <= root.level; level++) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor_nodes(r->fs, btree_id, level, BCH_POS_MIN, BCH_SPOS_MAX);

		err = scan_keys(r, places, btree_id, level + 1, &cur);
	}
	if (!err && (btree_id == BCH_BTREE_extents || btree_id == BCH_BTREE_reflink)) {
		struct bch_cursor cur bch_auto(cursor) =
			bch_cursor(r->fs, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);

		err = scan_keys(r, places, btree_id, 0, &cur);
	}
	return err;
}

/* Stripes are few, and asked one by one. */
static int scan_stripes(struct bch_resolver *r, const struct places *places)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->fs, BCH_BTREE_stripes, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		u64 from, to;

		err = more < 0 ? bch_resolver_passed_over(r, more) : 0;
		for (size_t i = 0; more > 0 && !err && i < places->a.nr; i++)
			if (bch_key_leads_to(r, &k, 0, &places->a.v[i]->place, &from, &to))
				err = bch_answer_key(r, places->a.v[i], BCH_BTREE_stripes, 0, &k,
						     from, to);
	}
	return err;
}

int bch_resolver_scan(struct bch_resolver *r)
{
	struct places places = { 0 };
	int err = r->scans ? collect(r, &places) : 0;

	for (u8 id = 0; !err && places.a.nr && id < BCH_BTREE_NR; id++)
		err = scan_btree(r, &places, id);
	if (!err && places.a.nr)
		err = scan_stripes(r, &places);
	for (size_t i = 0; !err && i < places.a.nr; i++)
		if (!places.a.v[i]->answers.nr)
			err = bch_resolver_not_found(r, places.a.v[i]);
	bch_array_end(&places.a);
	return err;
}
