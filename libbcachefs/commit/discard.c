// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a commit made empty is given back: a discard, or a hole in an image file. Format reference: 06 §9.3.
 *
 * Where the member has discard enabled such a bucket waits for it in need_discard. It goes on waiting there: whoever
 * makes it free next, a kernel or a commit that takes it, may discard it again.
 */

#include "commit/private.h"

/* Neighbouring buckets of one member. */
struct run {
	u64 dev_idx, start, nr;
};

static const struct bch_change *next_waiting(const struct bch_change *c)
{
	while (c && c->k.type != BCH_KEY_set)
		c = bch_change_next(c);
	return c;
}

static const struct bch_change *next_run(const struct bch_change *c, struct run *run)
{
	*run = (struct run){ .dev_idx = c->k.pos.inode, .start = c->k.pos.offset };
	while (c && c->k.pos.inode == run->dev_idx && c->k.pos.offset == run->start + run->nr) {
		run->nr++;
		c = next_waiting(bch_change_next(c));
	}
	return c;
}

static bool takes_discards(struct bch_fs *fs, u64 dev_idx, struct bch_member *m)
{
	return dev_idx < fs->nr_members && fs->members[dev_idx].blkdev &&
	       bch_super_member(&fs->super, (u32)dev_idx, m) && bch_member_DISCARD(m) &&
	       bch_member_STATE(m) == BCH_MEMBER_STATE_rw;
}

/* The changes are durable: that one cannot be given back takes nothing away. */
static void discard(struct bch_fs *fs, const struct run *run)
{
	struct bch_member m;
	int err = 0;

	if (takes_discards(fs, run->dev_idx, &m))
		err = bch_blkdev_discard(fs->members[run->dev_idx].blkdev,
					 BCH_BYTES(run->nr * m.bucket_size),
					 BCH_BYTES(run->start * m.bucket_size));
	if (err)
		bch_log(fs->ctx, BCH_LOG_warn, "%s", bch_error_message(fs->ctx, err));
}

void bch_commit_discard(struct bch_fs *fs)
{
	const struct bch_change *c = next_waiting(
		bch_change_first(fs, BCH_CHANGE_DERIVED, BCH_BTREE_need_discard, BCH_POS_MIN));
	struct run run;

	while (c) {
		c = next_run(c, &run);
		discard(fs, &run);
	}
}
