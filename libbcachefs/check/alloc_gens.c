// SPDX-License-Identifier: GPL-2.0-or-later
/* Generations in bucket_gens against those in alloc keys. Format reference: 06 §3, §14.3; 07 §4.5. */

#include "check/alloc_private.h"
#include "commit/commit.h"

#define GENS_PER_KEY 256

/* 256 buckets: generations as they should be. */
struct gens {
	u8 v[GENS_PER_KEY];
	bool keyed[GENS_PER_KEY]; /* the bucket has an alloc key */
};

static int read_gens(struct bch_check *c, struct bch_pos pos, struct gens *g)
{
	u64 first = pos.offset * GENS_PER_KEY;
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(c->fs, BCH_BTREE_alloc, bch_pos(pos.inode, first),
			   bch_pos(pos.inode, first + GENS_PER_KEY - 1));
	struct bch_alloc a;
	struct bch_key k;
	int more;

	*g = (struct gens){ 0 };
	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		if (!bch_alloc_exists(c, pos.inode, k.pos.offset) ||
		    bch_alloc_get(&k, c->version, &a) != BCH_KEY_VALID)
			continue;
		g->v[k.pos.offset - first] = a.gen;
		g->keyed[k.pos.offset - first] = true;
	}
	return more;
}

static int put_gens(struct bch_check *c, struct bch_pos pos, const u8 gens[GENS_PER_KEY])
{
	const struct bch_key k = { .pos = pos,
				   .type = BCH_KEY_bucket_gens,
				   .val = { gens, GENS_PER_KEY } };

	return bch_repair(c, BCH_BTREE_bucket_gens, &k, BCH_UPDATE_QUIET);
}

/* ------------------------------------------------------------------ the keys that are there */

static int drop_key(struct bch_check *c, const struct bch_key *k, u32 id, const char *text)
{
	int yes = bch_problem_key(c, id, BCH_BTREE_bucket_gens, k, "%s", text);
	const struct bch_key gone = { .pos = k->pos };

	return yes > 0 ? bch_repair(c, BCH_BTREE_bucket_gens, &gone, BCH_UPDATE_QUIET) : yes;
}

static int tell(struct bch_check *c, struct bch_pos pos, u32 i, u8 have, const struct gens *g)
{
	u64 bucket = pos.offset * GENS_PER_KEY + i;
	u32 id = !bch_alloc_exists(c, pos.inode, bucket)
			 ? BCH_FSCK_bucket_gens_nonzero_for_invalid_buckets
		 : g->keyed[i] ? BCH_FSCK_bucket_gens_key_wrong
			       : BCH_FSCK_bucket_gens_hole_wrong;

	return bch_problem(c, id,
			   "incorrect gen in bucket_gens btree for bucket %" PRIu64 ":%" PRIu64
			   ": got %u, should be %u",
			   pos.inode, bucket, have, g->v[i]);
}

static int compare(struct bch_check *c, struct bch_pos pos, const u8 have[GENS_PER_KEY],
		   const struct gens *g)
{
	u8 gens[GENS_PER_KEY];
	bool changed = false;

	memcpy(gens, have, sizeof(gens));
	for (u32 i = 0; i < GENS_PER_KEY; i++) {
		int yes = have[i] == g->v[i] ? 0 : tell(c, pos, i, have[i], g);

		if (yes < 0)
			return yes;
		if (yes)
			gens[i] = g->v[i];
		changed |= yes;
	}
	return changed ? put_gens(c, pos, gens) : 0;
}

static int check_key(struct bch_check *c, const struct bch_key *k)
{
	const struct bch_key_dev *d =
		&c->key_fs.devs[k->pos.inode < BCH_SB_MAX_MEMBERS ? k->pos.inode
								  : BCH_SB_MAX_MEMBERS];
	u64 first = k->pos.offset * GENS_PER_KEY;
	struct gens g;
	int err;

	if (!d->bucket_sectors)
		return drop_key(c, k, BCH_FSCK_bucket_gens_to_invalid_dev,
				"bucket_gens key for invalid device");
	if (k->pos.offset > BCH_U32_MAX || first >= d->nr_buckets ||
	    first + GENS_PER_KEY <= d->first_bucket)
		return drop_key(c, k, BCH_FSCK_bucket_gens_to_invalid_buckets,
				"bucket_gens key for invalid buckets");
	if (k->type != BCH_KEY_bucket_gens || k->val.len < GENS_PER_KEY)
		return 0;
	err = read_gens(c, k->pos, &g);
	return err ? err : compare(c, k->pos, k->val.p, &g);
}

static int check_keys(struct bch_check *c)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_bucket_gens, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more : check_key(c, &k);
	return err;
}

/* ------------------------------------------------------------------ those that are missing */

static int check_missing(struct bch_check *c, struct bch_pos pos)
{
	static const u8 zeroes[GENS_PER_KEY];
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;
	struct gens g;
	int more = bch_check_key(c, BCH_BTREE_bucket_gens, pos, &cur, &k);

	if (more)
		return more < 0 ? more : 0;
	bch_cursor_end(&cur);
	more = read_gens(c, pos, &g);
	return more ? more : compare(c, pos, zeroes, &g);
}

int bch_alloc_check_gens(struct bch_check *c)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_alloc, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_pos last = BCH_SPOS_MAX;
	struct bch_alloc a;
	struct bch_key k;
	int more, err = check_keys(c);

	while (!err && (more = bch_check_walk_next(&w, &k))) {
		struct bch_pos pos = bch_pos(k.pos.inode, k.pos.offset / GENS_PER_KEY);

		if (more < 0)
			return more;
		if (!bch_pos_compare(pos, last) ||
		    !bch_alloc_exists(c, k.pos.inode, k.pos.offset) ||
		    bch_alloc_get(&k, c->version, &a) != BCH_KEY_VALID || !a.gen)
			continue;
		last = pos;
		err = check_missing(c, pos);
	}
	return err;
}
