// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The snapshot trees, in memory. Format reference: 04 §2.1, §3.1; 08 §10.
 *
 * Parents have greater ids than their children, so one pass upwards gives the sizes of subtrees and one downwards a rank
 * to each node such that a subtree is a run of ranks: who is above whom is then two compares, however deep the trees.
 */

#include "base/memory.h"
#include "file/private.h"

/* ------------------------------------------------------------------ find */

static size_t find_place(const struct bch_files *files, u32 id)
{
	size_t low = 0, high = files->snapshots.a.nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (files->snapshots.a.v[mid].node.id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct bch_snapshot_place *place_of(const struct bch_files *files, u32 id)
{
	size_t at = find_place(files, id);
	const struct bch_snapshot_place *p = files->snapshots.a.v + at;

	return at < files->snapshots.a.nr && p->node.id == id ? p : NULL;
}

size_t bch_snapshots_nr(const struct bch_fs *fs)
{
	return fs->files->snapshots.a.nr;
}

const struct bch_snapshot_node *bch_snapshot_at(const struct bch_fs *fs, size_t nr)
{
	return &fs->files->snapshots.a.v[nr].node;
}

const struct bch_snapshot_node *bch_snapshot_find(const struct bch_fs *fs, u32 id)
{
	const struct bch_snapshot_place *p = place_of(fs->files, id);

	return p ? &p->node : NULL;
}

bool bch_snapshot_is_ancestor(const struct bch_fs *fs, u32 id, u32 ancestor)
{
	const struct bch_snapshot_place *p, *above;

	if (id == ancestor)
		return true;
	p = place_of(fs->files, id);
	above = place_of(fs->files, ancestor);
	if (p && above)
		return p->rank >= above->rank && p->rank - above->rank < above->nr;
	/* Better a file of a relation than none. */
	return fs->files->snapshots_lost && ancestor > id;
}

bool bch_snapshot_subtree(const struct bch_fs *fs, u32 id, size_t *place, size_t *nr)
{
	const struct bch_snapshot_place *p = place_of(fs->files, id);

	if (p) {
		*place = p->rank;
		*nr = p->nr;
	}
	return p;
}

static bool view_is_ancestor(const void *fs, u32 id, u32 ancestor)
{
	return bch_snapshot_is_ancestor(fs, id, ancestor);
}

struct bch_snapshot_view bch_snapshot_view(const struct bch_fs *fs, u32 id)
{
	return (struct bch_snapshot_view){ id, view_is_ancestor, fs };
}

/* ------------------------------------------------------------------ load */

/* What the flags said before there were states: 08 §10.2. */
static enum bch_snapshot_state state_of(const struct bch_snapshot *s)
{
	if (s->state)
		return (enum bch_snapshot_state)s->state;
	if (s->flags >> BCH_SNAPSHOT_deleted & 1)
		return BCH_SNAPSHOT_STATE_deleted;
	if (s->flags >> BCH_SNAPSHOT_no_keys & 1)
		return BCH_SNAPSHOT_STATE_no_keys;
	if (s->flags >> BCH_SNAPSHOT_will_delete & 1)
		return BCH_SNAPSHOT_STATE_will_delete;
	return BCH_SNAPSHOT_STATE_live;
}

static int add(struct bch_files *files, const struct bch_key *k)
{
	struct bch_snapshot s;
	struct bch_snapshot_place p = { .node.id = (u32)k->pos.offset };

	if (k->type != BCH_KEY_snapshot)
		return 0;
	bch_snapshot_get(&s, k->val.p, k->val.len);
	p.node.parent = s.parent > p.node.id ? s.parent : 0;
	p.node.children[0] = s.children[0];
	p.node.children[1] = s.children[1];
	p.node.subvol = s.subvol;
	p.node.tree = s.tree;
	p.node.btime = s.btime;
	p.node.state = state_of(&s);
	return bch_array_push(&files->snapshots.a, p);
}

/* What stands for the roots: the place past the last. */
static size_t parent_place(const struct bch_files *files, const struct bch_snapshot_place *p)
{
	const struct bch_snapshot_place *v = files->snapshots.a.v;
	const struct bch_snapshot_place *parent =
		p->node.parent ? place_of(files, p->node.parent) : NULL;

	return parent ? (size_t)(parent - v) : files->snapshots.a.nr;
}

/* Sizes from the leaves up, then ranks from the roots down: each child takes the next of its parent's. */
static int rank(struct bch_files *files)
{
	size_t nr = files->snapshots.a.nr;
	struct bch_snapshot_place *v = files->snapshots.a.v;
	size_t *next = bch_calloc(nr + 1, sizeof(*next));

	if (!next)
		return -BCH_ERR_no_memory;
	for (size_t i = 0; i < nr; i++)
		v[i].nr = 1;
	for (size_t i = 0; i < nr; i++) {
		size_t parent = parent_place(files, &v[i]);

		if (parent < nr)
			v[parent].nr += v[i].nr;
	}
	for (size_t i = nr; i--;) {
		size_t parent = parent_place(files, &v[i]);

		v[i].rank = next[parent];
		next[parent] += v[i].nr;
		next[i] = v[i].rank + 1;
	}
	free(next);
	return 0;
}

int bch_snapshots_load(struct bch_fs *fs, struct bch_files *files)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, BCH_BTREE_snapshots, BCH_POS_MIN, bch_spos(0, BCH_U32_MAX, 0));
	struct bch_key k;
	int more;

	files->snapshots.a.nr = 0;
	while ((more = bch_cursor_next(&cur, &k))) {
		if (more == -BCH_ERR_no_memory)
			return more;
		files->snapshots_lost |= more < 0;
		if (more > 0 && (more = add(files, &k)))
			return more;
	}
	if (files->snapshots_lost)
		bch_log(fs->ctx, BCH_LOG_warn,
			"snapshots are missing: files may be shown as related ones saw them");
	return rank(files);
}

int bch_snapshots_reload(struct bch_fs *fs)
{
	return bch_snapshots_load(fs, fs->files);
}
