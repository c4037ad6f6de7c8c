// SPDX-License-Identifier: GPL-2.0-or-later
/* Files copied out of a filesystem: where to, what became of it. CLI 14.2. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/get_private.h"
#include "ops/names.h"

#define NR_QUEUED 128 /* files for the pool: each may keep a directory open */

/* Where the trees go: as @name, or under their own names where that is empty. */
struct destination {
	struct bch_get_way way; /* the top */
	char *name;		/* owned */
};

/* ------------------------------------------------------------------ what is said */

void bch_get_source(const struct bch_get *g, const char *path, struct bch_buf *out)
{
	path += g->from_skip;
	bch_buf_puts(out, bch_buf_str(&g->from));
	if (*path && *path != '/')
		bch_buf_putc(out, '/');
	bch_buf_puts(out, path);
	if (!out->len)
		bch_buf_putc(out, '/');
}

void bch_get_put_source(const struct bch_get *g, const char *path, struct bch_buf *out)
{
	struct bch_buf source bch_auto(buf) = { 0 };

	bch_get_source(g, path, &source);
	bch_buf_text(out, bch_buf_str(&source), SIZE_MAX);
}

void bch_get_failed(struct bch_get *g, const char *path, const char *what, int err)
{
	struct bch_buf source bch_auto(buf) = { 0 };

	bch_get_put_source(g, path, &source);
	bch_log(g->fs->ctx, BCH_LOG_error, "%s: %s: %s", bch_buf_str(&source), what,
		bch_err_text(err));
	atomic_fetch_add_explicit(&g->nr_incomplete, 1, memory_order_relaxed);
	if (err == -BCH_ERR_no_space || err == -BCH_ERR_read_only || err == -BCH_ERR_no_memory)
		atomic_store(&g->fatal, err);
}

bool bch_get_ended(struct bch_get *g)
{
	return atomic_load_explicit(&g->fatal, memory_order_relaxed) || bch_cancelled(g->fs->ctx);
}

static void say_left_out(const struct bch_get *g)
{
	static const struct {
		enum bch_log_level level;
		const char *text;
	} kinds[BCH_GET_LEFT_NR] = {
#define L(name, level, text) [BCH_GET_LEFT_##name] = { BCH_LOG_##level, text },
		BCH_GET_LEFT_OUT(L)
#undef L
	};

	for (size_t i = 0; i < BCH_GET_LEFT_NR; i++)
		if (g->nr_left_out[i])
			bch_log(g->fs->ctx, kinds[i].level, "%" PRIu64 " %s",
				(u64)g->nr_left_out[i], kinds[i].text);
}

/* ------------------------------------------------------------------ where to */

/* Takes the slashes off the end of a path, but for the first one. */
static void cut_slashes(struct bch_buf *path)
{
	while (path->len > 1 && path->p[path->len - 1] == '/')
		path->p[--path->len] = '\0';
}

static int open_top(struct bch_get *g, struct destination *d)
{
	const char *path = g->to.len ? bch_buf_str(&g->to) : ".";
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct bch_get_dir *top = fd < 0 ? NULL : bch_get_dir_new(g, fd, "");

	if (fd < 0)
		return bch_error(g->fs->ctx, bch_errno(errno), "%s", path);
	return top ? bch_get_way_down(g, &d->way, top) : -BCH_ERR_no_memory;
}

/* A directory that is there, or a new name in one. */
static int find_destination(struct bch_get *g, const char *dest, bool one, struct destination *d)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	struct stat st;
	int missing = stat(dest, &st) ? errno : 0;

	bch_buf_puts(&path, dest);
	cut_slashes(&path);
	if (!missing && S_ISDIR(st.st_mode)) {
		bch_buf_put(&g->to, "%s%s", bch_buf_str(&path),
			    path.p[path.len - 1] == '/' ? "" : "/");
		d->name = strdup("");
	} else if (!one || (missing && missing != ENOENT)) {
		return bch_error(g->fs->ctx, bch_errno(missing ? missing : ENOTDIR), "%s", dest);
	} else {
		const char *name = bch_name_last(bch_buf_str(&path));

		bch_buf_mem(&g->to, path.p, (size_t)(name - path.p));
		d->name = strdup(name);
	}
	if (!d->name || bch_buf_failed(&g->to))
		return -BCH_ERR_no_memory;
	return open_top(g, d);
}

/* ------------------------------------------------------------------ from where */

/* The path without what it does not need at its end. */
static void put_from(const char *path, struct bch_buf *from)
{
	bch_buf_reset(from);
	bch_buf_puts(from, path);
	cut_slashes(from);
	if (!strcmp(bch_name_last(bch_buf_str(from)), ".")) {
		from->p[--from->len] = '\0';
		cut_slashes(from);
	}
	if (!strcmp(bch_buf_str(from), "/"))
		bch_buf_reset(from);
}

/* The name for the tree at @path in the top; NULL: what is in it goes there. @text holds it. */
static const char *name_of(const struct destination *d, const char *path, struct bch_buf *text)
{
	const char *name;

	if (*d->name)
		return d->name;
	bch_name_put_path(text, path);
	name = bch_name_last(bch_buf_str(text));
	return bch_name_is_safe(name) ? name : NULL;
}

static int get_path(struct bch_get *g, struct destination *d, const char *path)
{
	struct bch_buf text bch_auto(buf) = { 0 };
	struct bch_file file;
	const char *name = name_of(d, path, &text);
	int err = bch_path_lookup(g->fs, &g->opts->from, path, &file);

	if (err)
		return err;
	put_from(path, &g->from);
	if (bch_buf_failed(&text) || bch_buf_failed(&g->from))
		return -BCH_ERR_no_memory;
	g->from_skip = name ? strlen(name) : 0;
	return bch_get_tree(g, &d->way, &file, name);
}

/* All are looked up before the first is written. */
static int get_paths(struct bch_get *g, struct destination *d)
{
	const struct bch_get_opts *o = g->opts;
	int err = 0;

	for (size_t i = 0; !err && i < o->nr_paths; i++) {
		struct bch_file file;

		err = bch_path_lookup(g->fs, &o->from, o->paths[i], &file);
	}
	if (!err && !o->nr_paths)
		err = get_path(g, d, "/");
	for (size_t i = 0; !err && i < o->nr_paths && !bch_get_ended(g); i++)
		err = get_path(g, d, o->paths[i]);
	bch_thread_pool_wait(g->pool);
	return err;
}

/* ------------------------------------------------------------------ the whole */

static int run(struct bch_get *g, const char *dest)
{
	struct destination d = { 0 };
	int err = find_destination(g, dest, g->opts->nr_paths <= 1, &d);

	if (!err)
		err = get_paths(g, &d);
	while (d.way.dirs.nr)
		bch_get_way_up(g, &d.way);
	bch_array_end(&d.way.dirs);
	free(d.name);
	if (!err && g->fatal)
		err = bch_error(g->fs->ctx, g->fatal, "%s", dest);
	if (!err && bch_cancelled(g->fs->ctx))
		err = -BCH_ERR_cancelled;
	return err;
}

static int compile(struct bch_get *g, const char *text, regex_t *regex)
{
	char why[128];
	int err = text ? regcomp(regex, text, REG_EXTENDED | REG_NOSUB) : 0;

	if (err) {
		regerror(err, regex, why, sizeof(why));
		return bch_error_whole(g->fs->ctx, -BCH_ERR_option_value, "%s: %s", text, why);
	}
	if (text)
		g->regex = regex;
	return 0;
}

static u32 nr_processors(void)
{
	long nr = sysconf(_SC_NPROCESSORS_ONLN);

	return nr > 0 ? (u32)nr : 1;
}

int bch_get(struct bch_fs *fs, const struct bch_get_opts *opts, const char *dest,
	    struct bch_get_sums *sums)
{
	const struct bch_progress_work work = { .name = "get" };
	struct bch_get g = { .fs = fs, .opts = opts, .links = bch_links_new() };
	regex_t regex;
	int err = compile(&g, opts->path_regex, &regex);

	if (err)
		return err;
	g.pool = bch_thread_pool_new(nr_processors(), NR_QUEUED);
	g.progress = bch_progress_new(fs->ctx, opts->progress, &work);
	err = g.pool ? run(&g, dest) : -BCH_ERR_no_memory;
	bch_progress_free(g.progress);
	bch_thread_pool_free(g.pool);
	if (g.regex)
		regfree(&regex);
	bch_links_end(&g.links);
	bch_buf_end(&g.from);
	bch_buf_end(&g.to);
	say_left_out(&g);
	*sums = (struct bch_get_sums){ g.nr_files, g.nr_bytes, g.nr_incomplete, g.nr_kept };
	return err;
}
