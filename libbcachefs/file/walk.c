// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A walk over a tree of directories, without recursion: trees may be as deep as they like.
 *
 * Of each directory on the way down all entries are in memory, so that none is open while others are read, and so that
 * they can be sorted. A directory is loaded when the entry behind it is asked for: until then it can be skipped.
 */

#include <sys/stat.h>

#include "base/memory.h"
#include "file/private.h"

struct entry {
	char *name; /* owned */
	struct bch_file file;
	u8 type;
};

/* A directory on the way down. */
struct level {
	struct bch_file dir;
	BCH_ARRAY(struct entry) entries;
	size_t at;	 /* the next entry */
	size_t path_len; /* of the directory's own path */
	u8 type;
};

struct bch_walk {
	struct bch_fs *fs;
	unsigned flags;
	struct {
		BCH_ARRAY(struct level) a;
	} levels;
	struct bch_buf path;
	struct bch_file last; /* a directory that was given and is still to be gone into */
	u8 last_type;
	bool descends, begun;
};

/* ------------------------------------------------------------------ one directory */

static void level_end(struct level *l)
{
	for (size_t i = 0; i < l->entries.nr; i++)
		free(l->entries.v[i].name);
	bch_array_end(&l->entries);
}

static int compare_names(const void *l, const void *r)
{
	const struct entry *a = l, *b = r;

	return strcmp(a->name, b->name);
}

static int add_entry(struct level *l, const struct bch_dir_entry *e)
{
	struct entry copy = { .file = e->file, .type = e->type };
	int err;

	copy.name = bch_malloc(e->name_len + 1);
	if (!copy.name)
		return -BCH_ERR_no_memory;
	memcpy(copy.name, e->name, e->name_len + 1);
	err = bch_array_push(&l->entries, copy);
	if (err)
		free(copy.name);
	return err;
}

static bool is_dir(u8 type)
{
	return type == S_IFDIR >> 12 || type == BCH_FILE_SUBVOL;
}

/* All that can be read of it, and is wanted; the first error is given. */
static int load(struct bch_fs *fs, unsigned flags, struct level *l)
{
	struct bch_dir *dir bch_auto(dir) = NULL;
	struct bch_dir_entry e;
	int more, err = bch_dir_open(fs, &l->dir, 0, &dir), first = 0;

	if (err)
		return err;
	while ((more = bch_dir_next(dir, &e))) {
		if (more > 0 && flags & BCH_WALK_DIRS && !is_dir(e.type))
			continue;
		err = more < 0 ? more : add_entry(l, &e);
		if (err == -BCH_ERR_no_memory)
			return err;
		if (!first)
			first = err;
	}
	return first;
}

/* ------------------------------------------------------------------ down and up */

static bool same_file(const struct bch_file *a, const struct bch_file *b)
{
	return a->inum == b->inum && a->subvol == b->subvol && a->snapshot == b->snapshot;
}

static bool is_within_itself(const struct bch_walk *w)
{
	for (size_t i = 0; i < w->levels.a.nr; i++)
		if (same_file(&w->levels.a.v[i].dir, &w->last))
			return true;
	return false;
}

static int said(struct bch_walk *w, int err)
{
	return bch_error(w->fs->ctx, err, "%s", w->path.len ? bch_buf_str(&w->path) : "/");
}

/* Into the directory that was given last. */
static int descend(struct bch_walk *w)
{
	struct level l = { .dir = w->last, .path_len = w->path.len, .type = w->last_type };
	int err, pushed;

	if (is_within_itself(w))
		return said(w, -BCH_ERR_too_many_links);
	err = load(w->fs, w->flags, &l);
	if (l.entries.nr && w->flags & BCH_WALK_SORTED)
		qsort(l.entries.v, l.entries.nr, sizeof(*l.entries.v), compare_names);
	pushed = bch_array_push(&w->levels.a, l);
	if (pushed)
		level_end(&l);
	return pushed ? pushed : err ? said(w, err) : 0;
}

static void cut_path(struct bch_walk *w, size_t len)
{
	if (len < w->path.len) {
		w->path.p[len] = '\0';
		w->path.len = len;
	}
}

static void give(struct bch_walk *w, const struct bch_file *file, u8 type,
		 struct bch_walk_entry *entry)
{
	size_t nr = w->levels.a.nr; /* a name may have '/' in it */
	const char *path = bch_buf_str(&w->path);

	*entry = (struct bch_walk_entry){
		.path = path,
		.name = path + (nr ? w->levels.a.v[nr - 1].path_len + 1 : 0),
		.depth = (u32)nr,
		.type = type,
		.file = *file,
	};
}

static int give_next(struct bch_walk *w, struct level *l, struct bch_walk_entry *entry)
{
	const struct entry *e = &l->entries.v[l->at++];

	cut_path(w, l->path_len);
	bch_buf_putc(&w->path, '/');
	bch_buf_puts(&w->path, e->name);
	if (bch_buf_failed(&w->path))
		return -BCH_ERR_no_memory;
	w->last = e->file;
	w->last_type = e->type;
	w->descends = is_dir(e->type) && e->file.inum &&
		      !(e->type == BCH_FILE_SUBVOL && w->flags & BCH_WALK_ONE_SUBVOL);
	give(w, &e->file, e->type, entry);
	entry->last = l->at == l->entries.nr;
	return 1;
}

/* Out of a directory, which may be given once more. */
static bool leave(struct bch_walk *w, struct level *l, struct bch_walk_entry *entry)
{
	struct bch_file dir = l->dir;
	u8 type = l->type;

	cut_path(w, l->path_len);
	level_end(l);
	w->levels.a.nr--;
	give(w, &dir, type, entry);
	entry->leaving = true;
	return w->flags & BCH_WALK_LEAVES;
}

/* ------------------------------------------------------------------ the walk */

int bch_walk_begin(struct bch_fs *fs, const struct bch_file *file, unsigned flags,
		   struct bch_walk **walk)
{
	struct bch_stat st;
	int err = bch_file_stat(fs, file, &st);

	*walk = NULL;
	if (err)
		return err;
	*walk = bch_calloc(1, sizeof(**walk));
	if (!*walk)
		return -BCH_ERR_no_memory;
	**walk = (struct bch_walk){
		.fs = fs, .flags = flags, .last = *file, .last_type = (u8)(st.mode >> 12)
	};
	return 0;
}

int bch_walk_next(struct bch_walk *w, struct bch_walk_entry *entry)
{
	if (!w->begun) {
		w->begun = true;
		w->descends = is_dir(w->last_type);
		give(w, &w->last, w->last_type, entry);
		return 1;
	}
	if (w->descends) {
		int err;

		w->descends = false;
		err = descend(w);
		if (err)
			return err;
	}
	while (w->levels.a.nr) {
		struct level *l = &w->levels.a.v[w->levels.a.nr - 1];

		if (l->at < l->entries.nr)
			return give_next(w, l, entry);
		if (leave(w, l, entry))
			return 1;
	}
	return 0;
}

void bch_walk_skip(struct bch_walk *w)
{
	w->descends = false;
}

void bch_walk_end(struct bch_walk *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->levels.a.nr; i++)
		level_end(&w->levels.a.v[i]);
	bch_array_end(&w->levels.a);
	bch_buf_end(&w->path);
	free(w);
}
