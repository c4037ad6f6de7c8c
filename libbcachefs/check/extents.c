// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The extents of one inode: whose they are, what they overlap, how many sectors they are. Format reference: 07 §4.16.
 *
 * Of each snapshot the end of its last extent is kept, and which snapshots had a key at that end: enough to tell whether
 * a later extent overlaps it where both are seen.
 */

#include "check/group.h"
#include "check/overwrite.h"

#define SECTOR 512U

/* ------------------------------------------------------------------ the inode */

/* Data without an inode is somebody's: a file that lost+found will show. */
static int recreate_inode(struct bch_check_group *g, u32 snapshot)
{
	struct bch_check_version v = { .snapshot = snapshot, .changed = true, .recreated = true };
	size_t at = 0;

	bch_check_inode_new(g->c, g->inum, S_IFREG | 0600, &v.inode);
	while (at < g->versions.a.nr && g->versions.a.v[at].snapshot < snapshot)
		at++;
	return bch_array_insert(&g->versions.a, at, v);
}

/* Who changes what belongs to an inode in a snapshot has a version of the inode there: 04 §2.5. Kernels count by it. */
static int check_has_version(struct bch_check_group *g, const struct bch_key *k)
{
	struct bch_check_version *owner = bch_check_owner(g, k->pos.snapshot);
	struct bch_check_version v = *owner;
	size_t at = (size_t)(owner - g->versions.a.v);
	int fix;

	if (owner->snapshot == k->pos.snapshot)
		return 0;
	fix = bch_problem_key(g->c, BCH_FSCK_snapshot_key_missing_inode_snapshot, BCH_BTREE_extents,
			      k,
			      "have key for inode %" PRIu64 ":%u but have inode in ancestor "
			      "snapshot %u\nunexpected because we should always update the inode "
			      "when we update a key in that inode",
			      g->inum, k->pos.snapshot, owner->snapshot);
	if (fix <= 0)
		return fix;
	if (g->c->version >= BCH_VERSION_HAS_CHILD) {
		owner->inode.bi_flags |= 1U << BCH_INODE_has_child_snapshot;
		v.inode.bi_flags &= ~(1U << BCH_INODE_has_child_snapshot);
		owner->changed = true;
	}
	v.snapshot = k->pos.snapshot;
	v.changed = true;
	while (at && g->versions.a.v[at - 1].snapshot > v.snapshot)
		at--;
	return bch_array_insert(&g->versions.a, at, v);
}

static bool is_mode_of_data(u16 mode)
{
	return S_ISREG(mode) || S_ISLNK(mode);
}

/* 1: the extent stays; 0: it does not, or an error. */
static int check_owner(struct bch_check_group *g, const struct bch_key *k)
{
	const struct bch_check_version *owner = bch_check_owner(g, k->pos.snapshot);
	int fix;

	if (owner && is_mode_of_data(owner->inode.bi_mode))
		return 1;
	if (!owner) {
		fix = bch_problem_key(g->c, BCH_FSCK_key_in_missing_inode, BCH_BTREE_extents, k,
				      "key in missing inode:");
		if (fix > 0)
			fix = recreate_inode(g, k->pos.snapshot);
		return fix < 0 ? fix : bch_check_owner(g, k->pos.snapshot) != NULL;
	}
	fix = bch_problem_key(g->c, BCH_FSCK_key_in_wrong_inode_type, BCH_BTREE_extents, k,
			      "key for wrong inode mode %o:", owner->inode.bi_mode);
	return fix <= 0 ? fix : bch_repair_delete(g->c, BCH_BTREE_extents, k->pos);
}

/* ------------------------------------------------------------------ overlaps */

/* Do @e and @k, both seen from a common snapshot, overlap there? */
static bool are_both_seen(struct bch_check_group *g, const struct bch_check_extent_end *e,
			  const struct bch_key *k)
{
	return k->pos.snapshot >= e->snapshot
		       ? bch_check_is_visible(g->c, &g->seen, e->snapshot)
		       : bch_check_is_visible(g->c, &e->seen, k->pos.snapshot);
}

/* Of two snapshots' extents that of the younger wins, of one's the later. */
static int repair_overlap(struct bch_check_group *g, const struct bch_check_extent_end *e,
			  const struct bch_key *k)
{
	bool first_loses = e->snapshot >= k->pos.snapshot;
	struct bch_cursor cur bch_auto(cursor) = { 0 };
	struct bch_key first;
	int found = bch_check_key(g->c, BCH_BTREE_extents, bch_spos(g->inum, e->end, e->snapshot),
				  &cur, &first);
	struct bch_buf text bch_auto(buf) = { 0 };

	if (found <= 0)
		return found;
	bch_buf_puts(&text, "overlapping extents\n  ");
	bch_check_key_put(g->c, &text, BCH_BTREE_extents, &first);
	found = bch_problem_key(g->c, BCH_FSCK_extent_overlapping, BCH_BTREE_extents, k,
				"%s\noverwriting %s extent", bch_buf_str(&text),
				first_loses ? "first" : "second");
	if (found <= 0)
		return found;
	g->again = true;
	return first_loses ? bch_check_overwrite(g->c, &first, k)
			   : bch_check_overwrite(g->c, k, &first);
}

static int check_overlaps(struct bch_check_group *g, const struct bch_key *k)
{
	u64 start = k->pos.offset - k->size;
	int err = 0;

	for (size_t i = 0; i < g->ends.a.nr && !err && !g->again; i++)
		if (g->ends.a.v[i].end > start && are_both_seen(g, &g->ends.a.v[i], k))
			err = repair_overlap(g, &g->ends.a.v[i], k);
	return err;
}

static int keep_end(struct bch_check_group *g, const struct bch_key *k)
{
	struct bch_check_extent_end *e;
	size_t at = 0;
	int err = 0;

	while (at < g->ends.a.nr && g->ends.a.v[at].snapshot < k->pos.snapshot)
		at++;
	if (at == g->ends.a.nr || g->ends.a.v[at].snapshot != k->pos.snapshot)
		err = bch_array_insert(
			&g->ends.a, at,
			((struct bch_check_extent_end){ .snapshot = k->pos.snapshot }));
	if (err)
		return err;
	e = &g->ends.a.v[at];
	e->end = k->pos.offset;
	for (size_t i = 0; i < g->seen.ids.a.nr && !err; i++)
		err = bch_check_seen_add(&e->seen, bch_spos(g->inum, e->end, g->seen.ids.a.v[i]));
	return err;
}

void bch_check_extents_reset(struct bch_check_group *g)
{
	for (size_t i = 0; i < g->ends.a.nr; i++)
		bch_array_end(&g->ends.a.v[i].seen.ids.a);
	g->ends.a.nr = 0;
	g->seen.ids.a.nr = 0;
	for (size_t i = 0; i < g->versions.a.nr; i++)
		g->versions.a.v[i].nr_sectors = 0;
	g->again = false;
}

/* ------------------------------------------------------------------ the end of the file */

/* Promised room may reach past it. */
static bool is_reservation(const struct bch_key *k)
{
	struct bch_extent_walk w = bch_extent_walk(k, NULL);
	struct bch_extent_ptr p;

	if (k->type == BCH_KEY_reservation)
		return true;
	while (k->type == BCH_KEY_extent && bch_extent_ptr_next(&w, &p))
		if (p.ptr.unwritten)
			return true;
	return false;
}

/* In sectors, where the last block ends. */
static u64 end_of(const struct bch_check_group *g, const struct bch_check_version *v)
{
	u64 block = le16_get(g->c->fs->super.sb->block_size);
	u64 sectors = v->inode.bi_size / SECTOR + !!(v->inode.bi_size % SECTOR);

	return (sectors + block - 1) / block * block;
}

static int check_end(struct bch_check_group *g, struct bch_check_version *v,
		     const struct bch_key *k)
{
	u64 end = end_of(g, v);
	int fix;

	if (k->pos.offset <= end || v->recreated ||
	    bch_inode_flag(&v->inode, BCH_INODE_i_size_dirty))
		return 0;
	fix = bch_problem_key(g->c, BCH_FSCK_extent_past_end_of_inode, BCH_BTREE_extents, k,
			      "extent type past end of inode %" PRIu64 ":%u, i_size %" PRIu64,
			      g->inum, v->snapshot, v->inode.bi_size);
	if (fix <= 0)
		return fix;
	g->again = true;
	return bch_check_punch(g->c, k, v->snapshot, end, k->pos.offset);
}

/* ------------------------------------------------------------------ sums */

static int count(struct bch_check_group *g, const struct bch_key *k)
{
	bool allocated = bch_key_is_allocation(k), past = !is_reservation(k);
	int err = 0;

	for (size_t i = 0; i < g->versions.a.nr && !err && !g->again; i++) {
		struct bch_check_version *v = &g->versions.a.v[i];

		if (!bch_check_is_visible(g->c, &g->seen, v->snapshot))
			continue;
		if (past)
			err = check_end(g, v, k);
		if (allocated)
			v->nr_sectors += k->size;
		v->end = k->pos.offset > v->end ? k->pos.offset : v->end;
	}
	return err;
}

int bch_check_extent(struct bch_check_group *g, const struct bch_key *k)
{
	int looked = bch_check_has_snapshot(g->c, BCH_BTREE_extents, k), err;

	if (looked <= 0)
		return looked;
	err = bch_check_seen_add(&g->seen, k->pos);
	if (err || bch_check_is_whiteout(k))
		return err;
	looked = check_owner(g, k);
	if (looked <= 0)
		return looked;
	err = check_has_version(g, k);
	if (!err)
		err = check_overlaps(g, k);
	if (!err && !g->again)
		err = count(g, k);
	return err || g->again ? err : keep_end(g, k);
}

static int check_sectors(struct bch_check_group *g, struct bch_check_version *v)
{
	int fix;

	if (v->recreated) {
		v->inode.bi_size = v->end * SECTOR;
		v->inode.bi_sectors = v->nr_sectors;
	}
	if (v->inode.bi_sectors == v->nr_sectors ||
	    bch_inode_flag(&v->inode, BCH_INODE_i_sectors_dirty))
		return 0;
	fix = bch_problem_inode(g->c, BCH_FSCK_inode_i_sectors_wrong, g->inum,
				"inode %" PRIu64 ":%u has incorrect i_sectors: got %" PRIu64
				", should be %" PRIu64,
				g->inum, v->snapshot, v->inode.bi_sectors, v->nr_sectors);
	if (fix <= 0)
		return fix;
	v->inode.bi_sectors = v->nr_sectors;
	v->changed = true;
	return 0;
}

int bch_check_extents_done(struct bch_check_group *g)
{
	int err = 0;

	for (size_t i = 0; i < g->versions.a.nr && !err; i++)
		err = check_sectors(g, &g->versions.a.v[i]);
	return err;
}
