// SPDX-License-Identifier: GPL-2.0-or-later
/* Which snapshot sees which key. Format reference: 04 §2.2, 07 §3.1, §3.4, §4.14. */

#include "check/inode.h"

/* ------------------------------------------------------------------ keys of one position */

int bch_check_seen_add(struct bch_check_seen *seen, struct bch_pos pos)
{
	if (pos.inode != seen->inode || pos.offset != seen->offset)
		seen->ids.a.nr = 0;
	seen->inode = pos.inode;
	seen->offset = pos.offset;
	return bch_array_push(&seen->ids.a, pos.snapshot);
}

bool bch_check_is_visible(struct bch_check *c, const struct bch_check_seen *seen, u32 id)
{
	u32 last = seen->ids.a.v[seen->ids.a.nr - 1];

	if (id == last)
		return true;
	if (!bch_snapshot_is_ancestor(c->fs, id, last))
		return false;
	for (size_t i = 0; i + 1 < seen->ids.a.nr; i++)
		if (seen->ids.a.v[i] >= id && bch_snapshot_is_ancestor(c->fs, id, seen->ids.a.v[i]))
			return false;
	return true;
}

bool bch_check_ref_is_visible(struct bch_check *c, const struct bch_check_seen *seen, u32 to)
{
	u32 from = seen->ids.a.v[seen->ids.a.nr - 1];

	return to <= from ? bch_check_is_visible(c, seen, to)
			  : bch_snapshot_is_ancestor(c->fs, from, to);
}

/* ------------------------------------------------------------------ snapshots that are there, and going to stay */

static bool has_live_child(struct bch_check *c, const struct bch_snapshot_node *s)
{
	for (u32 i = 0; i < bch_array_size(s->children); i++)
		if (bch_snapshot_find(c->fs, s->children[i]) &&
		    !bch_check_snapshot_is_dead(c, s->children[i]))
			return true;
	return false;
}

/* Nobody shows it: it has no subvolume, or one that was removed. */
static int is_unused(struct bch_check *c, const struct bch_snapshot_node *s)
{
	struct bch_subvolume subvol;
	int err;

	if (!s->subvol || s->state != BCH_SNAPSHOT_STATE_live)
		return 1;
	err = bch_subvolume_read(c->fs, s->subvol, &subvol);
	if (err)
		return err == -BCH_ERR_subvol_missing ? 0 : err;
	return subvol.flags >> BCH_SUBVOLUME_unlinked & 1;
}

/* The mark that a deleted one leaves: it stays, and has no keys. */
static bool is_grave(const struct bch_snapshot_node *s)
{
	return s->state == BCH_SNAPSHOT_STATE_deleted;
}

int bch_check_find_dead(struct bch_check *c)
{
	int err = 0;

	c->dead.a.nr = 0;
	for (size_t i = 0; i < bch_snapshots_nr(c->fs) && !err; i++) { /* children first */
		const struct bch_snapshot_node *s = bch_snapshot_at(c->fs, i);
		int unused = has_live_child(c, s) || is_grave(s) ? 0 : is_unused(c, s);

		err = unused <= 0 ? unused : bch_array_push(&c->dead.a, s->id);
	}
	return err;
}

bool bch_check_snapshot_is_dead(const struct bch_check *c, u32 id)
{
	for (size_t i = 0; i < c->dead.a.nr; i++)
		if (c->dead.a.v[i] == id)
			return true;
	return false;
}

int bch_check_has_snapshot(struct bch_check *c, u8 btree_id, const struct bch_key *k)
{
	const struct bch_snapshot_node *s = bch_snapshot_find(c->fs, k->pos.snapshot);
	int fix;

	if (s && !is_grave(s))
		return !bch_check_snapshot_is_dead(c, s->id);
	if (s && c->version >= BCH_VERSION_LATER_IDS)
		fix = bch_problem_key(c, BCH_FSCK_bkey_in_deleted_snapshot, btree_id, k,
				      "key in deleted snapshot:");
	else
		fix = bch_problem_key(c, BCH_FSCK_bkey_in_missing_snapshot, btree_id, k,
				      "key in missing snapshot:");
	return fix <= 0 ? fix : bch_repair_delete(c, btree_id, k->pos);
}
