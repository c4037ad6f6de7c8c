/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal of an unmounted filesystem: list it, see how far back it goes, start with its keys. Format reference: 03. */

#ifndef BCHFS_JOURNAL_H
#define BCHFS_JOURNAL_H

#include <bcachefs/super.h>

/* ------------------------------------------------------------------ start */

struct bch_start_opts {
	bool no_journal; /* the nodes alone, as they are on disk */
	bool for_check; /* what is wrong is kept for bch_fsck(); of a clean one the journal is read too */
	bool rewind; /* back to what users saw after entry @rewind_to */
	u64 rewind_to;
	size_t cache_bytes; /* of btree nodes; 0: 256 MiB */
	u32 nr_threads;	    /* that read nodes ahead; 0: 4 */
};

/*
 * Makes the keys of @fs readable: its btrees' roots, and over the nodes what is only in the journal, in memory. Once
 * after bch_fs_open(), after an encrypted one was unlocked. A clean one whose superblock does not say where its btrees are
 * is started as an unclean one. What is missing or wrong is said as warnings; what the
 * journal adds to the superblock's blacklist is in memory only. @opts may be NULL.
 *
 * Return: 0, or
 *   -BCH_ERR_no_key			encrypted and locked
 *   -BCH_ERR_invalid_sb_features	what wrote it is too old to be recovered
 *   -BCH_ERR_out_of_range		@rewind_to is not between the limit and the newest entry
 *   -BCH_ERR_refused			the journal does not hold what the rewind needs
 *
 * Format reference: 03 §7.3, §9.2; 08 §3.2.
 */
int bch_fs_start(struct bch_fs *fs, const struct bch_start_opts *opts);

/* ------------------------------------------------------------------ list */

/* Which entries and which of their transactions. All zero but @last_seq: all that is contiguous up to the newest. */
struct bch_journal_filter {
	bool all;		 /* entries before a gap too */
	bool dirty_only;	 /* what a start would replay */
	bool blacklisted;	 /* what recovery ignores too */
	bool flush_only;	 /* entries that were flushes */
	u64 nr_entries;		 /* the newest; 0: all */
	u64 first_seq, last_seq; /* both included */

	/* A '-' before a list wants those that it does not hold. NULL: no such filter. */
	const char *btrees;	  /* "[+-]BTREE,…": transactions that touch them */
	const char *transactions; /* "[+-]NAME,…", or a key range */
	const char *const
		*keys; /* "[+-]BTREE:POS-BTREE:POS,…" each: transactions that touch such keys */
	size_t nr_keys;
	bool log;      /* with these: transactions that only log too */
	bool log_only; /* no others */
};

struct bch_journal_form {
	bool datetime; /* a line an entry: number and time */
	bool headers_only;
	bool all_headers; /* of entries without a match too */
	bool offsets;	  /* the word offset before each item */
	bool no_values;	  /* of keys */
	bool highlight;	  /* keys that match, in red */
	bool json;	  /* a line an entry; offsets and highlight mean nothing */
};

/*
 * Writes the entries as text (CLI 7.2), some lines at a time, until @write returns an error. What is wrong with the
 * journal is logged. -BCH_ERR_no_key while the filesystem is locked; -BCH_ERR_option_value for a bad filter, said.
 */
int bch_journal_list(struct bch_fs *fs, const struct bch_journal_filter *filter,
		     const struct bch_journal_form *form, int (*write)(void *arg, const char *text),
		     void *arg);

/* ------------------------------------------------------------------ rewind */

/* How far the journal can be rewound, and the newest @nr (0: all) entries to rewind to, as facts. CLI 6.3. */
int bch_journal_rewind_info(struct bch_fs *fs, u64 nr, struct bch_facts *facts);

#endif
