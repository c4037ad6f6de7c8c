// SPDX-License-Identifier: GPL-2.0-or-later
/* Which files a source has, and their order. */

#include "ops/source.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "ondisk/key_dirent.h"

#define LOST_FOUND "lost+found"
#define MODE_DIR   (S_IFDIR | 0755)

/* ------------------------------------------------------------------ names */

struct name_key {
	u32 dir;
	const char *name;
	size_t len;
};

static const struct bch_source_name *name_of(const struct bch_map_node *node)
{
	return bch_map_entry(node, struct bch_source_name, node);
}

static int compare(const void *key, const struct bch_map_node *node)
{
	const struct name_key *a = key;
	const struct bch_source_name *b = name_of(node);
	size_t len = a->len < b->len ? a->len : b->len;
	int order;

	if (a->dir != b->dir)
		return a->dir < b->dir ? -1 : 1;
	order = memcmp(a->name, b->name, len);
	return order ? order : a->len < b->len ? -1 : a->len > b->len;
}

const struct bch_source_name *bch_source_find(const struct bch_source *s, u32 dir, const char *name,
					      size_t len)
{
	const struct name_key key = { dir, name, len };

	return name_of(bch_map_find(&s->names, &key));
}

const struct bch_source_name *bch_source_first(const struct bch_source *s, u32 dir)
{
	const struct name_key key = { dir, "", 0 };
	const struct bch_source_name *first = name_of(bch_map_find_ge(&s->names, &key));

	return first && first->dir == dir ? first : NULL;
}

const struct bch_source_name *bch_source_next(const struct bch_source_name *name)
{
	const struct bch_source_name *next = name_of(name->node.next);

	return next && next->dir == name->dir ? next : NULL;
}

int bch_source_add_name(struct bch_source *s, u32 dir, const char *name, size_t len, u32 file)
{
	const struct name_key key = { dir, name, len };
	struct bch_source_name *n;

	if (len > BCH_NAME_MAX)
		return -BCH_ERR_name_too_long;
	n = bch_malloc(sizeof(*n) + len + 1);
	if (!n)
		return -BCH_ERR_no_memory;
	n->dir = dir;
	n->file = file;
	n->len = (u16)len;
	memcpy(n->name, name, len);
	n->name[len] = '\0';
	(void)bch_map_insert(&s->names, &key, &n->node);
	if (!s->files.v[file].name)
		s->files.v[file].name = n;
	return 0;
}

void bch_source_replace(const struct bch_source_name *name, u32 file)
{
	((struct bch_source_name *)(uintptr_t)name)->file = file;
}

/* ------------------------------------------------------------------ files */

void bch_source_set_file(struct bch_source *s, u32 file, const struct bch_source_file *f)
{
	struct bch_source_file *to = &s->files.v[file];
	const struct bch_source_name *name = to->name;

	*to = *f;
	to->name = name;
	if (s->opts->has_owner) {
		to->uid = s->opts->uid;
		to->gid = s->opts->gid;
	}
}

int bch_source_add_file(struct bch_source *s, const struct bch_source_file *f, u32 *file)
{
	static const struct bch_source_file none;
	int err = s->files.nr == BCH_U32_MAX ? -BCH_ERR_out_of_range
					     : bch_array_push(&s->files, none);

	if (err)
		return err;
	*file = (u32)s->files.nr - 1;
	bch_source_set_file(s, *file, f);
	return 0;
}

/* From its end to its start: there may be more parts than a stack has room for. */
void bch_source_relative(const struct bch_source *s, u32 file, struct bch_buf *out)
{
	BCH_ARRAY(const struct bch_source_name *) parts = { 0 };
	int err = 0;

	for (; !err && s->files.v[file].name; file = s->files.v[file].name->dir)
		err = bch_array_push(&parts, s->files.v[file].name);
	for (size_t i = parts.nr; i--;)
		bch_buf_put(out, "%s%s", parts.v[i]->name, i ? "/" : "");
	out->failed |= err != 0;
	bch_array_end(&parts);
}

void bch_source_path(const struct bch_source *s, u32 file, struct bch_buf *out)
{
	const char *top = s->opts->shown ? s->opts->shown : s->opts->path;
	struct bch_buf relative bch_auto(buf) = { 0 };

	bch_source_relative(s, file, &relative);
	bch_buf_puts(out, top);
	if (relative.len && top[strlen(top) - 1] != '/')
		bch_buf_putc(out, '/');
	bch_buf_name(out, bch_buf_str(&relative));
}

int bch_source_error(const struct bch_source *s, int err, u32 file, const char *what)
{
	struct bch_buf path bch_auto(buf) = { 0 };

	bch_source_path(s, file, &path);
	return bch_error(s->ctx, err, "%s%s%s", bch_buf_str(&path), *what ? ": " : "", what);
}

/* ------------------------------------------------------------------ data */

int bch_source_fill(struct bch_source *s, u8 *buf, size_t len, u64 offset)
{
	u64 start, end = offset, stop = offset + len;
	int more = 0, err = 0;

	while (!err && end < stop && (more = s->ops->data(s, end, &start, &end)) > 0) {
		if (start >= stop)
			break;
		if (end > stop)
			end = stop;
		memset(buf, 0, start - offset);
		buf += start - offset;
		err = s->ops->read(s, buf, end - start, start);
		buf += end - start;
		offset = end;
	}
	memset(buf, 0, stop - offset);
	return err ? err : more < 0 ? more : 0;
}

int bch_source_attributes(struct bch_source *s, u32 file, struct bch_source_attributes *a)
{
	*a = (struct bch_source_attributes){ 0 };
	return s->ops->attributes ? s->ops->attributes(s, file, a) : 0;
}

/* ------------------------------------------------------------------ what is left out */

/* A pattern without '/' is of any part of the path. */
static bool part_matches(const char *pattern, const char *path)
{
	struct bch_buf part bch_auto(buf) = { 0 };

	while (*path) {
		size_t len = strcspn(path, "/");

		bch_buf_reset(&part);
		bch_buf_mem(&part, path, len);
		if (!fnmatch(pattern, bch_buf_str(&part), 0))
			return true;
		path += len + (path[len] == '/');
	}
	return false;
}

static bool matches(const char *pattern, const char *path)
{
	if (!strchr(pattern, '/'))
		return part_matches(pattern, path);
	return !fnmatch(pattern + (*pattern == '/'), path, FNM_PATHNAME | FNM_LEADING_DIR);
}

bool bch_source_is_excluded(const struct bch_source *s, const char *path)
{
	size_t len = strcspn(path, "/");

	if (len == strlen(LOST_FOUND) && !memcmp(path, LOST_FOUND, len))
		return true;
	for (size_t i = 0; i < s->opts->nr_excludes; i++)
		if (matches(s->opts->excludes[i], path))
			return true;
	return false;
}

/* ------------------------------------------------------------------ the order */

static int take(struct bch_source *s, u32 file, const struct bch_source_name *name)
{
	struct bch_source_file *f = &s->files.v[file];

	if (f->nr_names++)
		return 0;
	f->name = name;
	f->nr = (u32)s->order.nr;
	if (S_ISREG(f->mode))
		s->nr_bytes += f->size;
	return bch_array_push(&s->order, file);
}

/* From the root down, each directory in the order of its names. */
static int put_in_order(struct bch_source *s)
{
	BCH_ARRAY(const struct bch_source_name *) above = { 0 };
	const struct bch_source_name *n = bch_source_first(s, BCH_SOURCE_ROOT);
	int err = take(s, BCH_SOURCE_ROOT, NULL);

	while (!err && (n || above.nr)) {
		if (!n) {
			n = bch_source_next(above.v[--above.nr]);
			continue;
		}
		err = take(s, n->file, n);
		if (!err && S_ISDIR(s->files.v[n->file].mode)) {
			err = bch_array_push(&above, n);
			n = bch_source_first(s, n->file);
		} else {
			n = bch_source_next(n);
		}
	}
	bch_array_end(&above);
	return err;
}

int bch_source_append(struct bch_source *s, const char *name, const struct bch_source_file *f,
		      u32 *file)
{
	size_t len = strlen(name);
	int err = 0;

	if (bch_source_find(s, BCH_SOURCE_ROOT, name, len))
		return -BCH_ERR_exists;
	err = bch_source_add_file(s, f, file);
	if (!err)
		err = bch_source_add_name(s, BCH_SOURCE_ROOT, name, len, *file);
	return err ? err : take(s, *file, s->files.v[*file].name);
}

/* ------------------------------------------------------------------ open, close */

static int read_files(struct bch_source *s)
{
	const char *path = s->opts->path;
	bool is_stdin = !strcmp(path, "-");
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
			  : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		int err = bch_errno(errno);

		if (fd >= 0)
			close(fd);
		return bch_error(s->ctx, err, "%s", path);
	}
	return S_ISDIR(st.st_mode) && !is_stdin ? bch_source_dir_open(s, fd)
						: bch_source_tar_open(s, fd);
}

/* The root, as long as nothing is known of it. */
static int add_roots(struct bch_source *s)
{
	const struct bch_source_file root = { .place = BCH_SOURCE_IMPLIED,
					      .mode = MODE_DIR,
					      .mtime = s->opts->now_ns };
	u32 file;
	int err = bch_source_add_file(s, &root, &file);

	return err ? err : bch_source_add_file(s, &root, &file);
}

int bch_source_open(struct bch_ctx *ctx, const struct bch_source_opts *opts,
		    struct bch_source **source)
{
	struct bch_source *s = bch_calloc(1, sizeof(*s));
	int err;

	*source = NULL;
	if (!s)
		return -BCH_ERR_no_memory;
	s->ctx = ctx;
	s->opts = opts;
	s->names = BCH_MAP(compare);
	err = add_roots(s);
	if (!err)
		err = opts->fs ? bch_source_fs_open(s) : read_files(s);
	if (!err)
		err = put_in_order(s);
	if (err)
		bch_source_close(s);
	else
		*source = s;
	return err;
}

void bch_source_close(struct bch_source *s)
{
	struct bch_map_node *node, *next;

	if (!s)
		return;
	if (s->reader)
		s->ops->close(s);
	for (node = bch_map_first(&s->names); node; node = next) {
		next = node->next;
		free(bch_map_entry(node, struct bch_source_name, node));
	}
	bch_array_end(&s->files);
	bch_array_end(&s->order);
	free(s);
}
