// SPDX-License-Identifier: GPL-2.0-or-later
/* Which subvolumes see a key. Format reference: 04 §2.2. */

#include "base/memory.h"
#include "ops/viewers.h"

/* ------------------------------------------------------------------ load */

static bool is_viewer(const struct bch_snapshot_node *node)
{
	return node->subvol && node->state == BCH_SNAPSHOT_STATE_live;
}

/* Puts each viewer at its place, and counts it there. */
static int place_viewers(struct bch_fs *fs, struct bch_viewer *by_place, size_t *before)
{
	size_t nr_snapshots = bch_snapshots_nr(fs), nr_viewers = 0, place, nr;

	for (size_t i = 0; i < nr_snapshots; i++) {
		const struct bch_snapshot_node *node = bch_snapshot_at(fs, i);

		if (is_viewer(node) && bch_snapshot_subtree(fs, node->id, &place, &nr))
			by_place[place] = (struct bch_viewer){ node->subvol, node->id };
	}
	for (size_t i = 0; i < nr_snapshots; i++) {
		before[i] = nr_viewers;
		if (by_place[i].subvol)
			by_place[nr_viewers++] = by_place[i];
	}
	before[nr_snapshots] = nr_viewers;
	return 0;
}

int bch_viewers_load(struct bch_fs *fs, struct bch_viewers *viewers)
{
	size_t nr = bch_snapshots_nr(fs);

	*viewers = (struct bch_viewers){ 0 };
	viewers->before = bch_calloc(nr + 1, sizeof(*viewers->before));
	if (!viewers->before || bch_array_reserve(&viewers->a, nr + 1))
		return -BCH_ERR_no_memory;
	memset(viewers->a.v, 0, nr * sizeof(*viewers->a.v));
	place_viewers(fs, viewers->a.v, viewers->before);
	viewers->a.nr = viewers->before[nr];
	return 0;
}

void bch_viewers_end(struct bch_viewers *viewers)
{
	free(viewers->before);
	viewers->before = NULL;
	bch_array_end(&viewers->a);
}

/* ------------------------------------------------------------------ the versions of a key */

static int compare_places(const void *l, const void *r)
{
	const struct bch_version_seen *a = l, *b = r;

	if (a->place != b->place)
		return a->place < b->place ? -1 : 1;
	return a->nr > b->nr ? -1 : a->nr < b->nr;
}

static bool is_below(const struct bch_version_seen *v, const struct bch_version_seen *above)
{
	return v->place - above->place < above->nr; /* v's place is not less: they are sorted */
}

/* The indices of the subvolumes below: from *@first on, *@nr of them. */
static void viewers_below(const struct bch_viewers *viewers, const struct bch_version_seen *v,
			  size_t *first, size_t *nr)
{
	*first = viewers->before[v->place];
	*nr = viewers->before[v->place + v->nr] - *first;
}

/* The sum of @first to @first + @nr - 1. As unsigned: what wraps on the way wraps back. */
static u64 sum_of(u64 first, u64 nr)
{
	return nr ? nr * first + nr * (nr - 1) / 2 : 0;
}

static void count(const struct bch_viewers *viewers, struct bch_version_seen *v, size_t i)
{
	size_t above = i, first, nr;

	while (above && !is_below(&v[i], &v[above - 1]))
		above = v[above - 1].above;
	v[i].above = above;
	viewers_below(viewers, &v[i], &first, &nr);
	v[i].nr_viewers = nr;
	v[i].viewers = sum_of(first, nr);
	if (!above)
		return;
	v[above - 1].nr_viewers -= nr;
	v[above - 1].viewers -= sum_of(first, nr);
}

void bch_viewers_of_versions(struct bch_fs *fs, const struct bch_viewers *viewers,
			     struct bch_version_seen *v, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!bch_snapshot_subtree(fs, v[i].snapshot, &v[i].place, &v[i].nr))
			v[i].place = v[i].nr = 0;
	qsort(v, nr, sizeof(*v), compare_places);
	for (size_t i = 0; i < nr; i++)
		count(viewers, v, i);
}
