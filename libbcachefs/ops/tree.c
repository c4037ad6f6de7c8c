// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is below a directory, as tree(1) draws it. CLI 14.2.
 *
 * The sizes of directories are summed on a walk of their own before anything is drawn: 8 bytes a directory.
 */

#include <stdlib.h>
#include <sys/stat.h>

#include "base/array.h"
#include "ops/listing.h"
#include "super/super.h"

struct tree {
	struct bch_listing l;
	const struct bch_tree_opts *opts;
	struct {
		BCH_ARRAY(u64) a;
	} sums; /* of the files in each directory, in the order of the walk */
	size_t at_sum;
	struct {
		BCH_ARRAY(bool) a;
	} last; /* of the entries on the way down: was it the last of its directory? */
	u64 nr_dirs, nr_files;
	u32 nr_open; /* JSON: directories that are not yet closed */
};

static bool is_dir(const struct bch_walk_entry *w)
{
	return w->type == S_IFDIR >> 12 || w->type == BCH_FILE_SUBVOL;
}

/* ------------------------------------------------------------------ sums */

static u64 size_of(struct tree *t, const struct bch_walk_entry *w)
{
	struct bch_stat st;

	return bch_file_stat(t->l.fs, &w->file, &st) || S_ISDIR(st.mode) ? 0 : st.size;
}

/* Adds a file's size to all directories above it, whose places in sums @open says. */
static int sum_up(struct tree *t, const struct bch_file *file)
{
	struct {
		BCH_ARRAY(size_t) a;
	} open = { 0 };
	struct bch_walk *walk bch_auto(walk) = NULL;
	struct bch_walk_entry w;
	u64 size;
	int more, err = bch_walk_begin(t->l.fs, file, BCH_WALK_SORTED, &walk);

	while (!err && (more = bch_walk_next(walk, &w))) {
		if (more < 0) {
			err = more == -BCH_ERR_no_memory ? more : 0; /* said when it is drawn */
			continue;
		}
		if (bch_cancelled(t->l.fs->ctx))
			err = -BCH_ERR_cancelled;
		open.a.nr = w.depth < open.a.nr ? w.depth : open.a.nr;
		if (is_dir(&w)) {
			err = err ? err : bch_array_push(&open.a, t->sums.a.nr);
			err = err ? err : bch_array_push(&t->sums.a, 0);
			continue;
		}
		size = size_of(t, &w);
		for (size_t i = 0; i < open.a.nr; i++)
			t->sums.a.v[open.a.v[i]] += size;
	}
	bch_array_end(&open.a);
	return err;
}

/* A directory's sum, else the size of the file. */
static u64 next_sum(struct tree *t, const struct bch_walk_entry *w, const struct bch_listed *e)
{
	if (is_dir(w))
		return t->at_sum < t->sums.a.nr ? t->sums.a.v[t->at_sum++] : 0;
	return e->missing ? 0 : e->st.size;
}

/* ------------------------------------------------------------------ an entry */

static int put_branches(struct tree *t, const struct bch_walk_entry *w)
{
	int err;

	t->last.a.nr = w->depth - 1 < t->last.a.nr ? w->depth - 1 : t->last.a.nr;
	err = bch_array_push(&t->last.a, w->last);
	if (!err)
		bch_buf_branches(&t->l.text, t->last.a.v, t->last.a.nr - 1);
	return err;
}

static int put_text(struct tree *t, const struct bch_walk_entry *w, const struct bch_listed *e,
		    u64 sum)
{
	struct bch_buf target bch_auto(buf) = { 0 };
	int err = w->depth ? put_branches(t, w) : 0;

	if (t->opts->du)
		bch_buf_put(&t->l.text, "[%11" PRIu64 "]  ", sum);
	bch_listing_name(&t->l, e->name);
	if (e->missing)
		bch_buf_puts(&t->l.text, " [missing]");
	else if (e->st.subvol_root && w->depth)
		bch_buf_put(&t->l.text, " [subvol %u]", e->st.subvol_root);
	if (!err && !e->missing && S_ISLNK(e->st.mode)) {
		err = bch_file_readlink(t->l.fs, &e->file, &target);
		bch_buf_puts(&t->l.text, " -> ");
		bch_listing_name(&t->l, err ? "?" : bch_buf_str(&target));
	}
	bch_buf_newline(&t->l.text);
	return err;
}

/* JSON: all but the first @depth directories that are open. */
static void close_dirs(struct tree *t, u32 depth)
{
	for (; t->nr_open > depth; t->nr_open--)
		bch_listing_element_end(&t->l);
}

static int put_json(struct tree *t, const struct bch_walk_entry *w, const struct bch_listed *e,
		    u64 sum)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON_PART);

	if (!facts)
		return -BCH_ERR_no_memory;
	bch_facts_name(facts, "name", e->name);
	bch_facts_listed(facts, t->l.fs, NULL, e);
	if (t->opts->du && is_dir(w))
		bch_fact_json_u64(facts, "du_bytes", sum);
	close_dirs(t, w->depth);
	bch_listing_element(&t->l, facts, is_dir(w) ? "contents" : NULL);
	t->nr_open += is_dir(w);
	return 0;
}

/* Where the walk goes no deeper, all directories below are passed over, and so are their sums. */
static int put(struct tree *t, const struct bch_walk_entry *w, const char *name)
{
	struct bch_listed e;
	int err = bch_listed_get(t->l.fs, name, w->type, &w->file, &e);
	u64 sum;

	if (err)
		return bch_error(t->l.fs->ctx, err, "%s", w->path);
	sum = t->opts->du ? next_sum(t, w, &e) : 0;
	t->nr_dirs += is_dir(w) && w->depth;
	t->nr_files += !is_dir(w);
	err = t->l.opts->json ? put_json(t, w, &e, sum) : put_text(t, w, &e, sum);
	if (!err && e.missing)
		err = bch_error_whole(t->l.fs->ctx, -BCH_ERR_not_found,
				      "%s: the entry leads to no inode: %" PRIu64, w->path,
				      w->file.inum);
	return err;
}

/* ------------------------------------------------------------------ the tree */

/* Deeper than is wanted? Then only its place among the sums counts. */
static bool is_too_deep(const struct tree *t, const struct bch_walk_entry *w)
{
	return t->opts->levels && w->depth > t->opts->levels;
}

static int take(struct tree *t, struct bch_walk *walk, const struct bch_walk_entry *w,
		const char *path)
{
	int err;

	if (is_too_deep(t, w)) {
		t->at_sum += is_dir(w);
		return 0;
	}
	if (!t->opts->du && t->opts->levels && w->depth == t->opts->levels)
		bch_walk_skip(walk);
	err = put(t, w, w->depth ? w->name : path);
	if (err)
		err = bch_listing_pass(&t->l, err);
	return err ? err : bch_listing_pace(&t->l);
}

static int draw(struct tree *t, const struct bch_file *file, const char *path)
{
	unsigned flags = BCH_WALK_SORTED | (t->opts->dirs ? BCH_WALK_DIRS : 0);
	struct bch_walk *walk bch_auto(walk) = NULL;
	struct bch_walk_entry w;
	int more, err = bch_walk_begin(t->l.fs, file, flags, &walk);

	while (!err && (more = bch_walk_next(walk, &w)))
		err = more < 0 ? bch_listing_pass(&t->l, more) : take(t, walk, &w, path);
	return err;
}

static void put_totals(struct tree *t)
{
	bch_buf_put(&t->l.text, "\n%" PRIu64 " director%s", t->nr_dirs,
		    t->nr_dirs == 1 ? "y" : "ies");
	if (!t->opts->dirs)
		bch_buf_put(&t->l.text, ", %" PRIu64 " file%s", t->nr_files,
			    t->nr_files == 1 ? "" : "s");
	bch_buf_newline(&t->l.text);
}

int bch_tree(struct bch_fs *fs, const struct bch_listing_opts *listing,
	     const struct bch_tree_opts *opts, const char *path)
{
	struct tree t = { .opts = opts };
	struct bch_file file;
	int err = bch_path_lookup(fs, &listing->paths, path, &file);

	if (err)
		return err;
	bch_listing_begin(&t.l, fs, listing, "tree");
	if (opts->du)
		err = sum_up(&t, &file);
	if (!err)
		err = draw(&t, &file, path);
	close_dirs(&t, 0);
	if (!err && !listing->json)
		put_totals(&t);
	bch_array_end(&t.sums.a);
	bch_array_end(&t.last.a);
	return bch_listing_end(&t.l, err);
}
