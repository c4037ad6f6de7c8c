// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The paths of inodes in all subvolumes that see them. One name is where the back pointer leads; where there are more, or
 * it leads nowhere, all directory entries are walked over, once for all inodes. Format reference: 04 §6.8, §8.
 */

#include <sys/stat.h>

#include "base/memory.h"
#include "ondisk/key_dirent.h"
#include "ops/resolve_private.h"

static int compare_inums(const void *l, const void *r)
{
	const u64 *a = l, *b = r;

	return *a < *b ? -1 : *a > *b;
}

static int compare_names(const void *l, const void *r)
{
	const struct bch_found_name *a = l, *b = r;

	return compare_inums(&a->inum, &b->inum);
}

/* ------------------------------------------------------------------ all names */

static bool is_wanted(const struct bch_resolver *r, u64 inum)
{
	return bsearch(&inum, r->wanted.v, r->wanted.nr, sizeof(inum), compare_inums);
}

static int add_name(struct bch_resolver *r, const struct bch_key *k)
{
	struct bch_found_name name = { .pos = k->pos };
	struct bch_dirent d;
	int err;

	if (k->type != BCH_KEY_dirent || !bch_dirent_get(k, &d) || d.d_type == BCH_DIRENT_subvol ||
	    !is_wanted(r, d.d_inum))
		return 0;
	name.inum = d.d_inum;
	name.name = bch_malloc(d.name.len + 1);
	if (!name.name)
		return -BCH_ERR_no_memory;
	memcpy(name.name, d.name.p, d.name.len);
	name.name[d.name.len] = '\0';
	err = bch_array_push(&r->names, name);
	if (err)
		free(name.name);
	return err;
}

static int find_names(struct bch_resolver *r)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(r->fs, BCH_BTREE_dirents, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	qsort(r->wanted.v, r->wanted.nr, sizeof(*r->wanted.v), compare_inums);
	while (!err && (more = bch_cursor_next(&cur, &k))) {
		err = more < 0 ? bch_resolver_passed_over(r, more) : add_name(r, &k);
		if (!err && bch_cancelled(r->fs->ctx))
			err = -BCH_ERR_cancelled;
	}
	if (r->names.nr)
		qsort(r->names.v, r->names.nr, sizeof(*r->names.v), compare_names);
	r->has_names = true;
	return err;
}

/* The first of an inode; r->names.nr where it has none. */
static size_t first_name(const struct bch_resolver *r, u64 inum)
{
	size_t low = 0, high = r->names.nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->names.v[mid].inum < inum)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* ------------------------------------------------------------------ the paths of a file */

/* Does the snapshot see this version of a key? 1, 0 or an error. */
static int sees(struct bch_resolver *r, u32 snapshot, u8 btree_id, struct bch_pos pos)
{
	struct bch_snapshot_view view = bch_snapshot_view(r->fs, snapshot);
	struct bch_pos any = bch_pos(pos.inode, pos.offset);
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_in_snapshot(r->fs, btree_id, any, any, 0, &view);
	struct bch_key k;
	int more;

	if (!bch_snapshot_is_ancestor(r->fs, snapshot, pos.snapshot))
		return 0;
	more = bch_cursor_next(&cur, &k);
	return more > 0 ? k.pos.snapshot == pos.snapshot : more;
}

static int add_path(struct bch_answer *a, const struct bch_file *file, struct bch_buf *path)
{
	struct bch_found_path found = { bch_buf_take(path), file->subvol };
	int err = found.text ? bch_array_push(&a->paths, found) : -BCH_ERR_no_memory;

	if (err)
		free(found.text);
	return err;
}

/* The form in which all commands take a file that has no path. */
static int path_or_number(struct bch_resolver *r, const struct bch_file *file, struct bch_buf *path)
{
	int err = bch_file_path(r->fs, file, path);

	if (!err || err == -BCH_ERR_no_memory)
		return err;
	bch_buf_reset(path);
	bch_buf_put(path, "<%" PRIu32 ":%" PRIu64 ">", file->subvol, file->inum);
	return 0;
}

static int add_path_of_name(struct bch_resolver *r, struct bch_answer *a,
			    const struct bch_file *file, const struct bch_found_name *name)
{
	struct bch_file dir = { file->subvol, file->snapshot, name->pos.inode };
	struct bch_buf path bch_auto(buf) = { 0 };
	int err = path_or_number(r, &dir, &path);

	if (err)
		return err;
	if (!path.len || path.p[path.len - 1] != '/')
		bch_buf_putc(&path, '/');
	bch_buf_puts(&path, name->name);
	return add_path(a, file, &path);
}

static int add_all_names(struct bch_resolver *r, struct bch_answer *a, const struct bch_file *file)
{
	size_t nr = a->paths.nr;

	for (size_t i = first_name(r, file->inum);
	     i < r->names.nr && r->names.v[i].inum == file->inum; i++) {
		int seen = sees(r, file->snapshot, BCH_BTREE_dirents, r->names.v[i].pos);

		if (seen > 0)
			seen = add_path_of_name(r, a, file, &r->names.v[i]);
		if (seen < 0)
			return seen;
	}
	if (nr == a->paths.nr) {
		struct bch_buf path bch_auto(buf) = { 0 };
		int err = path_or_number(r, file, &path);

		return err ? err : add_path(a, file, &path);
	}
	return 0;
}

/* By the back pointer, unless all names must be known: *@enough says so. */
static int add_back_path(struct bch_resolver *r, struct bch_answer *a, const struct bch_file *file,
			 const struct bch_stat *st, bool *enough)
{
	struct bch_buf path bch_auto(buf) = { 0 };
	int err;

	*enough = S_ISDIR(st->mode) || st->nlink <= 1;
	if (!*enough)
		return 0;
	err = st->nlink ? bch_file_path(r->fs, file, &path) : path_or_number(r, file, &path);
	*enough = !err || S_ISDIR(st->mode);
	if (err == -BCH_ERR_no_memory || err == -BCH_ERR_btree_node_read_failed)
		return err;
	if (err && *enough)
		err = path_or_number(r, file, &path);
	return *enough ? err ? err : add_path(a, file, &path) : 0;
}

static int add_paths_in(struct bch_resolver *r, struct bch_answer *a,
			const struct bch_viewer *viewer)
{
	struct bch_file file = { viewer->subvol, viewer->snapshot, a->inum };
	struct bch_stat st;
	bool enough;
	int err = bch_file_stat(r->fs, &file, &st);

	if (err)
		return err == -BCH_ERR_not_found ? 0 : err;
	err = add_back_path(r, a, &file, &st, &enough);
	if (err || enough)
		return err;
	if (r->has_names)
		return add_all_names(r, a, &file);
	a->needs_names = true;
	return 0;
}

/* ------------------------------------------------------------------ the paths of an answer */

static int compare_paths(const void *l, const void *r)
{
	const struct bch_found_path *a = l, *b = r;

	return strcmp(a->text, b->text);
}

/* Each path once. */
static void sort_paths(struct bch_answer *a)
{
	size_t nr = 0;

	if (a->paths.nr)
		qsort(a->paths.v, a->paths.nr, sizeof(*a->paths.v), compare_paths);
	for (size_t i = 0; i < a->paths.nr; i++) {
		if (nr && !compare_paths(&a->paths.v[nr - 1], &a->paths.v[i]))
			free(a->paths.v[i].text);
		else
			a->paths.v[nr++] = a->paths.v[i];
	}
	a->paths.nr = nr;
}

static void drop_paths(struct bch_answer *a)
{
	while (a->paths.nr)
		free(a->paths.v[--a->paths.nr].text);
}

static int find_paths(struct bch_resolver *r, struct bch_answer *a)
{
	int err = 0;

	drop_paths(a);
	a->needs_names = false;
	for (size_t i = 0; !err && i < r->viewers.a.nr; i++) {
		const struct bch_viewer *viewer = &r->viewers.a.v[i];
		int seen = 1;

		if (a->subvol && a->subvol != viewer->subvol)
			continue;
		if (a->by_key)
			seen = sees(r, viewer->snapshot, a->btree_id, a->pos);
		err = seen < 0 ? seen : seen ? add_paths_in(r, a, viewer) : 0;
		if (err == -BCH_ERR_btree_node_read_failed)
			err = bch_resolver_passed_over(r, err);
	}
	sort_paths(a);
	return err || !a->needs_names ? err : bch_array_push(&r->wanted, a->inum);
}

/* Of all answers, or of those alone that need names. */
static int find_all_paths(struct bch_resolver *r, bool those_that_need_names)
{
	int err = 0;

	for (size_t i = 0; i < r->questions.nr; i++) {
		struct bch_question *q = r->questions.v[i];

		for (size_t j = 0; !err && j < q->answers.nr; j++) {
			struct bch_answer *a = &q->answers.v[j];

			if (a->inum && (!those_that_need_names || a->needs_names))
				err = find_paths(r, a);
		}
	}
	return err;
}

int bch_resolver_paths(struct bch_resolver *r)
{
	int err = find_all_paths(r, false);

	if (err || !r->wanted.nr)
		return err;
	err = find_names(r);
	return err ? err : find_all_paths(r, true);
}
