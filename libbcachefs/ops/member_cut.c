// SPDX-License-Identifier: GPL-2.0-or-later
/* Buckets at the end of a member that are none any more: their keys and counters go. Format reference: 06 §4, §5, §7. */

#include "commit/commit.h"
#include "ondisk/data_types.h"
#include "ops/members.h"

#define GENS_PER_KEY 256
#define BUCKET_MASK  ((1ULL << 56) - 1) /* of an offset in freespace; generation bits lie above */

struct cut {
	struct bch_fs *fs;
	u32 dev_idx;
	u64 end;		/* the new one */
	u64 nr_of[BCH_DATA_NR]; /* what goes, by type */
};

static struct bch_cursor cursor(const struct cut *c, u8 btree_id, u64 from)
{
	return bch_cursor_flavour(c->fs, btree_id, bch_pos(c->dev_idx, from),
				  bch_pos(c->dev_idx, BCH_U64_MAX), BCH_CURSOR_COMMITTED);
}

static int put(struct cut *c, u8 btree_id, const struct bch_key *k)
{
	return bch_update(c->fs, btree_id, k, BCH_UPDATE_QUIET);
}

static int delete (struct cut *c, u8 btree_id, struct bch_pos pos)
{
	const struct bch_key k = { .pos = pos, .type = BCH_KEY_deleted };

	return put(c, btree_id, &k);
}

/* Those that were in use before have a key. */
static int cut_bucket(struct cut *c, const struct bch_key *k)
{
	struct bch_alloc a;
	int err;

	if (bch_alloc_get(k, le16_get(c->fs->super.sb->version), &a) != BCH_KEY_VALID)
		return -BCH_ERR_alloc_inconsistent;
	if (a.data_type != BCH_DATA_free && a.data_type != BCH_DATA_need_discard &&
	    a.data_type != BCH_DATA_need_gc_gens)
		return bch_error_whole(c->fs->ctx, -BCH_ERR_no_space,
				       "device %u: bucket %" PRIu64
				       ", behind the end that it would have, is still in use",
				       c->dev_idx, k->pos.offset);
	if (a.data_type != BCH_DATA_free)
		c->nr_of[a.data_type]++;
	err = delete (c, BCH_BTREE_alloc, k->pos);
	if (!err && a.data_type == BCH_DATA_need_discard)
		err = delete (c, BCH_BTREE_need_discard, k->pos);
	return err;
}

static int cut_alloc(struct cut *c)
{
	struct bch_cursor cur bch_auto(cursor) = cursor(c, BCH_BTREE_alloc, c->end);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0)
		err = more < 0 ? more : cut_bucket(c, &k);
	return err;
}

/* The run of free ones that is cut ends at the new end. */
static int cut_run(struct cut *c, const struct bch_key *run)
{
	u64 gen = run->pos.offset & ~BUCKET_MASK, last = (run->pos.offset & BUCKET_MASK);
	u64 start = last - run->size;
	struct bch_key k = { .pos = bch_pos(c->dev_idx, gen | c->end), .type = BCH_KEY_set };
	int err;

	if (last <= c->end)
		return 0;
	c->nr_of[BCH_DATA_free] += last - (start < c->end ? c->end : start);
	err = delete (c, BCH_BTREE_freespace, run->pos);
	if (err || start >= c->end)
		return err;
	k.size = (u32)(c->end - start);
	return put(c, BCH_BTREE_freespace, &k);
}

static int cut_freespace(struct cut *c)
{
	struct bch_cursor cur bch_auto(cursor) = cursor(c, BCH_BTREE_freespace, c->end + 1);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0)
		err = more < 0 ? more : cut_run(c, &k);
	return err;
}

static int cut_gens_key(struct cut *c, const struct bch_key *k)
{
	u64 first = k->pos.offset * GENS_PER_KEY;
	u8 gens[GENS_PER_KEY] = { 0 };
	struct bch_key cut = *k;

	if (first >= c->end)
		return delete (c, BCH_BTREE_bucket_gens, k->pos);
	memcpy(gens, k->val.p, k->val.len < sizeof(gens) ? k->val.len : sizeof(gens));
	for (u64 i = c->end - first; i < GENS_PER_KEY; i++)
		gens[i] = 0;
	cut.val = (struct bch_bytes){ gens, sizeof(gens) };
	return put(c, BCH_BTREE_bucket_gens, &cut);
}

static int cut_gens(struct cut *c)
{
	struct bch_cursor cur bch_auto(cursor) =
		cursor(c, BCH_BTREE_bucket_gens, c->end / GENS_PER_KEY);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_cursor_next(&cur, &k)) != 0)
		err = more < 0 ? more : cut_gens_key(c, &k);
	return err;
}

int bch_member_cut(struct bch_fs *fs, u32 dev_idx, u64 end)
{
	struct cut c = { .fs = fs, .dev_idx = dev_idx, .end = end };
	int err = cut_alloc(&c);

	if (!err)
		err = cut_freespace(&c);
	if (!err)
		err = cut_gens(&c);
	for (u8 type = 0; type < BCH_DATA_NR && !err; type++)
		if (c.nr_of[type])
			err = bch_member_count(fs, dev_idx, type, -(s64)c.nr_of[type]);
	return err;
}
