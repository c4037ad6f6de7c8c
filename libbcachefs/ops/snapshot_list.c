// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshot trees, drawn or as a table. CLI 9.2. */

#include <string.h>

#include "ops/listing.h"
#include "ops/subvolumes.h"
#include "super/super.h"

/* A node that is listed. */
struct node {
	const struct bch_snapshot_node *n;
	const struct bch_subvolume_entry *subvol; /* that points to it; NULL: none */
	struct bch_snapshot_size size;
	u64 total_sectors;
	u32 depth;
	bool last;
};

struct list {
	struct bch_fs *fs;
	const struct bch_subvolume_list_opts *opts;
	struct bch_facts *facts;
	struct bch_snapshot_sizes sizes;
	struct bch_subvolumes subvols;
	struct {
		BCH_ARRAY(struct node) a;
	} nodes;
	struct {
		BCH_ARRAY(u32) a;
	} tops; /* of the trees that are listed already */
	struct {
		BCH_ARRAY(bool) a;
	} last;
};

/* ------------------------------------------------------------------ the nodes of a tree */

static bool is_shared(const struct node *n)
{
	return n->n->children[0] || n->n->children[1];
}

static int add_node(struct list *l, u32 id, u32 depth, bool last)
{
	struct node n = { .n = bch_snapshot_find(l->fs, id), .depth = depth, .last = last };

	if (!n.n)
		return 0;
	n.subvol = n.n->subvol ? bch_subvolumes_find(&l->subvols, n.n->subvol) : NULL;
	n.size = bch_snapshot_size_of(&l->sizes, id);
	n.total_sectors = bch_snapshot_total_sectors(l->fs, &l->sizes, id);
	return bch_array_push(&l->nodes.a, n);
}

/*
 * All below @top, parents before children. Without recursion, since trees may be deep; a child's id is less than its
 * parent's or it is passed over, so that this ends.
 */
static int add_tree(struct list *l, u32 top)
{
	struct {
		BCH_ARRAY(struct node) a;
	} todo = { 0 };
	struct node first = { .n = bch_snapshot_find(l->fs, top), .last = true };
	int err = first.n ? bch_array_push(&todo.a, first) : 0;

	while (!err && todo.a.nr) {
		struct node at = todo.a.v[--todo.a.nr];

		err = add_node(l, at.n->id, at.depth, at.last);
		for (u32 i = 2; !err && i--;) { /* the first child comes off last */
			const struct bch_snapshot_node *child =
				bch_snapshot_find(l->fs, at.n->children[i]);
			struct node next = { child, .depth = at.depth + 1,
					     .last = i || !at.n->children[1] };

			if (child && child->parent == at.n->id)
				err = bch_array_push(&todo.a, next);
		}
	}
	bch_array_end(&todo.a);
	return err;
}

/* The tree that @subvol belongs to, unless it is there. */
static int add_tree_of(struct list *l, u32 subvol)
{
	const struct bch_subvolume_entry *e = bch_subvolumes_find(&l->subvols, subvol);
	const struct bch_snapshot_node *n = e ? bch_snapshot_find(l->fs, e->s.snapshot) : NULL;
	int err;

	while (n && n->parent && bch_snapshot_find(l->fs, n->parent))
		n = bch_snapshot_find(l->fs, n->parent);
	for (size_t i = 0; n && i < l->tops.a.nr; i++)
		if (l->tops.a.v[i] == n->id)
			return 0;
	if (!n)
		return 0;
	err = bch_array_push(&l->tops.a, n->id);
	return err ? err : add_tree(l, n->id);
}

static int add_trees_below(struct list *l, u32 subvol)
{
	struct bch_subvolume_order order;
	int err = bch_subvolumes_below(&l->subvols, subvol, true, &order);

	for (size_t i = 0; !err && i < order.a.nr; i++)
		err = add_tree_of(l, l->subvols.a.v[order.a.v[i].at].id);
	bch_array_end(&order.a);
	return err;
}

static int compare_u64(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

/* For the table: what has a name first. */
static int compare(const void *l, const void *r, void *arg)
{
	const struct node *a = l, *b = r;
	const unsigned *sort = arg;
	const char *a_path = a->subvol ? a->subvol->path : NULL;
	const char *b_path = b->subvol ? b->subvol->path : NULL;
	int order = 0;

	if (*sort == BCH_SUBVOLUME_BY_SIZE)
		order = compare_u64(b->total_sectors, a->total_sectors);
	if (*sort == BCH_SUBVOLUME_BY_TIME)
		order = compare_u64(a->n->btime, b->n->btime);
	if (!order)
		order = compare_u64(!a_path, !b_path);
	if (!order && a_path)
		order = strcmp(a_path, b_path);
	return order ? order : compare_u64(b->n->id, a->n->id);
}

static void sort_nodes(struct list *l)
{
	unsigned sort = l->opts->sort;

	if (l->nodes.a.nr)
		qsort_r(l->nodes.a.v, l->nodes.a.nr, sizeof(*l->nodes.a.v), compare, &sort);
}

/* ------------------------------------------------------------------ text */

static bool is_readonly(const struct node *n)
{
	return n->subvol && n->subvol->s.flags >> BCH_SUBVOLUME_ro & 1;
}

static bool is_wanted(const struct list *l, const struct node *n)
{
	return !l->opts->readonly || is_readonly(n);
}

/* What a node is, or what is to become of it, in words. */
static void put_flags(const struct node *n, struct bch_buf *out)
{
	if (n->subvol)
		bch_buf_flags(out,
			      n->subvol->s.flags &
				      (1U << BCH_SUBVOLUME_ro | 1U << BCH_SUBVOLUME_unlinked),
			      bch_subvolume_flag_names);
	if (n->n->state != BCH_SNAPSHOT_STATE_live)
		bch_buf_put(out, "%sdeleted", out->len ? "," : "");
	if (is_shared(n))
		bch_buf_put(out, "%sshared", out->len ? "," : "");
}

static void put_path(const struct list *l, const struct node *n, struct bch_buf *out, bool terminal)
{
	if (n->subvol)
		bch_buf_subvolume_path(out, n->subvol, NULL, terminal);
	else if (!is_shared(n))
		bch_buf_puts(out, "(no subvolume)");
	else if (!out->len)
		bch_buf_puts(out, l->opts->flat ? "-" : "");
}

/* "/path [1.18 GiB, 202 keys] (ro)", inner nodes "[…] (shared)". */
static int put_tree(struct list *l, const struct node *n)
{
	struct bch_buf line bch_auto(buf) = { 0 };
	struct bch_buf flags bch_auto(buf) = { 0 };
	int err;

	l->last.a.nr = n->depth < l->last.a.nr ? n->depth : l->last.a.nr;
	err = bch_array_push(&l->last.a, n->last);
	if (!err && l->last.a.nr > 1)
		bch_buf_branches(&line, l->last.a.v + 1, l->last.a.nr - 2);
	if (is_shared(n) && !n->subvol)
		bch_buf_put(&line, "snapshot %u", n->n->id);
	else
		put_path(l, n, &line, l->opts->terminal);
	bch_buf_puts(&line, " [");
	bch_buf_human(&line, BCH_BYTES(n->size.sectors));
	bch_buf_put(&line, ", %" PRIu64 " keys]", n->size.nr_keys);
	put_flags(n, &flags);
	if (flags.len)
		bch_buf_put(&line, " (%s)", bch_buf_str(&flags));
	bch_facts_heading(l->facts, "%s", bch_buf_str(&line));
	return err;
}

static const int widths[] = { 25, 11, 10, 10, 9, 10, 0 };

static void put_row(struct list *l, const struct node *n)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	struct bch_buf flags bch_auto(buf) = { 0 };

	put_path(l, n, &path, l->opts->terminal);
	put_flags(n, &flags);
	bch_facts_row(l->facts, widths, bch_array_size(widths));
	bch_fact_text(l->facts, NULL, "%s", bch_buf_str(&path));
	bch_fact_text(l->facts, NULL, "%u", n->n->id);
	bch_fact_bytes(l->facts, NULL, BCH_BYTES(n->size.sectors));
	bch_fact_bytes(l->facts, NULL, n->size.key_bytes);
	bch_fact_text(l->facts, NULL, "%" PRIu64, n->size.nr_keys);
	bch_fact_bytes(l->facts, NULL, BCH_BYTES(n->total_sectors));
	bch_fact_text(l->facts, NULL, "%s", flags.len ? bch_buf_str(&flags) : "-");
	bch_facts_row_end(l->facts);
}

static int put_text(struct list *l)
{
	int err = 0;

	if (l->opts->flat)
		bch_facts_heading(l->facts, "%-24s %-10s %-9s %-9s %-8s %-9s %s", "Path", "ID",
				  "Own", "Meta", "Keys", "Total", "Flags");
	for (size_t i = 0; !err && i < l->nodes.a.nr; i++) {
		const struct node *n = &l->nodes.a.v[i];

		if (!is_wanted(l, n))
			continue;
		if (l->opts->flat)
			put_row(l, n);
		else
			err = put_tree(l, n);
	}
	return err;
}

/* ------------------------------------------------------------------ JSON */

static void put_node(struct list *l, const struct node *n)
{
	struct bch_buf path bch_auto(buf) = { 0 };

	bch_facts_object(l->facts, NULL);
	bch_fact_json_u64(l->facts, "id", n->n->id);
	if (n->n->parent)
		bch_fact_json_u64(l->facts, "parent", n->n->parent);
	bch_facts_list(l->facts, "children");
	for (u32 i = 0; i < 2; i++)
		if (n->n->children[i])
			bch_fact_json_u64(l->facts, NULL, n->n->children[i]);
	bch_facts_end(l->facts);
	if (n->n->subvol)
		bch_fact_json_u64(l->facts, "subvol", n->n->subvol);
	bch_fact_json_u64(l->facts, "sectors", n->size.sectors);
	bch_fact_json_u64(l->facts, "size", BCH_BYTES(n->size.sectors));
	bch_fact_json_u64(l->facts, "total_bytes", BCH_BYTES(n->total_sectors));
	bch_fact_json_u64(l->facts, "nr_keys", n->size.nr_keys);
	bch_fact_json_u64(l->facts, "key_bytes", n->size.key_bytes);
	bch_fact_flags(l->facts, "flags", n->subvol ? n->subvol->s.flags : 0,
		       bch_subvolume_flag_names);
	if (n->n->state != BCH_SNAPSHOT_STATE_live)
		bch_fact_json_str(l->facts, "state", "deleted");
	if (n->subvol && n->subvol->path) {
		put_path(l, n, &path, false);
		bch_facts_name(l->facts, "path", bch_buf_str(&path));
	}
	bch_facts_end(l->facts);
}

static void put_document(struct list *l, const struct bch_file *file)
{
	const struct bch_subvolume_entry *e = bch_subvolumes_find(&l->subvols, file->subvol);

	bch_facts_object(l->facts, "query_root");
	bch_fact_json_u64(l->facts, "subvol", file->subvol);
	bch_fact_json_u64(l->facts, "snapshot", file->snapshot);
	if (e && e->path)
		bch_facts_name(l->facts, "path", e->path);
	bch_facts_end(l->facts);
	bch_facts_list(l->facts, "nodes");
	for (size_t i = 0; i < l->nodes.a.nr; i++)
		if (is_wanted(l, &l->nodes.a.v[i]))
			put_node(l, &l->nodes.a.v[i]);
	bch_facts_end(l->facts);
}

/* ------------------------------------------------------------------ all */

static int put(struct list *l, const struct bch_file *file)
{
	int err = add_tree_of(l, file->subvol);

	if (!err && l->opts->recursive)
		err = add_trees_below(l, file->subvol);
	if (l->opts->flat)
		sort_nodes(l);
	if (!err && bch_facts_are_json(l->facts))
		put_document(l, file);
	else if (!err)
		err = put_text(l);
	return err;
}

int bch_snapshot_list(struct bch_fs *fs, const struct bch_subvolume_list_opts *opts,
		      struct bch_facts *facts, bool *missing)
{
	struct list l = { .fs = fs, .opts = opts, .facts = facts };
	struct bch_file file;
	int err = bch_path_lookup(fs, &opts->paths, opts->path, &file);

	if (!err)
		err = bch_listing_incomplete(fs, bch_snapshot_sizes_read(fs, true, &l.sizes),
					     missing);
	if (!err)
		err = bch_listing_incomplete(
			fs, bch_subvolumes_read(fs, &l.sizes, opts->sort, &l.subvols), missing);
	if (!err)
		err = put(&l, &file);
	bch_snapshot_sizes_end(&l.sizes);
	bch_subvolumes_end(&l.subvols);
	bch_array_end(&l.nodes.a);
	bch_array_end(&l.tops.a);
	bch_array_end(&l.last.a);
	return err;
}
