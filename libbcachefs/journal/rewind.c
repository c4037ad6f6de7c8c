// SPDX-License-Identifier: GPL-2.0-or-later
/* Going back in the journal: how far, and whether the entries on the way allow it. Format reference: 08 §3.2, §3.4. */

#include "journal/records.h"

#include "ondisk/btree_ids.h"
#include "ondisk/pos.h"

/* From here on entries say so when they hold all that they overwrote, and how far back one may go. */
#define VERSION_OVERWRITES BCH_VERSION(1, 37)

#define B(name) (1ULL << BCH_BTREE_##name)

/* What is kept about space is not rewound. */
#define ALLOC_BTREES                                                                             \
	(B(alloc) | B(lru) | B(freespace) | B(need_discard) | B(backpointers) | B(bucket_gens) | \
	 B(accounting) | B(stripe_backpointers) | B(rebalance_work) | B(reconcile_hipri) |       \
	 B(reconcile_pending) | B(reconcile_scan))

/* Written through a buffer: what they overwrite is not known when they are journalled. */
#define WRITE_BUFFERED (B(deleted_inodes) | B(reconcile_work_phys) | B(reconcile_hipri_phys))

static bool is_among(const struct bch_jset_entry *record, u64 btrees)
{
	return record->btree_id < 64 && btrees >> record->btree_id & 1;
}

bool bch_rewind_takes(const struct bch_jset_entry *record)
{
	return !record->level && !is_among(record, ALLOC_BTREES);
}

/* ------------------------------------------------------------------ limit */

/* The limit that an entry tells; 0: it does not. */
static int limit_of(struct bch_journal *j, const struct bch_journal_entry *e, u64 *limit)
{
	struct bch_journal_records records bch_auto(journal_records) = { 0 };
	int err = bch_journal_records_load(j, e, &records);

	*limit = 0;
	for (size_t i = 0; i < records.of.a.nr && !err; i++)
		if (records.of.a.v[i].type == BCH_JSET_ENTRY_rewind_limit)
			*limit = bch_jset_entry_u64(&records.of.a.v[i], 0);
	return err;
}

int bch_journal_rewind_limit(struct bch_journal *j, u64 *limit, bool *said)
{
	bool newer = le16_get(j->fs->super.sb->version) >= VERSION_OVERWRITES;
	int err;

	*said = newer;
	if (!j->last_seq)
		return -BCH_ERR_not_found;
	if (newer) {
		err = limit_of(j, &j->entries.a.v[bch_journal_find(j, j->blacklist_seq - 1)],
			       limit);
		*limit = *limit ? *limit : j->last_seq;
		return err;
	}
	err = bch_journal_reach(j, 0);
	if (!err)
		*limit = bch_journal_contiguous_from(j);
	return err;
}

/* ------------------------------------------------------------------ the way back */

/* Is each key that is to be rewound led in by what it overwrote? */
static bool holds_overwrites(const struct bch_journal_records *records)
{
	struct bch_key old = { 0 }, new;
	int old_btree = -1, problem;

	for (size_t i = 0; i < records->of.a.nr; i++) {
		const struct bch_jset_entry *record = &records->of.a.v[i];
		struct bch_bytes rest = record->payload;

		if (!bch_rewind_takes(record) || is_among(record, WRITE_BUFFERED))
			continue;
		if (record->type == BCH_JSET_ENTRY_overwrite &&
		    bch_jset_key_next(&rest, &old, &problem))
			old_btree = record->btree_id;
		if (record->type == BCH_JSET_ENTRY_btree_keys &&
		    bch_jset_key_next(&rest, &new, &problem) &&
		    (record->btree_id != old_btree || bch_pos_compare(old.pos, new.pos)))
			return false;
	}
	return true;
}

static int check_way_back(struct bch_journal *j, const struct bch_rewind *rewind)
{
	struct bch_journal_records records bch_auto(journal_records) = { 0 };
	size_t end = bch_journal_find(j, rewind->from + 1);
	int err = 0;

	for (size_t i = bch_journal_find(j, rewind->to + 1); i < end && !err; i++) {
		const struct bch_journal_entry *e = &j->entries.a.v[i];

		if (e->use == BCH_JOURNAL_BLACKLISTED ||
		    bch_jset_HAS_OVERWRITES(e->copy[e->best].flags))
			continue;
		err = bch_journal_records_load(j, e, &records);
		if (!err && !holds_overwrites(&records))
			err = bch_error_whole(
				j->fs->ctx, -BCH_ERR_refused,
				"journal entry %" PRIu64
				" does not say what it overwrote: cannot rewind past it",
				e->seq);
	}
	return err;
}

int bch_journal_rewind(struct bch_journal *j, u64 to, struct bch_rewind *rewind)
{
	u64 limit, gap = to + 1, gap_end;
	bool said;
	int err = bch_journal_rewind_limit(j, &limit, &said);

	if (!err)
		err = bch_journal_reach(j, to);
	if (err)
		return err;
	*rewind = (struct bch_rewind){ j->blacklist_seq - 1, to };
	if (to < limit || to > rewind->from)
		return bch_error_whole(j->fs->ctx, -BCH_ERR_out_of_range,
				       "the journal can be rewound to entries %" PRIu64
				       " to %" PRIu64 ", not to %" PRIu64,
				       limit, rewind->from, to);
	if (bch_journal_gap(j, &gap, rewind->from, &gap_end))
		return bch_error_whole(j->fs->ctx, -BCH_ERR_refused,
				       "journal entries %" PRIu64 " to %" PRIu64
				       " are missing: cannot rewind past them",
				       gap, gap_end - 1);
	return check_way_back(j, rewind);
}
