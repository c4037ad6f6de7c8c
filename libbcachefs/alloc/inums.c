// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stored counters of inodes against those counted. Format reference: 06 §7.
 *
 * Since 1.15 they are stored in another order than that of the inodes. So both have a fingerprint: the sum of a hash of
 * each. Where these differ all is counted once more, and each is looked up; where more are stored than were found, each of
 * them is looked for among the extents.
 */

#include "alloc/private.h"

#include "codec/codec.h"
#include "ondisk/pos.h"
#include "super/super.h"

struct bch_inums bch_inums(struct bch_fs *fs, bool committed,
			   int (*compare)(void *arg, const struct bch_inum_count *stored,
					  const struct bch_inum_count *counted),
			   void *arg)
{
	struct bch_inums s = { .fs = fs,
			       .version = le16_get(fs->super.sb->version),
			       .compare = compare,
			       .arg = arg,
			       .committed = committed };

	bch_random(s.hash_key, sizeof(s.hash_key));
	return s;
}

static bool is_zero(const struct bch_inum_count *c)
{
	return !c->v[0] && !c->v[1] && !c->v[2];
}

/* Of what is not zero. */
static u64 hash(const struct bch_inums *s, const struct bch_inum_count *c)
{
	return is_zero(c) ? 0 : bch_siphash(s->hash_key, c, sizeof(*c));
}

static bool get(const struct bch_inums *s, const struct bch_key *k, struct bch_inum_count *stored)
{
	struct bch_accounting a;

	if (k->type != BCH_KEY_accounting ||
	    bch_accounting_type(k->pos, s->version) != BCH_ACCOUNTING_inum)
		return false;
	bch_accounting_get(k->pos, s->version, &a);
	stored->inum = a.inum;
	for (u32 i = 0; i < BCH_ACCOUNTING_COUNTERS_MAX; i++)
		stored->v[i] = bch_accounting_counter(k, i);
	return true;
}

static int look_up(struct bch_inums *s, u64 inum, struct bch_inum_count *stored)
{
	const struct bch_accounting what = { .type = BCH_ACCOUNTING_inum, .inum = inum };
	struct bch_pos pos = bch_accounting_pos(&what, s->version);
	struct bch_cursor cur bch_auto(cursor) = bch_cursor(s->fs, BCH_BTREE_accounting, pos, pos);
	struct bch_key k;
	int more = bch_cursor_next(&cur, &k);

	*stored = (struct bch_inum_count){ .inum = inum };
	if (more > 0)
		get(s, &k, stored);
	s->missing |= more == -BCH_ERR_btree_node_read_failed;
	return more < 0 && more != -BCH_ERR_btree_node_read_failed ? more : 0;
}

void bch_inums_take(struct bch_inums *s, const struct bch_inum_count *counted)
{
	s->counted += hash(s, counted);
}

/* A recount for them alone. */
struct again {
	struct bch_inums *s;
	struct bch_recount *r;
};

static int take_again(void *arg, const struct bch_inum_count *counted)
{
	const struct again *a = arg;
	struct bch_inum_count stored;
	int err = a->r->missing ? 0 : look_up(a->s, counted->inum, &stored);

	if (err || a->r->missing)
		return err;
	a->s->nr_found += !is_zero(&stored);
	return a->s->compare(a->s->arg, &stored, counted);
}

static int compare_each(struct bch_inums *s)
{
	struct again a = { .s = s };
	const struct bch_recount_sink sink = { .arg = &a,
					       .inum = take_again,
					       .committed = s->committed };
	int err = bch_recount_new(s->fs, &sink, &a.r);

	if (!err)
		err = bch_recount_walk(a.r);
	bch_recount_free(a.r);
	return err == -BCH_ERR_btree_node_read_failed ? 0 : err;
}

/* Has the inode an extent? Of 0 the btree reflink was counted. */
static int has_extents(struct bch_inums *s, u64 inum, bool *has)
{
	struct bch_cursor cur bch_auto(cursor) = bch_cursor_flavour(
		s->fs, inum ? BCH_BTREE_extents : BCH_BTREE_reflink, bch_pos(inum, 0),
		bch_spos(inum, BCH_U64_MAX, BCH_U32_MAX), s->committed ? BCH_CURSOR_COMMITTED : 0);
	struct bch_key k;
	int more;

	*has = false;
	while (!*has && (more = bch_cursor_next(&cur, &k)) > 0)
		*has = k.type == BCH_KEY_extent || k.type == BCH_KEY_reflink_v;
	s->missing |= more == -BCH_ERR_btree_node_read_failed;
	return more < 0 && more != -BCH_ERR_btree_node_read_failed ? more : 0;
}

/* One that is stored, and was not found if none of its inode was counted. */
static int take_stored(struct bch_inums *s, const struct bch_inum_count *stored)
{
	const struct bch_inum_count none = { .inum = stored->inum };
	bool has;
	int err = has_extents(s, stored->inum, &has);

	return err || has ? err : s->compare(s->arg, stored, &none);
}

/* Counts those that are not zero. */
static int walk_stored(struct bch_inums *s, u64 *nr,
		       int (*each)(struct bch_inums *s, const struct bch_inum_count *stored))
{
	struct bch_cursor cur bch_auto(cursor) =
		bch_cursor(s->fs, BCH_BTREE_accounting, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_inum_count stored;
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k))) {
		s->missing |= more == -BCH_ERR_btree_node_read_failed;
		if (more < 0 && more != -BCH_ERR_btree_node_read_failed)
			return more;
		if (more < 0 || !get(s, &k, &stored) || is_zero(&stored))
			continue;
		++*nr;
		err = each(s, &stored);
	}
	return err;
}

static int add_to_sum(struct bch_inums *s, const struct bch_inum_count *stored)
{
	s->stored += hash(s, stored);
	return 0;
}

int bch_inums_sum_stored(struct bch_inums *s)
{
	u64 nr = 0;
	int err;

	s->stored = 0;
	err = walk_stored(s, &nr, add_to_sum);
	s->is_summed = !err;
	return err;
}

int bch_inums_compare(struct bch_inums *s, bool gaps)
{
	int err = s->is_summed ? 0 : bch_inums_sum_stored(s);

	s->equal = !gaps && !s->missing && s->counted == s->stored;
	return err || s->equal ? err : compare_each(s);
}

static int take_none(struct bch_inums *s, const struct bch_inum_count *stored)
{
	return 0;
}

int bch_inums_finish(struct bch_inums *s)
{
	u64 nr = 0;
	int err = s->equal ? 0 : walk_stored(s, &nr, take_none);

	return err || s->equal || nr == s->nr_found ? err : walk_stored(s, &nr, take_stored);
}
