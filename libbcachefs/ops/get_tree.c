// SPDX-License-Identifier: GPL-2.0-or-later
/* A tree copied out of a filesystem: the walk, what is taken on it, who writes it. CLI 14.2. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "file/file.h"
#include "ops/get_private.h"
#include "ops/names.h"

#define SMALL_BYTES (1U << 20) /* for one thread; larger ones are read by several */

/* One tree. */
struct tree {
	struct bch_get *g;
	struct bch_get_way *way;
	struct bch_walk *walk;
	const char *name;    /* of its root; NULL: what is in it goes into the top */
	struct bch_buf path; /* of the file that the walk has come to */
};

/* A file for the pool: owned by it. */
struct task {
	struct bch_get *g;
	struct bch_get_place place;
	char path[];
};

/* ------------------------------------------------------------------ a file */

static void run_task(void *arg)
{
	struct task *task = arg;

	if (!bch_get_ended(task->g))
		bch_get_file(task->g, &task->place);
	bch_get_dir_done(task->g, task->place.dir);
	free(task);
}

static int give_to_pool(struct bch_get *g, const struct bch_get_place *p)
{
	size_t len = strlen(p->path) + 1;
	struct task *task = bch_malloc(sizeof(*task) + len);

	if (!task)
		return -BCH_ERR_no_memory;
	task->g = g;
	task->place = *p;
	memcpy(task->path, p->path, len);
	task->place.path = task->path;
	task->place.name = task->path + (p->name - p->path);
	bch_get_dir_use(p->dir);
	bch_thread_pool_submit(g->pool, run_task, task);
	return 0;
}

/* The first of several names is written before the walk goes on: the others are links to it. */
static int write_or_link(struct tree *t, const struct bch_get_place *p)
{
	struct bch_get *g = t->g;
	const char *old = bch_links_find(&g->links, &p->file);

	if (old && bch_get_link(g, p, old, t->way->dirs.v[0])) {
		bch_links_count(&g->links, &p->file);
		return 0;
	}
	bch_get_file(g, p);
	return old ? 0 : bch_links_add(&g->links, &p->file, p->st.nlink, p->path);
}

static int write_file(struct tree *t, const struct bch_get_place *p)
{
	if (p->st.nlink > 1 && bch_get_wants(t->g, BCH_GET_HARD_LINKS))
		return write_or_link(t, p);
	if (S_ISREG(p->st.mode) && p->st.size <= SMALL_BYTES)
		return give_to_pool(t->g, p);
	bch_get_file(t->g, p);
	return 0;
}

/* ------------------------------------------------------------------ what is taken */

static bool is_wanted(const struct bch_get *g, const char *path)
{
	struct bch_buf source bch_auto(buf) = { 0 };

	if (!g->regex)
		return true;
	bch_get_source(g, path, &source);
	return !regexec(g->regex, bch_buf_str(&source), 0, NULL, 0);
}

static bool is_left_out(struct bch_get *g, mode_t mode)
{
	static const struct {
		unsigned wanted;
		enum bch_get_left_out counted;
	} kinds[] = {
		{ BCH_GET_SYMLINKS, BCH_GET_LEFT_symlink },
		{ BCH_GET_SPECIAL, BCH_GET_LEFT_special },
	};
	size_t kind = S_ISLNK(mode) ? 0 : 1;

	if (S_ISREG(mode) || S_ISDIR(mode) || bch_get_wants(g, kinds[kind].wanted))
		return false;
	atomic_fetch_add_explicit(&g->nr_left_out[kinds[kind].counted], 1, memory_order_relaxed);
	return true;
}

static int list(struct bch_get *g, const struct bch_get_place *p)
{
	struct bch_buf text bch_auto(buf) = { 0 };

	bch_buf_text(&text, bch_buf_str(&g->to), SIZE_MAX);
	bch_buf_text(&text, p->path, SIZE_MAX);
	if (!S_ISDIR(p->st.mode)) {
		g->nr_files++;
		g->nr_bytes += S_ISREG(p->st.mode) ? p->st.size : 0;
	}
	return g->opts->list(g->opts->arg, bch_buf_str(&text));
}

/* ------------------------------------------------------------------ a step of the walk */

/* The root of a tree whose contents alone are wanted is the top, with another source. */
static struct bch_get_dir *enter(struct tree *t, const struct bch_get_place *p)
{
	struct bch_get_dir *d;
	int fd;

	if (*p->path)
		return bch_get_dir_enter(t->g, p);
	fd = fcntl(p->dir->fd, F_DUPFD_CLOEXEC, 0);
	d = fd < 0 ? NULL : bch_get_dir_new(t->g, fd, p->path);
	if (d)
		bch_get_dir_set_source(d, &p->file, &p->st);
	return d;
}

static int take_dir(struct tree *t, const struct bch_get_place *p)
{
	struct bch_get_dir *d = enter(t, p);

	if (!d) {
		bch_walk_skip(t->walk);
		return 0;
	}
	return bch_get_way_down(t->g, t->way, d);
}

static int take(struct tree *t, const struct bch_walk_entry *e, struct bch_get_place *p)
{
	struct bch_get *g = t->g;
	int err = bch_file_stat(g->fs, &e->file, &p->st);
	bool is_dir = e->type == S_IFDIR >> 12 || e->type == BCH_FILE_SUBVOL;
	const char *why = err ? "cannot be read"
			  : !bch_name_is_safe(p->name) && *p->path
				  ? "is not a name"
				  : "is not what its directory says";

	if (err || (!bch_name_is_safe(p->name) && *p->path) || is_dir != S_ISDIR(p->st.mode)) {
		bch_get_failed(g, p->path, why, err ? err : -BCH_ERR_invalid_argument);
		bch_walk_skip(t->walk);
		return err == -BCH_ERR_no_memory ? err : 0;
	}
	p->file = e->file;
	if (is_left_out(g, p->st.mode))
		return 0;
	if (bch_get_wants(g, BCH_GET_LIST))
		return list(g, p);
	return is_dir ? take_dir(t, p) : write_file(t, p);
}

/* "name/a/b", or "a/b" where the root is the top. */
static int step(struct tree *t, const struct bch_walk_entry *e)
{
	bool listed = bch_get_wants(t->g, BCH_GET_LIST);
	struct bch_get_place p = { .dir = t->way->dirs.v[listed ? 0 : e->depth] };

	bch_buf_reset(&t->path);
	bch_buf_puts(&t->path, t->name ? t->name : "");
	bch_buf_puts(&t->path, t->name || !*e->path ? e->path : e->path + 1);
	if (bch_buf_failed(&t->path))
		return -BCH_ERR_no_memory;
	p.path = bch_buf_str(&t->path);
	p.name = p.path + t->path.len - strlen(e->depth || !t->name ? e->name : t->name);
	if (e->depth && !is_wanted(t->g, p.path)) {
		bch_walk_skip(t->walk);
		return 0;
	}
	return take(t, e, &p);
}

/* An entry's directory is the last one that was entered at the depth above it. */
static void climb(struct tree *t, size_t nr_levels)
{
	while (t->way->dirs.nr > nr_levels)
		bch_get_way_up(t->g, t->way);
}

static int walk(struct tree *t)
{
	struct bch_walk_entry e;
	int err = 0, more;

	while (!err && !bch_get_ended(t->g) && (more = bch_walk_next(t->walk, &e))) {
		if (more == -BCH_ERR_no_memory)
			return more;
		if (more < 0) {
			bch_get_failed(t->g, bch_buf_str(&t->path), "cannot be read whole", more);
			continue;
		}
		climb(t, (size_t)e.depth + 1);
		err = step(t, &e);
	}
	return err;
}

int bch_get_tree(struct bch_get *g, struct bch_get_way *way, const struct bch_file *file,
		 const char *name)
{
	struct tree t = { .g = g, .way = way, .name = name };
	int err = bch_walk_begin(g->fs, file, BCH_WALK_SORTED, &t.walk);

	if (!err)
		err = walk(&t);
	climb(&t, 1);
	bch_walk_end(t.walk);
	bch_buf_end(&t.path);
	return err;
}
