// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files, and what is in directories, as ls(1) lists them. CLI 14.2.
 *
 * A directory is gone through twice where columns must be as wide as what is in them: nothing of it is kept but its
 * names.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "ops/listing.h"
#include "super/super.h"

/* How wide the columns of a directory are. */
struct widths {
	size_t inum, nlink, user, group, size;
};

struct ls {
	struct bch_listing l;
	const struct bch_ls_opts *opts;
	struct widths widths;
	struct {
		BCH_ARRAY(char *) a;
	} names;       /* to be put side by side */
	bool measures; /* the first time through: nothing is written */
	bool headings;
	bool begun; /* something was listed before */
};

/* ------------------------------------------------------------------ a line */

static void put_size(struct bch_buf *out, const struct bch_stat *st)
{
	if (S_ISCHR(st->mode) || S_ISBLK(st->mode))
		bch_buf_put(out, "%u, %u", st->major, st->minor);
	else
		bch_buf_put(out, "%" PRIu64, st->size);
}

/* A field, to the right of its column or (@left) to the left; or how wide the column must be for it. */
static void put_field(struct ls *ls, const char *text, size_t *width, bool left)
{
	size_t have = strlen(text);

	if (!ls->measures)
		bch_buf_put(&ls->l.text, left ? "%-*s " : "%*s ", (int)*width, text);
	else if (have > *width)
		*width = have;
}

static void put_u64(struct ls *ls, bool known, u64 value, size_t *width)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_put(&text, known ? "%" PRIu64 : "?", value);
	put_field(ls, bch_buf_str(&text), width, false);
}

static void put_owner(struct ls *ls, const struct bch_listed *e)
{
	const struct bch_id_names *names = ls->l.opts->names;
	struct bch_buf user bch_auto(buf) = { 0 };
	struct bch_buf group bch_auto(buf) = { 0 };

	if (e->missing) {
		bch_buf_putc(&user, '?');
		bch_buf_putc(&group, '?');
	} else {
		bch_buf_user(&user, names, e->st.uid);
		bch_buf_group(&group, names, e->st.gid);
	}
	put_field(ls, bch_buf_str(&user), &ls->widths.user, names);
	put_field(ls, bch_buf_str(&group), &ls->widths.group, names);
}

/* All that stands before the name. */
static void put_details(struct ls *ls, const struct bch_listed *e)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	if (!ls->measures && e->missing)
		bch_buf_puts(&ls->l.text, "??????????");
	else if (!ls->measures)
		bch_buf_mode(&ls->l.text, e->st.mode);
	if (!ls->measures)
		bch_buf_putc(&ls->l.text, ' ');
	put_u64(ls, !e->missing, e->st.nlink, &ls->widths.nlink);
	put_owner(ls, e);
	if (e->missing)
		bch_buf_putc(&text, '?');
	else
		put_size(&text, &e->st);
	put_field(ls, bch_buf_str(&text), &ls->widths.size, false);
	if (ls->measures)
		return;
	bch_buf_reset(&text);
	if (e->missing)
		bch_buf_puts(&text, "?");
	else
		bch_buf_time_short(&text, e->st.mtime.sec);
	bch_buf_put(&ls->l.text, "%16s ", bch_buf_str(&text));
}

/* " [compression=zstd,data_replicas=2]" */
static int put_options(struct ls *ls, const struct bch_file *file)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	struct bch_inode inode;
	int err = bch_file_inode(ls->l.fs, file, &inode, NULL);

	if (err)
		return err;
	bch_buf_options(&text, ls->l.fs, &inode);
	if (text.len)
		bch_buf_put(&ls->l.text, " [%s]", bch_buf_str(&text));
	return 0;
}

/* What follows the name. */
static int put_rest(struct ls *ls, const struct bch_listed *e)
{
	struct bch_buf target bch_auto(buf) = { 0 };
	int err = 0;

	if (e->missing)
		return 0;
	if (S_ISLNK(e->st.mode)) {
		err = bch_file_readlink(ls->l.fs, &e->file, &target);
		bch_buf_puts(&ls->l.text, " -> ");
		bch_listing_name(&ls->l, err ? "?" : bch_buf_str(&target));
	}
	if (e->st.subvol_root)
		bch_buf_put(&ls->l.text, " [subvol %u]", e->st.subvol_root);
	if (!err && ls->opts->details > 1)
		err = put_options(ls, &e->file);
	return err;
}

static int put_text(struct ls *ls, const struct bch_listed *e)
{
	int err;

	if (ls->opts->inums)
		put_u64(ls, e->file.inum, e->file.inum, &ls->widths.inum);
	if (ls->opts->details)
		put_details(ls, e);
	if (ls->measures)
		return 0;
	bch_listing_name(&ls->l, e->name);
	err = ls->opts->details ? put_rest(ls, e) : 0;
	bch_buf_newline(&ls->l.text);
	return err ? bch_error(ls->l.fs->ctx, err, "%s", e->name) : 0;
}

static int put_json(struct ls *ls, const char *path, const struct bch_listed *e)
{
	struct bch_facts *facts bch_auto(facts) = bch_facts_new(BCH_FACTS_JSON_PART);
	struct bch_inode inode;
	int err = 0;

	if (!facts)
		return -BCH_ERR_no_memory;
	bch_facts_name(facts, "path", path);
	bch_facts_name(facts, "name", e->name);
	bch_facts_listed(facts, ls->l.fs, ls->l.opts->names, e);
	if (ls->opts->details > 1 && !e->missing)
		err = bch_file_inode(ls->l.fs, &e->file, &inode, NULL);
	if (ls->opts->details > 1 && !e->missing && !err)
		bch_facts_options(facts, ls->l.fs, &inode);
	bch_listing_element(&ls->l, facts, NULL);
	return err;
}

/* Side by side: kept until the directory ends. */
static int keep_name(struct ls *ls, const struct bch_listed *e)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	char *name;
	int err;

	if (ls->opts->inums)
		bch_buf_put(&text, "%" PRIu64 " ", e->file.inum);
	bch_buf_name(&text, e->name);
	name = bch_buf_take(&text);
	if (!name)
		return -BCH_ERR_no_memory;
	err = bch_array_push(&ls->names.a, name);
	if (err)
		free(name);
	return err;
}

static bool in_columns(const struct ls *ls)
{
	return ls->opts->columns && !ls->opts->details && !ls->l.opts->json;
}

static void put_names(struct ls *ls)
{
	bch_buf_columns(&ls->l.text, ls->names.a.v, ls->names.a.nr, ls->opts->columns);
	for (size_t i = 0; i < ls->names.a.nr; i++)
		free(ls->names.a.v[i]);
	ls->names.a.nr = 0;
}

/* ------------------------------------------------------------------ an entry */

/* The file that a symlink leads to instead of it, where that is wanted and there is one. */
static void follow(struct ls *ls, const char *path, struct bch_listed *e)
{
	struct bch_listed there;
	struct bch_file file;

	if (!ls->l.opts->paths.follow || e->missing || !S_ISLNK(e->st.mode))
		return;
	if (!bch_path_lookup(ls->l.fs, &ls->l.opts->paths, path, &file) &&
	    !bch_listed_get(ls->l.fs, e->name, e->type, &file, &there) && !there.missing)
		*e = there;
}

static int put_entry(struct ls *ls, const char *path, struct bch_listed *e)
{
	int err;

	follow(ls, path, e);
	err = ls->l.opts->json ? put_json(ls, path, e)
	      : in_columns(ls) ? keep_name(ls, e)
			       : put_text(ls, e);
	if (err)
		err = bch_listing_pass(&ls->l, err);
	return err ? err : bch_listing_pace(&ls->l);
}

/* An entry that leads nowhere is shown as such, and something is missing. */
static int say_missing(struct ls *ls, const char *path, const struct bch_listed *e)
{
	if (!e->missing || ls->measures)
		return 0;
	return bch_listing_pass(&ls->l, bch_error_whole(ls->l.fs->ctx, -BCH_ERR_not_found,
							"%s: the entry leads to no inode: %" PRIu64,
							path, e->file.inum));
}

/* Is what lists need already in the entry? Then inodes are not read. */
static bool needs_stat(const struct ls *ls)
{
	return ls->opts->details || ls->l.opts->json || ls->l.opts->paths.follow;
}

static int take_entry(struct ls *ls, const char *dir, const struct bch_walk_entry *w)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	struct bch_listed e = { .name = w->name, .type = w->type, .file = w->file };
	int err = 0;

	bch_buf_put(&path, "%s%s", strcmp(dir, "/") ? dir : "", w->path);
	if (bch_buf_failed(&path))
		return -BCH_ERR_no_memory;
	if (needs_stat(ls))
		err = bch_listed_get(ls->l.fs, w->name, w->type, &w->file, &e);
	if (err)
		return bch_listing_pass(&ls->l,
					bch_error(ls->l.fs->ctx, err, "%s", bch_buf_str(&path)));
	err = put_entry(ls, bch_buf_str(&path), &e);
	return err ? err : say_missing(ls, bch_buf_str(&path), &e);
}

/* ------------------------------------------------------------------ a directory */

static bool is_hidden(const struct ls *ls, const struct bch_walk_entry *w)
{
	return w->depth && w->name[0] == '.' && !ls->opts->all;
}

static unsigned walk_flags(const struct ls *ls)
{
	return ls->opts->unsorted ? 0 : BCH_WALK_SORTED;
}

/* Once through the entries. */
static int list_entries(struct ls *ls, const char *path, const struct bch_file *dir)
{
	struct bch_walk *walk bch_auto(walk) = NULL;
	struct bch_walk_entry w;
	int more, err = bch_walk_begin(ls->l.fs, dir, walk_flags(ls), &walk);

	while (!err && (more = bch_walk_next(walk, &w))) {
		if (more < 0) {
			err = ls->measures ? 0 : bch_listing_pass(&ls->l, more);
			continue;
		}
		if (!w.depth)
			continue;
		bch_walk_skip(walk);
		if (!is_hidden(ls, &w))
			err = take_entry(ls, path, &w);
	}
	return err;
}

static int list_dir(struct ls *ls, const char *path, const struct bch_file *dir)
{
	int err = 0;

	if (ls->headings && !ls->l.opts->json) {
		bch_buf_puts(&ls->l.text, ls->begun ? "\n" : "");
		bch_listing_name(&ls->l, path);
		bch_buf_puts(&ls->l.text, ":\n");
	}
	ls->begun = true;
	ls->widths = (struct widths){ 0 };
	if ((ls->opts->details || ls->opts->inums) && !ls->l.opts->json && !in_columns(ls)) {
		ls->measures = true;
		err = list_entries(ls, path, dir);
		ls->measures = false;
	}
	if (!err)
		err = list_entries(ls, path, dir);
	put_names(ls);
	return err;
}

/* Each directory below, after the one that it is in, by a walk of its own, which says nothing that the list says. */
static int list_tree(struct ls *ls, const char *path, const struct bch_file *dir)
{
	struct bch_walk *walk bch_auto(walk) = NULL;
	struct bch_walk_entry w;
	int more, err = bch_walk_begin(ls->l.fs, dir, walk_flags(ls) | BCH_WALK_DIRS, &walk);

	while (!err && (more = bch_walk_next(walk, &w))) {
		struct bch_buf below bch_auto(buf) = { 0 };

		if (more < 0) {
			if (more == -BCH_ERR_too_many_links || more == -BCH_ERR_no_memory)
				err = bch_listing_pass(&ls->l, more);
			continue;
		}
		if (is_hidden(ls, &w))
			bch_walk_skip(walk);
		if (is_hidden(ls, &w) || !w.file.inum)
			continue;
		bch_buf_put(&below, "%s%s", w.depth && !strcmp(path, "/") ? "" : path, w.path);
		err = bch_buf_failed(&below) ? -BCH_ERR_no_memory
					     : list_dir(ls, bch_buf_str(&below), &w.file);
	}
	return err;
}

/* ------------------------------------------------------------------ operands */

/* What an operand names. */
struct operand {
	const char *path;
	struct bch_listed e;
};

static bool is_dir(const struct ls *ls, const struct operand *o)
{
	return S_ISDIR(o->e.st.mode) && !ls->opts->directory;
}

static int look_up(struct ls *ls, const char *path, struct operand *o)
{
	struct bch_file file;
	int err = bch_path_lookup(ls->l.fs, &ls->l.opts->paths, path, &file);

	o->path = path;
	if (err)
		return err;
	err = bch_listed_get(ls->l.fs, path, 0, &file, &o->e);
	if (!err && o->e.missing)
		err = -BCH_ERR_not_found;
	return err ? bch_error(ls->l.fs->ctx, err, "%s", path) : 0;
}

/* Those that are no directories first, as if they were what is in one. */
static int list_files(struct ls *ls, struct operand *v, size_t nr)
{
	int err = 0;

	for (u32 pass = ls->opts->details && !ls->l.opts->json ? 0 : 1; pass < 2; pass++) {
		ls->measures = !pass;
		for (size_t i = 0; !err && i < nr; i++)
			if (!is_dir(ls, &v[i]))
				err = put_entry(ls, v[i].path, &v[i].e);
	}
	ls->begun = ls->l.text.len || ls->names.a.nr;
	put_names(ls);
	return err;
}

static int list_operands(struct ls *ls, struct operand *v, const char *const *paths, size_t nr)
{
	size_t found = 0;
	int err = 0;

	for (size_t i = 0; !err && i < nr; i++) {
		err = look_up(ls, paths[i], &v[found]);
		if (err)
			err = bch_listing_pass(&ls->l, err);
		else
			found++;
	}
	if (!err)
		err = list_files(ls, v, found);
	for (size_t i = 0; !err && i < found; i++) {
		if (is_dir(ls, &v[i]))
			err = ls->opts->recursive ? list_tree(ls, v[i].path, &v[i].e.file)
						  : list_dir(ls, v[i].path, &v[i].e.file);
	}
	return err;
}

int bch_ls(struct bch_fs *fs, const struct bch_listing_opts *listing,
	   const struct bch_ls_opts *opts, const char *const *paths, size_t nr_paths)
{
	struct ls ls = { .opts = opts, .headings = nr_paths > 1 || opts->recursive };
	struct operand *v = bch_calloc(nr_paths + 1, sizeof(*v));
	int err;

	if (!v)
		return -BCH_ERR_no_memory;
	bch_listing_begin(&ls.l, fs, listing, "files");
	err = list_operands(&ls, v, paths, nr_paths);
	put_names(&ls);
	bch_array_end(&ls.names.a);
	free(v);
	return bch_listing_end(&ls.l, err);
}
