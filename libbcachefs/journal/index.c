// SPDX-License-Identifier: GPL-2.0-or-later
/* The entries of a journal out of their copies, the recovery point, gaps. Format reference: 03 §4.2 to §4.4. */

#include "journal/journal.h"

#include <stdlib.h>

#define LEFT_OUT_MAX 16384	       /* several starts: 03 §5 */
#define SEQ_MAX	     (BCH_U64_MAX / 2) /* sums do not overflow */

/* ------------------------------------------------------------------ copies to entries */

static int cmp_copy(const void *l, const void *r)
{
	const struct bch_journal_copy *a = l, *b = r;

	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	if (a->dev_idx != b->dev_idx)
		return a->dev_idx < b->dev_idx ? -1 : 1;
	return a->sector < b->sector ? -1 : a->sector > b->sector;
}

/* Numbers leave out no more than a start skips; a flipped bit may say any. */
static u64 find_limit(const struct bch_journal *j)
{
	u64 newest = 0;

	for (size_t i = 0; i < j->buckets.a.nr; i++) {
		const struct bch_journal_bucket *b = &j->buckets.a.v[i];

		for (size_t k = 0; k < b->copies.a.nr; k++)
			if (b->copies.a.v[k].good && b->copies.a.v[k].seq > newest)
				newest = b->copies.a.v[k].seq;
	}
	return newest && newest < SEQ_MAX - LEFT_OUT_MAX ? newest + LEFT_OUT_MAX : SEQ_MAX;
}

static int gather_copies(struct bch_journal *j)
{
	struct bch_journal_bucket *b = j->buckets.a.v;
	size_t nr = 0;
	int err;

	for (size_t i = 0; i < j->buckets.a.nr; i++)
		nr += b[i].copies.a.nr;
	err = bch_array_reserve(&j->copies.a, nr);
	if (err)
		return err;

	j->seq_limit = find_limit(j);
	j->copies.a.nr = 0;
	for (size_t i = 0; i < j->buckets.a.nr; i++)
		for (size_t k = 0; k < b[i].copies.a.nr; k++)
			if (b[i].copies.a.v[k].seq <= j->seq_limit)
				j->copies.a.v[j->copies.a.nr++] = b[i].copies.a.v[k];
	if (j->copies.a.nr)
		qsort(j->copies.a.v, j->copies.a.nr, sizeof(*j->copies.a.v), cmp_copy);
	return 0;
}

/* The last of the good ones, else the first. */
static u32 best_copy(const struct bch_journal_copy *copy, u32 nr)
{
	for (u32 i = nr; i-- > 0;)
		if (copy[i].good)
			return i;
	return 0;
}

static int group_copies(struct bch_journal *j)
{
	const struct bch_journal_copy *c = j->copies.a.v;
	size_t nr = j->copies.a.nr, end;
	int err = 0;

	j->entries.a.nr = 0;
	for (size_t i = 0; i < nr && !err; i = end) {
		struct bch_journal_entry e = { .seq = c[i].seq, .copy = &c[i] };

		for (end = i; end < nr && c[end].seq == e.seq; end++)
			e.nr_copies++;
		e.best = best_copy(e.copy, e.nr_copies);
		e.last_seq = e.copy[e.best].last_seq;
		e.last_seq = e.last_seq < e.seq ? e.last_seq : e.seq;
		err = bch_array_push(&j->entries.a, e);
	}
	return err;
}

/* ------------------------------------------------------------------ recovery point */

/* The newest entry that was a flush; one that is torn is forgiven. */
static void find_recovery_point(struct bch_journal *j)
{
	struct bch_journal_entry *e = j->entries.a.v;
	bool torn_seen = false;
	size_t i = j->entries.a.nr;

	j->last_seq = 0;
	j->start_seq = j->blacklist_seq = i ? e[i - 1].seq + 1 : 0;
	while (i-- > 0 && !j->last_seq) {
		if (!bch_journal_is_flush(&e[i]))
			continue;
		if (!e[i].copy[e[i].best].good && !torn_seen) {
			torn_seen = true;
			continue;
		}
		j->last_seq = e[i].last_seq;
		j->blacklist_seq = e[i].seq + 1;
	}
}

static enum bch_journal_use use_of(const struct bch_journal *j, const struct bch_journal_entry *e)
{
	if (!j->last_seq || e->seq >= j->blacklist_seq ||
	    bch_super_blacklisted(&j->fs->super, e->seq))
		return BCH_JOURNAL_BLACKLISTED;
	return e->seq < j->last_seq ? BCH_JOURNAL_NOT_DIRTY : BCH_JOURNAL_REPLAYED;
}

int bch_journal_index(struct bch_journal *j)
{
	int err = gather_copies(j);

	if (!err)
		err = group_copies(j);
	if (err)
		return err;
	find_recovery_point(j);
	for (size_t i = 0; i < j->entries.a.nr; i++)
		j->entries.a.v[i].use = use_of(j, &j->entries.a.v[i]);
	return 0;
}

bool bch_journal_use_newest(struct bch_journal *j)
{
	struct bch_journal_entry *e = j->entries.a.v;
	size_t i = j->entries.a.nr;

	while (i > 0 && !e[i - 1].copy[e[i - 1].best].good)
		i--;
	if (!i)
		return false;
	e[i - 1].use = BCH_JOURNAL_REPLAYED;
	j->last_seq = e[i - 1].seq;
	j->blacklist_seq = e[i - 1].seq + 1;
	return true;
}

/* ------------------------------------------------------------------ find */

size_t bch_journal_find(const struct bch_journal *j, u64 seq)
{
	return bch_array_place(&j->entries.a, seq, seq);
}

bool bch_journal_gap(const struct bch_journal *j, u64 *seq, u64 end, u64 *gap_end)
{
	size_t i = bch_journal_find(j, *seq);

	while (*seq < end) {
		u64 next = i < j->entries.a.nr ? j->entries.a.v[i].seq : end;
		struct bch_blacklist b;

		if (!bch_super_blacklist_find(&j->fs->super, *seq, &b))
			b = (struct bch_blacklist){ BCH_U64_MAX, BCH_U64_MAX };
		if (*seq == next) {
			(*seq)++;
			i++;
		} else if (b.start <= *seq) {
			*seq = b.end;
			i = bch_journal_find(j, *seq);
		} else {
			next = next < b.start ? next : b.start;
			*gap_end = next < end ? next : end;
			return true;
		}
	}
	return false;
}

u64 bch_journal_contiguous_from(const struct bch_journal *j)
{
	u64 first = j->entries.a.nr ? j->entries.a.v[0].seq : 0, gap_end;

	for (u64 seq = first; bch_journal_gap(j, &seq, j->blacklist_seq, &gap_end); seq = gap_end)
		first = gap_end;
	return first;
}
