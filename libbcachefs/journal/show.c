// SPDX-License-Identifier: GPL-2.0-or-later
/* The journal as text: entries, their transactions and items. CLI 7.2. */

#include "journal/filter.h"
#include "journal/show.h"

/* From here on transactions are indented, and entries begin with an empty line. */
#define VERSION_INDENTED BCH_VERSION(1, 20)

#define HIGHLIGHT_ON  "\033[31m"
#define HIGHLIGHT_OFF "\033[0m"

struct show {
	struct bch_journal *j;
	const struct bch_journal_form *form;
	struct bch_journal_matcher matcher;
	struct bch_journal_records records; /* of the entry that is shown */
	struct bch_key_context context;
	struct bch_key_fs key_fs;
	struct bch_buf text;
	bool indented;
	bool star; /* lines of blacklisted entries are marked by one */
	int (*write)(void *arg, const char *text);
	void *arg;
};

/* Hands out what was written so far: whole lines. All loops come here, so here they are ended when that is wanted. */
static int flush(struct show *s)
{
	int err;

	if (bch_buf_failed(&s->text))
		return -BCH_ERR_no_memory;
	if (bch_cancelled(s->j->fs->ctx))
		return -BCH_ERR_cancelled;
	for (size_t i = 0; s->star && i < s->text.len; i++)
		if (s->text.p[i] == ' ' && (!i || s->text.p[i - 1] == '\n'))
			s->text.p[i] = '*';
	err = s->text.len ? s->write(s->arg, bch_buf_str(&s->text)) : 0;
	bch_buf_reset(&s->text);
	return err;
}

/* ------------------------------------------------------------------ header */

static void put_place(struct show *s, const struct bch_journal_copy *c)
{
	const char *path = s->j->fs->members[c->dev_idx].blkdev->name;
	const char *slash = strrchr(path, '/');

	if (s->indented)
		bch_buf_put(&s->text, "%s ", slash ? slash + 1 : path);
	bch_buf_put(&s->text, "%u:%u:%u (sector %" PRIu64 ")", c->dev_idx, c->ring_idx,
		    c->bucket_offset, c->sector);
}

static void put_header(struct show *s, const struct bch_journal_entry *e)
{
	const struct bch_journal_copy *c = &e->copy[e->best];
	struct bch_buf *out = &s->text;

	bch_buf_put(out, "%s%sjournal entry     %" PRIu64 "\n", s->indented ? "\n" : "",
		    s->star ? "blacklisted " : "", e->seq);
	bch_buf_put(out, "  version         %u\n", c->version);
	bch_buf_put(out, "  last seq        %" PRIu64 "\n", c->last_seq);
	bch_buf_put(out, "  flush           %u\n", bch_journal_is_flush(e));
	bch_buf_puts(out, "  written at      ");
	for (u32 i = 0; i < e->nr_copies; i++) {
		bch_buf_puts(out, i ? " " : "");
		put_place(s, &e->copy[i]);
	}
	bch_buf_newline(out);
}

static void put_datetime(struct show *s, const struct bch_journal_entry *e)
{
	bch_buf_put(&s->text, "%sjournal entry     %" PRIu64, s->star ? "blacklisted " : "",
		    e->seq);
	for (size_t i = 0; i < s->records.of.a.nr; i++) {
		const struct bch_jset_entry *r = &s->records.of.a.v[i];

		if (r->type != BCH_JSET_ENTRY_datetime)
			continue;
		bch_buf_puts(&s->text, "      ");
		bch_jset_entry_put(&s->text, r, &s->context);
	}
	bch_buf_newline(&s->text);
}

/* ------------------------------------------------------------------ items */

static u32 indent_of(const struct show *s, const struct bch_jset_entry *r)
{
	bool outer = bch_jset_begins_transaction(r) || r->type == BCH_JSET_ENTRY_btree_root ||
		     r->type == BCH_JSET_ENTRY_datetime || r->type == BCH_JSET_ENTRY_usage;

	return s->indented && outer ? 2 : 4;
}

static void put_key(struct show *s, const struct bch_jset_entry *r, const struct bch_key *k)
{
	bool highlight = s->form->highlight && bch_journal_matches_key(&s->matcher, r->btree_id, k);

	bch_buf_puts(&s->text, highlight ? HIGHLIGHT_ON : "");
	if (s->form->no_values)
		bch_jset_key_header_put(&s->text, r, k, s->context.version);
	else
		bch_jset_key_put(&s->text, r, k, &s->context);
	bch_buf_puts(&s->text, highlight ? HIGHLIGHT_OFF : "");
}

/* Where the record begins in the entry, in words. */
static size_t offset_of(const struct show *s, const struct bch_jset_entry *r)
{
	return (size_t)(r->payload.p - s->records.buf.p) / 8 - 1;
}

static int put_item(struct show *s, const struct bch_jset_entry *r)
{
	u32 indent = indent_of(s, r);
	struct bch_key k;

	if (bch_jset_begins_transaction(r) && !s->indented)
		bch_buf_newline(&s->text);
	bch_buf_indent_add(&s->text, indent);
	if (s->form->offsets)
		bch_buf_put(&s->text, "%zu ", offset_of(s, r));
	if (bch_jset_entry_has_keys(r->type) && bch_key_get_unpacked(r->payload, &k))
		put_key(s, r, &k);
	else
		bch_jset_entry_put(&s->text, r, &s->context);
	bch_buf_indent_sub(&s->text, indent);
	bch_buf_newline(&s->text);
	return flush(s);
}

/* What is added when an entry is written belongs to no transaction. */
static bool is_of_transaction(const struct bch_jset_entry *r)
{
	return r->type == BCH_JSET_ENTRY_log || bch_jset_entry_has_keys(r->type);
}

/* Fillers are shown by 1.13 alone. */
static bool is_hidden(const struct show *s, const struct bch_jset_entry *r)
{
	return s->indented && bch_jset_entry_has_keys(r->type) && !r->payload.len;
}

/* Is the record shown, of a transaction that is? */
static bool is_shown(const struct show *s, const struct bch_jset_entry *r)
{
	return bch_journal_matcher_filters(&s->matcher) ? is_of_transaction(r) : !is_hidden(s, r);
}

/* One transaction, or what stands before the first. */
static int put_transaction(struct show *s, size_t from, size_t to)
{
	int err = 0;

	for (size_t i = from; i < to && !err; i++)
		if (is_shown(s, &s->records.of.a.v[i]))
			err = put_item(s, &s->records.of.a.v[i]);
	return err;
}

static size_t transaction_end(const struct show *s, size_t from)
{
	size_t i = from + 1;

	while (i < s->records.of.a.nr && !bch_jset_begins_transaction(&s->records.of.a.v[i]))
		i++;
	return i < s->records.of.a.nr ? i : s->records.of.a.nr;
}

static bool transaction_matches(const struct show *s, size_t from, size_t to)
{
	const struct bch_jset_entry *r = &s->records.of.a.v[from];

	if (!bch_journal_matcher_filters(&s->matcher))
		return true;
	return bch_jset_begins_transaction(r) && bch_journal_matches(&s->matcher, r, to - from);
}

static bool any_matches(const struct show *s)
{
	size_t nr = s->records.of.a.nr;

	for (size_t from = 0, to; from < nr; from = to) {
		to = transaction_end(s, from);
		if (transaction_matches(s, from, to))
			return true;
	}
	return !nr && !bch_journal_matcher_filters(&s->matcher);
}

/* ------------------------------------------------------------------ entries */

static void put_line(struct show *s, struct bch_facts *facts)
{
	const char *line = bch_facts_line(facts);

	if (line)
		bch_buf_puts(&s->text, line);
	s->text.failed |= !line;
}

static void transaction_facts(const struct show *s, struct bch_facts *facts, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct bch_jset_entry *r = &s->records.of.a.v[i];
		bool is_wanted =
			s->form->datetime ? r->type == BCH_JSET_ENTRY_datetime : is_shown(s, r);

		if (!is_wanted)
			continue;
		bch_facts_object(facts, NULL);
		bch_journal_record_facts(facts, r, &s->context, s->form);
		bch_facts_end(facts);
	}
}

/* An entry is one line. */
static int put_json(struct show *s, const struct bch_journal_entry *e)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);
	size_t nr = s->form->headers_only ? 0 : s->records.of.a.nr;

	if (!facts)
		return -BCH_ERR_no_memory;
	bch_journal_entry_facts(facts, e);
	bch_facts_list(facts, "records");
	for (size_t from = 0, to; from < nr; from = to) {
		to = transaction_end(s, from);
		if (s->form->datetime || transaction_matches(s, from, to))
			transaction_facts(s, facts, from, to);
	}
	bch_facts_end(facts);
	put_line(s, facts);
	return flush(s);
}

static int put_entry(struct show *s, const struct bch_journal_entry *e)
{
	size_t nr = s->records.of.a.nr;
	int err;

	if (!s->form->datetime && !s->form->all_headers && !any_matches(s))
		return 0;
	if (s->form->json)
		return put_json(s, e);
	if (s->form->datetime) {
		put_datetime(s, e);
		return flush(s);
	}
	put_header(s, e);
	err = flush(s);
	for (size_t from = 0, to; from < nr && !err && !s->form->headers_only; from = to) {
		to = transaction_end(s, from);
		if (transaction_matches(s, from, to))
			err = put_transaction(s, from, to);
	}
	return err;
}

static int show_entry(struct show *s, const struct bch_journal_entry *e)
{
	int err = bch_journal_records_load(s->j, e, &s->records);

	s->star = e->use == BCH_JOURNAL_BLACKLISTED && !s->form->json;
	if (!err)
		err = put_entry(s, e);
	s->star = false;
	return err;
}

static int put_gap(struct show *s, u64 seq, u64 end)
{
	bool is_dirty = end > s->j->last_seq;

	if (s->form->json) {
		struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON);

		if (!facts)
			return -BCH_ERR_no_memory;
		bch_fact_json_u64(facts, "missing_from", seq);
		bch_fact_json_u64(facts, "missing_to", end - 1);
		bch_fact_bool(facts, "dirty", is_dirty);
		put_line(s, facts);
	} else {
		bch_buf_put(&s->text, "missing %" PRIu64 " entries at %" PRIu64 "-%" PRIu64 "%s\n",
			    end - seq, seq, end - 1, is_dirty ? "" : " (not dirty)");
	}
	return flush(s);
}

/* What is missing before @end, from @seq on. */
static int show_gaps(struct show *s, u64 seq, u64 end)
{
	u64 gap_end;
	int err = 0;

	for (; !err && bch_journal_gap(s->j, &seq, end, &gap_end); seq = gap_end)
		err = put_gap(s, seq, gap_end);
	return err;
}

/* ------------------------------------------------------------------ which entries */

static bool is_listed(const struct bch_journal_filter *f, const struct bch_journal_entry *e)
{
	if (e->seq < f->first_seq || e->seq > f->last_seq)
		return false;
	if (f->flush_only && !bch_journal_is_flush(e))
		return false;
	if (f->dirty_only)
		return e->use == BCH_JOURNAL_REPLAYED;
	return f->blacklisted || e->use != BCH_JOURNAL_BLACKLISTED;
}

/* The place of the first entry that is looked at. */
static size_t first_listed(const struct bch_journal *j, const struct bch_journal_filter *f)
{
	size_t i = j->entries.a.nr, found = 0;
	u64 first = f->all || f->first_seq ? f->first_seq : bch_journal_contiguous_from(j);

	for (; i > 0 && j->entries.a.v[i - 1].seq >= first; i--) {
		if (f->nr_entries && found == f->nr_entries)
			break;
		found += is_listed(f, &j->entries.a.v[i - 1]);
	}
	return i;
}

static int show_entries(struct show *s, const struct bch_journal_filter *f)
{
	const struct bch_journal_entry *e = s->j->entries.a.v;
	size_t nr = s->j->entries.a.nr, i = nr ? first_listed(s->j, f) : 0;
	u64 shown_to = i < nr ? e[i].seq : 0;
	int err = 0;

	for (; i < nr && !err && e[i].seq <= f->last_seq; i++) {
		if (bch_cancelled(s->j->fs->ctx))
			return -BCH_ERR_cancelled;
		if (!is_listed(f, &e[i]))
			continue;
		err = show_gaps(s, shown_to, e[i].seq);
		if (!err)
			err = show_entry(s, &e[i]);
		shown_to = e[i].seq + 1;
	}
	return err;
}

static void show_end(struct show *s)
{
	bch_buf_end(&s->text);
	bch_journal_records_end(&s->records);
	bch_journal_matcher_end(&s->matcher);
	bch_journal_free(s->j);
}

int bch_journal_list(struct bch_fs *fs, const struct bch_journal_filter *filter,
		     const struct bch_journal_form *form, int (*write)(void *arg, const char *text),
		     void *arg)
{
	struct show s = { .form = form, .write = write, .arg = arg };
	int err = bch_journal_matcher_init(fs->ctx, filter, &s.matcher);
	bool behind;

	s.context.version = le16_get(fs->super.sb->version);
	s.context.fs = &s.key_fs;
	s.indented = s.context.version >= VERSION_INDENTED;
	bch_key_fs_init(&s.key_fs, &fs->super);
	if (!err)
		err = bch_journal_read(fs, &s.j);
	if (!err && !filter->dirty_only)
		err = bch_journal_reach(s.j, filter->first_seq);
	if (!err) {
		bch_journal_report(s.j);
		err = bch_journal_report_clean(s.j, &behind);
	}
	if (!err)
		err = show_entries(&s, filter);
	show_end(&s);
	return err;
}
