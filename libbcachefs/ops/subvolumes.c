// SPDX-License-Identifier: GPL-2.0-or-later
/* The subvolumes of a filesystem: which lies in which, and in what order they are listed. Format reference: 04 §3.3. */

#include <string.h>

#include "ops/subvolumes.h"
#include "super/super.h"

#define ROOT_SUBVOL 1

const char *const bch_subvolume_flag_names[] = {
#define F(nr, name) [nr] = #name,
	BCH_SUBVOLUME_FLAGS(F)
#undef F
		NULL,
};

void bch_subvolumes_end(struct bch_subvolumes *subvols)
{
	for (size_t i = 0; i < subvols->a.nr; i++)
		free(subvols->a.v[i].path);
	bch_array_end(&subvols->a);
	bch_array_end(&subvols->ids);
}

/* ------------------------------------------------------------------ read */

/* Before 1.5 its root directory alone says which it lies in; one that nobody knows lies in the root. */
static u32 parent_of(struct bch_fs *fs, u32 id, const struct bch_subvolume *s,
		     const struct bch_file *root)
{
	struct bch_inode inode;

	if (id == ROOT_SUBVOL)
		return 0;
	if (s->fs_path_parent && s->fs_path_parent != id)
		return s->fs_path_parent;
	if (!bch_file_inode(fs, root, &inode, NULL) && inode.bi_parent_subvol &&
	    inode.bi_parent_subvol != id)
		return inode.bi_parent_subvol;
	return ROOT_SUBVOL;
}

static int add(struct bch_fs *fs, const struct bch_snapshot_sizes *sizes,
	       struct bch_subvolumes *subvols, const struct bch_key *k)
{
	struct bch_subvolume_entry e = { .id = (u32)k->pos.offset };
	struct bch_buf path bch_auto(buf) = { 0 };
	struct bch_file root;
	int err;

	if (k->type != BCH_KEY_subvolume)
		return 0;
	bch_subvolume_get(&e.s, k->val.p, k->val.len);
	root = (struct bch_file){ e.id, e.s.snapshot, e.s.inode };
	e.parent = parent_of(fs, e.id, &e.s, &root);
	e.sectors = bch_snapshot_total_sectors(fs, sizes, e.s.snapshot);
	e.otime = bch_time_get(fs, e.s.otime);
	err = bch_file_path(fs, &root, &path);
	if (err == -BCH_ERR_no_memory)
		return err;
	e.path = err ? NULL : bch_buf_take(&path);
	err = bch_array_push(&subvols->a, e);
	if (err)
		free(e.path);
	return err;
}

static int compare_u64(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

static int compare_names(const struct bch_subvolume_entry *a, const struct bch_subvolume_entry *b)
{
	int order = strcmp(a->path ? a->path : "", b->path ? b->path : "");

	return order ? order : compare_u64(a->id, b->id);
}

static int compare_keys(const struct bch_subvolume_entry *a, const struct bch_subvolume_entry *b,
			unsigned sort)
{
	int order = 0;

	if (sort == BCH_SUBVOLUME_BY_SIZE)
		order = compare_u64(b->sectors, a->sectors);
	if (sort == BCH_SUBVOLUME_BY_TIME)
		order = compare_u64(a->s.otime, b->s.otime);
	return order ? order : compare_names(a, b);
}

/* By parent, then as is wanted: @arg says. */
static int compare(const void *l, const void *r, void *arg)
{
	const struct bch_subvolume_entry *a = l, *b = r;
	const unsigned *sort = arg;
	int order = compare_u64(a->parent, b->parent);

	return order ? order : compare_keys(a, b, *sort);
}

/* ------------------------------------------------------------------ find */

static int compare_ids(const void *l, const void *r)
{
	const struct bch_subvolume_id *a = l, *b = r;

	return compare_u64(a->id, b->id);
}

static int index_ids(struct bch_subvolumes *subvols)
{
	int err = bch_array_reserve(&subvols->ids, subvols->a.nr);

	for (size_t i = 0; !err && i < subvols->a.nr; i++) {
		struct bch_subvolume_id id = { subvols->a.v[i].id, i };

		err = bch_array_push(&subvols->ids, id);
	}
	if (!err && subvols->ids.nr)
		qsort(subvols->ids.v, subvols->ids.nr, sizeof(*subvols->ids.v), compare_ids);
	return err;
}

const struct bch_subvolume_entry *bch_subvolumes_find(const struct bch_subvolumes *subvols, u32 id)
{
	struct bch_subvolume_id wanted = { .id = id };
	const struct bch_subvolume_id *found =
		subvols->ids.nr ? bsearch(&wanted, subvols->ids.v, subvols->ids.nr, sizeof(wanted),
					  compare_ids)
				: NULL;

	return found ? &subvols->a.v[found->at] : NULL;
}

size_t bch_subvolumes_first_in(const struct bch_subvolumes *subvols, u32 parent)
{
	size_t low = 0, high = subvols->a.nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (subvols->a.v[mid].parent < parent)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int bch_subvolumes_read(struct bch_fs *fs, const struct bch_snapshot_sizes *sizes, unsigned sort,
			struct bch_subvolumes *subvols)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_subvolumes, BCH_POS_MIN, bch_pos(0, BCH_SUBVOLUME_ID_MAX));
	struct bch_key k;
	int more, err = 0;

	*subvols = (struct bch_subvolumes){ 0 };
	while ((more = bch_cursor_next(&cur, &k))) {
		if (more > 0)
			more = add(fs, sizes, subvols, &k);
		if (more == -BCH_ERR_no_memory)
			return more;
		err = more < 0 ? more : err;
	}
	if (subvols->a.nr)
		qsort_r(subvols->a.v, subvols->a.nr, sizeof(*subvols->a.v), compare, &sort);
	return index_ids(subvols) ? -BCH_ERR_no_memory : err;
}

/* ------------------------------------------------------------------ order */

static bool is_in(const struct bch_subvolumes *subvols, size_t at, u32 parent)
{
	return at < subvols->a.nr && subvols->a.v[at].parent == parent;
}

/* A subvolume that is gone into. */
struct level {
	size_t next;
	u32 parent;
};

/* Without recursion: they may lie as deep in each other as they like. What lies within itself is taken once. */
int bch_subvolumes_below(struct bch_subvolumes *subvols, u32 root, bool recursive,
			 struct bch_subvolume_order *order)
{
	struct {
		BCH_ARRAY(struct level) a;
	} levels = { 0 };
	struct bch_subvolume_entry *v = subvols->a.v;
	struct level first = { bch_subvolumes_first_in(subvols, root), root };
	int err = bch_array_push(&levels.a, first);

	*order = (struct bch_subvolume_order){ 0 };
	while (!err && levels.a.nr) {
		struct level *l = &levels.a.v[levels.a.nr - 1], inside;
		struct bch_subvolume_place place = { l->next, (u32)levels.a.nr - 1, false };

		if (!is_in(subvols, l->next, l->parent)) {
			levels.a.nr--;
			continue;
		}
		l->next++;
		place.last = !is_in(subvols, l->next, l->parent);
		if (v[place.at].taken || v[place.at].id == root)
			continue;
		v[place.at].taken = true;
		err = bch_array_push(&order->a, place);
		inside = (struct level){ bch_subvolumes_first_in(subvols, v[place.at].id),
					 v[place.at].id };
		if (!err && recursive)
			err = bch_array_push(&levels.a, inside);
	}
	bch_array_end(&levels.a);
	return err;
}

/* What places are compared by. */
struct wanted_order {
	const struct bch_subvolumes *subvols;
	unsigned sort;
};

static int compare_places(const void *l, const void *r, void *arg)
{
	const struct bch_subvolume_place *a = l, *b = r;
	const struct wanted_order *w = arg;

	return compare_keys(&w->subvols->a.v[a->at], &w->subvols->a.v[b->at], w->sort);
}

void bch_subvolumes_sort(const struct bch_subvolumes *subvols, unsigned sort,
			 struct bch_subvolume_order *order)
{
	struct wanted_order wanted = { subvols, sort };

	if (order->a.nr)
		qsort_r(order->a.v, order->a.nr, sizeof(*order->a.v), compare_places, &wanted);
}

/* ------------------------------------------------------------------ text */

void bch_buf_subvolume_path(struct bch_buf *out, const struct bch_subvolume_entry *e,
			    const char *below, bool terminal)
{
	size_t len = below && strcmp(below, "/") ? strlen(below) : 0;
	const char *path = e->path;

	if (!path) {
		bch_buf_puts(out,
			     e->s.flags >> BCH_SUBVOLUME_unlinked & 1 ? "(unlinked)" : "(no path)");
		return;
	}
	if (below && !strncmp(path, below, len) && path[len] == '/' && path[len + 1])
		path += len + 1;
	if (terminal)
		bch_buf_name(out, path);
	else
		bch_buf_puts(out, path);
}
