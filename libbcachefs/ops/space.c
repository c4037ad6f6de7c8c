// SPDX-License-Identifier: GPL-2.0-or-later
/* What the keys of the btree extents take on the devices. Format reference: 05 §6.4, §6.5, §8. */

#include "base/checked.h"
#include "ondisk/key_reflink.h"
#include "ops/space.h"
#include "super/super.h"

#define REFLINK_P_BYTES 16

u64 bch_space_of_pointers(const struct bch_super *super, const struct bch_key *k, u32 nr_sectors)
{
	struct bch_extent_walk walk = bch_extent_walk(k, super);
	struct bch_extent_ptr p;
	u64 sum = 0;

	while (bch_extent_ptr_next(&walk, &p))
		if (!p.ptr.cached)
			sum += bch_crc_disk_sectors(&p.crc, nr_sectors);
	return sum;
}

/* ------------------------------------------------------------------ one key */

/* The part of the shared key @v that [@from, @to) of the reflink btree shows. */
static void add_shared(const struct bch_super *super, struct bch_space_key *s,
		       const struct bch_key *v, u64 from, u64 to)
{
	u64 start = v->size < v->pos.offset ? v->pos.offset - v->size : 0;
	u64 end = v->pos.offset < to ? v->pos.offset : to;

	if (v->type != BCH_KEY_reflink_v || start >= to || end <= from)
		return;
	if (start < from)
		start = from;
	s->nr_shared_sectors += bch_space_of_pointers(super, v, (u32)(end - start));
	if (bch_reflink_refcount(v) == 1)
		s->nr_sole_sectors += bch_space_of_pointers(super, v, v->size);
}

static int shared_space(struct bch_fs *fs, const struct bch_key *k, struct bch_space_key *s)
{
	struct bch_reflink_p p = bch_reflink_p_get(k, le16_get(fs->super.sb->version));
	u64 end;

	if (p.error || !bch_add(p.idx, (u64)k->size, &end))
		return 0;

	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		fs, BCH_BTREE_reflink, bch_pos(0, p.idx), bch_pos(0, end), BCH_CURSOR_EXTENTS);
	struct bch_key v;
	int more;

	while ((more = bch_cursor_next(&cur, &v)) > 0)
		add_shared(&fs->super, s, &v, p.idx, end);
	s->nr_sectors = s->nr_shared_sectors;
	return more;
}

static int space_of(struct bch_fs *fs, const struct bch_key *k, struct bch_space_key *s)
{
	*s = (struct bch_space_key){ 0 };
	if (k->type == BCH_KEY_reflink_p && k->val.len >= REFLINK_P_BYTES)
		return shared_space(fs, k, s);
	if (k->type == BCH_KEY_extent)
		s->nr_sectors = bch_space_of_pointers(&fs->super, k, k->size);
	return 0;
}

/* ------------------------------------------------------------------ all versions of a key */

void bch_space_walk_begin(struct bch_space_walk *walk, struct bch_fs *fs,
			  const struct bch_viewers *viewers, u64 first_inum, u64 last_inum)
{
	*walk = (struct bch_space_walk){
		.fs = fs,
		.viewers = viewers,
		.cursor = bch_cursor(fs, BCH_BTREE_extents, bch_pos(first_inum, 0),
				     bch_spos(last_inum, BCH_U64_MAX, BCH_U32_MAX)),
	};
}

void bch_space_walk_end(struct bch_space_walk *walk)
{
	bch_cursor_end(&walk->cursor);
	bch_array_end(&walk->versions.keys);
	bch_array_end(&walk->versions.seen);
}

static int next_key(struct bch_space_walk *walk)
{
	int more = bch_cursor_next(&walk->cursor, &walk->k);

	walk->has_k = more > 0;
	return more < 0 ? more : 0;
}

static int add_version(struct bch_space_walk *walk)
{
	struct bch_space_versions *v = &walk->versions;
	struct bch_version_seen seen = { .snapshot = walk->k.pos.snapshot, .index = v->keys.nr };
	struct bch_space_key key;
	int err = space_of(walk->fs, &walk->k, &key);

	if (!err)
		err = bch_array_push(&v->keys, key);
	return err ? err : bch_array_push(&v->seen, seen);
}

int bch_space_walk_next(struct bch_space_walk *walk)
{
	struct bch_space_versions *v = &walk->versions;
	int err = walk->has_k ? 0 : next_key(walk);

	if (err || !walk->has_k)
		return err;
	v->pos = walk->k.pos;
	v->keys.nr = v->seen.nr = 0;
	while (!err && walk->has_k && bch_pos_same_but_snapshot(walk->k.pos, v->pos)) {
		err = add_version(walk);
		if (!err)
			err = next_key(walk);
	}
	if (err) {
		walk->has_k = false;
		return err;
	}
	bch_viewers_of_versions(walk->fs, walk->viewers, v->seen.v, v->seen.nr);
	return 1;
}
