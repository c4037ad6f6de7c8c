// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys and positions as facts, for lines of JSON. CLI 2.10. */

#include "ondisk/key_facts.h"

void bch_pos_text_facts(struct bch_facts *facts, const char *name, struct bch_pos pos)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_put(&text, "%" PRIu64 ":%" PRIu64 ":%" PRIu32, pos.inode, pos.offset, pos.snapshot);
	bch_fact_json_str(facts, name, bch_buf_str(&text));
}

void bch_btree_facts(struct bch_facts *facts, const struct bch_key_context *c)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	bch_btree_name_put(&name, c->btree_id, c->version);
	bch_fact_json_str(facts, "btree", bch_buf_str(&name));
	bch_fact_json_u64(facts, "level", c->level);
}

void bch_key_facts(struct bch_facts *facts, const struct bch_key *k,
		   const struct bch_key_context *c, enum bch_key_facts_value as)
{
	const char *type = bch_key_type_name(k->type);
	struct bch_buf value bch_auto(buf) = { 0 };

	bch_pos_text_facts(facts, "pos", k->pos);
	bch_fact_json_u64(facts, "inode", k->pos.inode);
	bch_fact_json_u64(facts, "offset", k->pos.offset);
	bch_fact_json_u64(facts, "snapshot", k->pos.snapshot);
	bch_fact_json_u64(facts, "size", k->size);
	bch_fact_json_u64(facts, "bversion", k->version_lo);
	bch_fact_json_u64(facts, "type_nr", k->type);
	if (type)
		bch_fact_json_str(facts, "type", type);
	if (as == BCH_KEY_FACTS_TEXT) {
		bch_key_value_put(&value, k, c);
		bch_fact_json_str(facts, "value", bch_buf_str(&value));
	} else if (as == BCH_KEY_FACTS_RAW) {
		bch_buf_hex(&value, k->val.p, k->val.len);
		bch_fact_json_str(facts, "raw", bch_buf_str(&value));
	}
}
