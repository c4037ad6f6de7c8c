/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of one journal entry as an array, for those who walk them. */

#ifndef BCHFS_JOURNAL_RECORDS_H
#define BCHFS_JOURNAL_RECORDS_H

#include "journal/journal.h"

/* All zero is an empty one; loads use its memory again. */
struct bch_journal_records {
	struct bch_journal_buf buf;
	struct {
		BCH_ARRAY(struct bch_jset_entry) a;
	} of;
	bool overrun; /* the last record went past the end: it is left out */
};

/* Gives the memory back. */
void bch_journal_records_end(struct bch_journal_records *records);
static inline void bch_journal_records_cleanup(struct bch_journal_records *records)
{
	bch_journal_records_end(records);
}

/* Loads an entry and takes its records apart; they point into @records. */
int bch_journal_records_load(const struct bch_journal *journal, const struct bch_journal_entry *e,
			     struct bch_journal_records *records);

/* Does a rewind take keys of this record's btree and level back? Format reference: 08 §3.2 (2). */
bool bch_rewind_takes(const struct bch_jset_entry *record);

#endif
