// SPDX-License-Identifier: GPL-2.0-or-later
/* Overwriting extents in the presence of snapshots: the pieces that are left, and who does not see them. Format reference: 04 §2.4. */

#include "check/overwrite.h"
#include "ondisk/key_extent.h"

struct range {
	u64 start, end; /* sectors */
};

static struct range range_of(const struct bch_key *k)
{
	return (struct range){ k->pos.offset - k->size, k->pos.offset };
}

/* A copy of @old that covers @r alone. */
static int put_piece(struct bch_check *c, const struct bch_key *old, struct range r)
{
	u8 val[BCH_KEY_VALUE_MAX];
	struct bch_key k = *old;
	struct range all = range_of(old);

	if (k.val.len)
		memcpy(val, k.val.p, k.val.len);
	k.val.p = val;
	if (r.start > all.start)
		bch_key_cut_front(&k, val, (u32)(r.start - all.start));
	if (r.end < all.end)
		bch_key_cut_back(&k, (u32)(all.end - r.end));
	return bch_repair(c, BCH_BTREE_extents, &k, 0);
}

/* Is anything stored at @pos, exactly? */
static int is_there(struct bch_check *c, struct bch_pos pos)
{
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key k;
	int found = bch_check_key(c, BCH_BTREE_extents, pos, &cur, &k);

	return found < 0 ? found : found && k.type != BCH_KEY_deleted;
}

/* Snapshots below that had hidden @old at its end do not see the piece that ends at @end either. */
static int hide_piece(struct bch_check *c, const struct bch_key *old, u64 end)
{
	int err = 0;

	for (size_t i = 0; i < bch_snapshots_nr(c->fs) && !err; i++) {
		u32 id = bch_snapshot_at(c->fs, i)->id;
		const struct bch_key k = { .pos = bch_spos(old->pos.inode, end, id),
					   .type = BCH_KEY_whiteout };
		int hid;

		if (id == old->pos.snapshot ||
		    !bch_snapshot_is_ancestor(c->fs, id, old->pos.snapshot))
			continue;
		hid = is_there(c, bch_spos(old->pos.inode, old->pos.offset, id));
		if (hid > 0)
			hid = !is_there(c, k.pos);
		err = hid <= 0 ? hid : bch_repair(c, BCH_BTREE_extents, &k, 0);
	}
	return err;
}

static int put_front(struct bch_check *c, const struct bch_key *old, struct range r)
{
	int err = put_piece(c, old, r);

	return err ? err : hide_piece(c, old, r.end);
}

/* At @end @snapshot sees nothing of what was there. */
static int put_whiteout(struct bch_check *c, u64 inum, u64 end, u32 snapshot)
{
	const struct bch_key k = { .pos = bch_spos(inum, end, snapshot), .type = BCH_KEY_whiteout };

	return bch_repair(c, BCH_BTREE_extents, &k, 0);
}

/* What of @old lies within @cut is seen by others than @snapshot; @hides: @snapshot gets nothing in its place. */
static int cut_out(struct bch_check *c, const struct bch_key *old, struct range cut, u32 snapshot,
		   bool hides)
{
	struct range all = range_of(old);
	u64 start = all.start > cut.start ? all.start : cut.start;
	u64 end = all.end < cut.end ? all.end : cut.end;
	bool other = old->pos.snapshot != snapshot;
	int err = 0;

	if (start > all.start)
		err = put_front(c, old, (struct range){ all.start, start });
	if (!err && other && (start > all.start || end < all.end))
		err = put_front(c, old, (struct range){ start, end });
	if (!err && end < all.end)
		err = put_piece(c, old, (struct range){ end, all.end });
	if (!err && end == all.end && !other)
		err = bch_repair_hide(c, BCH_BTREE_extents, old->pos);
	if (!err && other && (hides || end == all.end))
		err = put_whiteout(c, old->pos.inode, end, snapshot);
	return err;
}

/* A younger extent wins over one of a snapshot above; of one snapshot that which was said to. */
int bch_check_overwrite(struct bch_check *c, const struct bch_key *old, const struct bch_key *new)
{
	struct range r = range_of(new);
	int err = cut_out(c, old, r, new->pos.snapshot, false);

	/* It may end where a whiteout was just put. */
	return err || old->pos.offset > r.end || old->pos.offset < r.end
		       ? err
		       : bch_repair(c, BCH_BTREE_extents, new, 0);
}

int bch_check_punch(struct bch_check *c, const struct bch_key *old, u32 snapshot, u64 from, u64 to)
{
	return cut_out(c, old, (struct range){ from, to }, snapshot, true);
}
