// SPDX-License-Identifier: GPL-2.0-or-later
/* Journal sequence numbers that were never completed: journal_seq_blacklist. Format reference: 01 §8.9. */

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ondisk/sb_private.h"

#define ENTRY_BYTES sizeof(struct bch_blacklist_disk)

static bool entry_at(struct bch_bytes body, u32 i, struct bch_blacklist *b)
{
	const void *p = bch_bytes_view(body, i * ENTRY_BYTES, ENTRY_BYTES);

	if (!p)
		return false;
	bch_blacklist_get(b, p, ENTRY_BYTES);
	return true;
}

bool bch_super_blacklist_find(const struct bch_super *super, u64 seq, struct bch_blacklist *range)
{
	struct bch_bytes body = bch_super_section(super, BCH_SECTION_journal_seq_blacklist);
	u32 lo = 0, hi = (u32)(body.len / ENTRY_BYTES);
	struct bch_blacklist b; /* @range stays as it is where there is none */

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (entry_at(body, mid, &b) && b.end > seq)
			hi = mid;
		else
			lo = mid + 1;
	}
	return entry_at(body, lo, range);
}

/* Takes out of @all[0..nr) what overlaps or touches @range, which grows to cover it. Returns where @range belongs. */
static u32 absorb(struct bch_blacklist *all, u32 *nr, struct bch_blacklist *range)
{
	u32 at = 0, kept = 0;

	for (u32 i = 0; i < *nr; i++) {
		struct bch_blacklist b = all[i];

		if (range->end < b.start || range->start > b.end) {
			at += b.end < range->start;
			all[kept++] = b;
			continue;
		}
		range->start = b.start < range->start ? b.start : range->start;
		range->end = b.end > range->end ? b.end : range->end;
	}
	*nr = kept;
	return at;
}

int bch_super_blacklist_add(struct bch_super *super, struct bch_blacklist range)
{
	struct bch_bytes body = bch_super_section(super, BCH_SECTION_journal_seq_blacklist);
	u32 nr = (u32)(body.len / ENTRY_BYTES), at;
	struct bch_blacklist *all = bch_calloc(nr + 1, sizeof(*all));
	int err;

	if (!all)
		return -BCH_ERR_no_memory;
	for (u32 i = 0; i < nr; i++)
		(void)entry_at(body, i, &all[i]);
	at = absorb(all, &nr, &range);
	memmove(&all[at + 1], &all[at], (nr - at) * sizeof(*all));
	all[at] = range;
	nr++;

	err = bch_super_section_resize(super, BCH_SECTION_journal_seq_blacklist, nr * ENTRY_BYTES);
	for (u32 i = 0; i < nr && !err; i++)
		bch_blacklist_put(&all[i],
				  bch_super_section_mut(super, BCH_SECTION_journal_seq_blacklist) +
					  i * ENTRY_BYTES,
				  ENTRY_BYTES);
	if (!err)
		super->sb->features[0] = le64_of(le64_get(super->sb->features[0]) |
						 1ULL << BCH_FEATURE_journal_seq_blacklist_v3);
	free(all);
	return err;
}

int bch_sb_validate_journal_seq_blacklist(const struct bch_super *super, struct bch_bytes body,
					  unsigned flags, struct bch_buf *why)
{
	int err = -BCH_ERR_invalid_sb_journal_seq_blacklist;
	struct bch_blacklist b;
	u64 end = 0;

	for (u32 i = 0; entry_at(body, i, &b); i++) {
		if (b.start >= b.end)
			return bch_sb_why(why, err,
					  "entry %u start >= end (%" PRIu64 " >= %" PRIu64 ")", i,
					  b.start, b.end);
		if (end > b.start)
			return bch_sb_why(why, err, "entry %u before end of the previous one", i);
		end = b.end;
	}
	return 0;
}

void bch_sb_show_journal_seq_blacklist(struct bch_facts *facts, const struct bch_sb_show *show,
				       struct bch_bytes body)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	struct bch_blacklist b;

	bch_facts_list(facts, "ranges");
	for (u32 i = 0; entry_at(body, i, &b); i++) {
		bch_facts_object(facts, NULL);
		bch_fact_json_u64(facts, "start", b.start);
		bch_fact_json_u64(facts, "end", b.end);
		bch_facts_end(facts);
		bch_buf_put(&line, "%s%" PRIu64 "-%" PRIu64, i ? " " : "", b.start, b.end);
	}
	bch_facts_end(facts);
	bch_facts_heading(facts, "%s", bch_buf_str(&line));
}
