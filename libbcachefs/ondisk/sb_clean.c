// SPDX-License-Identifier: GPL-2.0-or-later
/* What a clean shutdown leaves: btree roots, clocks, the journal's place. Format reference: 01 §8.8. */

#include "ondisk/sb_private.h"

/* Sequence numbers end here: 01 §8.8. */
#define JOURNAL_SEQ_MAX ((1ULL << 63) - 1)

int bch_sb_validate_clean(const struct bch_super *super, struct bch_bytes body, unsigned flags,
			  struct bch_buf *why)
{
	const struct sb_clean *clean = bch_bytes_view(body, 0, sizeof(*clean));
	struct bch_bytes rest = bch_bytes_from(body, sizeof(*clean));
	struct bch_jset_entry entry;
	int more;

	if (!clean)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_clean,
				  "wrong size (got %zu should be %zu)", body.len + 8,
				  sizeof(*clean) + 8);
	if (le64_get(clean->journal_seq) > JOURNAL_SEQ_MAX)
		return bch_sb_why(why, -BCH_ERR_invalid_sb_clean,
				  "journal sequence number too big");
	while ((more = bch_jset_entry_next(&rest, &entry)) > 0)
		;
	/* One that was read so is good for all else: the journal knows what the section says. */
	return more && flags & BCH_SB_VALIDATE_WRITE
		       ? bch_sb_why(why, -BCH_ERR_invalid_sb_clean,
				    "entry past the end of the section")
		       : 0;
}

void bch_sb_show_clean(struct bch_facts *facts, const struct bch_sb_show *show,
		       struct bch_bytes body)
{
	const struct sb_clean *clean = bch_bytes_view(body, 0, sizeof(*clean));
	struct bch_bytes rest = bch_bytes_from(body, sizeof(*clean));
	struct bch_key_fs fs;
	const struct bch_key_context c = { .version = le16_get(show->super->sb->version),
					   .fs = &fs };
	struct bch_jset_entry e;

	if (!clean)
		return;
	bch_fact_u64(facts, "flags", le32_get(clean->flags));
	bch_fact_u64(facts, "journal_seq", le64_get(clean->journal_seq));

	bch_key_fs_init(&fs, show->super);
	bch_facts_list(facts, "entries");
	while (bch_jset_entry_next(&rest, &e) > 0) {
		struct bch_buf line bch_auto(buf) = { 0 };

		if (bch_jset_entry_is_filler(&e))
			continue; /* the section's spare room */
		bch_jset_entry_put(&line, &e, &c);
		bch_facts_heading(facts, "%s", bch_buf_str(&line));
		bch_fact_json_str(facts, NULL, bch_buf_str(&line));
	}
	bch_facts_end(facts);
}
