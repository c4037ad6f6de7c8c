// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A filesystem that ends behind its last bucket in use: keys of buckets beyond go, and the counter of free ones with them.
 * Format reference: 06 §4, §7, §13.5.
 */

#include "commit/commit.h"
#include "ondisk/data_types.h"
#include "ops/format_private.h"

#define BUCKETS_MIN  512 /* of any member */
#define FREE_MIN     64U /* for this commit, and for the first ones of a kernel */
#define AUTO_PERCENT 25	 /* of what is in use */
#define GENS_PER_KEY 256
#define BUCKET_MASK  ((1ULL << 56) - 1)

struct shrink {
	struct bch_fs *fs;
	struct bch_member member;
	u64 nr_used, end; /* behind the last one in use */
	u64 fixed_end;	  /* behind the last one that holds more than nodes */
	u64 nr;		  /* buckets that there will be */
};

static u16 version_of(const struct shrink *s)
{
	return le16_get(s->fs->super.sb->version);
}

/* ------------------------------------------------------------------ how many buckets */

static int find_used(struct shrink *s)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(s->fs, BCH_BTREE_alloc, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_alloc a;
	struct bch_key k;
	int more;

	s->nr_used = s->end = s->fixed_end = 0;
	while ((more = bch_cursor_next(&cur, &k)) > 0) {
		bool is_valid = bch_alloc_get(&k, version_of(s), &a) == BCH_KEY_VALID;

		if (is_valid && a.data_type == BCH_DATA_free)
			continue;
		s->nr_used++;
		s->end = k.pos.offset + 1;
		if (!is_valid || a.data_type != BCH_DATA_btree)
			s->fixed_end = s->end;
	}
	return more;
}

static u64 larger(u64 a, u64 b)
{
	return a > b ? a : b;
}

/* With free ones, behind the last one that must stay. */
static u64 least(const struct shrink *s, const struct bch_image_opts *image, u64 end)
{
	u64 nr_free = larger(FREE_MIN, s->nr_used / 32);

	if (image->size == BCH_IMAGE_SIZE_auto)
		nr_free = larger(nr_free, s->nr_used * AUTO_PERCENT / 100);
	return larger(larger(end, s->member.first_bucket + s->nr_used + nr_free), BUCKETS_MIN);
}

/* There are free buckets before the new end for all nodes of a commit, and these are taken first. */
static int move_nodes(struct shrink *s, const struct bch_image_opts *image)
{
	u64 end = least(s, image, s->fixed_end);
	int err;

	if (s->end <= end || image->size_bytes)
		return 0;
	err = bch_image_move_nodes(s->fs, end * s->member.bucket_size);
	return err ? err : find_used(s);
}

static void choose(struct shrink *s, const struct bch_image_opts *image)
{
	s->nr = least(s, image, s->end);
	if (image->size_bytes || s->nr > s->member.nbuckets)
		s->nr = s->member.nbuckets;
}

/* ------------------------------------------------------------------ keys */

static int put(struct shrink *s, u8 btree_id, const struct bch_key *k)
{
	return bch_update(s->fs, btree_id, k, BCH_UPDATE_QUIET);
}

static int delete (struct shrink *s, u8 btree_id, struct bch_pos pos)
{
	const struct bch_key k = { .pos = pos, .type = BCH_KEY_deleted };

	return put(s, btree_id, &k);
}

/* Free ones that were in use before have a key. */
static int cut_alloc(struct shrink *s)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		s->fs, BCH_BTREE_alloc, bch_pos(0, s->nr), BCH_SPOS_MAX, BCH_CURSOR_COMMITTED);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0)
		err = more < 0 ? more : delete (s, BCH_BTREE_alloc, k.pos);
	return err;
}

/* The run of free ones that is cut ends at the new end. */
static int cut_run(struct shrink *s, const struct bch_key *run)
{
	u64 start = run->pos.offset - run->size;
	struct bch_key k = { .pos = bch_pos(0, s->nr), .type = BCH_KEY_set };
	int err = delete (s, BCH_BTREE_freespace, run->pos);

	if (err || start >= s->nr)
		return err;
	k.size = (u32)(s->nr - start);
	return put(s, BCH_BTREE_freespace, &k);
}

static int cut_freespace(struct shrink *s)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(s->fs, BCH_BTREE_freespace, bch_pos(0, s->nr + 1),
				   bch_pos(0, BUCKET_MASK), BCH_CURSOR_COMMITTED);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0)
		err = more < 0 ? more : cut_run(s, &k);
	return err;
}

static int cut_gens_key(struct shrink *s, const struct bch_key *k)
{
	u64 first = k->pos.offset * GENS_PER_KEY;
	u8 gens[GENS_PER_KEY] = { 0 };
	struct bch_key cut = *k;

	if (first >= s->nr)
		return delete (s, BCH_BTREE_bucket_gens, k->pos);
	memcpy(gens, k->val.p, k->val.len < sizeof(gens) ? k->val.len : sizeof(gens));
	for (u64 i = s->nr - first; i < GENS_PER_KEY; i++)
		gens[i] = 0;
	cut.val = (struct bch_bytes){ gens, sizeof(gens) };
	return put(s, BCH_BTREE_bucket_gens, &cut);
}

static int cut_gens(struct shrink *s)
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(s->fs, BCH_BTREE_bucket_gens, bch_pos(0, s->nr / GENS_PER_KEY),
				   BCH_SPOS_MAX, BCH_CURSOR_COMMITTED);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0)
		err = more < 0 ? more : cut_gens_key(s, &k);
	return err;
}

static int cut_counter(struct shrink *s)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_dev_data_type,
					     .data_type = BCH_DATA_free };
	struct bch_pos pos = bch_accounting_pos(&what, version_of(s));
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor_flavour(s->fs, BCH_BTREE_accounting, pos, pos, BCH_CURSOR_COMMITTED);
	le64 counters[BCH_ACCOUNTING_COUNTERS_MAX];
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);
	u64 gone = s->member.nbuckets - s->nr;

	if (more <= 0)
		return more < 0 ? more : -BCH_ERR_alloc_inconsistent;
	for (u32 i = 0; i < BCH_ACCOUNTING_COUNTERS_MAX && i * 8 < k.val.len; i++)
		counters[i] = le64_of((u64)bch_accounting_counter(&k, i) - (i ? 0 : gone));
	k.val.p = (const u8 *)counters;
	return put(s, BCH_BTREE_accounting, &k);
}

/* ------------------------------------------------------------------ the whole */

static int cut_all(struct shrink *s)
{
	int err = cut_alloc(s);

	if (!err)
		err = cut_freespace(s);
	if (!err)
		err = cut_gens(s);
	return err ? err : cut_counter(s);
}

int bch_image_shrink(struct bch_fs *fs, const struct bch_image_opts *image)
{
	struct shrink s = { .fs = fs };
	int err;

	if (!bch_super_member(&fs->super, 0, &s.member))
		return -BCH_ERR_not_found;
	err = find_used(&s);
	if (!err)
		err = move_nodes(&s, image);
	if (err)
		return err;
	choose(&s, image);
	if (s.nr == s.member.nbuckets)
		return 0;
	err = cut_all(&s);
	if (!err)
		err = bch_commit(fs);
	if (!err)
		err = find_used(&s);
	if (!err && s.end > s.nr)
		err = -BCH_ERR_no_space;
	if (!err &&
	    !bch_super_member(&fs->super, 0, &s.member)) /* the commit marked its nodes in it */
		err = -BCH_ERR_not_found;
	if (err)
		return err;
	s.member.nbuckets = s.nr;
	bch_super_member_put(&fs->super, 0, &s.member);
	bch_btrees_members_changed(fs);
	return 0;
}
