// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cursors: from the root to a leaf, through its keys, then from the root to the next. Format reference: 02 §7.1, 9.4.
 *
 * Between calls either a range of positions is being walked (has_layers, its node pinned) and the rest begins behind
 * it, or the next range begins at pos. Coming anew from the root costs little, as its nodes are in the cache, and
 * leaves nothing to be kept in step.
 */

#include "btree/private.h"

#define NR_AHEAD 8 /* nodes that are read before they are wanted */

/* A node on the way down; or what stands in for the root where there is none. */
struct place {
	const struct bch_btree_node *node; /* pinned; NULL: none */
	u8 level;
	struct bch_pos min, max;
};

/* ------------------------------------------------------------------ layers */

/* The sum is not copied with them: nothing was added up yet. */
static void copy_layers(struct bch_layers *to, const struct bch_layers *from)
{
	memcpy(to->v, from->v, sizeof(to->v));
	to->nr = from->nr;
	to->dir = from->dir;
	to->end = from->end;
}

static void add_run(struct bch_layers *layers, const struct bch_key_overlay *overlay, u8 btree_id,
		    u8 level, struct bch_overlay_run *run)
{
	*run = bch_key_overlay_run(overlay, btree_id, level);
	if (run->nr)
		bch_layers_add(layers, bch_overlay_layer(run, btree_id == BCH_BTREE_accounting));
}

static void add_changes(const struct bch_cursor *cur, struct bch_layers *layers)
{
	const struct bch_changes *changes = cur->fs->btrees->changes;
	struct bch_layer layer;

	if (cur->flags & BCH_CURSOR_COMMITTED)
		return;
	if (bch_changes_layer(changes, BCH_CHANGE_GIVEN, cur->btree_id, &layer))
		bch_layers_add(layers, layer);
	if (!(cur->flags & BCH_CURSOR_GIVEN) &&
	    bch_changes_layer(changes, BCH_CHANGE_DERIVED, cur->btree_id, &layer))
		bch_layers_add(layers, layer);
}

/* All that there is at @place. The journal knew other interior nodes than a scan found: 02 §12.4. */
static void layers_of(const struct bch_cursor *cur, const struct place *place,
		      struct bch_overlay_run runs[2], struct bch_layers *layers)
{
	const struct bch_btrees *b = cur->fs->btrees;
	bool scanned = bch_btree_root(cur->fs, cur->btree_id).state == BCH_ROOT_SCANNED;

	layers->nr = 0;
	if (place->node)
		bch_layers_add(layers, bch_btree_node_layer(place->node));
	if (scanned)
		add_run(layers, b->scanned, cur->btree_id, place->level, &runs[0]);
	if (b->overlay && !(scanned && place->level))
		add_run(layers, b->overlay, cur->btree_id, place->level, &runs[1]);
	if (!place->level)
		add_changes(cur, layers);
}

/* ------------------------------------------------------------------ down */

static struct bch_pos start_of(const struct bch_key *ptr)
{
	struct bch_node_ptr p;

	return bch_node_ptr_get(ptr, &p) ? p.min : BCH_POS_MIN;
}

bool bch_node_ptr_is_hole(const struct bch_key *k)
{
	return k->type == BCH_KEY_btree_ptr_v2 && k->val.len == sizeof(struct btree_ptr_v2);
}

/* What takes the place of a lost leaf has no node. */
static bool is_hole(const struct bch_cursor *cur, const struct bch_key *ptr)
{
	return bch_node_ptr_is_hole(ptr) &&
	       bch_btree_root(cur->fs, cur->btree_id).state == BCH_ROOT_SCANNED;
}

static int open_node(const struct bch_cursor *cur, u8 level, const struct bch_key *ptr,
		     struct place *place)
{
	int err = 0;

	if (is_hole(cur, ptr)) {
		*place = (struct place){ .min = start_of(ptr), .max = ptr->pos };
		return 0;
	}
	err = bch_btree_node_get(cur->fs, cur->btree_id, level, ptr, &place->node);
	if (!err) {
		place->level = level;
		place->min = place->node->min;
		place->max = place->node->max;
	}
	return err;
}

static void leave(const struct bch_cursor *cur, const struct bch_btree_node *node)
{
	if (node)
		bch_btree_node_put(cur->fs, node);
}

static int lost_root(const struct bch_cursor *cur)
{
	struct bch_buf name bch_auto(buf) = { 0 };

	bch_btree_name_put(&name, cur->btree_id, cur->fs->btrees->rules.version);
	return bch_error_whole(cur->fs->ctx, -BCH_ERR_btree_node_read_failed,
			       "btree %s: its root is lost", bch_buf_str(&name));
}

/* An absent root is an empty leaf that only the journal has keys for; over scanned leaves stands one that is not there. */
static int open_root(const struct bch_cursor *cur, struct place *place)
{
	struct bch_btree_root root = bch_btree_root(cur->fs, cur->btree_id);

	*place = (struct place){ .min = BCH_POS_MIN, .max = BCH_SPOS_MAX };
	switch (root.state) {
	case BCH_ROOT_PRESENT:
		return open_node(cur, root.level, &root.k, place);
	case BCH_ROOT_LOST:
		return lost_root(cur);
	case BCH_ROOT_SCANNED:
		place->level = 1;
		return 0;
	default:
		return 0;
	}
}

/* Nodes that are wanted soon. Not at the first: who looks for one key needs but one. */
static void read_ahead(const struct bch_cursor *cur, const struct place *place,
		       const struct bch_layers *at)
{
	struct bch_layers ahead;
	struct bch_key ptr;

	if (!cur->nr_nodes || place->level != cur->level + 1)
		return;
	copy_layers(&ahead, at);
	for (u32 i = 0; i < NR_AHEAD && bch_layers_next(&ahead, &ptr); i++) {
		if (cur->dir > 0 ? bch_pos_compare(start_of(&ptr), cur->end) > 0
				 : bch_pos_compare(ptr.pos, cur->end) < 0)
			return;
		if (!is_hole(cur, &ptr))
			bch_btree_node_read_ahead(cur->fs, cur->btree_id, cur->level, &ptr);
	}
}

/*
 * The child of @place that holds cur->pos, else the nearest in the direction: between children there may be gaps where
 * a node was lost. False where there is none.
 */
static bool find_child(const struct bch_cursor *cur, const struct place *place,
		       struct bch_key *child)
{
	struct bch_overlay_run runs[2];
	struct bch_layers layers;
	struct bch_pos end = cur->dir > 0 ? place->max : place->min;
	bool found;

	layers_of(cur, place, runs, &layers);
	bch_layers_seek(&layers, cur->pos, place->max, 1);
	found = bch_layers_next(&layers, child);
	if (cur->dir > 0) {
		if (found)
			read_ahead(cur, place, &layers);
		return found;
	}
	if (found && bch_pos_compare(start_of(child), cur->pos) <= 0) {
		bch_layers_seek(&layers, bch_pos_predecessor(child->pos), end, -1);
		read_ahead(cur, place, &layers);
		return true;
	}
	bch_layers_seek(&layers, cur->pos, end, -1);
	return bch_layers_next(&layers, child);
}

/* The range from @min to @max is behind us. A range that does not lead on (bad bytes, a root that ends early) is the last. */
static void go_on_behind(struct bch_cursor *cur, struct bch_pos min, struct bch_pos max)
{
	struct bch_pos last = cur->dir > 0 ? max : min;
	struct bch_pos next = cur->dir > 0 ? bch_pos_successor(last) : bch_pos_predecessor(last);

	cur->done = bch_pos_compare(last, cur->end) * cur->dir >= 0 ||
		    bch_pos_compare(next, cur->pos) * cur->dir <= 0;
	cur->pos = next;
}

/* What is not covered between cur->pos, where @child or else the end of @place should be, and where it is. */
static void check_gap(const struct bch_cursor *cur, const struct place *place,
		      const struct bch_key *child)
{
	struct bch_pos from = cur->pos, to = cur->pos;

	if (cur->dir > 0) {
		if (child && bch_pos_compare(start_of(child), cur->pos) <= 0)
			return;
		to = child ? bch_pos_predecessor(start_of(child)) : place->max;
	} else {
		if (child && bch_pos_compare(child->pos, cur->pos) >= 0)
			return;
		from = child ? bch_pos_successor(child->pos) : place->min;
	}
	if (bch_pos_compare(from, place->min) < 0)
		from = place->min;
	if (bch_pos_compare(to, place->max) > 0)
		to = place->max;
	if (bch_pos_compare(from, to) > 0)
		return;
	bch_btree_gap_warn(cur->fs,
			   &(struct bch_gap){ cur->btree_id, (u8)(place->level - 1), from, to });
}

/*
 * One level down; @place's node is given back. 1, 0 where no child is left in it, or an error: in both cases the cursor
 * is to go on behind @place or the child.
 */
static int go_down(struct bch_cursor *cur, struct place *place)
{
	struct place child = { 0 };
	struct bch_key ptr;
	int err = 0;
	bool found = find_child(cur, place, &ptr);

	check_gap(cur, place, found ? &ptr : NULL);
	if (!found) {
		go_on_behind(cur, place->min, place->max);
	} else {
		err = open_node(cur, (u8)(place->level - 1), &ptr, &child);
		if (err)
			go_on_behind(cur, start_of(&ptr), ptr.pos);
	}
	leave(cur, place->node);
	*place = child;
	return err ? err : found;
}

/* Over all that is at @place, as far as it lies in the cursor's range. */
static void walk(struct bch_cursor *cur, const struct place *place)
{
	struct bch_pos start = cur->pos, end = cur->dir > 0 ? place->max : place->min;

	if (bch_pos_compare(end, cur->end) * cur->dir > 0)
		end = cur->end;
	layers_of(cur, place, cur->runs, &cur->layers);
	bch_layers_seek(&cur->layers, start, end, cur->dir);
	cur->node = place->node;
	cur->min = place->min;
	cur->max = place->max;
	cur->has_layers = true;
	cur->nr_nodes++;
}

/* From the root to the node that holds cur->pos. */
static int descend(struct bch_cursor *cur)
{
	struct place place;
	int more = 1, err = open_root(cur, &place);

	if (err || place.level < cur->level) {
		leave(cur, place.node);
		cur->done = true;
		return err;
	}
	while (more > 0 && place.level > cur->level)
		more = go_down(cur, &place);
	if (more > 0)
		walk(cur, &place);
	return more < 0 ? more : 0;
}

static void leave_range(struct bch_cursor *cur)
{
	if (cur->has_layers)
		leave(cur, cur->node);
	cur->node = NULL;
	cur->has_layers = false;
}

/* The next key of all snapshots. */
static int next_key(struct bch_cursor *cur, struct bch_key *k)
{
	if (cur->holds) {
		cur->holds = false;
		*k = cur->held;
		return 1;
	}
	for (;;) {
		int err;

		if (cur->has_layers && bch_layers_next(&cur->layers, k))
			return 1;
		if (cur->has_layers)
			go_on_behind(cur, cur->min, cur->max);
		leave_range(cur);
		if (cur->done)
			return 0;
		err = descend(cur);
		if (err)
			return err;
	}
}

static void hold(struct bch_cursor *cur, const struct bch_key *k)
{
	cur->held = *k;
	cur->holds = true;
}

/* ------------------------------------------------------------------ as seen from a snapshot: 04 §2.2 */

static bool is_visible_from(const struct bch_cursor *cur, const struct bch_key *k)
{
	return k->pos.snapshot >= cur->view->id &&
	       cur->view->is_ancestor(cur->view->arg, cur->view->id, k->pos.snapshot);
}

static bool is_whiteout(const struct bch_key *k)
{
	return k->type == BCH_KEY_deleted || k->type == BCH_KEY_whiteout ||
	       k->type == BCH_KEY_extent_whiteout;
}

/* Ascending, the first visible version decides for its position. */
static int next_seen(struct bch_cursor *cur, struct bch_key *k)
{
	int more;

	while ((more = next_key(cur, k)) > 0) {
		if (cur->sees && bch_pos_same_but_snapshot(cur->seen.pos, k->pos))
			continue;
		if (!is_visible_from(cur, k))
			continue;
		cur->seen = *k;
		cur->sees = true;
		if (!is_whiteout(k))
			return 1;
	}
	return more;
}

/* The version seen so far, kept for when the node has been left. */
static void keep_seen(struct bch_cursor *cur, const struct bch_key *k)
{
	cur->seen = *k;
	cur->seen.val.p = cur->seen_value;
	if (k->val.len)
		memcpy(cur->seen_value, k->val.p, k->val.len);
	cur->sees = true;
}

/* Descending, the last visible version does: it is known when another position comes, or none. */
static int next_seen_descending(struct bch_cursor *cur, struct bch_key *k)
{
	int more;

	do {
		more = next_key(cur, k);
		if (more < 0)
			return more;
		if (cur->sees && (!more || !bch_pos_same_but_snapshot(cur->seen.pos, k->pos))) {
			cur->sees = false;
			if (more)
				hold(cur, k);
			if (!is_whiteout(&cur->seen)) {
				*k = cur->seen;
				return 1;
			}
		} else if (more && is_visible_from(cur, k)) {
			keep_seen(cur, k);
		}
	} while (more);
	return 0;
}

static int next_version(struct bch_cursor *cur, struct bch_key *k)
{
	if (!cur->view)
		return next_key(cur, k);
	return cur->dir > 0 ? next_seen(cur, k) : next_seen_descending(cur, k);
}

/* ------------------------------------------------------------------ extents, nodes, slots */

static bool begins_behind(const struct bch_cursor *cur, const struct bch_key *k)
{
	if (k->pos.inode != cur->to.inode)
		return k->pos.inode > cur->to.inode;
	return k->pos.offset - k->size >= cur->to.offset;
}

/*
 * Extents are ordered by their ends, so behind the range's end there is one more; of several snapshots there may be any
 * number, between others that begin too late.
 */
static int next_extent(struct bch_cursor *cur, struct bch_key *k)
{
	bool overlap = cur->btree_id == BCH_BTREE_extents && !cur->view;
	int more;

	while ((more = next_version(cur, k)) > 0 && begins_behind(cur, k))
		if (!overlap)
			return 0;
	return more;
}

/* The pointer to the root comes from nowhere but the table of roots. */
static int next_node(struct bch_cursor *cur, struct bch_key *k)
{
	struct bch_btree_root root = bch_btree_root(cur->fs, cur->btree_id);
	int more;

	if (root.state == BCH_ROOT_PRESENT && root.level + 1 == cur->level && !cur->done) {
		cur->done = true;
		*k = root.k;
		return 1;
	}
	more = next_key(cur, k);
	return more > 0 && bch_pos_compare(start_of(k), cur->to) > 0 ? 0 : more;
}

static int next_present(struct bch_cursor *cur, struct bch_key *k)
{
	return cur->flags & BCH_CURSOR_EXTENTS ? next_extent(cur, k) : next_version(cur, k);
}

/* Up to where slots go, excluded. */
static u64 slots_end(const struct bch_cursor *cur)
{
	return cur->to.offset +
	       (!(cur->flags & BCH_CURSOR_EXTENTS) && cur->to.offset < BCH_U64_MAX);
}

static void make_hole(struct bch_cursor *cur, u64 end, struct bch_key *k)
{
	if (end - cur->slot > BCH_U32_MAX)
		end = cur->slot + BCH_U32_MAX;
	*k = (struct bch_key){
		.pos = bch_spos(cur->from.inode, end, cur->view ? cur->view->id : 0),
		.type = BCH_KEY_deleted,
		.size = (u32)(end - cur->slot),
	};
	cur->slot = end;
}

static int next_slot(struct bch_cursor *cur, struct bch_key *k)
{
	u64 start, end = slots_end(cur);
	int more = 1;

	if (cur->has_behind)
		*k = cur->behind;
	else
		more = next_present(cur, k);
	cur->has_behind = false;
	if (more < 0)
		return more;
	start = more ? k->pos.offset - k->size : end;
	if (start > cur->slot) {
		cur->behind = *k;
		cur->has_behind = more;
		make_hole(cur, start < end ? start : end, k);
		return 1;
	}
	if (more)
		cur->slot = k->pos.offset + (!k->size && k->pos.offset < BCH_U64_MAX);
	return more;
}

int bch_cursor_next(struct bch_cursor *cur, struct bch_key *k)
{
	if (cur->nodes)
		return next_node(cur, k);
	return cur->flags & BCH_CURSOR_SLOTS ? next_slot(cur, k) : next_present(cur, k);
}

/* ------------------------------------------------------------------ begin and end */

struct bch_cursor bch_cursor(struct bch_fs *fs, u8 btree_id, struct bch_pos from, struct bch_pos to)
{
	return bch_cursor_flavour(fs, btree_id, from, to, 0);
}

struct bch_cursor bch_cursor_flavour(struct bch_fs *fs, u8 btree_id, struct bch_pos from,
				     struct bch_pos to, unsigned flags)
{
	struct bch_cursor cur = { .fs = fs,
				  .btree_id = btree_id,
				  .flags = flags,
				  .dir = flags & BCH_CURSOR_DESCENDING ? -1 : 1,
				  .from = from,
				  .to = to,
				  .pos = from,
				  .end = to,
				  .slot = from.offset };

	cur.done = bch_pos_compare(from, to) > 0;
	if (flags & BCH_CURSOR_EXTENTS) {
		cur.pos = bch_pos_successor(bch_spos(from.inode, from.offset, BCH_U32_MAX));
		cur.end = bch_spos(to.inode, BCH_U64_MAX, BCH_U32_MAX);
	} else if (cur.dir < 0) {
		cur.pos = to;
		cur.end = from;
	}
	return cur;
}

struct bch_cursor bch_cursor_in_snapshot(struct bch_fs *fs, u8 btree_id, struct bch_pos from,
					 struct bch_pos to, unsigned flags,
					 const struct bch_snapshot_view *view)
{
	struct bch_cursor cur;

	from.snapshot = 0;
	to.snapshot = BCH_U32_MAX;
	cur = bch_cursor_flavour(fs, btree_id, from, to, flags);
	cur.view = view;
	return cur;
}

struct bch_cursor bch_cursor_nodes(struct bch_fs *fs, u8 btree_id, u8 level, struct bch_pos from,
				   struct bch_pos to)
{
	struct bch_cursor cur = bch_cursor(fs, btree_id, from, BCH_SPOS_MAX);

	cur.to = to;
	cur.nodes = true;
	cur.level = (u8)(level + 1);
	return cur;
}

void bch_cursor_end(struct bch_cursor *cur)
{
	leave_range(cur);
}
