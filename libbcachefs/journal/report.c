// SPDX-License-Identifier: GPL-2.0-or-later
/* What is wrong with the entries that are to be replayed. Format reference: 03 §4.2 to §4.6, §12. */

#include "journal/journal.h"

#include <stdarg.h>
#include <stdlib.h>

#include "ondisk/data_types.h"

/* A check tells what could be kept. */
static void keep_or_log(struct bch_fs *fs, int id, struct bch_buf *line)
{
	char *text = fs->findings.keeps ? bch_buf_take(line) : NULL;

	if (!text) {
		bch_log(fs->ctx, BCH_LOG_warn, "%s", bch_buf_str(line));
	} else if (bch_array_push(&fs->findings.a, ((struct bch_finding){ (u32)id, text }))) {
		bch_log(fs->ctx, BCH_LOG_warn, "%s", text);
		free(text);
	}
}

void bch_journal_problem(const struct bch_journal *j, int id, u64 seq, const char *fmt, ...)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	va_list args;

	if (seq)
		bch_buf_put(&line, "journal entry %" PRIu64 ": ", seq);
	bch_buf_put(&line, "%s: ", bch_fsck_error_name((u64)id));
	va_start(args, fmt);
	bch_buf_vput(&line, fmt, args);
	va_end(args);
	keep_or_log(j->fs, id, &line);
}

static const char *dev_name(const struct bch_journal *j, const struct bch_journal_copy *c)
{
	return j->fs->members[c->dev_idx].blkdev->name;
}

static void report_truncated(const struct bch_journal *j, const struct bch_journal_entry *e)
{
	for (u32 i = 0; i < e->nr_copies; i++)
		if (e->copy[i].truncated)
			bch_journal_problem(j, BCH_FSCK_jset_past_bucket_end, e->seq,
					    "%s: at sector %" PRIu64, dev_name(j, &e->copy[i]),
					    e->copy[i].sector);
}

static void report_bad_copies(const struct bch_journal *j, const struct bch_journal_entry *e)
{
	for (u32 i = 0; i < e->nr_copies; i++) {
		const struct bch_journal_copy *c = &e->copy[i];

		if (bch_jset_CSUM_TYPE(c->flags) >= BCH_CSUM_NR)
			bch_journal_problem(j, BCH_FSCK_jset_unknown_csum, e->seq,
					    "%s: at sector %" PRIu64 ": type %u", dev_name(j, c),
					    c->sector, bch_jset_CSUM_TYPE(c->flags));
		else if (!c->good && !c->truncated)
			bch_log(j->fs->ctx, BCH_LOG_warn,
				"journal entry %" PRIu64 ": %s: at sector %" PRIu64
				": bad checksum%s",
				e->seq, dev_name(j, c), c->sector,
				e->copy[e->best].good ? ", another copy is good" : "");
	}
}

static void report_copies_that_differ(const struct bch_journal *j,
				      const struct bch_journal_entry *e)
{
	const struct bch_journal_copy *best = &e->copy[e->best];

	for (u32 i = 0; i < e->nr_copies; i++) {
		const struct bch_journal_copy *c = &e->copy[i];

		if (c == best || !c->good)
			continue;
		if (c->dev_idx == best->dev_idx)
			bch_journal_problem(j, BCH_FSCK_journal_entry_dup_same_device, e->seq,
					    "%s: at sectors %" PRIu64 " and %" PRIu64,
					    dev_name(j, c), c->sector, best->sector);
		if (c->hash != best->hash)
			bch_journal_problem(
				j, BCH_FSCK_journal_entry_replicas_data_mismatch, e->seq,
				"%s at sector %" PRIu64 ", %s at sector %" PRIu64, dev_name(j, c),
				c->sector, dev_name(j, best), best->sector);
	}
}

/* Is {journal, these devices} marked in the superblock, in any order? */
static bool is_marked(const struct bch_journal *j, const struct bch_journal_entry *e)
{
	struct bch_replicas r;
	u32 section;
	struct bch_bytes rest = bch_super_replicas(&j->fs->super, &section);

	while (bch_replicas_next(&rest, section, &r) > 0) {
		u32 nr = 0;

		if (r.data_type != BCH_DATA_journal || r.nr_devs != e->nr_copies)
			continue;
		for (u32 i = 0; i < e->nr_copies; i++)
			nr += memchr(r.devs, (int)e->copy[i].dev_idx, r.nr_devs) != NULL;
		if (nr == r.nr_devs)
			return true;
	}
	return false;
}

static bool all_members_open(const struct bch_fs *fs)
{
	struct bch_member m;

	for (u32 i = 0; i < fs->nr_members; i++)
		if (!fs->members[i].blkdev && bch_super_member(&fs->super, i, &m) &&
		    bch_member_alive(&m))
			return false;
	return true;
}

static void report_entry(const struct bch_journal *j, const struct bch_journal_entry *e,
			 bool all_open)
{
	const struct bch_journal_copy *best = &e->copy[e->best];

	report_bad_copies(j, e);
	report_copies_that_differ(j, e);
	if (bch_journal_is_flush(e) && best->last_seq > e->seq)
		bch_journal_problem(j, BCH_FSCK_jset_last_seq_newer_than_seq, e->seq,
				    "last_seq %" PRIu64, best->last_seq);
	if (all_open && e->seq != j->last_seq && !is_marked(j, e))
		bch_journal_problem(j, BCH_FSCK_journal_entry_replicas_not_marked, e->seq,
				    "on %u devices from %s on", e->nr_copies, dev_name(j, e->copy));
}

/* Flush entries of blacklisted numbers within the range. */
static void report_blacklisted(const struct bch_journal *j, const struct bch_journal_entry *e)
{
	if (bch_journal_is_flush(e) && e->seq >= j->last_seq && e->seq < j->blacklist_seq)
		bch_journal_problem(j, BCH_FSCK_jset_seq_blacklisted, e->seq, "ignored");
}

static void report_gaps(const struct bch_journal *j)
{
	u64 end;

	for (u64 seq = j->last_seq;
	     !bch_cancelled(j->fs->ctx) && bch_journal_gap(j, &seq, j->blacklist_seq, &end);
	     seq = end)
		bch_journal_problem(j, BCH_FSCK_journal_entries_missing, 0,
				    "%" PRIu64 "-%" PRIu64 " of %" PRIu64 "-%" PRIu64, seq, end - 1,
				    j->last_seq, j->blacklist_seq - 1);
}

void bch_journal_report(const struct bch_journal *j)
{
	bool all_open = all_members_open(j->fs);

	if (!j->entries.a.nr) {
		bch_journal_problem(j, BCH_FSCK_dirty_but_no_journal_entries, 0,
				    "nothing was found in %zu buckets", j->buckets.a.nr);
		return;
	}
	if (!j->last_seq)
		bch_journal_problem(j, BCH_FSCK_dirty_but_no_journal_entries_post_drop_nonflushes,
				    0, "none of %zu entries is a flush", j->entries.a.nr);

	for (size_t i = 0; i < j->entries.a.nr && !bch_cancelled(j->fs->ctx); i++) {
		const struct bch_journal_entry *e = &j->entries.a.v[i];

		if (e->seq >= j->last_seq)
			report_truncated(j, e);
		if (e->use == BCH_JOURNAL_REPLAYED)
			report_entry(j, e, all_open);
		else if (e->use == BCH_JOURNAL_BLACKLISTED)
			report_blacklisted(j, e);
	}
	report_gaps(j);
}
