// SPDX-License-Identifier: GPL-2.0-or-later
/* What a scrub has found: a row for each member, and a line for each bad range and file. CLI 8.11. */

#include "ondisk/key_facts.h"
#include "ops/resolve_private.h"
#include "ops/scrub_private.h"

/* Columns of the table: a name, then figures, aligned to the right. */
#define NAME_COLUMNS   16
#define FIGURE_COLUMNS 12

static const char *const kind_names[] = {
#define K(name) #name,
	BCH_SCRUB_KINDS(K)
#undef K
};

static const char *const state_names[] = {
	[BCH_SCRUB_RUNNING] = "running",
	[BCH_SCRUB_INTERRUPTED] = "interrupted",
	[BCH_SCRUB_COMPLETE] = "complete",
	[BCH_SCRUB_OFFLINE] = "offline",
};

/* ------------------------------------------------------------------ the table */

static void put_right(struct bch_buf *out, const char *text)
{
	bch_buf_put(out, "%*s", FIGURE_COLUMNS, text);
}

static void put_size(struct bch_buf *out, u64 bytes)
{
	struct bch_buf size bch_auto(buf) = { 0 };

	bch_buf_human(&size, bytes);
	put_right(out, bch_buf_str(&size));
}

void bch_scrub_heading_put(struct bch_buf *out)
{
	bch_buf_puts(out, "device");
	bch_buf_pad(out, NAME_COLUMNS);
	put_right(out, "checked");
	put_right(out, "corrected");
	put_right(out, "uncorrected");
	put_right(out, "total");
}

static unsigned percent(const struct bch_scrub_dev *d)
{
	if (d->checked >= d->total)
		return d->state == BCH_SCRUB_OFFLINE ? 0 : 100;
	return (unsigned)(100 * ((double)d->checked / (double)d->total));
}

void bch_scrub_dev_put(struct bch_buf *out, const struct bch_scrub_dev *d, u64 bytes_per_s)
{
	bch_buf_puts(out, d->name);
	bch_buf_pad(out, NAME_COLUMNS);
	put_size(out, d->checked);
	put_size(out, d->corrected);
	put_size(out, d->bad);
	put_size(out, d->total);
	bch_buf_put(out, "%5u%%  ", percent(d));
	if (d->state != BCH_SCRUB_RUNNING) {
		bch_buf_puts(out, state_names[d->state]);
		return;
	}
	bch_buf_human(out, bytes_per_s);
	bch_buf_puts(out, "/sec");
}

static void show_title(const struct bch_scrub *s, struct bch_facts *facts)
{
	struct bch_buf names bch_auto(buf) = { 0 };
	u32 nr = 0;

	for (u32 i = 0; i < s->nr_members; i++)
		if (bch_scrub_wanted(s, i)) {
			bch_buf_put(&names, " %s", s->members[i].dev.name);
			nr++;
		}
	bch_facts_heading(facts, "Starting scrub on %u device%s: %s", nr, nr == 1 ? "" : "s",
			  bch_buf_str(&names));
}

static void show_dev(const struct bch_scrub_dev *d, struct bch_facts *facts)
{
	struct bch_buf row bch_auto(buf) = { 0 };

	bch_scrub_dev_put(&row, d, 0);
	bch_facts_heading(facts, "%s", bch_buf_str(&row));
	bch_facts_object(facts, NULL);
	bch_fact_json_str(facts, "device", d->name);
	bch_fact_json_u64(facts, "idx", d->dev_idx);
	bch_fact_json_str(facts, "state", state_names[d->state]);
	bch_fact_json_u64(facts, "checked_bytes", d->checked);
	bch_fact_json_u64(facts, "corrected_bytes", d->corrected);
	bch_fact_json_u64(facts, "uncorrected_bytes", d->bad);
	bch_fact_json_u64(facts, "total_bytes", d->total);
	bch_fact_json_u64(facts, "no_checksum_bytes", d->no_csum);
	bch_facts_end(facts);
}

static void show_table(const struct bch_scrub *s, struct bch_facts *facts)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	u64 no_csum = 0;

	show_title(s, facts);
	bch_scrub_heading_put(&line);
	bch_facts_heading(facts, "%s", bch_buf_str(&line));
	bch_facts_list(facts, "devices");
	for (u32 i = 0; i < s->nr_members; i++)
		if (s->members[i].wanted) {
			show_dev(&s->members[i].dev, facts);
			no_csum += s->members[i].dev.no_csum;
		}
	bch_facts_end(facts);
	if (no_csum) {
		bch_buf_reset(&line);
		bch_buf_human(&line, no_csum);
		bch_facts_heading(facts, "%s can be read, and have no checksum to tell more",
				  bch_buf_str(&line));
	}
}

/* ------------------------------------------------------------------ a bad range in words */

static const char *reason(const struct bch_scrub_finding *f)
{
	if (f->problem && f->problem != BCH_FSCK_bset_bad_csum)
		return bch_fsck_error_name(f->problem);
	if (f->err == -BCH_ERR_data_checksum || f->err == -BCH_ERR_invalid_sb_csum)
		return "checksum";
	return bch_err_text(f->err);
}

static const char *state_of(const struct bch_scrub_finding *f)
{
	if (f->err == -BCH_ERR_device_missing)
		return "missing";
	return f->lost ? "lost" : f->repaired ? "repaired" : "bad";
}

/* Is it a copy that was read? */
static bool has_place(const struct bch_scrub_finding *f)
{
	return f->err != -BCH_ERR_device_missing && f->err != -BCH_ERR_data_lost;
}

/* What became of it, behind "bad". */
static const char *outcome(const struct bch_scrub *s, const struct bch_scrub_finding *f)
{
	if (f->lost)
		return ", LOST";
	if (f->repaired)
		return ", repaired";
	if (!s->opts->repair)
		return "";
	return f->in_stripe ? ", not repaired, as it is in a stripe" : ", not repaired";
}

/* "checksum, copy on vda at sector 4096 bad": what all lines end with. */
static void put_end(const struct bch_scrub *s, const struct bch_scrub_finding *f,
		    struct bch_buf *out)
{
	const char *name = f->dev_idx < s->nr_members ? s->members[f->dev_idx].dev.name : "none";

	if (f->err == -BCH_ERR_device_missing)
		bch_buf_put(out, "no copy but on %s, which is missing, LOST", name);
	else if (f->err == -BCH_ERR_data_lost)
		bch_buf_puts(out, "known to be LOST");
	else
		bch_buf_put(out, "%s, %s on %s at sector %" PRIu64 " bad%s", reason(f),
			    f->kind == BCH_SCRUB_stripe ? "block" : "copy", name, f->sector,
			    outcome(s, f));
}

/* The place of a key, or of what has none. */
static void put_owner(const struct bch_scrub *s, const struct bch_scrub_finding *f,
		      struct bch_buf *out)
{
	switch ((enum bch_scrub_kind)f->kind) {
	case BCH_SCRUB_btree_node:
		bch_buf_puts(out, "btree ");
		bch_btree_name_put(out, f->btree_id, s->version);
		bch_buf_put(out, " level %u node up to ", f->level);
		bch_pos_put(out, f->pos);
		break;
	case BCH_SCRUB_stripe:
		bch_buf_put(out, "stripe %" PRIu64 " block %u%s", f->pos.offset, f->block,
			    f->parity ? " (parity)" : "");
		break;
	case BCH_SCRUB_superblock:
		bch_buf_puts(out, f->sector == BCH_SB_LAYOUT_SECTOR ? "superblock layout"
								    : "superblock");
		break;
	case BCH_SCRUB_journal:
		bch_buf_put(out, "journal entry %" PRIu64, f->seq);
		break;
	default:
		bch_btree_name_put(out, f->btree_id, s->version);
		bch_buf_putc(out, ' ');
		bch_pos_put(out, f->pos);
		bch_buf_puts(out, ", which no file shows");
	}
}

/* ------------------------------------------------------------------ JSON */

static void show_node(const struct bch_scrub *s, const struct bch_scrub_finding *f,
		      struct bch_facts *facts)
{
	const struct bch_key_context c = { .version = s->version,
					   .btree_id = f->btree_id,
					   .level = f->level };

	bch_btree_facts(facts, &c);
	bch_pos_text_facts(facts, "pos", f->pos);
}

static void show_finding(const struct bch_scrub *s, const struct bch_scrub_finding *f,
			 struct bch_facts *facts)
{
	bch_fact_json_str(facts, "kind", kind_names[f->kind]);
	bch_fact_json_str(facts, "state", state_of(f));
	if (f->err != -BCH_ERR_data_lost && f->dev_idx < s->nr_members)
		bch_fact_json_str(facts, "device", s->members[f->dev_idx].dev.name);
	if (has_place(f)) {
		bch_fact_json_u64(facts, "sector", f->sector);
		bch_fact_json_str(facts, "reason", reason(f));
	}
	if (f->kind == BCH_SCRUB_btree_node || f->kind == BCH_SCRUB_data)
		show_node(s, f, facts);
	if (f->kind == BCH_SCRUB_stripe) {
		bch_fact_json_u64(facts, "stripe", f->pos.offset);
		bch_fact_json_u64(facts, "block", f->block);
	}
	if (f->kind == BCH_SCRUB_journal)
		bch_fact_json_u64(facts, "seq", f->seq);
}

/* ------------------------------------------------------------------ files */

static void show_range(const struct bch_scrub *s, const struct bch_scrub_finding *f,
		       const struct bch_answer *a, const struct bch_found_path *path,
		       struct bch_facts *facts)
{
	u64 from = BCH_BYTES(a->from), to = BCH_BYTES(a->to);
	struct bch_buf line bch_auto(buf) = { 0 };

	bch_facts_object(facts, NULL);
	if (path) {
		bch_buf_text(&line, path->text, strlen(path->text));
		bch_buf_put(&line, " (subvolume %" PRIu32 ", inode %" PRIu64 ")", path->subvol,
			    a->inum);
		bch_fact_json_str(facts, "path", path->text);
		bch_fact_json_u64(facts, "subvolume", path->subvol);
	} else {
		bch_buf_put(&line, "inode %" PRIu64 "%s", a->inum,
			    a->needs_names ? "" : ", which no subvolume sees");
	}
	bch_fact_json_u64(facts, "inum", a->inum);
	bch_fact_json_u64(facts, "offset_bytes", from);
	bch_fact_json_u64(facts, "length_bytes", to - from);
	bch_facts_end(facts);
	bch_buf_put(&line, ": bytes %" PRIu64 "-%" PRIu64 ": ", from, to - 1);
	put_end(s, f, &line);
	bch_facts_heading(facts, "%s", bch_buf_str(&line));
}

/* A line for each file that has the data, or the one that says what it is. */
static void show_damage(const struct bch_scrub *s, const struct bch_scrub_finding *f,
			const struct bch_question *q, struct bch_facts *facts)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	bool has_file = false;

	bch_facts_object(facts, NULL);
	show_finding(s, f, facts);
	if (q)
		bch_facts_list(facts, "files");
	for (size_t i = 0; q && i < q->answers.nr; i++) {
		const struct bch_answer *a = &q->answers.v[i];

		has_file |= a->inum > 0;
		for (size_t j = 0; a->inum && j < a->paths.nr; j++)
			show_range(s, f, a, &a->paths.v[j], facts);
		if (a->inum && !a->paths.nr)
			show_range(s, f, a, NULL, facts);
	}
	if (q)
		bch_facts_end(facts);
	bch_facts_end(facts);
	if (has_file)
		return;
	put_owner(s, f, &line);
	bch_buf_puts(&line, ": ");
	put_end(s, f, &line);
	bch_facts_heading(facts, "%s", bch_buf_str(&line));
}

/* Finding number i with data is question number i of those. */
static int ask(struct bch_scrub *s, struct bch_resolver *r)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->findings.nr; i++) {
		const struct bch_scrub_finding *f = &s->findings.v[i];
		const struct bch_key k = { .pos = f->pos, .size = (u32)(f->to - f->from) };
		struct bch_buf text bch_auto(buf) = { 0 };
		struct bch_question *q;
		bool is_new;

		if (f->kind != BCH_SCRUB_data)
			continue;
		bch_buf_put(&text, "%zu", i);
		err = bch_resolver_question(r, bch_buf_str(&text), &q, &is_new);
		if (!err)
			err = bch_answer_key(r, q, f->btree_id, 0, &k, f->from, f->to);
	}
	if (!err)
		err = bch_resolver_shared(r);
	if (!err || err == -BCH_ERR_cancelled) { /* some paths take no walk */
		int err_paths = bch_resolver_paths(r);

		err = err_paths ? err_paths : err;
	}
	return err;
}

static void show_notes(const struct bch_scrub *s, struct bch_facts *facts)
{
	if (s->nr_bad > s->findings.nr)
		bch_facts_heading(facts, "%" PRIu64 " more bad ranges are not named%s",
				  s->nr_bad - s->findings.nr,
				  s->opts->repair ? ", nor repaired: run again" : "");
	if (s->incomplete)
		bch_facts_heading(facts, "some keys could not be read: what only they lead to "
					 "was not checked");
	bch_fact_json_u64(facts, "bad_ranges", s->nr_bad);
	bch_fact_json_u64(facts, "repaired_ranges", s->nr_repaired);
	bch_fact_json_u64(facts, "unreadable_keys", s->incomplete);
}

int bch_scrub_show(struct bch_scrub *s, struct bch_facts *facts, bool *interrupted)
{
	static const struct bch_resolve_opts none;
	struct bch_resolver r;
	int err = bch_resolver_init(&r, s->fs, &none);
	size_t nr = 0;

	if (!err)
		err = ask(s, &r);
	*interrupted |= err == -BCH_ERR_cancelled;
	if (!err || err == -BCH_ERR_cancelled) {
		err = 0;
		show_table(s, facts);
		bch_facts_list(facts, "damage");
		for (size_t i = 0; i < s->findings.nr; i++) {
			const struct bch_scrub_finding *f = &s->findings.v[i];

			show_damage(s, f, f->kind == BCH_SCRUB_data ? r.questions.v[nr++] : NULL,
				    facts);
		}
		bch_facts_end(facts);
		show_notes(s, facts);
	}
	bch_resolver_end(&r);
	return err;
}
