// SPDX-License-Identifier: GPL-2.0-or-later
/* What superblocks say before a commit: that the filesystem is not clean, where nodes are, who holds what. */

#include "commit/private.h"
#include "ondisk/data_types.h"
#include "ondisk/sb_sections.h"

#define BITMAP_BITS 64

/* ------------------------------------------------------------------ where nodes are: 06 §8.4 */

static u32 log2_up(u64 v)
{
	return v < 2 ? 0 : 64U - (u32)__builtin_clzll(v - 1);
}

static void fold(struct bch_member *m, u32 by)
{
	u64 folded = 0;

	for (u32 i = 0; i < BITMAP_BITS; i++)
		if (m->btree_allocated_bitmap >> i & 1 && i >> by < BITMAP_BITS)
			folded |= 1ULL << (i >> by);
	m->btree_allocated_bitmap = folded;
	m->btree_bitmap_shift = (u8)(m->btree_bitmap_shift + by);
}

bool bch_member_mark_nodes(struct bch_member *m, u64 start, u64 end)
{
	u64 before = m->btree_allocated_bitmap;
	u8 shift = m->btree_bitmap_shift;
	u32 want = log2_up(end);

	if (want > shift + 6U)
		fold(m, want - (shift + 6U));
	for (u64 bit = start >> m->btree_bitmap_shift; bit <= (end - 1) >> m->btree_bitmap_shift;
	     bit++)
		m->btree_allocated_bitmap |= 1ULL << bit;
	return before != m->btree_allocated_bitmap || shift != m->btree_bitmap_shift;
}

static bool mark_piece(struct bch_plan *plan, const struct bch_piece *p)
{
	bool changed = false;

	for (u32 i = 0; i < p->nr_ptrs; i++) {
		u64 start = p->ptrs[i].offset_sectors;
		struct bch_member m;

		if (!bch_super_member(&plan->fs->super, p->ptrs[i].dev_idx, &m) ||
		    !bch_member_mark_nodes(&m, start, start + plan->node_sectors))
			continue;
		bch_super_member_put(&plan->fs->super, p->ptrs[i].dev_idx, &m);
		changed = true;
	}
	return changed;
}

static bool mark_nodes(struct bch_plan *plan)
{
	bool changed = false;

	if (le16_get(plan->fs->super.sb->version) < BCH_VERSION_BTREE_BITMAP)
		return false;
	for (u32 id = 0; id < BCH_BTREE_ID_MAX; id++)
		for (u32 level = 0; level < BCH_BTREE_DEPTH_MAX; level++) {
			struct bch_plan_btree *b = &plan->btrees[id];

			for (size_t i = 0; i < b->levels[level].a.nr; i++)
				for (size_t n = 0; n < b->levels[level].a.v[i].nr_pieces; n++)
					changed |= mark_piece(plan,
							      &b->levels[level].a.v[i].pieces.v[n]);
		}
	return changed;
}

/* ------------------------------------------------------------------ who holds what: 06 §8.1 */

struct entries {
	BCH_ARRAY(struct bch_replicas) of;
	bool changed;
};

static bool same_entry(const struct bch_replicas *a, const struct bch_replicas *b)
{
	return a->data_type == b->data_type && a->nr_devs == b->nr_devs &&
	       a->nr_required == b->nr_required && !memcmp(a->devs, b->devs, a->nr_devs);
}

static int add_entry(struct entries *e, const struct bch_replicas *r)
{
	for (size_t i = 0; i < e->of.nr; i++)
		if (same_entry(&e->of.v[i], r))
			return 0;
	e->changed = true;
	return bch_array_push(&e->of, *r);
}

static int add_journal(struct entries *e, const struct bch_plan *plan, struct bch_write_devs *devs)
{
	bch_journal_write_devs(plan->w->journal, devs);
	return add_entry(e, &(struct bch_replicas){ .data_type = BCH_DATA_journal,
						    .nr_devs = (u8)devs->nr,
						    .nr_required = 1,
						    .devs = devs->v });
}

/* Does @k count replicas, and not zero of them? Only such a counter has an entry. */
static bool counts_replicas(const struct bch_key *k, u16 version, struct bch_accounting *a)
{
	if (k->type != BCH_KEY_accounting)
		return false;
	bch_accounting_get(k->pos, version, a);
	return a->type == BCH_ACCOUNTING_replicas && bch_accounting_counter(k, 0) &&
	       a->nr_devs <= BCH_ACCOUNTING_DEVS_MAX;
}

static int add_counter(struct entries *e, const struct bch_accounting *a)
{
	return add_entry(e, &(struct bch_replicas){ .data_type = a->data_type,
						    .nr_devs = a->nr_devs,
						    .nr_required = a->nr_required,
						    .devs = a->devs });
}

static int add_present(struct entries *e, const struct bch_super *super)
{
	struct bch_replicas r;
	u32 section;
	struct bch_bytes rest = bch_super_replicas(super, &section);
	int more, err = 0;

	while (!err && (more = bch_replicas_next(&rest, section, &r)) > 0)
		err = bch_array_push(&e->of, r);
	return err;
}

/* One at a time: each put makes the bytes of those that are there its own. */
static int put_if_new(struct bch_fs *fs, struct entries *e)
{
	int err = e->changed ? bch_super_replicas_put(&fs->super, e->of.v, (u32)e->of.nr) : 0;

	return err ? bch_error(fs->ctx, err, "superblock: replicas section") : 0;
}

/* @counter NULL: of the journal. */
static int mark_replicas_of(struct bch_plan *plan, const struct bch_accounting *counter,
			    bool *changed)
{
	struct entries e = { 0 };
	struct bch_write_devs devs;
	int err = add_present(&e, &plan->fs->super);

	if (!err)
		err = counter ? add_counter(&e, counter) : add_journal(&e, plan, &devs);
	if (!err)
		err = put_if_new(plan->fs, &e);
	*changed |= e.changed;
	bch_array_end(&e.of);
	return err;
}

/* Of the many counters that change most are of inodes: these are passed over before the section is read. */
static int mark_replicas(struct bch_plan *plan, bool *changed)
{
	const struct bch_change *c =
		bch_change_first(plan->fs, BCH_CHANGE_DERIVED, BCH_BTREE_accounting, BCH_POS_MIN);
	u16 version = le16_get(plan->fs->super.sb->version);
	struct bch_accounting a;
	int err = mark_replicas_of(plan, NULL, changed);

	for (; c && !err; c = bch_change_next(c))
		if (counts_replicas(&c->k, version, &a))
			err = mark_replicas_of(plan, &a, changed);
	return err;
}

/* ------------------------------------------------------------------ not clean: 03 §7.4 */

static int mark_dirty(struct bch_plan *plan)
{
	bool was_clean = plan->fs->state.was_clean;
	struct bch_sb *sb = plan->fs->super.sb;
	u64 first_seq = plan->seq;
	int err = 0;

	if (was_clean && !bch_journal_writer_has_last(plan->w->journal))
		err = bch_commit_clean_state(plan);
	if (err)
		return err;
	bch_sb_flag_set(sb, BCH_SB_CLEAN, 0);
	sb->features[0] = le64_of(
		le64_get(sb->features[0]) | 1ULL << BCH_FEATURE_new_extent_overwrite |
		1ULL << BCH_FEATURE_extents_above_btree_updates |
		1ULL << BCH_FEATURE_btree_updates_journalled | 1ULL << BCH_FEATURE_alloc_v2 |
		1ULL << BCH_FEATURE_extents_across_btree_nodes);
	plan->w->dirty = true;
	/* Numbers that were used by somebody and lead to nothing: 03 §8.1, R3. */
	if (was_clean && first_seq > plan->fs->state.seq + 1)
		return bch_super_blacklist_add(
			&plan->fs->super,
			(struct bch_blacklist){ plan->fs->state.seq + 1, first_seq });
	return 0;
}

int bch_commit_super_marks(struct bch_plan *plan)
{
	bool changed = false;
	int err = mark_replicas(plan, &changed);

	if (!err)
		(void)mark_nodes(plan);
	return err;
}

int bch_commit_super_before(struct bch_plan *plan)
{
	bool changed = !plan->w->dirty || plan->w->super_changed;
	int err = plan->w->dirty ? 0 : mark_dirty(plan);

	if (!err)
		err = mark_replicas(plan, &changed);
	if (err)
		return err;
	changed |= mark_nodes(plan);
	plan->w->super_changed = false;
	return changed ? bch_fs_write_super(plan->fs) : 0;
}
