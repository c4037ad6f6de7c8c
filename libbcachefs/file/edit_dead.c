// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshots that nobody sees any more, taken away with their keys. Format reference: 04 §4.5.
 *
 * A node with one child left that lives is joined with it: of what both have at a position the child's stays, and is the
 * child's from then on. What is left of a tree is written anew where it changed.
 */

#include "base/memory.h"
#include "file/file.h"
#include "file/private.h"

#define NR_AT_A_TIME 512 /* positions */

/* What becomes of a snapshot. */
struct fate {
	u32 id;
	u32 equiv; /* to whom its keys go; 0: nobody, they go away */
};

struct dead {
	struct bch_fs *fs;
	BCH_ARRAY(struct fate) fates; /* ascending by id, as the snapshots are */
	bool any;
	unsigned flags; /* enum bch_dead_flags */
};

/* ------------------------------------------------------------------ who goes */

static struct fate *fate_of(const struct dead *d, u32 id)
{
	size_t at = bch_array_place(&d->fates, id, id);

	return at < d->fates.nr && d->fates.v[at].id == id ? &d->fates.v[at] : NULL;
}

/* The children that live; the last of them. */
static u32 nr_live(const struct dead *d, const struct bch_snapshot_node *n, u32 *equiv)
{
	u32 nr = 0;

	for (u32 i = 0; i < 2; i++) {
		const struct fate *f = n->children[i] ? fate_of(d, n->children[i]) : NULL;

		if (f && f->equiv) {
			*equiv = f->equiv;
			nr++;
		}
	}
	return nr;
}

/* Children come before their parents. */
static int decide(struct dead *d)
{
	for (size_t i = 0; i < bch_snapshots_nr(d->fs); i++) {
		const struct bch_snapshot_node *n = bch_snapshot_at(d->fs, i);
		struct fate f = { n->id, n->id };
		u32 equiv = 0, nr = nr_live(d, n, &equiv);
		int err;

		if (n->state == BCH_SNAPSHOT_STATE_deleted)
			f.equiv = f.id; /* the mark of one that went */
		else if (n->state == BCH_SNAPSHOT_STATE_will_delete || (!n->subvol && !nr))
			f.equiv = 0;
		else if (nr == 1)
			f.equiv = equiv;
		d->any |= f.equiv != f.id;
		err = bch_array_push(&d->fates, f);
		if (err)
			return err;
	}
	return 0;
}

/* ------------------------------------------------------------------ keys */

/* A key of one position, copied. */
struct held {
	struct bch_key k;
	u8 *val;
};

struct helds {
	BCH_ARRAY(struct held) a;
};

static void helds_cleanup(struct helds *h)
{
	for (size_t i = 0; i < h->a.nr; i++)
		free(h->a.v[i].val);
	bch_array_end(&h->a);
}

static int hold(struct helds *h, const struct bch_key *k)
{
	struct held held = { .k = *k, .val = bch_malloc(k->val.len + 1) };

	if (!held.val)
		return -BCH_ERR_no_memory;
	if (k->val.len)
		memcpy(held.val, k->val.p, k->val.len);
	held.k.val.p = held.val;
	if (!bch_array_push(&h->a, held))
		return 0;
	free(held.val);
	return -BCH_ERR_no_memory;
}

static int hold_all(struct bch_fs *fs, u8 btree_id, struct bch_pos pos, struct helds *h)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(fs, btree_id, bch_spos(pos.inode, pos.offset, 0),
			   bch_spos(pos.inode, pos.offset, BCH_U32_MAX));
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)))
		err = more < 0 ? more : hold(h, &k);
	return err;
}

static bool is_taken(const struct helds *h, size_t nr, const struct dead *d, u32 equiv)
{
	for (size_t i = 0; i < nr; i++) {
		const struct fate *f = fate_of(d, h->a.v[i].k.pos.snapshot);

		if (f && f->equiv == equiv)
			return true;
	}
	return false;
}

/* Of those that come to belong to one snapshot the first, the youngest, stays. */
static int settle_key(struct dead *d, u8 btree_id, const struct helds *h, size_t nr)
{
	struct bch_key k = h->a.v[nr].k;
	const struct bch_key gone = { .pos = k.pos, .type = BCH_KEY_deleted };
	const struct fate *f = fate_of(d, k.pos.snapshot);
	bool goes = f && (!f->equiv || is_taken(h, nr, d, f->equiv));
	int err = 0;

	if (!f || (!goes && f->equiv == f->id))
		return 0;
	err = bch_update(d->fs, btree_id, &gone, 0);
	if (err || goes)
		return err;
	k.pos.snapshot = f->equiv;
	return bch_update(d->fs, btree_id, &k, 0);
}

static int settle_pos(struct dead *d, u8 btree_id, struct bch_pos pos)
{
	struct helds h __attribute__((cleanup(helds_cleanup))) = { 0 };
	int err = hold_all(d->fs, btree_id, pos, &h);

	/* from the oldest on: one that moves down may come to where another one was */
	for (size_t i = h.a.nr; i-- && !err;)
		err = settle_key(d, btree_id, &h, i);
	if (!err && btree_id == BCH_BTREE_inodes)
		err = bch_edit_settle_versions(d->fs, pos.offset);
	return err;
}

/* The next positions from *@from on at which a key has to go or move. */
static int collect(struct dead *d, u8 btree_id, struct bch_pos *from,
		   struct bch_pos found[NR_AT_A_TIME])
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(d->fs, btree_id, *from, BCH_SPOS_MAX);
	struct bch_key k;
	int more = 0, nr = 0;

	while (nr < NR_AT_A_TIME && (more = bch_cursor_next(&cur, &k)) > 0) {
		const struct fate *f = fate_of(d, k.pos.snapshot);

		*from = bch_spos(k.pos.inode, k.pos.offset, BCH_U32_MAX);
		if (!f || f->equiv == f->id)
			continue;
		if (!nr || found[nr - 1].inode != k.pos.inode ||
		    found[nr - 1].offset != k.pos.offset)
			found[nr++] = k.pos;
	}
	return more < 0 ? more : nr;
}

static int settle_btree(struct dead *d, u8 btree_id)
{
	struct bch_pos found[NR_AT_A_TIME], from = BCH_POS_MIN;
	int nr, err = 0;

	do {
		nr = collect(d, btree_id, &from, found);
		for (int i = 0; i < nr && !err; i++)
			err = settle_pos(d, btree_id, found[i]);
		if (!err && nr == NR_AT_A_TIME && !(d->flags & BCH_DEAD_AT_ONCE) &&
		    bch_commit_wanted(d->fs))
			err = bch_commit(d->fs);
		if (!err && bch_cancelled(d->fs->ctx))
			err = -BCH_ERR_cancelled;
	} while (!err && nr == NR_AT_A_TIME);
	return nr < 0 ? nr : err;
}

/* ------------------------------------------------------------------ trees */

static bool stays(const struct dead *d, u32 id)
{
	const struct fate *f = fate_of(d, id);

	return f && f->equiv == id;
}

/* The next one above that stays; 0: none. */
static u32 parent_of(const struct dead *d, u32 id)
{
	const struct bch_snapshot_node *n = bch_snapshot_find(d->fs, id);

	while (n && n->parent && !stays(d, n->parent))
		n = bch_snapshot_find(d->fs, n->parent);
	return n ? n->parent : 0;
}

static u32 depth_of(const struct dead *d, u32 id)
{
	u32 depth = 0;

	while ((id = parent_of(d, id)))
		depth++;
	return depth;
}

/* The node that stays in the place of a child: itself, or what is joined with it. */
static u32 child_of(const struct dead *d, u32 child)
{
	const struct fate *f = child ? fate_of(d, child) : NULL;

	return f ? f->equiv : 0;
}

static int write_node(struct dead *d, u32 id)
{
	struct bch_snapshot s, old;
	u32 a, b;
	int err = bch_snapshot_read(d->fs, id, &s);

	if (err)
		return err;
	old = s;
	a = child_of(d, s.children[0]);
	b = child_of(d, s.children[1]);
	s.children[0] = a > b ? a : b;
	s.children[1] = a > b ? b : a;
	s.parent = parent_of(d, id);
	s.depth = depth_of(d, id);
	for (u32 i = 0; i < 3; i++)
		if (!stays(d, s.skip[i]))
			s.skip[0] = s.skip[1] = s.skip[2] = s.parent;
	if (!memcmp(&s, &old, sizeof(s)))
		return 0;
	return bch_snapshot_write(d->fs, id, &s);
}

static int delete_key(struct bch_fs *fs, u8 btree_id, u32 id)
{
	const struct bch_key k = { .pos = bch_pos(0, id), .type = BCH_KEY_deleted };

	return bch_update(fs, btree_id, &k, 0);
}

/* Its root went: to the node that is joined with it, or with all of the tree. */
static int settle_tree(struct dead *d, const struct bch_snapshot_node *root)
{
	struct bch_snapshot_tree tree;
	u32 equiv = fate_of(d, root->id)->equiv;
	int err = bch_snapshot_tree_read(d->fs, root->tree, &tree);

	if (err == -BCH_ERR_not_found || (!err && tree.root_snapshot != root->id))
		return 0;
	if (err)
		return err;
	if (!equiv)
		return delete_key(d->fs, BCH_BTREE_snapshot_trees, root->tree);
	tree.root_snapshot = equiv;
	return bch_snapshot_tree_write(d->fs, root->tree, &tree);
}

static int settle_nodes(struct dead *d)
{
	int err = 0;

	for (size_t i = 0; i < d->fates.nr && !err; i++) {
		const struct bch_snapshot_node *n = bch_snapshot_at(d->fs, i);

		if (stays(d, n->id)) {
			err = write_node(d, n->id);
			continue;
		}
		err = delete_key(d->fs, BCH_BTREE_snapshots, n->id);
		if (!err && !n->parent)
			err = settle_tree(d, n);
	}
	return err ? err : bch_snapshots_reload(d->fs);
}

/* ------------------------------------------------------------------ all */

int bch_edit_dead_snapshots(struct bch_fs *fs, unsigned flags)
{
	static const u8 btrees[] = { BCH_BTREE_extents, BCH_BTREE_inodes, BCH_BTREE_dirents,
				     BCH_BTREE_xattrs };
	struct dead d = { .fs = fs, .flags = flags };
	int err = decide(&d);

	for (size_t i = 0; i < sizeof(btrees) && d.any && !err; i++)
		err = settle_btree(&d, btrees[i]);
	if (!err && d.any)
		err = settle_nodes(&d);
	bch_array_end(&d.fates);
	return err;
}
