// SPDX-License-Identifier: GPL-2.0-or-later
/* How far back the journal can be rewound, and to which entries, as facts. CLI 6.3. */

#include <bcachefs/journal.h>
#include <time.h>

#include "journal/records.h"

struct info {
	struct bch_journal *j;
	struct bch_journal_records records;
	struct bch_facts *facts;
	u64 limit, newest;
	u64 nr_entries, nr_flushes; /* of those between */
};

/* "2026-08-17 10:11:12 UTC"; nothing where the entry does not say. */
static void put_time(struct bch_buf *out, u64 seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char text[64];

	if (seconds && gmtime_r(&t, &tm) && strftime(text, sizeof(text), "%F %T UTC", &tm))
		bch_buf_puts(out, text);
}

/* When it was written; 0: it does not say. */
static int time_of(struct info *info, const struct bch_journal_entry *e, u64 *seconds)
{
	int err = bch_journal_records_load(info->j, e, &info->records);

	*seconds = 0;
	for (size_t i = 0; i < info->records.of.a.nr && !err; i++)
		if (info->records.of.a.v[i].type == BCH_JSET_ENTRY_datetime)
			*seconds = bch_jset_entry_u64(&info->records.of.a.v[i], 0);
	return err;
}

static bool is_between(const struct info *info, const struct bch_journal_entry *e)
{
	return e->seq >= info->limit && e->seq <= info->newest && e->use != BCH_JOURNAL_BLACKLISTED;
}

static void count(struct info *info)
{
	const struct bch_journal_entry *e = info->j->entries.a.v;

	for (size_t i = 0; i < info->j->entries.a.nr; i++)
		if (is_between(info, &e[i])) {
			info->nr_entries++;
			info->nr_flushes += bch_journal_is_flush(&e[i]);
		}
}

static int show_ends(struct info *info, bool said)
{
	const struct bch_journal_entry *e =
		&info->j->entries.a.v[bch_journal_find(info->j, info->newest)];
	struct bch_buf text bch_auto(buf) = { 0 };
	u64 seconds;
	int err = time_of(info, e, &seconds);

	put_time(&text, seconds);
	bch_facts_heading(info->facts, "rewind limit:  seq %" PRIu64 "  (%s)", info->limit,
			  said ? "oldest safe" : "oldest entry present");
	bch_fact_json_u64(info->facts, "rewind_limit", info->limit);
	bch_facts_heading(info->facts, "newest:        seq %" PRIu64 "  %s", info->newest,
			  bch_buf_str(&text));
	bch_fact_json_u64(info->facts, "newest", info->newest);
	return err;
}

static int show_candidate(struct info *info, const struct bch_journal_entry *e)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	u64 seconds;
	int err = time_of(info, e, &seconds);

	if (err)
		return err;
	put_time(&text, seconds);
	bch_facts_object(info->facts, NULL);
	bch_facts_heading(info->facts, "  seq %-14" PRIu64 "%s", e->seq, bch_buf_str(&text));
	bch_fact_json_u64(info->facts, "seq", e->seq);
	if (seconds)
		bch_fact_json_u64(info->facts, "time", seconds);
	bch_facts_end(info->facts);
	return 0;
}

/* The newest @nr of them. */
static int show_candidates(struct info *info, u64 nr)
{
	const struct bch_journal_entry *e = info->j->entries.a.v;
	u64 omit = nr && nr < info->nr_flushes ? info->nr_flushes - nr : 0;
	u64 seen = 0;
	int err = 0;

	bch_facts_blank(info->facts);
	bch_facts_heading(info->facts, "rewind candidates (flush entries):");
	if (omit)
		bch_facts_heading(info->facts, "  (%" PRIu64 " older omitted)", omit);
	bch_facts_list(info->facts, "candidates");
	for (size_t i = 0; i < info->j->entries.a.nr && !err; i++)
		if (is_between(info, &e[i]) && bch_journal_is_flush(&e[i]) && seen++ >= omit)
			err = show_candidate(info, &e[i]);
	bch_facts_end(info->facts);
	bch_facts_heading(info->facts,
			  "  %" PRIu64 " flush candidates across %" PRIu64 " entries in window",
			  info->nr_flushes, info->nr_entries);
	return err;
}

static int show(struct info *info, u64 nr)
{
	bool said;
	int err = bch_journal_rewind_limit(info->j, &info->limit, &said);

	if (err)
		return bch_error_whole(info->j->fs->ctx, err,
				       "the journal has no entry that could be recovered from");
	if (!said)
		bch_log(info->j->fs->ctx, BCH_LOG_warn,
			"the journal does not say how far it can be rewound: to the oldest entry, "
			"if what it needs was not overwritten");
	err = bch_journal_reach(info->j, info->limit);
	if (err)
		return err;
	info->newest = info->j->blacklist_seq - 1;
	count(info);
	err = show_ends(info, said);
	return err ? err : show_candidates(info, nr);
}

int bch_journal_rewind_info(struct bch_fs *fs, u64 nr, struct bch_facts *facts)
{
	struct info info = { .facts = facts };
	int err = bch_journal_read(fs, &info.j);

	if (!err)
		err = show(&info, nr);
	bch_journal_records_end(&info.records);
	bch_journal_free(info.j);
	return err;
}
