// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters that change: their keys. Format reference: 06 §7. */

#include "alloc/derive.h"

/* The version orders what was added to a counter: 06 §7.4. */
static void set_version(struct bch_derive *d, struct bch_key *k, u32 nr)
{
	u64 seq = d->opts->journal_seq;

	k->version_hi = (u32)(seq >> 32);
	k->version_lo = seq << 32 | nr;
}

static int put_counter(struct bch_derive *d, const struct bch_accounting *what,
		       const s64 change[BCH_ACCOUNTING_COUNTERS_MAX], u32 nr)
{
	struct bch_pos pos = bch_accounting_pos(what, d->version);
	u32 nr_counters = bch_accounting_nr_counters(what->type, d->version);
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	le64 v[BCH_ACCOUNTING_COUNTERS_MAX];
	struct bch_key k;
	bool zero = true;
	int more = bch_derive_find(d->fs, BCH_BTREE_accounting, pos, BCH_CURSOR_GIVEN, &cur, &k);

	if (more < 0)
		return more;
	for (u32 i = 0; i < nr_counters; i++) {
		u64 sum = (u64)change[i] + (more ? (u64)bch_accounting_counter(&k, i) : 0);

		v[i] = le64_of(sum);
		zero &= !sum;
	}
	bch_cursor_end(&cur);
	k = (struct bch_key){ .pos = pos, .type = zero ? BCH_KEY_deleted : BCH_KEY_accounting };
	if (!zero)
		k.val = (struct bch_bytes){ (const u8 *)v, nr_counters * sizeof(v[0]) };
	set_version(d, &k, nr);
	return bch_derive_put(d, BCH_BTREE_accounting, &k);
}

/* What the keys that come count for more than those that go. */
static int put_difference(struct bch_derive *d, const struct bch_counter *c, bool comes, u32 nr)
{
	struct bch_accounting what = bch_counter_what(c);
	const s64 *come = bch_counters_get(&d->new->counters, &what);
	const s64 *gone = bch_counters_get(&d->old->counters, &what);
	s64 change[BCH_ACCOUNTING_COUNTERS_MAX];
	bool any = false;

	for (u32 i = 0; i < BCH_ACCOUNTING_COUNTERS_MAX; i++) {
		change[i] = come[i] - gone[i];
		any |= change[i];
	}
	return any ? put_counter(d, &what, change, nr) : 0;
}

static bool is_in(const struct bch_counters *counters, const struct bch_counter *c)
{
	return bch_map_find(&counters->map, &c->pos);
}

int bch_derive_counters(struct bch_derive *d)
{
	const struct bch_counter *c;
	u32 nr = 1;
	int err = 0;

	for (c = bch_counters_next(&d->new->counters, NULL); c && !err;
	     c = bch_counters_next(&d->new->counters, c))
		err = put_difference(d, c, true, nr++);
	for (c = bch_counters_next(&d->old->counters, NULL); c && !err;
	     c = bch_counters_next(&d->old->counters, c))
		if (!is_in(&d->new->counters, c))
			err = put_difference(d, c, false, nr++);
	return err;
}
