// SPDX-License-Identifier: GPL-2.0-or-later
/* Subvolumes as a table or a tree. CLI 9.2. */

#include <string.h>

#include "ops/listing.h"
#include "ops/subvolumes.h"
#include "super/super.h"

struct list {
	struct bch_fs *fs;
	const struct bch_subvolume_list_opts *opts;
	struct bch_facts *facts;
	struct bch_subvolumes subvols;
	struct bch_subvolume_order order;
	const char *below; /* the path of the subvolume that it is about */
	struct {
		BCH_ARRAY(bool) a;
	} last;
};

static bool is_readonly(const struct bch_subvolume_entry *e)
{
	return e->s.flags >> BCH_SUBVOLUME_ro & 1;
}

static bool is_wanted(const struct list *l, const struct bch_subvolume_entry *e)
{
	return !l->opts->readonly || is_readonly(e);
}

/* What it is a snapshot of; 0: of nothing. */
static u32 source_of(const struct bch_subvolume_entry *e)
{
	return e->s.flags >> BCH_SUBVOLUME_snapshot & 1 ? e->s.creation_parent : 0;
}

static void put_source(struct list *l, const struct bch_subvolume_entry *e, struct bch_buf *out)
{
	const struct bch_subvolume_entry *source = bch_subvolumes_find(&l->subvols, source_of(e));

	if (source)
		bch_buf_subvolume_path(out, source, NULL, l->opts->terminal);
	else
		bch_buf_put(out, "subvolume %u", source_of(e));
}

/* Those that the text shows: that it is a snapshot has a column of its own. */
static void put_flags(const struct bch_subvolume_entry *e, struct bch_buf *out)
{
	u32 flags = e->s.flags & (1U << BCH_SUBVOLUME_ro | 1U << BCH_SUBVOLUME_unlinked);

	bch_buf_flags(out, flags, bch_subvolume_flag_names);
}

static void put_time(const struct bch_subvolume_entry *e, struct bch_buf *out)
{
	if (e->s.otime)
		bch_buf_time_short(out, e->otime.sec);
	else
		bch_buf_putc(out, '-');
}

/* ------------------------------------------------------------------ table */

static void put_row(struct list *l, const struct bch_subvolume_entry *e)
{
	static const int widths[] = { 25, 9, 17, 13, 12, 0 };
	struct bch_buf path bch_auto(buf) = { 0 };
	struct bch_buf time bch_auto(buf) = { 0 };
	struct bch_buf flags bch_auto(buf) = { 0 };
	struct bch_buf source bch_auto(buf) = { 0 };

	bch_buf_subvolume_path(&path, e, l->below, l->opts->terminal);
	put_time(e, &time);
	put_flags(e, &flags);
	bch_facts_row(l->facts, widths, l->opts->snapshots ? 6 : 5);
	bch_fact_text(l->facts, NULL, "%s", bch_buf_str(&path));
	bch_fact_text(l->facts, NULL, "%u", e->id);
	bch_fact_text(l->facts, NULL, "%s", bch_buf_str(&time));
	bch_fact_text(l->facts, NULL, "%s", flags.len ? bch_buf_str(&flags) : "-");
	bch_fact_bytes(l->facts, NULL, BCH_BYTES(e->sectors));
	if (l->opts->snapshots) {
		if (source_of(e))
			put_source(l, e, &source);
		bch_fact_text(l->facts, NULL, "%s", source.len ? bch_buf_str(&source) : "-");
	}
	bch_facts_row_end(l->facts);
}

static void put_table(struct list *l)
{
	bch_facts_heading(l->facts, "%-24s %-8s %-16s %-12s %s", "Path", "ID", "Created", "Flags",
			  l->opts->snapshots ? "Size        Snapshot of" : "Size");
	for (size_t i = 0; i < l->order.a.nr; i++) {
		const struct bch_subvolume_entry *e = &l->subvols.a.v[l->order.a.v[i].at];

		if (is_wanted(l, e))
			put_row(l, e);
	}
}

/* ------------------------------------------------------------------ tree */

/* " [snap of /x, ro, 1.18 GiB, 2026-11-20 10:00]" */
static void put_note(struct list *l, const struct bch_subvolume_entry *e, struct bch_buf *out)
{
	struct bch_buf flags bch_auto(buf) = { 0 };

	bch_buf_puts(out, " [");
	if (source_of(e)) {
		bch_buf_puts(out, "snap of ");
		put_source(l, e, out);
		bch_buf_puts(out, ", ");
	}
	put_flags(e, &flags);
	bch_buf_put(out, "%s%s", bch_buf_str(&flags), flags.len ? ", " : "");
	bch_buf_human(out, BCH_BYTES(e->sectors));
	bch_buf_puts(out, ", ");
	put_time(e, out);
	bch_buf_putc(out, ']');
}

static int put_tree(struct list *l)
{
	struct bch_buf top bch_auto(buf) = { 0 };
	int err = 0;

	(l->opts->terminal ? bch_buf_name : bch_buf_puts)(&top, l->below);
	bch_facts_heading(l->facts, "%s", bch_buf_str(&top));
	for (size_t i = 0; !err && i < l->order.a.nr; i++) {
		const struct bch_subvolume_place *p = &l->order.a.v[i];
		const struct bch_subvolume_entry *e = &l->subvols.a.v[p->at];
		const struct bch_subvolume_entry *in = bch_subvolumes_find(&l->subvols, e->parent);
		struct bch_buf line bch_auto(buf) = { 0 };

		l->last.a.nr = p->depth;
		err = bch_array_push(&l->last.a, p->last);
		if (err)
			break;
		bch_buf_branches(&line, l->last.a.v, p->depth);
		bch_buf_subvolume_path(&line, e, in ? in->path : NULL, l->opts->terminal);
		put_note(l, e, &line);
		bch_facts_heading(l->facts, "%s", bch_buf_str(&line));
	}
	return err;
}

/* ------------------------------------------------------------------ JSON */

static void put_json(struct list *l, const struct bch_subvolume_entry *e)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	struct bch_buf time bch_auto(buf) = { 0 };

	bch_buf_subvolume_path(&path, e, l->below, false);
	put_time(e, &time);
	bch_facts_object(l->facts, NULL);
	bch_fact_json_u64(l->facts, "subvolid", e->id);
	bch_facts_name(l->facts, "path", bch_buf_str(&path));
	if (e->s.otime) {
		bch_fact_json_str(l->facts, "otime", bch_buf_str(&time));
		bch_fact_json_s64(l->facts, "otime_unix", e->otime.sec);
	}
	if (source_of(e))
		bch_fact_json_u64(l->facts, "snapshot_parent", source_of(e));
	bch_fact_json_u64(l->facts, "parent", e->parent);
	bch_fact_json_u64(l->facts, "snapshot", e->s.snapshot);
	bch_fact_flags(l->facts, "flags", e->s.flags, bch_subvolume_flag_names);
	bch_fact_json_u64(l->facts, "size", BCH_BYTES(e->sectors));
	bch_fact_json_u64(l->facts, "sectors", e->sectors);
	bch_facts_list(l->facts, "children");
	for (size_t i = bch_subvolumes_first_in(&l->subvols, e->id);
	     i < l->subvols.a.nr && l->subvols.a.v[i].parent == e->id; i++)
		bch_fact_json_u64(l->facts, NULL, l->subvols.a.v[i].id);
	bch_facts_end(l->facts);
	bch_facts_end(l->facts);
}

static void put_document(struct list *l)
{
	bch_facts_list(l->facts, "subvolumes");
	for (size_t i = 0; i < l->order.a.nr; i++) {
		const struct bch_subvolume_entry *e = &l->subvols.a.v[l->order.a.v[i].at];

		if (is_wanted(l, e))
			put_json(l, e);
	}
	bch_facts_end(l->facts);
}

/* ------------------------------------------------------------------ all */

static int put(struct list *l, u32 subvol)
{
	const struct bch_subvolume_entry *e = bch_subvolumes_find(&l->subvols, subvol);
	bool recursive = l->opts->recursive || l->opts->tree;
	int err = bch_subvolumes_below(&l->subvols, subvol, recursive, &l->order);

	if (err)
		return err;
	l->below = e && e->path ? e->path : "/";
	if (!l->opts->tree)
		bch_subvolumes_sort(&l->subvols, l->opts->sort, &l->order);
	if (bch_facts_are_json(l->facts))
		put_document(l);
	else if (l->opts->tree)
		err = put_tree(l);
	else
		put_table(l);
	return err;
}

int bch_subvolume_list(struct bch_fs *fs, const struct bch_subvolume_list_opts *opts,
		       struct bch_facts *facts, bool *missing)
{
	struct bch_snapshot_sizes sizes bch_auto(snapshot_sizes) = { 0 };
	struct list l = { .fs = fs, .opts = opts, .facts = facts };
	struct bch_file file;
	int err = bch_path_lookup(fs, &opts->paths, opts->path, &file);

	if (!err)
		err = bch_listing_incomplete(fs, bch_snapshot_sizes_read(fs, false, &sizes),
					     missing);
	if (!err)
		err = bch_listing_incomplete(
			fs, bch_subvolumes_read(fs, &sizes, opts->sort, &l.subvols), missing);
	if (!err)
		err = put(&l, file.subvol);
	bch_subvolumes_end(&l.subvols);
	bch_array_end(&l.order.a);
	bch_array_end(&l.last.a);
	return err;
}
