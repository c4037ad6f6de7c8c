// SPDX-License-Identifier: GPL-2.0-or-later
/* A listed key: text, hexadecimal, or a line of JSON. CLI 7.1, 2.10. */

#include "ops/list_private.h"

void bch_list_color(struct bch_list *l, const char *color)
{
	if (l->opts->color)
		bch_buf_puts(&l->text, color);
}

static void put_text(struct bch_list *l, const struct bch_key *k, const struct bch_key_context *c)
{
	if (l->opts->raw) {
		bch_key_header_put(&l->text, k);
		bch_buf_puts(&l->text, ": ");
		bch_buf_hex(&l->text, k->val.p, k->val.len);
	} else {
		bch_key_text_put(&l->text, k, c);
	}
	bch_buf_newline(&l->text);
}

struct bch_facts *bch_list_json_begin(struct bch_list *l, const struct bch_key_context *c)
{
	struct bch_facts *facts = bch_facts_new(BCH_FACTS_JSON);

	if (facts)
		bch_btree_facts(facts, c);
	l->text.failed |= !facts;
	return facts;
}

void bch_list_json_end(struct bch_list *l, struct bch_facts *facts)
{
	const char *line = bch_facts_line(facts);

	if (line)
		bch_buf_puts(&l->text, line);
	l->text.failed |= !line;
	bch_facts_free(facts);
}

static void put_json(struct bch_list *l, const struct bch_key *k, const struct bch_key_context *c)
{
	struct bch_facts *facts = bch_list_json_begin(l, c);

	if (!facts)
		return;
	bch_key_facts(facts, k, c, l->opts->raw ? BCH_KEY_FACTS_RAW : BCH_KEY_FACTS_TEXT);
	bch_list_json_end(l, facts);
}

void bch_list_key(struct bch_list *l, const struct bch_key *k, const struct bch_key_context *c)
{
	if (l->opts->json)
		put_json(l, k, c);
	else
		put_text(l, k, c);
}
