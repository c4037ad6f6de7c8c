// SPDX-License-Identifier: GPL-2.0-or-later
/* What freespace and need_discard hold, and should not. Format reference: 06 §4, §14.3; 07 §4.5. */

#include "base/checked.h"
#include "check/alloc_private.h"
#include "ondisk/data_types.h"

#define GENBITS_SHIFT  56
#define BUCKET_MASK    ((1ULL << GENBITS_SHIFT) - 1)
#define VERSION_BY_SEQ BCH_VERSION(1, 38) /* need_discard has another order */

static int tell_no_bucket(struct bch_check *c, u8 btree_id, const struct bch_key *k)
{
	return bch_problem_key(c, BCH_FSCK_need_discard_freespace_key_to_invalid_dev_bucket,
			       btree_id, k, "entry in %s btree for nonexistent dev:bucket",
			       bch_btree_names[btree_id]);
}

static int tell_bad(struct bch_check *c, u8 btree_id, const struct bch_key *k, u64 bucket,
		    const struct bch_alloc *a)
{
	struct bch_buf type bch_auto(buf) = { 0 };

	bch_buf_choice(&type, bch_data_type_names, a->data_type);
	return bch_problem_key(
		c, BCH_FSCK_need_discard_freespace_key_bad, btree_id, k,
		"incorrect entry in %s btree: bucket %" PRIu64 ":%" PRIu64 " gen %u data type %s",
		bch_btree_names[btree_id], k->pos.inode, bucket, a->gen, bch_buf_str(&type));
}

/* ------------------------------------------------------------------ need_discard */

static int check_discard(struct bch_check *c, const struct bch_key *k)
{
	struct bch_alloc a;
	int more, yes;

	if (!bch_alloc_exists(c, k->pos.inode, k->pos.offset)) {
		yes = tell_no_bucket(c, BCH_BTREE_need_discard, k);
	} else {
		more = bch_alloc_read(c, (u32)k->pos.inode, k->pos.offset, &a);
		if (more < 0 || a.data_type == BCH_DATA_need_discard)
			return more < 0 ? more : 0;
		yes = tell_bad(c, BCH_BTREE_need_discard, k, k->pos.offset, &a);
	}
	return yes > 0 ? bch_repair_set(c, BCH_BTREE_need_discard, k->pos, 0, false) : yes;
}

/* ------------------------------------------------------------------ freespace */

/* A run, and what of it stays. */
struct run {
	struct bch_check *c;
	const struct bch_key *k;
	u64 from;     /* offsets before it are done */
	u64 kept_end; /* where the last run before this one ends */
};

/* Offsets from r->from to @to stay. */
static int keep(struct run *r, u64 to)
{
	u64 from = r->from;

	r->from = to;
	if (from >= to || (from == r->k->pos.offset - r->k->size && to == r->k->pos.offset))
		return 0;
	return bch_repair_set(r->c, BCH_BTREE_freespace, bch_pos(r->k->pos.inode, to),
			      (u32)(to - from), true);
}

/* Offsets up to @to are no free buckets: they go if the answer is @yes. */
static int drop(struct run *r, u64 from, u64 to, int yes)
{
	int err = yes > 0 ? keep(r, from) : 0;

	if (yes > 0)
		r->from = to;
	return yes < 0 ? yes : err;
}

/* A bucket of it that has a key. */
static int check_keyed(struct run *r, const struct bch_key *k)
{
	u64 genbits = (r->k->pos.offset - 1) & ~BUCKET_MASK;
	struct bch_alloc a;
	u64 offset;

	if (bch_alloc_get(k, r->c->version, &a) != BCH_KEY_VALID)
		return 0;
	offset = k->pos.offset | (u64)(bch_alloc_gc_gen(&a) >> 4) << GENBITS_SHIFT;
	if (a.data_type == BCH_DATA_free && offset == (k->pos.offset | genbits))
		return 0;
	offset = k->pos.offset | genbits;
	return drop(r, offset, offset + 1,
		    tell_bad(r->c, BCH_BTREE_freespace, r->k, k->pos.offset, &a));
}

/* Buckets without a key have generation 0. */
static int check_keyless(struct run *r, u64 from, u64 to)
{
	static const struct bch_alloc none;
	u64 genbits = (r->k->pos.offset - 1) & ~BUCKET_MASK;

	if (!genbits || from >= to)
		return 0;
	return drop(r, from | genbits, to | genbits,
		    tell_bad(r->c, BCH_BTREE_freespace, r->k, from, &none));
}

static int check_buckets(struct run *r, u64 from, u64 to)
{
	u32 dev_idx = (u32)r->k->pos.inode;
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(
		r->c->fs, BCH_BTREE_alloc, bch_pos(dev_idx, from), bch_pos(dev_idx, to - 1));
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		if (more < 0)
			return more;
		err = check_keyless(r, from, k.pos.offset);
		if (!err)
			err = check_keyed(r, &k);
		from = k.pos.offset + 1;
	}
	return err ? err : check_keyless(r, from, to);
}

/* The part of the run that may be free buckets at all. */
static int check_run(struct run *r)
{
	const struct bch_key *k = r->k;
	const struct bch_key_dev *d =
		&r->c->key_fs.devs[k->pos.inode < BCH_SB_MAX_MEMBERS ? k->pos.inode
								     : BCH_SB_MAX_MEMBERS];
	u64 start = k->pos.offset - k->size, genbits = (k->pos.offset - 1) & ~BUCKET_MASK;
	u64 first = bch_max(bch_max(start, r->kept_end), d->first_bucket | genbits);
	u64 end = bch_min(k->pos.offset, d->nr_buckets | genbits);
	int err = 0;

	r->from = start;
	if (!d->bucket_sectors || first >= end)
		return drop(r, start, k->pos.offset, tell_no_bucket(r->c, BCH_BTREE_freespace, k));
	if (first > start)
		err = drop(r, start, first, tell_no_bucket(r->c, BCH_BTREE_freespace, k));
	if (!err)
		err = check_buckets(r, first & BUCKET_MASK, ((end - 1) & BUCKET_MASK) + 1);
	if (!err && end < k->pos.offset)
		err = drop(r, end, k->pos.offset, tell_no_bucket(r->c, BCH_BTREE_freespace, k));
	return err;
}

/* What stays behind the last bad bucket, in the run's own place; else nothing stands there any more. */
static int check_free(struct bch_check *c, const struct bch_key *k, struct bch_pos *kept)
{
	struct run r = { .c = c, .k = k };
	u64 start = k->pos.offset - k->size;
	int err;

	if (kept->inode == k->pos.inode)
		r.kept_end = kept->offset;
	err = check_run(&r);
	*kept = k->pos;
	if (err || r.from == start)
		return err;
	if (r.from < k->pos.offset)
		return keep(&r, k->pos.offset);
	return bch_repair_set(c, BCH_BTREE_freespace, k->pos, 0, false);
}

/* ------------------------------------------------------------------ all */

int bch_alloc_check_free_entries(struct bch_check *c)
{
	struct bch_check_walk discards bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_need_discard, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_check_walk runs bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_freespace, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_pos kept = BCH_SPOS_MAX;
	struct bch_key k;
	int more = 1, err = 0;

	while (!err && c->version < VERSION_BY_SEQ && more > 0) {
		more = bch_check_walk_next(&discards, &k);
		err = more > 0 ? check_discard(c, &k) : more;
	}
	more = 1;
	while (!err && more > 0) {
		more = bch_check_walk_next(&runs, &k);
		err = more > 0 ? check_free(c, &k, &kept) : more;
	}
	return err;
}
