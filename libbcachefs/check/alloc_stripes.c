// SPDX-License-Identifier: GPL-2.0-or-later
/* How much data lies in each block of a stripe. Format reference: 05 §7.1, §7.4; 07 §6.7. */

#include "check/alloc_private.h"
#include "commit/commit.h"
#include "ondisk/key_stripe.h"

static bool is_wrong(const struct bch_stripe *s, const struct bch_recount_stripe *counted, u32 nr)
{
	u16 stored;

	return bch_stripe_block_used(s, nr, &stored) && stored != counted->nr_sectors[nr];
}

/* Has the counts be as @counted. */
static int repair(struct bch_check *c, const struct bch_key *k, const struct bch_stripe *s,
		  const struct bch_recount_stripe *counted)
{
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_key with = *k;
	size_t at = (size_t)(s->counts.p - k->val.p);

	memcpy(val, k->val.p, k->val.len);
	for (u32 i = 0; i < s->nr_blocks && (i + 1) * sizeof(le16) <= s->counts.len; i++) {
		le16 count = le16_of((u16)counted->nr_sectors[i]);

		memcpy(val + at + i * sizeof(count), &count, sizeof(count));
	}
	with.val.p = val;
	return bch_repair(c, BCH_BTREE_stripes, &with, BCH_UPDATE_QUIET);
}

static int check_stripe(struct bch_check *c, const struct bch_key *k)
{
	const struct bch_recount_stripe *counted =
		bch_recount_stripe_at(c->alloc->recount, k->pos.offset);
	struct bch_stripe s;
	int fix;

	if (k->type != BCH_KEY_stripe || !counted)
		return 0;
	bch_stripe_get(k, &s);
	for (u32 i = 0; i < counted->nr_blocks; i++) {
		if (!is_wrong(&s, counted, i))
			continue;
		fix = bch_problem_key(
			c, BCH_FSCK_stripe_sector_count_wrong, BCH_BTREE_stripes, k,
			"stripe has wrong sector count of block %u, should be %" PRId64, i,
			counted->nr_sectors[i]);
		return fix <= 0 ? fix : repair(c, k, &s, counted);
	}
	return 0;
}

int bch_alloc_check_stripes(struct bch_check *c)
{
	struct bch_check_walk w bch_auto(check_walk) =
		bch_check_walk(c, BCH_BTREE_stripes, BCH_POS_MIN, BCH_SPOS_MAX);
	struct bch_key k;
	int more, err = 0;

	while (!err && (more = bch_check_walk_next(&w, &k)))
		err = more < 0 ? more : check_stripe(c, &k);
	return err;
}
