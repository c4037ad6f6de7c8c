// SPDX-License-Identifier: GPL-2.0-or-later
/* Does the superblock's clean section say what the journal's newest entry does? Format reference: 03 §7.3. */

#include "journal/records.h"

#include "ondisk/btree_ids.h"

/* Roots by btree; the bytes of keys are somebody else's. */
struct roots {
	struct {
		u8 level;
		struct bch_bytes key;
	} v[BCH_BTREE_ID_MAX];
};

static void take_root(struct roots *roots, const struct bch_jset_entry *e)
{
	if (e->type != BCH_JSET_ENTRY_btree_root || e->btree_id >= BCH_BTREE_ID_MAX)
		return;
	roots->v[e->btree_id].level = e->level;
	roots->v[e->btree_id].key = e->payload;
}

static bool is_same_root(const struct roots *a, const struct roots *b, u32 btree_id)
{
	struct bch_bytes x = a->v[btree_id].key, y = b->v[btree_id].key;

	return x.len == y.len && (!x.len || (a->v[btree_id].level == b->v[btree_id].level &&
					     !memcmp(x.p, y.p, x.len)));
}

/* Does any record hold keys that would have to be replayed? */
static bool has_keys(const struct bch_journal_records *records)
{
	for (size_t i = 0; i < records->of.a.nr; i++) {
		const struct bch_jset_entry *e = &records->of.a.v[i];

		if ((e->type == BCH_JSET_ENTRY_btree_keys ||
		     e->type == BCH_JSET_ENTRY_write_buffer_keys) &&
		    e->payload.len)
			return true;
	}
	return false;
}

/* Does the section lack any that the journal has? */
static bool compare_roots(const struct bch_journal *j, u64 seq, const struct roots *clean,
			  const struct roots *journal)
{
	bool lacks = false;

	for (u32 id = 0; id < BCH_BTREE_ID_MAX; id++) {
		struct bch_buf name bch_auto(buf) = { 0 };

		if (is_same_root(clean, journal, id))
			continue;
		bch_btree_name_put(&name, id, le16_get(j->fs->super.sb->version));
		bch_journal_problem(j, BCH_FSCK_sb_clean_btree_root_mismatch, seq,
				    "the superblock has another root of btree %s",
				    bch_buf_str(&name));
		lacks |= !clean->v[id].key.len;
	}
	return lacks;
}

/* Has the journal more than the section? Of two that say different things with one number the section counts. */
static bool compare(const struct bch_journal *j, u64 seq, struct bch_bytes clean,
		    const struct bch_journal_records *records)
{
	struct bch_bytes rest = bch_bytes_from(clean, sizeof(struct sb_clean));
	struct roots of_clean = { 0 }, of_journal = { 0 };
	u64 clean_seq = le64_get(((const struct sb_clean *)clean.p)->journal_seq);
	struct bch_jset_entry e;
	bool lacks;

	while (bch_jset_entry_next(&rest, &e) > 0)
		take_root(&of_clean, &e);
	for (size_t i = 0; i < records->of.a.nr; i++)
		take_root(&of_journal, &records->of.a.v[i]);

	if (has_keys(records))
		bch_journal_problem(j, BCH_FSCK_clean_but_journal_not_empty, seq,
				    "the superblock says that there is nothing to replay");
	if (clean_seq != seq)
		bch_journal_problem(j, BCH_FSCK_sb_clean_journal_seq_mismatch, seq,
				    "the superblock was clean after entry %" PRIu64, clean_seq);
	lacks = compare_roots(j, seq, &of_clean, &of_journal);
	return clean_seq < seq || (clean_seq == seq && (lacks || has_keys(records)));
}

int bch_journal_report_clean(const struct bch_journal *j, bool *behind)
{
	struct bch_bytes clean = bch_super_section(&j->fs->super, BCH_SECTION_clean);
	struct bch_journal_records records = { 0 };
	u64 seq = j->blacklist_seq - 1;
	size_t at = bch_journal_find(j, seq);
	int err;

	*behind = false;
	if (!bch_sb_flag(j->fs->super.sb, BCH_SB_CLEAN) || clean.len < sizeof(struct sb_clean) ||
	    !j->last_seq || at == j->entries.a.nr || j->entries.a.v[at].seq != seq)
		return 0;
	err = bch_journal_records_load(j, &j->entries.a.v[at], &records);
	if (!err)
		*behind = compare(j, seq, clean, &records);
	bch_journal_records_end(&records);
	return err;
}
