// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A filesystem that ends behind its last bucket in use: keys of buckets beyond go, and the counter of free ones with them.
 * Format reference: 06 §4, §7, §13.5.
 */

#include "commit/commit.h"
#include "ondisk/data_types.h"
#include "ops/format_private.h"
#include "ops/members.h"

#define BUCKETS_MIN  512 /* of any member */
#define FREE_MIN     64U /* for this commit, and for the first ones of a kernel */
#define AUTO_PERCENT 25	 /* of what is in use */

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

/* ------------------------------------------------------------------ the whole */

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
	err = bch_member_cut(fs, 0, s.nr);
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
