// SPDX-License-Identifier: GPL-2.0-or-later
/* Names in their tables. Format reference: 04 §7.3, 07 §4.18. */

#include "check/hash.h"

#include "ondisk/key_dirent.h"
#include "ondisk/key_xattr.h"

/* ------------------------------------------------------------------ names */

bool bch_check_hash(const struct bch_check_table *t, const struct bch_key *k, u64 *hash)
{
	struct bch_dirent d;
	struct bch_xattr x;

	if (k->type == BCH_KEY_dirent && bch_dirent_get(k, &d)) {
		*hash = bch_dirent_hash(t->inode, &d);
		return true;
	}
	if (k->type == BCH_KEY_xattr && bch_xattr_get(k, &x)) {
		*hash = bch_xattr_hash(t->inode, &x);
		return true;
	}
	return false;
}

static bool same_bytes(struct bch_bytes a, struct bch_bytes b)
{
	return a.len == b.len && (!a.len || !memcmp(a.p, b.p, a.len));
}

/* By which it is looked up. */
static struct bch_bytes name_of(const struct bch_dirent *d)
{
	return d->d_casefold ? d->cf_name : d->name;
}

static bool same_name(const struct bch_key *a, const struct bch_key *b)
{
	struct bch_dirent d, e;
	struct bch_xattr x, y;

	if (a->type != b->type)
		return false;
	if (a->type == BCH_KEY_dirent)
		return bch_dirent_get(a, &d) && bch_dirent_get(b, &e) &&
		       same_bytes(name_of(&d), name_of(&e));
	return bch_xattr_get(a, &x) && bch_xattr_get(b, &y) && x.type == y.type &&
	       same_bytes(x.name, y.name);
}

/* ------------------------------------------------------------------ look up */

static struct bch_cursor slots_from(const struct bch_check_table *t, u64 inum, u64 offset,
				    const struct bch_snapshot_view *view)
{
	return bch_cursor_in_snapshot(t->c->fs, t->btree_id, bch_pos(inum, offset),
				      bch_spos(inum, BCH_U64_MAX, BCH_U32_MAX), 0, view);
}

/*
 * Place by place from the hash on: up to the key, another of its name, or one that is empty. What cannot be read counts
 * as empty.
 */
static int look_from(const struct bch_check_table *t, const struct bch_key *k, u64 hash,
		     enum bch_check_place *place, struct bch_pos *other)
{
	struct bch_snapshot_view view = bch_snapshot_view(t->c->fs, k->pos.snapshot);
	struct bch_cursor cur bch_auto(cursor) = slots_from(t, k->pos.inode, hash, &view);
	bool has_free = false;
	struct bch_key at;
	int more;

	*place = BCH_PLACE_WRONG;
	other->offset = hash;
	while ((more = bch_cursor_next(&cur, &at)) > 0 && at.pos.offset == hash) {
		if (at.pos.offset == k->pos.offset) {
			*place = BCH_PLACE_GOOD;
			return 0;
		}
		if (at.type == BCH_KEY_hash_whiteout && !has_free) {
			has_free = true;
			other->offset = hash;
		}
		if (same_name(&at, k)) {
			*place = BCH_PLACE_DUPLICATE;
			*other = at.pos;
			return 0;
		}
		hash++;
	}
	if (!has_free)
		other->offset = hash;
	return more < 0 && more != -BCH_ERR_btree_node_read_failed ? more : 0;
}

/* Most are at their hash. */
int bch_check_find_place(const struct bch_check_table *t, const struct bch_key *k,
			 enum bch_check_place *place, struct bch_pos *other)
{
	u64 hash;

	*place = BCH_PLACE_GOOD;
	*other = k->pos;
	if (!bch_check_hash(t, k, &hash) || hash == k->pos.offset)
		return 0;
	return look_from(t, k, hash, place, other);
}

/* ------------------------------------------------------------------ remove */

/* Would a lookup of a name behind @pos stop there if it were empty? */
static int is_on_the_way(const struct bch_check_table *t, struct bch_pos pos)
{
	struct bch_snapshot_view view = bch_snapshot_view(t->c->fs, pos.snapshot);
	struct bch_cursor cur bch_auto(cursor) = slots_from(t, pos.inode, pos.offset + 1, &view);
	struct bch_key at;
	u64 next = pos.offset + 1, hash;
	int more;

	while ((more = bch_cursor_next(&cur, &at)) > 0 && at.pos.offset == next++)
		if (bch_check_hash(t, &at, &hash) && hash <= pos.offset)
			return 1;
	return more < 0 && more != -BCH_ERR_btree_node_read_failed ? more : 0;
}

int bch_check_hash_remove(const struct bch_check_table *t, struct bch_pos pos,
			  enum bch_check_removal how)
{
	const struct bch_key whiteout = { .pos = pos, .type = BCH_KEY_hash_whiteout };
	int needed = is_on_the_way(t, pos);

	if (needed)
		return needed < 0 ? needed : bch_repair(t->c, t->btree_id, &whiteout, 0);
	return how == BCH_REMOVE_KEY ? bch_repair_delete(t->c, t->btree_id, pos)
				     : bch_repair_hide(t->c, t->btree_id, pos);
}
