// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The names of a source in a filesystem: those that are too many go, those that are missing come. Format reference: 04 §8.
 *
 * A file stands for the one of the source that is of its type and has its name; of several names the first counts.
 */

#include <sys/stat.h>

#include "ops/edit.h"
#include "ops/update.h"

#define LOST_FOUND "lost+found"

struct entry {
	char *name;
	struct bch_file file;
	u8 type;
};

struct entries {
	BCH_ARRAY(struct entry) a;
};

/* ------------------------------------------------------------------ what is there */

static void entries_end(struct entries *entries)
{
	for (size_t i = 0; i < entries->a.nr; i++)
		free(entries->a.v[i].name);
	bch_array_end(&entries->a);
}

static int add_entry(struct entries *entries, const struct bch_dir_entry *e)
{
	const struct entry entry = { strdup(e->name), e->file, e->type };
	int err = entry.name ? bch_array_push(&entries->a, entry) : -BCH_ERR_no_memory;

	if (err)
		free(entry.name);
	return err;
}

static bool is_wanted(const struct bch_update_tree *u, u32 dir, const char *name)
{
	return bch_source_find(u->source, dir, name, strlen(name)) ||
	       (dir == BCH_SOURCE_ROOT && !strcmp(name, LOST_FOUND));
}

static int read_surplus(const struct bch_update_tree *u, u32 dir, struct entries *entries)
{
	struct bch_dir *d bch_auto(dir) = NULL;
	struct bch_dir_entry e;
	int more = 0, err = bch_dir_open(u->fs, &u->files[dir], 0, &d);

	while (!err && (more = bch_dir_next(d, &e)) > 0)
		if (!is_wanted(u, dir, e.name))
			err = add_entry(entries, &e);
	return err ? err : more;
}

/* ------------------------------------------------------------------ what goes */

static int said(const struct bch_update_tree *u, int err, u32 dir, const char *name)
{
	struct bch_buf path bch_auto(buf) = { 0 };

	bch_source_relative(u->source, dir, &path);
	if (path.len)
		bch_buf_putc(&path, '/');
	bch_buf_name(&path, name);
	return err ? bch_error(u->fs->ctx, err, "/%s", bch_buf_str(&path)) : 0;
}

static int remove_entry(struct bch_update_tree *u, u32 dir, const struct entry *e)
{
	const struct bch_edit_place place = { u->files[dir], { e->name, strlen(e->name) } };
	int err = bch_update_begin(u);

	u->sums->nr_removed++;
	if (err)
		return err;
	if (e->type == S_IFDIR >> 12)
		return bch_edit_remove_tree(u->fs, &place, &e->file, e->name);
	if (e->type == BCH_FILE_SUBVOL)
		return bch_error_whole(u->fs->ctx, -BCH_ERR_refused,
				       "%s: is a subvolume; try 'bcachefs subvolume delete'",
				       e->name);
	return said(u, bch_edit_unlink(u->fs, &place.dir, place.name), dir, e->name);
}

static int remove_surplus(struct bch_update_tree *u, u32 dir)
{
	struct entries entries = { 0 };
	int err = said(u, read_surplus(u, dir, &entries), dir, "");

	for (size_t i = 0; i < entries.a.nr && !err; i++)
		err = remove_entry(u, dir, &entries.a.v[i]);
	entries_end(&entries);
	return err;
}

/* ------------------------------------------------------------------ what comes */

/* Does the file with that name stand for @n's? Then it does from now on. 1, 0, or an error. */
static int may_stay(struct bch_update_tree *u, const struct bch_source_name *n,
		    const struct bch_file *there, const struct bch_stat *st)
{
	const struct bch_file *known = &u->files[n->file];
	u32 other;
	bool taken = st->nlink > 1 && !S_ISDIR(st->mode) &&
		     bch_source_links_find(&u->taken, there->subvol, there->inum, &other);
	int err = 0;

	if (known->inum)
		return known->inum == there->inum && known->subvol == there->subvol;
	if (taken || (st->mode ^ u->source->files.v[n->file].mode) & S_IFMT)
		return 0;
	if (st->nlink > 1 && !S_ISDIR(st->mode))
		err = bch_source_links_add(&u->taken, there->subvol, there->inum, n->file);
	u->files[n->file] = *there;
	return err ? err : 1;
}

static int make(struct bch_update_tree *u, const struct bch_source_name *n)
{
	const struct bch_file *dir = &u->files[n->dir];
	const struct bch_name name = { n->name, n->len };
	struct bch_inode above, inode;
	int err = bch_update_begin(u);

	u->sums->nr_made++;
	if (!err && u->files[n->file].inum)
		return bch_edit_link(u->fs, &u->files[n->file], dir, name);
	if (!err)
		err = bch_file_inode(u->fs, dir, &above, NULL);
	if (err)
		return err;
	inode = bch_edit_new_inode(u->fs, &above, u->source->files.v[n->file].mode);
	return bch_edit_create(u->fs, dir, name, &inode, &u->files[n->file]);
}

/* What has the name: 1 where it stays, 0 where there is nothing any more, or an error. */
static int look_up(struct bch_update_tree *u, const struct bch_source_name *n)
{
	struct entry e = { .name = (char *)(uintptr_t)n->name };
	struct bch_stat st;
	int stays, err = bch_dir_lookup(u->fs, &u->files[n->dir], n->name, n->len, &e.file);

	if (err)
		return err == -BCH_ERR_not_found ? 0 : said(u, err, n->dir, n->name);
	err = bch_file_stat(u->fs, &e.file, &st);
	if (err && err != -BCH_ERR_not_found)
		return said(u, err, n->dir, n->name);
	stays = err ? 0 : may_stay(u, n, &e.file, &st);
	if (stays)
		return stays;
	if (!err)
		e.type = st.subvol_root && e.file.subvol != u->files[n->dir].subvol
				 ? BCH_FILE_SUBVOL
				 : (u8)(st.mode >> 12);
	return remove_entry(u, n->dir, &e);
}

static int take_name(struct bch_update_tree *u, const struct bch_source_name *n)
{
	int stays = look_up(u, n);

	return stays < 0 ? stays : stays ? 0 : said(u, make(u, n), n->dir, n->name);
}

int bch_update_names(struct bch_update_tree *u)
{
	const struct bch_source *s = u->source;
	int err = 0;

	for (size_t i = 0; i < s->order.nr && !err; i++) {
		u32 dir = s->order.v[i];

		if (!S_ISDIR(s->files.v[dir].mode))
			continue;
		err = said(u, bch_edit_allowed(u->fs, &u->files[dir]), dir, "");
		if (!err)
			err = remove_surplus(u, dir);
		for (const struct bch_source_name *n = bch_source_first(s, dir); n && !err;
		     n = bch_source_next(n))
			err = take_name(u, n);
		if (!err)
			err = bch_update_step(u);
	}
	return err;
}
