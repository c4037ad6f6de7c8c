// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking for leaves on the devices, for btrees whose interior nodes are lost: every place that may hold a node is
 * read, and of the leaves that overlap the newer one counts. Format reference: 02 §12.3, §12.4.
 *
 * Every rewrite leaves the node's old version where it was, with all that has been deleted since. A leaf that is named by
 * a pointer which can still be read (in the table of roots, a node above, the journal) is therefore worth more than any
 * that is not. An old version is used where nothing better is found, and said to be one where that is known: another
 * leaf is named for its range, or a newer one took a part of it.
 */

#include <stdlib.h>

#include "base/map.h"
#include "base/memory.h"
#include "btree/private.h"
#include "ondisk/key_extent.h"

/* A leaf that was found, with the range that is its. */
struct leaf {
	struct bch_map_node in_map;
	struct bch_found_leaf f;
	bool range_updated; /* its range is no longer that of the node */
	bool is_named;	    /* by a pointer: it is the current one */
	bool is_cut;	    /* a newer one took a part of its range */
};

struct leaves {
	struct leaf *v;
	size_t nr, size;
};

/* ------------------------------------------------------------------ which are known to be current */

/* A pointer to a leaf. */
struct name {
	u8 btree_id;
	struct bch_node_ptr ptr;
};

struct names {
	struct name *v; /* by btree, then position */
	size_t nr, size;
};

static int take_name(struct names *names, u8 btree_id, const struct bch_key *k)
{
	struct name name = { .btree_id = btree_id };

	return bch_node_ptr_get(k, &name.ptr) && name.ptr.v2 ? bch_array_push(names, name) : 0;
}

/* What the journal says of a btree whose root is lost; else the walk over its nodes has it. */
static int read_names_of_journal(struct bch_fs *fs, u8 btree_id, struct names *names)
{
	const struct bch_key_overlay *overlay = fs->btrees->overlay;
	struct bch_key k;
	size_t at = 0;
	u8 id, level;
	int err = 0;

	while (!err && overlay && bch_key_overlay_next(overlay, &at, &id, &level, &k))
		if (id == btree_id && level == 1)
			err = take_name(names, id, &k);
	return err;
}

/* All that can still be read of a btree's pointers. */
static int read_names(struct bch_fs *fs, u8 btree_id, struct names *names)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(fs, btree_id, 0, BCH_POS_MIN, BCH_SPOS_MAX);
	size_t nr = names->nr;
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		if (more < 0 && more != -BCH_ERR_btree_node_read_failed)
			return more;
		if (more > 0)
			err = take_name(names, btree_id, &k);
	}
	return err || names->nr > nr ? err : read_names_of_journal(fs, btree_id, names);
}

/* The first pointer of the btree that ends at @pos or behind it; NULL where there is none. */
static const struct name *find_name(const struct names *names, u8 btree_id, struct bch_pos pos)
{
	size_t lo = 0, hi = names->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct name *n = &names->v[mid];

		if (n->btree_id < btree_id ||
		    (n->btree_id == btree_id && bch_pos_compare(n->ptr.max, pos) < 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < names->nr && names->v[lo].btree_id == btree_id ? &names->v[lo] : NULL;
}

static int compare_u64(u64 a, u64 b)
{
	return a < b ? -1 : a > b;
}

/* They lie as they were found, by btree and cookie. NULL where it was not found. */
static struct leaf *find_leaf(const struct leaves *leaves, const struct name *name)
{
	size_t lo = 0, hi = leaves->nr;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		struct leaf *leaf = &leaves->v[mid];
		int cmp = leaf->f.btree_id - name->btree_id;

		if (!cmp)
			cmp = compare_u64(leaf->f.cookie, name->ptr.seq);
		if (!cmp)
			return leaf;
		if (cmp < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

/* A leaf that is named has the range that its pointer says. */
static void mark_named(const struct names *names, const struct leaves *leaves)
{
	for (size_t i = 0; i < names->nr; i++) {
		const struct bch_node_ptr *ptr = &names->v[i].ptr;
		struct leaf *leaf = find_leaf(leaves, &names->v[i]);

		if (!leaf)
			continue;
		leaf->is_named = true;
		leaf->f.min = ptr->min;
		leaf->f.max = ptr->max;
		leaf->range_updated = ptr->range_updated;
	}
}

/* Is it known that @leaf is not the current one? */
static bool is_old(const struct names *names, const struct leaf *leaf)
{
	const struct name *n = find_name(names, leaf->f.btree_id, leaf->f.min);

	return !leaf->is_named &&
	       (leaf->is_cut || (n && bch_pos_compare(n->ptr.min, leaf->f.max) <= 0));
}

/* ------------------------------------------------------------------ which of two counts */

static bool is_newer(const struct leaf *a, const struct leaf *b)
{
	if (a->is_named != b->is_named)
		return a->is_named;
	return a->f.seq != b->f.seq ? a->f.seq > b->f.seq : a->f.journal_seq > b->f.journal_seq;
}

/* By btree and start; of those that start together the newest first. */
static int compare_leaves(const void *key, const struct bch_map_node *node)
{
	const struct leaf *a = key, *b = bch_map_entry(node, struct leaf, in_map);
	int cmp = a->f.btree_id - b->f.btree_id;

	if (!cmp)
		cmp = bch_pos_compare(a->f.min, b->f.min);
	if (!cmp)
		cmp = is_newer(b, a) - is_newer(a, b);
	return cmp ? cmp : compare_u64(a->f.cookie, b->f.cookie);
}

/* @b begins after @a, or is older, and they overlap: one of them gives way. */
static void give_way(struct bch_map *map, struct leaf *a, struct leaf *b)
{
	if (is_newer(b, a)) {
		a->f.max = bch_pos_predecessor(b->f.min);
		a->range_updated = a->is_cut = true;
		return;
	}
	bch_map_remove(map, b);
	if (bch_pos_compare(b->f.max, a->f.max) <= 0)
		return;
	b->f.min = bch_pos_successor(a->f.max);
	b->range_updated = b->is_cut = true;
	bch_map_insert(map, b, &b->in_map);
}

/* Leaves that do not overlap, in order. 02 §12.3 (6). */
static struct bch_map resolve(struct leaves *leaves)
{
	struct bch_map map = BCH_MAP(compare_leaves);
	struct leaf *a, *b;

	for (size_t i = 0; i < leaves->nr; i++)
		bch_map_insert(&map, &leaves->v[i], &leaves->v[i].in_map);

	a = bch_map_entry(bch_map_first(&map), struct leaf, in_map);
	while (a && (b = bch_map_entry(a->in_map.next, struct leaf, in_map))) {
		if (a->f.btree_id == b->f.btree_id && bch_pos_compare(b->f.min, a->f.max) <= 0)
			give_way(&map, a, b);
		else
			a = b;
	}
	return map;
}

/* ------------------------------------------------------------------ a tree of them */

static int add_leaf(struct bch_key_overlay *overlay, const struct leaf *leaf)
{
	const struct bch_node_ptr ptr = { .seq = leaf->f.cookie,
					  .nr_sectors = leaf->f.nr_sectors,
					  .range_updated = leaf->range_updated,
					  .min = leaf->f.min };
	u8 val[BCH_NODE_PTR_VAL_MAX];
	const struct bch_key k = {
		.pos = leaf->f.max,
		.type = BCH_KEY_btree_ptr_v2,
		.val = { val, bch_node_ptr_put(&ptr, leaf->f.copies, leaf->f.nr_copies, val) },
	};

	return bch_key_overlay_add(overlay, leaf->f.btree_id, 1, &k);
}

/* What is made of the leaves of each btree. */
struct tally {
	size_t nr_leaves, nr_old;
};

static int find_leaves(struct bch_fs *fs, u64 btrees, struct leaves *leaves)
{
	struct bch_found_leaves found = { 0 };
	int err = bch_btree_find_leaves(fs, btrees, &found);

	for (size_t i = 0; i < found.a.nr && !err; i++)
		err = bch_array_push(leaves, ((struct leaf){ .f = found.a.v[i] }));
	bch_array_end(&found.a);
	return err;
}

static int build(struct bch_fs *fs, struct leaves *leaves, const struct names *names,
		 struct tally tally[BCH_BTREE_ID_MAX])
{
	struct bch_key_overlay *overlay bch_auto(key_overlay) = bch_key_overlay_new();
	struct bch_map map;
	int err = 0;

	if (!overlay)
		return -BCH_ERR_no_memory;
	mark_named(names, leaves);
	map = resolve(leaves);
	for (const struct bch_map_node *n = bch_map_first(&map); !err && n; n = n->next) {
		const struct leaf *leaf = bch_map_entry(n, struct leaf, in_map);

		tally[leaf->f.btree_id].nr_leaves++;
		tally[leaf->f.btree_id].nr_old += is_old(names, leaf);
		err = add_leaf(overlay, leaf);
	}
	if (err)
		return err;
	bch_key_overlay_seal(overlay);
	bch_btrees_set_leaves(fs, overlay, 0);
	overlay = NULL;
	return 0;
}

/* ------------------------------------------------------------------ which btrees need it */

/*
 * Its root is lost, or a node above the leaves. A root that nothing tells of may be one of a btree that was never used,
 * or lost without a trace. 1, 0, or an error.
 */
static int is_broken(struct bch_fs *fs, u8 btree_id)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_nodes(fs, btree_id, 0, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_btree_root root = bch_btree_root(fs, btree_id);
	const struct bch_btree_node *node;
	struct bch_key k;
	int more;

	if (root.state != BCH_ROOT_PRESENT)
		return 1;
	more = bch_btree_node_get(fs, btree_id, root.level, &root.k, &node);
	if (!more) {
		bch_btree_node_put(fs, node);
		while ((more = bch_cursor_next(&cur, &k)) > 0)
			;
	}
	return more == -BCH_ERR_btree_node_read_failed ? 1 : more;
}

static void set_state(struct bch_fs *fs, u8 btree_id, const struct tally *tally)
{
	struct bch_btree_root *root = &fs->btrees->roots[btree_id];
	struct bch_buf name bch_auto(buf) = { 0 };

	if (root->state == BCH_ROOT_ABSENT && !tally->nr_leaves)
		return;
	root->level = 1;
	root->state = tally->nr_leaves ? BCH_ROOT_SCANNED : BCH_ROOT_LOST;
	bch_btree_name_put(&name, btree_id, fs->btrees->rules.version);
	if (tally->nr_leaves)
		bch_log(fs->ctx, BCH_LOG_warn, "btree %s: made of %zu leaves that were found",
			bch_buf_str(&name), tally->nr_leaves);
	else
		bch_log(fs->ctx, BCH_LOG_warn, "btree %s: %s", bch_buf_str(&name),
			bch_fsck_error_name(BCH_FSCK_btree_root_unreadable_and_scan_found_nothing));
	if (tally->nr_old)
		bch_log(fs->ctx, BCH_LOG_warn,
			"btree %s: %zu of these leaves are old versions: their keys may be out of "
			"date",
			bch_buf_str(&name), tally->nr_old);
}

int bch_btree_scan(struct bch_fs *fs, u64 btrees)
{
	struct tally tally[BCH_BTREE_ID_MAX] = { 0 };
	struct leaves leaves = { 0 };
	struct names names = { 0 };
	u64 broken = 0;
	int err = 0;

	for (u8 id = 0; id < BCH_BTREE_ID_MAX && err >= 0; id++) {
		err = btrees >> id & 1 ? is_broken(fs, id) : 0;
		if (err <= 0)
			continue;
		broken |= 1ULL << id;
		err = read_names(fs, id, &names);
	}
	if (!err && broken)
		err = find_leaves(fs, broken, &leaves);
	if (!err && broken)
		err = build(fs, &leaves, &names, tally);
	for (u8 id = 0; !err && id < BCH_BTREE_ID_MAX; id++)
		if (broken >> id & 1)
			set_state(fs, id, &tally[id]);
	bch_array_end(&leaves);
	bch_array_end(&names);
	return err;
}
