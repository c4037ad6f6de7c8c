// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a file is made of: its extents as its snapshot sees them, with the holes between, shared ones followed into the
 * reflink btree. Format reference: 05 §1, §6, §11.
 *
 * Whatever the keys say, each piece begins where the last one ended: @at only grows, and keys count from there.
 */

#include "base/checked.h"
#include "file/private.h"
#include "ondisk/key_reflink.h"

#define REFLINK_P_BYTES 16

void bch_file_map_begin(struct bch_file_map *map, struct bch_fs *fs, const struct bch_file *file,
			u64 start_sector, u64 end_sector)
{
	map->fs = fs;
	map->view = bch_snapshot_view(fs, file->snapshot);
	map->extents = bch_cursor_in_snapshot(
		fs, BCH_BTREE_extents, bch_pos(file->inum, start_sector),
		bch_pos(file->inum, end_sector), BCH_CURSOR_EXTENTS, &map->view);
	map->at = start_sector;
	map->end = end_sector;
	map->has_k = map->has_v = map->follows = map->missed = false;
}

static void unfollow(struct bch_file_map *map)
{
	if (map->follows)
		bch_cursor_end(&map->reflink);
	map->follows = map->has_v = false;
}

void bch_file_map_end(struct bch_file_map *map)
{
	unfollow(map);
	bch_cursor_end(&map->extents);
}

/* ------------------------------------------------------------------ pieces */

static bool has_impossible_size(const struct bch_key *k)
{
	return k->size > k->pos.offset;
}

static u64 start_of(const struct bch_key *k)
{
	return has_impossible_size(k) ? 0 : k->pos.offset - k->size;
}

static enum bch_piece_kind kind_of(const struct bch_fs *fs, const struct bch_key *k)
{
	struct bch_extent_walk walk = bch_extent_walk(k, &fs->super);
	struct bch_extent_ptr p;

	if (has_impossible_size(k))
		return BCH_PIECE_LOST;
	switch (k->type) {
	case BCH_KEY_extent:
	case BCH_KEY_reflink_v:
		return bch_extent_ptr_next(&walk, &p) && p.ptr.unwritten ? BCH_PIECE_UNWRITTEN
									 : BCH_PIECE_DATA;
	case BCH_KEY_inline_data:
	case BCH_KEY_indirect_inline_data:
		return BCH_PIECE_INLINE;
	case BCH_KEY_reservation:
		return BCH_PIECE_RESERVED;
	default:
		return BCH_PIECE_LOST;
	}
}

/* From @at up to @end, of no key. */
static int give_gap(struct bch_file_map *map, u64 end, enum bch_piece_kind kind,
		    struct bch_piece *piece)
{
	*piece = (struct bch_piece){ .start = map->at, .len = end - map->at, .kind = kind };
	map->at = end;
	return 1;
}

static int give_key(struct bch_file_map *map, u64 end, const struct bch_key *k, u64 k_skip,
		    struct bch_piece *piece)
{
	*piece = (struct bch_piece){ .start = map->at,
				     .len = end - map->at,
				     .kind = kind_of(map->fs, k),
				     .k = *k,
				     .k_skip = k_skip,
				     .of = map->k.pos };
	map->at = end;
	return 1;
}

/* ------------------------------------------------------------------ shared */

static u64 followed_end(const struct bch_file_map *map)
{
	return bch_min(map->k.pos.offset, map->end);
}

/* The place in the reflink btree of what is at @at, and that of the end. False where there can be none. */
static bool shared_range(const struct bch_file_map *map, u64 *from, u64 *to)
{
	struct bch_reflink_p p = bch_reflink_p_get(&map->k, le16_get(map->fs->super.sb->version));
	u64 skip = map->at - start_of(&map->k);

	*from = p.idx + skip;
	*to = *from + (followed_end(map) - map->at);
	return !p.error && *from >= p.idx && *to > *from;
}

static bool is_shared_pointer(const struct bch_key *k)
{
	return k->type == BCH_KEY_reflink_p && k->val.len >= REFLINK_P_BYTES &&
	       !has_impossible_size(k);
}

static void follow(struct bch_file_map *map, u64 from, u64 to)
{
	map->reflink = bch_cursor_flavour(map->fs, BCH_BTREE_reflink, bch_pos(0, from),
					  bch_pos(0, to), BCH_CURSOR_EXTENTS);
	map->follows = true;
}

/* The shared key that ends behind @from into map->v: 1, 0 or an error. */
static int find_shared(struct bch_file_map *map, u64 from)
{
	int more = 1;

	while (more > 0 && (!map->has_v || map->v.pos.offset <= from)) {
		more = bch_cursor_next(&map->reflink, &map->v);
		map->has_v = more > 0;
	}
	return more;
}

/* Of what map->k points to, from @at on. What is not there is lost. */
static int next_shared(struct bch_file_map *map, struct bch_piece *piece)
{
	u64 end = followed_end(map), from, to;
	bool leads = shared_range(map, &from, &to);
	int more = 1;

	if (leads && !map->follows)
		follow(map, from, to);
	if (leads)
		more = find_shared(map, from);
	if (more < 0)
		return more;

	if (!map->has_v || start_of(&map->v) >= to) {
		give_gap(map, end, BCH_PIECE_LOST, piece);
	} else if (start_of(&map->v) > from) {
		give_gap(map, map->at + (start_of(&map->v) - from), BCH_PIECE_LOST, piece);
	} else {
		give_key(map, map->at + (bch_min(map->v.pos.offset, to) - from), &map->v,
			 from - start_of(&map->v), piece);
	}
	piece->shared = true;
	piece->of = map->k.pos;
	return 1;
}

/* ------------------------------------------------------------------ next */

/* A cookie stands for nothing. 05 §6.3. */
static bool counts(const struct bch_file_map *map, const struct bch_key *k)
{
	return k->pos.offset > map->at && k->size && k->type != BCH_KEY_cookie;
}

/* The key that ends behind @at into map->k: 1, 0 or an error. */
static int find_key(struct bch_file_map *map)
{
	int more = 1;

	while (more > 0 && (!map->has_k || !counts(map, &map->k))) {
		unfollow(map);
		more = bch_cursor_next(&map->extents, &map->k);
		map->has_k = more > 0;
	}
	map->missed |= more < 0;
	return more;
}

/* Behind what could not be read, nobody knows up to the next key what there was. */
static int next_gap(struct bch_file_map *map, struct bch_piece *piece)
{
	u64 end = map->has_k ? bch_min(start_of(&map->k), map->end) : map->end;
	enum bch_piece_kind kind = map->missed ? BCH_PIECE_LOST : BCH_PIECE_HOLE;

	return give_gap(map, end, kind, piece);
}

int bch_file_map_next(struct bch_file_map *map, struct bch_piece *piece)
{
	int more;

	if (map->at >= map->end)
		return 0;
	more = find_key(map);
	if (more < 0)
		return more;
	if (!map->has_k || start_of(&map->k) > map->at)
		return next_gap(map, piece);

	map->missed = false;
	if (is_shared_pointer(&map->k))
		return next_shared(map, piece);
	return give_key(map, bch_min(map->k.pos.offset, map->end), &map->k,
			map->at - start_of(&map->k), piece);
}
