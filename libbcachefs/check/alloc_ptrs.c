// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pointers that do not fit their buckets. Format reference: 06 §14.2, 07 §4.3, §6.7.
 *
 * Looked for only where the scan suspects one. A bucket into which no pointer has its generation takes that of its
 * pointers; else the pointer is wrong: its data goes, unless another copy of it is there. A node with a wrong pointer is
 * written anew.
 */

#include "check/alloc_private.h"
#include "commit/commit.h"
#include "ondisk/data_types.h"

/* A pointer that is being judged, and its key. */
struct judged {
	struct bch_check *c;
	u8 btree_id, level;
	const struct bch_key *k;
	const struct bch_extent_ptr *p;
	u64 bucket;
	const char *kind; /* of data */
	u8 bucket_gen;
	struct bch_bucket_facts *facts;
	const struct bch_recount_bucket *b;
};

/* ------------------------------------------------------------------ texts: 1: repair, 0: not, or an error */

static int tell(const struct judged *j, u32 id, const char *what)
{
	return bch_problem_key(j->c, id, j->btree_id, j->k,
			       "bucket %u:%" PRIu64 " gen %u data type %s %s while marking",
			       j->p->ptr.dev_idx, j->bucket, j->bucket_gen, j->kind, what);
}

static int tell_no_device(const struct judged *j, bool exists)
{
	const struct bch_ptr *p = &j->p->ptr;

	if (p->dev_idx == BCH_PTR_DEV_NONE)
		return bch_problem_key(j->c, BCH_FSCK_ptr_to_removed_device, j->btree_id, j->k,
				       "pointer to removed device while marking");
	if (exists)
		return bch_problem_key(j->c, BCH_FSCK_ptr_to_invalid_device, j->btree_id, j->k,
				       "pointer to device %u sector %" PRIu64
				       ", past its buckets, while marking",
				       p->dev_idx, p->offset_sectors);
	return bch_problem_key(j->c, BCH_FSCK_ptr_to_invalid_device, j->btree_id, j->k,
			       "pointer to missing device %u while marking", p->dev_idx);
}

static int tell_gen(const struct judged *j, int ahead)
{
	struct bch_buf what bch_auto(buf) = { 0 };

	if (ahead > 0)
		bch_buf_put(&what, "ptr gen %u newer than bucket gen", j->p->ptr.gen);
	else
		bch_buf_put(&what, "stale dirty ptr: %u < %u", j->p->ptr.gen, j->bucket_gen);
	return tell(j,
		    ahead > 0 ? BCH_FSCK_ptr_gen_newer_than_bucket_gen : BCH_FSCK_stale_dirty_ptr,
		    bch_buf_str(&what));
}

/* ------------------------------------------------------------------ the verdict */

enum verdict {
	FITS,
	GOES,		/* the pointer */
	BUCKET_FOLLOWS, /* the bucket takes its generation */
	NO_STRIPE,	/* it is in no stripe */
};

/* What a device's removal left behind, and replicas that are still to be made. 08 §8 */
static bool is_known_to_be_missing(const struct bch_check *c, u8 dev_idx)
{
	static const u8 none[16];
	struct bch_member m;

	if (dev_idx == BCH_PTR_DEV_NONE)
		return c->version > BCH_VERSION_DERIVED_MAX;
	return bch_super_member(&c->fs->super, dev_idx, &m) && !bch_member_alive(&m) &&
	       memcmp(m.uuid, none, sizeof(none)) != 0;
}

static int judge_device(const struct judged *j, enum verdict *v)
{
	bool exists = j->c->key_fs.devs[j->p->ptr.dev_idx].bucket_sectors;
	int yes;

	if (!exists && is_known_to_be_missing(j->c, j->p->ptr.dev_idx))
		return 0;
	yes = tell_no_device(j, exists);
	if (yes > 0)
		*v = GOES;
	return yes < 0 ? yes : 0;
}

/* Generations. A cached pointer may be older, to a point. */
static int judge_gen(const struct judged *j, enum verdict *v)
{
	const struct bch_ptr *p = &j->p->ptr;
	int ahead = (int8_t)(p->gen - j->bucket_gen), yes = 0;
	bool follows = !p->cached && !(j->facts->flags & BCH_BUCKET_CURRENT) &&
		       p->gen == j->facts->other_gen;
	struct bch_buf what bch_auto(buf) = { 0 };

	if (!j->b || !j->b->has_key) {
		bch_buf_put(&what, "ptr gen %u missing in alloc btree", p->gen);
		yes = tell(j, BCH_FSCK_ptr_to_missing_alloc_key, bch_buf_str(&what));
	} else if (ahead > 0 || (!p->cached && ahead)) {
		yes = tell_gen(j, ahead);
	} else if (ahead < -BCH_GC_GEN_MAX) {
		yes = tell(j, BCH_FSCK_ptr_gen_newer_than_bucket_gen, "ptr too stale");
	}
	if (yes > 0)
		*v = follows ? BUCKET_FOLLOWS : GOES;
	return yes < 0 ? yes : 0;
}

static bool is_stale(const struct judged *j)
{
	return j->p->ptr.cached && j->p->ptr.gen != j->bucket_gen;
}

/* Nodes come first, and superblocks and journal before them. */
static int judge_kind(const struct judged *j, enum verdict *v)
{
	bool own = j->b && (j->b->hint == BCH_DATA_sb || j->b->hint == BCH_DATA_journal);
	bool nodes = !j->level && j->facts->flags & BCH_BUCKET_NODES;
	struct bch_buf what bch_auto(buf) = { 0 };
	int yes;

	if (is_stale(j) || (!own && !nodes))
		return 0;
	bch_buf_puts(&what, "different types of data in same bucket: ");
	bch_buf_choice(&what, bch_data_type_names, own ? j->b->hint : BCH_DATA_btree);
	yes = tell(j, BCH_FSCK_ptr_bucket_data_type_mismatch, bch_buf_str(&what));
	if (yes > 0)
		*v = GOES;
	return yes < 0 ? yes : 0;
}

static bool stripe_exists(const struct bch_check *c, u64 idx)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;

	return bch_check_key((struct bch_check *)c, BCH_BTREE_stripes, bch_pos(0, idx), &cur, &k) >
	       0;
}

static int judge_stripe(const struct judged *j, enum verdict *v)
{
	u64 idx = j->p->stripe.idx;
	int yes;

	if (!j->p->in_stripe || bch_recount_stripe(j->c->alloc->recount, j->p))
		return 0;
	if (stripe_exists(j->c, idx))
		yes = bch_problem_key(j->c, BCH_FSCK_ptr_to_incorrect_stripe, j->btree_id, j->k,
				      "pointer does not match stripe %" PRIu64, idx);
	else
		yes = bch_problem_key(j->c, BCH_FSCK_ptr_to_missing_stripe, j->btree_id, j->k,
				      "pointer to nonexistent stripe %" PRIu64, idx);
	if (yes > 0)
		*v = NO_STRIPE;
	return yes < 0 ? yes : 0;
}

static int judge(struct judged *j, enum verdict *v)
{
	const struct bch_ptr *p = &j->p->ptr;
	int err;

	*v = FITS;
	j->kind = j->level ? "btree" : p->cached ? "cached" : j->p->in_stripe ? "stripe" : "user";
	if (!bch_alloc_bucket_of(j->c, p->dev_idx, p->offset_sectors, &j->bucket))
		return judge_device(j, v);
	err = bch_alloc_facts(j->c, p->dev_idx, j->bucket, &j->facts);
	if (err || !j->facts)
		return err;
	j->b = bch_alloc_counted(j->c, p->dev_idx, j->bucket);
	j->bucket_gen = j->b ? j->b->gen : 0;
	err = judge_gen(j, v);
	if (!err && *v != GOES)
		err = judge_kind(j, v);
	if (!err && *v == FITS)
		err = judge_stripe(j, v);
	return err;
}

/* ------------------------------------------------------------------ keys of data */

static void add_verdict(struct bch_ptr_edit *edit, u32 nr, enum verdict v)
{
	if (v == GOES)
		edit->drop |= 1U << nr;
	if (v == NO_STRIPE)
		edit->drop_stripe |= 1U << nr;
}

static int check_key(struct bch_check *c, u8 btree_id, const struct bch_key *k)
{
	struct bch_extent_walk w = bch_extent_walk(k, &c->fs->super);
	struct bch_ptr_edit edit = { 0 };
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_extent_ptr p;
	struct bch_key edited;
	int err = 0;

	for (u32 nr = 0; !err && nr < 32 && bch_extent_ptr_next(&w, &p); nr++) {
		struct judged j = { .c = c, .btree_id = btree_id, .k = k, .p = &p };
		enum verdict v;

		err = judge(&j, &v);
		add_verdict(&edit, nr, v);
		if (v == BUCKET_FOLLOWS)
			j.facts->flags |= BCH_BUCKET_TAKES;
	}
	if (err || !(edit.drop | edit.drop_stripe))
		return err;
	edited = bch_ptrs_edited(c, k, &edit, val);
	return bch_repair(c, btree_id, &edited, 0);
}

static int check_leaves(struct bch_check *c, u8 btree_id)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, btree_id, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more
		      : k.type == BCH_KEY_extent || k.type == BCH_KEY_reflink_v
			      ? check_key(c, btree_id, &k)
			      : 0;
	return err;
}

/* ------------------------------------------------------------------ nodes */

/* Nodes do not change until the commit: they are judged in each round, and written anew once. */
static int rewrite_node(struct bch_check *c, u8 btree_id, u8 level, struct bch_pos pos)
{
	if (c->round)
		return 0;
	c->nr_repairs++;
	return bch_change_touch(c->fs, btree_id, level, pos);
}

static int check_node(struct bch_check *c, u8 btree_id, u8 level, const struct bch_key *k)
{
	struct bch_extent_walk w = bch_extent_walk(k, &c->fs->super);
	struct bch_extent_ptr p;
	bool rewrite = false;
	int err = 0;

	while (!err && bch_extent_ptr_next(&w, &p)) {
		struct judged j = { .c = c, .btree_id = btree_id, .level = level, .k = k, .p = &p };
		enum verdict v;

		err = judge(&j, &v);
		rewrite |= v == GOES;
		if (v == BUCKET_FOLLOWS)
			j.facts->flags |= BCH_BUCKET_TAKES;
	}
	return err || !rewrite ? err : rewrite_node(c, btree_id, (u8)(level - 1), k->pos);
}

/* ------------------------------------------------------------------ all */

/* The recount's view follows. */
static void settle_gens(struct bch_check_alloc *a)
{
	struct bch_bucket_facts *f;
	u64 place = 0;

	for (; (f = bch_radix_next(&a->facts, &place)); place++) {
		struct bch_recount_bucket *b = bch_radix_get(&a->recount->buckets, place);

		if (b && f->flags & BCH_BUCKET_TAKES)
			b->gen = f->other_gen;
	}
}

int bch_alloc_check_ptrs(struct bch_check *c)
{
	int err;

	if (!c->alloc->suspect)
		return 0;
	err = check_leaves(c, BCH_BTREE_reflink);
	if (!err)
		err = check_leaves(c, BCH_BTREE_extents);
	if (!err)
		err = bch_alloc_each_node(c, check_node);
	settle_gens(c->alloc);
	return err;
}
