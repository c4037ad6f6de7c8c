/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which transactions of the journal are wanted. CLI 7.2. */

#ifndef BCHFS_JOURNAL_FILTER_H
#define BCHFS_JOURNAL_FILTER_H

#include <bcachefs/journal.h>
#include "base/array.h"
#include "ondisk/bbpos.h"
#include "ondisk/jset.h"

/* Those of a list, or, with a '-' before it, all others. */
struct bch_journal_ranges {
	bool inverse;
	struct {
		BCH_ARRAY(struct bch_bbpos_range) a;
	} of;
};

struct bch_journal_matcher {
	const struct bch_journal_filter *filter;
	const char *names; /* in the filter's text, or NULL */
	bool names_inverse;
	struct {
		BCH_ARRAY(struct bch_journal_ranges) a;
	} ranges; /* each must hold */
};

/* Understands the filter's texts, which must outlive @m. -BCH_ERR_option_value, said. @m is to be ended either way. */
int bch_journal_matcher_init(struct bch_ctx *ctx, const struct bch_journal_filter *filter,
			     struct bch_journal_matcher *m);
void bch_journal_matcher_end(struct bch_journal_matcher *m);
static inline void bch_journal_matcher_cleanup(struct bch_journal_matcher *m)
{
	bch_journal_matcher_end(m);
}

/* Is there a filter at all? */
bool bch_journal_matcher_filters(const struct bch_journal_matcher *m);

/* Is the transaction wanted whose records these are? The first is its log record. */
bool bch_journal_matches(const struct bch_journal_matcher *m, const struct bch_jset_entry *records,
			 size_t nr);

/* Is the key in a range that was asked for? */
bool bch_journal_matches_key(const struct bch_journal_matcher *m, u8 btree_id,
			     const struct bch_key *k);

#endif
