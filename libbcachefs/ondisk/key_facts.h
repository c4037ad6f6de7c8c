/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and positions as facts, for lines of JSON. CLI 2.10. */

#ifndef BCHFS_ONDISK_KEY_FACTS_H
#define BCHFS_ONDISK_KEY_FACTS_H

#include <bcachefs/facts.h>
#include "ondisk/keys.h"

enum bch_key_facts_value {
	BCH_KEY_FACTS_NO_VALUE,
	BCH_KEY_FACTS_TEXT,
	BCH_KEY_FACTS_RAW, /* in hexadecimal */
};

/* "4096:0:4294967295", in numbers throughout. */
void bch_pos_text_facts(struct bch_facts *facts, const char *name, struct bch_pos pos);

/* The btree by its name in that version, and the level. */
void bch_btree_facts(struct bch_facts *facts, const struct bch_key_context *c);

/* A key's position as text and by parts, its header, and its value @as. */
void bch_key_facts(struct bch_facts *facts, const struct bch_key *k,
		   const struct bch_key_context *c, enum bch_key_facts_value as);

#endif
