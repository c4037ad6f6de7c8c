/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries of the journal as facts: journal/show_json.c for journal/show.c. CLI 7.2. */

#ifndef BCHFS_JOURNAL_SHOW_H
#define BCHFS_JOURNAL_SHOW_H

#include <bcachefs/journal.h>
#include "journal/records.h"
#include "ondisk/key_facts.h"

/* What an entry says of itself, and where it is. */
void bch_journal_entry_facts(struct bch_facts *facts, const struct bch_journal_entry *e);

/* One record of it, its keys judged and printed by @c. */
void bch_journal_record_facts(struct bch_facts *facts, const struct bch_jset_entry *r,
			      const struct bch_key_context *c, const struct bch_journal_form *form);

#endif
