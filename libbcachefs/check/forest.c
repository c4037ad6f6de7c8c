// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshots, their trees and subvolumes in memory, and back. Format reference: 04 §3. */

#include "check/forest.h"

#define SNAPSHOT_LEN offsetof(struct bch_snapshot_disk, state)
#define SUBVOL_LEN   offsetof(struct bch_subvolume_disk, state)

/* ------------------------------------------------------------------ find */

#define find(array_, id_)                                                                     \
	({                                                                                    \
		__typeof__(array_) array_g = (array_);                                        \
		u32 id_g = (id_);                                                             \
		size_t at_g = bch_array_place(array_g, id, id_g);                             \
                                                                                              \
		at_g < array_g->nr && array_g->v[at_g].id == id_g ? &array_g->v[at_g] : NULL; \
	})

struct bch_check_snapshot *bch_check_snapshot_find(const struct bch_check_forest *f, u32 id)
{
	return find(&f->snapshots.a, id);
}

struct bch_check_tree *bch_check_tree_find(const struct bch_check_forest *f, u32 id)
{
	return find(&f->trees.a, id);
}

struct bch_check_subvol *bch_check_subvol_find(const struct bch_check_forest *f, u32 id)
{
	return find(&f->subvols.a, id);
}

/* ------------------------------------------------------------------ above */

/* Parents have greater ids: those that have not end the way up. */
static const struct bch_check_snapshot *parent_of(const struct bch_check_forest *f,
						  const struct bch_check_snapshot *s)
{
	return s->v.parent > s->id ? bch_check_snapshot_find(f, s->v.parent) : NULL;
}

const struct bch_check_snapshot *bch_check_snapshot_root(const struct bch_check_forest *f,
							 const struct bch_check_snapshot *s)
{
	const struct bch_check_snapshot *parent;

	while ((parent = parent_of(f, s)))
		s = parent;
	return s;
}

bool bch_check_snapshot_above(const struct bch_check_forest *f, u32 id, u32 ancestor)
{
	const struct bch_check_snapshot *s = bch_check_snapshot_find(f, id);

	while (s && s->id < ancestor)
		s = parent_of(f, s);
	return id == ancestor || (s && s->id == ancestor);
}

bool bch_check_snapshot_is_deleted(const struct bch_check_snapshot *s)
{
	return s->v.flags & (1U << BCH_SNAPSHOT_will_delete | 1U << BCH_SNAPSHOT_deleted);
}

/* ------------------------------------------------------------------ read */

static int add_snapshot(struct bch_check_forest *f, const struct bch_key *k)
{
	struct bch_check_snapshot s = { .id = (u32)k->pos.offset, .len = k->val.len };

	bch_snapshot_get(&s.v, k->val.p, k->val.len);
	return bch_array_push(&f->snapshots.a, s);
}

static int add_tree(struct bch_check_forest *f, const struct bch_key *k)
{
	struct bch_check_tree t = { .id = (u32)k->pos.offset };

	bch_snapshot_tree_get(&t.v, k->val.p, k->val.len);
	return bch_array_push(&f->trees.a, t);
}

static int add_subvol(struct bch_check_forest *f, const struct bch_key *k)
{
	struct bch_check_subvol s = { .id = (u32)k->pos.offset, .len = k->val.len };

	bch_subvolume_get(&s.v, k->val.p, k->val.len);
	return bch_array_push(&f->subvols.a, s);
}

static int read_btree(struct bch_check_forest *f, u8 btree_id, u8 type,
		      int (*add)(struct bch_check_forest *f, const struct bch_key *k))
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(f->c, btree_id, BCH_POS_MIN, bch_spos(0, BCH_U32_MAX, BCH_U32_MAX));
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more : k.type == type ? add(f, &k) : 0;
	return err;
}

int bch_check_forest_read(struct bch_check *c, struct bch_check_forest *f)
{
	int err;

	*f = (struct bch_check_forest){ .c = c };
	err = read_btree(f, BCH_BTREE_snapshots, BCH_KEY_snapshot, add_snapshot);
	if (!err)
		err = read_btree(f, BCH_BTREE_snapshot_trees, BCH_KEY_snapshot_tree, add_tree);
	if (!err)
		err = read_btree(f, BCH_BTREE_subvolumes, BCH_KEY_subvolume, add_subvol);
	return err;
}

void bch_check_forest_end(struct bch_check_forest *f)
{
	bch_array_end(&f->snapshots.a);
	bch_array_end(&f->trees.a);
	bch_array_end(&f->subvols.a);
}

/* ------------------------------------------------------------------ write */

static int put(struct bch_check *c, u8 btree_id, u32 id, u8 type, const void *val, size_t len)
{
	const struct bch_key k = { .pos = bch_pos(0, id), .type = type, .val = { val, len } };

	return bch_repair(c, btree_id, &k, 0);
}

#define keep(array_, element_)                                                            \
	({                                                                                \
		__typeof__(array_) array_k = (array_);                                    \
		__typeof__(*array_k->v) element_k = (element_);                           \
		size_t at_k = bch_array_place(array_k, id, element_k.id);                 \
		bool there_k = at_k < array_k->nr && array_k->v[at_k].id == element_k.id; \
		int err_k = 0;                                                            \
                                                                                          \
		if (there_k)                                                              \
			array_k->v[at_k] = element_k;                                     \
		else                                                                      \
			err_k = bch_array_insert(array_k, at_k, element_k);               \
		err_k;                                                                    \
	})

/* Short ones, of older writers, become whole. */
int bch_check_snapshot_put(struct bch_check_forest *f, const struct bch_check_snapshot *s)
{
	struct bch_check_snapshot whole = *s;
	struct bch_snapshot_disk val;
	int err;

	if (whole.len < SNAPSHOT_LEN)
		whole.len = SNAPSHOT_LEN;
	if (whole.len > sizeof(val))
		whole.len = sizeof(val);
	err = keep(&f->snapshots.a, whole);
	if (err)
		return err;
	bch_snapshot_put(&whole.v, &val, whole.len);
	return put(f->c, BCH_BTREE_snapshots, whole.id, BCH_KEY_snapshot, &val, whole.len);
}

int bch_check_tree_put(struct bch_check_forest *f, const struct bch_check_tree *t)
{
	struct bch_snapshot_tree_disk val;
	struct bch_check_tree copy = *t;
	int err = keep(&f->trees.a, copy);

	if (err)
		return err;
	bch_snapshot_tree_put(&copy.v, &val, sizeof(val));
	return put(f->c, BCH_BTREE_snapshot_trees, copy.id, BCH_KEY_snapshot_tree, &val,
		   sizeof(val));
}

int bch_check_subvol_put(struct bch_check_forest *f, const struct bch_check_subvol *s)
{
	struct bch_check_subvol whole = *s;
	struct bch_subvolume_disk val;
	int err;

	if (whole.len < SUBVOL_LEN)
		whole.len = SUBVOL_LEN;
	if (whole.len > sizeof(val))
		whole.len = sizeof(val);
	err = keep(&f->subvols.a, whole);
	if (err)
		return err;
	bch_subvolume_put(&whole.v, &val, whole.len);
	return put(f->c, BCH_BTREE_subvolumes, whole.id, BCH_KEY_subvolume, &val, whole.len);
}
