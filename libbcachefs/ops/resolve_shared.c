// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From shared data to the files that show it. Nothing leads back from the btree reflink, so that all extents are walked
 * over, once for all that is asked. Format reference: 05 §6.4.
 */

#include "base/checked.h"
#include "ondisk/key_reflink.h"
#include "ops/resolve_private.h"

#define REFLINK_P_BYTES 16

/* A stretch of the btree reflink, and who asks for it. */
struct stretch {
	struct bch_question *q;
	u64 from, to;
};

struct stretches {
	BCH_ARRAY(struct stretch) a; /* by where they begin */
	u64 longest;
};

static int compare(const void *l, const void *r)
{
	const struct stretch *a = l, *b = r;

	return a->from < b->from ? -1 : a->from > b->from;
}

static int collect(struct bch_resolver *r, struct stretches *s)
{
	int err = 0;

	for (size_t i = 0; i < r->questions.nr; i++) {
		struct bch_question *q = r->questions.v[i];

		for (size_t j = 0; !err && j < q->answers.nr; j++) {
			const struct bch_answer *a = &q->answers.v[j];
			const struct stretch t = { q, a->from, a->to };

			if (!a->has_key || a->level || a->btree_id != BCH_BTREE_reflink)
				continue;
			if (t.to - t.from > s->longest)
				s->longest = t.to - t.from;
			err = bch_array_push(&s->a, t);
		}
	}
	if (s->a.nr)
		qsort(s->a.v, s->a.nr, sizeof(*s->a.v), compare);
	return err;
}

/* The first that may reach behind @from. */
static size_t find(const struct stretches *s, u64 from)
{
	size_t low = 0, high = s->a.nr;

	from -= from < s->longest ? from : s->longest;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->a.v[mid].from < from)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Of an extent @k that shows @idx and what follows: answers all that it shows a part of. */
static int answer_all(struct bch_resolver *r, const struct stretches *s, const struct bch_key *k,
		      u64 idx)
{
	u64 start = k->pos.offset - k->size, end;
	int err = 0;

	if (!bch_add(idx, (u64)k->size, &end))
		return 0;
	for (size_t i = find(s, idx); !err && i < s->a.nr && s->a.v[i].from < end; i++) {
		const struct stretch *t = &s->a.v[i];
		u64 from = t->from > idx ? t->from : idx, to = t->to < end ? t->to : end;

		if (from < to)
			err = bch_answer_key(r, t->q, BCH_BTREE_extents, 0, k, start + (from - idx),
					     start + (to - idx));
	}
	return err;
}

static int look_at(struct bch_resolver *r, const struct stretches *s, const struct bch_key *k)
{
	struct bch_reflink_p p;

	if (k->type != BCH_KEY_reflink_p || k->val.len < REFLINK_P_BYTES || k->size > k->pos.offset)
		return 0;
	p = bch_reflink_p_get(k, r->version);
	return answer_all(r, s, k, p.idx);
}

static int walk(struct bch_resolver *r, const struct stretches *s)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->fs, BCH_BTREE_extents, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		err = more < 0 ? bch_resolver_passed_over(r, more) : look_at(r, s, &k);
		if (!err && bch_cancelled(r->fs->ctx))
			err = -BCH_ERR_cancelled;
	}
	return err;
}

int bch_resolver_shared(struct bch_resolver *r)
{
	struct stretches s = { 0 };
	int err = collect(r, &s);

	if (!err && s.a.nr)
		err = walk(r, &s);
	bch_array_end(&s.a);
	return err;
}
