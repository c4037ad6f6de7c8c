// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of the journal and their records as facts, for lines of JSON. CLI 7.2, 2.10. */

#include "journal/show.h"

static void copy_facts(struct bch_facts *facts, const struct bch_journal_copy *c)
{
	bch_facts_object(facts, NULL);
	bch_fact_json_u64(facts, "device", c->dev_idx);
	bch_fact_json_u64(facts, "journal_bucket", c->ring_idx);
	bch_fact_json_u64(facts, "bucket_offset", c->bucket_offset);
	bch_fact_json_u64(facts, "sector", c->sector);
	bch_fact_bool(facts, "good", c->good);
	bch_facts_end(facts);
}

void bch_journal_entry_facts(struct bch_facts *facts, const struct bch_journal_entry *e)
{
	const struct bch_journal_copy *c = &e->copy[e->best];
	struct bch_buf version bch_auto(buf) = { 0 };

	bch_version_put(&version, (u16)c->version);
	bch_fact_json_u64(facts, "seq", e->seq);
	bch_fact_json_str(facts, "entry_version", bch_buf_str(&version));
	bch_fact_json_u64(facts, "last_seq", c->last_seq);
	bch_fact_bool(facts, "flush", bch_journal_is_flush(e));
	bch_fact_bool(facts, "blacklisted", e->use == BCH_JOURNAL_BLACKLISTED);
	bch_fact_bool(facts, "dirty", e->use == BCH_JOURNAL_REPLAYED);
	bch_facts_list(facts, "written_at");
	for (u32 i = 0; i < e->nr_copies; i++)
		copy_facts(facts, &e->copy[i]);
	bch_facts_end(facts);
}

static void keys_facts(struct bch_facts *facts, const struct bch_jset_entry *r,
		       const struct bch_key_context *c, const struct bch_journal_form *form)
{
	struct bch_key_context of_key = bch_jset_key_context(r, c);
	enum bch_key_facts_value as = form->no_values ? BCH_KEY_FACTS_NO_VALUE : BCH_KEY_FACTS_TEXT;
	struct bch_bytes rest = r->payload;
	struct bch_key k;
	int problem;

	bch_btree_facts(facts, &of_key);
	bch_facts_list(facts, "keys");
	while (bch_jset_key_next(&rest, &k, &problem)) {
		bch_facts_object(facts, NULL);
		if (problem == BCH_KEY_VALID)
			bch_key_facts(facts, &k, &of_key, as);
		else
			bch_fact_json_str(facts, "problem", bch_fsck_error_name((u64)problem));
		bch_facts_end(facts);
	}
	bch_facts_end(facts);
}

static void log_fact(struct bch_facts *facts, const struct bch_jset_entry *r)
{
	struct bch_bytes log = bch_jset_entry_log(r);
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_text(&text, log.p, log.len);
	bch_fact_json_str(facts, bch_jset_begins_transaction(r) ? "transaction" : "message",
			  bch_buf_str(&text));
}

static void number_facts(struct bch_facts *facts, const struct bch_jset_entry *r,
			 const struct bch_key_context *c)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_jset_entry_put(&text, r, c);
	bch_fact_json_str(facts, "text", bch_buf_str(&text));
	if (r->type == BCH_JSET_ENTRY_datetime)
		bch_fact_json_u64(facts, "time", bch_jset_entry_u64(r, 0));
}

void bch_journal_record_facts(struct bch_facts *facts, const struct bch_jset_entry *r,
			      const struct bch_key_context *c, const struct bch_journal_form *form)
{
	const char *name = bch_jset_entry_type_name(r->type);
	int problem = bch_jset_entry_validate(r, NULL);

	bch_fact_json_u64(facts, "type_nr", r->type);
	if (name)
		bch_fact_json_str(facts, "type", name);
	if (problem != BCH_KEY_VALID)
		bch_fact_json_str(facts, "problem", bch_fsck_error_name((u64)problem));
	else if (r->type == BCH_JSET_ENTRY_btree_root || bch_jset_entry_has_keys(r->type))
		keys_facts(facts, r, c, form);
	else if (r->type == BCH_JSET_ENTRY_log)
		log_fact(facts, r);
	else
		number_facts(facts, r, c);
}
