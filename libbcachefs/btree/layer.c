// SPDX-License-Identifier: GPL-2.0-or-later
/* Merging layers of keys, and the rule by which accounting adds up. Format reference: 03 §6.3, §6.4. */

#include "btree/layer.h"

struct version {
	u32 hi;
	u64 lo;
};

static struct version version_of(const struct bch_key *k)
{
	return (struct version){ k->version_hi, k->version_lo };
}

static bool is_later(struct version a, struct version b)
{
	return a.hi != b.hi ? a.hi > b.hi : a.lo > b.lo;
}

/*
 * Adds @delta to @sum, whose value is kept in @buf (BCH_KEY_VALUE_MAX bytes), unless what lies below, of version
 * @applied, has it already. Format reference: 03 §6.4, 06 §7.4.
 */
static void accumulate(struct bch_key *sum, const struct bch_key *delta, struct version applied,
		       u8 *buf)
{
	size_t old = sum->type == BCH_KEY_accounting ? sum->val.len : 0;
	size_t len = old > delta->val.len ? old : delta->val.len;

	if (!is_later(version_of(delta), applied) || len > BCH_KEY_VALUE_MAX)
		return;
	if (old && sum->val.p != buf)
		memcpy(buf, sum->val.p, old);
	memset(buf + old, 0, len - old);

	for (size_t i = 0; i + 8 <= delta->val.len; i += 8) {
		le64 a, b;

		memcpy(&a, buf + i, sizeof(a));
		memcpy(&b, delta->val.p + i, sizeof(b));
		a = le64_of(le64_get(a) + le64_get(b));
		memcpy(buf + i, &a, sizeof(a));
	}
	if (is_later(version_of(delta), version_of(sum))) {
		sum->version_hi = delta->version_hi;
		sum->version_lo = delta->version_lo;
	}
	sum->type = BCH_KEY_accounting;
	sum->val = (struct bch_bytes){ buf, len };
}

void bch_layers_seek(struct bch_layers *l, struct bch_pos start, struct bch_pos end, int dir)
{
	l->dir = dir;
	l->end = end;
	for (u32 i = 0; i < l->nr; i++)
		l->v[i].ops->seek(&l->v[i], start, dir);
}

/* The next position at which a layer has a key. False behind the end of the range. */
static bool next_pos(const struct bch_layers *l, struct bch_pos *pos)
{
	const struct bch_layer *first = NULL;

	for (u32 i = 0; i < l->nr; i++)
		if (l->v[i].has &&
		    (!first || bch_pos_compare(l->v[i].key.pos, first->key.pos) * l->dir < 0))
			first = &l->v[i];
	if (!first || bch_pos_compare(first->key.pos, l->end) * l->dir > 0)
		return false;
	*pos = first->key.pos;
	return true;
}

/* Of a layer whose keys all have different positions there is nothing to merge. */
static bool next_of_one(struct bch_layers *l, struct bch_key *k)
{
	struct bch_layer *one = &l->v[0];

	do {
		if (!one->has || bch_pos_compare(one->key.pos, l->end) * l->dir > 0)
			return false;
		*k = one->key;
		one->ops->step(one, l->dir);
	} while (k->type == BCH_KEY_deleted);
	return true;
}

/* What all layers together have at @pos; they move on. */
static struct bch_key merge_at(struct bch_layers *l, struct bch_pos pos)
{
	struct bch_key k = { .pos = pos, .type = BCH_KEY_deleted };
	struct version applied = { 0 };

	for (u32 i = 0; i < l->nr; i++) {
		struct bch_layer *layer = &l->v[i];

		for (; layer->has && !bch_pos_compare(layer->key.pos, pos);
		     layer->ops->step(layer, l->dir)) {
			if (layer->deltas && layer->key.type == BCH_KEY_accounting) {
				accumulate(&k, &layer->key, applied, l->sum);
			} else {
				k = layer->key;
				applied = version_of(&k);
			}
		}
	}
	if (k.val.p == l->sum && bch_bytes_are_zero(k.val))
		k.type = BCH_KEY_deleted; /* counters that became zero are as if never counted */
	return k;
}

bool bch_layers_next(struct bch_layers *l, struct bch_key *k)
{
	struct bch_pos pos;

	if (l->nr == 1 && !l->v[0].deltas)
		return next_of_one(l, k);
	while (next_pos(l, &pos)) {
		*k = merge_at(l, pos);
		if (k->type != BCH_KEY_deleted)
			return true;
	}
	return false;
}
