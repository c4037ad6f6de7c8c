// SPDX-License-Identifier: GPL-2.0-or-later
/* Journal sequence numbers that were never completed: journal_seq_blacklist. Format reference: 01 §8.9. */

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
